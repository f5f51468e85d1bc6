// SPDX-License-Identifier: GPL-2.0-only
/* CLEAR takes all there is and says how much that was. */
#include "batch.h"
#include "scan.h"
#include "table.h"

static int count_record(const struct shardmap_record *rec, void *arg)
{
	++*(unsigned int *)arg;
	return 0;
}

TEST_F(table, removes_all_and_counts)
{
	static const unsigned int counts[] = { 0, 1, 2, 1000, 20000 };
	struct shardmap_info info;
	unsigned int i, seen = 0;
	__u64 removed = 99;

	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		ASSERT_EQ(0, store_numbers(self->fd, 0, counts[i]));
		test_cmd_clear(self->fd, &removed);
		EXPECT_EQ(counts[i], removed);
		test_cmd_info(self->fd, &info);
		EXPECT_EQ(0, info.entries);
		EXPECT_EQ(0, info.entry_bytes);
		EXPECT_EQ(0, scan_all(self->fd, 4096, count_record, &seen));
		EXPECT_EQ(0, seen);
	}
	ASSERT_EQ(0, store(self->fd, STR("key"), STR("still usable")));
	EXPECT_EQ(0, check_value(self->fd, STR("key"), STR("still usable")));
}

TEST_F(table, removes_all_from_a_table_that_grows)
{
	__u64 deadline = time_budget();
	unsigned int round;

	/* Just stored in a small table, its buckets are still crowded. */
	for (round = 0; round < 50 && now_ms() < deadline; round++) {
		struct shardmap_create how = { .nr_shards = 1 };
		int fd = do_create(self->dev, &how);
		__u64 removed;

		ASSERT_LE(0, fd);
		ASSERT_EQ(0, store_numbers(fd, 0, 4000));
		test_cmd_clear(fd, &removed);
		ASSERT_EQ(4000, removed);
		ASSERT_EQ(0, count_entries(fd));
		close(fd);
	}
}

struct shrink {
	int fd;
	__u64 wanted;
};

static bool has_shrunk(void *arg)
{
	const struct shrink *s = arg;
	struct shardmap_info info;

	return !do_info(s->fd, &info) && !info.deferred_bytes &&
	       info.index_bytes <= s->wanted;
}

TEST_F(table, memory_comes_back)
{
	struct shardmap_info info;
	struct shrink s = { .fd = self->fd };
	__u64 removed;

	ASSERT_EQ(0, store_numbers(self->fd, 0, 40000));
	test_cmd_info(self->fd, &info);
	s.wanted = info.index_bytes / 4;
	test_cmd_clear(self->fd, &removed);
	EXPECT_EQ(40000, removed);
	EXPECT_TRUE(poll_until(has_shrunk, &s));
}

enum { OLD = 5000, NEW = 10000 };

/**
 * struct contest - CLEAR against writers
 * @fd: the table
 * @writers: how many are still at work
 * @removed: what CLEAR says that it removed, in all
 * @error: what went wrong in a thread
 * @old_left: keys there from the start that one CLEAR left behind
 */
struct contest {
	int fd;
	int writers;
	__u64 removed;
	int error;
	unsigned int old_left;
};

static int count_old(const struct shardmap_record *rec, void *arg)
{
	struct contest *c = arg;
	__u64 key;

	memcpy(&key, record_key(rec), sizeof(key));
	c->old_left += key < OLD;
	return 0;
}

static void clear_work(unsigned int nth, void *arg)
{
	struct contest *c = arg;
	__u64 removed;
	int ret;

	if (nth) {
		ret = store_numbers(c->fd, OLD + (nth - 1) * NEW, NEW);
		__atomic_sub_fetch(&c->writers, 1, __ATOMIC_RELEASE);
	} else {
		ret = do_clear(c->fd, &removed) ?:
			      scan_all(c->fd, 4096, count_old, c);
		c->removed = removed;
		while (!ret && __atomic_load_n(&c->writers, __ATOMIC_ACQUIRE)) {
			ret = do_clear(c->fd, &removed);
			c->removed += removed;
		}
	}
	if (ret)
		c->error = ret;
}

TEST_F(table, inserts_and_clear_lose_nothing)
{
	struct contest c = { .fd = self->fd, .writers = 2 };
	unsigned int left = 0;

	ASSERT_EQ(0, store_numbers(self->fd, 0, OLD));
	run_crew(3, clear_work, &c);
	EXPECT_EQ(0, c.error);
	EXPECT_EQ(0, c.old_left);
	EXPECT_LE(OLD, c.removed);
	/* Each key was stored once, so it is either counted or still there. */
	EXPECT_EQ(0, scan_all(self->fd, 4096, count_record, &left));
	EXPECT_EQ(left, count_entries(self->fd));
	EXPECT_EQ(OLD + 2 * NEW, c.removed + left);
}

static void clear_only(unsigned int nth, void *arg)
{
	struct contest *c = arg;
	__u64 removed;

	if (do_clear(c->fd, &removed))
		c->error = 1;
	__atomic_add_fetch(&c->removed, removed, __ATOMIC_RELAXED);
}

TEST_F(table, two_clears_share_the_work)
{
	__u64 deadline = time_budget();
	unsigned int round;

	for (round = 0; round < 20 && now_ms() < deadline; round++) {
		struct contest c = { .fd = self->fd };

		ASSERT_EQ(0, store_numbers(self->fd, 0, OLD));
		run_crew(2, clear_only, &c);
		EXPECT_EQ(0, c.error);
		EXPECT_EQ(OLD, c.removed);
		EXPECT_EQ(0, count_entries(self->fd));
	}
}

TEST_HARNESS_MAIN
