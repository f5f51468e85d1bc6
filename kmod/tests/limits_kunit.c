// SPDX-License-Identifier: GPL-2.0-only
/* Limits are kept to the last entry and byte; deferred memory stays bounded. */
#include <linux/sched.h>
#include <linux/slab.h>

#include "core/internal.h"
#include "kunit_util.h"

static struct shardmap *create(struct kunit *test, u64 entries, u64 bytes)
{
	struct shardmap_params params = {
		.nr_shards = 8,
		.max_entries = entries,
		.max_bytes = bytes,
	};

	return smt_create(test, &params);
}

/* A full table refuses new keys in all ways, and only new keys. */
static void expect_full(struct kunit *test, struct shardmap *map, u64 present,
			u64 absent)
{
	struct shardmap_result result;
	u64 buf, initial = 0, count = shardmap_count(map);
	struct shardmap_value found = { .buf = &buf, .len = sizeof(buf) };

	KUNIT_EXPECT_EQ(test, -ENOSPC, smt_put(map, absent, 1));
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			shardmap_put(map, &absent, 8, &buf, 0,
				     SHARDMAP_PUT_NOEXIST, GFP_KERNEL, NULL));
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			shardmap_get_or_put(map, &absent, 8, &buf, 8, &found,
					    GFP_KERNEL, &result));
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			shardmap_add(map, &absent, 8, 1, &initial, GFP_KERNEL,
				     &result));
	KUNIT_EXPECT_EQ(test, -ENOENT, smt_get(map, absent, &buf));
	KUNIT_EXPECT_EQ(test, 0, smt_put(map, present, 5));
	KUNIT_EXPECT_EQ(test, 0,
			shardmap_add(map, &present, 8, 1, &initial, GFP_KERNEL,
				     &result));
	found.len = sizeof(buf);
	KUNIT_EXPECT_EQ(test, 0,
			shardmap_get_or_put(map, &present, 8, &initial, 8,
					    &found, GFP_KERNEL, &result));
	KUNIT_EXPECT_EQ(test, 6, buf);
	KUNIT_EXPECT_EQ(test, count, shardmap_count(map));
}

static void entries_are_limited_to_the_last(struct kunit *test)
{
	static const u64 limits[] = { 1, 2, 1000 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		u64 max = limits[i];
		struct shardmap *map = create(test, max, 0);
		struct shardmap_position pos = {};
		u64 removed = 0;

		smt_fill(test, map, 0, 0, max);
		expect_full(test, map, smt_mix(0), smt_mix(max));
		/* One goes, one comes. */
		KUNIT_EXPECT_EQ(test, 0, smt_delete(map, smt_mix(0)));
		KUNIT_EXPECT_EQ(test, 0, smt_put(map, smt_mix(max), 0));
		expect_full(test, map, smt_mix(max), smt_mix(0));
		while (!shardmap_clear_step(map, &pos, &removed))
			;
		KUNIT_EXPECT_EQ(test, max, removed);
		smt_fill(test, map, 0, 0, max);
		expect_full(test, map, smt_mix(0), smt_mix(max));
		smt_expect_sound(test, map);
	}
}

/* Numbers are compared as signed ones, but this is no small limit. */
static void largest_limits_are_none(struct kunit *test)
{
	struct shardmap *map = create(test, U64_MAX, S64_MAX + 1ULL);

	smt_fill(test, map, 0, 0, 1000);
	KUNIT_EXPECT_EQ(test, 0, smt_missing(map, 0, 0, 1000));
}

/* Memory of an entry with an 8-byte key and a value of @len bytes. */
static u64 entry_bytes(struct kunit *test, u32 len)
{
	struct shardmap *map = create(test, 0, 0);
	struct shardmap_stats stats;
	u64 key = 1;
	void *value = kunit_kzalloc(test, len, GFP_KERNEL);

	KUNIT_ASSERT_EQ(test, 0,
			shardmap_put(map, &key, 8, value, len, SHARDMAP_PUT_ANY,
				     GFP_KERNEL, NULL));
	shardmap_get_stats(map, &stats);
	smt_destroy(test, map);
	return stats.entry_bytes;
}

