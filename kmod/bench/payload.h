/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keys and values as the alternatives handle them.  Their real users know the
 * sizes when they compile, so each size in use has its own inline code.
 */
#ifndef _SHARDMAP_BENCH_PAYLOAD_H
#define _SHARDMAP_BENCH_PAYLOAD_H

#include <linux/jhash.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "bench.h"
#include "compat.h"

/* The hash of all backends but shardmap: rhashtable's own choice. */
static __always_inline u32 bench_hash(const struct bench_payload *payload,
				      const void *key, u32 seed)
{
	if (payload->key_len == 8)
		return jhash2(key, 2, seed);
	return jhash2(key, 4, seed);
}

static __always_inline bool bench_same_key(const struct bench_payload *payload,
					   const void *a, const void *b)
{
	if (payload->key_len == 8)
		return !memcmp(a, b, 8);
	return !memcmp(a, b, 16);
}

static __always_inline void bench_copy_key(const struct bench_payload *payload,
					   void *to, const void *from)
{
	if (payload->key_len == 8)
		memcpy(to, from, 8);
	else
		memcpy(to, from, 16);
}

static __always_inline void
bench_copy_value(const struct bench_payload *payload, void *to,
		 const void *from)
{
	if (payload->value_len == 8)
		memcpy(to, from, 8);
	else if (payload->value_len == 64)
		memcpy(to, from, 64);
	else
		memcpy(to, from, payload->value_len);
}

/* A cache of a map's own, so that its destruction finds what was not freed. */
static inline struct kmem_cache *bench_cache(const char *name, size_t size)
{
	return kmem_cache_create(name, size, 8, SLAB_NO_MERGE, NULL);
}

#endif /* _SHARDMAP_BENCH_PAYLOAD_H */
