// SPDX-License-Identifier: GPL-2.0-only
/* Operations of several threads on the same keys: each happens at one instant. */
#include "batch.h"
#include "table.h"

enum { THREADS = 4, KEYS = 3000, TURNS = 20000 };

/**
 * struct race - what the threads of a test share
 * @fd: the table
 * @won: per thread, how often it was the one that did it
 * @wrong: what should not have happened
 * @stop: the thread that decides has seen enough
 */
struct race {
	int fd;
	unsigned int won[THREADS];
	unsigned int wrong;
	bool stop;
};

static unsigned int all_won(const struct race *race)
{
	unsigned int nth, won = 0;

	for (nth = 0; nth < THREADS; nth++)
		won += race->won[nth];
	return won;
}

static void wrong(struct race *race)
{
	__atomic_add_fetch(&race->wrong, 1, __ATOMIC_RELAXED);
}

static bool stopped(const struct race *race)
{
	return __atomic_load_n(&race->stop, __ATOMIC_RELAXED);
}

static void stop(struct race *race)
{
	__atomic_store_n(&race->stop, true, __ATOMIC_RELAXED);
}

static void add_work(unsigned int nth, void *arg)
{
	struct race *race = arg;
	unsigned int i;
	__u64 old, last = 0;

	for (i = 0; i < TURNS; i++) {
		if (do_add(race->fd, SHARDMAP_CREATE, STR("n"), 1, 0, &old,
			   NULL) < 0)
			wrong(race);
		/* What this thread added itself is there at its next turn. */
		if (old < last)
			wrong(race);
		last = old + 1;
	}
}

TEST_F(table, no_addition_is_lost)
{
	struct race race = { .fd = self->fd };
	__u64 sum = THREADS * TURNS;

	run_crew(THREADS, add_work, &race);
	EXPECT_EQ(0, race.wrong);
	EXPECT_EQ(0, check_value(self->fd, STR("n"), OBJ(sum)));
}

static void get_or_put_work(unsigned int nth, void *arg)
{
	struct race *race = arg;
	unsigned int key;

	for (key = 0; key < KEYS; key++) {
		unsigned int found = 99;
		__u32 len = sizeof(found);
		int ret = do_get_or_put(race->fd, OBJ(key), OBJ(nth), &found,
					&len, NULL);

		if (ret < 0 || (!ret && (found >= THREADS || found == nth)))
			wrong(race);
		race->won[nth] += ret == 1;
	}
}

TEST_F(table, get_or_put_has_one_winner)
{
	struct race race = { .fd = self->fd };
	unsigned int key, count[THREADS] = {};

	run_crew(THREADS, get_or_put_work, &race);
	EXPECT_EQ(0, race.wrong);
	EXPECT_EQ(KEYS, all_won(&race));
	/* The winner's value is the one that stays. */
	for (key = 0; key < KEYS; key++) {
		unsigned int winner;
		__u32 len = sizeof(winner);

		test_cmd_get(self->fd, OBJ(key), &winner, &len, NULL);
		ASSERT_GT(THREADS, winner);
		count[winner]++;
	}
	EXPECT_EQ(0, memcmp(count, race.won, sizeof(count)));
}

static void noexist_work(unsigned int nth, void *arg)
{
	struct race *race = arg;
	unsigned int key;

	for (key = 0; key < KEYS; key++) {
		int ret = do_put(race->fd, SHARDMAP_NOEXIST, OBJ(key), OBJ(nth),
				 NULL);

		if (ret != 1 && ret != -EEXIST)
			wrong(race);
		race->won[nth] += ret == 1;
	}
}

static void delete_work(unsigned int nth, void *arg)
{
	struct race *race = arg;
	unsigned int key;

	for (key = 0; key < KEYS; key++) {
		int ret = do_delete(race->fd, OBJ(key));

		if (ret && ret != -ENOENT)
			wrong(race);
		race->won[nth] += !ret;
	}
}

TEST_F(table, insertion_and_removal_have_one_winner)
{
	struct race insert = { .fd = self->fd };
	struct race removal = { .fd = self->fd };

	run_crew(THREADS, noexist_work, &insert);
	EXPECT_EQ(0, insert.wrong);
	EXPECT_EQ(KEYS, all_won(&insert));
	EXPECT_EQ(KEYS, count_entries(self->fd));
	run_crew(THREADS, delete_work, &removal);
	EXPECT_EQ(0, removal.wrong);
	EXPECT_EQ(KEYS, all_won(&removal));
	EXPECT_EQ(0, count_entries(self->fd));
}

