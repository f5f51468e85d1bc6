// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's resizable hash table, with objects as a real user has them: freed
 * by RCU, with a version, replaced as a whole when the value changes.
 */
#include <linux/err.h>
#include <linux/rcupdate.h>
#include <linux/rhashtable.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "plain.h"

struct object {
	struct rhash_head node;
	u64 version;
	struct rcu_head rcu;
	u8 data[] __aligned(8);
};

struct map {
	struct rhashtable table;
	const struct bench_payload *payload;
	struct kmem_cache *cache;
};

/* Constant parameters are what lets the compiler inline hash and compare. */
static const struct rhashtable_params params8 = {
	.head_offset = offsetof(struct object, node),
	.key_offset = offsetof(struct object, data),
	.key_len = 8,
	.automatic_shrinking = true,
};

static const struct rhashtable_params params16 = {
	.head_offset = offsetof(struct object, node),
	.key_offset = offsetof(struct object, data),
	.key_len = 16,
	.automatic_shrinking = true,
};

static void *rht_create(const struct bench_payload *payload)
{
	struct map *map = kzalloc(sizeof(*map), GFP_KERNEL);
	int err;

	if (!map)
		return ERR_PTR(-ENOMEM);
	map->payload = payload;
	map->cache = bench_node_cache("shardmap_bench_rht",
				      sizeof(struct object), payload);
	if (!map->cache) {
		kfree(map);
		return ERR_PTR(-ENOMEM);
	}
	err = rhashtable_init(&map->table,
			      payload->key_len == 8 ? &params8 : &params16);
	if (err) {
		kmem_cache_destroy(map->cache);
		kfree(map);
		return ERR_PTR(err);
	}
	return map;
}

static void free_object(void *object, void *cache)
{
	kmem_cache_free(cache, object);
}

static void rht_destroy(void *arg)
{
	struct map *map = arg;

	rhashtable_free_and_destroy(&map->table, free_object, map->cache);
	rcu_barrier();
	kmem_cache_destroy(map->cache);
	kfree(map);
}

static __always_inline struct object *find(struct map *map, const void *key)
{
	if (map->payload->key_len == 8)
		return rhashtable_lookup(&map->table, key, params8);
	return rhashtable_lookup(&map->table, key, params16);
}

static bool rht_get(void *arg, const void *key, void *value)
{
	struct map *map = arg;
	struct object *object;

	rcu_read_lock();
	object = find(map, key);
	if (object)
		memcpy(value, object->data + map->payload->key_len,
		       map->payload->value_len);
	rcu_read_unlock();
	return object;
}

static struct object *make_object(struct map *map, const void *key,
				  const void *value)
{
	struct object *object = kmem_cache_alloc(map->cache, GFP_KERNEL);

	if (!object)
		return NULL;
	object->version = 1;
	memcpy(object->data, key, map->payload->key_len);
	memcpy(object->data + map->payload->key_len, value,
	       map->payload->value_len);
	return object;
}

static int replace(struct map *map, struct object *old, struct object *new)
{
	new->version = old->version + 1;
	if (map->payload->key_len == 8)
		return rhashtable_replace_fast(&map->table, &old->node,
					       &new->node, params8);
	return rhashtable_replace_fast(&map->table, &old->node, &new->node,
				       params16);
}

static struct object *insert(struct map *map, struct object *new)
{
	if (map->payload->key_len == 8)
		return rhashtable_lookup_get_insert_fast(&map->table,
							 &new->node, params8);
	return rhashtable_lookup_get_insert_fast(&map->table, &new->node,
						 params16);
}

static int rht_put(void *arg, const void *key, const void *value)
{
	struct object *new = make_object(arg, key, value), *old;
	struct map *map = arg;
	int err = 0;

	if (!new)
		return -ENOMEM;
	rcu_read_lock();
	for (;;) {
		old = insert(map, new);
		if (!old)
			break;
		if (IS_ERR(old)) {
			err = PTR_ERR(old);
			if (err == -EAGAIN || err == -EBUSY) {
				rcu_read_unlock();
				cond_resched();
				rcu_read_lock();
				continue;
			}
			kmem_cache_free(map->cache, new);
			break;
		}
		err = replace(map, old, new);
		if (!err) {
			kfree_rcu(old, rcu);
			break;
		}
		/* Somebody else replaced or removed it first. */
	}
	rcu_read_unlock();
	return err;
}

static bool rht_del(void *arg, const void *key)
{
	struct map *map = arg;
	struct object *object;
	int err = -ENOENT;

	rcu_read_lock();
	object = find(map, key);
	if (object)
		err = rhashtable_remove_fast(
			&map->table, &object->node,
			map->payload->key_len == 8 ? params8 : params16);
	if (!err)
		kfree_rcu(object, rcu);
	rcu_read_unlock();
	return !err;
}

static u64 rht_bytes(void *arg)
{
	struct map *map = arg;
	struct bucket_table *table;
	u64 bytes;

	rcu_read_lock();
	table = rcu_dereference(map->table.tbl);
	bytes = struct_size(table, buckets, table->size);
	rcu_read_unlock();
	return bytes + (u64)atomic_read(&map->table.nelems) *
			       (sizeof(struct object) + map->payload->key_len +
				map->payload->value_len);
}

const struct bench_backend bench_rhashtable = {
	.name = "rhashtable",
	.create = rht_create,
	.destroy = rht_destroy,
	.get = rht_get,
	.put = rht_put,
	.del = rht_del,
	.bytes = rht_bytes,
};