static void bytes_are_limited_to_the_last(struct kunit *test)
{
	u64 small = entry_bytes(test, 8), large = entry_bytes(test, 800);
	/* Room for ten small ones and a large one, less one byte. */
	struct shardmap *map = create(test, 0, 10 * small + large - 1);
	u8 *value = kunit_kzalloc(test, 800, GFP_KERNEL);
	struct shardmap_stats stats;
	u64 key = smt_mix(3), number;

	KUNIT_ASSERT_NOT_NULL(test, value);
	smt_fill(test, map, 0, 0, 10);
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			shardmap_put(map, "large", 5, value, 800,
				     SHARDMAP_PUT_ANY, GFP_KERNEL, NULL));
	/* In the place of a small one there is room. */
	KUNIT_EXPECT_EQ(test, 0,
			shardmap_put(map, &key, 8, value, 800, SHARDMAP_PUT_ANY,
				     GFP_KERNEL, NULL));
	shardmap_get_stats(map, &stats);
	KUNIT_EXPECT_EQ(test, 9 * small + large, stats.entry_bytes);
	/* A second one does not fit, and the old value stays. */
	key = smt_mix(4);
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			shardmap_put(map, &key, 8, value, 800, SHARDMAP_PUT_ANY,
				     GFP_KERNEL, NULL));
	KUNIT_EXPECT_EQ(test, 0, smt_get(map, key, &number));
	KUNIT_EXPECT_EQ(test, 4, number);
	KUNIT_EXPECT_EQ(test, -ENOSPC, smt_put(map, smt_mix(10), 10));
	/* Back to small, then eleven or more fit. */
	KUNIT_EXPECT_EQ(test, 0, smt_put(map, smt_mix(3), 3));
	smt_fill(test, map, 0, 10, 10 + div64_u64(large - 1, small));
	expect_full(test, map, smt_mix(0), smt_mix(9999));
	smt_expect_sound(test, map);
}

/* An insertion refused for its bytes must not take an entry's place. */
static void refusal_takes_no_place(struct kunit *test)
{
	u64 small = entry_bytes(test, 8);
	struct shardmap *map = create(test, 10, 10 * small);
	u8 *value = kunit_kzalloc(test, 800, GFP_KERNEL);
	u64 key = smt_mix(77);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, value);
	for (i = 0; i < 100; i++)
		KUNIT_ASSERT_EQ(test, -ENOSPC,
				shardmap_put(map, &key, 8, value, 800,
					     SHARDMAP_PUT_ANY, GFP_KERNEL,
					     NULL));
	smt_fill(test, map, 0, 0, 10);
	expect_full(test, map, smt_mix(0), smt_mix(10));
	KUNIT_EXPECT_EQ(test, 10, atomic64_read(&map->entries_held));
	KUNIT_EXPECT_EQ(test, 10 * small, atomic64_read(&map->bytes_held));
}

#define MAX_ENTRIES 100
#define LARGE_LEN 800

/**
 * struct ledger - what threads account for, in entries or in bytes
 * @max: the limit
 * @cost: of a key with an even and an odd number
 * @begun: insertions begun
 * @refused: insertions refused, when that is known
 * @removed: removals ended
 * @least: insertions ended less removals begun
 * @full: refusals
 * @value: what is stored
 */
struct ledger {
	s64 max;
	s64 cost[2];
	atomic64_t begun;
	atomic64_t refused;
	atomic64_t removed;
	atomic64_t least;
	atomic64_t full;
	u8 value[LARGE_LEN];
};

static u64 hammer_key(const struct smt_worker *w)
{
	return smt_mix((u64)w->index << 32 | w->seen[0]);
}

static const char *hammer_out(struct smt_worker *w)
{
	struct ledger *ledger = w->crew->arg;
	s64 cost = ledger->cost[--w->seen[0] % 2];
	int err;

	w->balance--;
	atomic64_sub(cost, &ledger->least);
	err = smt_delete(w->crew->map, hammer_key(w));
	/* Whoever sees the sum sees the room, too. */
	smp_mb__before_atomic();
	atomic64_add(cost, &ledger->removed);
	return err ? smt_problem(w, "delete: error %d", err) : NULL;
}

