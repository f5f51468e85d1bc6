// SPDX-License-Identifier: GPL-2.0-only
/* A table's life: made, counted, taken apart. */
#include <linux/bitmap.h>
#include <linux/export.h>
#include <linux/log2.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/sched.h>

#include "compat.h"
#include "core.h"
#include "hold.h"
#include "internal.h"

#define SHARDS_PER_CPU 4U
#define SHARDS_MIN 64U

/* Frees, resizes and destroys; its end is the end of all tables. */
struct workqueue_struct *sm_wq;

static int check_params(const struct shardmap_params *p)
{
	if (p->flags & ~(SHARDMAP_FAST_HASH | SHARDMAP_ACCOUNT |
			 SHARDMAP_INLINE | SHARDMAP_EVICT))
		return -EINVAL;
	if (p->nr_shards && (!is_power_of_2(p->nr_shards) ||
			     p->nr_shards > SHARDMAP_MAX_SHARDS))
		return -EINVAL;
	if (p->max_key_len > SHARDMAP_MAX_KEY_LEN ||
	    p->max_value_len > SHARDMAP_MAX_VALUE_LEN)
		return -EINVAL;
	/* One size of key and value, and no memory of entries to limit. */
	if (p->flags & SHARDMAP_INLINE &&
	    (!p->max_key_len || p->max_key_len > SHARDMAP_INLINE_KEY_LEN ||
	     !p->max_value_len ||
	     p->max_value_len > SHARDMAP_INLINE_VALUE_LEN || p->max_bytes))
		return -EINVAL;
	/* Cells have no mark, and only a full table evicts. */
	if (p->flags & SHARDMAP_EVICT &&
	    (p->flags & SHARDMAP_INLINE || !(p->max_entries | p->max_bytes)))
		return -EINVAL;
	return 0;
}

static unsigned int choose_shards(const struct shardmap_params *p)
{
	unsigned int nr = max(SHARDS_PER_CPU * num_possible_cpus(), SHARDS_MIN);

	if (p->nr_shards)
		return p->nr_shards;
	return min_t(unsigned int, roundup_pow_of_two(nr), SHARDMAP_MAX_SHARDS);
}

/* Free what create_shards() made; nobody uses the table. */
static void destroy_shards(struct shardmap *map)
{
	unsigned int i;

	for (i = 0; i < sm_nr_shards(map); i++) {
		sm_shard_destroy(map, i);
		cond_resched();
	}
	bitmap_free(map->resize_pending);
	kvfree(map->shards);
	kvfree(map->root);
}

static int create_shards(struct shardmap *map)
{
	unsigned int i, nr = sm_nr_shards(map);
	int err = -ENOMEM;

	map->root = kvcalloc(nr, sizeof(*map->root), map->gfp);
	map->shards = kvcalloc(nr, sizeof(*map->shards), map->gfp);
	map->resize_pending = bitmap_zalloc(nr, map->gfp);
	if (!map->root || !map->shards || !map->resize_pending)
		goto free_arrays;
	for (i = 0; i < nr; i++) {
		err = sm_shard_create(map, i);
		if (err)
			goto destroy;
	}
	return 0;

destroy:
	destroy_shards(map);
	return err;
free_arrays:
	bitmap_free(map->resize_pending);
	kvfree(map->shards);
	kvfree(map->root);
	return err;
}

/**
 * sm_map_unpin() - Drop a pin of a table; the last one frees it.
 * @map: the table
 *
 * Context: Process or softirq context.
 */
void sm_map_unpin(struct shardmap *map)
{
	if (!refcount_dec_and_test(&map->pins))
		return;
	mem_cgroup_put(map->memcg);
	shardmap_quota_put(map->quota);
	kfree_sensitive(map);
}

