/* SPDX-License-Identifier: GPL-2.0-only */
/* Lists with a head of one pointer; see rculist.h. */
#ifndef _HOST_LINUX_LIST_H
#define _HOST_LINUX_LIST_H

#include <linux/compiler.h>
#include <linux/types.h>

struct hlist_node {
	struct hlist_node *next, **pprev;
};

struct hlist_head {
	struct hlist_node *first;
};

#define hlist_empty(head) (!READ_ONCE((head)->first))

#endif /* _HOST_LINUX_LIST_H */
