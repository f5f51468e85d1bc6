// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tables that make room by removing what was not looked up lately.
 *
 * In each shard a hand goes round.  It removes entries without a mark, and takes the
 * marks off the others; storing an entry or looking it up marks it.  So an entry that
 * is looked up more often than the hand comes round stays, and one that is not goes
 * when the hand comes to it for the second time, or for the first.
 */
#include "how.h"
#include "limit.h"
#include "table.h"

enum { ENTRIES = 1000, HOT = 50, FLOOD = 3000 };

static const char bytes[SHARDMAP_VALUE_LEN_MAX];

static int create_evicting(int dev, __u64 entries, __u64 max_bytes)
{
	struct shardmap_create how = {
		.flags = SHARDMAP_CREATE_EVICT,
		.nr_shards = 4,
		.max_entries = entries,
		.max_bytes = max_bytes,
	};

	return do_create(dev, &how);
}

static bool is_there(int fd, __u64 key, __u32 flags)
{
	struct shardmap_op op = key_op(OBJ(key));
	char buf[64];

	op.flags = flags;
	op.out = to_u64(buf);
	op.out_len = sizeof(buf);
	return !do_ioctl(fd, SHARDMAP_IOC_GET, &op);
}

static unsigned int count_there(int fd, __u64 first, __u64 n)
{
	unsigned int there = 0;

	while (n--)
		there += is_there(fd, first++, SHARDMAP_NO_TOUCH);
	return there;
}

TEST_F(table, flags_that_do_not_go_together)
{
	struct shardmap_create how = { .flags = SHARDMAP_CREATE_EVICT };

	test_err_create(EINVAL, self->dev, &how);
	how.max_entries = 10;
	how.flags |= SHARDMAP_CREATE_INLINE;
	how.max_key_len = 8;
	how.max_value_len = 8;
	test_err_create(EINVAL, self->dev, &how);
	how.flags = SHARDMAP_CREATE_INLINE;
	EXPECT_EQ(0, close(do_create(self->dev, &how)));
	how.flags = SHARDMAP_CREATE_EVICT | SHARDMAP_CREATE_FAST_HASH;
	EXPECT_EQ(0, close(do_create(self->dev, &how)));
	how.max_entries = 0;
	how.max_bytes = 4096;
	EXPECT_EQ(0, close(do_create(self->dev, &how)));
}

TEST_F(table, max_entries_is_exact)
{
	static const __u64 limits[] = { 1, 2, 10, 333 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		__u64 limit = limits[i], stored = 0;
		int fd = create_evicting(self->dev, limit, 0);
		struct shardmap_info info;

		ASSERT_LE(0, fd);
		while (stored < 3 * limit + 20) {
			ASSERT_EQ(1, do_put(fd, 0, OBJ(stored), OBJ(stored),
					    NULL));
			/* The newest one is never what goes. */
			ASSERT_EQ(0, check_value(fd, OBJ(stored), OBJ(stored)));
			stored++;
			test_cmd_info(fd, &info);
			ASSERT_EQ(stored < limit ? stored : limit,
				  info.entries);
			ASSERT_EQ(stored - info.entries, info.evicted);
		}
		EXPECT_EQ(0, info.expired);
		EXPECT_EQ(SHARDMAP_CREATE_EVICT, info.flags);
		EXPECT_EQ(limit, count_there(fd, 0, stored));
		close(fd);
	}
}