/*
 * While an insertion was refused there was no moment with room for it: the most
 * that can have been there is what others had begun to insert by its end, less
 * what was gone at its beginning.
 */
static const char *hammer_in(struct smt_worker *w)
{
	struct ledger *ledger = w->crew->arg;
	s64 cost = ledger->cost[w->seen[0] % 2];
	u32 len = w->seen[0] % 2 ? LARGE_LEN : 8;
	u64 key = hammer_key(w);
	s64 gone, most;
	int err;

	gone = atomic64_read(&ledger->refused) +
	       atomic64_read(&ledger->removed);
	atomic64_add_return(cost, &ledger->begun);
	err = shardmap_put(w->crew->map, &key, sizeof(key), ledger->value, len,
			   SHARDMAP_PUT_NOEXIST, GFP_KERNEL, NULL);
	if (!err) {
		w->seen[0]++;
		w->balance++;
		return atomic64_add_return(cost, &ledger->least) > ledger->max ?
			       "over the limit" :
			       NULL;
	}
	if (err != -ENOSPC)
		return smt_problem(w, "put: error %d", err);
	most = atomic64_add_return(0, &ledger->begun) - cost - gone;
	atomic64_add_return(cost, &ledger->refused);
	atomic64_inc(&ledger->full);
	if (most + cost <= ledger->max)
		return smt_problem(w, "refused with %lld of %lld held", most,
				   ledger->max);
	return NULL;
}

static const char *hammer(struct smt_worker *w)
{
	bool out = w->seen[0] && smt_random(&w->random) % 5 < 2;

	return out ? hammer_out(w) : hammer_in(w);
}

/* The limit is kept, and what is held is what @ledger says. */
static void hammer_limit(struct kunit *test, struct ledger *ledger,
			 struct shardmap *map)
{
	struct smt_crew crew = {
		.map = map,
		.arg = ledger,
		.step = hammer,
		.nr = smt_threads(test),
		.steps = smt_ops(2 * smt_thread_counts()),
	};

	smt_crew_run(test, &crew);
	smt_expect_sound(test, map);
	KUNIT_EXPECT_EQ(test, crew.balance, shardmap_count(map));
	KUNIT_EXPECT_GT(test, atomic64_read(&ledger->full), 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&ledger->least),
			atomic64_read(&ledger->begun) -
				atomic64_read(&ledger->refused) -
				atomic64_read(&ledger->removed));
}

/* Store small entries until there is no room. */
static void fill_up(struct shardmap *map)
{
	u64 n = 1ULL << 40;

	while (!smt_put(map, smt_mix(n), n))
		n++;
}

static void threads_keep_a_limit_of_entries(struct kunit *test)
{
	struct ledger *ledger =
		kunit_kzalloc(test, sizeof(*ledger), GFP_KERNEL);
	struct shardmap *map = create(test, MAX_ENTRIES, 0);

	KUNIT_ASSERT_NOT_NULL(test, ledger);
	ledger->max = MAX_ENTRIES;
	ledger->cost[0] = 1;
	ledger->cost[1] = 1;
	hammer_limit(test, ledger, map);
	KUNIT_EXPECT_EQ(test, atomic64_read(&ledger->least),
			atomic64_read(&map->entries_held));
	/* Nothing was lost: it can be filled to the very last. */
	fill_up(map);
	KUNIT_EXPECT_EQ(test, MAX_ENTRIES, shardmap_count(map));
}

static void threads_keep_a_limit_of_bytes(struct kunit *test)
{
	struct ledger *ledger =
		kunit_kzalloc(test, sizeof(*ledger), GFP_KERNEL);
	u64 small = entry_bytes(test, 8), large = entry_bytes(test, LARGE_LEN);
	u64 max = MAX_ENTRIES / 2 * (small + large);
	struct shardmap *map = create(test, 0, max);

	KUNIT_ASSERT_NOT_NULL(test, ledger);
	ledger->max = max;
	ledger->cost[0] = small;
	ledger->cost[1] = large;
	hammer_limit(test, ledger, map);
	KUNIT_EXPECT_EQ(test, atomic64_read(&ledger->least),
			atomic64_read(&map->bytes_held));
	fill_up(map);
	KUNIT_EXPECT_LE(test, atomic64_read(&map->bytes_held), max);
	KUNIT_EXPECT_GT(test, atomic64_read(&map->bytes_held) + small, max);
}

