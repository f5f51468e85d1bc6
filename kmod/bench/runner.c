// SPDX-License-Identifier: GPL-2.0-only
/*
 * Measures backends side by side at load and writes one line of JSON per
 * measurement to the kernel log.
 *
 * All backends of a round do the same operations on the same keys.  Rounds are
 * interleaved, so that what disturbs the machine disturbs all alike.
 */
#define pr_fmt(fmt) "shardmap_bench: " fmt

#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "bench.h"
#include "compat.h"

static unsigned int entries = 1000000;
module_param(entries, uint, 0444);
MODULE_PARM_DESC(entries, "entries in the table");

static unsigned int ops = 1000000;
module_param(ops, uint, 0444);
MODULE_PARM_DESC(ops, "operations per measurement and thread");

static unsigned int repeats = 5;
module_param(repeats, uint, 0444);
MODULE_PARM_DESC(repeats, "interleaved rounds");

static unsigned int threads = 1;
module_param(threads, uint, 0444);
MODULE_PARM_DESC(threads, "threads, bound round robin to the CPUs");

static char *backends = "";
module_param(backends, charp, 0444);
MODULE_PARM_DESC(backends, "backends to run, comma separated; all by default");

static char *payload = "8+8";
module_param(payload, charp, 0444);
MODULE_PARM_DESC(payload, "8+8 or 16+64");

static const struct bench_payload payloads[] = {
	{ .name = "8+8", .key_len = 8, .value_len = 8 },
	{ .name = "16+64", .key_len = 16, .value_len = 64 },
};

struct run {
	const struct bench_backend *backend;
	const struct bench_payload *payload;
	const struct work *work;
	void *map;
	unsigned int round;
};

struct work {
	const char *name;
	void (*fn)(const struct run *run, unsigned int thread);
	bool needs_del;
	bool once_per_entry;
};

