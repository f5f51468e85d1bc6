// SPDX-License-Identifier: GPL-2.0-only
/* Tables that make room themselves: always some, never more than is needed. */
#include <linux/sched.h>
#include <linux/slab.h>

#include "compat.h"
#include "core/order.h"
#include "kunit_util.h"

static struct shardmap *create(struct kunit *test, unsigned int nr_shards,
			       u64 max_entries, u64 max_bytes)
{
	struct shardmap_params params = {
		.flags = SHARDMAP_EVICT,
		.nr_shards = nr_shards,
		.max_entries = max_entries,
		.max_bytes = max_bytes,
	};

	return smt_create(test, &params);
}

static u64 evicted(struct shardmap *map)
{
	struct shardmap_stats stats;

	shardmap_get_stats(map, &stats);
	return stats.evicted;
}

static u64 bytes_of(struct shardmap *map)
{
	struct shardmap_stats stats;

	shardmap_get_stats(map, &stats);
	return stats.entry_bytes;
}

static void there_is_always_room(struct kunit *test)
{
	static const unsigned int shards[] = { 1, 4, 64 };
	static const u64 limits[] = { 1, 2, 100 };
	unsigned int s, l;
	u64 n, value;

	for (s = 0; s < ARRAY_SIZE(shards); s++) {
		for (l = 0; l < ARRAY_SIZE(limits); l++) {
			struct shardmap *map =
				create(test, shards[s], limits[l], 0);

			for (n = 0; n < 1000; n++) {
				KUNIT_ASSERT_EQ(test, 0,
						smt_put(map, smt_mix(n), n));
				KUNIT_ASSERT_EQ(test, min(n + 1, limits[l]),
						shardmap_count(map));
				KUNIT_ASSERT_EQ(test, 0,
						smt_get(map, smt_mix(n),
							&value));
			}
			KUNIT_EXPECT_EQ(test, 1000 - limits[l], evicted(map));
			smt_expect_sound(test, map);
			smt_count_ops(2000);
			smt_destroy(test, map);
		}
	}
}

static void nothing_goes_without_need(struct kunit *test)
{
	struct shardmap *map = create(test, 4, 100, 0);
	struct shardmap_result result;
	u64 n, key, initial = 0;

	smt_fill(test, map, 0, 0, 100);
	for (n = 0; n < 100; n++) {
		key = smt_mix(n);
		KUNIT_EXPECT_EQ(test, 0, smt_put(map, key, n));
		KUNIT_EXPECT_EQ(test, 0,
				shardmap_add(map, &key, sizeof(key), 1,
					     &initial, GFP_KERNEL, &result));
		KUNIT_EXPECT_EQ(test, 0,
				shardmap_put(map, &key, sizeof(key), "text", 4,
					     SHARDMAP_PUT_ANY, GFP_KERNEL,
					     NULL));
		KUNIT_EXPECT_EQ(test, 0, smt_put(map, key, n));
	}
	/* Whoever makes room himself has it. */
	for (n = 0; n < 50; n++) {
		KUNIT_EXPECT_EQ(test, 0, smt_delete(map, smt_mix(n)));
		KUNIT_EXPECT_EQ(test, 0, smt_put(map, smt_mix(n), n));
	}
	KUNIT_EXPECT_EQ(test, 0, evicted(map));
	KUNIT_EXPECT_EQ(test, 0, smt_missing(map, 0, 0, 100));
	smt_expect_sound(test, map);
}

#define FEW 20U

/**
 * struct few - keys of one shard, in hash order
 * @map: the table
 * @nr: how many
 * @key: the keys
 */
struct few {
	struct shardmap *map;
	unsigned int nr;
	u64 key[2 * FEW];
};

static int note(const struct shardmap_view *view, void *arg)
{
	struct few *few = arg;

	memcpy(&few->key[few->nr++], view->key, sizeof(u64));
	return 0;
}

/* Keys without a mark but for the last one stored. */
static struct few *make_few(struct kunit *test)
{
	struct few *few = kunit_kzalloc(test, sizeof(*few), GFP_KERNEL);
	struct shardmap_position pos = {};

