// SPDX-License-Identifier: GPL-2.0-only
/* One operation at a time: what each does, and each error that it documents. */
#include <linux/sched.h>

#include "kunit_util.h"

static const char key[] = "key", value[] = "value", other[] = "another value";

/* A table of a case's hash with short limits, to have errors of length. */
static struct shardmap *create(struct kunit *test)
{
	struct shardmap_params params = {
		.flags = smt_hash_flags(test),
		.max_key_len = 40,
		.max_value_len = 100,
	};

	return smt_create(test, &params);
}

static int put(struct shardmap *map, const char *text,
	       enum shardmap_put_mode mode, struct shardmap_result *result)
{
	return shardmap_put(map, key, sizeof(key), text, strlen(text), mode,
			    GFP_KERNEL, result);
}

static void expect_value(struct kunit *test, struct shardmap *map,
			 const char *text, u64 version)
{
	char buf[100];
	struct shardmap_value found = { .buf = buf, .len = sizeof(buf) };

	KUNIT_ASSERT_EQ(test, 0, shardmap_get(map, key, sizeof(key), &found));
	KUNIT_ASSERT_EQ(test, strlen(text), found.len);
	KUNIT_EXPECT_MEMEQ(test, buf, text, found.len);
	KUNIT_EXPECT_EQ(test, version, found.version);
}

static void expect_absent(struct kunit *test, struct shardmap *map)
{
	struct shardmap_value found = {};

	KUNIT_EXPECT_EQ(test, -ENOENT,
			shardmap_get(map, key, sizeof(key), &found));
	KUNIT_EXPECT_EQ(test, 0, shardmap_count(map));
}

static void get_copies_value_and_version(struct kunit *test)
{
	struct shardmap *map = create(test);
	struct shardmap_result result;

	expect_absent(test, map);
	KUNIT_ASSERT_EQ(test, 0, put(map, value, SHARDMAP_PUT_ANY, &result));
	KUNIT_EXPECT_NE(test, 0, result.version);
	expect_value(test, map, value, result.version);
}

static void get_of_too_small_buffer_tells_length_only(struct kunit *test)
{
	struct shardmap *map = create(test);
	char buf[] = "untouched";
	struct shardmap_value found = {
		.buf = buf,
		.len = strlen(value) - 1,
		.version = 77,
	};

	KUNIT_ASSERT_EQ(test, 0, put(map, value, SHARDMAP_PUT_ANY, NULL));
	KUNIT_EXPECT_EQ(test, -ENOBUFS,
			shardmap_get(map, key, sizeof(key), &found));
	KUNIT_EXPECT_EQ(test, strlen(value), found.len);
	KUNIT_EXPECT_EQ(test, 77, found.version);
	KUNIT_EXPECT_STREQ(test, "untouched", buf);
	/* With the length it told it does. */
	KUNIT_EXPECT_EQ(test, 0, shardmap_get(map, key, sizeof(key), &found));
	KUNIT_EXPECT_MEMEQ(test, buf, value, strlen(value));
}

static void put_any_inserts_and_replaces(struct kunit *test)
{
	struct shardmap *map = create(test);
	struct shardmap_result result;
	u64 version;

	KUNIT_ASSERT_EQ(test, 0, put(map, value, SHARDMAP_PUT_ANY, &result));
	KUNIT_EXPECT_TRUE(test, result.inserted);
	version = result.version;
	KUNIT_ASSERT_EQ(test, 0, put(map, other, SHARDMAP_PUT_ANY, &result));
	KUNIT_EXPECT_FALSE(test, result.inserted);
	KUNIT_EXPECT_NE(test, version, result.version);
	expect_value(test, map, other, result.version);
	KUNIT_EXPECT_EQ(test, 1, shardmap_count(map));
}

static void put_noexist_only_inserts(struct kunit *test)
{
	struct shardmap *map = create(test);
	struct shardmap_result result;
	u64 version;

	KUNIT_ASSERT_EQ(test, 0,
			put(map, value, SHARDMAP_PUT_NOEXIST, &result));
	KUNIT_EXPECT_TRUE(test, result.inserted);
	version = result.version;
	KUNIT_EXPECT_EQ(test, -EEXIST,
			put(map, other, SHARDMAP_PUT_NOEXIST, &result));
	expect_value(test, map, value, version);
	KUNIT_EXPECT_EQ(test, 1, shardmap_count(map));
}

