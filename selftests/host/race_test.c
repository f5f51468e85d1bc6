// SPDX-License-Identifier: GPL-2.0-only
/*
 * Real threads on one table: what they see must fit what they did, and under
 * TSan no access may race.  Each thread works for a number of operations, not for
 * a time, so that a slow machine does the same work.
 *
 * A value carries its key, a number and a checksum of both, so that a torn or
 * misplaced value shows.
 */
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include <linux/jiffies.h>

#include "core/core.h"
#include "race.h"
#include "table_check.h"
#include "tap.h"

/* The others go on until these have done their operations. */
static bool is_writer(const struct task *task)
{
	return task->work == writer || task->work == grower ||
	       task->work == adder || task->work == put_and_take ||
	       task->work == careless_writer || task->work == heater ||
	       task->work == counting || task->work == planted ||
	       task->work == mover || task->work == swapper ||
	       task->work == producer || task->work == mortal ||
	       task->work == evicting || task->work == stopped ||
	       task->work == watched;
}

static void *run_task(void *arg)
{
	struct task *task = arg;

	host_thread_enter();
	task->work(task);
	if (is_writer(task))
		__atomic_fetch_sub(&writers_left, 1, __ATOMIC_RELAXED);
	host_thread_exit();
	return NULL;
}

/* Run a thread for each of @works, which ends with NULL; returns what they added. */
static u64 run_tasks(void (*const *works)(struct task *))
{
	struct task tasks[MAX_THREADS] = {};
	unsigned int i, n;
	u64 added = 0;

	writers_left = 0;
	for (n = 0; works[n]; n++) {
		tasks[n].work = works[n];
		tasks[n].index = n;
		tasks[n].random = n + 1;
		writers_left += is_writer(&tasks[n]);
	}
	for (i = 0; i < n; i++)
		if (pthread_create(&tasks[i].thread, NULL, run_task, &tasks[i]))
			err_exit("pthread_create");
	for (i = 0; i < n; i++) {
		pthread_join(tasks[i].thread, NULL);
		added += tasks[i].added;
	}
	return added;
}

/* What the tables of this round are: 0 or SHARDMAP_INLINE. */
static unsigned int kind;

/* Limits of the next table. */
static u64 max_entries, max_bytes;

static void empty_table_make(unsigned int nr_shards)
{
	struct shardmap_params params = { .flags = kind,
					  .nr_shards = nr_shards,
					  .max_entries = max_entries,
					  .max_bytes = max_bytes };

	if (kind & SHARDMAP_INLINE) {
		params.max_key_len = 8;
		params.max_value_len = 8;
	}
	wrongs = 0;
	if (sm_core_init())
		err_exit("sm_core_init");
	map = shardmap_create(&params);
	if (IS_ERR(map))
		err_exit("shardmap_create");
}

static void table_make(unsigned int nr_shards)
{
	u64 key;

	empty_table_make(nr_shards);
	for (key = 0; key < STABLE_KEYS; key++)
		if (put(key, key, SHARDMAP_PUT_NOEXIST))
			wrong("the first put");
}

/* Work that is queued may still go on, and must all end at exit. */
static bool table_end(void)
{
	const char *bad;

	flush_workqueue(sm_wq);
	bad = table_check(map);
	if (bad)
		wrong(bad);
	shardmap_destroy(map);
	sm_core_exit();
	if (host_live_allocations())
		wrong("memory leaked");
	return !wrongs;
}

static u64 sum_counters(void)
{
	u64 key, number, sum = 0;
	unsigned int n;

	for (n = 0; n < COUNTERS; n++) {
		struct shardmap_value v = { .buf = &number, .len = 8 };

		key = COUNTER_KEY + n;
		if (!shardmap_get(map, &key, sizeof(key), &v))
			sum += number;
	}
	return sum;
}

static bool readers_and_writers(void)
{
	static void (*const works[])(struct task *) = { reader, reader,	 writer,
							writer, figures, NULL };

	table_make(4);
	run_tasks(works);
	return table_end();
}