	KUNIT_ASSERT_NOT_NULL(test, few);
	few->map = create(test, 1, FEW, 0);
	smt_fill(test, few->map, 0, 0, FEW);
	smt_settle(few->map);
	/* The hand goes once round, since all have marks, and a bit further. */
	smt_fill(test, few->map, 0, FEW, FEW + 1);
	KUNIT_ASSERT_EQ(test, 1, evicted(few->map));
	while (!shardmap_scan(few->map, &pos, note, few))
		;
	KUNIT_ASSERT_EQ(test, FEW, few->nr);
	return few;
}

static u64 bucket_of(struct shardmap *map, u64 key)
{
	struct shardmap_position pos;

	shardmap_position_after(map, &key, sizeof(key), &pos);
	return sm_line_index(map, pos.hash, map->shards[0].array->bits);
}

static bool is_there(struct few *few, u64 key)
{
	struct shardmap_request req =
		SMT_REQUEST(GET, &key, .flags = SHARDMAP_REQ_NO_TOUCH);

	/* That there is no room for the value does not matter. */
	return shardmap_execute(few->map, &req, GFP_KERNEL) != -ENOENT;
}

static void use(struct kunit *test, struct few *few, unsigned int i)
{
	u64 key = few->key[i], value = 0;
	struct shardmap_lookup many = {
		.key = &key,
		.key_len = sizeof(key),
		.value = { .buf = &value, .len = sizeof(value) },
	};
	struct shardmap_request req =
		SMT_REQUEST(GET, &key, .out = &value, .out_len = sizeof(value));
	struct shardmap_view view;

	switch (i % 7) {
	case 0:
		KUNIT_EXPECT_EQ(test, 0, smt_get(few->map, key, &value));
		break;
	case 1:
		shardmap_get_many(few->map, &many, 1);
		break;
	case 2:
		KUNIT_EXPECT_EQ(test, 0,
				shardmap_execute(few->map, &req, GFP_KERNEL));
		break;
	case 3:
		rcu_read_lock();
		KUNIT_EXPECT_EQ(test, 0,
				shardmap_find_rcu(few->map, &key, sizeof(key),
						  &view));
		rcu_read_unlock();
		break;
	case 4:
		KUNIT_EXPECT_EQ(test, 0,
				shardmap_execute_all(few->map, &req, 1,
						     GFP_KERNEL));
		break;
	case 5:
		req.verb = SHARDMAP_DO_GET_OR_PUT;
		KUNIT_EXPECT_EQ(test, 0,
				shardmap_execute(few->map, &req, GFP_KERNEL));
		break;
	default:
		KUNIT_EXPECT_EQ(test, 0, smt_put(few->map, key, 1));
	}
}

/* What was looked up, in whatever way, outlives what was not, by one round. */
static void what_was_not_used_goes_first(struct kunit *test)
{
	struct few *few = make_few(test);
	u64 newest = smt_mix(FEW), bucket = 0;
	DECLARE_BITMAP(used, FEW) = {};
	unsigned int i, n, gone;

	for (i = 0; i < FEW; i++) {
		/* To look like this does not count, nor does a scan. */
		KUNIT_EXPECT_TRUE(test, is_there(few, few->key[i]));
		if (few->key[i] != newest && smt_mix(i) & 1)
			continue;
		if (few->key[i] != newest)
			use(test, few, i);
		__set_bit(i, used);
	}
	KUNIT_EXPECT_EQ(test, FEW, smt_walk_count(few->map));
	KUNIT_ASSERT_GT(test, bitmap_weight(used, FEW), 3);
	for (n = bitmap_weight(used, FEW); n < FEW; n++) {
		DECLARE_BITMAP(before, FEW) = {};

		for (i = 0; i < FEW; i++)
			__assign_bit(i, before, is_there(few, few->key[i]));
		KUNIT_ASSERT_EQ(test, 0,
				smt_put(few->map, smt_mix(1000 + n), 1));
		for (i = 0, gone = FEW; i < FEW; i++)
			if (test_bit(i, before) && !is_there(few, few->key[i]))
				gone = i;
		KUNIT_ASSERT_LT(test, gone, FEW);
		KUNIT_EXPECT_FALSE(test, test_bit(gone, used));
		/* The hand goes through the buckets in hash order. */
		KUNIT_EXPECT_GE(test, bucket_of(few->map, few->key[gone]),
				bucket);
		bucket = bucket_of(few->map, few->key[gone]);
	}
	for (i = 0; i < FEW; i++)
		KUNIT_EXPECT_EQ(test, test_bit(i, used),
				is_there(few, few->key[i]));
	smt_expect_sound(test, few->map);
}

