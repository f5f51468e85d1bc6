// SPDX-License-Identifier: GPL-2.0-only
/*
 * Chains of nodes, one or so per bucket, growing by doubling at a load of 3/4: the
 * textbook table, with rhashtable's hash and thresholds.
 */
#include <linux/jhash.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "plain.h"

/* The hash of all backends but shardmap: rhashtable's own choice. */
u32 bench_hash(const struct bench_payload *payload, const void *key, u32 seed)
{
	return jhash2(key, payload->key_len / sizeof(u32), seed);
}

struct kmem_cache *bench_node_cache(const char *name, size_t header,
				    const struct bench_payload *payload)
{
	return kmem_cache_create(name,
				 header + payload->key_len + payload->value_len,
				 8, 0, NULL);
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
	map->seed = get_random_u32();
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
	u32 key_len = map->payload->key_len;
	struct plain_node *node;

	hlist_for_each_entry(node, head, link)
		if (node->hash == hash && !memcmp(node->data, key, key_len))
			return node;
	return NULL;
}

bool plain_get(const struct plain *map, const void *key, u32 hash, void *value)
{
	struct plain_node *node = plain_find(map, key, hash);

	if (!node)
		return false;
	memcpy(value, node->data + map->payload->key_len,
	       map->payload->value_len);
	return true;
}

/* Overwrite the value of a key that is there: the lock keeps readers out. */
bool plain_update(struct plain *map, const void *key, u32 hash,
		  const void *value)
{
	struct plain_node *node = plain_find(map, key, hash);

	if (!node)
		return false;
	memcpy(node->data + map->payload->key_len, value,
	       map->payload->value_len);
	return true;
}

struct plain_node *plain_node_alloc(const struct plain *map, const void *key,
				    u32 hash, const void *value, gfp_t gfp)
{
	struct plain_node *node = kmem_cache_alloc(map->cache, gfp);
	u32 key_len = map->payload->key_len;

	if (!node)
		return NULL;
	node->hash = hash;
	memcpy(node->data, key, key_len);
	memcpy(node->data + key_len, value, map->payload->value_len);
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
	return sizeof(struct hlist_head) << map->bits;
}