static bool growth_and_shrinking(void)
{
	static void (*const works[])(struct task *) = { reader, grower,	 grower,
							writer, scanner, NULL };
	struct shardmap_stats stats;

	table_make(2);
	run_tasks(works);
	shardmap_get_stats(map, &stats);
	if (ops >= 5000 && stats.resizes < 8)
		wrong("too few resizes for a test");
	return table_end();
}

static bool adds(void)
{
	static void (*const works[])(struct task *) = { adder, adder, scanner,
							grower, NULL };
	u64 added;

	table_make(2);
	added = run_tasks(works);
	if (sum_counters() != added)
		wrong("add: the sum");
	return table_end();
}

static bool scans(void)
{
	static void (*const works[])(struct task *) = { scanner, scanner,
							writer, grower, NULL };

	table_make(1);
	run_tasks(works);
	return table_end();
}

static bool clears(void)
{
	static void (*const works[])(struct task *) = { clearer, put_and_take,
							put_and_take, NULL };
	u64 balance;

	table_make(2);
	balance = run_tasks(works);
	if (balance + shardmap_count(map) != STABLE_KEYS)
		wrong("clear: entries that went in and did not come out");
	return table_end();
}

static bool failed_allocations(void)
{
	static void (*const works[])(struct task *) = { careless_writer,
							careless_writer,
							failing, reader, NULL };

	table_make(2);
	run_tasks(works);
	return table_end();
}

static bool hot_bucket(void)
{
	static void (*const works[])(struct task *) = { hot_reader, hot_reader,
							hot_scanner, heater,
							NULL };
	unsigned int n = 0;
	u64 key;

	empty_table_make(1);
	line_keys = sm_is_inline(map) ? SM_CELLS : SM_SLOTS;
	for (key = 0; n < line_keys + 2; key++)
		if (!(sm_hash(map, &key, sizeof(key)) >> 54))
			hot_keys[n++] = key;
	for (n = 0; n < line_keys; n++)
		if (put(hot_keys[n], n, SHARDMAP_PUT_NOEXIST))
			wrong("the first put");
	WRITE_ONCE(host_window_every, 4);
	run_tasks(works);
	WRITE_ONCE(host_window_every, WINDOW_EVERY);
	return table_end();
}

static bool versions(void)
{
	static void (*const works[])(struct task *) = { counting,
							version_reader,
							version_reader, NULL };

	empty_table_make(1);
	WRITE_ONCE(host_window_every, 4);
	run_tasks(works);
	WRITE_ONCE(host_window_every, WINDOW_EVERY);
	return table_end();
}

static bool transfers(void)
{
	static void (*const works[])(struct task *) = { mover,	 mover,
							auditor, auditor,
							grower,	 NULL };

	empty_table_make(4);
	open_accounts();
	run_tasks(works);
	return table_end();
}

static bool swaps(void)
{
	static void (*const works[])(struct task *) = { swapper, swapper,
							swapper, NULL };
	u64 key = COUNTER_KEY, number = 0;
	struct shardmap_value v = { .buf = &number, .len = 8 };

	empty_table_make(1);
	open_accounts();
	if (run_tasks(works) != 3 * (ops / 2) ||
	    shardmap_get(map, &key, sizeof(key), &v) || number != 3 * (ops / 2))
		wrong("cas: an increment is lost");
	return table_end();
}

static bool takes(void)
{
	static void (*const works[])(struct task *) = { producer, producer,
							taker, taker, NULL };

	empty_table_make(2);
	if (run_tasks(works) != take_the_rest())
		wrong("take: something is lost, or taken twice");
	return table_end();
}

static bool changes(void)
{
	static void (*const works[])(struct task *) = { counting, teller, asker,
							asker, NULL };

	empty_table_make(1);
	WRITE_ONCE(host_window_every, 4);
	run_tasks(works);
	WRITE_ONCE(host_window_every, WINDOW_EVERY);
	return table_end();
}

static bool times(void)
{
	static void (*const works[])(struct task *) = { mortal, mortal, mourner,
							clock_mover, NULL };
	unsigned int i;

	if (kind & SHARDMAP_INLINE)
		return true;
	empty_table_make(2);
	run_tasks(works);
	/* The work takes back what is left. */
	for (i = 0; i < 2000 && shardmap_count(map); i++) {
		host_time_pass(HZ);
		flush_workqueue(sm_wq);
		sched_yield();
	}
	if (shardmap_count(map))
		wrong("ttl: entries stay after their time");
	return table_end();
}

