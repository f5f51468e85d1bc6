/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hash order: the top bits of a hash are its shard, those below its bucket.  So shards and
 * buckets cover the hashes one after another, whatever the size of an array.
 */
#ifndef _SHARDMAP_CORE_ORDER_H
#define _SHARDMAP_CORE_ORDER_H

#include "internal.h"

/* The top bits of a hash choose the shard; in two steps, as there may be none. */
static inline unsigned int sm_shard_index(const struct shardmap *map, u64 hash)
{
	return (hash >> 1) >> (63 - map->shard_bits);
}

/* The bits below them choose the bucket: the order of buckets is hash order. */
static inline unsigned long sm_line_index(const struct shardmap *map, u64 hash,
					  unsigned int bits)
{
	return (hash << map->shard_bits) >> (64 - bits);
}

/* The first hash of a shard. */
static inline u64 sm_shard_begin(const struct shardmap *map, unsigned int index)
{
	return map->shard_bits ? (u64)index << (64 - map->shard_bits) : 0;
}

/* The last hash of the shard of @hash. */
static inline u64 sm_shard_last(const struct shardmap *map, u64 hash)
{
	return hash | (U64_MAX >> map->shard_bits);
}

/* The last hash of the bucket of @hash, in an array of that size. */
static inline u64 sm_bucket_last(const struct shardmap *map, unsigned int bits,
				 u64 hash)
{
	return hash | (U64_MAX >> (map->shard_bits + bits));
}

#endif /* _SHARDMAP_CORE_ORDER_H */
