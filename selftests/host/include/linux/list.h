/* SPDX-License-Identifier: GPL-2.0-only */
/* Lists with a head of one pointer; see rculist.h. */
#ifndef _HOST_LINUX_LIST_H
#define _HOST_LINUX_LIST_H

#include <linux/kernel.h>
#include <linux/types.h>

struct hlist_node {
	struct hlist_node *next, **pprev;
};

struct hlist_head {
	struct hlist_node *first;
};

#define hlist_empty(head) (!READ_ONCE((head)->first))

static inline void hlist_add_head(struct hlist_node *n, struct hlist_head *h)
{
	n->next = h->first;
	n->pprev = &h->first;
	if (n->next)
		n->next->pprev = &n->next;
	h->first = n;
}

static inline void hlist_del(struct hlist_node *n)
{
	*n->pprev = n->next;
	if (n->next)
		n->next->pprev = n->pprev;
	n->pprev = NULL;
}

#define host_hlist_entry(p, pos, member) \
	((p) ? container_of(p, __typeof__(*(pos)), member) : NULL)

#define hlist_for_each_entry(pos, head, member)                         \
	for (pos = host_hlist_entry((head)->first, pos, member); (pos); \
	     pos = host_hlist_entry((pos)->member.next, pos, member))
#define hlist_for_each_entry_safe(pos, n, head, member)          \
	for (pos = host_hlist_entry((head)->first, pos, member); \
	     (pos) && ({                                         \
		     n = (pos)->member.next;                     \
		     true;                                       \
	     });                                                 \
	     pos = host_hlist_entry(n, pos, member))

struct list_head {
	struct list_head *next, *prev;
};

#define LIST_HEAD(name) struct list_head name = { &(name), &(name) }

static inline void list_add_tail(struct list_head *n, struct list_head *head)
{
	n->next = head;
	n->prev = head->prev;
	head->prev->next = n;
	head->prev = n;
}

static inline void list_del(struct list_head *n)
{
	n->prev->next = n->next;
	n->next->prev = n->prev;
	n->next = NULL;
	n->prev = NULL;
}

#define host_list_entry(p, pos, member) \
	container_of(p, __typeof__(*(pos)), member)

#define list_for_each_entry(pos, head, member)                 \
	for (pos = host_list_entry((head)->next, pos, member); \
	     &(pos)->member != (head);                         \
	     pos = host_list_entry((pos)->member.next, pos, member))

#define list_for_each_entry_safe(pos, n, head, member)            \
	for (pos = host_list_entry((head)->next, pos, member),    \
	    n = host_list_entry((pos)->member.next, pos, member); \
	     &(pos)->member != (head);                            \
	     pos = n, n = host_list_entry((n)->member.next, n, member))

#endif /* _HOST_LINUX_LIST_H */
