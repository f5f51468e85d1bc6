// SPDX-License-Identifier: GPL-2.0-only
/*
 * One pass: call by call, each record noted.  All that a pass knows is in shared
 * memory, so that any process may make the next call.
 */
#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scan.h"

#define RECORD_BYTES (sizeof(struct shardmap_record) + 2 * sizeof(uint64_t))
#define BUFFER_BYTES 4096

/* Processes that a resumed pass has, about */
#define LEGS 5

static void note_key(struct scan_pass *pass, uint64_t key)
{
	uint64_t bit = 1ull << key % 64;

	if (pass->seen[key / 64] & bit)
		pass->repeated++;
	pass->seen[key / 64] |= bit;
}

static void note(struct scan_test *test, const struct shardmap_record *record)
{
	const struct scan_config *config = &test->config;
	struct scan_pass *pass = test->pass;
	uint64_t key, value;

	pass->records++;
	if (record->key_len != sizeof(key) ||
	    record->value_len != sizeof(value)) {
		pass->wrong++;
		return;
	}
	memcpy(&key, shardmap_record_key(record), sizeof(key));
	memcpy(&value, shardmap_record_value(record), sizeof(value));
	if (key >= scan_all_keys(config) || value != scan_value(config, key)) {
		pass->wrong++;
		return;
	}
	/* The first stable key from there on */
	if (pass->plant_at && pass->records >= pass->plant_at &&
	    key < config->keys) {
		pass->plant_at = 0;
		if (config->plant == SCAN_PLANT_SKIP)
			return;
		note_key(pass, key);
	}
	note_key(pass, key);
}

static int call(struct scan_test *test, size_t size)
{
	static uint64_t buffer[BUFFER_BYTES / sizeof(uint64_t)];
	struct shardmap_scan scan = {
		.cursor = test->pass->cursor,
		.buf = (uintptr_t)buffer,
		.buf_len = size,
	};
	uint32_t offset = 0, records = 0;
	int err = shardmap_scan(test->table, &scan);

	if (err)
		return err;
	while (offset < scan.used) {
		const struct shardmap_record *record =
			(const void *)((const char *)buffer + offset);

		if (scan.used > size || record->record_len != RECORD_BYTES)
			return -EPROTO;
		note(test, record);
		offset += record->record_len;
		records++;
	}
	if (records != scan.records)
		return -EPROTO;
	test->pass->cursor = scan.cursor;
	test->pass->done = scan.done;
	return 0;
}

/* A pass that returns keys over and over would not end by itself. */
static bool has_run_wild(const struct scan_test *test)
{
	return test->pass->repeated > scan_all_keys(&test->config);
}

static int go_on(struct scan_test *test, size_t size, uint64_t calls)
{
	int err = 0;

	while (calls-- && !test->pass->done && !err) {
		err = call(test, size);
		test->pass->done |= has_run_wild(test);
	}
	return err;
}

/* The next leg, by a process that was not there when the pass began */
static int go_on_elsewhere(struct scan_test *test, size_t size, uint64_t calls)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return -errno;
	if (!pid) {
		test->pass->error = go_on(test, size, calls);
		_exit(TOOL_EXIT_OK);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return -ECHILD;
	return test->pass->error;
}

static int run_resumed(struct scan_test *test, size_t size)
{
	uint64_t records = size / RECORD_BYTES;
	uint64_t leg = 2 * (test->config.keys / records / LEGS + 1);
	int err = go_on(test, size, random_below(&test->random, leg));

	while (!test->pass->done && !err) {
		err = go_on_elsewhere(test, size,
				      1 + random_below(&test->random, leg));
		test->totals.resumes++;
	}
	test->totals.resumed_passes++;
	return err;
}

static uint64_t count_stable(const struct scan_test *test)
{
	uint64_t keys = test->config.keys, count = 0;

	for (uint64_t i = 0; i < keys / 64; i++)
		count += __builtin_popcountll(test->pass->seen[i]);
	if (keys % 64)
		count += __builtin_popcountll(test->pass->seen[keys / 64] &
					      ((1ull << keys % 64) - 1));
	return count;
}

static bool is_nth(uint64_t number, uint64_t every)
{
	return every && number % every == every - 1;
}

int scan_pass_run(struct scan_test *test)
{
	const struct scan_config *config = &test->config;
	struct scan_totals *totals = &test->totals;
	struct scan_pass *pass = test->pass;
	bool one = is_nth(totals->passes, config->one_record_every);
	size_t size = one ? RECORD_BYTES : BUFFER_BYTES;
	uint64_t start = now_ns();
	int err;

	memset(pass, 0, test->pass_size);
	if (config->plant && !totals->passes)
		pass->plant_at =
			1 + random_below(&test->random, config->keys / 2 + 1);
	err = is_nth(totals->passes, config->resume_every) ?
		      run_resumed(test, size) :
		      go_on(test, size, UINT64_MAX);
	totals->passes++;
	totals->one_record_passes += one;
	totals->records += pass->records;
	totals->repeated += pass->repeated;
	totals->wrong += pass->wrong;
	totals->missed += config->keys - count_stable(test);
	if (one)
		totals->one_record_seconds += (now_ns() - start) / 1e9;
	totals->seconds += (now_ns() - start) / 1e9;
	return err;
}
