// SPDX-License-Identifier: GPL-2.0-only
/* Tables that do not change any more, and tables that need not grow. */
#include "batch.h"
#include "names.h"
#include "scan.h"
#include "table.h"

static const __u64 number = 42;

/* Each of these would change the table; -EROFS from all, or the first other. */
static int try_updates(int fd)
{
	static const unsigned int commands[] = {
		SHARDMAP_IOC_PUT, SHARDMAP_IOC_DELETE, SHARDMAP_IOC_GET_OR_PUT,
		SHARDMAP_IOC_ADD, SHARDMAP_IOC_CAS,    SHARDMAP_IOC_TAKE,
	};
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		unsigned int cmd = commands[i];
		struct shardmap_op op = key_op(STR("key"));
		char out[64];

		if (cmd == SHARDMAP_IOC_PUT || cmd == SHARDMAP_IOC_CAS ||
		    cmd == SHARDMAP_IOC_GET_OR_PUT) {
			op.value = to_u64(&number);
			op.value_len = sizeof(number);
		}
		if (cmd == SHARDMAP_IOC_GET_OR_PUT ||
		    cmd == SHARDMAP_IOC_TAKE) {
			op.out = to_u64(out);
			op.out_len = sizeof(out);
		}
		if (cmd == SHARDMAP_IOC_CAS) {
			op.flags = SHARDMAP_IF_VALUE;
			op.expected = to_u64(&number);
			op.expected_len = sizeof(number);
		}
		/* A key that is there is only looked at. */
		if (cmd == SHARDMAP_IOC_GET_OR_PUT)
			op.key = to_u64("new");
		ret = do_op(fd, cmd, &op);
		if (ret != -EROFS)
			return ret ?: -EPROTO;
	}
	return -EROFS;
}

TEST_F(table, a_frozen_table_takes_no_update)
{
	struct snapshot before;
	struct shardmap_info info;
	__u64 removed;
	char buf[4096];
	struct shardmap_scan drain = {
		.size = sizeof(drain),
		.flags = SHARDMAP_SCAN_DRAIN,
		.buf = to_u64(buf),
		.buf_len = sizeof(buf),
	};
	int handle = do_handle(self->fd, READ_WRITE);

	ASSERT_LE(0, handle);
	ASSERT_EQ(0, store(self->fd, STR("key"), OBJ(number)));
	ASSERT_EQ(0, store_numbers(self->fd, 0, 100));
	ASSERT_EQ(0, snapshot_take(self->fd, &before));
	test_cmd_info(self->fd, &info);
	EXPECT_EQ(0, info.state);
	ASSERT_EQ(0, do_freeze(handle));
	test_cmd_info(self->fd, &info);
	EXPECT_EQ(SHARDMAP_FROZEN, info.state);
	EXPECT_EQ(-EROFS, try_updates(self->fd));
	EXPECT_EQ(-EROFS, try_updates(handle));
	EXPECT_EQ(-EROFS, do_clear(self->fd, &removed));
	EXPECT_EQ(-EROFS, do_ioctl(self->fd, SHARDMAP_IOC_SCAN, &drain));
	EXPECT_EQ(0, snapshot_check(self->fd, &before));
	EXPECT_EQ(0, check_value(self->fd, STR("key"), OBJ(number)));
	/* Once more is no error. */
	EXPECT_EQ(0, do_freeze(self->fd));
	snapshot_free(&before);
	close(handle);
}

TEST_F(table, a_batch_on_a_frozen_table)
{
	struct batch b;
	unsigned int i;

	ASSERT_EQ(0, store(self->fd, STR("key"), OBJ(number)));
	ASSERT_EQ(0, do_freeze(self->fd));
	batch_init(&b, 4096, 4096);
	for (i = 0; i < 20; i++) {
		batch_get(&b, STR("key"), 8);
		batch_put(&b, 0, STR("key"), OBJ(i));
		batch_delete(&b, STR("key"));
	}
	test_cmd_batch(self->fd, &b);
	for (i = 0; i < 60; i++) {
		EXPECT_EQ(i % 3 ? -EROFS : 0, b.ops[i].status);
	}
	EXPECT_EQ(number, *(__u64 *)b.out);
	batch_free(&b);
}

TEST_F(table, a_frozen_table_with_a_name)
{
	int fd = do_create_named(self->dev, "frozen", 0600), other;
	struct shardmap_info info;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, store(fd, STR("key"), OBJ(number)));
	ASSERT_EQ(0, do_freeze(fd));
	close(fd);
	other = open_named(self->dev, "frozen", READ_WRITE);
	ASSERT_LE(0, other);
	test_cmd_info(other, &info);
	EXPECT_EQ(SHARDMAP_FROZEN | SHARDMAP_NAMED, info.state);
	EXPECT_EQ(0, check_value(other, STR("key"), OBJ(number)));
	EXPECT_EQ(-EROFS, try_updates(other));
	test_cmd_unlink_named(self->dev, "frozen");
	close(other);
}

