// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is left when the last descriptor closes: entries and arrays that wait for a
 * grace period, resizes under way, entries that are about to expire, tables that have
 * only a name, changes that nobody read.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "unload.h"

enum { TABLES = 6, KEYS = 1500, BATCH = 500 };

/* Opened in a round; each is a reference. */
struct users {
	struct unload_test *test;
	int device;
	int tables[TABLES];
	int watcher;
	atomic_bool stop;
	atomic_uint_fast64_t looks;
	atomic_uint_fast64_t ops;
	atomic_uint_fast64_t closed;
	atomic_uint_fast64_t wrong;
};

static int put_many(struct users *users, int table, uint64_t first)
{
	struct shardmap_batch_buffer *batch = shardmap_batch_new(BATCH);
	uint64_t value[8] = { first };
	int err = batch ? 0 : -ENOMEM;

	for (uint64_t key = first; key < first + BATCH && err >= 0; key++)
		err = shardmap_batch_put(batch, &key, sizeof(key), value,
					 8 + key % 8 * 8, 0);
	if (err > 0)
		err = 0;
	if (!err)
		err = shardmap_batch_run(table, batch);
	shardmap_batch_free(batch);
	atomic_fetch_add(&users->ops, BATCH);
	return err;
}

/* They end one after another, for a second: before, while and after all is closed. */
static int put_ending(struct users *users, int table)
{
	int err = 0;

	for (uint64_t i = 1; i <= BATCH && !err; i++) {
		uint64_t key = 1000000 + i;

		err = shardmap_put_ttl(table, &key, sizeof(key), &key,
				       sizeof(key), 0, i * 2000000);
	}
	atomic_fetch_add(&users->ops, BATCH);
	return err;
}

/* Growth, and then so many deletions that the table shrinks. */
static int churn(struct users *users, int table)
{
	uint64_t first = random_below(&users->test->random, KEYS), key;
	int err = 0;

	for (key = first; key < first + KEYS && !err; key += BATCH)
		err = put_many(users, table, key);
	for (key = first; key < first + KEYS - 100 && !err; key++) {
		err = shardmap_delete(table, &key, sizeof(key));
		/* A table with a limit has not all of them. */
		if (err == -ENOENT)
			err = 0;
	}
	atomic_fetch_add(&users->ops, KEYS);
	return err;
}

static void *look(void *arg)
{
	struct users *users = arg;
	char path[64], text[1024];

	while (!atomic_load(&users->stop)) {
		static const char *const files[] = {
			"/sys/module/shardmap/refcnt",
			"/sys/module/shardmap/parameters/max_user_tables",
			"/proc/slabinfo",
		};

		for (int i = 0; i < TABLES + (int)ARRAY_SIZE(files); i++) {
			int fd;

			snprintf(path, sizeof(path), "/proc/self/fdinfo/%d",
				 users->tables[i % TABLES]);
			fd = open(i < TABLES ? path : files[i - TABLES],
				  O_RDONLY | O_CLOEXEC);
			if (fd < 0 || read(fd, text, sizeof(text)) <= 0)
				atomic_fetch_add(&users->wrong, fd >= 0);
			close(fd);
			atomic_fetch_add(&users->looks, 1);
		}
	}
	return NULL;
}

/* Commands to a descriptor that is closed meanwhile end, and then fail. */
static void *use_closing(void *arg)
{
	struct users *users = arg;
	uint64_t key = 0;
	int err;

	do {
		key++;
		err = shardmap_put(users->watcher, &key, sizeof(key), &key,
				   sizeof(key), 0);
		atomic_fetch_add(&users->ops, 1);
	} while (!err);
	/* The number may be that of a file by now. */
	atomic_fetch_add(&users->wrong, err != -EBADF && err != -ENOTTY);
	atomic_fetch_add(&users->closed, 1);
	return NULL;
}

/* One table of each sort; the first keeps nothing but its name. */
static int open_tables(struct users *users)
{
	static const struct shardmap_create sorts[TABLES] = {
		{},
		{ .nr_shards = 1 },
		{ .flags = SHARDMAP_CREATE_FAST_HASH, .nr_shards = 256 },
		{ .flags = SHARDMAP_CREATE_INLINE,
		  .max_key_len = 8,
		  .max_value_len = 8 },
		{ .flags = SHARDMAP_CREATE_EVICT, .max_entries = 1000 },
		{ .max_bytes = 1 << 20 },
	};
	char name[32];

	users->device = shardmap_open_device();
	if (users->device < 0)
		return users->device;
	for (int i = 0; i < TABLES; i++) {
		snprintf(name, sizeof(name), "unload-%d", i);
		users->tables[i] = i % 2 ? shardmap_create_table(users->device,
								 &sorts[i]) :
					   shardmap_create_named(users->device,
								 name, 0600,
								 &sorts[i]);
		if (users->tables[i] < 0)
			return users->tables[i];
	}
	users->watcher = shardmap_handle(users->tables[0],
					 SHARDMAP_READ | SHARDMAP_WRITE);
	return users->watcher < 0 ? users->watcher :
				    shardmap_watch(users->watcher, 0);
}

static int fill_inline(int table)
{
	int err = 0;

	for (uint64_t key = 0; key < KEYS && !err; key++)
		err = shardmap_put(table, &key, sizeof(key), &key, sizeof(key),
				   0);
	return err;
}

static int fill_tables(struct users *users)
{
	int err = 0;

	for (int i = 0; i < TABLES && !err; i++)
		err = i == 3 ? fill_inline(users->tables[i]) :
			       churn(users, users->tables[i]);
	if (!err)
		err = put_ending(users, users->tables[1]);
	if (!err)
		err = shardmap_reserve(users->tables[2], 20000);
	return err;
}

/* The descriptors are the references, no more and no less. */
static void check_refs(struct users *users, int wanted)
{
	struct unload_totals *totals = &users->test->totals;
	int err = unload_remove();

	if (unload_refs() != wanted)
		totals->wrong_refs++;
	if (!err)
		totals->not_refused++;
	else if (err == -EAGAIN)
		totals->refused++;
	else
		totals->wrong++;
}

static int close_all(struct users *users)
{
	/* A name that nobody takes away, and one that somebody does. */
	int err = shardmap_unlink_table(users->device, "unload-2");

	/* What was just removed waits for readers. */
	if (!err)
		err = churn(users, users->tables[0]);
	check_refs(users, TABLES + 1);
	close(users->device);
	for (int i = TABLES - 1; i > 0; i--)
		close(users->tables[i]);
	check_refs(users, 1);
	close(users->tables[0]);
	return err;
}

int unload_use(struct unload_test *test)
{
	static struct users users;
	pthread_t looker, user;
	int err;

	users = (struct users){ .test = test };
	err = open_tables(&users);
	if (err)
		return err;
	check_refs(&users, TABLES + 2);
	if (pthread_create(&looker, NULL, look, &users) ||
	    pthread_create(&user, NULL, use_closing, &users))
		return -EAGAIN;
	err = fill_tables(&users);
	close(users.watcher);
	pthread_join(user, NULL);
	atomic_store(&users.stop, true);
	pthread_join(looker, NULL);
	if (!err)
		err = close_all(&users);
	test->totals.ops += users.ops;
	test->totals.closed += users.closed;
	test->totals.looks += users.looks;
	test->totals.wrong += users.wrong;
	return err;
}