static void destroy_work(struct work_struct *work)
{
	struct shardmap *map =
		container_of(work, struct shardmap, destroy_work);

	cancel_delayed_work_sync(&map->expire_work);
	cancel_work_sync(&map->resize_work);
	/* From here on the batches and arrays in flight hold the only pins. */
	sm_limbo_destroy(map);
	destroy_shards(map);
	sm_map_unpin(map);
}

static struct shardmap *map_alloc(const struct shardmap_params *p)
{
	gfp_t gfp = GFP_KERNEL;
	struct shardmap *map;

	/* A cgroup that is full shall refuse, not have its tasks killed. */
	if (p->flags & SHARDMAP_ACCOUNT)
		gfp = GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN;
	map = kzalloc(sizeof(*map), gfp);
	if (!map)
		return NULL;
	get_random_bytes(&map->secret, sizeof(map->secret));
	/* The last multiplier must not lose bits. */
	map->secret.fold[3] |= 1;
	map->shard_bits = ilog2(choose_shards(p));
	map->flags = p->flags;
	map->max_key_len = p->max_key_len ?: SHARDMAP_MAX_KEY_LEN;
	map->max_value_len = p->max_value_len ?: SHARDMAP_MAX_VALUE_LEN;
	map->min_key_len = sm_is_inline(map) ? map->max_key_len : 1;
	map->min_value_len = sm_is_inline(map) ? map->max_value_len : 0;
	/* They are compared as signed numbers; more is no limit that matters. */
	map->max_entries = min_t(u64, p->max_entries, S64_MAX);
	map->max_bytes = min_t(u64, p->max_bytes, S64_MAX);
	map->gfp = gfp;
	if (p->flags & SHARDMAP_ACCOUNT)
		map->memcg = get_mem_cgroup_from_mm(current->mm);
	INIT_WORK(&map->resize_work, sm_resize_work);
	INIT_WORK(&map->destroy_work, destroy_work);
	INIT_DELAYED_WORK(&map->expire_work, sm_expire_work);
	atomic64_set(&map->expire_due, SM_NEVER);
	mutex_init(&map->expire_lock);
	spin_lock_init(&map->multi_lock);
	refcount_set(&map->pins, 1);
	return map;
}

/**
 * shardmap_create() - Make an empty table.
 * @params: its properties
 *
 * Context: Process context.  May sleep.
 * Return: The table; ERR_PTR(-EINVAL) if @params hold a value beyond the limits;
 * ERR_PTR(-ENOMEM).
 */
struct shardmap *shardmap_create(const struct shardmap_params *params)
{
	struct shardmap *map;
	int err;

	err = check_params(params);
	if (err)
		return ERR_PTR(err);
	map = map_alloc(params);
	if (!map)
		return ERR_PTR(-ENOMEM);
	map->quota = sm_quota_get(params->quota);
	err = create_shards(map);
	if (err)
		goto free_map;
	err = sm_limbo_create(map);
	if (err)
		goto destroy_shards;
	return map;

destroy_shards:
	destroy_shards(map);
free_map:
	sm_map_unpin(map);
	return ERR_PTR(err);
}
SHARDMAP_EXPORT(shardmap_create);

/**
 * shardmap_destroy() - Take a table apart.
 * @map: the table, which nobody uses any more, not even a reader; or NULL
 *
 * Returns at once; memory is freed in the background, at the latest before the
 * module is unloaded.
 *
 * Context: Process or softirq context.
 */
void shardmap_destroy(struct shardmap *map)
{
	if (map)
		queue_work(sm_wq, &map->destroy_work);
}
SHARDMAP_EXPORT(shardmap_destroy);

/**
 * shardmap_count() - Number of entries.
 * @map: the table
 *
 * Exact when no writer is at work.  Else the shards are counted one after another,
 * and the sum may be one that the table never had.
 *
 * Context: Any context.
 * Return: The number.
 */
