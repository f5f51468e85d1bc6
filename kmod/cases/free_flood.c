// SPDX-License-Identifier: GPL-2.0-only
/*
 * Freeing is put off without a bound
 *
 * Each replaced value waits for a grace period.  A reader that stays in its
 * critical section keeps all of them, and the writer goes on.
 *
 * Go: defer in a loop, which frees nothing before the function returns.
 * Cure: count the bytes that wait, and have writers wait for the grace period
 * beyond a bound, as a shardmap does.
 */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/shardmap.h>
#include <linux/slab.h>

#include "cases.h"

#define VALUE_LEN 4096
/* Below a MiB for a small table, and what the last batches have. */
#define BOUND_BYTES (4 << 20)
/* The buggy variant stops here: it would take all memory. */
#define ENOUGH_BYTES (64 << 20)

/**
 * struct waiting_value - a replaced value
 * @rcu: for the callback
 * @bytes: the value
 */
struct waiting_value {
	struct rcu_head rcu;
	u8 bytes[VALUE_LEN];
};

static atomic_long_t waiting;

/**
 * struct scene - what the threads share
 * @map: the table with a bound
 * @buggy: replace values without one
 * @most: most bytes that waited
 */
struct scene {
	struct shardmap *map;
	bool buggy;
	unsigned long most;
};

static void free_value(struct rcu_head *head)
{
	atomic_long_sub(VALUE_LEN, &waiting);
	kfree(container_of(head, struct waiting_value, rcu));
}

static unsigned long replace_unbounded(void)
{
	struct waiting_value *old;

	if (atomic_long_read(&waiting) >= ENOUGH_BYTES)
		return ENOUGH_BYTES;
	old = kmalloc(sizeof(*old), GFP_KERNEL);
	if (!old)
		return 0;
	atomic_long_add(VALUE_LEN, &waiting);
	call_rcu(&old->rcu, free_value);
	return atomic_long_read(&waiting);
}

static unsigned long replace_in_shardmap(struct shardmap *map)
{
	static const u8 value[VALUE_LEN];
	static const u64 key = 1;
	struct shardmap_stats stats;

	if (shardmap_put(map, &key, sizeof(key), value, sizeof(value),
			 SHARDMAP_PUT_ANY, GFP_KERNEL, NULL))
		pr_warn_once("a put has failed\n");
	shardmap_get_stats(map, &stats);
	return stats.deferred_bytes;
}

static void read_long(void)
{
	unsigned long end = jiffies + HZ / 4;

	rcu_read_lock();
	while (time_before(jiffies, end))
		cpu_relax();
	rcu_read_unlock();
}

static void replace_or_read(struct sm_case_race *race, unsigned int thread,
			    u64 round)
{
	struct scene *scene = race->arg;

	if (thread)
		return read_long();
	scene->most = max(scene->most, scene->buggy ?
					       replace_unbounded() :
					       replace_in_shardmap(scene->map));
}

static int free_flood_run(struct sm_case_run *run)
{
	static const struct shardmap_params params = {};
	struct scene scene = {
		.map = shardmap_create(&params),
		.buggy = run->buggy,
	};
	struct sm_case_race race = { .step = replace_or_read, .arg = &scene };
	int err;

	if (IS_ERR(scene.map))
		return PTR_ERR(scene.map);
	err = sm_case_race(&race);
	shardmap_destroy(scene.map);
	if (err)
		return err;
	sm_case_tell(run, "%s, %lu KiB waited for a grace period\n",
		     scene.most > BOUND_BYTES ? "too much" : "ok",
		     scene.most >> 10);
	return 0;
}

const struct sm_case sm_case_free_flood = {
	.name = "free_flood",
	.run = free_flood_run,
};
