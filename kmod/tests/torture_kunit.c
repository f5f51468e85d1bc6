// SPDX-License-Identifier: GPL-2.0-only
/*
 * Torture: what readers find may age while they hold it, and not beyond that.
 *
 * Threads and tasklets store, replace and remove values that stand for elements.
 * Readers find one, linger in their read-side critical section, are interrupted or
 * preempted, look others up, and then look at it again.  The table grows, shrinks,
 * is reserved for, scanned and cleared; entries end or are evicted.  In the end each
 * element that was stored is in the table or was accounted for when it left.
 */
#include <linux/delay.h>
#include <linux/rcupdate.h>
#include <linux/timekeeping.h>
#include <linux/torture.h>

#include "torture.h"

/* Half of all operations are on few keys. */
#define HOT_KEYS 16
#define KEYS 4000

/* Within this time a reader that waits for an interrupt has one. */
#define INTERRUPT_NS 30000
#define LINGER_US 200

/* Lines that a shard may keep for later. */
#define SPARES 2

struct torture_load;

/**
 * struct victim - a thread, and what interrupts it
 * @in: looks up in hardirq context, updates in softirq context
 * @load: what all have in common
 * @thread: updates of the thread
 * @tasklet: updates of the tasklet
 * @key: key that the interrupt is about
 * @lookups: lookups in hardirq context
 * @came: the interrupt came
 */
struct victim {
	struct smt_interrupt in;
	struct torture_load *load;
	struct smt_writer thread;
	struct smt_writer tasklet;
	u64 key;
	u64 lookups;
	bool came;
};

/**
 * struct torture_load - threads and their interrupts at one table
 * @t: the table
 * @most: entries from which on it shrinks
 * @pos: where the scan is
 * @victim: one per thread
 */
struct torture_load {
	struct smt_torture t;
	u64 most;
	struct shardmap_position pos;
	struct victim victim[16];
};

static u64 pick_key(u64 *random)
{
	u64 r = smt_random(random);

	return smt_mix(r & 1 ? (r >> 1) % HOT_KEYS : (r >> 1) % KEYS);
}

static void interrupt_reads(struct smt_interrupt *in)
{
	struct victim *v = container_of(in, struct victim, in);
	struct smt_sight sight;
	const char *problem;

	rcu_read_lock();
	problem = smt_torture_find(&v->load->t, READ_ONCE(v->key), &sight);
	rcu_read_unlock();
	v->lookups++;
	if (problem)
		in->problem = problem;
}

/* The very key that the thread has just found goes, if it may. */
static void interrupt_writes(struct smt_interrupt *in)
{
	struct victim *v = container_of(in, struct victim, in);
	u64 key = READ_ONCE(v->key);
	const char *problem =
		smt_torture_write(&v->tasklet, key, key, GFP_ATOMIC);

	smt_pool_age(v->load->t.pool, 8);
	if (problem)
		in->problem = problem;
	WRITE_ONCE(v->came, true);
}

static void wait_for_interrupt(struct victim *v, u64 key)
{
	unsigned int i;

	WRITE_ONCE(v->key, key);
	WRITE_ONCE(v->came, false);
	smt_interrupt_arm(&v->in, INTERRUPT_NS, &v->thread.random);
	for (i = 0; i < LINGER_US && !READ_ONCE(v->came); i++)
		udelay(1);
}

/* In the middle of a read-side critical section */
static const char *linger(struct victim *v, u64 key)
{
	struct smt_sight other;
	const char *problem = NULL;

	switch (smt_random(&v->thread.random) % 8) {
	case 0:
	case 1:
		wait_for_interrupt(v, key);
		break;
	case 2:
		udelay(smt_random(&v->thread.random) % LINGER_US);
		break;
	case 3:
		/* Only where readers may be preempted. */
		torture_preempt_schedule();
		break;
	case 4:
		rcu_read_lock();
		problem = smt_torture_find(&v->load->t,
					   pick_key(&v->thread.random), &other);
		rcu_read_unlock();
		break;
	}
	return problem;
}

static const char *read_slowly(struct victim *v, u64 key)
{
	struct smt_torture *t = &v->load->t;
	struct smt_sight sight;
	const char *problem;

	rcu_read_lock();
	problem = smt_torture_find(t, key, &sight);
	if (!problem && sight.word)
		problem = linger(v, key) ?: smt_torture_check(t, &sight);
	rcu_read_unlock();
	return problem;
}

static const char *clear_all(struct smt_torture *t)
{
	struct shardmap_position pos = {};
	u64 removed = 0;
	int done;

	while (!(done = shardmap_clear_step(t->map, &pos, &removed)))
		cond_resched();
	atomic64_add(removed, &t->cleared);
	return done < 0 && done != -ENOMEM ? "a clear failed" : NULL;
}

