// SPDX-License-Identifier: GPL-2.0-only
/* Lengths and limits: the last that fits, and the first that does not. */
#include "batch.h"
#include "limit.h"
#include "scan.h"
#include "table.h"

static char bytes[SHARDMAP_VALUE_LEN_MAX + PAGE];

TEST_F(table, an_empty_key_is_refused)
{
	__u32 len = 0;

	test_err_get(EINVAL, self->fd, "", 0, NULL, &len, NULL);
	test_err_put(EINVAL, self->fd, 0, "", 0, STR("v"), NULL);
	test_err_delete(EINVAL, self->fd, "", 0);
	test_err_get_or_put(EINVAL, self->fd, "", 0, STR("v"), NULL, &len,
			    NULL);
	test_err_add(EINVAL, self->fd, SHARDMAP_CREATE, "", 0, 1, 0, NULL,
		     NULL);
	EXPECT_EQ(0, count_entries(self->fd));
}

TEST_F(table, too_long_a_key_is_refused)
{
	static const __u32 lens[] = {
		SHARDMAP_KEY_LEN_MAX + 1, 1 << 16,   (1 << 16) + 1, INT32_MAX,
		UINT32_MAX - 7,		  UINT32_MAX
	};
	__u32 i, len = 0;

	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		test_err_get(EMSGSIZE, self->fd, bytes, lens[i], NULL, &len,
			     NULL);
		test_err_put(EMSGSIZE, self->fd, 0, bytes, lens[i], STR("v"),
			     NULL);
		test_err_delete(EMSGSIZE, self->fd, bytes, lens[i]);
		test_err_get_or_put(EMSGSIZE, self->fd, bytes, lens[i],
				    STR("v"), NULL, &len, NULL);
		test_err_add(EMSGSIZE, self->fd, SHARDMAP_CREATE, bytes,
			     lens[i], 1, 0, NULL, NULL);
	}
	EXPECT_EQ(0, count_entries(self->fd));
}

TEST_F(table, too_long_a_value_is_refused)
{
	static const __u32 lens[] = { SHARDMAP_VALUE_LEN_MAX + 1, 1 << 17,
				      INT32_MAX, UINT32_MAX - 7, UINT32_MAX };
	__u32 i, len = 0;

	test_cmd_put(self->fd, 0, STR("key"), STR("value"), NULL);
	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		test_err_put(EMSGSIZE, self->fd, 0, STR("key"), bytes, lens[i],
			     NULL);
		test_err_get_or_put(EMSGSIZE, self->fd, STR("new"), bytes,
				    lens[i], NULL, &len, NULL);
	}
	EXPECT_EQ(1, count_entries(self->fd));
	EXPECT_EQ(0, check_value(self->fd, STR("key"), STR("value")));
}

TEST_F(table, a_buffer_may_be_larger_than_any_value)
{
	static const __u32 lens[] = { 5, SHARDMAP_VALUE_LEN_MAX,
				      SHARDMAP_VALUE_LEN_MAX + 1, INT32_MAX,
				      UINT32_MAX };
	__u32 i, len;

	/* The buffer need not be as large as it claims beyond what is used. */
	test_cmd_put(self->fd, 0, STR("key"), STR("value"), NULL);
	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		len = lens[i];
		test_cmd_get(self->fd, STR("key"), bytes, &len, NULL);
		EXPECT_EQ(5, len);
	}
}

/* Fill with keys 0, 1 ... until an insertion fails, and say how many fit. */
static int fill(int fd, __u32 value_len, unsigned int max, unsigned int *n)
{
	int ret = 0;

	for (*n = 0; *n < max && !ret; ++*n)
		ret = store(fd, n, sizeof(*n), bytes, value_len);
	if (ret)
		--*n;
	return ret;
}

TEST_F(table, max_entries_is_exact)
{
	struct shardmap_create how = { .max_entries = 100 };
	int fd = do_create(self->dev, &how);
	__u64 zero = 0, removed;
	unsigned int n, one = 1;
	__u32 len = 0;

	ASSERT_LE(0, fd);
	EXPECT_EQ(-ENOSPC, fill(fd, 8, 1000, &n));
	EXPECT_EQ(100, n);
	EXPECT_EQ(100, count_entries(fd));

	/* A full table refuses new keys in every way, and only new keys. */
	test_err_put(ENOSPC, fd, 0, STR("new"), STR("v"), NULL);
	test_err_put(ENOSPC, fd, SHARDMAP_NOEXIST, STR("new"), STR("v"), NULL);
	test_err_put(ENOENT, fd, SHARDMAP_EXIST, STR("new"), STR("v"), NULL);
	test_err_put(EEXIST, fd, SHARDMAP_NOEXIST, OBJ(one), STR("v"), NULL);
	test_err_get_or_put(ENOSPC, fd, STR("new"), STR("v"), NULL, &len, NULL);
	test_err_add(ENOSPC, fd, SHARDMAP_CREATE, STR("new"), 1, 0, NULL, NULL);
	test_cmd_put(fd, 0, OBJ(one), OBJ(zero), NULL);
	test_cmd_add(fd, SHARDMAP_CREATE, OBJ(one), 1, 0, NULL, NULL);
	EXPECT_EQ(-ENOBUFS,
		  do_get_or_put(fd, OBJ(one), STR("v"), NULL, &len, NULL));
	EXPECT_EQ(100, count_entries(fd));

	test_cmd_delete(fd, OBJ(one));
	test_cmd_put(fd, 0, STR("new"), STR("v"), NULL);
	test_err_put(ENOSPC, fd, 0, OBJ(one), STR("v"), NULL);

	test_cmd_clear(fd, &removed);
	EXPECT_EQ(100, removed);
	EXPECT_EQ(-ENOSPC, fill(fd, 8, 1000, &n));
	EXPECT_EQ(100, n);
	close(fd);
}

