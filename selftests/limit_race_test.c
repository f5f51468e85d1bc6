// SPDX-License-Identifier: GPL-2.0-only
/*
 * A limit under many threads: never passed, and nothing refused that had room.
 *
 * What is in the table at a moment lies between two sums: that of insertions that
 * have ended less removals begun, and that of insertions begun less removals ended.
 */
#include "limit.h"
#include "scan.h"
#include "table.h"

enum { THREADS = 8, TURNS = 8000, KEYS = 64, ENTRIES = 150 };

/**
 * struct books - what the threads account for, in entries or in bytes
 * @fd: the table
 * @max: the limit
 * @lens: lengths of values: keys with an even and an odd number
 * @cost: of these
 * @begun: insertions begun
 * @refused: insertions refused, when that is known
 * @removed: removals ended
 * @least: insertions ended less removals begun
 * @over: times that @least was over the limit
 * @full: refusals
 * @early: refusals while there was room throughout
 * @wrong: what should not have happened otherwise
 */
struct books {
	int fd;
	__u64 max;
	__u32 lens[2];
	__u64 cost[2];
	__u64 begun;
	__u64 refused;
	__u64 removed;
	__u64 least;
	unsigned int over;
	unsigned int full;
	unsigned int early;
	unsigned int wrong;
};

static __u64 get(const __u64 *sum)
{
	return __atomic_load_n(sum, __ATOMIC_SEQ_CST);
}

static __u64 add(__u64 *sum, __u64 n)
{
	return __atomic_add_fetch(sum, n, __ATOMIC_SEQ_CST);
}

static void count(unsigned int *events)
{
	__atomic_add_fetch(events, 1, __ATOMIC_RELAXED);
}

static const char value[1000];

/* Returns whether the key is there now. */
static bool insert(struct books *books, unsigned int key)
{
	__u64 cost = books->cost[key % 2];
	__u64 gone = get(&books->refused) + get(&books->removed);
	__u64 most;
	int ret;

	add(&books->begun, cost);
	ret = do_put(books->fd, SHARDMAP_NOEXIST, OBJ(key), value,
		     books->lens[key % 2], NULL);
	if (ret == 1) {
		if (add(&books->least, cost) > books->max)
			count(&books->over);
		return true;
	}
	/* Others' insertions begun by now, less what was gone when it began. */
	most = get(&books->begun) - cost - gone;
	add(&books->refused, cost);
	if (ret != -ENOSPC)
		count(&books->wrong);
	else if (most + cost <= books->max)
		count(&books->early);
	count(&books->full);
	return false;
}

static void removal(struct books *books, unsigned int key)
{
	__u64 cost = books->cost[key % 2];

	add(&books->least, -cost);
	if (do_delete(books->fd, OBJ(key)))
		count(&books->wrong);
	add(&books->removed, cost);
}

/* Keys of its own; somewhat more insertions than removals. */
static void work(unsigned int nth, void *arg)
{
	struct books *books = arg;
	unsigned int seed = nth, turn;
	bool there[KEYS] = {};

	for (turn = 0; turn < TURNS; turn++) {
		unsigned int i = rand_r(&seed) % KEYS;
		unsigned int key = nth * KEYS + i;

		if (!there[i])
			there[i] = insert(books, key);
		else if (rand_r(&seed) % 2) {
			removal(books, key);
			there[i] = false;
		}
	}
}

static int note_cost(const struct shardmap_record *rec, void *arg)
{
	const struct books *books = ((void **)arg)[0];
	__u64 *sum = ((void **)arg)[1];
	unsigned int key;

	memcpy(&key, record_key(rec), sizeof(key));
	*sum += books->cost[key % 2];
	return 0;
}

