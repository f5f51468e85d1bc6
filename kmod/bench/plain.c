// SPDX-License-Identifier: GPL-2.0-only
/*
 * Chains of nodes, one or so per bucket, growing by doubling at a load of 3/4: the
 * textbook table, with rhashtable's hash and thresholds.
 */
#include <linux/mm.h>
#include <linux/sched.h>

#include "plain.h"

struct kmem_cache *plain_cache(const char *name,
			       const struct bench_payload *payload)
{
	return bench_cache(name, sizeof(struct plain_node) + payload->key_len +
					 payload->value_len);
}

struct hlist_head *plain_heads_alloc(unsigned int bits, gfp_t gfp)
{
	return kvcalloc(1UL << bits, sizeof(struct hlist_head), gfp);
}

int plain_init(struct plain *map, const struct bench_payload *payload,
	       struct kmem_cache *cache, unsigned int bits)
{
	map->payload = payload;
	map->cache = cache;
	map->bits = bits;
	map->count = 0;
	map->heads = plain_heads_alloc(bits, GFP_KERNEL);
	return map->heads ? 0 : -ENOMEM;
}

void plain_free(struct plain *map)
{
	struct plain_node *node;
	struct hlist_node *next;
	unsigned long i;

	for (i = 0; map->heads && i < 1UL << map->bits; i++) {
		hlist_for_each_entry_safe(node, next, &map->heads[i], link)
			kmem_cache_free(map->cache, node);
		if (!(i & 1023))
			cond_resched();
	}
	kvfree(map->heads);
}

struct plain_node *plain_find(const struct plain *map, const void *key,
			      u32 hash)
{
	struct hlist_head *head = &map->heads[hash >> (32 - map->bits)];
	struct plain_node *node;

	hlist_for_each_entry(node, head, link)
		if (node->hash == hash &&
		    bench_same_key(map->payload, node->data, key))
			return node;
	return NULL;
}

bool plain_get(const struct plain *map, const void *key, u32 hash, void *value)
{
	struct plain_node *node = plain_find(map, key, hash);

	if (!node)
		return false;
	bench_copy_value(map->payload, value,
			 node->data + map->payload->key_len);
	return true;
}

/* Overwrite the value of a key that is there: the lock keeps readers out. */
bool plain_update(struct plain *map, const void *key, u32 hash,
		  const void *value)
{
	struct plain_node *node = plain_find(map, key, hash);

	if (!node)
		return false;
	bench_copy_value(map->payload, node->data + map->payload->key_len,
			 value);
	return true;
}

struct plain_node *plain_node_alloc(const struct plain *map, const void *key,
				    u32 hash, const void *value, gfp_t gfp)
{
	struct plain_node *node = kmem_cache_alloc(map->cache, gfp);

	if (!node)
		return NULL;
	node->hash = hash;
	bench_copy_key(map->payload, node->data, key);
	bench_copy_value(map->payload, node->data + map->payload->key_len,
			 value);
	return node;
}

void plain_insert(struct plain *map, struct plain_node *node)
{
	hlist_add_head(&node->link,
		       &map->heads[node->hash >> (32 - map->bits)]);
	map->count++;
}

/* Take a node out; the caller frees it, outside its lock. */
struct plain_node *plain_take(struct plain *map, const void *key, u32 hash)
{
	struct plain_node *node = plain_find(map, key, hash);

	if (node) {
		hlist_del(&node->link);
		map->count--;
	}
	return node;
}

bool plain_wants_growth(const struct plain *map)
{
	return map->count > (3UL << map->bits) / 4;
}

/* Move all nodes to new heads; returns the old ones. */
struct hlist_head *plain_rehash(struct plain *map, struct hlist_head *heads,
				unsigned int bits)
{
	struct hlist_head *old = map->heads;
	struct plain_node *node;
	struct hlist_node *next;
	unsigned long i;

	for (i = 0; i < 1UL << map->bits; i++)
		hlist_for_each_entry_safe(node, next, &old[i], link)
			hlist_add_head(&node->link,
				       &heads[node->hash >> (32 - bits)]);
	map->heads = heads;
	map->bits = bits;
	return old;
}

u64 plain_bytes(const struct plain *map)
{
	return (sizeof(struct hlist_head) << map->bits) +
	       map->count * kmem_cache_size(map->cache);
}
