// SPDX-License-Identifier: GPL-2.0-only
/*
 * Inline tables.  What they share with others is tested by the model and by the
 * suites of selftests/host; here are lengths, lines that overflow, and readers that
 * overlap with cells being filled anew.
 */
#include <linux/sched.h>

#include "compat.h"
#include "core/inline.h"
#include "kunit_util.h"

#define STABLE 500U
#define KEYS 2000U

static struct shardmap *create(struct kunit *test, unsigned int nr_shards,
			       unsigned int hash_flags)
{
	struct shardmap_params params = {
		.flags = SHARDMAP_INLINE | hash_flags,
		.nr_shards = nr_shards,
		.max_key_len = 8,
		.max_value_len = 8,
	};

	return smt_create(test, &params);
}

static void create_wants_lengths(struct kunit *test)
{
	static const struct shardmap_params bad[] = {
		{ .max_key_len = 8 },
		{ .max_value_len = 8 },
		{ .max_key_len = 9, .max_value_len = 8 },
		{ .max_key_len = 8, .max_value_len = 9 },
		{ .max_key_len = 8, .max_value_len = 8, .max_bytes = 1 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		struct shardmap_params params = bad[i];

		params.flags = SHARDMAP_INLINE;
		KUNIT_EXPECT_EQ(test, -EINVAL,
				PTR_ERR(shardmap_create(&params)));
	}
}

static void keys_and_values_have_one_length(struct kunit *test)
{
	struct shardmap_params params = {
		.flags = SHARDMAP_INLINE,
		.max_key_len = 3,
		.max_value_len = 5,
	};
	struct shardmap *map = smt_create(test, &params);
	u8 key[] = "abcd", value[] = "123456", out[] = "#######";
	struct shardmap_value found = { .buf = out, .len = sizeof(out) };
	u32 k, v;

	for (k = 0; k <= 4; k++) {
		for (v = 0; v <= 6; v++) {
			int err = k < 3		 ? -EINVAL :
				  k > 3 || v > 5 ? -EMSGSIZE :
				  v < 5		 ? -EINVAL :
						   0;

			KUNIT_EXPECT_EQ_MSG(test, err,
					    shardmap_put(map, key, k, value, v,
							 SHARDMAP_PUT_ANY,
							 GFP_KERNEL, NULL),
					    "%u + %u bytes", k, v);
		}
		if (k == 3)
			continue;
		KUNIT_EXPECT_EQ(test, k < 3 ? -EINVAL : -EMSGSIZE,
				shardmap_get(map, key, k, &found));
		KUNIT_EXPECT_EQ(test, k < 3 ? -EINVAL : -EMSGSIZE,
				shardmap_delete(map, key, k, GFP_KERNEL));
	}
	KUNIT_EXPECT_EQ(test, 0, shardmap_get(map, key, 3, &found));
	KUNIT_EXPECT_EQ(test, 5, found.len);
	KUNIT_EXPECT_MEMEQ(test, out, "12345##", 7);
	smt_expect_sound(test, map);
}

/* Many keys per line: two lines of one shard, kept from growing. */
static void lines_overflow_and_are_found(struct kunit *test)
{
	struct shardmap *map = create(test, 1, smt_hash_flags(test));
	struct shardmap_stats stats;
	u64 key, value;

	map->shards[0].array->grow_at = ULONG_MAX;
	for (key = 0; key < 100; key++)
		KUNIT_ASSERT_EQ(test, 0, smt_put(map, key, ~key));
	shardmap_get_stats(map, &stats);
	KUNIT_EXPECT_EQ(test, 2, stats.buckets);
	KUNIT_EXPECT_GE(test, stats.overflow_lines, (100 - 2 * 5) / 4);
	for (key = 0; key < 100; key++) {
		KUNIT_EXPECT_EQ(test, 0, smt_get(map, key, &value));
		KUNIT_EXPECT_EQ(test, ~key, value);
	}
	smt_expect_sound(test, map);
	for (key = 0; key < 100; key += 2)
		KUNIT_EXPECT_EQ(test, 0, smt_delete(map, key));
	for (key = 0; key < 100; key++)
		KUNIT_EXPECT_EQ(test, key % 2 ? 0 : -ENOENT,
				smt_get(map, key, &value));
	/* And now they may: all that is left moves. */
	map->shards[0].array->grow_at = 1;
	KUNIT_EXPECT_EQ(test, 0, smt_put(map, 1000, 0));
	smt_settle(map);
	for (key = 1; key < 100; key += 2) {
		KUNIT_EXPECT_EQ(test, 0, smt_get(map, key, &value));
		KUNIT_EXPECT_EQ(test, ~key, value);
	}
	smt_expect_sound(test, map);
}

static void grows_shrinks_and_gives_memory_back(struct kunit *test)
{
	struct shardmap *map = create(test, 2, smt_hash_flags(test));
	struct shardmap_stats empty, full, after;

	shardmap_get_stats(map, &empty);
	smt_fill(test, map, 0, 0, 20000);
	smt_settle(map);
	shardmap_get_stats(map, &full);
	KUNIT_EXPECT_EQ(test, 20000, full.entries);
	KUNIT_EXPECT_EQ(test, 0, full.entry_bytes);
	KUNIT_EXPECT_EQ(test, 0, smt_missing(map, 0, 0, 20000));
	KUNIT_EXPECT_LE(test, full.index_bytes, 20000 * 90);
	smt_expect_sound(test, map);
	smt_empty(test, map, 0, 0, 20000);
	smt_settle(map);
	shardmap_get_stats(map, &after);
	KUNIT_EXPECT_EQ(test, 0, after.entries);
	KUNIT_EXPECT_LE(test, after.index_bytes, 2 * empty.index_bytes);
	smt_expect_sound(test, map);
}

/*
 * A value tells its key.  Keys come and go in one shard of few lines, so cells are
 * filled anew while others read them.
 */
static const char *reuse_cells(struct smt_worker *w)
{
	struct shardmap *map = w->crew->map;
	u64 key = smt_random(&w->random) % KEYS, value;
	int err = smt_get(map, key, &value);

	if (err && err != -ENOENT)
		return "get failed";
	if (err && key < STABLE)
		return "a stable key is missing";
	if (!err && value >> 32 != key)
		return "a key has the value of another one";
	key = smt_random(&w->random) % KEYS;
	if (key < STABLE || smt_random(&w->random) % 2)
		err = smt_put(map, key, key << 32 | (u32)w->step);
	else
		err = smt_delete(map, key);
	return err && err != -ENOENT ? "an update failed" : NULL;
}

static void cells_are_reused_while_others_read(struct kunit *test)
{
	struct smt_crew crew = {
		.map = create(test, 1, 0),
		.step = reuse_cells,
		.nr = smt_threads(test),
		.steps = smt_ops(smt_thread_counts()),
	};
	u64 key;

	for (key = 0; key < STABLE; key++)
		KUNIT_ASSERT_EQ(test, 0, smt_put(crew.map, key, key << 32));
	smt_crew_run(test, &crew);
	smt_expect_sound(test, crew.map);
}

static const char *add_to_few(struct smt_worker *w)
{
	u64 key = smt_random(&w->random) % 16, zero = 0;
	struct shardmap_result result;

	if (shardmap_add(w->crew->map, &key, sizeof(key), 1, &zero, GFP_KERNEL,
			 &result))
		return "add failed";
	if (result.new != result.old + 1)
		return "add gave wrong numbers";
	w->balance++;
	return NULL;
}

static void adds_sum_up(struct kunit *test)
{
	struct smt_crew crew = {
		.map = create(test, 2, SHARDMAP_FAST_HASH),
		.step = add_to_few,
		.nr = smt_threads(test),
		.steps = smt_ops(smt_thread_counts()),
	};
	u64 key, value, sum = 0;

	smt_crew_run(test, &crew);
	for (key = 0; key < 16; key++)
		if (!smt_get(crew.map, key, &value))
			sum += value;
	KUNIT_EXPECT_EQ(test, (u64)crew.balance, sum);
}

static struct kunit_case inline_cases[] = {
	KUNIT_CASE(create_wants_lengths),
	KUNIT_CASE(keys_and_values_have_one_length),
	KUNIT_CASE_PARAM(lines_overflow_and_are_found, smt_hash_gen_params),
	KUNIT_CASE_PARAM(grows_shrinks_and_gives_memory_back,
			 smt_hash_gen_params),
	KUNIT_CASE_PARAM(cells_are_reused_while_others_read,
			 smt_threads_gen_params),
	KUNIT_CASE_PARAM(adds_sum_up, smt_threads_gen_params),
	{}
};

struct kunit_suite smt_inline_suite = {
	.name = "shardmap_inline",
	.suite_init = smt_suite_init,
	.suite_exit = smt_suite_exit,
	.test_cases = inline_cases,
};