static u64 mix(u64 x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9ULL;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

/* Key number @i; those from @entries on are in no table. */
static void make_key(u64 *key, u64 i)
{
	key[0] = mix(i + 1);
	key[1] = mix(i + 0x9e3779b97f4a7c15ULL);
}

/* The value of an entry leads to another entry, for dependent gets. */
static void make_value(u64 *value, u64 i)
{
	memset(value, 0, BENCH_VALUE_MAX);
	value[0] = mix(i + 77);
}

static u64 random_index(u64 *state)
{
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	return ((*state >> 32) * entries) >> 32;
}

static void work_hit(const struct run *run, unsigned int thread)
{
	u64 state = thread * 7919 + run->round;
	u64 key[2], value[BENCH_VALUE_MAX / 8];
	unsigned int i;

	for (i = 0; i < ops; i++) {
		make_key(key, random_index(&state));
		if (!run->backend->get(run->map, key, value))
			WARN_ONCE(1, "%s lost a key", run->backend->name);
		if (!(i & 1023))
			cond_resched();
	}
}

static void work_hit_dep(const struct run *run, unsigned int thread)
{
	u64 key[2], value[BENCH_VALUE_MAX / 8] = { thread + run->round };
	unsigned int i;

	for (i = 0; i < ops; i++) {
		u64 index =
			((u32)(value[0] ^ i * 2654435761U) * (u64)entries) >>
			32;

		make_key(key, index);
		run->backend->get(run->map, key, value);
		if (!(i & 1023))
			cond_resched();
	}
}

static void work_miss(const struct run *run, unsigned int thread)
{
	u64 state = thread * 7919 + run->round;
	u64 key[2], value[BENCH_VALUE_MAX / 8];
	unsigned int i;

	for (i = 0; i < ops; i++) {
		make_key(key, random_index(&state) + entries);
		if (run->backend->get(run->map, key, value))
			WARN_ONCE(1, "%s found an absent key",
				  run->backend->name);
		if (!(i & 1023))
			cond_resched();
	}
}

static void work_batch(const struct run *run, unsigned int thread)
{
	u64 state = thread * 7919 + run->round;
	u32 words = run->payload->key_len / 8;
	u64 *keys, *values, key[2];
	unsigned int i, k;

	keys = kmalloc(BENCH_BATCH * BENCH_KEY_MAX, GFP_KERNEL);
	values = kmalloc(BENCH_BATCH * BENCH_VALUE_MAX, GFP_KERNEL);
	if (WARN_ON(!keys || !values))
		goto free;
	for (i = 0; i < ops; i += BENCH_BATCH) {
		for (k = 0; k < BENCH_BATCH; k++) {
			make_key(key, random_index(&state));
			memcpy(&keys[k * words], key, words * 8);
		}
		if (run->backend->get_batch(run->map, keys, values) !=
		    BENCH_BATCH)
			WARN_ONCE(1, "%s lost a key", run->backend->name);
		cond_resched();
	}
free:
	kfree(values);
	kfree(keys);
}

static void write_keys(const struct run *run, u64 from, u64 to)
{
	u64 key[2], value[BENCH_VALUE_MAX / 8];
	u64 i;

	for (i = from; i < to; i++) {
		make_key(key, i);
		make_value(value, i);
		if (run->backend->put(run->map, key, value))
			WARN_ONCE(1, "%s refused a key", run->backend->name);
		if (!(i & 255))
			cond_resched();
	}
}

static void work_insert(const struct run *run, unsigned int thread)
{
	u64 share = entries / threads;

	write_keys(run, thread * share,
		   thread == threads - 1 ? entries : (thread + 1) * share);
}

static void work_update(const struct run *run, unsigned int thread)
{
	u64 state = thread * 7919 + run->round;
	u64 key[2], value[BENCH_VALUE_MAX / 8];
	unsigned int i;

	for (i = 0; i < ops; i++) {
		u64 index = random_index(&state);

		make_key(key, index);
		make_value(value, index);
		if (run->backend->put(run->map, key, value))
			WARN_ONCE(1, "%s refused a key", run->backend->name);
		if (!(i & 255))
			cond_resched();
	}
}

static void work_mix90(const struct run *run, unsigned int thread)
{
	u64 state = thread * 7919 + run->round;
	u64 key[2], value[BENCH_VALUE_MAX / 8];
	unsigned int i;

	for (i = 0; i < ops; i++) {
		u64 index = random_index(&state);

		make_key(key, index);
		if (i % 10) {
			run->backend->get(run->map, key, value);
		} else {
			make_value(value, index);
			if (run->backend->put(run->map, key, value))
				WARN_ONCE(1, "%s refused a key",
					  run->backend->name);
		}
		if (!(i & 255))
			cond_resched();
	}
}

static void work_delete(const struct run *run, unsigned int thread)
{
	u64 share = entries / threads;
	u64 key[2], i, end;

	end = thread == threads - 1 ? entries : (thread + 1) * share;
	for (i = thread * share; i < end; i++) {
		make_key(key, i);
		if (!run->backend->del(run->map, key))
			WARN_ONCE(1, "%s lost a key", run->backend->name);
		if (!(i & 255))
			cond_resched();
	}
}

static const struct work works[] = {
	{ "insert_grow", work_insert, .once_per_entry = true },
	{ "hit", work_hit },
	{ "hit_dep", work_hit_dep },
	{ "miss", work_miss, .needs_del = true },
	{ "batch32", work_batch },
	{ "mix90", work_mix90 },
	{ "update", work_update },
	{ "delete", work_delete, .needs_del = true, .once_per_entry = true },
};

struct thread {
	const struct run *run;
	unsigned int index;
	struct completion *start;
	struct completion done;
	struct task_struct *task;
};

static int thread_fn(void *arg)
{
	struct thread *thread = arg;

	wait_for_completion(thread->start);
	thread->run->work->fn(thread->run, thread->index);
	complete(&thread->done);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

/* Nanoseconds from the start of all threads to the end of the last. */
static s64 measure(const struct run *run)
{
	DECLARE_COMPLETION_ONSTACK(start);
	struct thread *t;
	unsigned int i;
	ktime_t begin;
	s64 ns;

	t = kcalloc(threads, sizeof(*t), GFP_KERNEL);
	if (!t)
		return -ENOMEM;
	for (i = 0; i < threads; i++) {
		t[i].run = run;
		t[i].index = i;
		t[i].start = &start;
		init_completion(&t[i].done);
		t[i].task = kthread_create(thread_fn, &t[i], "bench/%u", i);
		if (WARN_ON(IS_ERR(t[i].task)))
			return -ENOMEM;
		kthread_bind(t[i].task,
			     cpumask_local_spread(i % num_online_cpus(), 0));
		wake_up_process(t[i].task);
	}
	msleep(20);
	begin = ktime_get();
	complete_all(&start);
	for (i = 0; i < threads; i++)
		wait_for_completion(&t[i].done);
	ns = ktime_to_ns(ktime_sub(ktime_get(), begin));
	for (i = 0; i < threads; i++)
		kthread_stop(t[i].task);
	kfree(t);
	return ns;
}

static bool wanted(const char *name)
{
	const char *at = backends;
	size_t len = strlen(name);

	if (!*backends)
		return true;
	while ((at = strstr(at, name))) {
		if ((at == backends || at[-1] == ',') &&
		    (!at[len] || at[len] == ','))
			return true;
		at += len;
	}
	return false;
}

static void run_backend(const struct bench_backend *backend,
			const struct bench_payload *pl, unsigned int round)
{
	struct run run = { .backend = backend, .payload = pl, .round = round };
	unsigned int w;
	u64 total, bytes = 0;
	s64 ns;

	if (backend->max_entries && entries > backend->max_entries)
		return;
	run.map = backend->create(pl);
	if (IS_ERR(run.map)) {
		pr_err("%s: cannot create: %pe\n", backend->name, run.map);
		return;
	}
	for (w = 0; w < ARRAY_SIZE(works); w++) {
		run.work = &works[w];
		if (run.work->needs_del && !backend->del)
			continue;
		if (run.work->fn == work_batch && !backend->get_batch)
			continue;
		ns = measure(&run);
		total = run.work->once_per_entry ? entries : (u64)ops * threads;
		if (run.work->fn == work_insert && backend->settle)
			backend->settle(run.map);
		if (run.work->fn == work_insert && backend->bytes)
			bytes = backend->bytes(run.map);
		pr_info("{\"backend\":\"%s\",\"payload\":\"%s\",\"work\":\"%s\",\"threads\":%u,\"round\":%u,\"ops\":%llu,\"ns\":%lld,\"ps_per_op\":%llu,\"bytes_per_entry\":%llu}\n",
			backend->name, pl->name, run.work->name, threads, round,
			total, ns, div64_u64((u64)ns * 1000, total),
			div_u64(bytes, entries));
	}
	backend->destroy(run.map);
}

static int __init bench_init(void)
{
	unsigned int b, round, p;

	for (p = 0; p < ARRAY_SIZE(payloads); p++) {
		if (strcmp(payload, payloads[p].name))
			continue;
		for (round = 0; round < repeats; round++)
			for (b = 0; b < bench_nr_backends; b++)
				if (wanted(bench_backends[b]->name))
					run_backend(bench_backends[b],
						    &payloads[p], round);
	}
	return 0;
}

static void __exit bench_exit(void)
{
}

module_init(bench_init);
module_exit(bench_exit);

SHARDMAP_IMPORT_NS;
MODULE_DESCRIPTION("Side by side measurement of shardmap and its alternatives");
MODULE_LICENSE("GPL");
