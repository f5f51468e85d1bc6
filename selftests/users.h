/* SPDX-License-Identifier: GPL-2.0-only */
/* Tests that need more than one user: root runs them, children become others. */
#ifndef _SHARDMAP_SELFTEST_USERS_H
#define _SHARDMAP_SELFTEST_USERS_H

#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "names.h"

/* Users and groups that need not exist anywhere else. */
enum {
	ALICE = 4001,
	BOB = 4002,
	STAFF = 5001,
	GUESTS = 5002,
};

/* Nothing of root is left.  @group: a further group, 0 for none. */
static inline bool become(uid_t uid, gid_t gid, gid_t group)
{
	return !setgroups(group ? 1 : 0, &group) && !setresgid(gid, gid, gid) &&
	       !setresuid(uid, uid, uid);
}

/* All capabilities but one. */
static inline bool drop_capability(unsigned int cap)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data))
		return false;
	data[cap / 32].effective &= ~(1U << cap % 32);
	return !syscall(SYS_capset, &header, data);
}

static inline bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), len = strlen(text);
	bool written = fd >= 0 && write(fd, text, len) == len;

	close(fd);
	return written;
}

/* Become root of a new user namespace, where only the caller's ids are mapped. */
static inline bool enter_user_namespace(void)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	char map[64];

	if (unshare(CLONE_NEWUSER))
		return false;
	/* Who has changed users does not own its files in /proc any more. */
	prctl(PR_SET_DUMPABLE, 1);
	snprintf(map, sizeof(map), "0 %u 1", uid);
	if (!write_file("/proc/self/setgroups", "deny") ||
	    !write_file("/proc/self/uid_map", map))
		return false;
	snprintf(map, sizeof(map), "0 %u 1", gid);
	return write_file("/proc/self/gid_map", map);
}

#endif /* _SHARDMAP_SELFTEST_USERS_H */