/* Thread 0 does what concerns the table as a whole, now and then. */
static const char *upheave(struct torture_load *load, u64 *random)
{
	struct smt_torture *t = &load->t;
	u64 count = shardmap_count(t->map), r = smt_random(random);
	int err;

	if (count > load->most)
		WRITE_ONCE(t->shrinking, true);
	else if (count < load->most / 8)
		WRITE_ONCE(t->shrinking, false);
	switch (r % 64) {
	case 0:
		return t->forgetful ? NULL : clear_all(t);
	case 1:
		err = shardmap_reserve(t->map, r & 64 ? load->most : 0);
		return err && err != -ENOMEM ? "a reservation failed" : NULL;
	}
	return smt_torture_scan(t, &load->pos);
}

static const char *sweep(struct smt_torture *t, u64 *random)
{
	unsigned int i;
	const char *problem = NULL;

	for (i = 0; i < 16 && !problem; i++)
		problem = smt_torture_sweep(
			t,
			&t->pool->element[smt_random(random) % SMT_ELEMENTS]);
	smt_pool_age(t->pool, 64);
	return problem;
}

static const char *torture_step(struct smt_worker *w)
{
	struct torture_load *load = w->crew->arg;
	struct victim *v = &load->victim[w->index];
	u64 *random = &v->thread.random, r = smt_random(random);
	u64 key = pick_key(random);

	if (!w->index && r % 16 == 0)
		return upheave(load, random);
	switch (r / 16 % 16) {
	case 0 ... 6:
		return read_slowly(v, key);
	case 7:
		return sweep(&load->t, random);
	case 8:
		return smt_torture_write(&v->thread, key, pick_key(random),
					 GFP_KERNEL);
	default:
		return smt_torture_write(&v->thread, key, key, GFP_KERNEL);
	}
}

/* Values in entries of their own, numbers that change in place, cells. */
static const struct torture_kind {
	const char *name;
	bool long_values;
	u64 ttl;
	struct shardmap_params params;
} kinds[] = {
	{ "values", true, 0, { .nr_shards = 2 } },
	{ "ttl", true, 3 * NSEC_PER_MSEC, { .nr_shards = 2 } },
	{ "evict", true, 0, { SHARDMAP_EVICT, 2, .max_entries = 80 } },
	{ "numbers", false, 0, { .nr_shards = 1 } },
	{ "inline", false, 0, { SHARDMAP_INLINE, 1, 8, 8 } },
};

static const void *kinds_gen_params(const void *prev, char *desc)
{
	const struct torture_kind *kind = prev;

	kind = kind ? kind + 1 : kinds;
	if (kind == kinds + ARRAY_SIZE(kinds))
		return NULL;
	strscpy(desc, kind->name, KUNIT_PARAM_DESC_SIZE);
	return kind;
}

static void start_writer(struct smt_writer *w, struct torture_load *load,
			 u64 seed)
{
	w->t = &load->t;
	w->random = smt_mix(seed);
}

static struct torture_load *new_load(struct kunit *test)
{
	const struct torture_kind *kind = test->param_value;
	struct torture_load *load =
		kunit_kzalloc(test, sizeof(*load), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, load);
	load->t.map = smt_create(test, &kind->params);
	load->t.pool = smt_pool_create(test);
	load->t.long_values = kind->long_values;
	load->t.ttl = kind->ttl;
	for (i = 0; i < ARRAY_SIZE(load->victim); i++) {
		struct victim *v = &load->victim[i];

		v->load = load;
		start_writer(&v->thread, load, 2000 + i);
		start_writer(&v->tasklet, load, 3000 + i);
		smt_interrupt_init(&v->in, interrupt_reads, interrupt_writes);
	}
	return load;
}

static void run(struct kunit *test, struct torture_load *load, unsigned int nr,
		u64 steps)
{
	struct smt_crew crew = {
		.map = load->t.map,
		.arg = load,
		.step = torture_step,
		.nr = nr,
		.steps = steps,
	};
	unsigned int i;

	load->most = clamp_t(u64, steps / 16, 100, KEYS / 2);
	smt_crew_run(test, &crew);
	for (i = 0; i < ARRAY_SIZE(load->victim); i++) {
		struct victim *v = &load->victim[i];

		smt_interrupt_stop(test, &v->in);
		smt_count_ops(v->tasklet.ops + v->lookups);
		v->tasklet.ops = 0;
		v->lookups = 0;
	}
}

/* Values stored that the table itself does not say to have removed. */
static s64 expected_count(struct smt_torture *t)
{
	struct shardmap_stats stats;

	shardmap_get_stats(t->map, &stats);
	return atomic64_read(&t->stored) - atomic64_read(&t->left) -
	       atomic64_read(&t->cleared) - stats.evicted - stats.expired;
}

