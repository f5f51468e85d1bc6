/* SPDX-License-Identifier: GPL-2.0-only */
/* Who makes system calls: tests set it, the shims of credentials read it. */
#ifndef _HOST_SHIM_CALLER_H
#define _HOST_SHIM_CALLER_H

#include <stdbool.h>

struct user_namespace;

/**
 * struct host_caller - the task that makes a system call
 * @uid: its user
 * @gid: its group
 * @capable: it has all capabilities
 * @user_ns: its user namespace
 */
struct host_caller {
	unsigned int uid;
	unsigned int gid;
	bool capable;
	struct user_namespace *user_ns;
};

extern struct host_caller host_caller;

#endif /* _HOST_SHIM_CALLER_H */
