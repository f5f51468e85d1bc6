/* SPDX-License-Identifier: GPL-2.0-only */
/* RCU, and freeing memory after a grace period without a function. */
#ifndef _BENCH_HOST_LINUX_RCUPDATE_H
#define _BENCH_HOST_LINUX_RCUPDATE_H

#include_next <linux/rcupdate.h>
#include <stdlib.h>

static inline void host_free_rcu(struct rcu_head *head)
{
	free(head);
}

/* The rcu_head is what @p begins with. */
#define kvfree_rcu(p, member)                                                 \
	do {                                                                  \
		_Static_assert(!offsetof(__typeof__(*(p)), member), "first"); \
		call_rcu(&(p)->member, host_free_rcu);                        \
	} while (0)

#define kvfree_rcu_barrier() rcu_barrier()

#endif /* _BENCH_HOST_LINUX_RCUPDATE_H */
