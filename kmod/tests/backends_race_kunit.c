// SPDX-License-Identifier: GPL-2.0-only
/* The alternatives under several threads at once. */
#include <linux/sched.h>

#include "backends.h"

/* Keys that all read and one thread each writes. */
#define OWNED_KEYS 32
/* Keys that stay, from this number on. */
#define STABLE_ID 1000
#define STABLE_KEYS 64
/* Keys that are never there. */
#define ABSENT_ID 2000
/* Each thread's own keys, of which it keeps some while it puts new ones. */
#define PASSING_ID(thread, n) ((1U << 23) + ((thread) << 18) + (n) % (1U << 18))
#define MAX_THREADS 4

/**
 * struct owned - what the owner of a key tells the others
 * @started: number of the operation that it has begun
 * @done: number of the operation that it has ended
 */
struct owned {
	u64 started;
	u64 done;
};

/**
 * struct arena - a map, and what the threads know of it
 * @m: the map
 * @keys: number of keys, where each thread visits all
 * @passing: for each thread, how many keys it has put so far
 * @owned: for each key, how far its owner is
 */
struct arena {
	struct smb_map *m;
	u32 keys;
	u64 passing[MAX_THREADS];
	struct owned owned[OWNED_KEYS];
};

static struct arena *arena_create(struct kunit *test)
{
	struct arena *a = kunit_kzalloc(test, sizeof(*a), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, a);
	a->m = smb_create(test);
	return a;
}

static s64 run(struct kunit *test, struct arena *a,
	       const char *(*step)(struct smt_worker *w), u64 steps)
{
	struct smt_crew crew = {
		.arg = a,
		.step = step,
		.nr = IS_ENABLED(CONFIG_SMP) ? MAX_THREADS : 3,
		.steps = steps,
	};

	smt_crew_run(test, &crew);
	return crew.balance;
}

/* Every fourth operation deletes the key; the others put their number. */
static bool is_absent_after(u64 operation)
{
	return !operation || operation % 4 == 3;
}

static const char *write_owned(struct smt_worker *w, struct arena *a)
{
	u32 id = smt_random(&w->random) % (OWNED_KEYS / w->crew->nr) *
			 w->crew->nr +
		 w->index;
	struct owned *key = &a->owned[id];
	u64 n = key->done + 1;

	WRITE_ONCE(key->started, n);
	/* Who sees the operation's effect sees it started: smp_rmb() in read_owned(). */
	smp_wmb();
	if (!is_absent_after(n)) {
		if (smb_put(a->m, id, n))
			return "put: error";
	} else if (!smb_del(a->m, id)) {
		return "del: the owner's key is not there";
	}
	/* Pairs with smp_load_acquire() in read_owned(). */
	smp_store_release(&key->done, n);
	return NULL;
}

/* What is found was put by an operation that can have been the last one. */
static const char *read_owned(struct smt_worker *w, struct arena *a)
{
	u32 id = smt_random(&w->random) % OWNED_KEYS;
	struct owned *key = &a->owned[id];
	enum smb_found found;
	u64 from, to, n;

	/* Pairs with smp_store_release() in write_owned(). */
	from = smp_load_acquire(&key->done);
	found = smb_get(a->m, id, &n);
	/* Pairs with smp_wmb() in write_owned(). */
	smp_rmb();
	to = READ_ONCE(key->started);
	if (found == SMB_TORN)
		return "a value is torn or another key's";
	if (found == SMB_FOUND) {
		if (n < from || n > to)
			return smt_problem(w, "found %llu, not of %llu to %llu",
					   n, from, to);
		return is_absent_after(n) ? "a value nobody put" : NULL;
	}
	while (from <= to && !is_absent_after(from))
		from++;
	return from > to ? "a key that is there was not found" : NULL;
}

#define KEPT 24U

/* Put a new key, delete an old one: makes maps with two halves exchange them. */
static const char *pass_on(struct smt_worker *w, struct arena *a)
{
	u64 n = a->passing[w->index]++, number;

	w->extra_ops += 3;
	if (smb_put(a->m, PASSING_ID(w->index, n), n))
		return "put: error";
	if (n >= KEPT && !smb_del(a->m, PASSING_ID(w->index, n - KEPT)))
		return "del: a thread's own key is not there";
	if (n >= KEPT && smb_get(a->m, PASSING_ID(w->index, n - KEPT),
				 &number) != SMB_ABSENT)
		return "a deleted key is there";
	if (smb_get(a->m, PASSING_ID(w->index, n), &number) != SMB_FOUND ||
	    number != n)
		return "a thread's own value is not there";
	return NULL;
}

