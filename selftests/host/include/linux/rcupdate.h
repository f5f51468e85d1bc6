/* SPDX-License-Identifier: GPL-2.0-only */
/* RCU as shim/rcu.c makes it, out of C11 atomics that TSan understands; or liburcu. */
#ifndef _HOST_LINUX_RCUPDATE_H
#define _HOST_LINUX_RCUPDATE_H

#include <linux/compiler.h>
#include <linux/types.h>

#include "../../shim/host.h"

#ifdef HOST_NATIVE
/*
 * liburcu, in the flavour where a reader does nothing at all, as in a kernel without
 * preemption.  It has the names of the kernel.
 */
#define _LGPL_SOURCE
#include <urcu-qsbr.h>
#undef rcu_dereference
#undef rcu_assign_pointer
#define rcu_read_lock_any_held() true
#define RCU_LOCKDEP_WARN(condition, what) ((void)0)
/* As in the kernel: what follows depends on it, and CPUs keep that order. */
#define rcu_dereference(p) READ_ONCE(p)
#define rcu_dereference_protected(p, c) (p)
#else
#define rcu_read_lock() host_rcu_read_lock()
#define rcu_read_unlock() host_rcu_read_unlock()
#define rcu_read_lock_any_held() host_rcu_read_lock_held()

#define rcu_read_lock_held() host_rcu_read_lock_held()
#define RCU_LOCKDEP_WARN(condition, what) \
	do {                              \
		if (condition)            \
			host_bug(what);   \
	} while (0)

#define rcu_dereference(p)                                         \
	({                                                         \
		if (!host_rcu_read_lock_held())                    \
			host_bug("rcu_dereference() outside RCU"); \
		__atomic_load_n(&(p), __ATOMIC_ACQUIRE);           \
	})
#define rcu_dereference_protected(p, c)                                \
	({                                                             \
		if (!(c))                                              \
			host_bug("rcu_dereference_protected(" #c ")"); \
		(p);                                                   \
	})

void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head));
void synchronize_rcu(void);
void rcu_barrier(void);
#endif

#define rcu_access_pointer(p) READ_ONCE(p)
#define rcu_assign_pointer(p, v) smp_store_release(&(p), (v))
#define RCU_INIT_POINTER(p, v)        \
	do {                          \
		WRITE_ONCE((p), (v)); \
		host_window();        \
	} while (0)

#define call_rcu_hurry(head, func) call_rcu(head, func)

#endif /* _HOST_LINUX_RCUPDATE_H */
