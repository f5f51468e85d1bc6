/* SPDX-License-Identifier: GPL-2.0-only */
/* Changing lists of list.h while others walk them. */
#ifndef _HOST_LINUX_RCULIST_H
#define _HOST_LINUX_RCULIST_H

#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/rcupdate.h>

static inline void hlist_add_head_rcu(struct hlist_node *n,
				      struct hlist_head *h)
{
	struct hlist_node *first = h->first;

	n->next = first;
	n->pprev = &h->first;
	rcu_assign_pointer(h->first, n);
	if (first)
		first->pprev = &n->next;
}

/* @n leads on to the others, for those who are there. */
static inline void hlist_del_rcu(struct hlist_node *n)
{
	WRITE_ONCE(*n->pprev, n->next);
	if (n->next)
		n->next->pprev = n->pprev;
	n->pprev = NULL;
}

#define host_hlist_next(p, pos, member)                                       \
	({                                                                    \
		struct hlist_node *next =                                     \
			__atomic_load_n(&(p), __ATOMIC_ACQUIRE);              \
		next ? container_of(next, __typeof__(*(pos)), member) : NULL; \
	})

#define hlist_for_each_entry_rcu(pos, head, member)                  \
	for (pos = host_hlist_next((head)->first, pos, member); pos; \
	     pos = host_hlist_next((pos)->member.next, pos, member))

#endif /* _HOST_LINUX_RCULIST_H */