static const char *read_many(struct smt_worker *w, struct arena *a)
{
	enum smb_found found[BENCH_BATCH];
	u64 numbers[BENCH_BATCH];
	u32 ids[BENCH_BATCH];
	unsigned int i, nr;

	for (i = 0; i < BENCH_BATCH; i++)
		ids[i] = i % 2 ? STABLE_ID + i : i;
	nr = smb_get_batch(a->m, ids, found, numbers);
	w->extra_ops += BENCH_BATCH - 1;
	if (nr < BENCH_BATCH / 2 || nr > BENCH_BATCH)
		return "a batch lacks keys that stay";
	for (i = 0; i < BENCH_BATCH; i++)
		if (found[i] == SMB_TORN || (i % 2 && found[i] != SMB_FOUND))
			return "a batch has a value that is torn or not there";
	return NULL;
}

static const char *own_and_pass(struct smt_worker *w)
{
	struct arena *a = w->crew->arg;

	switch (smt_random(&w->random) % 8) {
	case 0:
	case 1:
		return write_owned(w, a);
	case 2:
	case 3:
		return pass_on(w, a);
	case 4:
		if (a->m->backend->get_batch)
			return read_many(w, a);
		fallthrough;
	default:
		return read_owned(w, a);
	}
}

static void fill_stable(struct kunit *test, struct arena *a)
{
	u32 i;

	for (i = 0; i < STABLE_KEYS; i++)
		KUNIT_ASSERT_EQ(test, 0, smb_put(a->m, STABLE_ID + i, i));
}

/* All keys are there that should be; then delete them, and none is. */
static void expect_end(struct kunit *test, struct arena *a)
{
	unsigned int i;
	u64 n, number;

	for (i = 0; i < OWNED_KEYS; i++) {
		bool absent = is_absent_after(a->owned[i].done);

		KUNIT_EXPECT_EQ(test, absent ? SMB_ABSENT : SMB_FOUND,
				(int)smb_get(a->m, i, &number));
		KUNIT_EXPECT_EQ(test, !absent, smb_del(a->m, i));
		KUNIT_EXPECT_FALSE(test, smb_del(a->m, i));
	}
	for (i = 0; i < STABLE_KEYS; i++)
		KUNIT_EXPECT_TRUE(test, smb_del(a->m, STABLE_ID + i));
	for (i = 0; i < MAX_THREADS; i++)
		for (n = a->passing[i]; n > 0 && n + KEPT > a->passing[i]; n--)
			KUNIT_EXPECT_TRUE(test,
					  smb_del(a->m, PASSING_ID(i, n - 1)));
}

static void reads_return_the_latest_value_whole(struct kunit *test)
{
	struct arena *a = arena_create(test);

	fill_stable(test, a);
	run(test, a, own_and_pass, smb_steps());
	expect_end(test, a);
}

/* Thread 0 grows the map and empties it; the others look for keys that stay. */
static const char *read_stable(struct smt_worker *w)
{
	struct arena *a = w->crew->arg;
	u64 number, n = w->seen[0]++ % (2 * a->keys);
	u32 i = smt_random(&w->random) % STABLE_KEYS;

	if (!w->index) {
		u32 id = PASSING_ID(0, n % a->keys);

		if (n >= a->keys)
			return smb_del(a->m, id) ? NULL : "del: lost a key";
		return smb_put(a->m, id, n) ? "put: error" : NULL;
	}
	if (smb_get(a->m, STABLE_ID + i, &number) != SMB_FOUND || number != i)
		return "a key that stays was not found";
	w->extra_ops++;
	if (smb_get(a->m, ABSENT_ID + i, &number) != SMB_ABSENT)
		return "an absent key is there";
	return NULL;
}

static void keys_that_stay_are_always_found(struct kunit *test)
{
	u64 steps = smb_steps(), left;
	struct arena *a = arena_create(test);
	u32 i;

	a->keys = smb_capacity(a->m, clamp_t(u64, steps / 6, 200, 20000));
	fill_stable(test, a);
	run(test, a, read_stable, steps);
	for (i = 0; i < STABLE_KEYS; i++)
		KUNIT_EXPECT_TRUE(test, smb_del(a->m, STABLE_ID + i));
	for (left = 0, i = 0; i < a->keys; i++)
		left += smb_del(a->m, PASSING_ID(0, i));
	KUNIT_EXPECT_LE(test, left, a->keys);
}

/* All threads visit all keys, each from another one on. */
static u32 visit(struct smt_worker *w, struct arena *a)
{
	return (w->step + w->index * (a->keys / w->crew->nr)) % a->keys;
}