u64 shardmap_count(const struct shardmap *map)
{
	unsigned int i;
	u64 count = 0;

	for (i = 0; i < sm_nr_shards(map); i++)
		count += READ_ONCE(map->shards[i].count);
	return count;
}
SHARDMAP_EXPORT(shardmap_count);

/**
 * shardmap_get_stats() - Read a table's figures.
 * @map: the table
 * @stats: out: the figures, read one after another, not at one instant
 *
 * Context: Process context.
 */
void shardmap_get_stats(const struct shardmap *map,
			struct shardmap_stats *stats)
{
	unsigned int i;

	*stats = (struct shardmap_stats){
		.entries = shardmap_count(map),
		.deferred_bytes = sm_limbo_bytes(map),
		.nr_shards = sm_nr_shards(map),
		.max_key_len = map->max_key_len,
		.max_value_len = map->max_value_len,
	};
	for (i = 0; i < sm_nr_shards(map); i++) {
		struct sm_shard *shard = &map->shards[i];

		stats->entry_bytes += READ_ONCE(shard->bytes);
		stats->index_bytes += READ_ONCE(shard->index_bytes);
		stats->overflow_lines += READ_ONCE(shard->overflow);
		stats->resizes += READ_ONCE(shard->resizes);
		stats->evicted += READ_ONCE(shard->evicted);
		stats->expired += READ_ONCE(shard->expired);
		sm_shard_lock_bh(shard);
		stats->buckets += 1UL << shard->array->bits;
		sm_shard_unlock_bh(shard);
	}
}
SHARDMAP_EXPORT(shardmap_get_stats);

/**
 * sm_pass_all_shards() - Wait for all who hold a shard lock, one after another.
 * @map: the table
 *
 * Whoever takes a lock later sees what was stored before this was called: the locks
 * pair with those that updates hold.
 *
 * Context: Process context.  Takes and releases all shard locks.
 */
void sm_pass_all_shards(struct shardmap *map)
{
	unsigned int i;

	for (i = 0; i < sm_nr_shards(map); i++) {
		sm_shard_lock_bh(&map->shards[i]);
		sm_shard_unlock_bh(&map->shards[i]);
		cond_resched();
	}
}

/**
 * shardmap_freeze() - End all updates.
 * @map: the table
 *
 * From its return on the table does not change any more, but that entries with a time
 * to live end.  It cannot be undone.
 *
 * Context: Process context.  Takes and releases all shard locks.
 */
void shardmap_freeze(struct shardmap *map)
{
	/* Updates look at it under their shard's lock, so those under way end first. */
	WRITE_ONCE(map->frozen, true);
	sm_pass_all_shards(map);
}
SHARDMAP_EXPORT(shardmap_freeze);

/**
 * shardmap_is_frozen() - Has shardmap_freeze() been called?
 * @map: the table
 *
 * Context: Any context.
 * Return: true if it has.
 */
bool shardmap_is_frozen(const struct shardmap *map)
{
	return READ_ONCE(map->frozen);
}
SHARDMAP_EXPORT(shardmap_is_frozen);

/**
 * sm_core_init() - Make what all tables share.
 *
 * Context: Process context, at load.
 * Return: 0 or -ENOMEM.
 */
int sm_core_init(void)
{
	int err;

	sm_wq = alloc_workqueue("shardmap", WQ_UNBOUND, 0);
	if (!sm_wq)
		return -ENOMEM;
	err = sm_entry_caches_create();
	if (err)
		destroy_workqueue(sm_wq);
	return err;
}

/**
 * sm_core_exit() - Wait for destroyed tables to be gone and free what they shared.
 *
 * Context: Process context, at unload.
 */
void sm_core_exit(void)
{
	/* Tables being destroyed hand their last batches to RCU ... */
	flush_workqueue(sm_wq);
	/* ... and RCU hands arrays back to the workqueue ... */
	rcu_barrier();
	/* ... which this waits for. */
	destroy_workqueue(sm_wq);
	sm_entry_caches_destroy();
}
