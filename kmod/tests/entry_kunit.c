// SPDX-License-Identifier: GPL-2.0-only
/* Tables of all shapes, keys and values of all lengths, clearing, figures. */
#include <linux/err.h>
#include <linux/log2.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "kunit_util.h"

static void parameters_beyond_the_limits_are_refused(struct kunit *test)
{
	static const struct shardmap_params bad[] = {
		{ .flags = BIT(2) },
		{ .flags = BIT(31) | SHARDMAP_FAST_HASH },
		{ .nr_shards = 3 },
		{ .nr_shards = 2 * SHARDMAP_MAX_SHARDS },
		{ .nr_shards = U32_MAX },
		{ .max_key_len = SHARDMAP_MAX_KEY_LEN + 1 },
		{ .max_value_len = SHARDMAP_MAX_VALUE_LEN + 1 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		struct shardmap *map = shardmap_create(&bad[i]);

		KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-EINVAL), map);
		if (!IS_ERR(map))
			shardmap_destroy(map);
	}
	shardmap_destroy(NULL);
}

static void defaults_are_the_limits(struct kunit *test)
{
	struct shardmap_params params = {};
	struct shardmap *map = smt_create(test, &params);
	struct shardmap_stats stats;

	shardmap_get_stats(map, &stats);
	KUNIT_EXPECT_GE(test, stats.nr_shards, 64);
	KUNIT_EXPECT_GE(test, stats.nr_shards, 4 * num_possible_cpus());
	KUNIT_EXPECT_TRUE(test, is_power_of_2(stats.nr_shards));
	KUNIT_EXPECT_EQ(test, SHARDMAP_MAX_KEY_LEN, stats.max_key_len);
	KUNIT_EXPECT_EQ(test, SHARDMAP_MAX_VALUE_LEN, stats.max_value_len);
	KUNIT_EXPECT_EQ(test, 0, stats.entries);
	KUNIT_EXPECT_EQ(test, 0, stats.entry_bytes);
	KUNIT_EXPECT_EQ(test, 0, stats.deferred_bytes);
	KUNIT_EXPECT_GT(test, stats.index_bytes, 0);
}

static void any_number_of_shards_works(struct kunit *test)
{
	struct shardmap_params params = {};

	for (params.nr_shards = 1; params.nr_shards <= SHARDMAP_MAX_SHARDS;
	     params.nr_shards *= 2) {
		struct shardmap *map = smt_create(test, &params);
		struct shardmap_stats stats;

		smt_fill(test, map, 0, 0, 500);
		KUNIT_EXPECT_EQ(test, 0, smt_missing(map, 0, 0, 500));
		KUNIT_EXPECT_EQ(test, 500, smt_missing(map, 0, 500, 1000));
		KUNIT_EXPECT_EQ(test, 500, shardmap_count(map));
		KUNIT_EXPECT_EQ(test, 500, smt_walk_count(map));
		shardmap_get_stats(map, &stats);
		KUNIT_EXPECT_EQ(test, params.nr_shards, stats.nr_shards);
		smt_expect_sound(test, map);
		smt_destroy(test, map);
	}
}

/* Keys of all lengths that begin alike, one of them at an odd address. */
static void keys_of_any_length_differ(struct kunit *test)
{
	struct shardmap_params params = { .flags = smt_hash_flags(test) };
	struct shardmap *map = smt_create(test, &params);
	u8 *buf = kunit_kzalloc(test, SHARDMAP_MAX_KEY_LEN + 1, GFP_KERNEL);
	u8 *key = buf + 1;
	u32 len;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	for (len = 1; len <= SHARDMAP_MAX_KEY_LEN; len++)
		KUNIT_ASSERT_EQ(test, 0,
				shardmap_put(map, key, len, &len, sizeof(len),
					     SHARDMAP_PUT_NOEXIST, GFP_KERNEL,
					     NULL));
	for (len = 1; len <= SHARDMAP_MAX_KEY_LEN; len++) {
		u32 found_len = 0;
		struct shardmap_value found = { .buf = &found_len, .len = 4 };

		KUNIT_EXPECT_EQ(test, 0, shardmap_get(map, key, len, &found));
		KUNIT_EXPECT_EQ(test, len, found_len);
		/* The last byte counts as well. */
		key[len - 1] = 1;
		KUNIT_EXPECT_EQ(test, -ENOENT,
				shardmap_get(map, key, len, &found));
		key[len - 1] = 0;
	}
	KUNIT_EXPECT_EQ(test, SHARDMAP_MAX_KEY_LEN, shardmap_count(map));
	smt_expect_sound(test, map);
}

