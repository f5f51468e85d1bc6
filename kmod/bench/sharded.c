// SPDX-License-Identifier: GPL-2.0-only
/*
 * The classic sharded map, many plain maps each under an rwlock, and its case of
 * one shard: the second cure, one global rwlock.
 */
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/random.h>

#include "locked.h"

#define INITIAL_BITS 4

struct sharded {
	struct kmem_cache *cache;
	const struct bench_payload *payload;
	u32 seed;
	unsigned int mask;
	struct locked shards[];
};

static void sharded_destroy(void *arg)
{
	struct sharded *s = arg;
	unsigned int i;

	for (i = 0; i <= s->mask; i++)
		plain_free(&s->shards[i].map);
	kmem_cache_destroy(s->cache);
	kvfree(s);
}

static void *create(const struct bench_payload *payload, const char *cache_name,
		    unsigned int nr)
{
	struct sharded *s = kvzalloc(struct_size(s, shards, nr), GFP_KERNEL);
	unsigned int i;

	if (!s)
		return ERR_PTR(-ENOMEM);
	s->payload = payload;
	s->mask = nr - 1;
	s->seed = get_random_u32();
	s->cache = plain_cache(cache_name, payload);
	if (!s->cache)
		goto no_memory;
	for (i = 0; i < nr; i++)
		if (locked_init(&s->shards[i], payload, s->cache, INITIAL_BITS))
			goto no_memory;
	return s;

no_memory:
	sharded_destroy(s);
	return ERR_PTR(-ENOMEM);
}

/* As many shards as shardmap has. */
static void *sharded_create(const struct bench_payload *payload)
{
	unsigned int nr = max(4 * num_possible_cpus(), 64U);

	return create(payload, "shardmap_bench_sharded",
		      roundup_pow_of_two(nr));
}

static void *rwlock_create(const struct bench_payload *payload)
{
	return create(payload, "shardmap_bench_rwlock", 1);
}

/* The low bits choose the shard: the plain map uses the high ones. */
static struct locked *shard_of(struct sharded *s, u32 hash)
{
	return &s->shards[hash & s->mask];
}

static bool sharded_get(void *arg, const void *key, void *value)
{
	struct sharded *s = arg;
	u32 hash = bench_hash(s->payload, key, s->seed);

	return locked_get(shard_of(s, hash), key, hash, value);
}

static int sharded_put(void *arg, const void *key, const void *value)
{
	struct sharded *s = arg;
	u32 hash = bench_hash(s->payload, key, s->seed);

	return locked_put(shard_of(s, hash), key, hash, value);
}

static bool sharded_del(void *arg, const void *key)
{
	struct sharded *s = arg;
	u32 hash = bench_hash(s->payload, key, s->seed);

	return locked_del(shard_of(s, hash), key, hash);
}

static u64 sharded_bytes(void *arg)
{
	struct sharded *s = arg;
	unsigned int i;
	u64 bytes = 0;

	for (i = 0; i <= s->mask; i++)
		bytes += sizeof(struct locked) + locked_bytes(&s->shards[i]);
	return bytes;
}

const struct bench_backend bench_sharded = {
	.name = "sharded",
	.create = sharded_create,
	.destroy = sharded_destroy,
	.get = sharded_get,
	.put = sharded_put,
	.del = sharded_del,
	.bytes = sharded_bytes,
};

const struct bench_backend bench_rwlock = {
	.name = "rwlock",
	.create = rwlock_create,
	.destroy = sharded_destroy,
	.get = sharded_get,
	.put = sharded_put,
	.del = sharded_del,
	.bytes = sharded_bytes,
};