static void large_values_evict_several(struct kunit *test)
{
	size_t small = sm_entry_size(8, 8, 0), large = sm_entry_size(8, 800, 0);
	struct shardmap *map = create(test, 4, 0, 100 * small);
	u8 *value = kunit_kzalloc(test, 100 * small, GFP_KERNEL);
	u64 key = smt_mix(1000), before;
	struct shardmap_value found = { .buf = value, .len = 800 };

	KUNIT_ASSERT_NOT_NULL(test, value);
	smt_fill(test, map, 0, 0, 100);
	KUNIT_EXPECT_EQ(test, 100 * small, bytes_of(map));
	KUNIT_EXPECT_EQ(test, 0,
			shardmap_put(map, &key, sizeof(key), value, 800,
				     SHARDMAP_PUT_ANY, GFP_KERNEL, NULL));
	KUNIT_EXPECT_EQ(test, DIV_ROUND_UP(large, small), evicted(map));
	KUNIT_EXPECT_LE(test, bytes_of(map), 100 * small);
	KUNIT_EXPECT_EQ(test, 0, shardmap_get(map, &key, sizeof(key), &found));
	/* What cannot be stored at all costs nobody anything. */
	before = evicted(map);
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			shardmap_put(map, &key, sizeof(key), value, 100 * small,
				     SHARDMAP_PUT_ANY, GFP_KERNEL, NULL));
	KUNIT_EXPECT_EQ(test, before, evicted(map));
	KUNIT_EXPECT_EQ(test, 0, shardmap_get(map, &key, sizeof(key), &found));
	smt_expect_sound(test, map);
}

/* It grows where there is no room but by removing others; nor may its old self go. */
static void the_key_that_is_written_stays(struct kunit *test)
{
	size_t small = sm_entry_size(8, 8, 0);
	struct shardmap *map = create(test, 1, 0, 100 * small);
	u8 *value = kunit_kzalloc(test, 100 * small, GFP_KERNEL);
	u64 key = smt_mix(5), before;
	u32 len;

	KUNIT_ASSERT_NOT_NULL(test, value);
	smt_fill(test, map, 0, 0, 100);
	for (len = 8; sm_entry_size(8, len, 0) <= 100 * small; len += 96) {
		struct shardmap_result result;

		KUNIT_ASSERT_EQ(test, 0,
				shardmap_put(map, &key, sizeof(key), value, len,
					     SHARDMAP_PUT_ANY, GFP_KERNEL,
					     &result));
		KUNIT_EXPECT_FALSE(test, result.inserted);
		KUNIT_EXPECT_LE(test, bytes_of(map), 100 * small);
	}
	KUNIT_EXPECT_GT(test, evicted(map), 90);
	before = shardmap_count(map);
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			shardmap_put(map, &key, sizeof(key), value, 100 * small,
				     SHARDMAP_PUT_EXIST, GFP_KERNEL, NULL));
	KUNIT_EXPECT_EQ(test, before, shardmap_count(map));
	smt_expect_sound(test, map);
}

