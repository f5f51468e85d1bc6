// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's resizable hash table, with objects as a real user has them: freed
 * by RCU, replaced as a whole when the value changes, with the version that a user
 * of shardmap gets, too, and compared inline.
 */
#include <linux/err.h>
#include <linux/rcupdate.h>
#include <linux/rhashtable.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

#include "payload.h"

struct object {
	struct rcu_head rcu;
	struct rhash_head node;
	u64 version;
	u8 data[] __aligned(8);
};

struct map {
	struct rhashtable table;
	const struct bench_payload *payload;
	struct kmem_cache *cache;
};

static int compare8(struct rhashtable_compare_arg *arg, const void *object)
{
	return memcmp(((const struct object *)object)->data, arg->key, 8);
}

static int compare16(struct rhashtable_compare_arg *arg, const void *object)
{
	return memcmp(((const struct object *)object)->data, arg->key, 16);
}

/* Constant parameters are what lets the compiler inline hash and compare. */
static const struct rhashtable_params params8 = {
	.head_offset = offsetof(struct object, node),
	.key_offset = offsetof(struct object, data),
	.key_len = 8,
	.obj_cmpfn = compare8,
	.automatic_shrinking = true,
};

static const struct rhashtable_params params16 = {
	.head_offset = offsetof(struct object, node),
	.key_offset = offsetof(struct object, data),
	.key_len = 16,
	.obj_cmpfn = compare16,
	.automatic_shrinking = true,
};

static void *rht_create(const struct bench_payload *payload)
{
	struct map *map = kzalloc(sizeof(*map), GFP_KERNEL);
	int err;

	if (!map)
		return ERR_PTR(-ENOMEM);
	map->payload = payload;
	map->cache = bench_cache("shardmap_bench_rht",
				 sizeof(struct object) + payload->key_len +
					 payload->value_len);
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
		bench_copy_value(map->payload, value,
				 object->data + map->payload->key_len);
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
	bench_copy_key(map->payload, object->data, key);
	bench_copy_value(map->payload, object->data + map->payload->key_len,
			 value);
	return object;
}

/*
 * A bucket's pointer is its lock, too.  Who has the lock reads it plainly while
 * others try the lock's bit, which KCSAN takes for a race.
 */
#define UPDATE(call) data_race(call)

static int replace(struct map *map, struct object *old, struct object *new)
{
	if (map->payload->key_len == 8)
		return UPDATE(rhashtable_replace_fast(&map->table, &old->node,
						      &new->node, params8));
	return UPDATE(rhashtable_replace_fast(&map->table, &old->node,
					      &new->node, params16));
}

static struct object *insert(struct map *map, struct object *new)
{
	if (map->payload->key_len == 8)
		return UPDATE(rhashtable_lookup_get_insert_fast(
			&map->table, &new->node, params8));
	return UPDATE(rhashtable_lookup_get_insert_fast(&map->table, &new->node,
							params16));
}

static int take(struct map *map, struct object *object)
{
	if (map->payload->key_len == 8)
		return UPDATE(rhashtable_remove_fast(&map->table, &object->node,
						     params8));
	return UPDATE(
		rhashtable_remove_fast(&map->table, &object->node, params16));
}

/* Insert, or replace what is there; -ENOENT if somebody else took that first. */
static int insert_or_replace(struct map *map, struct object *new)
{
	struct object *old;
	int err;

	rcu_read_lock();
	old = insert(map, new);
	if (IS_ERR_OR_NULL(old)) {
		err = PTR_ERR(old);
	} else {
		new->version = old->version + 1;
		err = replace(map, old, new);
		if (!err)
			sm_kfree_rcu(old, rcu);
	}
	rcu_read_unlock();
	return err;
}

static int rht_put(void *arg, const void *key, const void *value)
{
	struct object *new = make_object(arg, key, value);
	struct map *map = arg;
	int err;

	if (!new)
		return -ENOMEM;
	for (;;) {
		err = insert_or_replace(map, new);
		if (!err)
			return 0;
		/* A growing table that is too full asks to come back. */
		if (err == -EAGAIN || err == -EBUSY)
			cond_resched();
		else if (err != -ENOENT)
			break;
	}
	kmem_cache_free(map->cache, new);
	return err;
}

static bool rht_del(void *arg, const void *key)
{
	struct map *map = arg;
	struct object *object;
	bool taken = false;

	rcu_read_lock();
	/* If somebody replaced it meanwhile, there is another one to take. */
	while (!taken) {
		object = find(map, key);
		if (!object)
			break;
		taken = !take(map, object);
		if (taken)
			sm_kfree_rcu(object, rcu);
	}
	rcu_read_unlock();
	return taken;
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
			       kmem_cache_size(map->cache);
}

/* A worker grows and shrinks the table; old tables and objects wait for readers. */
static void rht_settle(void *arg)
{
	struct map *map = arg;
	bool resizing;

	do {
		flush_work(&map->table.run_work);
		rcu_read_lock();
		resizing = rcu_access_pointer(
			rcu_dereference(map->table.tbl)->future_tbl);
		rcu_read_unlock();
	} while (resizing);
	rcu_barrier();
}

const struct bench_backend bench_rhashtable = {
	.name = "rhashtable",
	.create = rht_create,
	.destroy = rht_destroy,
	.get = rht_get,
	.put = rht_put,
	.del = rht_del,
	.bytes = rht_bytes,
	.settle = rht_settle,
};
