// SPDX-License-Identifier: GPL-2.0-only
/*
 * Closing while others are at work, and what is left when all is closed.
 *
 * The module's tables and references are counted, so nothing else may use the
 * module meanwhile.
 */
#include <sys/resource.h>

#include "batch.h"
#include "table.h"

static const char refcnt_path[] = "/sys/module/shardmap/refcnt";

static long module_refs(void)
{
	char text[32] = "";
	int fd = open(refcnt_path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	if (read(fd, text, sizeof(text) - 1) <= 0)
		text[0] = '\0';
	close(fd);
	return *text ? strtol(text, NULL, 10) : -1;
}

static bool refs_are(void *arg)
{
	return module_refs() == *(long *)arg;
}

/*
 * References of the fixture alone, when all that earlier tests left is gone; -1
 * if the module is built in.
 */
static long settled_refs(void)
{
	long refs = 2;

	if (module_refs() < 0)
		return -1;
	return poll_until(refs_are, &refs) ? refs : -2;
}

struct count {
	int dev;
	__s64 wanted;
};

static bool tables_are(void *arg)
{
	const struct count *count = arg;

	return count_tables(count->dev) == count->wanted;
}

enum { MANY = 1000 };

TEST_F(table, many_tables)
{
	static int fds[MANY];
	struct shardmap_create small = { .nr_shards = 1 };
	struct count count = { self->dev, count_tables(self->dev) };
	struct rlimit limit = { MANY + 100, MANY + 100 };
	long refs = settled_refs();
	int i;

	ASSERT_LE(-1, refs);
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	for (i = 0; i < MANY; i++) {
		fds[i] = do_create(self->dev, i % 10 ? &small : NULL);
		ASSERT_LE(0, fds[i]);
		ASSERT_EQ(0, store(fds[i], STR("key"), OBJ(i)));
	}
	EXPECT_EQ(count.wanted + MANY, count_tables(self->dev));
	if (refs >= 0) {
		EXPECT_LE(refs + MANY, module_refs());
	}
	for (i = 0; i < MANY; i++) {
		ASSERT_EQ(0, check_value(fds[i], STR("key"), OBJ(i)));
		ASSERT_EQ(0, close(fds[i]));
	}
	EXPECT_TRUE(poll_until(tables_are, &count));
	if (refs >= 0) {
		EXPECT_TRUE(poll_until(refs_are, &refs))
		{
			TH_LOG("%ld references, not %ld", module_refs(), refs);
		}
	}
}

TEST_F(table, a_large_table_dies_in_its_own_time)
{
	struct count count = { self->dev, count_tables(self->dev) };
	long refs = settled_refs();
	int fd, i;

	ASSERT_LE(-1, refs);
	if (refs < 0)
		SKIP(return, "the module is built in");
	for (i = 0; i < 3; i++) {
		fd = do_create(self->dev, NULL);
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, store_numbers(fd, 0, 20000));
		ASSERT_EQ(0, delete_numbers(fd, 0, 10000));
		close(fd);
	}
	EXPECT_TRUE(poll_until(tables_are, &count));
	/* Memory that waits for a grace period keeps the module. */
	EXPECT_TRUE(poll_until(refs_are, &refs));
}

TEST_F(table, the_module_stays_while_a_table_lives)
{
	long refs = settled_refs(), fewer;

	ASSERT_LE(-1, refs);
	if (refs < 0)
		SKIP(return, "the module is built in");
	fewer = refs - 1;
	close(self->dev);
	EXPECT_TRUE(poll_until(refs_are, &fewer));
	EXPECT_EQ(0, store(self->fd, STR("key"), STR("value")));
	self->dev = open_device();
	ASSERT_LE(0, self->dev);
	EXPECT_EQ(refs, module_refs());
}

/**
 * struct closing - a descriptor closed under another thread's feet
 * @fd: the descriptor
 * @dev: the device
 * @begun: commands that began before it was closed
 * @ended: how the last command ended, or that all have
 */
struct closing {
	int fd;
	int dev;
	unsigned int begun;
	int ended;
};

static void close_work(unsigned int nth, void *arg)
{
	struct closing *c = arg;
	struct batch b;
	__u32 done, i;

	if (nth) {
		while (!__atomic_load_n(&c->begun, __ATOMIC_ACQUIRE))
			sched_yield();
		close(c->fd);
		return;
	}
	batch_init(&b, 1 << 16, 0);
	for (i = 0; i < 1000; i++)
		batch_put(&b, 0, OBJ(i), OBJ(i));
	do {
		__atomic_add_fetch(&c->begun, 1, __ATOMIC_RELEASE);
		c->ended = do_batch(c->fd, &b, &done);
		if (!c->ended && done != b.nr)
			c->ended = -EBADMSG;
	} while (!c->ended);
	batch_free(&b);
}

