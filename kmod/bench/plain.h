/* SPDX-License-Identifier: GPL-2.0-only */
/* A hash map for one thread at a time: what the backends with locks protect. */
#ifndef _SHARDMAP_BENCH_PLAIN_H
#define _SHARDMAP_BENCH_PLAIN_H

#include <linux/list.h>

#include "payload.h"

/**
 * struct plain_node - an entry
 * @link: in the bucket's chain
 * @hash: hash of the key
 * @data: key, then value
 */
struct plain_node {
	struct hlist_node link;
	u32 hash;
	u8 data[] __aligned(8);
};

/**
 * struct plain - the map
 * @payload: sizes of keys and values
 * @cache: where nodes come from
 * @heads: the buckets, a power of two of them
 * @bits: log2 of their number
 * @count: number of entries
 */
struct plain {
	const struct bench_payload *payload;
	struct kmem_cache *cache;
	struct hlist_head *heads;
	unsigned int bits;
	unsigned long count;
};

struct kmem_cache *plain_cache(const char *name,
			       const struct bench_payload *payload);
int plain_init(struct plain *map, const struct bench_payload *payload,
	       struct kmem_cache *cache, unsigned int bits);
void plain_free(struct plain *map);
struct plain_node *plain_find(const struct plain *map, const void *key,
			      u32 hash);
bool plain_get(const struct plain *map, const void *key, u32 hash, void *value);
bool plain_update(struct plain *map, const void *key, u32 hash,
		  const void *value);
void plain_insert(struct plain *map, struct plain_node *node);
struct plain_node *plain_take(struct plain *map, const void *key, u32 hash);
struct plain_node *plain_node_alloc(const struct plain *map, const void *key,
				    u32 hash, const void *value, gfp_t gfp);
bool plain_wants_growth(const struct plain *map);
struct hlist_head *plain_heads_alloc(unsigned int bits, gfp_t gfp);
struct hlist_head *plain_rehash(struct plain *map, struct hlist_head *heads,
				unsigned int bits);
u64 plain_bytes(const struct plain *map);

#endif /* _SHARDMAP_BENCH_PLAIN_H */