/**
 * struct cold - writers at a table that is being frozen
 * @fd: the table
 * @frozen: set when FREEZE has returned
 * @late: updates that began after that and were done
 * @wrong: other errors
 * @adds: updates that were done
 */
struct cold {
	int fd;
	int frozen;
	unsigned int late;
	unsigned int wrong;
	__u64 adds;
	__u64 seen;
};

static void cold_work(unsigned int nth, void *arg)
{
	struct cold *c = arg;

	if (!nth) {
		while (__atomic_load_n(&c->adds, __ATOMIC_ACQUIRE) < 200)
			sched_yield();
		if (do_freeze(c->fd))
			__atomic_add_fetch(&c->wrong, 1, __ATOMIC_RELAXED);
		__atomic_store_n(&c->frozen, 1, __ATOMIC_RELEASE);
		return;
	}
	for (;;) {
		int frozen = __atomic_load_n(&c->frozen, __ATOMIC_ACQUIRE);
		int ret = do_add(c->fd, SHARDMAP_CREATE, STR("n"), 1, 0, NULL,
				 NULL);

		if (ret < 0) {
			if (ret != -EROFS)
				__atomic_add_fetch(&c->wrong, 1,
						   __ATOMIC_RELAXED);
			return;
		}
		if (frozen)
			__atomic_add_fetch(&c->late, 1, __ATOMIC_RELAXED);
		__atomic_add_fetch(&c->adds, 1, __ATOMIC_RELEASE);
	}
}

TEST_F(table, freezing_while_others_write)
{
	__u64 deadline = time_budget();
	int round;

	for (round = 0; round < 100 && now_ms() < deadline; round++) {
		struct cold c = { .fd = do_create(self->dev, NULL) };

		ASSERT_LE(0, c.fd);
		run_crew(3, cold_work, &c);
		EXPECT_EQ(0, c.late);
		EXPECT_EQ(0, c.wrong);
		/* What was done is there, what was refused is not. */
		ASSERT_EQ(0, check_value(c.fd, STR("n"), OBJ(c.adds)));
		close(c.fd);
	}
}

TEST_F(table, what_is_reserved_need_not_grow)
{
	enum { MANY = 50000 };
	struct shardmap_info before, after;

	ASSERT_EQ(0, do_reserve(self->fd, MANY));
	test_cmd_info(self->fd, &before);
	EXPECT_EQ(0, before.entries);
	ASSERT_EQ(0, store_numbers(self->fd, 0, MANY));
	test_cmd_info(self->fd, &after);
	EXPECT_EQ(before.resizes, after.resizes);
	EXPECT_EQ(before.buckets, after.buckets);
	/* Nor does it shrink. */
	ASSERT_EQ(0, delete_numbers(self->fd, 0, MANY));
	usleep(100000);
	test_cmd_info(self->fd, &after);
	EXPECT_EQ(before.buckets, after.buckets);
	EXPECT_EQ(before.resizes, after.resizes);
}

struct shrinking {
	int fd;
	__u64 buckets;
};

static bool has_shrunk(void *arg)
{
	struct shrinking *s = arg;
	struct shardmap_info info;

	return !do_info(s->fd, &info) && info.buckets <= s->buckets;
}

TEST_F(table, a_reservation_is_taken_back)
{
	struct shrinking s = { .fd = self->fd };
	struct shardmap_info info;

	test_cmd_info(self->fd, &info);
	s.buckets = info.buckets;
	ASSERT_EQ(0, do_reserve(self->fd, 100000));
	EXPECT_FALSE(has_shrunk(&s));
	ASSERT_EQ(0, do_reserve(self->fd, 0));
	EXPECT_TRUE(poll_until(has_shrunk, &s));
}

TEST_F(table, refuses_to_reserve_without_bounds)
{
	struct shardmap_info before, after;
	struct shardmap_freeze freeze = { .size = sizeof(freeze), .flags = 1 };
	struct shardmap_reserve arg = { .size = sizeof(arg), .flags = 1 };

	test_cmd_info(self->fd, &before);
	EXPECT_EQ(-EINVAL, do_reserve(self->fd, SHARDMAP_RESERVE_MAX + 1));
	EXPECT_EQ(-EINVAL, do_reserve(self->fd, UINT64_MAX));
	EXPECT_EQ(-EINVAL, do_ioctl(self->fd, SHARDMAP_IOC_RESERVE, &arg));
	EXPECT_EQ(-EINVAL, do_ioctl(self->fd, SHARDMAP_IOC_FREEZE, &freeze));
	test_cmd_info(self->fd, &after);
	EXPECT_EQ(before.buckets, after.buckets);
	EXPECT_EQ(0, after.state);
}

TEST_HARNESS_MAIN