/* Around the sizes where entries change their allocator, and the largest. */
static const u32 value_lengths[] = {
	0,   1,	   7,	 8,    9,    15,    16,	   17,
	23,  24,   31,	 32,   63,   64,    95,	   96,
	127, 128,  199,	 200,  207,  208,   216,   217,
	223, 224,  225,	 231,  232,  233,   500,   512,
	999, 1000, 4000, 4096, 8191, 65000, 65535, SHARDMAP_MAX_VALUE_LEN,
};

static void values_of_any_length_come_back(struct kunit *test)
{
	struct shardmap_params params = { .flags = smt_hash_flags(test) };
	struct shardmap *map = smt_create(test, &params);
	u8 *in = kunit_kmalloc(test, SHARDMAP_MAX_VALUE_LEN, GFP_KERNEL);
	u8 *out = kunit_kmalloc(test, SHARDMAP_MAX_VALUE_LEN, GFP_KERNEL);
	unsigned int i, round;

	KUNIT_ASSERT_NOT_NULL(test, in);
	KUNIT_ASSERT_NOT_NULL(test, out);
	for (i = 0; i < SHARDMAP_MAX_VALUE_LEN; i++)
		in[i] = smt_mix(i);
	/* The second round replaces entries by such of another length. */
	for (round = 0; round < 2; round++) {
		for (i = 0; i < ARRAY_SIZE(value_lengths); i++) {
			u32 key = round ? ARRAY_SIZE(value_lengths) - 1 - i : i;
			u32 len = value_lengths[i];
			struct shardmap_value found = { .buf = out,
							.len = len };

			KUNIT_ASSERT_EQ(test, 0,
					shardmap_put(map, &key, sizeof(key), in,
						     len, SHARDMAP_PUT_ANY,
						     GFP_KERNEL, NULL));
			memset(out, 0, len);
			KUNIT_ASSERT_EQ(test, 0,
					shardmap_get(map, &key, sizeof(key),
						     &found));
			KUNIT_EXPECT_EQ(test, len, found.len);
			KUNIT_EXPECT_EQ(test, 0, memcmp(in, out, len));
		}
		smt_expect_sound(test, map);
	}
	KUNIT_EXPECT_EQ(test, ARRAY_SIZE(value_lengths), shardmap_count(map));
}

static void empty_value_needs_no_buffer(struct kunit *test)
{
	struct shardmap_params params = { .flags = smt_hash_flags(test) };
	struct shardmap *map = smt_create(test, &params);
	struct shardmap_value found = { .buf = NULL, .len = 0 };
	struct shardmap_result result;

	KUNIT_ASSERT_EQ(test, 0,
			shardmap_put(map, "k", 1, NULL, 0, SHARDMAP_PUT_ANY,
				     GFP_KERNEL, &result));
	KUNIT_EXPECT_EQ(test, 0, shardmap_get(map, "k", 1, &found));
	KUNIT_EXPECT_EQ(test, 0, found.len);
	KUNIT_EXPECT_EQ(test, result.version, found.version);
	KUNIT_EXPECT_EQ(test, 0,
			shardmap_get_or_put(map, "k", 1, "x", 1, &found,
					    GFP_KERNEL, &result));
	KUNIT_EXPECT_FALSE(test, result.inserted);
}