static void all_together_get_room_or_take_none(struct kunit *test)
{
	struct shardmap *map = create(test, 4, 4, 0);
	struct shardmap_request req[5];
	u64 key[5], value = 1;
	unsigned int i;

	for (i = 0; i < 5; i++)
		key[i] = smt_mix(100 + i);
	for (i = 0; i < 5; i++)
		req[i] = SMT_REQUEST(PUT, &key[i], .value = &value,
				     .value_len = sizeof(value));
	smt_fill(test, map, 0, 0, 4);
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			shardmap_execute_all(map, req, 5, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, 0, evicted(map));
	KUNIT_EXPECT_EQ(test, 0, smt_missing(map, 0, 0, 4));
	/* One that stays leaves room for three. */
	key[4] = smt_mix(0);
	req[4] = SMT_REQUEST(GET, &key[4], .out = &value,
			     .out_len = sizeof(value));
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			shardmap_execute_all(map, req, 5, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, 0, evicted(map));
	KUNIT_EXPECT_EQ(test, 0,
			shardmap_execute_all(map, req + 1, 4, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, 3, evicted(map));
	KUNIT_EXPECT_EQ(test, 0, smt_missing(map, 0, 0, 1));
	KUNIT_EXPECT_EQ(test, 4, shardmap_count(map));
	smt_expect_sound(test, map);
}

static int fail(const struct shardmap_view *old, void *value, void *arg)
{
	return *(int *)arg;
}

/* What a function returns says nothing of the table's room. */
static void a_function_that_fails_evicts_nothing(struct kunit *test)
{
	static const int errnos[] = { -ENOSPC, -EDQUOT, -EAGAIN, -ENOMEM };
	struct shardmap *map = create(test, 1, 10, 0);
	u64 key = smt_mix(100);
	unsigned int i;

	smt_fill(test, map, 0, 0, 10);
	for (i = 0; i < ARRAY_SIZE(errnos); i++) {
		int err = errnos[i];

		KUNIT_EXPECT_EQ(test, err,
				shardmap_update(map, &key, sizeof(key), 8, fail,
						&err, GFP_KERNEL, NULL));
	}
	KUNIT_EXPECT_EQ(test, 0, evicted(map));
	KUNIT_EXPECT_EQ(test, 0, smt_missing(map, 0, 0, 10));
}

/* Freezing begins while the update has its lock, and ends when it drops it. */
static int freeze(const struct shardmap_view *old, void *value, void *arg)
{
	struct shardmap *map = arg;

	WRITE_ONCE(map->frozen, true);
	memset(value, 0, sizeof(u64));
	return SHARDMAP_UPDATE_STORE;
}

static void nothing_goes_when_it_is_frozen(struct kunit *test)
{
	struct shardmap *map = create(test, 1, 10, 0);
	u64 key = smt_mix(100);

	smt_fill(test, map, 0, 0, 10);
	/* There is no room: entries would go to make some. */
	KUNIT_EXPECT_EQ(test, -EROFS,
			shardmap_update(map, &key, sizeof(key), sizeof(u64),
					freeze, map, GFP_KERNEL, NULL));
	KUNIT_EXPECT_EQ(test, 0, evicted(map));
	KUNIT_EXPECT_EQ(test, 0, smt_missing(map, 0, 0, 10));
	smt_expect_sound(test, map);
}

#define CROWD 50U

static const char *put_or_get(struct smt_worker *w)
{
	u64 id = smt_random(&w->random) % (4 * CROWD), key = smt_mix(id);
	struct shardmap *map = w->crew->map;
	u64 value = smt_mix(key);
	struct shardmap_result result;
	int err;

	if (w->step % 3) {
		err = shardmap_put(map, &key, sizeof(key), &value,
				   sizeof(value), SHARDMAP_PUT_ANY, GFP_KERNEL,
				   &result);
		w->balance += !err && result.inserted;
		if (err)
			return smt_problem(w, "put: error %d", err);
	} else {
		err = smt_get(map, key, &value);
		if (err && err != -ENOENT)
			return smt_problem(w, "get: error %d", err);
		if (!err && value != smt_mix(key))
			return "a value is another key's";
	}
	return atomic64_read(&map->entries_held) > CROWD ? "over the limit" :
							   NULL;
}

static void threads_are_never_refused(struct kunit *test)
{
	struct smt_crew crew = {
		.map = create(test, 4, CROWD, 0),
		.step = put_or_get,
		.nr = smt_threads(test),
		.steps = smt_ops(2 * smt_thread_counts()),
	};

	smt_crew_run(test, &crew);
	KUNIT_EXPECT_EQ(test, crew.balance - evicted(crew.map),
			shardmap_count(crew.map));
	KUNIT_EXPECT_LE(test, shardmap_count(crew.map), CROWD);
	KUNIT_EXPECT_EQ(test, shardmap_count(crew.map),
			atomic64_read(&crew.map->entries_held));
	smt_expect_sound(test, crew.map);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(there_is_always_room),
	KUNIT_CASE(nothing_goes_without_need),
	KUNIT_CASE(what_was_not_used_goes_first),
	KUNIT_CASE(large_values_evict_several),
	KUNIT_CASE(the_key_that_is_written_stays),
	KUNIT_CASE(all_together_get_room_or_take_none),
	KUNIT_CASE(a_function_that_fails_evicts_nothing),
	KUNIT_CASE(nothing_goes_when_it_is_frozen),
	KUNIT_CASE_PARAM(threads_are_never_refused, smt_threads_gen_params),
	{}
};

struct kunit_suite smt_evict_suite = {
	.name = "shardmap_evict",
	.suite_init = smt_suite_init,
	.suite_exit = smt_suite_exit,
	.test_cases = cases,
};