static void put_exist_only_replaces(struct kunit *test)
{
	struct shardmap *map = create(test);
	struct shardmap_result result;

	KUNIT_EXPECT_EQ(test, -ENOENT,
			put(map, value, SHARDMAP_PUT_EXIST, &result));
	expect_absent(test, map);
	KUNIT_ASSERT_EQ(test, 0, put(map, value, SHARDMAP_PUT_ANY, NULL));
	KUNIT_ASSERT_EQ(test, 0, put(map, other, SHARDMAP_PUT_EXIST, &result));
	KUNIT_EXPECT_FALSE(test, result.inserted);
	expect_value(test, map, other, result.version);
}

static void get_or_put_stores_only_a_new_key(struct kunit *test)
{
	struct shardmap *map = create(test);
	char buf[100] = "untouched";
	struct shardmap_value found = { .buf = buf, .len = sizeof(buf) };
	struct shardmap_result result;
	u64 version;

	KUNIT_ASSERT_EQ(test, 0,
			shardmap_get_or_put(map, key, sizeof(key), value,
					    strlen(value), &found, GFP_KERNEL,
					    &result));
	KUNIT_EXPECT_TRUE(test, result.inserted);
	KUNIT_EXPECT_EQ(test, 0, found.len);
	KUNIT_EXPECT_EQ(test, result.version, found.version);
	KUNIT_EXPECT_STREQ(test, "untouched", buf);
	version = result.version;
	expect_value(test, map, value, version);

	found.len = sizeof(buf);
	KUNIT_ASSERT_EQ(test, 0,
			shardmap_get_or_put(map, key, sizeof(key), other,
					    strlen(other), &found, GFP_KERNEL,
					    &result));
	KUNIT_EXPECT_FALSE(test, result.inserted);
	KUNIT_EXPECT_EQ(test, version, result.version);
	KUNIT_EXPECT_EQ(test, version, found.version);
	KUNIT_ASSERT_EQ(test, strlen(value), found.len);
	KUNIT_EXPECT_MEMEQ(test, buf, value, found.len);
	expect_value(test, map, value, version);
}

static void get_or_put_of_too_small_buffer_stores_nothing(struct kunit *test)
{
	struct shardmap *map = create(test);
	char buf[] = "untouched";
	struct shardmap_value found = { .buf = buf, .len = 2 };
	struct shardmap_result result, unused;
	struct shardmap_stats before, after;

	KUNIT_ASSERT_EQ(test, 0, put(map, value, SHARDMAP_PUT_ANY, &result));
	shardmap_get_stats(map, &before);
	KUNIT_EXPECT_EQ(test, -ENOBUFS,
			shardmap_get_or_put(map, key, sizeof(key), other,
					    strlen(other), &found, GFP_KERNEL,
					    &unused));
	KUNIT_EXPECT_EQ(test, strlen(value), found.len);
	KUNIT_EXPECT_STREQ(test, "untouched", buf);
	expect_value(test, map, value, result.version);
	shardmap_get_stats(map, &after);
	KUNIT_EXPECT_EQ(test, before.entry_bytes, after.entry_bytes);
	KUNIT_EXPECT_EQ(test, before.index_bytes, after.index_bytes);
}

static void delete_removes_once(struct kunit *test)
{
	struct shardmap *map = create(test);

	KUNIT_EXPECT_EQ(test, -ENOENT,
			shardmap_delete(map, key, sizeof(key), GFP_KERNEL));
	KUNIT_ASSERT_EQ(test, 0, put(map, value, SHARDMAP_PUT_ANY, NULL));
	KUNIT_EXPECT_EQ(test, 0,
			shardmap_delete(map, key, sizeof(key), GFP_KERNEL));
	expect_absent(test, map);
	KUNIT_EXPECT_EQ(test, -ENOENT,
			shardmap_delete(map, key, sizeof(key), GFP_KERNEL));
}

static int add(struct shardmap *map, u64 delta, const u64 *initial,
	       struct shardmap_result *result)
{
	return shardmap_add(map, key, sizeof(key), delta, initial, GFP_KERNEL,
			    result);
}

static void expect_number(struct kunit *test, struct shardmap *map, u64 number)
{
	u64 found = ~number;
	struct shardmap_value v = { .buf = &found, .len = sizeof(found) };

	KUNIT_EXPECT_EQ(test, 0, shardmap_get(map, key, sizeof(key), &v));
	KUNIT_EXPECT_EQ(test, number, found);
}

