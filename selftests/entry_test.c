// SPDX-License-Identifier: GPL-2.0-only
/* What each operation on one key does, and what it does not. */
#include "scan.h"
#include "table.h"

/* Bytes that differ at every place and between values of different seeds. */
static void pattern(char *buf, __u32 len, __u32 seed)
{
	__u32 i;

	for (i = 0; i < len; i++)
		buf[i] = (i * 7 + (i >> 8) + seed * 31) ^ (seed >> 3);
}

TEST_F(table, a_new_table_has_no_key)
{
	__u32 len = 0;
	__u64 removed;

	EXPECT_EQ(0, count_entries(self->fd));
	test_err_get(ENOENT, self->fd, STR("key"), NULL, &len, NULL);
	test_err_delete(ENOENT, self->fd, STR("key"));
	test_err_put(ENOENT, self->fd, SHARDMAP_EXIST, STR("key"), STR("v"),
		     NULL);
	test_err_add(ENOENT, self->fd, 0, STR("key"), 1, 0, NULL, NULL);
	test_cmd_clear(self->fd, &removed);
	EXPECT_EQ(0, removed);
	EXPECT_EQ(0, count_entries(self->fd));
}

TEST_F(table, put_then_get)
{
	__u64 put_version, get_version;
	char out[16];
	__u32 len = sizeof(out);

	memset(out, '#', sizeof(out));
	ASSERT_EQ(1,
		  do_put(self->fd, 0, STR("key"), STR("value"), &put_version));
	EXPECT_NE(0, put_version);
	EXPECT_EQ(1, count_entries(self->fd));
	test_cmd_get(self->fd, STR("key"), out, &len, &get_version);
	EXPECT_EQ(5, len);
	EXPECT_EQ(put_version, get_version);
	EXPECT_EQ(0, memcmp(out, "value###########", 16));
}

TEST_F(table, put_replaces)
{
	__u64 first, second;

	ASSERT_EQ(1, do_put(self->fd, 0, STR("key"), STR("one"), &first));
	ASSERT_EQ(0, do_put(self->fd, 0, STR("key"), STR("second"), &second));
	EXPECT_NE(first, second);
	EXPECT_EQ(0, check_value(self->fd, STR("key"), STR("second")));
	EXPECT_EQ(1, count_entries(self->fd));
}

TEST_F(table, put_noexist_never_replaces)
{
	ASSERT_EQ(1, do_put(self->fd, SHARDMAP_NOEXIST, STR("key"), STR("one"),
			    NULL));
	test_err_put(EEXIST, self->fd, SHARDMAP_NOEXIST, STR("key"), STR("two"),
		     NULL);
	EXPECT_EQ(0, check_value(self->fd, STR("key"), STR("one")));
}

TEST_F(table, put_exist_never_inserts)
{
	test_err_put(ENOENT, self->fd, SHARDMAP_EXIST, STR("key"), STR("one"),
		     NULL);
	EXPECT_EQ(0, count_entries(self->fd));
	test_cmd_put(self->fd, 0, STR("key"), STR("one"), NULL);
	ASSERT_EQ(0, do_put(self->fd, SHARDMAP_EXIST, STR("key"), STR("two"),
			    NULL));
	EXPECT_EQ(0, check_value(self->fd, STR("key"), STR("two")));
}

TEST_F(table, put_cannot_want_both)
{
	__u32 both = SHARDMAP_NOEXIST | SHARDMAP_EXIST;

	test_err_put(EINVAL, self->fd, both, STR("key"), STR("one"), NULL);
	test_cmd_put(self->fd, 0, STR("key"), STR("one"), NULL);
	test_err_put(EINVAL, self->fd, both, STR("key"), STR("two"), NULL);
	EXPECT_EQ(0, check_value(self->fd, STR("key"), STR("one")));
}

TEST_F(table, delete_removes)
{
	struct shardmap_op op = key_op(STR("key"));
	__u32 len = 0;

	test_cmd_put(self->fd, 0, STR("key"), STR("value"), NULL);
	test_cmd_put(self->fd, 0, STR("other"), STR("stays"), NULL);
	op.version = 77;
	ASSERT_EQ(0, do_op(self->fd, SHARDMAP_IOC_DELETE, &op));
	EXPECT_EQ(0, op.version);
	test_err_get(ENOENT, self->fd, STR("key"), NULL, &len, NULL);
	test_err_delete(ENOENT, self->fd, STR("key"));
	EXPECT_EQ(1, count_entries(self->fd));
	EXPECT_EQ(0, check_value(self->fd, STR("other"), STR("stays")));
}

