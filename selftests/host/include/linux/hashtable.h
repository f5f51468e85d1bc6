/* SPDX-License-Identifier: GPL-2.0-only */
/* Hash tables of lists with a head of one pointer. */
#ifndef _HOST_LINUX_HASHTABLE_H
#define _HOST_LINUX_HASHTABLE_H

#include <linux/kernel.h>
#include <linux/list.h>

#define DEFINE_HASHTABLE(name, bits) struct hlist_head name[1 << (bits)]

#define host_hash_head(table, key) (&(table)[(key) % ARRAY_SIZE(table)])
#define hash_add(table, node, key) \
	hlist_add_head(node, host_hash_head(table, key))
#define hash_del(node) hlist_del(node)
#define hash_for_each_possible(table, pos, member, key) \
	hlist_for_each_entry(pos, host_hash_head(table, key), member)

#endif /* _HOST_LINUX_HASHTABLE_H */
