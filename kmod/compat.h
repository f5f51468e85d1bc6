/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The only file that looks at kernel versions.  It offers the newest kernel's
 * interface on older ones, so that the other files read as plain new code.
 * Each entry says which kernels need it; it goes when the floor passes them.
 */
#ifndef _SHARDMAP_COMPAT_H
#define _SHARDMAP_COMPAT_H

#include <linux/export.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/timer.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "shardmap needs Linux 6.1 or newer"
#endif

/* < 6.12: <linux/unaligned.h> was <asm/unaligned.h>. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
#include <asm/unaligned.h>
#else
#include <linux/unaligned.h>
#endif

/* < 6.9: REPEAT_BYTE() was in <linux/kernel.h>. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 9, 0)
#include <linux/kernel.h>
#else
#include <linux/wordpart.h>
#endif

/* < 6.12: nothing waits for kvfree_rcu(); only kmod/bench asks for it. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
#define kvfree_rcu_barrier() rcu_barrier()
#endif

/* < 6.2: callbacks are never lazy, so call_rcu() is the hurried one. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define call_rcu_hurry(head, func) call_rcu(head, func)
#endif

/* < 6.2: timer_delete_sync() was del_timer_sync(). */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define timer_delete_sync(timer) del_timer_sync(timer)
#endif

/* < 6.5: SLAB_NO_MERGE does not exist. */
#ifndef SLAB_NO_MERGE
#define SLAB_NO_MERGE 0
#endif

/*
 * < 6.12: kmem_cache_destroy() does not wait for kfree_rcu(), but for callbacks
 * rcu_barrier() does.  The rcu_head is the object's first member.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
static inline void sm_kfree_head(struct rcu_head *head)
{
	kfree(head);
}

#define sm_kfree_rcu(ptr, head) call_rcu(&(ptr)->head, sm_kfree_head)
#else
#define sm_kfree_rcu(ptr, head) kfree_rcu(ptr, head)
#endif

/* < 6.13: symbol namespaces are identifiers, later string literals. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
#define SHARDMAP_EXPORT(sym) EXPORT_SYMBOL_NS_GPL(sym, SHARDMAP)
#define SHARDMAP_IMPORT_NS MODULE_IMPORT_NS(SHARDMAP)
#define SM_EXPORT_TEST_NS(sym) EXPORT_SYMBOL_NS_GPL(sym, SHARDMAP_TEST)
#define SM_IMPORT_TEST_NS MODULE_IMPORT_NS(SHARDMAP_TEST)
#else
#define SHARDMAP_EXPORT(sym) EXPORT_SYMBOL_NS_GPL(sym, "SHARDMAP")
#define SHARDMAP_IMPORT_NS MODULE_IMPORT_NS("SHARDMAP")
#define SM_EXPORT_TEST_NS(sym) EXPORT_SYMBOL_NS_GPL(sym, "SHARDMAP_TEST")
#define SM_IMPORT_TEST_NS MODULE_IMPORT_NS("SHARDMAP_TEST")
#endif

/* Internals for kmod/tests, in kernels made for testing only. */
#if IS_ENABLED(CONFIG_KUNIT)
#define SM_EXPORT_FOR_TESTS(sym) SM_EXPORT_TEST_NS(sym)
#else
#define SM_EXPORT_FOR_TESTS(sym)
#endif

#endif /* _SHARDMAP_COMPAT_H */