TEST_F(table, closing_during_a_command)
{
	struct count count = { self->dev, count_tables(self->dev) };
	__u64 deadline = time_budget();
	int round;

	for (round = 0; round < 100 && now_ms() < deadline; round++) {
		struct closing c = { .fd = do_create(self->dev, NULL) };

		ASSERT_LE(0, c.fd);
		run_crew(2, close_work, &c);
		ASSERT_EQ(-EBADF, c.ended);
	}
	EXPECT_TRUE(poll_until(tables_are, &count));
}

TEST_F(table, duplicates_are_one_table)
{
	int copy[10], i;

	for (i = 0; i < 10; i++) {
		copy[i] = fcntl(self->fd, F_DUPFD_CLOEXEC, 0);
		ASSERT_LE(0, copy[i]);
		ASSERT_EQ(0, store(copy[i], OBJ(i), OBJ(i)));
	}
	for (i = 0; i < 10; i++) {
		EXPECT_EQ(0, check_value(copy[9 - i], OBJ(i), OBJ(i)));
		close(copy[9 - i]);
	}
	EXPECT_EQ(10, count_entries(self->fd));
}

/* Another table slips under a number while a batch goes to that number. */
static void replace_work(unsigned int nth, void *arg)
{
	struct closing *c = arg;
	struct batch b;
	__u32 done, i, round;

	if (nth) {
		__u64 deadline = time_budget();
		int dev = open_device();

		while (!__atomic_load_n(&c->begun, __ATOMIC_ACQUIRE))
			sched_yield();
		for (round = 0; round < 200 && now_ms() < deadline; round++) {
			int fd = do_create(dev, NULL);

			if (fd < 0 || dup2(fd, c->fd) != c->fd)
				errx(KSFT_FAIL, "dup2");
			close(fd);
		}
		close(dev);
		__atomic_store_n(&c->begun, 0, __ATOMIC_RELEASE);
		return;
	}
	batch_init(&b, 1 << 14, 0);
	__atomic_store_n(&c->begun, 1, __ATOMIC_RELEASE);
	while (!c->ended && __atomic_load_n(&c->begun, __ATOMIC_ACQUIRE)) {
		batch_empty(&b);
		for (i = 0; i < 100; i++)
			batch_add(&b, SHARDMAP_CREATE, STR("n"), 1, 0);
		c->ended = do_batch(c->fd, &b, &done);
		/* One table got all of it: what each found goes up by one. */
		for (i = 1; i < 100 && !c->ended; i++)
			if (b.ops[i].old != b.ops[0].old + i)
				c->ended = -EBADMSG;
	}
	batch_free(&b);
}

TEST_F(table, a_command_stays_with_its_table)
{
	struct count count = { self->dev, count_tables(self->dev) };
	struct closing c = { .fd = do_create(self->dev, NULL) };

	ASSERT_LE(0, c.fd);
	run_crew(2, replace_work, &c);
	EXPECT_EQ(0, c.ended);
	close(c.fd);
	EXPECT_TRUE(poll_until(tables_are, &count));
}

static void storm_work(unsigned int nth, void *arg)
{
	__u64 deadline = time_budget();
	unsigned int i, *wrong = arg;

	for (i = 0; i < 300 && now_ms() < deadline; i++) {
		int dev = open_device(), fd = do_create(dev, NULL);

		close(dev);
		if (fd < 0 || store_numbers(fd, 0, 20) ||
		    count_entries(fd) != 20)
			__atomic_add_fetch(wrong, 1, __ATOMIC_RELAXED);
		close(fd);
	}
}

TEST_F(table, storms_of_open_and_close)
{
	struct count count = { self->dev, count_tables(self->dev) };
	long refs = settled_refs();
	unsigned int wrong = 0;

	ASSERT_LE(-1, refs);
	run_crew(4, storm_work, &wrong);
	EXPECT_EQ(0, wrong);
	EXPECT_TRUE(poll_until(tables_are, &count));
	if (refs >= 0) {
		EXPECT_TRUE(poll_until(refs_are, &refs));
	}
}

/* Close every number that CREATE might be giving out at this moment. */
static void guess_work(unsigned int nth, void *arg)
{
	struct closing *c = arg;
	__u64 deadline = time_budget();
	int i, fd;

	if (nth) {
		while (!__atomic_load_n(&c->ended, __ATOMIC_ACQUIRE))
			close(c->fd);
		return;
	}
	for (i = 0; i < 2000 && now_ms() < deadline; i++) {
		fd = do_create(c->dev, NULL);
		if (fd >= 0)
			store(fd, STR("key"), STR("value"));
	}
	__atomic_store_n(&c->ended, 1, __ATOMIC_RELEASE);
}

TEST_F(table, closing_a_table_that_is_being_made)
{
	struct count count = { self->dev, count_tables(self->dev) };
	struct closing c = { .fd = dup(self->dev), .dev = self->dev };

	/* The number that the next table gets. */
	ASSERT_LE(0, c.fd);
	close(c.fd);
	run_crew(2, guess_work, &c);
	close(c.fd);
	/* Those that the other thread missed are still open. */
	close_range(c.fd + 1, ~0U, 0);
	EXPECT_TRUE(poll_until(tables_are, &count));
}

TEST_HARNESS_MAIN
