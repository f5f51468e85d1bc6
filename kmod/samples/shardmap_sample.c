// SPDX-License-Identifier: GPL-2.0-only
/*
 * A small user of the in-kernel API: which processes run?
 *
 * A timer notes, in softirq context, whom it has interrupted.  What it has seen most
 * often is printed when the module is unloaded.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/shardmap.h>
#include <linux/string.h>
#include <linux/timer.h>

#include "compat.h"

/**
 * struct hits - value of a process, whose number is the key
 * @count: how often it was seen
 * @comm: its name, when it was last seen
 */
struct hits {
	u64 count;
	char comm[TASK_COMM_LEN];
};

#define TOP 5

/**
 * struct top - what was seen most often
 * @processes: how many processes were seen
 * @samples: how often the timer saw one
 * @count: the highest counts, in descending order
 * @pid: whose they are
 */
struct top {
	u64 processes;
	u64 samples;
	u64 count[TOP];
	u32 pid[TOP];
};

static struct shardmap *seen;

/* Called with the key locked: make its value from the one that is there. */
static int count_one(const struct shardmap_view *old, void *value, void *arg)
{
	struct hits *new = value;

	if (old)
		memcpy(new, old->value, sizeof(*new));
	else
		new->count = 0;
	new->count++;
	memcpy(new->comm, arg, sizeof(new->comm));
	return SHARDMAP_UPDATE_STORE;
}

static void sample(struct timer_list *timer)
{
	u32 pid = current->tgid;
	char comm[TASK_COMM_LEN];

	strscpy_pad(comm, current->comm, sizeof(comm));
	/* Memory may be short: then this one is not counted. */
	if (shardmap_update(seen, &pid, sizeof(pid), sizeof(struct hits),
			    count_one, comm, GFP_ATOMIC, NULL))
		pr_warn_once("a sample was lost\n");
	mod_timer(timer, jiffies + 1);
}

static DEFINE_TIMER(timer, sample);

/* Keep the highest counts; called inside an RCU read-side critical section. */
static int note(const struct shardmap_view *view, void *arg)
{
	const struct hits *hits = view->value;
	struct top *top = arg;
	u64 count = hits->count;
	unsigned int i;
	u32 pid;

	memcpy(&pid, view->key, sizeof(pid));
	top->processes++;
	top->samples += count;
	for (i = 0; i < TOP; i++) {
		if (count <= top->count[i])
			continue;
		swap(count, top->count[i]);
		swap(pid, top->pid[i]);
	}
	return 0;
}

static void print_top(void)
{
	struct shardmap_position pos = {};
	struct shardmap_view view;
	struct top top = {};
	unsigned int i;

	while (!shardmap_scan(seen, &pos, note, &top))
		cond_resched();
	pr_info("%llu samples of %llu processes\n", top.samples, top.processes);
	for (i = 0; i < TOP && top.count[i]; i++) {
		/* Nothing is copied: the entry stays as long as RCU is held. */
		rcu_read_lock();
		if (!shardmap_find_rcu(seen, &top.pid[i], sizeof(u32), &view)) {
			const struct hits *hits = view.value;

			pr_info("process %u (%s): %llu\n", top.pid[i],
				hits->comm, hits->count);
		}
		rcu_read_unlock();
	}
}

static int __init sample_init(void)
{
	/* Of very many processes those seen lately stay. */
	struct shardmap_params params = {
		.flags = SHARDMAP_EVICT,
		.max_key_len = sizeof(u32),
		.max_value_len = sizeof(struct hits),
		.max_entries = 10000,
	};

	seen = shardmap_create(&params);
	if (IS_ERR(seen))
		return PTR_ERR(seen);
	mod_timer(&timer, jiffies + 1);
	return 0;
}

static void __exit sample_exit(void)
{
	/* From here on nobody uses the table but us. */
	timer_delete_sync(&timer);
	print_top();
	shardmap_destroy(seen);
}

module_init(sample_init);
module_exit(sample_exit);

/* A module of its own tree has MODULE_IMPORT_NS(SHARDMAP), from 6.13 on "SHARDMAP". */
SHARDMAP_IMPORT_NS;
MODULE_DESCRIPTION(
	"Sample of the in-kernel API of shardmap: which processes run");
MODULE_LICENSE("GPL");