static void run_books(struct __test_metadata *_metadata, struct books *books,
		      int dev, const struct shardmap_create *how)
{
	unsigned int key = 1U << 20;
	__u64 held, seen = 0;

	books->fd = do_create(dev, how);
	ASSERT_LE(0, books->fd);
	run_crew(THREADS, work, books);
	EXPECT_EQ(0, books->wrong);
	EXPECT_EQ(0, books->over);
	EXPECT_EQ(0, books->early);
	EXPECT_LT(0, books->full);
	held = books->begun - books->refused - books->removed;
	EXPECT_EQ(held, books->least);
	EXPECT_GE(books->max, held);
	EXPECT_EQ(0, scan_all(books->fd, 4096, note_cost,
			      (void *[]){ books, &seen }));
	EXPECT_EQ(held, seen);

	/* Nothing was lost: there is room for what is left of the limit. */
	for (; held + books->cost[0] <= books->max; key += 2) {
		ASSERT_EQ(0, store(books->fd, OBJ(key), value, books->lens[0]));
		held += books->cost[0];
	}
	EXPECT_EQ(-ENOSPC, store(books->fd, OBJ(key), value, books->lens[0]));
	close(books->fd);
}

TEST_F(table, threads_fill_a_table_to_the_last_entry)
{
	struct books books = { .max = ENTRIES,
			       .lens = { 8, 1000 },
			       .cost = { 1, 1 } };
	struct shardmap_create how = { .max_entries = books.max };

	run_books(_metadata, &books, self->dev, &how);
}

TEST_F(table, threads_fill_an_inline_table_to_the_last_entry)
{
	struct books books = { .max = ENTRIES,
			       .lens = { 8, 8 },
			       .cost = { 1, 1 } };
	struct shardmap_create how = { .flags = SHARDMAP_CREATE_INLINE,
				       .max_key_len = 4,
				       .max_value_len = 8,
				       .max_entries = books.max };

	run_books(_metadata, &books, self->dev, &how);
}

TEST_F(table, threads_fill_a_table_to_the_last_byte)
{
	struct books books = { .lens = { 8, 1000 },
			       .cost = { entry_cost(self->dev, 8),
					 entry_cost(self->dev, 1000) } };
	struct shardmap_create how;

	ASSERT_LT(0, books.cost[0]);
	ASSERT_LT(books.cost[0], books.cost[1]);
	books.max = ENTRIES / 2 * (books.cost[0] + books.cost[1]);
	how = (struct shardmap_create){ .max_bytes = books.max };
	run_books(_metadata, &books, self->dev, &how);
}

enum { ROUNDS = 1500, REMOVED = 3 };

/**
 * struct rounds - threads that fill a table together, again and again
 * @fd: the table
 * @line: where they wait for each other
 * @wrong: times that the table was not just full
 */
struct rounds {
	int fd;
	pthread_barrier_t line;
	unsigned int wrong;
};

/* Each goes on until it is refused; then the table is full, to the last entry. */
static void fill_work(unsigned int nth, void *arg)
{
	struct rounds *rounds = arg;
	unsigned int first = nth << 20, end = first, round, i;

	for (round = 0; round < ROUNDS; round++) {
		while (!store(rounds->fd, OBJ(end), value, 8))
			end++;
		pthread_barrier_wait(&rounds->line);
		if (!nth && count_entries(rounds->fd) != ENTRIES)
			count(&rounds->wrong);
		pthread_barrier_wait(&rounds->line);
		for (i = 0; i < REMOVED && first < end; i++, first++)
			if (do_delete(rounds->fd, OBJ(first)))
				count(&rounds->wrong);
	}
}

TEST_F(table, threads_that_meet_at_the_limit_fill_it_just)
{
	struct shardmap_create how = { .max_entries = ENTRIES };
	struct rounds rounds = { .fd = do_create(self->dev, &how) };

	ASSERT_LE(0, rounds.fd);
	pthread_barrier_init(&rounds.line, NULL, THREADS);
	run_crew(THREADS, fill_work, &rounds);
	EXPECT_EQ(0, rounds.wrong);
	pthread_barrier_destroy(&rounds.line);
	close(rounds.fd);
}

TEST_HARNESS_MAIN