TEST_F(table, get_or_put_stores_once)
{
	__u64 stored, found;
	char out[16] = "untouched";
	__u32 len = sizeof(out);

	ASSERT_EQ(1, do_get_or_put(self->fd, STR("key"), STR("one"), out, &len,
				   &stored));
	EXPECT_STREQ("untouched", out);
	len = sizeof(out);
	ASSERT_EQ(0, do_get_or_put(self->fd, STR("key"), STR("two"), out, &len,
				   &found));
	EXPECT_EQ(3, len);
	EXPECT_EQ(0, memcmp(out, "oneouched", 10));
	EXPECT_EQ(stored, found);
	EXPECT_EQ(0, check_value(self->fd, STR("key"), STR("one")));
}

TEST_F(table, get_or_put_with_too_small_a_buffer_stores_nothing)
{
	struct snapshot before;
	char out[] = "untouched";
	__u32 len;

	test_cmd_put(self->fd, 0, STR("key"), STR("a long value"), NULL);
	ASSERT_EQ(0, snapshot_take(self->fd, &before));
	len = 11;
	test_err_get_or_put(ENOBUFS, self->fd, STR("key"), STR("two"), out,
			    &len, NULL);
	EXPECT_EQ(12, len);
	EXPECT_STREQ("untouched", out);
	len = 0;
	test_err_get_or_put(ENOBUFS, self->fd, STR("key"), STR("two"), NULL,
			    &len, NULL);
	EXPECT_EQ(12, len);
	EXPECT_EQ(0, snapshot_check(self->fd, &before));
	snapshot_free(&before);
}

TEST_F(table, get_reports_the_length_it_needs)
{
	struct snapshot before;
	char out[12];
	__u32 size, i;

	test_cmd_put(self->fd, 0, STR("key"), STR("a long value"), NULL);
	ASSERT_EQ(0, snapshot_take(self->fd, &before));
	for (size = 0; size < 12; size++) {
		__u32 len = size;

		memset(out, '#', sizeof(out));
		test_err_get(ENOBUFS, self->fd, STR("key"), out, &len, NULL);
		EXPECT_EQ(12, len);
		for (i = 0; i < sizeof(out); i++) {
			EXPECT_EQ('#', out[i]);
		}
	}
	EXPECT_EQ(0, snapshot_check(self->fd, &before));
	test_cmd_get(self->fd, STR("key"), out, &size, NULL);
	EXPECT_EQ(0, memcmp(out, "a long value", 12));
	snapshot_free(&before);
}

TEST_F(table, values_of_all_sizes)
{
	static const __u32 lens[] = {
		0,    1,    7,	   8,	  9,	 15,   16,    63,
		64,   65,   127,   255,	  256,	 257,  511,   1024,
		4000, 4095, 4096,  4097,  8191,	 8192, 8193,  16384,
		8,    0,    32767, 65535, 65536, 3,    65536, 0,
	};
	static char value[SHARDMAP_VALUE_LEN_MAX];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		pattern(value, lens[i], i);
		test_cmd_put(self->fd, 0, STR("the same key"), value, lens[i],
			     NULL);
		test_cmd_put(self->fd, 0, OBJ(i), value, lens[i], NULL);
		EXPECT_EQ(0, check_value(self->fd, STR("the same key"), value,
					 lens[i]))
		{
			TH_LOG("length %u", lens[i]);
		}
	}
	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		pattern(value, lens[i], i);
		EXPECT_EQ(0, check_value(self->fd, OBJ(i), value, lens[i]))
		{
			TH_LOG("length %u", lens[i]);
		}
	}
}