/* What comes in place of another, and what fails, costs no entry. */
TEST_F(table, only_new_keys_need_room)
{
	int fd = create_evicting(self->dev, 100, 0);
	struct shardmap_info info;
	__u64 i, zero = 0;
	__u32 len = 0;

	ASSERT_LE(0, fd);
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(0, store(fd, OBJ(i), OBJ(i)));
	}
	for (i = 0; i < 100; i++) {
		__u64 key = i + 1000;

		ASSERT_EQ(0, do_put(fd, 0, OBJ(i), OBJ(zero), NULL));
		ASSERT_EQ(0, do_put(fd, 0, OBJ(i), bytes, 100, NULL));
		ASSERT_EQ(0, do_put(fd, 0, OBJ(i), OBJ(zero), NULL));
		ASSERT_EQ(0, do_add(fd, 0, OBJ(i), 1, 0, NULL, NULL));
		test_err_put(EEXIST, fd, SHARDMAP_NOEXIST, OBJ(i), OBJ(i),
			     NULL);
		test_err_put(ENOENT, fd, SHARDMAP_EXIST, OBJ(key), OBJ(i),
			     NULL);
		test_err_add(ENOENT, fd, 0, OBJ(key), 1, 0, NULL, NULL);
		test_err_get_or_put(ENOBUFS, fd, OBJ(i), OBJ(i), NULL, &len,
				    NULL);
		len = 0;
	}
	test_cmd_info(fd, &info);
	EXPECT_EQ(100, info.entries);
	EXPECT_EQ(0, info.evicted);
	/* Each way to store a new key removes one other. */
	i = 5000;
	test_cmd_add(fd, SHARDMAP_CREATE, OBJ(i), 1, 0, NULL, NULL);
	i++;
	test_cmd_get_or_put(fd, OBJ(i), OBJ(i), NULL, &len, NULL);
	test_cmd_info(fd, &info);
	EXPECT_EQ(100, info.entries);
	EXPECT_EQ(2, info.evicted);
	EXPECT_EQ(2, count_there(fd, 5000, 2));
	close(fd);
}

static int flood(int fd, __u64 *next, unsigned int n)
{
	int ret = 0;

	for (; n && !ret; n--, ++*next)
		ret = store(fd, OBJ(*next), OBJ(*next));
	return ret;
}

/* How many of the keys looked up in this way are there after a flood. */
static int survivors(int dev, enum how how, __u16 opcode, __u32 flags)
{
	int fd = create_evicting(dev, ENTRIES, 0);
	__u64 next = 1 << 20, i;
	unsigned int n, there;

	/* As it is after a while: some have marks, others not. */
	if (fd < 0 || flood(fd, &next, 3 * ENTRIES))
		return -1;
	for (i = 0; i < HOT; i++)
		if (store(fd, OBJ(i), OBJ(i)))
			return -1;
	for (n = 0; n < FLOOD; n += 50) {
		for (i = 0; i < HOT; i++) {
			struct shardmap_op op = key_op(OBJ(i));
			char buf[8];

			op.flags = flags;
			op.out = to_u64(buf);
			op.out_len = sizeof(buf);
			if (opcode == SHARDMAP_OP_GET_OR_PUT) {
				op.value = to_u64(&i);
				op.value_len = sizeof(i);
			}
			do_how(how, fd, opcode, &op);
			if (op.flags & SHARDMAP_INSERTED)
				return -1;
		}
		if (flood(fd, &next, 50))
			return -1;
	}
	there = count_there(fd, 0, HOT);
	close(fd);
	return there;
}

TEST_F(table, what_is_looked_up_survives_a_flood)
{
	EXPECT_EQ(HOT, survivors(self->dev, SINGLY, SHARDMAP_OP_GET, 0));
	EXPECT_EQ(HOT, survivors(self->dev, IN_BATCH, SHARDMAP_OP_GET, 0));
	EXPECT_EQ(HOT,
		  survivors(self->dev, ALL_OR_NOTHING, SHARDMAP_OP_GET, 0));
	EXPECT_EQ(HOT, survivors(self->dev, SINGLY, SHARDMAP_OP_GET_OR_PUT, 0));
}

TEST_F(table, what_is_looked_up_without_a_touch_does_not)
{
	EXPECT_EQ(0, survivors(self->dev, SINGLY, SHARDMAP_OP_GET,
			       SHARDMAP_NO_TOUCH));
	EXPECT_EQ(0, survivors(self->dev, IN_BATCH, SHARDMAP_OP_GET,
			       SHARDMAP_NO_TOUCH));
	EXPECT_EQ(0, survivors(self->dev, ALL_OR_NOTHING, SHARDMAP_OP_GET,
			       SHARDMAP_NO_TOUCH));
}