#define MANY 100

/* Key @i of a batch: there, absent, empty, too long, or with too little room. */
static struct shardmap_lookup one_of_many(unsigned int i, const u64 *keys,
					  u8 (*bufs)[8])
{
	struct shardmap_lookup get = {
		.key = &keys[i],
		.key_len = sizeof(*keys),
		.err = 1,
		.value = { .buf = bufs[i], .len = 8, .version = 77 },
	};

	if (i % 7 == 3)
		get.key_len = i % 2 ? 0 : SHARDMAP_MAX_KEY_LEN + 1;
	if (i % 5 == 2)
		get.value.len = 7;
	return get;
}

static void get_many_is_many_gets(struct kunit *test)
{
	struct shardmap_params params = { .flags = smt_hash_flags(test) };
	struct shardmap *map = smt_create(test, &params);
	struct shardmap_lookup *gets =
		kunit_kcalloc(test, MANY, sizeof(*gets), GFP_KERNEL);
	u64 *keys = kunit_kcalloc(test, MANY, sizeof(*keys), GFP_KERNEL);
	u8(*bufs)[8] = kunit_kcalloc(test, MANY, sizeof(*bufs), GFP_KERNEL);
	unsigned int nr, i;

	KUNIT_ASSERT_TRUE(test, gets && keys && bufs);
	smt_fill(test, map, 0, 0, 500);
	/* Around the size of the groups that they are done in. */
	for (nr = 0; nr <= MANY; nr += nr < 35 ? 1 : 13) {
		for (i = 0; i < MANY; i++) {
			keys[i] = smt_mix(i * 11 % 700);
			gets[i] = one_of_many(i, keys, bufs);
		}
		memset(bufs, 0, MANY * sizeof(*bufs));
		shardmap_get_many(map, gets, nr);
		for (i = 0; i < MANY; i++) {
			u8 buf[8] = {};
			struct shardmap_lookup want =
				one_of_many(i, keys, bufs);

			want.value.buf = buf;
			if (i < nr)
				want.err = shardmap_get(map, want.key,
							want.key_len,
							&want.value);
			KUNIT_ASSERT_EQ(test, want.err, gets[i].err);
			KUNIT_ASSERT_EQ(test, want.value.len,
					gets[i].value.len);
			KUNIT_ASSERT_EQ(test, want.value.version,
					gets[i].value.version);
			KUNIT_ASSERT_MEMEQ(test, buf, bufs[i], sizeof(buf));
		}
	}
}

static void clear_removes_all_in_bounded_steps(struct kunit *test)
{
	struct shardmap_params params = {
		.flags = smt_hash_flags(test),
		.nr_shards = 8,
	};
	struct shardmap *map = smt_create(test, &params);
	u64 removed, total, before;
	unsigned int round;
	int done;

	for (round = 0; round < 3; round++) {
		struct shardmap_position pos = {};

		/* The third round clears an empty table. */
		if (round < 2)
			smt_fill(test, map, 0, 0, 5000);
		before = shardmap_count(map);
		total = 0;
		do {
			removed = 7;
			done = shardmap_clear_step(map, &pos, &removed);
			KUNIT_ASSERT_GE(test, done, 0);
			/* It is added to, and a step takes but a few. */
			KUNIT_ASSERT_GE(test, removed, 7);
			KUNIT_ASSERT_LE(test, removed, 7 + 64);
			total += removed - 7;
			KUNIT_ASSERT_EQ(test, before - total,
					shardmap_count(map));
		} while (!done);
		KUNIT_EXPECT_EQ(test, 1, done);
		KUNIT_EXPECT_EQ(test, before, total);
		KUNIT_EXPECT_EQ(test, 0, shardmap_count(map));
		KUNIT_EXPECT_EQ(test, 0, smt_walk_count(map));
		KUNIT_EXPECT_EQ(test, 5000, smt_missing(map, 0, 0, 5000));
		smt_expect_sound(test, map);
	}
}

