/* SPDX-License-Identifier: GPL-2.0-only */
/* Sorted trees as sorted lists, which do for a few nodes. */
#ifndef _HOST_LINUX_RBTREE_H
#define _HOST_LINUX_RBTREE_H

#include <linux/types.h>

struct rb_node {
	struct rb_node *next;
};

struct rb_root {
	struct rb_node *first;
};

#define RB_ROOT ((struct rb_root){})
#define rb_entry(ptr, type, member) container_of(ptr, type, member)

static inline struct rb_node *
rb_find(const void *key, const struct rb_root *root,
	int (*cmp)(const void *key, const struct rb_node *node))
{
	struct rb_node *node;

	for (node = root->first; node; node = node->next)
		if (!cmp(key, node))
			break;
	return node;
}

/* Returns the node that is there already, or NULL. */
static inline struct rb_node *
rb_find_add(struct rb_node *node, struct rb_root *root,
	    int (*cmp)(struct rb_node *node, const struct rb_node *other))
{
	struct rb_node **p;
	int order = 1;

	for (p = &root->first; *p; p = &(*p)->next) {
		order = cmp(node, *p);
		if (order <= 0)
			break;
	}
	if (!order)
		return *p;
	node->next = *p;
	*p = node;
	return NULL;
}

static inline void rb_erase(struct rb_node *node, struct rb_root *root)
{
	struct rb_node **p;

	for (p = &root->first; *p != node; p = &(*p)->next)
		if (!*p)
			host_bug("rb_erase() of a node that is not there");
	*p = node->next;
}

#endif /* _HOST_LINUX_RBTREE_H */