TEST_F(table, max_entries_of_one)
{
	struct shardmap_create how = { .max_entries = 1 };
	int fd = do_create(self->dev, &how);
	unsigned int i;

	ASSERT_LE(0, fd);
	for (i = 0; i < 1000; i++) {
		ASSERT_EQ(0, store(fd, OBJ(i), STR("v")));
		ASSERT_EQ(-ENOSPC, store(fd, STR("second"), STR("v")));
		test_cmd_delete(fd, OBJ(i));
	}
	close(fd);
}

TEST_F(table, max_bytes_is_exact)
{
	static const __u32 lens[] = { 0, 8, 100, 4000, 65536 };
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		__u64 cost = entry_cost(self->dev, lens[i]);
		struct shardmap_create how = { .max_bytes = cost * 10 };
		struct shardmap_info info;
		int fd, one = 1;

		ASSERT_LE(lens[i] + sizeof(one), cost);
		fd = do_create(self->dev, &how);
		ASSERT_LE(0, fd);
		EXPECT_EQ(-ENOSPC, fill(fd, lens[i], 1000, &n));
		EXPECT_EQ(10, n)
		{
			TH_LOG("values of %u bytes", lens[i]);
		}
		test_cmd_info(fd, &info);
		EXPECT_EQ(how.max_bytes, info.entry_bytes);
		EXPECT_EQ(0, store(fd, OBJ(one), bytes, lens[i]));
		test_cmd_delete(fd, OBJ(one));
		EXPECT_EQ(0, store(fd, STR("abcd"), bytes, lens[i]));
		EXPECT_EQ(-ENOSPC, store(fd, OBJ(one), bytes, lens[i]));
		close(fd);

		/* A byte less, an entry less. */
		how.max_bytes--;
		fd = do_create(self->dev, &how);
		ASSERT_LE(0, fd);
		EXPECT_EQ(-ENOSPC, fill(fd, lens[i], 1000, &n));
		EXPECT_EQ(9, n);
		close(fd);
	}
}

TEST_F(table, max_bytes_holds_for_replacement)
{
	__u64 small = entry_cost(self->dev, 8);
	__u64 large = entry_cost(self->dev, 4000);
	struct shardmap_create how = { .max_bytes = small + large };
	struct snapshot before;
	int fd;

	ASSERT_LT(small, large);
	fd = do_create(self->dev, &how);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, store(fd, STR("abcd"), bytes, 8));
	ASSERT_EQ(0, store(fd, STR("efgh"), bytes, 4000));
	ASSERT_EQ(0, snapshot_take(fd, &before));
	EXPECT_EQ(-ENOSPC, store(fd, STR("abcd"), bytes, 4000));
	EXPECT_EQ(0, snapshot_check(fd, &before));
	EXPECT_EQ(0, store(fd, STR("efgh"), bytes, 8));
	EXPECT_EQ(0, store(fd, STR("abcd"), bytes, 4000));
	snapshot_free(&before);
	close(fd);
}

TEST_F(table, lengths_can_be_limited)
{
	struct shardmap_create how = { .max_key_len = 5, .max_value_len = 6 };
	int fd = do_create(self->dev, &how);
	__u32 len = 0;

	ASSERT_LE(0, fd);
	test_cmd_put(fd, 0, STR("12345"), STR("123456"), NULL);
	test_err_put(EMSGSIZE, fd, 0, STR("123456"), STR("123456"), NULL);
	test_err_put(EMSGSIZE, fd, 0, STR("12345"), STR("1234567"), NULL);
	test_err_get(EMSGSIZE, fd, STR("123456"), NULL, &len, NULL);
	test_err_delete(EMSGSIZE, fd, STR("123456"));
	test_err_get_or_put(EMSGSIZE, fd, STR("new"), STR("1234567"), NULL,
			    &len, NULL);
	/* A number takes 8 bytes, which is too much here. */
	test_err_add(EMSGSIZE, fd, SHARDMAP_CREATE, STR("new"), 1, 0, NULL,
		     NULL);
	EXPECT_EQ(1, count_entries(fd));
	EXPECT_EQ(0, check_value(fd, STR("12345"), STR("123456")));
	close(fd);
}

/* The table grows behind its writers' back. */
static bool has_resized(void *arg)
{
	struct shardmap_info info;

	return !do_info(*(int *)arg, &info) && info.resizes;
}

TEST_F(table, info_counts_what_is_there)
{
	struct shardmap_info empty, full, after;

	test_cmd_info(self->fd, &empty);
	EXPECT_EQ(0, empty.entries);
	EXPECT_EQ(0, empty.entry_bytes);
	ASSERT_EQ(0, store_numbers(self->fd, 0, 20000));
	test_cmd_info(self->fd, &full);
	EXPECT_EQ(20000, full.entries);
	EXPECT_LE(20000 * 16, full.entry_bytes);
	ASSERT_TRUE(poll_until(has_resized, &self->fd));
	test_cmd_info(self->fd, &full);
	EXPECT_LT(empty.index_bytes, full.index_bytes);
	EXPECT_LT(empty.buckets, full.buckets);
	ASSERT_EQ(0, delete_numbers(self->fd, 0, 20000));
	test_cmd_info(self->fd, &after);
	EXPECT_EQ(0, after.entries);
	EXPECT_EQ(0, after.entry_bytes);
}

TEST_HARNESS_MAIN