static const char *put_all(struct smt_worker *w)
{
	struct arena *a = w->crew->arg;
	u32 id = visit(w, a);
	u64 number;

	if (smb_put(a->m, id, w->index + 1))
		return "put: error";
	w->extra_ops++;
	if (smb_get(a->m, id, &number) != SMB_FOUND || number > w->crew->nr)
		return "a key that was put is not there";
	return NULL;
}

static const char *del_all(struct smt_worker *w)
{
	struct arena *a = w->crew->arg;

	w->balance -= smb_del(a->m, visit(w, a));
	return NULL;
}

static void inserts_are_not_lost_nor_doubled(struct kunit *test)
{
	u64 steps = smb_steps(), number;
	struct arena *a = arena_create(test);
	u32 i;

	a->keys = smb_capacity(a->m, steps / MAX_THREADS);
	run(test, a, put_all, steps);
	for (i = 0; i < a->keys; i++)
		KUNIT_EXPECT_EQ(test, SMB_FOUND,
				(int)smb_get(a->m, i, &number));
	/* One deletion of each key succeeds, whoever tries. */
	KUNIT_EXPECT_EQ(test, -(s64)a->keys, run(test, a, del_all, steps));
	for (i = 0; i < a->keys; i++)
		KUNIT_EXPECT_EQ(test, SMB_ABSENT,
				(int)smb_get(a->m, i, &number));
}

static const char *put_del_or_get(struct smt_worker *w)
{
	struct arena *a = w->crew->arg;
	u32 id = smt_random(&w->random) % OWNED_KEYS;
	u64 number;

	switch (smt_random(&w->random) % 4) {
	case 0:
		smb_del(a->m, id);
		return NULL;
	case 1:
		number = smt_random(&w->random) >> (64 - SMB_NUMBER_BITS);
		return smb_put(a->m, id, number) ? "put: error" : NULL;
	case 2:
		return pass_on(w, a);
	default:
		return smb_get(a->m, id, &number) == SMB_TORN ?
			       "a value is torn or another key's" :
			       NULL;
	}
}

static void deleted_and_put_again_by_many(struct kunit *test)
{
	struct arena *a = arena_create(test);
	u64 number;
	u32 i;

	run(test, a, put_del_or_get, smb_steps());
	for (i = 0; i < OWNED_KEYS; i++) {
		bool there = smb_get(a->m, i, &number) == SMB_FOUND;

		KUNIT_EXPECT_EQ(test, there, smb_del(a->m, i));
		KUNIT_EXPECT_EQ(test, SMB_ABSENT,
				(int)smb_get(a->m, i, &number));
	}
}

#define HOT_KEYS 2
/* Put by many, but deleted by thread 0 only. */
#define CONTESTED_ID HOT_KEYS

/* The key is there, whoever replaces its value at the same time. */
static const char *put_and_del(struct smt_worker *w, struct arena *a)
{
	w->extra_ops++;
	if (smb_put(a->m, CONTESTED_ID, w->step))
		return "put: error";
	return smb_del(a->m, CONTESTED_ID) ? NULL : "del: lost a key";
}

/* Half of the threads replace the same values all the time, the others read them. */
static const char *read_or_replace(struct smt_worker *w)
{
	u32 id = w->step % (HOT_KEYS + 1);
	struct arena *a = w->crew->arg;
	u64 number = w->step;

	if (w->index & 1)
		return smb_put(a->m, id, number) ? "put: error" : NULL;
	if (!w->index && id == CONTESTED_ID)
		return put_and_del(w, a);
	switch (smb_get(a->m, id, &number)) {
	case SMB_FOUND:
		return NULL;
	case SMB_ABSENT:
		return id == CONTESTED_ID ? NULL :
					    "a key that stays was not found";
	default:
		return "a value is torn or another key's";
	}
}

static void replaced_values_are_whole(struct kunit *test)
{
	struct arena *a = arena_create(test);
	u32 id;

	for (id = 0; id < HOT_KEYS; id++)
		KUNIT_ASSERT_EQ(test, 0, smb_put(a->m, id, 0));
	run(test, a, read_or_replace, 2 * smb_steps());
}

#define RACE_CASE(name) KUNIT_CASE_PARAM(name, smb_gen_params)

static struct kunit_case cases[] = {
	RACE_CASE(reads_return_the_latest_value_whole),
	RACE_CASE(keys_that_stay_are_always_found),
	RACE_CASE(inserts_are_not_lost_nor_doubled),
	RACE_CASE(deleted_and_put_again_by_many),
	RACE_CASE(replaced_values_are_whole),
	{}
};

struct kunit_suite smb_race_suite = {
	.name = "shardmap_bench_race",
	.suite_init = smt_suite_init,
	.suite_exit = smt_suite_exit,
	.test_cases = cases,
};