TEST_F(table, max_bytes_is_never_passed)
{
	static const __u32 lens[] = { 0, 8, 100, 3000, 20, 700 };
	__u64 limit = 10 * entry_cost(self->dev, 3000), i;
	int fd = create_evicting(self->dev, 0, limit);
	struct shardmap_info info, before;

	ASSERT_LE(0, fd);
	for (i = 0; i < 1000; i++) {
		__u32 len = lens[i % ARRAY_SIZE(lens)];

		/* Also in place of a shorter one. */
		ASSERT_EQ(0, store(fd, OBJ(i), OBJ(i)));
		ASSERT_EQ(0, store(fd, OBJ(i), bytes, len));
		ASSERT_EQ(0, check_value(fd, OBJ(i), bytes, len));
		test_cmd_info(fd, &info);
		ASSERT_GE(limit, info.entry_bytes);
		ASSERT_EQ(i + 1 - info.entries, info.evicted);
	}
	EXPECT_LT(0, info.evicted);
	/* What has no room at all drives nobody out. */
	test_cmd_info(fd, &before);
	EXPECT_EQ(-ENOSPC, store(fd, STR("large"), bytes, sizeof(bytes)));
	test_cmd_info(fd, &info);
	EXPECT_EQ(before.entries, info.entries);
	EXPECT_EQ(before.evicted, info.evicted);
	close(fd);
}

/* Keys of one batch do not drive each other out. */
TEST_F(table, all_or_nothing_in_a_full_table)
{
	int fd = create_evicting(self->dev, SHARDMAP_ATOMIC_OPS_MAX, 0);
	struct shardmap_batch arg;
	struct shardmap_info info;
	__u64 key = 0, round;
	struct batch b;

	ASSERT_LE(0, fd);
	batch_init(&b, 4096, 0);
	for (round = 1; round <= 20; round++) {
		batch_empty(&b);
		for (; key < round * SHARDMAP_ATOMIC_OPS_MAX; key++)
			batch_put(&b, 0, OBJ(key), OBJ(key));
		arg = batch_arg(&b);
		arg.flags = SHARDMAP_BATCH_ATOMIC;
		ASSERT_EQ(0, do_ioctl(fd, SHARDMAP_IOC_BATCH, &arg));
		EXPECT_EQ(SHARDMAP_ATOMIC_OPS_MAX,
			  count_there(fd, key - SHARDMAP_ATOMIC_OPS_MAX,
				      SHARDMAP_ATOMIC_OPS_MAX));
	}
	test_cmd_info(fd, &info);
	EXPECT_EQ(SHARDMAP_ATOMIC_OPS_MAX, info.entries);
	EXPECT_EQ(19 * SHARDMAP_ATOMIC_OPS_MAX, info.evicted);
	batch_free(&b);
	close(fd);
}

struct rush {
	int fd;
	int error;
};

static void rush_work(unsigned int nth, void *arg)
{
	struct rush *r = arg;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < 5000 && !ret; i++) {
		__u64 key = (__u64)nth << 32 | i;

		ret = store(r->fd, OBJ(key), OBJ(key));
	}
	if (ret)
		r->error = ret;
}

TEST_F(table, writers_who_meet_at_the_limit)
{
	struct rush r = { .fd = create_evicting(self->dev, 100, 0) };
	struct shardmap_info info;

	ASSERT_LE(0, r.fd);
	run_crew(3, rush_work, &r);
	EXPECT_EQ(0, r.error);
	test_cmd_info(r.fd, &info);
	EXPECT_GE(100, info.entries);
	EXPECT_LE(90, info.entries);
	EXPECT_EQ(15000 - info.entries, info.evicted);
	close(r.fd);
}

TEST_HARNESS_MAIN