static void limit_work(unsigned int nth, void *arg)
{
	struct race *race = arg;
	unsigned int i;

	for (i = 0; i < KEYS; i++) {
		unsigned int key[] = { nth, i };
		int ret = do_put(race->fd, 0, OBJ(key), OBJ(nth), NULL);

		if (ret != 1 && ret != -ENOSPC)
			wrong(race);
		race->won[nth] += ret == 1;
	}
}

TEST_F(table, a_limit_is_never_passed)
{
	struct shardmap_create how = { .max_entries = KEYS };
	struct race race = { .fd = do_create(self->dev, &how) };

	ASSERT_LE(0, race.fd);
	run_crew(THREADS, limit_work, &race);
	EXPECT_EQ(0, race.wrong);
	EXPECT_EQ(KEYS, all_won(&race));
	EXPECT_EQ(KEYS, count_entries(race.fd));
	close(race.fd);
}

/* A value whose every byte tells its length. */
static __u32 make_value(unsigned char *value, unsigned int seed)
{
	unsigned char byte = 1 + seed % 255;

	memset(value, byte, byte * 8);
	return byte * 8;
}

static bool value_is_whole(const unsigned char *value, __u32 len)
{
	__u32 i;

	for (i = 0; i < len; i++)
		if (value[i] * 8 != len)
			return false;
	return len > 0;
}

static void tear_work(unsigned int nth, void *arg)
{
	struct race *race = arg;
	unsigned char value[255 * 8];
	unsigned int i;

	if (nth % 2) {
		for (i = nth; !stopped(race); i += 7)
			if (store(race->fd, STR("key"), value,
				  make_value(value, i)))
				wrong(race);
		return;
	}
	for (i = 0; i < TURNS; i++) {
		__u32 len = sizeof(value);

		if (do_get(race->fd, STR("key"), value, &len, NULL) ||
		    !value_is_whole(value, len))
			wrong(race);
	}
	stop(race);
}

TEST_F(table, values_are_never_torn)
{
	struct race race = { .fd = self->fd };
	unsigned char value[255 * 8];

	ASSERT_EQ(0, store(self->fd, STR("key"), value, make_value(value, 0)));
	run_crew(THREADS, tear_work, &race);
	EXPECT_EQ(0, race.wrong);
}

static void order_work(unsigned int nth, void *arg)
{
	struct race *race = arg;
	__u64 number = 1, last = 0;
	unsigned int i;

	if (!nth) {
		for (i = 0; i < TURNS; i++, number++)
			if (store(race->fd, STR("key"), OBJ(number)))
				wrong(race);
		return stop(race);
	}
	while (!stopped(race)) {
		__u32 len = sizeof(number);

		if (do_get(race->fd, STR("key"), &number, &len, NULL) ||
		    number < last)
			wrong(race);
		last = number;
	}
}

TEST_F(table, nobody_sees_time_go_back)
{
	struct race race = { .fd = self->fd };
	__u64 number = 0;

	ASSERT_EQ(0, store(self->fd, STR("key"), OBJ(number)));
	run_crew(THREADS, order_work, &race);
	EXPECT_EQ(0, race.wrong);
}

/* Each thread knows what its own keys hold, whatever the others do. */
static void own_work(unsigned int nth, void *arg)
{
	struct race *race = arg;
	unsigned int round, i;

	for (round = 0; round < 3; round++) {
		for (i = 0; i < KEYS; i++) {
			unsigned int key[] = { nth, i };

			if (do_put(race->fd, SHARDMAP_NOEXIST, OBJ(key),
				   OBJ(round), NULL) != 1)
				wrong(race);
		}
		for (i = 0; i < KEYS; i++) {
			unsigned int key[] = { nth, i };

			if (check_value(race->fd, OBJ(key), OBJ(round)) ||
			    do_delete(race->fd, OBJ(key)))
				wrong(race);
		}
	}
}

TEST_F(table, a_key_obeys_its_only_writer)
{
	struct shardmap_create how = { .nr_shards = 1 };
	struct race race = { .fd = do_create(self->dev, &how) };
	struct shardmap_info info;

	ASSERT_LE(0, race.fd);
	run_crew(THREADS, own_work, &race);
	EXPECT_EQ(0, race.wrong);
	test_cmd_info(race.fd, &info);
	EXPECT_EQ(0, info.entries);
	/* All this while the only shard grew and shrank. */
	EXPECT_LT(0, info.resizes);
	close(race.fd);
}

TEST_HARNESS_MAIN