/* A step of the flood, with no rest in which memory could be freed. */
#define FLOOD_STEP 200
#define FLOOD_KEYS 64
#define FLOOD_BYTES 4000

/**
 * struct flood - what threads that replace large values share
 * @value: what they store
 * @most: most deferred bytes seen
 */
struct flood {
	u8 value[FLOOD_BYTES];
	atomic64_t most;
};

static void note_deferred(struct shardmap *map, struct flood *flood)
{
	u64 most = atomic64_read(&flood->most), seen;
	struct shardmap_stats stats;

	shardmap_get_stats(map, &stats);
	while (stats.deferred_bytes > most) {
		seen = atomic64_cmpxchg(&flood->most, most,
					stats.deferred_bytes);
		if (seen == most)
			break;
		most = seen;
	}
}

static const char *replace_large(struct smt_worker *w)
{
	struct flood *flood = w->crew->arg;
	unsigned int i;

	for (i = 0; i < FLOOD_STEP; i++) {
		u64 key = smt_mix(smt_random(&w->random) % FLOOD_KEYS);
		struct shardmap_result result;
		int err = shardmap_put(w->crew->map, &key, sizeof(key),
				       flood->value, FLOOD_BYTES,
				       SHARDMAP_PUT_ANY, GFP_KERNEL, &result);

		if (err)
			return smt_problem(w, "put: error %d", err);
		w->balance += result.inserted;
	}
	w->extra_ops += FLOOD_STEP - 1;
	note_deferred(w->crew->map, flood);
	return NULL;
}

/* The limit, a batch per CPU, and one update per thread beyond it. */
static void deferred_bytes_stay_bounded(struct kunit *test)
{
	struct flood *flood = kunit_kzalloc(test, sizeof(*flood), GFP_KERNEL);
	struct smt_crew crew = {
		.map = create(test, 0, 0),
		.arg = flood,
		.step = replace_large,
		.nr = smt_threads(test),
		.steps = smt_ops(10 * smt_thread_counts()) / FLOOD_STEP + 32,
	};
	struct shardmap_stats stats;
	u64 bound;

	KUNIT_ASSERT_NOT_NULL(test, flood);
	bound = SM_DEFERRED_MIN + (num_possible_cpus() + crew.nr) *
					  SM_BATCH_OBJECTS *
					  entry_bytes(test, FLOOD_BYTES);
	smt_crew_run(test, &crew);
	smt_expect_sound(test, crew.map);
	KUNIT_EXPECT_EQ(test, FLOOD_KEYS, crew.balance);
	KUNIT_EXPECT_LE(test, atomic64_read(&flood->most), bound);
	KUNIT_EXPECT_GT(test, atomic64_read(&flood->most), 0);
	smt_drain(crew.map);
	shardmap_get_stats(crew.map, &stats);
	KUNIT_EXPECT_EQ(test, 0, stats.deferred_bytes);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(entries_are_limited_to_the_last),
	KUNIT_CASE(largest_limits_are_none),
	KUNIT_CASE(bytes_are_limited_to_the_last),
	KUNIT_CASE(refusal_takes_no_place),
	KUNIT_CASE_PARAM(threads_keep_a_limit_of_entries,
			 smt_threads_gen_params),
	KUNIT_CASE_PARAM(threads_keep_a_limit_of_bytes, smt_threads_gen_params),
	KUNIT_CASE_PARAM(deferred_bytes_stay_bounded, smt_threads_gen_params),
	{}
};

struct kunit_suite smt_limits_suite = {
	.name = "shardmap_limits",
	.suite_init = smt_suite_init,
	.suite_exit = smt_suite_exit,
	.test_cases = cases,
};