static bool evictions(void)
{
	static void (*const works[])(struct task *) = { evicting, evicting,
							limit_watcher, NULL };

	if (kind & SHARDMAP_INLINE)
		return true;
	kind |= SHARDMAP_EVICT;
	max_entries = 500;
	max_bytes = 30000;
	empty_table_make(4);
	watch_all();
	run_tasks(works);
	compare_all();
	max_entries = max_bytes = 0;
	return table_end();
}

static bool freezes(void)
{
	static void (*const works[])(struct task *) = { stopped, stopped,
							freezer, NULL };
	static void (*const evicts[])(struct task *) = { evicting, evicting,
							 freezer, NULL };
	unsigned long all = ops;
	unsigned int i;
	bool passed = true;

	ops /= 8;
	for (i = 0; i < 8 && passed; i++) {
		bool evict = i % 2 && !(kind & SHARDMAP_INLINE);

		kind |= evict ? SHARDMAP_EVICT : 0;
		max_entries = evict ? 50 : 0;
		empty_table_make(2);
		run_tasks(evict ? evicts : works);
		passed = table_end();
		kind &= ~SHARDMAP_EVICT;
	}
	max_entries = 0;
	ops = all;
	return passed;
}

static bool reservations(void)
{
	static void (*const works[])(struct task *) = { reserver, grower,
							put_and_take, reader,
							NULL };

	table_make(4);
	run_tasks(works);
	return table_end();
}

static bool watches(void)
{
	static void (*const works[])(
		struct task *) = { watched, watched, onlooker, onlooker, NULL };

	empty_table_make(2);
	watch_all();
	run_tasks(works);
	compare_all();
	return table_end();
}

/* With --plant.  TSan ends the program. */
static bool planted_race(void)
{
	static void (*const works[])(struct task *) = { planted, reader, NULL };

	table_make(1);
	run_tasks(works);
	return table_end();
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "ops", required_argument, NULL, 'o' },
		{ "plant", no_argument, NULL, 'p' },
		{}
	};
	static const struct {
		bool (*run)(void);
		const char *name;
	} tests[] = {
		{ readers_and_writers,
		  "values_are_whole_and_stable_keys_stay" },
		{ growth_and_shrinking, "no_key_is_lost_while_shards_resize" },
		{ hot_bucket, "a_line_that_overflows_loses_nothing" },
		{ adds, "adds_sum_up" },
		{ scans, "scans_show_each_stable_key_once" },
		{ clears, "what_goes_in_comes_out_once" },
		{ versions, "no_version_is_newer_than_its_number" },
		{ failed_allocations, "failed_allocations_do_no_harm" },
		{ transfers, "sums_stay_while_two_keys_change_at_once" },
		{ swaps, "no_increment_by_cas_is_lost" },
		{ takes, "what_is_put_is_taken_once" },
		{ changes, "unchanged_is_said_of_nothing_that_changed" },
		{ times, "nothing_is_shown_after_its_time" },
		{ evictions, "eviction_keeps_the_limits" },
		{ freezes, "nothing_changes_after_a_freeze" },
		{ reservations, "reservations_are_made_while_writers_run" },
		{ watches, "watchers_see_what_the_table_has" },
	};
	bool plant = false;
	char name[80];
	unsigned int i;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'o')
			ops = strtoul(optarg, NULL, 0);
		else if (option == 'p')
			plant = true;
		else
			return 2;
	}
	host_init(1, false);
	WRITE_ONCE(host_window_every, WINDOW_EVERY);
	if (plant) {
		planted_race();
		return tap_end();
	}
	for (i = 0; i < ARRAY_SIZE(tests); i++) {
		kind = 0;
		tap_result(tests[i].run(), tests[i].name);
		kind = SHARDMAP_INLINE;
		snprintf(name, sizeof(name), "inline_%s", tests[i].name);
		tap_result(tests[i].run(), name);
	}
	return tap_end();
}
