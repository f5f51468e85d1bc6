// SPDX-License-Identifier: GPL-2.0-only
/* Tables whose entries stand in the bucket lines: as others, but for the lengths. */
#include <sys/wait.h>

#include "batch.h"
#include "scan.h"

#define KEYS 5000U

FIXTURE(inline_table)
{
	int dev;
	int fd;
};

FIXTURE_VARIANT(inline_table)
{
	__u32 key_len;
	__u32 value_len;
	__u32 flags;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(inline_table, words) {
	.key_len = 8,
	.value_len = 8,
};

FIXTURE_VARIANT_ADD(inline_table, words_hashed_fast) {
	.key_len = 8,
	.value_len = 8,
	.flags = SHARDMAP_CREATE_FAST_HASH,
};

FIXTURE_VARIANT_ADD(inline_table, short_ones) {
	.key_len = 4,
	.value_len = 3,
};
/* clang-format on */

FIXTURE_SETUP(inline_table)
{
	struct shardmap_create how = {
		.flags = SHARDMAP_CREATE_INLINE | variant->flags,
		.max_key_len = variant->key_len,
		.max_value_len = variant->value_len,
	};

	self->dev = open_device();
	ASSERT_LE(0, self->dev);
	self->fd = do_create(self->dev, &how);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(inline_table)
{
	EXPECT_EQ(0, close(self->fd));
	EXPECT_EQ(0, close(self->dev));
}

/* Numbers are little-endian here: their first bytes tell small ones apart. */
static __u64 value_of(__u64 key)
{
	return key * 3 + 1;
}

TEST_F(inline_table, operations_are_those_of_any_table)
{
	__u64 key = 7, one = 1, two = 2, removed;
	__u32 kl = variant->key_len, vl = variant->value_len;
	char out[16];
	__u32 len = sizeof(out);

	test_err_get(ENOENT, self->fd, &key, kl, out, &len, NULL);
	test_err_put(ENOENT, self->fd, SHARDMAP_EXIST, &key, kl, &one, vl,
		     NULL);
	EXPECT_EQ(1,
		  do_put(self->fd, SHARDMAP_NOEXIST, &key, kl, &one, vl, NULL));
	test_err_put(EEXIST, self->fd, SHARDMAP_NOEXIST, &key, kl, &two, vl,
		     NULL);
	EXPECT_EQ(0, check_value(self->fd, &key, kl, &one, vl));
	EXPECT_EQ(0,
		  do_put(self->fd, SHARDMAP_EXIST, &key, kl, &two, vl, NULL));
	EXPECT_EQ(0, check_value(self->fd, &key, kl, &two, vl));
	EXPECT_EQ(1, count_entries(self->fd));

	/* The buffer is too small by a byte, then just right. */
	len = vl - 1;
	test_err_get(ENOBUFS, self->fd, &key, kl, out, &len, NULL);
	EXPECT_EQ(vl, len);
	memset(out, '#', sizeof(out));
	test_cmd_get(self->fd, &key, kl, out, &len, NULL);
	EXPECT_EQ('#', out[vl]);

	EXPECT_EQ(0, do_delete(self->fd, &key, kl));
	test_err_delete(ENOENT, self->fd, &key, kl);
	EXPECT_EQ(1, do_put(self->fd, 0, &key, kl, &one, vl, NULL));
	test_cmd_clear(self->fd, &removed);
	EXPECT_EQ(1, removed);
	EXPECT_EQ(0, count_entries(self->fd));
}

TEST_F(inline_table, refuses_other_lengths)
{
	__u32 kl = variant->key_len, vl = variant->value_len;
	__u64 key[2] = { 1 }, value[2] = { 2 };
	__u32 len = sizeof(value);

	test_err_put(EINVAL, self->fd, 0, key, kl - 1, value, vl, NULL);
	test_err_put(EMSGSIZE, self->fd, 0, key, kl + 1, value, vl, NULL);
	test_err_put(EINVAL, self->fd, 0, key, kl, value, vl - 1, NULL);
	test_err_put(EMSGSIZE, self->fd, 0, key, kl, value, vl + 1, NULL);
	test_err_get(EINVAL, self->fd, key, kl - 1, value, &len, NULL);
	test_err_get(EMSGSIZE, self->fd, key, kl + 1, value, &len, NULL);
	test_err_delete(EINVAL, self->fd, key, kl - 1);
	test_err_delete(EMSGSIZE, self->fd, key, kl + 1);
	test_err_add(EINVAL, self->fd, SHARDMAP_CREATE, key, kl - 1, 1, 0, NULL,
		     NULL);
	if (vl < 8)
		test_err_add(EMSGSIZE, self->fd, SHARDMAP_CREATE, key, kl, 1, 0,
			     NULL, NULL);
	EXPECT_EQ(0, count_entries(self->fd));
}

TEST_F(inline_table, grows_and_shrinks)
{
	__u32 kl = variant->key_len, vl = variant->value_len;
	struct shardmap_info info;
	__u64 key, value;

	for (key = 0; key < KEYS; key++) {
		value = value_of(key);
		ASSERT_EQ(1, do_put(self->fd, SHARDMAP_NOEXIST, &key, kl,
				    &value, vl, NULL));
	}
	for (key = 0; key < KEYS; key++) {
		value = value_of(key);
		ASSERT_EQ(0, check_value(self->fd, &key, kl, &value, vl));
	}
	test_cmd_info(self->fd, &info);
	EXPECT_EQ(KEYS, info.entries);
	EXPECT_EQ(0, info.entry_bytes);
	EXPECT_EQ(0, info.deferred_bytes);
	for (key = 0; key < KEYS; key++)
		ASSERT_EQ(0, do_delete(self->fd, &key, kl));
	EXPECT_EQ(0, count_entries(self->fd));
}

struct seen {
	__u32 key_len;
	unsigned int records;
	unsigned char shown[KEYS];
};

static int see(const struct shardmap_record *rec, void *arg)
{
	struct seen *seen = arg;
	__u64 key = 0, value = 0, wanted;

	memcpy(&key, record_key(rec), rec->key_len);
	memcpy(&value, record_value(rec), rec->value_len);
	wanted = value_of(key);
	if (key >= KEYS || seen->shown[key]++ ||
	    rec->key_len != seen->key_len ||
	    memcmp(&value, &wanted, rec->value_len))
		return -EPROTO;
	seen->records++;
	return 0;
}

TEST_F(inline_table, scan_shows_each_key_once_with_any_buffer)
{
	__u32 kl = variant->key_len, vl = variant->value_len;
	__u32 sizes[] = { sizeof(struct shardmap_record) + 16, 4096, 0 };
	struct seen *seen;
	unsigned int i;
	__u64 key, value;

	for (key = 0; key < KEYS; key++) {
		value = value_of(key);
		ASSERT_EQ(1, do_put(self->fd, 0, &key, kl, &value, vl, NULL));
	}
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		seen = calloc(1, sizeof(*seen));
		ASSERT_NE(NULL, seen);
		seen->key_len = kl;
		EXPECT_EQ(0, scan_all(self->fd, sizes[i], see, seen));
		EXPECT_EQ(KEYS, seen->records);
		free(seen);
	}
}

/* Two processes add to the same numbers: none is lost. */
TEST_F(inline_table, processes_add_up)
{
	__u64 key, sum = 0, number;
	unsigned int i, p;
	int status;

	/* Numbers have 8 bytes; refuses_other_lengths has the rest. */
	if (variant->value_len < 8)
		return;
	for (p = 0; p < 2; p++) {
		if (fork())
			continue;
		for (i = 0; i < KEYS; i++) {
			key = i % 7;
			if (do_add(self->fd, SHARDMAP_CREATE, OBJ(key), i, 0,
				   NULL, NULL) < 0)
				_exit(1);
		}
		_exit(0);
	}
	for (p = 0; p < 2; p++) {
		ASSERT_LT(0, wait(&status));
		EXPECT_EQ(0, status);
	}
	for (key = 0; key < 7; key++) {
		__u32 len = sizeof(number);

		test_cmd_get(self->fd, OBJ(key), &number, &len, NULL);
		sum += number;
	}
	EXPECT_EQ(KEYS * (KEYS - 1ULL), sum);
}

TEST_HARNESS_MAIN
