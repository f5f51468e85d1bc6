// SPDX-License-Identifier: GPL-2.0-only
/* Threads that open the device, whether it is there or not, while the module goes. */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "unload.h"

enum { OPENERS = 2, PATIENCE_US = 20000000 };

struct opener {
	pthread_t thread;
	unsigned int nr;
	atomic_bool *stop;
	uint64_t random;
	uint64_t opened;
	uint64_t ops;
	uint64_t wrong;
};

/* The same names as the other has, so that one of them may be too late. */
static int use_names(struct opener *opener, int device)
{
	char name[32];
	uint64_t key = opener->random, value = 0;
	int table, err = 0;

	snprintf(name, sizeof(name), "race-%" PRIu64,
		 random_below(&opener->random, 4));
	table = shardmap_create_named(device, name, 0600, NULL);
	if (table == -EEXIST)
		table = shardmap_open_table(device, name,
					    SHARDMAP_READ | SHARDMAP_WRITE);
	if (table == -ENOENT)
		return 0;
	if (table < 0)
		return table;
	for (int i = 0; i < 20 && !err; i++, key++)
		err = shardmap_add(table, &key, sizeof(key), 1, 0,
				   SHARDMAP_CREATE, &value);
	opener->ops += 20;
	close(table);
	if (!err && random_below(&opener->random, 2))
		err = shardmap_unlink_table(device, name);
	return err == -ENOENT ? 0 : err;
}

static void *open_often(void *arg)
{
	struct opener *opener = arg;

	while (!atomic_load(opener->stop)) {
		int device = shardmap_open_device();

		if (device >= 0) {
			opener->opened++;
			opener->wrong += use_names(opener, device) != 0;
			close(device);
		} else {
			/* Before it is there, and when it is no more. */
			opener->wrong += device != -ENOENT &&
					 device != -ENODEV && device != -ENXIO;
		}
		usleep(random_below(&opener->random, 3000));
	}
	return NULL;
}

static int remove_patiently(struct unload_test *test)
{
	uint64_t deadline = now_us() + PATIENCE_US;
	int err;

	while ((err = unload_remove()) == -EAGAIN) {
		test->totals.refused++;
		if (now_us() > deadline) {
			test->totals.stuck++;
			return 0;
		}
		usleep(random_below(&test->random, 1000));
	}
	return err;
}

int unload_race(struct unload_test *test)
{
	struct opener openers[OPENERS] = {};
	atomic_bool stop = false;
	unsigned int i;
	int err;

	for (i = 0; i < OPENERS; i++) {
		openers[i].nr = i;
		openers[i].stop = &stop;
		openers[i].random = random_u64(&test->random);
		if (pthread_create(&openers[i].thread, NULL, open_often,
				   &openers[i]))
			return -EAGAIN;
	}
	usleep(random_below(&test->random, 20000));
	err = remove_patiently(test);
	atomic_store(&stop, true);
	for (i = 0; i < OPENERS; i++) {
		pthread_join(openers[i].thread, NULL);
		test->totals.opened += openers[i].opened;
		test->totals.ops += openers[i].ops;
		test->totals.wrong += openers[i].wrong;
	}
	return err;
}