static void add_starts_from_initial_and_wraps(struct kunit *test)
{
	struct shardmap *map = create(test);
	struct shardmap_result result;
	u64 initial = U64_MAX - 2, version;

	KUNIT_EXPECT_EQ(test, -ENOENT, add(map, 1, NULL, &result));
	expect_absent(test, map);

	KUNIT_ASSERT_EQ(test, 0, add(map, 2, &initial, &result));
	KUNIT_EXPECT_TRUE(test, result.inserted);
	KUNIT_EXPECT_EQ(test, U64_MAX - 2, result.old);
	KUNIT_EXPECT_EQ(test, U64_MAX, result.new);
	expect_number(test, map, U64_MAX);
	version = result.version;

	/* Modulo 2^64, and @initial plays no part any more. */
	KUNIT_ASSERT_EQ(test, 0, add(map, 5, &initial, &result));
	KUNIT_EXPECT_FALSE(test, result.inserted);
	KUNIT_EXPECT_EQ(test, U64_MAX, result.old);
	KUNIT_EXPECT_EQ(test, 4, result.new);
	KUNIT_EXPECT_NE(test, version, result.version);
	expect_number(test, map, 4);

	KUNIT_ASSERT_EQ(test, 0, add(map, -5ULL, NULL, &result));
	KUNIT_EXPECT_EQ(test, U64_MAX, result.new);
	KUNIT_ASSERT_EQ(test, 0, add(map, 0, NULL, &result));
	KUNIT_EXPECT_EQ(test, U64_MAX, result.new);
	expect_number(test, map, U64_MAX);

	/* Who counts need not ask for the number. */
	KUNIT_ASSERT_EQ(test, 0, add(map, 3, NULL, NULL));
	expect_number(test, map, 2);
}

static void add_refuses_other_lengths(struct kunit *test)
{
	static const char digits[] = "0123456789012345678";
	struct shardmap *map = create(test);
	struct shardmap_result result, before;
	u64 initial = 0;
	char buf[20];
	u32 len;

	for (len = 0; len < sizeof(digits); len++) {
		struct shardmap_value found = { .buf = buf, .len = len };

		if (len == sizeof(u64))
			continue;
		KUNIT_ASSERT_EQ(test, 0,
				shardmap_put(map, key, sizeof(key), digits, len,
					     SHARDMAP_PUT_ANY, GFP_KERNEL,
					     &before));
		KUNIT_EXPECT_EQ(test, -EINVAL, add(map, 1, NULL, &result));
		KUNIT_EXPECT_EQ(test, -EINVAL, add(map, 1, &initial, &result));
		KUNIT_ASSERT_EQ(test, 0,
				shardmap_get(map, key, sizeof(key), &found));
		KUNIT_EXPECT_EQ(test, len, found.len);
		KUNIT_EXPECT_EQ(test, before.version, found.version);
		KUNIT_EXPECT_EQ(test, 0, memcmp(buf, digits, len));
	}
}

static void add_needs_room_for_a_number(struct kunit *test)
{
	struct shardmap_params params = {
		.flags = smt_hash_flags(test),
		.max_value_len = 7,
	};
	struct shardmap *map = smt_create(test, &params);
	struct shardmap_result result;
	u64 initial = 0;

	KUNIT_EXPECT_EQ(test, -EMSGSIZE, add(map, 1, &initial, &result));
	expect_absent(test, map);
}

