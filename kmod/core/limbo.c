// SPDX-License-Identifier: GPL-2.0-only
/*
 * Removed entries wait here until no reader can hold them.
 *
 * An rcu_head in every entry would cost 16 bytes, so entries wait as pointers in
 * batches: one being filled per CPU, handed to RCU with one callback when full,
 * or after FLUSH_DELAY when it does not fill.
 *
 * Room is reserved before an update takes the shard lock, so that an update
 * which has begun cannot fail for want of memory.  From the reservation to the
 * last sm_limbo_add() the caller keeps bottom halves disabled and thereby its
 * CPU's limbo to itself; only the flusher comes from elsewhere, and it trades a
 * batch for an empty one, never for less room.
 *
 * The memory in flight is bounded: a writer that may sleep waits while more than
 * deferred_limit bytes are in batches handed over, see sm_limbo_throttle().
 */
#include <linux/jiffies.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "hold.h"
#include "internal.h"

#define FLUSH_DELAY (HZ / 10)

static void batch_free_rcu(struct rcu_head *head)
{
	struct sm_batch *batch = container_of(head, struct sm_batch, rcu);
	struct shardmap *map = batch->map;

	sm_entry_free_bulk(batch->object, batch->nr);
	atomic_long_sub(batch->bytes, &map->deferred_bytes);
	/* Its barrier pairs with that of wait_event() in sm_limbo_throttle(). */
	if (wq_has_sleeper(&map->deferred_wait))
		wake_up_all(&map->deferred_wait);
	kfree(batch);
	sm_map_unpin(map);
}

static void batch_submit(struct shardmap *map, struct sm_batch *batch)
{
	atomic_long_add(batch->bytes, &map->deferred_bytes);
	refcount_inc(&map->pins);
	call_rcu_hurry(&batch->rcu, batch_free_rcu);
}

static struct sm_batch *batch_alloc(struct shardmap *map, gfp_t gfp)
{
	struct mem_cgroup *before = sm_charge_begin(map);
	struct sm_batch *batch = kmalloc(sizeof(*batch), gfp | __GFP_NOWARN);

	sm_charge_end(map, before);
	if (batch) {
		batch->map = map;
		batch->nr = 0;
		batch->bytes = 0;
	}
	return batch;
}

/* Put an empty batch, or none, in the place of the one being filled. */
static struct sm_batch *limbo_exchange(struct sm_limbo *limbo,
				       struct sm_batch *batch)
{
	struct sm_batch *old = limbo->batch;

	lockdep_assert_held(&limbo->lock);
	limbo->batch = batch;
	WRITE_ONCE(limbo->room, batch ? SM_BATCH_OBJECTS : 0);
	return old;
}

static bool limbo_is_empty(struct sm_limbo *limbo)
{
	lockdep_assert_held(&limbo->lock);
	return !limbo->batch || !limbo->batch->nr;
}

static void limbo_flush(struct shardmap *map, struct sm_limbo *limbo)
{
	struct sm_batch *fresh = batch_alloc(map, GFP_KERNEL);
	struct sm_batch *old = NULL;

	if (!fresh) {
		/* Room must not shrink, so the batch stays: try again later. */
		queue_delayed_work(sm_wq, &map->flush_work, FLUSH_DELAY);
		return;
	}
	spin_lock_bh(&limbo->lock);
	if (!limbo_is_empty(limbo)) {
		old = limbo_exchange(limbo, fresh);
		fresh = NULL;
	}
	spin_unlock_bh(&limbo->lock);
	kfree(fresh);
	if (old)
		batch_submit(map, old);
}

static void limbo_flush_work(struct work_struct *work)
{
	struct shardmap *map = container_of(to_delayed_work(work),
					    struct shardmap, flush_work);
	int cpu;

	for_each_possible_cpu(cpu)
		limbo_flush(map, per_cpu_ptr(map->limbo, cpu));
	sm_limbo_update_limit(map);
}

/**
 * sm_limbo_create() - Give a new table its limbo.
 * @map: the table
 *
 * Context: Process context.
 * Return: 0 or -ENOMEM.
 */
int sm_limbo_create(struct shardmap *map)
{
	int cpu;

	map->limbo = alloc_percpu(struct sm_limbo);
	if (!map->limbo)
		return -ENOMEM;
	for_each_possible_cpu(cpu)
		spin_lock_init(&per_cpu_ptr(map->limbo, cpu)->lock);
	init_waitqueue_head(&map->deferred_wait);
	INIT_DELAYED_WORK(&map->flush_work, limbo_flush_work);
	map->deferred_limit = SM_DEFERRED_MIN;
	return 0;
}

/**
 * sm_limbo_destroy() - Hand over what is left and take the limbo away.
 * @map: a table that nobody uses any more
 *
 * Context: Process context.
 */
void sm_limbo_destroy(struct shardmap *map)
{
	struct sm_batch *batch;
	int cpu;

	cancel_delayed_work_sync(&map->flush_work);
	for_each_possible_cpu(cpu) {
		struct sm_limbo *limbo = per_cpu_ptr(map->limbo, cpu);

		spin_lock_bh(&limbo->lock);
		batch = limbo_exchange(limbo, NULL);
		spin_unlock_bh(&limbo->lock);
		if (batch && batch->nr)
			batch_submit(map, batch);
		else
			kfree(batch);
	}
	free_percpu(map->limbo);
}

