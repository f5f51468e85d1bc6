// SPDX-License-Identifier: GPL-2.0-only
/* Quotas that tables share, tables that are frozen, room that is reserved. */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/slab.h>

#include "compat.h"
#include "kunit_util.h"

static struct shardmap *create(struct kunit *test, unsigned int flags,
			       struct shardmap_quota *quota)
{
	struct shardmap_params params = {
		.flags = flags,
		.nr_shards = 1,
		.max_key_len = sizeof(u64),
		.max_value_len = sizeof(u64),
		.quota = quota,
	};

	return smt_create(test, &params);
}

static u64 memory_of(struct shardmap *map)
{
	struct shardmap_stats stats;

	smt_settle(map);
	shardmap_get_stats(map, &stats);
	return stats.entry_bytes + stats.index_bytes;
}

/* Store keys of a stream until there is no room; returns how many. */
static u64 fill_up(struct kunit *test, struct shardmap *map, u64 seed)
{
	u64 n = 0;
	int err;

	do {
		err = smt_put(map, smt_mix(seed + n++), 1);
	} while (!err);
	KUNIT_EXPECT_EQ(test, -EDQUOT, err);
	smt_count_ops(n);
	return n - 1;
}

/* Destroyed tables are taken apart by a work, and arrays wait for RCU. */
static u64 quota_left(struct shardmap_quota *quota, u64 wanted)
{
	unsigned long deadline = jiffies + 20 * HZ;

	while (shardmap_quota_bytes(quota) != wanted &&
	       time_before(jiffies, deadline))
		usleep_range(200, 1000);
	return shardmap_quota_bytes(quota);
}

static void tables_share_a_quota(struct kunit *test)
{
	struct shardmap_quota *quota = shardmap_quota_create(64 << 10);
	struct shardmap *a, *b, *cells;
	u64 nr, n;

	KUNIT_ASSERT_NOT_NULL(test, quota);
	KUNIT_EXPECT_EQ(test, 0, shardmap_quota_bytes(quota));
	a = create(test, 0, quota);
	b = create(test, 0, quota);
	cells = create(test, SHARDMAP_INLINE, quota);
	/* The index counts, from the beginning. */
	KUNIT_EXPECT_EQ(test, memory_of(a) + memory_of(b) + memory_of(cells),
			shardmap_quota_bytes(quota));
	smt_fill(test, a, 0, 0, 100);
	smt_fill(test, cells, 0, 0, 100);
	nr = fill_up(test, b, 1000);
	KUNIT_EXPECT_GT(test, nr, 100);
	KUNIT_EXPECT_EQ(test, memory_of(a) + memory_of(b) + memory_of(cells),
			shardmap_quota_bytes(quota));
	KUNIT_EXPECT_GT(test, shardmap_quota_bytes(quota) + 4096, 64 << 10);
	KUNIT_EXPECT_EQ(test, -EDQUOT, smt_put(a, smt_mix(100), 1));
	/* What is there may change in place, and what goes makes room for all. */
	KUNIT_EXPECT_EQ(test, 0, smt_put(a, smt_mix(0), 0));
	for (n = 0; n < nr; n++)
		KUNIT_ASSERT_EQ(test, 0, smt_delete(b, smt_mix(1000 + n)));
	memory_of(b);
	smt_fill(test, a, 0, 100, 200);
	smt_fill(test, cells, 0, 100, 200);
	KUNIT_EXPECT_EQ(test, memory_of(a) + memory_of(b) + memory_of(cells),
			shardmap_quota_bytes(quota));
	smt_expect_sound(test, a);
	/* A destroyed table gives all of it back. */
	smt_destroy(test, a);
	n = memory_of(b) + memory_of(cells);
	KUNIT_EXPECT_EQ(test, n, quota_left(quota, n));
	smt_destroy(test, b);
	smt_destroy(test, cells);
	KUNIT_EXPECT_EQ(test, 0, quota_left(quota, 0));
	shardmap_quota_put(quota);
}