static void figures_follow_the_entries(struct kunit *test)
{
	struct shardmap_params params = { .flags = smt_hash_flags(test) };
	struct shardmap *map = smt_create(test, &params);
	struct shardmap_stats stats;
	u64 bytes;

	smt_fill(test, map, 0, 0, 3000);
	smt_expect_sound(test, map);
	shardmap_get_stats(map, &stats);
	KUNIT_EXPECT_EQ(test, 3000, stats.entries);
	KUNIT_EXPECT_GE(test, stats.entry_bytes, 3000 * 16);
	KUNIT_EXPECT_GT(test, stats.resizes, 0);
	KUNIT_EXPECT_GE(test, stats.buckets * SM_SLOTS, 3000);
	KUNIT_EXPECT_GE(test, stats.index_bytes, stats.buckets * SM_LINE_BYTES);
	bytes = stats.entry_bytes;

	/* What is removed is deferred, then gone. */
	smt_empty(test, map, 0, 0, 1500);
	shardmap_get_stats(map, &stats);
	KUNIT_EXPECT_EQ(test, bytes / 2, stats.entry_bytes);
	KUNIT_EXPECT_LE(test, stats.deferred_bytes, bytes / 2);
	smt_empty(test, map, 0, 1500, 3000);
	smt_drain(map);
	shardmap_get_stats(map, &stats);
	KUNIT_EXPECT_EQ(test, 0, stats.entry_bytes);
	KUNIT_EXPECT_EQ(test, 0, stats.deferred_bytes);
	KUNIT_EXPECT_EQ(test, 0, stats.entries);
}

static void accounted_table_works(struct kunit *test)
{
	struct shardmap_params params = {
		.flags = smt_hash_flags(test) | SHARDMAP_ACCOUNT,
	};
	struct shardmap *map = smt_create(test, &params);

	smt_fill(test, map, 0, 0, 3000);
	KUNIT_EXPECT_EQ(test, 0, smt_missing(map, 0, 0, 3000));
	smt_expect_sound(test, map);
}

/* A table may go while it is being resized and its entries are in flight. */
static void busy_table_can_be_destroyed(struct kunit *test)
{
	struct shardmap_params params = { .flags = smt_hash_flags(test) };
	unsigned int round;

	for (round = 0; round < 16; round++) {
		struct shardmap *map;

		params.nr_shards = 1 << round % 5;
		map = smt_create(test, &params);
		smt_fill(test, map, 0, 0, 80 * round);
		if (round & 1)
			smt_empty(test, map, 0, 0, 75 * round);
		smt_destroy(test, map);
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE(parameters_beyond_the_limits_are_refused),
	KUNIT_CASE(defaults_are_the_limits),
	KUNIT_CASE(any_number_of_shards_works),
	KUNIT_CASE_PARAM(keys_of_any_length_differ, smt_hash_gen_params),
	KUNIT_CASE_PARAM(values_of_any_length_come_back, smt_hash_gen_params),
	KUNIT_CASE_PARAM(empty_value_needs_no_buffer, smt_hash_gen_params),
	KUNIT_CASE_PARAM(get_many_is_many_gets, smt_hash_gen_params),
	KUNIT_CASE_PARAM(clear_removes_all_in_bounded_steps,
			 smt_hash_gen_params),
	KUNIT_CASE_PARAM(figures_follow_the_entries, smt_hash_gen_params),
	KUNIT_CASE_PARAM(accounted_table_works, smt_hash_gen_params),
	KUNIT_CASE_PARAM(busy_table_can_be_destroyed, smt_hash_gen_params),
	{}
};

struct kunit_suite smt_entry_suite = {
	.name = "shardmap_entry",
	.suite_init = smt_suite_init,
	.suite_exit = smt_suite_exit,
	.test_cases = cases,
};
