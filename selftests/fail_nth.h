/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Having the nth allocation or copy of a call fail, and all that must not change when
 * it does: the table, what its watcher was told, names, tables and descriptors.
 *
 * faults.sh has to have prepared the kernel.
 */
#ifndef _SHARDMAP_SELFTEST_FAIL_NTH_H
#define _SHARDMAP_SELFTEST_FAIL_NTH_H

#include "names.h"
#include "scan.h"
#include "watch.h"

/* Of the calling thread: each test is a process of its own. */
static int nth_fd = -1;

static void nth_open(void)
{
	nth_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (nth_fd < 0)
		err(KSFT_FAIL, "fail-nth; this needs the kasan kernel");
}

static void nth_arm(unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	if (pwrite(nth_fd, text, len, 0) != len)
		err(KSFT_FAIL, "cannot write fail-nth");
}

/* Has it failed?  Nothing else shall. */
static bool nth_disarm(void)
{
	char text[16] = "";

	if (pread(nth_fd, text, sizeof(text) - 1, 0) <= 0)
		err(KSFT_FAIL, "cannot read fail-nth");
	nth_arm(0);
	return !atoi(text);
}

/* Counts down with each fault. */
static __s64 faults_left(void)
{
	static const char *const attributes[] = { "failslab", "fail_page_alloc",
						  "fail_usercopy" };
	__s64 left = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(attributes); i++) {
		char path[64], text[32] = "";
		int fd;

		snprintf(path, sizeof(path), "/sys/kernel/debug/%s/times",
			 attributes[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
			err(KSFT_FAIL, "%s", path);
		close(fd);
		left += atoll(text);
	}
	return left;
}

/* Figures of the world around a table, and of the table besides its contents. */
enum count {
	ENTRIES,
	ENTRY_BYTES,
	EVICTED,
	STATE,
	TOLD,
	TABLES,
	USER_TABLES,
	NAMES,
	DESCRIPTORS,
	NEXT_DESCRIPTOR,
	NR_COUNTS,
};

static const char *const count_names[NR_COUNTS] = {
	"entries",	 "entry_bytes",
	"evicted",	 "state",
	"told",		 "tables",
	"user's tables", "names",
	"descriptors",	 "lowest free descriptor",
};

#define RECORDS_MAX 256

/* Room for the longest record */
#define SCAN_BYTES 16384

/**
 * struct state - all that a call may change
 * @snap: the records
 * @record: the same, in the order of their keys: that of their hashes is another in
 *	each table
 * @nr: how many
 * @count: figures
 */
struct state {
	struct snapshot snap;
	const struct shardmap_record *record[RECORDS_MAX];
	unsigned int nr;
	__s64 count[NR_COUNTS];
};

static int compare_keys(const void *a, const void *b)
{
	const struct shardmap_record *left =
		*(const struct shardmap_record *const *)a;
	const struct shardmap_record *right =
		*(const struct shardmap_record *const *)b;

	if (left->key_len != right->key_len)
		return left->key_len < right->key_len ? -1 : 1;
	return memcmp(record_key(left), record_key(right), left->key_len);
}

static const struct shardmap_record *
state_find(const struct state *state, const struct shardmap_record *like)
{
	const struct shardmap_record *const *found = bsearch(
		&like, state->record, state->nr, sizeof(like), compare_keys);

	return found ? *found : NULL;
}

static int count_record(const struct shardmap_list_record *rec, void *arg)
{
	__s64 *n = arg;

	++*n;
	return 0;
}

/* A number that was reserved and never given back shows in the second alone. */
static void count_descriptors(__s64 *open_ones, __s64 *next)
{
	int fd;

	*open_ones = 0;
	for (fd = 0; fd < 32; fd++)
		*open_ones += fcntl(fd, F_GETFD) >= 0;
	*next = dup(STDERR_FILENO);
	if (*next < 0 || close(*next))
		err(KSFT_FAIL, "dup");
}

static void count_world(int dev, __s64 *count)
{
	struct shardmap_device_info info;

	if (do_device_info(dev, &info) ||
	    list_all(dev, 4096, count_record, &count[NAMES]))
		errx(KSFT_FAIL, "cannot read the device");
	count[TABLES] = info.tables;
	count[USER_TABLES] = info.user_tables;
	count_descriptors(&count[DESCRIPTORS], &count[NEXT_DESCRIPTOR]);
}

/* @watcher: takes what it has been told; @told: sum of it */
static void state_take(int dev, int table, int watcher, __s64 *told,
		       struct state *state)
{
	static struct stream stream;
	struct shardmap_info info = {};
	size_t off;

	*state = (struct state){};
	if (do_info(table, &info) ||
	    scan_all(table, SCAN_BYTES, snapshot_add, &state->snap))
		errx(KSFT_FAIL, "cannot read a table");
	for (off = 0; off < state->snap.len; state->nr++) {
		const struct shardmap_record *rec =
			(const void *)(state->snap.data + off);

		if (state->nr == RECORDS_MAX)
			errx(KSFT_FAIL, "too many records");
		state->record[state->nr] = rec;
		off += rec->record_len;
	}
	qsort(state->record, state->nr, sizeof(state->record[0]), compare_keys);
	stream = (struct stream){ .fd = watcher };
	while (next_change(&stream))
		++*told;
	if (stream.err != -EAGAIN)
		errx(KSFT_FAIL, "cannot read changes: %d", stream.err);
	state->count[ENTRIES] = info.entries;
	state->count[ENTRY_BYTES] = info.entry_bytes;
	state->count[EVICTED] = info.evicted;
	state->count[STATE] = info.state;
	state->count[TOLD] = *told;
	count_world(dev, state->count);
}

static void state_free(struct state *state)
{
	snapshot_free(&state->snap);
}

static bool same_record(const struct shardmap_record *a,
			const struct shardmap_record *b)
{
	return a && b && a->record_len == b->record_len &&
	       !memcmp(a, b, a->record_len);
}

static bool same_value(const struct shardmap_record *a,
		       const struct shardmap_record *b)
{
	return a->value_len == b->value_len &&
	       !memcmp(record_value(a), record_value(b), a->value_len) &&
	       !a->expires == !b->expires;
}

/* NULL if both are the same to the last bit, versions included. */
static const char *state_differs(const struct state *a, const struct state *b)
{
	unsigned int i;

	for (i = 0; i < NR_COUNTS; i++)
		if (a->count[i] != b->count[i])
			return count_names[i];
	if (a->nr != b->nr)
		return "number of records";
	for (i = 0; i < a->nr; i++)
		if (!same_record(a->record[i], b->record[i]))
			return "record";
	return NULL;
}

#endif /* _SHARDMAP_SELFTEST_FAIL_NTH_H */