/* The tables keep it, not who made it. */
static void a_quota_lives_as_long_as_its_tables(struct kunit *test)
{
	struct shardmap_quota *quota = shardmap_quota_create(1 << 20);
	struct shardmap *map;

	KUNIT_ASSERT_NOT_NULL(test, quota);
	map = create(test, 0, quota);
	shardmap_quota_put(quota);
	smt_fill(test, map, 0, 0, 1000);
	smt_empty(test, map, 0, 0, 1000);
	smt_expect_sound(test, map);
	shardmap_quota_put(NULL);
}

/* Their index is all the memory they have: nothing comes while it is too much. */
static void cells_come_while_the_index_is_within(struct kunit *test)
{
	struct shardmap_quota *quota = shardmap_quota_create(8192);
	struct shardmap *map;
	u64 nr;

	KUNIT_ASSERT_NOT_NULL(test, quota);
	map = create(test, SHARDMAP_INLINE, quota);
	nr = fill_up(test, map, 0);
	KUNIT_EXPECT_GT(test, nr, 10);
	KUNIT_EXPECT_GT(test, shardmap_quota_bytes(quota), 8192);
	KUNIT_EXPECT_EQ(test, 0, smt_put(map, smt_mix(0), 2));
	KUNIT_EXPECT_EQ(test, nr, shardmap_count(map));
	smt_expect_sound(test, map);
	smt_destroy(test, map);
	KUNIT_EXPECT_EQ(test, 0, quota_left(quota, 0));
	shardmap_quota_put(quota);
}

/* It would leave no room for entries, of this table or of others. */
static void a_reservation_is_within_the_quota(struct kunit *test)
{
	struct shardmap_quota *quota = shardmap_quota_create(64 << 10);
	struct shardmap *map;
	u64 before;

	KUNIT_ASSERT_NOT_NULL(test, quota);
	map = create(test, 0, quota);
	before = memory_of(map);
	KUNIT_EXPECT_EQ(test, -EDQUOT, shardmap_reserve(map, 1 << 20));
	KUNIT_EXPECT_EQ(test, before, memory_of(map));
	KUNIT_EXPECT_EQ(test, 0, shardmap_reserve(map, 1000));
	KUNIT_EXPECT_GT(test, memory_of(map), before);
	KUNIT_EXPECT_EQ(test, memory_of(map), shardmap_quota_bytes(quota));
	smt_destroy(test, map);
	KUNIT_EXPECT_EQ(test, 0, quota_left(quota, 0));
	shardmap_quota_put(quota);
}

static int fail_if_called(const struct shardmap_view *old, void *value,
			  void *arg)
{
	*(bool *)arg = true;
	return SHARDMAP_UPDATE_STORE;
}

