// SPDX-License-Identifier: GPL-2.0-only
/* Threads that make, open, unlink and list tables of the same few names. */
#include "names.h"

enum { THREADS = 4, ROUND_MS = 1000 };

/**
 * struct contest - threads about one name
 * @dev: the device
 * @deadline: when it is over
 * @made: how many times CREATE gave the name
 * @unlinked: how many times UNLINK took it away
 * @wrong: what must not have been
 */
struct contest {
	int dev;
	__u64 deadline;
	unsigned int made;
	unsigned int unlinked;
	unsigned int wrong;
};

static void count(unsigned int *counter)
{
	__atomic_add_fetch(counter, 1, __ATOMIC_RELAXED);
}

/* Whoever can reach a table finds it complete. */
static bool is_whole(int fd)
{
	struct shardmap_info info;

	return !do_info(fd, &info) && !strcmp((char *)info.name, "contested") &&
	       info.mode == 0600 && info.id && info.descriptors >= 1;
}

static void try_create(struct contest *c)
{
	int fd = do_create_named(c->dev, "contested", 0600);

	if (fd == -EEXIST)
		return;
	if (fd < 0 || !is_whole(fd) || store(fd, STR("k"), STR("v")) ||
	    check_value(fd, STR("k"), STR("v")))
		count(&c->wrong);
	count(&c->made);
	close(fd);
}

static void try_open(struct contest *c)
{
	int fd = open_named(c->dev, "contested", READ_WRITE);

	if (fd == -ENOENT)
		return;
	if (fd < 0 || !is_whole(fd) || count_entries(fd) > 1)
		count(&c->wrong);
	close(fd);
}

static void try_unlink(struct contest *c)
{
	int ret = unlink_named(c->dev, "contested");

	if (!ret)
		count(&c->unlinked);
	else if (ret != -ENOENT)
		count(&c->wrong);
}

static void contest_work(unsigned int nth, void *arg)
{
	struct contest *c = arg;
	unsigned int seed = nth + 1, i = 0;

	while (i++ % 16 || now_ms() < c->deadline) {
		int listed;

		switch (rand_r(&seed) % 8) {
		case 0:
		case 1:
		case 2:
			try_create(c);
			break;
		case 3:
		case 4:
			try_open(c);
			break;
		case 5:
		case 6:
			try_unlink(c);
			break;
		default:
			listed = count_listed(c->dev, "contested");
			if (listed != 0 && listed != 1)
				count(&c->wrong);
		}
	}
}

static bool is_count(void *arg)
{
	const __s64 *wanted = arg;

	return count_tables(wanted[0]) == wanted[1];
}

TEST(a_name_has_one_table_at_a_time)
{
	int dev = open_device(), left;
	struct contest c = { .dev = dev };
	__s64 wanted[] = { dev, count_tables(dev) };

	ASSERT_LE(0, dev);
	ASSERT_LE(0, wanted[1]);
	c.deadline = now_ms() + ROUND_MS;
	run_crew(THREADS, contest_work, &c);
	EXPECT_EQ(0, c.wrong);
	/* Every name given was taken away, but for one that is there still. */
	left = count_listed(dev, "contested");
	EXPECT_EQ(c.made, c.unlinked + left);
	EXPECT_LT(1, c.made);
	EXPECT_LT(0, c.unlinked);
	if (left) {
		test_cmd_unlink_named(dev, "contested");
	}
	EXPECT_TRUE(poll_until(is_count, wanted));
	close(dev);
}

/* All threads at once; just one may win. */
struct start {
	int dev;
	pthread_barrier_t barrier;
	unsigned int winners;
	unsigned int losers;
};

enum { ROUNDS = 200 };

static void start_work(unsigned int nth, void *arg)
{
	struct start *s = arg;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		int fd;

		pthread_barrier_wait(&s->barrier);
		fd = do_create_named(s->dev, "contested", 0600);
		if (fd >= 0)
			count(&s->winners);
		else if (fd == -EEXIST)
			count(&s->losers);
		pthread_barrier_wait(&s->barrier);
		if (fd >= 0) {
			unlink_named(s->dev, "contested");
			close(fd);
		}
	}
}

TEST(of_many_makers_one_wins)
{
	int dev = open_device();
	struct start s = { .dev = dev };
	__s64 wanted[] = { dev, count_tables(dev) };

	ASSERT_LE(0, dev);
	pthread_barrier_init(&s.barrier, NULL, THREADS);
	run_crew(THREADS, start_work, &s);
	EXPECT_EQ(ROUNDS, s.winners);
	EXPECT_EQ(ROUNDS * (THREADS - 1), s.losers);
	EXPECT_TRUE(poll_until(is_count, wanted));
	close(dev);
}

/* One thread keeps a few names in motion; what stays is in every list. */
struct motion {
	int dev;
	int ended;
	unsigned int lists;
	unsigned int wrong;
};

static void motion_work(unsigned int nth, void *arg)
{
	struct motion *m = arg;
	__u64 deadline = now_ms() + ROUND_MS;
	char name[16];
	int i = 0;

	if (!nth) {
		while (now_ms() < deadline) {
			snprintf(name, sizeof(name), "moving %d", i++ % 5);
			close(do_create_named(m->dev, name, 0600));
			snprintf(name, sizeof(name), "moving %d", (i + 2) % 5);
			unlink_named(m->dev, name);
		}
		for (i = 0; i < 5; i++) {
			snprintf(name, sizeof(name), "moving %d", i);
			unlink_named(m->dev, name);
		}
		__atomic_store_n(&m->ended, 1, __ATOMIC_RELEASE);
		return;
	}
	while (!__atomic_load_n(&m->ended, __ATOMIC_ACQUIRE)) {
		struct sought first = { .name = "first" };
		struct sought last = { .name = "last" };

		if (list_all(m->dev, 48, seek_record, &first) ||
		    list_all(m->dev, 48, seek_record, &last) ||
		    first.times != 1 || last.times != 1)
			count(&m->wrong);
		m->lists++;
	}
}

TEST(what_stays_is_listed_once_whatever_else_moves)
{
	int dev = open_device();
	struct motion m = { .dev = dev };
	__s64 wanted[] = { dev, count_tables(dev) };

	ASSERT_LE(0, dev);
	close(do_create_named(dev, "first", 0600));
	close(do_create_named(dev, "moving 3", 0600));
	close(do_create_named(dev, "last", 0600));
	run_crew(2, motion_work, &m);
	EXPECT_EQ(0, m.wrong);
	EXPECT_LT(0, m.lists);
	test_cmd_unlink_named(dev, "first");
	test_cmd_unlink_named(dev, "last");
	EXPECT_TRUE(poll_until(is_count, wanted));
	close(dev);
}

TEST_HARNESS_MAIN
