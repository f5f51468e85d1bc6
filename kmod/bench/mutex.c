// SPDX-License-Identifier: GPL-2.0-only
/* The first cure: a plain map under one mutex. */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/random.h>

#include "plain.h"

#define INITIAL_BITS 6

struct mutex_map {
	struct mutex lock;
	u32 seed;
	struct plain map;
};

static void mutex_map_destroy(void *arg)
{
	struct mutex_map *m = arg;

	plain_free(&m->map);
	kmem_cache_destroy(m->map.cache);
	kfree(m);
}

static void *mutex_map_create(const struct bench_payload *payload)
{
	struct mutex_map *m = kzalloc(sizeof(*m), GFP_KERNEL);
	struct kmem_cache *cache;

	if (!m)
		return ERR_PTR(-ENOMEM);
	mutex_init(&m->lock);
	m->seed = get_random_u32();
	cache = plain_cache("shardmap_bench_mutex", payload);
	if (!cache) {
		kfree(m);
		return ERR_PTR(-ENOMEM);
	}
	if (plain_init(&m->map, payload, cache, INITIAL_BITS)) {
		mutex_map_destroy(m);
		return ERR_PTR(-ENOMEM);
	}
	return m;
}

static bool mutex_map_get(void *arg, const void *key, void *value)
{
	struct mutex_map *m = arg;
	u32 hash = bench_hash(m->map.payload, key, m->seed);
	bool found;

	mutex_lock(&m->lock);
	found = plain_get(&m->map, key, hash, value);
	mutex_unlock(&m->lock);
	return found;
}

static int mutex_map_put(void *arg, const void *key, const void *value)
{
	struct mutex_map *m = arg;
	u32 hash = bench_hash(m->map.payload, key, m->seed);
	struct hlist_head *heads;
	struct plain_node *node;
	int err = 0;

	mutex_lock(&m->lock);
	if (plain_update(&m->map, key, hash, value))
		goto unlock;
	node = plain_node_alloc(&m->map, key, hash, value, GFP_KERNEL);
	if (!node) {
		err = -ENOMEM;
		goto unlock;
	}
	plain_insert(&m->map, node);
	if (plain_wants_growth(&m->map)) {
		heads = plain_heads_alloc(m->map.bits + 1, GFP_KERNEL);
		if (heads)
			kvfree(plain_rehash(&m->map, heads, m->map.bits + 1));
	}
unlock:
	mutex_unlock(&m->lock);
	return err;
}

static bool mutex_map_del(void *arg, const void *key)
{
	struct mutex_map *m = arg;
	u32 hash = bench_hash(m->map.payload, key, m->seed);
	struct plain_node *node;

	mutex_lock(&m->lock);
	node = plain_take(&m->map, key, hash);
	mutex_unlock(&m->lock);
	if (node)
		kmem_cache_free(m->map.cache, node);
	return node;
}

static u64 mutex_map_bytes(void *arg)
{
	struct mutex_map *m = arg;
	u64 bytes;

	mutex_lock(&m->lock);
	bytes = plain_bytes(&m->map);
	mutex_unlock(&m->lock);
	return bytes;
}

const struct bench_backend bench_mutex = {
	.name = "mutex",
	.create = mutex_map_create,
	.destroy = mutex_map_destroy,
	.get = mutex_map_get,
	.put = mutex_map_put,
	.del = mutex_map_del,
	.bytes = mutex_map_bytes,
};
