/* SPDX-License-Identifier: GPL-2.0-only */
/* User namespaces, of which the caller is in one. */
#ifndef _HOST_LINUX_USER_NAMESPACE_H
#define _HOST_LINUX_USER_NAMESPACE_H

#include <linux/refcount.h>
#include <linux/uidgid.h>

struct user_namespace {
	refcount_t refs;
};

#define current_user_ns() (host_caller.user_ns)
#define from_kuid_munged(ns, uid) ((void)(ns), (uid).val)
#define from_kgid_munged(ns, gid) ((void)(ns), (gid).val)

static inline struct user_namespace *get_user_ns(struct user_namespace *ns)
{
	refcount_inc(&ns->refs);
	return ns;
}

static inline void put_user_ns(struct user_namespace *ns)
{
	if (refcount_dec_and_test(&ns->refs))
		host_bug("a user namespace loses its last reference");
}

#endif /* _HOST_LINUX_USER_NAMESPACE_H */
