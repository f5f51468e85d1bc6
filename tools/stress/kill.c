// SPDX-License-Identifier: GPL-2.0-only
/* Rounds: children start, are killed one by one, and the table is checked. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kill.h"
#include "memory.h"

/* Until a batch has been timed */
#define FIRST_DELAY_NS 3000000

#define LOOK_NS 100000

static void sleep_ns(uint64_t ns)
{
	struct timespec ts = { .tv_sec = ns / 1000000000,
			       .tv_nsec = ns % 1000000000 };

	nanosleep(&ts, NULL);
}

static int start_child(struct kill_test *test, unsigned int child)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid)
		kill_child(test, child);
	test->pids[child] = pid;
	return pid < 0 ? -errno : 0;
}

/* Some time after the child has begun a batch in this life */
static int kill_one(struct kill_test *test, unsigned int child,
		    uint64_t started)
{
	struct kill_slot *slot = &test->slots[child];
	uint64_t most = test->config.delay * 1000;
	int status;

	while (atomic_load(&slot->started) == started && !slot->error)
		sleep_ns(LOOK_NS);
	if (!most)
		most = slot->batch_ns ? 2 * slot->batch_ns : FIRST_DELAY_NS;
	sleep_ns(random_below(&test->random, most));
	kill(test->pids[child], SIGKILL);
	while (waitpid(test->pids[child], &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (slot->error)
		return slot->error;
	if (!WIFSIGNALED(status))
		return -ECHILD;
	test->totals.kills++;
	return 0;
}

static int put_planted(struct kill_test *test, const struct kill_key *key,
		       uint64_t seq, uint64_t damage)
{
	uint64_t value[KILL_VALUE_WORDS];
	unsigned int len = kill_value_build(test, key, seq, value);

	value[0] ^= damage;
	return shardmap_put(test->table, key, sizeof(*key), value, len, 0);
}

/* Once, to a key of the group, which is never deleted */
static int plant(struct kill_test *test)
{
	const struct kill_key key = kill_key(0, KILL_CELL_GROUP);
	uint64_t seq = test->slots[0].state[key.cell];

	if (test->planted || seq <= KILL_CHILDREN_MAX)
		return 0;
	test->planted = true;
	switch (test->config.plant) {
	case KILL_PLANT_LOST:
		return shardmap_delete(test->table, &key, sizeof(key));
	case KILL_PLANT_TORN:
		return put_planted(test, &key, seq, 1);
	case KILL_PLANT_SPLIT:
		return put_planted(test, &key, seq - KILL_CHILDREN_MAX, 0);
	default:
		return 0;
	}
}

/* Numbers of all children begin anew before a child's bits are used up. */
static int renew_fields(struct kill_test *test)
{
	for (uint32_t cell = KILL_CELL_FIELD; cell < KILL_CELLS; cell++) {
		struct kill_key key = kill_key(KILL_EVERYBODY, cell);
		uint64_t most = 0;
		int err;

		for (unsigned int i = 0; i < test->config.children; i++)
			if (test->slots[i].state[cell] > most)
				most = test->slots[i].state[cell];
		if (most < KILL_FIELD_MAX / 2)
			continue;
		err = shardmap_delete(test->table, &key, sizeof(key));
		if (err)
			return err;
		for (unsigned int i = 0; i < test->config.children; i++)
			test->slots[i].state[cell] = 0;
	}
	return 0;
}

static int run_round(struct kill_test *test)
{
	uint64_t started[KILL_CHILDREN_MAX];
	unsigned int nr = test->config.children, i;
	int err = 0;

	random_u64(&test->random);
	for (i = 0; i < nr && !err; i++) {
		started[i] = atomic_load(&test->slots[i].started);
		err = start_child(test, i);
	}
	for (i = 0; i < nr && !err; i++)
		err = kill_one(test, i, started[i]);
	if (!err && test->config.plant)
		err = plant(test);
	if (!err)
		err = kill_check(test);
	return err ? err : renew_fields(test);
}

static int storm(struct kill_test *test)
{
	uint64_t start = now_ns();
	struct shardmap_info info;
	int err = shardmap_info(test->table, &info);

	while (!err && test->totals.kills < test->config.kills)
		err = run_round(test);
	if (!err)
		err = shardmap_clear(test->table, NULL);
	if (!err)
		err = memory_wait_empty(test->table, info.index_bytes,
					&test->totals.left_over);
	for (unsigned int i = 0; i < test->config.children; i++) {
		test->totals.ops += test->slots[i].ops;
		test->totals.wrong_status += test->slots[i].wrong_status;
		test->totals.looks += test->slots[i].looks;
		test->totals.split += test->slots[i].split;
	}
	test->seconds = (now_ns() - start) / 1e9;
	return err;
}

enum tool_exit kill_main(int argc, char **argv)
{
	static struct kill_test test;
	int err;

	kill_options(argc, argv, &test.config);
	test.random = test.config.seed;
	test.table = tool_open_table(-1, &test.config.create);
	if (test.table < 0)
		return TOOL_EXIT_FAILED;
	test.atomic = kill_has_atomic(test.table);
	test.slots = mmap(NULL, KILL_CHILDREN_MAX * sizeof(*test.slots),
			  PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			  -1, 0);
	if (test.slots == MAP_FAILED) {
		tool_error("memory for logs", -errno);
		return TOOL_EXIT_FAILED;
	}
	err = storm(&test);
	if (err)
		tool_error("kill storm", err);
	else
		err = kill_report(&test);
	if (kill_failures(&test))
		return TOOL_EXIT_VERIFY;
	return err ? TOOL_EXIT_FAILED : TOOL_EXIT_OK;
}