TEST_F(table, keys_of_all_lengths)
{
	static char key[SHARDMAP_KEY_LEN_MAX];
	__u32 len;

	/* All are prefixes of each other, so the length tells them apart. */
	memset(key, 0, sizeof(key));
	for (len = 1; len <= sizeof(key); len++) {
		ASSERT_EQ(1, do_put(self->fd, SHARDMAP_NOEXIST, key, len,
				    OBJ(len), NULL));
	}
	EXPECT_EQ(sizeof(key), count_entries(self->fd));
	for (len = 1; len <= sizeof(key); len++) {
		EXPECT_EQ(0, check_value(self->fd, key, len, OBJ(len)))
		{
			TH_LOG("length %u", len);
		}
	}
	for (len = 1; len <= sizeof(key); len++) {
		test_cmd_delete(self->fd, key, len);
	}
	EXPECT_EQ(0, count_entries(self->fd));
}

TEST_F(table, keys_are_bytes_not_text)
{
	static const char *const keys[] = { "a\0\0", "a\0b", "a\0\xff", "\0\0a",
					    "\xff\xff\xff" };
	unsigned int i;

	for (i = 0; i < 256; i++) {
		__u8 key = i;

		ASSERT_EQ(1, do_put(self->fd, 0, &key, 1, OBJ(i), NULL));
	}
	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		ASSERT_EQ(1, do_put(self->fd, 0, keys[i], 3, OBJ(i), NULL));
	}
	for (i = 0; i < 256; i++) {
		__u8 key = i;

		EXPECT_EQ(0, check_value(self->fd, &key, 1, OBJ(i)));
	}
	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		EXPECT_EQ(0, check_value(self->fd, keys[i], 3, OBJ(i)));
	}
}

TEST_F(table, add_counts)
{
	__u64 old = 99, version, next, value = 17;

	ASSERT_EQ(1, do_add(self->fd, SHARDMAP_CREATE, STR("n"), 7, 10, &old,
			    &version));
	EXPECT_EQ(10, old);
	EXPECT_NE(0, version);
	EXPECT_EQ(0, check_value(self->fd, STR("n"), OBJ(value)));
	ASSERT_EQ(0, do_add(self->fd, SHARDMAP_CREATE, STR("n"), 3, 1000, &old,
			    &next));
	EXPECT_EQ(17, old);
	EXPECT_NE(version, next);
	value = 20;
	EXPECT_EQ(0, check_value(self->fd, STR("n"), OBJ(value)));
	ASSERT_EQ(0, do_add(self->fd, 0, STR("n"), -20, 0, &old, NULL));
	EXPECT_EQ(20, old);
	value = 0;
	EXPECT_EQ(0, check_value(self->fd, STR("n"), OBJ(value)));
}

TEST_F(table, add_wraps_around)
{
	__u64 old, value = UINT64_MAX;

	test_cmd_put(self->fd, 0, STR("n"), OBJ(value), NULL);
	test_cmd_add(self->fd, 0, STR("n"), 5, 0, &old, NULL);
	EXPECT_EQ(UINT64_MAX, old);
	value = 4;
	EXPECT_EQ(0, check_value(self->fd, STR("n"), OBJ(value)));
	test_cmd_add(self->fd, 0, STR("n"), UINT64_MAX, 0, &old, NULL);
	EXPECT_EQ(4, old);
	test_cmd_add(self->fd, 0, STR("n"), 1ULL << 63, 0, &old, NULL);
	EXPECT_EQ(3, old);
	value = (1ULL << 63) + 3;
	EXPECT_EQ(0, check_value(self->fd, STR("n"), OBJ(value)));
	ASSERT_EQ(1, do_add(self->fd, SHARDMAP_CREATE, STR("new"), 2,
			    UINT64_MAX, &old, NULL));
	EXPECT_EQ(UINT64_MAX, old);
	value = 1;
	EXPECT_EQ(0, check_value(self->fd, STR("new"), OBJ(value)));
}

TEST_F(table, add_wants_8_bytes)
{
	static const __u32 lens[] = { 0, 1, 4, 7, 9, 16, 4096 };
	static char value[4096];
	struct snapshot before;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		test_cmd_put(self->fd, 0, OBJ(i), value, lens[i], NULL);
	}
	ASSERT_EQ(0, snapshot_take(self->fd, &before));
	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		test_err_add(EINVAL, self->fd, 0, OBJ(i), 1, 0, NULL, NULL);
		test_err_add(EINVAL, self->fd, SHARDMAP_CREATE, OBJ(i), 1, 1,
			     NULL, NULL);
	}
	EXPECT_EQ(0, snapshot_check(self->fd, &before));
	snapshot_free(&before);
}

