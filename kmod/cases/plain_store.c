// SPDX-License-Identifier: GPL-2.0-only
/*
 * A planted bug: tag words of a live bucket are stored by plain stores, as
 * sm_publish_tags() would be without its release.  KCSAN must report it, or its
 * silence about the engine means nothing.
 *
 * Loading the module runs it for a few seconds; it is never installed.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>

#include "compat.h"
#include "core/internal.h"
#include "core/line.h"

static unsigned int seconds = 5;
module_param(seconds, uint, 0444);
MODULE_PARM_DESC(seconds, "How long to run");

static struct shardmap *map;
static unsigned long deadline;

/**
 * struct racer - a thread of the planted race
 * @work: what it does time and again
 * @rounds: how often it did
 * @done: it has come to its end
 */
struct racer {
	void (*work)(void);
	unsigned long rounds;
	struct completion done;
};

static const u64 key = 1;

static void look_up(void)
{
	u64 number;
	struct shardmap_value found = { .buf = &number, .len = sizeof(number) };

	/* The key is there or, at times, seems not to be: that is the bug. */
	if (shardmap_get(map, &key, sizeof(key), &found) && !found.len)
		pr_info("a value has lost its length\n");
}

/* sm_publish_tags() without its release store. */
static noinline void publish_tags_plainly(struct sm_line *line,
					  unsigned long tags)
{
	line->tags = tags;
}

/* Take the tag away and put it back, under the lock, as a writer would. */
static void store_plainly(void)
{
	u64 hash = sm_hash(map, &key, sizeof(key));
	struct sm_shard *shard = &map->shards[sm_shard_index(map, hash)];
	struct sm_line *line;
	unsigned long tags;

	spin_lock_bh(&shard->lock);
	line = sm_root_bucket(map, shard->array->root, hash);
	tags = line->tags;
	publish_tags_plainly(line, 0);
	publish_tags_plainly(line, tags);
	spin_unlock_bh(&shard->lock);
}

static int race(void *arg)
{
	struct racer *racer = arg;

	while (time_before(jiffies, deadline)) {
		racer->work();
		racer->rounds++;
		cond_resched();
	}
	kthread_complete_and_exit(&racer->done, 0);
}

static struct racer racers[] = {
	{ .work = look_up },
	{ .work = store_plainly },
};

static int race_on_two_cpus(void)
{
	unsigned int i;
	int err = 0;

	deadline = jiffies + seconds * HZ;
	for (i = 0; i < ARRAY_SIZE(racers); i++) {
		struct task_struct *task;

		init_completion(&racers[i].done);
		task = kthread_create(race, &racers[i], "plain_store/%u", i);
		if (IS_ERR(task)) {
			err = PTR_ERR(task);
			break;
		}
		kthread_bind(task, cpumask_local_spread(i, NUMA_NO_NODE));
		wake_up_process(task);
	}
	while (i--)
		wait_for_completion(&racers[i].done);
	return err;
}

static int __init plain_store_init(void)
{
	static const struct shardmap_params params = { .nr_shards = 1 };
	u64 number = 1;
	int err;

	if (num_online_cpus() < ARRAY_SIZE(racers)) {
		pr_err("needs two CPUs\n");
		return -ENODEV;
	}
	map = shardmap_create(&params);
	if (IS_ERR(map))
		return PTR_ERR(map);
	err = shardmap_put(map, &key, sizeof(key), &number, sizeof(number),
			   SHARDMAP_PUT_ANY, GFP_KERNEL, NULL);
	if (!err)
		err = race_on_two_cpus();
	shardmap_destroy(map);
	pr_info("%lu lookups, %lu plain stores\n", racers[0].rounds,
		2 * racers[1].rounds);
	return err;
}

static void __exit plain_store_exit(void)
{
}

module_init(plain_store_init);
module_exit(plain_store_exit);

SHARDMAP_IMPORT_NS;
SM_IMPORT_TEST_NS;
MODULE_DESCRIPTION("Planted bugs of shardmap, for tests of the detectors");
MODULE_LICENSE("GPL");