/* Every operation with a key of @len bytes. */
static void expect_key_error(struct kunit *test, struct shardmap *map, u32 len,
			     int err)
{
	static const char long_key[64];
	struct shardmap_value found = {};
	struct shardmap_result result;
	u64 initial = 0;

	KUNIT_EXPECT_EQ(test, err, shardmap_get(map, long_key, len, &found));
	KUNIT_EXPECT_EQ(test, err,
			shardmap_put(map, long_key, len, "", 0,
				     SHARDMAP_PUT_ANY, GFP_KERNEL, &result));
	KUNIT_EXPECT_EQ(test, err,
			shardmap_get_or_put(map, long_key, len, "", 0, &found,
					    GFP_KERNEL, &result));
	KUNIT_EXPECT_EQ(test, err,
			shardmap_delete(map, long_key, len, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, err,
			shardmap_add(map, long_key, len, 1, &initial,
				     GFP_KERNEL, &result));
}

static void lengths_beyond_the_limits_are_refused(struct kunit *test)
{
	static const char long_value[101];
	struct shardmap *map = create(test);
	struct shardmap_value found = {};
	struct shardmap_result result;

	expect_key_error(test, map, 0, -EINVAL);
	expect_key_error(test, map, 41, -EMSGSIZE);
	expect_key_error(test, map, U32_MAX, -EMSGSIZE);
	KUNIT_EXPECT_EQ(test, -EMSGSIZE,
			shardmap_put(map, key, sizeof(key), long_value, 101,
				     SHARDMAP_PUT_ANY, GFP_KERNEL, NULL));
	KUNIT_EXPECT_EQ(test, -EMSGSIZE,
			shardmap_put(map, key, sizeof(key), long_value, U32_MAX,
				     SHARDMAP_PUT_ANY, GFP_KERNEL, NULL));
	KUNIT_EXPECT_EQ(test, -EMSGSIZE,
			shardmap_get_or_put(map, key, sizeof(key), long_value,
					    101, &found, GFP_KERNEL, &result));
	expect_absent(test, map);
	KUNIT_EXPECT_EQ(test, 0,
			shardmap_put(map, long_value, 40, long_value, 100,
				     SHARDMAP_PUT_ANY, GFP_KERNEL, NULL));
	KUNIT_EXPECT_EQ(test, 1, shardmap_count(map));
}

/* Versions of all operations on two keys of one shard, in turn. */
static void versions_never_repeat(struct kunit *test)
{
	struct shardmap_params params = {
		.flags = smt_hash_flags(test),
		.nr_shards = 1,
	};
	struct shardmap *map = smt_create(test, &params);
	struct shardmap_result result = {};
	u64 last[2] = {}, initial = 1, number;
	struct shardmap_value found;
	unsigned int n;

	for (n = 0; n < 600; n++) {
		u64 id = n & 1;

		found = (struct shardmap_value){ .buf = &number, .len = 8 };
		if (n % 6 == 5) {
			smt_delete(map, id);
			continue;
		}
		if (n % 3 == 0)
			KUNIT_ASSERT_EQ(test, 0,
					shardmap_put(map, &id, 8, &initial, 8,
						     SHARDMAP_PUT_ANY,
						     GFP_KERNEL, &result));
		else if (n % 3 == 1)
			KUNIT_ASSERT_EQ(test, 0,
					shardmap_add(map, &id, 8, 1, &initial,
						     GFP_KERNEL, &result));
		else if (smt_get(map, id, &number))
			KUNIT_ASSERT_EQ(test, 0,
					shardmap_get_or_put(
						map, &id, 8, &initial, 8,
						&found, GFP_KERNEL, &result));
		else
			continue;
		/* Growing without end, they cannot repeat. */
		KUNIT_EXPECT_GT(test, result.version, last[id]);
		last[id] = result.version;
		found.len = 8;
		KUNIT_ASSERT_EQ(test, 0, shardmap_get(map, &id, 8, &found));
		KUNIT_EXPECT_EQ(test, result.version, found.version);
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(get_copies_value_and_version, smt_hash_gen_params),
	KUNIT_CASE_PARAM(get_of_too_small_buffer_tells_length_only,
			 smt_hash_gen_params),
	KUNIT_CASE_PARAM(put_any_inserts_and_replaces, smt_hash_gen_params),
	KUNIT_CASE_PARAM(put_noexist_only_inserts, smt_hash_gen_params),
	KUNIT_CASE_PARAM(put_exist_only_replaces, smt_hash_gen_params),
	KUNIT_CASE_PARAM(get_or_put_stores_only_a_new_key, smt_hash_gen_params),
	KUNIT_CASE_PARAM(get_or_put_of_too_small_buffer_stores_nothing,
			 smt_hash_gen_params),
	KUNIT_CASE_PARAM(delete_removes_once, smt_hash_gen_params),
	KUNIT_CASE_PARAM(add_starts_from_initial_and_wraps,
			 smt_hash_gen_params),
	KUNIT_CASE_PARAM(add_refuses_other_lengths, smt_hash_gen_params),
	KUNIT_CASE_PARAM(add_needs_room_for_a_number, smt_hash_gen_params),
	KUNIT_CASE_PARAM(lengths_beyond_the_limits_are_refused,
			 smt_hash_gen_params),
	KUNIT_CASE_PARAM(versions_never_repeat, smt_hash_gen_params),
	{}
};

struct kunit_suite smt_table_suite = {
	.name = "shardmap_table",
	.suite_init = smt_suite_init,
	.suite_exit = smt_suite_exit,
	.test_cases = cases,
};