TEST_F(table, add_and_put_alternate_on_one_key)
{
	__u64 value = 5, old;

	test_cmd_put(self->fd, 0, STR("n"), STR("abc"), NULL);
	test_err_add(EINVAL, self->fd, 0, STR("n"), 1, 0, NULL, NULL);
	test_cmd_put(self->fd, 0, STR("n"), OBJ(value), NULL);
	test_cmd_add(self->fd, 0, STR("n"), 1, 0, &old, NULL);
	EXPECT_EQ(5, old);
	test_cmd_put(self->fd, 0, STR("n"), STR("abc"), NULL);
	EXPECT_EQ(0, check_value(self->fd, STR("n"), STR("abc")));
	test_cmd_delete(self->fd, STR("n"));
	test_err_add(ENOENT, self->fd, 0, STR("n"), 1, 0, NULL, NULL);
}

static int compare_versions(const void *a, const void *b)
{
	__u64 x = *(const __u64 *)a, y = *(const __u64 *)b;

	return x < y ? -1 : x > y;
}

TEST_F(table, no_version_comes_twice)
{
	enum { ROUNDS = 500, WRITES = 4 };
	static __u64 seen[ROUNDS * WRITES];
	__u64 *version = seen, value = 1, removed;
	unsigned int i;
	__u32 len = 0;

	/* Removal, by either command, must not make a key forget its versions. */
	for (i = 0; i < ROUNDS; i++) {
		test_cmd_put(self->fd, 0, STR("key"), OBJ(value), version++);
		test_cmd_put(self->fd, 0, STR("key"), OBJ(value), version++);
		test_cmd_add(self->fd, 0, STR("key"), 0, 0, NULL, version++);
		if (i % 100 == 99) {
			test_cmd_clear(self->fd, &removed);
			ASSERT_EQ(1, removed);
		} else {
			test_cmd_delete(self->fd, STR("key"));
		}
		ASSERT_EQ(1, do_get_or_put(self->fd, STR("key"), STR("v"), NULL,
					   &len, version++));
		test_cmd_delete(self->fd, STR("key"));
	}
	qsort(seen, ROUNDS * WRITES, sizeof(seen[0]), compare_versions);
	EXPECT_NE(0, seen[0]);
	for (i = 1; i < ROUNDS * WRITES; i++) {
		ASSERT_NE(seen[i - 1], seen[i]);
	}
}

TEST_F(table, failing_updates_keep_the_version)
{
	__u64 before, after;
	char out[8];
	__u32 len;

	test_cmd_put(self->fd, 0, STR("key"), STR("value"), &before);
	test_err_put(EEXIST, self->fd, SHARDMAP_NOEXIST, STR("key"), STR("x"),
		     NULL);
	test_err_add(EINVAL, self->fd, 0, STR("key"), 1, 0, NULL, NULL);
	len = sizeof(out);
	ASSERT_EQ(0, do_get_or_put(self->fd, STR("key"), STR("x"), out, &len,
				   NULL));
	len = sizeof(out);
	test_cmd_get(self->fd, STR("key"), out, &len, &after);
	EXPECT_EQ(before, after);
}

TEST_F(table, recycled_memory_keeps_nothing_of_its_past)
{
	static char secret[256], out[512];
	__u32 i, len;

	memset(secret, 'S', sizeof(secret));
	for (i = 0; i < 200; i++) {
		test_cmd_put(self->fd, 0, STR("old"), secret, 256 - i % 64,
			     NULL);
		test_cmd_delete(self->fd, STR("old"));
		test_cmd_put(self->fd, 0, STR("new"), "s", i % 2, NULL);
		memset(out, 0, sizeof(out));
		len = sizeof(out);
		test_cmd_get(self->fd, STR("new"), out, &len, NULL);
		ASSERT_EQ(i % 2, len);
		ASSERT_EQ(NULL, memchr(out, 'S', sizeof(out)));
	}
}

TEST_HARNESS_MAIN