/* All that was stored is there, and nothing else. */
static void check_contents(struct kunit *test, struct smt_torture *t)
{
	u64 there;

	/* Nothing may end while it is counted. */
	smt_wait_until(ktime_get_boottime_ns() + t->ttl);
	there = smt_torture_in_table(t);
	smt_expect_sound(test, t->map);
	KUNIT_EXPECT_EQ(test, there, smt_walk_count(t->map));
	/* What is over counts until its memory is taken back. */
	if (t->ttl)
		return;
	KUNIT_EXPECT_EQ(test, there, shardmap_count(t->map));
	KUNIT_EXPECT_EQ(test, there, expected_count(t));
}

/* Nothing is left of it, neither in the table nor in the pool. */
static void check_memory(struct kunit *test, struct smt_torture *t,
			 const struct shardmap_stats *before)
{
	struct shardmap_stats stats;

	KUNIT_EXPECT_EQ(test, 0, shardmap_reserve(t->map, 0));
	KUNIT_EXPECT_NULL(test, clear_all(t));
	smt_settle(t->map);
	smt_drain(t->map);
	shardmap_get_stats(t->map, &stats);
	KUNIT_EXPECT_EQ(test, 0, stats.entries);
	KUNIT_EXPECT_EQ(test, 0, stats.entry_bytes);
	KUNIT_EXPECT_EQ(test, 0, stats.deferred_bytes);
	KUNIT_EXPECT_EQ(test, before->buckets, stats.buckets);
	/* Lines may be left that a change of several keys did not need. */
	KUNIT_EXPECT_LE(test, stats.index_bytes,
			before->index_bytes +
				SPARES * stats.nr_shards * SM_LINE_BYTES);
	KUNIT_EXPECT_EQ(test, 0, expected_count(t));
	KUNIT_EXPECT_EQ(test, 0, smt_torture_in_table(t));
	smt_pool_drain(t->pool);
	KUNIT_EXPECT_EQ(test, SMT_ELEMENTS, t->pool->nr_free);
}

static void tell(struct kunit *test, const struct torture_load *load)
{
	const struct smt_torture *t = &load->t;
	struct shardmap_stats stats;

	shardmap_get_stats(t->map, &stats);
	kunit_info(test, "stored %llu, skipped %llu, resizes %llu\n",
		   atomic64_read(&t->stored), atomic64_read(&t->skipped),
		   stats.resizes);
	kunit_info(test, "cleared %llu, evicted %llu, expired %llu\n",
		   atomic64_read(&t->cleared), stats.evicted, stats.expired);
	kunit_info(test, "seen %llu, aged %llu, too old %llu\n",
		   atomic64_read(&t->pool->seen[0]),
		   atomic64_read(&t->pool->seen[1]), smt_pool_too_old(t->pool));
}

static void nobody_sees_what_is_gone_for_long(struct kunit *test)
{
	struct torture_load *load = new_load(test);
	unsigned int nr, most = 4 * num_online_cpus();
	struct shardmap_stats before;

	shardmap_get_stats(load->t.map, &before);
	for (nr = 2; nr <= most; nr *= 4) {
		run(test, load, nr, smt_ops(2 * ARRAY_SIZE(kinds)));
		check_contents(test, &load->t);
	}
	tell(test, load);
	KUNIT_EXPECT_EQ(test, 0, smt_pool_too_old(load->t.pool));
	/* Readers did hold what had gone meanwhile, or this tested nothing. */
	KUNIT_EXPECT_GT(test, atomic64_read(&load->t.pool->seen[1]), 0);
	check_memory(test, &load->t, &before);
}

/* The controls: what the suite is to notice must be noticed. */
static void expect_noticed(struct kunit *test, struct torture_load *load)
{
	load->t.pool->parks = true;
	/* What ends by itself is seldom seen for long enough. */
	load->t.ttl = 0;
	run(test, load, 2, 2000);
	tell(test, load);
	KUNIT_EXPECT_GT(test, smt_pool_too_old(load->t.pool), 0);
}

static void no_grace_period_is_noticed(struct kunit *test)
{
	struct torture_load *load = new_load(test);

	load->t.pool->hasty = true;
	expect_noticed(test, load);
}

static void what_did_not_leave_is_noticed(struct kunit *test)
{
	struct torture_load *load = new_load(test);

	load->t.forgetful = true;
	expect_noticed(test, load);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(nobody_sees_what_is_gone_for_long, kinds_gen_params),
	KUNIT_CASE_PARAM(no_grace_period_is_noticed, kinds_gen_params),
	KUNIT_CASE_PARAM(what_did_not_leave_is_noticed, kinds_gen_params),
	{}
};

struct kunit_suite smt_torture_suite = {
	.name = "shardmap_torture",
	.suite_init = smt_suite_init,
	.suite_exit = smt_suite_exit,
	.test_cases = cases,
};