static int limbo_grow(struct shardmap *map, gfp_t gfp)
{
	struct sm_batch *batch = batch_alloc(map, gfp);
	struct sm_limbo *limbo;

	if (!batch)
		return -ENOMEM;
	/* Allocating may have slept and come back on another CPU. */
	local_bh_disable();
	limbo = this_cpu_ptr(map->limbo);
	spin_lock(&limbo->lock);
	batch = limbo_exchange(limbo, batch);
	spin_unlock(&limbo->lock);
	if (batch && batch->nr)
		batch_submit(map, batch);
	else
		kfree(batch);
	local_bh_enable();
	return 0;
}

/**
 * sm_limbo_reserve() - Make room for entries that are about to be removed.
 * @map: the table
 * @objects: how many, up to SM_BATCH_OBJECTS
 * @gfp: allocation flags
 *
 * On success bottom halves are disabled; the caller enables them after its last
 * sm_limbo_add().
 *
 * Context: Process or softirq context, as @gfp allows.
 * Return: 0, or -ENOMEM with bottom halves as they were.
 */
int sm_limbo_reserve(struct shardmap *map, unsigned int objects, gfp_t gfp)
{
	for (;;) {
		int err;

		local_bh_disable();
		/* Pairs with WRITE_ONCE() in limbo_exchange(), by the flusher too. */
		if (READ_ONCE(this_cpu_ptr(map->limbo)->room) >= objects)
			return 0;
		local_bh_enable();
		err = limbo_grow(map, gfp);
		if (err)
			return err;
	}
}

/**
 * sm_limbo_add() - Free an entry when no reader can hold it any more.
 * @map: the table
 * @object: the entry, which new readers no longer find
 * @bytes: its memory
 *
 * Context: After sm_limbo_reserve(), with bottom halves still disabled, not
 * under a shard lock.
 */
void sm_limbo_add(struct shardmap *map, void *object, size_t bytes)
{
	struct sm_limbo *limbo = this_cpu_ptr(map->limbo);
	struct sm_batch *batch, *full = NULL;
	bool first;

	spin_lock(&limbo->lock);
	batch = limbo->batch;
	first = !batch->nr;
	batch->object[batch->nr++] = object;
	batch->bytes += bytes;
	WRITE_ONCE(limbo->room, SM_BATCH_OBJECTS - batch->nr);
	if (batch->nr == SM_BATCH_OBJECTS)
		full = limbo_exchange(limbo, NULL);
	spin_unlock(&limbo->lock);
	if (full)
		batch_submit(map, full);
	else if (first)
		queue_delayed_work(sm_wq, &map->flush_work, FLUSH_DELAY);
}

/**
 * sm_shard_leave() - Drop a shard's lock, then see to what was taken out under it.
 * @map: the table
 * @shard: the shard
 * @entries: entries to free when no reader can hold them any more
 * @nr: how many, not more than sm_limbo_reserve() made room for
 * @finished: as from sm_shard_array()
 *
 * Enables bottom halves, which sm_limbo_reserve() has disabled.
 *
 * Context: Shard lock held.
 */
void sm_shard_leave(struct shardmap *map, struct sm_shard *shard,
		    struct sm_entry **entries, unsigned int nr,
		    struct sm_array *finished) __releases(&shard->lock)
{
	bool resize = sm_shard_wants_resize(shard);
	unsigned int i;

	sm_shard_unlock(shard);
	for (i = 0; i < nr; i++)
		sm_limbo_add(map, entries[i], sm_entry_bytes(entries[i]));
	local_bh_enable();
	sm_array_retire(finished);
	if (resize)
		sm_resize_kick(map, shard - map->shards);
}

/**
 * sm_limbo_throttle() - Wait while too much memory waits for a grace period.
 * @map: the table
 *
 * Context: Process context, outside RCU read-side critical sections.
 */
void sm_limbo_throttle(struct shardmap *map)
{
	long limit = READ_ONCE(map->deferred_limit);

	if (likely(atomic_long_read(&map->deferred_bytes) <= limit))
		return;
	might_sleep();
	wait_event(map->deferred_wait,
		   atomic_long_read(&map->deferred_bytes) <= limit);
}

/**
 * sm_limbo_update_limit() - Fit the limit of sm_limbo_throttle() to the table.
 * @map: the table
 *
 * An eighth of the entries' memory may wait, or SM_DEFERRED_MIN if that is more.
 *
 * Context: Process context.
 */
void sm_limbo_update_limit(struct shardmap *map)
{
	unsigned long bytes = 0;
	unsigned int i;

	for (i = 0; i < sm_nr_shards(map); i++)
		bytes += READ_ONCE(map->shards[i].bytes);
	WRITE_ONCE(map->deferred_limit, max(bytes / 8, SM_DEFERRED_MIN));
}

/**
 * sm_limbo_bytes() - Memory that waits for a grace period.
 * @map: the table
 *
 * Context: Process context.
 * Return: Bytes, in batches handed over and in those being filled.
 */
unsigned long sm_limbo_bytes(const struct shardmap *map)
{
	unsigned long bytes = atomic_long_read(&map->deferred_bytes);
	int cpu;

	for_each_possible_cpu(cpu) {
		struct sm_limbo *limbo = per_cpu_ptr(map->limbo, cpu);

		spin_lock_bh(&limbo->lock);
		if (limbo->batch)
			bytes += limbo->batch->bytes;
		spin_unlock_bh(&limbo->lock);
	}
	return bytes;
}
