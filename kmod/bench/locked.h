/* SPDX-License-Identifier: GPL-2.0-only */
/* One plain map with an rwlock: the whole of one backend, a shard of another. */
#ifndef _SHARDMAP_BENCH_LOCKED_H
#define _SHARDMAP_BENCH_LOCKED_H

#include <linux/cache.h>
#include <linux/spinlock.h>

#include "plain.h"

/**
 * struct locked - a plain map and its lock
 * @lock: readers share it, writers and growth have it alone
 * @growing: somebody is about to bring larger heads
 * @map: the map
 */
struct locked {
	rwlock_t lock;
	bool growing;
	struct plain map;
} ____cacheline_aligned_in_smp;

int locked_init(struct locked *l, const struct bench_payload *payload,
		struct kmem_cache *cache, unsigned int bits);
bool locked_get(struct locked *l, const void *key, u32 hash, void *value);
int locked_put(struct locked *l, const void *key, u32 hash, const void *value);
bool locked_del(struct locked *l, const void *key, u32 hash);
u64 locked_bytes(struct locked *l);

#endif /* _SHARDMAP_BENCH_LOCKED_H */