static void a_frozen_table_can_be_read(struct kunit *test)
{
	struct shardmap *map = smt_create_kind(test);
	u64 key = smt_mix(1), number = 1;
	u8 value[SMT_KIND_VALUE_MAX] = {};
	struct shardmap_value found = { .buf = value, .len = sizeof(value) };
	struct shardmap_position pos = {};
	u64 removed = 0;
	bool called = false;
	struct shardmap_request req =
		SMT_REQUEST(GET, &key, .out = value, .out_len = sizeof(value));

	KUNIT_ASSERT_EQ(test, 0,
			shardmap_put(map, &key, sizeof(key), value,
				     map->max_value_len, SHARDMAP_PUT_ANY,
				     GFP_KERNEL, NULL));
	KUNIT_EXPECT_FALSE(test, shardmap_is_frozen(map));
	shardmap_freeze(map);
	KUNIT_EXPECT_TRUE(test, shardmap_is_frozen(map));
	shardmap_freeze(map);
	KUNIT_EXPECT_TRUE(test, shardmap_is_frozen(map));

	/* errno_kunit.c has the verbs. */
	KUNIT_EXPECT_EQ(test, -EROFS, shardmap_clear_step(map, &pos, &removed));
	KUNIT_EXPECT_EQ(test, 0, removed);
	KUNIT_EXPECT_EQ(test, -EROFS,
			shardmap_update(map, &key, sizeof(key),
					map->max_value_len, fail_if_called,
					&called, GFP_KERNEL, NULL));
	KUNIT_EXPECT_FALSE(test, called);
	KUNIT_EXPECT_EQ(test, -EROFS, smt_delete(map, smt_mix(2)));
	KUNIT_EXPECT_EQ(test, 0, shardmap_get(map, &key, sizeof(key), &found));
	KUNIT_EXPECT_EQ(test, 0,
			shardmap_execute_all(map, &req, 1, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, 1, smt_walk_count(map));
	KUNIT_EXPECT_EQ(test, 0, shardmap_reserve(map, 1000));
	KUNIT_EXPECT_EQ(test, 1, smt_walk_count(map));
	KUNIT_EXPECT_EQ(test, -EROFS, smt_put(map, number, number));
	smt_expect_sound(test, map);
}

#define FROZEN_KEYS 100U

/**
 * struct winter - what threads at a table that is frozen know
 * @over: freezing has ended
 * @sum: sum of all that was there then
 */
struct winter {
	bool over;
	u64 sum;
};

static int add_up(const struct shardmap_view *view, void *arg)
{
	u64 *sum = arg, key, number;

	memcpy(&key, view->key, sizeof(key));
	shardmap_view_value(view, &number);
	*sum += smt_mix(key ^ smt_mix(number ^ smt_mix(view->version)));
	return 0;
}

static u64 sum_of(struct shardmap *map)
{
	struct shardmap_position pos = {};
	u64 sum = shardmap_count(map);

	while (!shardmap_scan(map, &pos, add_up, &sum))
		;
	return sum;
}

static const char *freeze_and_look(struct smt_worker *w)
{
	struct winter *winter = w->crew->arg;
	u64 half = div_u64(w->crew->steps, w->crew->nr) / 2;

	if (w->step < half)
		return NULL;
	if (w->step == half) {
		shardmap_freeze(w->crew->map);
		winter->sum = sum_of(w->crew->map);
		WRITE_ONCE(winter->over, true);
	}
	return w->step % 64 || sum_of(w->crew->map) == winter->sum ?
		       NULL :
		       "a frozen table changed";
}

static const char *change_until_frozen(struct smt_worker *w)
{
	u64 key = smt_mix(smt_random(&w->random) % FROZEN_KEYS);
	struct winter *winter = w->crew->arg;
	struct shardmap *map = w->crew->map;
	struct shardmap_result result;
	u64 value = w->step;
	struct shardmap_request req = SMT_REQUEST(PUT, &key, .value = &value,
						  .value_len = sizeof(value));
	bool over;
	int err;

	if (!w->index)
		return freeze_and_look(w);
	over = READ_ONCE(winter->over);
	switch (smt_random(&w->random) % 4) {
	case 0:
		err = smt_delete(map, key);
		break;
	case 1:
		err = shardmap_add(map, &key, sizeof(key), 1, &value,
				   GFP_KERNEL, &result);
		break;
	case 2:
		err = shardmap_execute_all(map, &req, 1, GFP_KERNEL);
		if (err == -ECANCELED)
			err = req.err;
		break;
	default:
		err = smt_put(map, key, value);
	}
	if (over && err != -EROFS)
		return smt_problem(w, "frozen, but error %d", err);
	return err && err != -EROFS && err != -ENOENT ?
		       smt_problem(w, "error %d", err) :
		       NULL;
}

/* In one that evicts, updates that wait for room are under way. */
static void nothing_changes_when_it_is_frozen(struct kunit *test)
{
	unsigned int kind, round;

	for (kind = 0; kind < 3; kind++) {
		for (round = 0; round < 2; round++) {
			struct shardmap_params params = {
				.flags = kind == 1 ? SHARDMAP_INLINE :
					 kind == 2 ? SHARDMAP_EVICT :
						     0,
				.nr_shards = 4,
				.max_key_len = sizeof(u64),
				.max_value_len = sizeof(u64),
				.max_entries = kind == 2 ? FROZEN_KEYS / 4 : 0,
			};
			struct winter winter = {};
			struct smt_crew crew = {
				.map = smt_create(test, &params),
				.arg = &winter,
				.step = change_until_frozen,
				.nr = smt_threads(test),
				.steps = smt_ops(12 * smt_thread_counts()),
			};

			smt_crew_run(test, &crew);
			if (winter.over)
				KUNIT_EXPECT_EQ(test, winter.sum,
						sum_of(crew.map));
			smt_expect_sound(test, crew.map);
			smt_destroy(test, crew.map);
		}
	}
}

static void reserved_room_needs_no_growth(struct kunit *test)
{
	static const u64 entries[] = { 1, 100, 3000 };
	struct shardmap_stats fresh, reserved, stats;
	unsigned int i, kind;

	for (i = 0; i < 2 * ARRAY_SIZE(entries); i++) {
		u64 nr = entries[i / 2];
		struct shardmap *map;

		kind = i & 1;
		map = create(test, kind ? SHARDMAP_INLINE : 0, NULL);
		shardmap_get_stats(map, &fresh);
		KUNIT_ASSERT_EQ(test, 0, shardmap_reserve(map, nr));
		shardmap_get_stats(map, &reserved);
		KUNIT_EXPECT_EQ(test, 0, reserved.entries);
		KUNIT_EXPECT_GE(test, reserved.buckets * 7, nr);
		smt_fill(test, map, 0, 0, nr);
		smt_settle(map);
		shardmap_get_stats(map, &stats);
		KUNIT_EXPECT_EQ(test, reserved.buckets, stats.buckets);
		KUNIT_EXPECT_EQ(test, reserved.resizes, stats.resizes);
		/* Nor does it shrink, however few are there. */
		smt_empty(test, map, 0, 0, nr);
		smt_settle(map);
		shardmap_get_stats(map, &stats);
		KUNIT_EXPECT_EQ(test, reserved.buckets, stats.buckets);
		/* It still grows beyond. */
		smt_fill(test, map, 0, 0, 3 * nr + 100);
		smt_settle(map);
		shardmap_get_stats(map, &stats);
		KUNIT_EXPECT_GT(test, stats.buckets, reserved.buckets);
		smt_empty(test, map, 0, 0, 3 * nr + 100);
		/* Taken back, it goes without waiting for an update. */
		KUNIT_EXPECT_EQ(test, 0, shardmap_reserve(map, 0));
		smt_settle(map);
		shardmap_get_stats(map, &stats);
		KUNIT_EXPECT_EQ(test, fresh.buckets, stats.buckets);
		smt_expect_sound(test, map);
		smt_destroy(test, map);
	}
}

static void reservations_may_change(struct kunit *test)
{
	struct shardmap_params params = { .nr_shards = 8 };
	struct shardmap *map = smt_create(test, &params);
	struct shardmap_stats fresh, large, small;

	shardmap_get_stats(map, &fresh);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			shardmap_reserve(map, SHARDMAP_MAX_RESERVE + 1));
	KUNIT_EXPECT_EQ(test, -EINVAL, shardmap_reserve(map, U64_MAX));
	shardmap_get_stats(map, &small);
	KUNIT_EXPECT_EQ(test, fresh.buckets, small.buckets);
	smt_fill(test, map, 0, 0, 100);
	KUNIT_EXPECT_EQ(test, 0, shardmap_reserve(map, 50000));
	shardmap_get_stats(map, &large);
	KUNIT_EXPECT_EQ(test, 0, shardmap_reserve(map, 2000));
	smt_settle(map);
	shardmap_get_stats(map, &small);
	KUNIT_EXPECT_LT(test, small.buckets, large.buckets);
	KUNIT_EXPECT_GT(test, small.buckets, fresh.buckets);
	KUNIT_EXPECT_EQ(test, 0, smt_missing(map, 0, 0, 100));
	smt_expect_sound(test, map);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(tables_share_a_quota),
	KUNIT_CASE(a_quota_lives_as_long_as_its_tables),
	KUNIT_CASE(cells_come_while_the_index_is_within),
	KUNIT_CASE(a_reservation_is_within_the_quota),
	KUNIT_CASE_PARAM(a_frozen_table_can_be_read, smt_kinds_gen_params),
	KUNIT_CASE_PARAM(nothing_changes_when_it_is_frozen,
			 smt_threads_gen_params),
	KUNIT_CASE(reserved_room_needs_no_growth),
	KUNIT_CASE(reservations_may_change),
	{}
};

struct kunit_suite smt_bounds_suite = {
	.name = "shardmap_bounds",
	.suite_init = smt_suite_init,
	.suite_exit = smt_suite_exit,
	.test_cases = cases,
};
