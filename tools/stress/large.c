// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "large.h"
#include "memory.h"
#include "output.h"

#define BATCH 1024u
#define DRAIN_BYTES (256u << 10)

/* How long freed memory may take to be back */
#define PATIENCE_US 120000000ull

enum phase {
	PHASE_CONTROL, /* other work, of programs and of the kernel */
	PHASE_FILL,
	PHASE_DRAIN,
	PHASE_CLEAR,
	PHASE_CLOSE, /* until the memory is back */
	PHASE_NR
};

static const char *const phases[PHASE_NR] = {
	[PHASE_CONTROL] = "control", [PHASE_FILL] = "fill",
	[PHASE_DRAIN] = "drain",     [PHASE_CLEAR] = "clear",
	[PHASE_CLOSE] = "close",
};

struct large_test {
	uint64_t entries;
	bool json;
	struct shardmap_create create;
	struct gap *gap;
	int device;
	int table;
	uint64_t drained;
	uint64_t cleared;
	uint64_t bytes; /* of the table that was closed */
	bool lost; /* entries that were neither drained nor cleared */
	bool left_over; /* memory that did not come back */
	uint64_t gap_us[PHASE_NR];
	uint64_t time_us[PHASE_NR];
};

/* As long as it takes to fill a table, roughly: chances are for all alike. */
static int control(struct large_test *test)
{
	size_t bytes = 64 << 20;

	for (uint64_t i = 0; i * 1000000 < test->entries || i < 3; i++) {
		uint64_t end = now_us() + 700000;
		void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (memory == MAP_FAILED)
			return -errno;
		memset(memory, 1, bytes);
		munmap(memory, bytes);
		while (now_us() < end)
			syscall(SYS_getppid);
	}
	return 0;
}

static int fill(struct large_test *test)
{
	struct shardmap_batch_buffer *batch = shardmap_batch_new(BATCH);
	int err = batch ? 0 : -ENOMEM;

	if (!err && test->table < 0)
		test->table =
			shardmap_create_table(test->device, &test->create);
	if (test->table < 0)
		err = test->table;
	for (uint64_t key = 0; key < test->entries && !err;) {
		shardmap_batch_reset(batch);
		for (unsigned int i = 0; i < BATCH && err >= 0; i++, key++)
			err = shardmap_batch_put(batch, &key, sizeof(key), &key,
						 sizeof(key), 0);
		if (err >= 0)
			err = shardmap_batch_run(test->table, batch);
	}
	shardmap_batch_free(batch);
	return err;
}

/* A quarter; the rest is for the clear. */
static int drain(struct large_test *test)
{
	struct shardmap_scan scan = { .flags = SHARDMAP_SCAN_DRAIN };
	void *buf = malloc(DRAIN_BYTES);
	int err = buf ? 0 : -ENOMEM;

	scan.buf = (uintptr_t)buf;
	while (!err && !scan.done && test->drained < test->entries / 4) {
		scan.buf_len = DRAIN_BYTES;
		err = shardmap_scan(test->table, &scan);
		if (!err)
			test->drained += scan.records;
	}
	free(buf);
	return err;
}

static int clear(struct large_test *test)
{
	struct shardmap_info info;
	int err = shardmap_info(test->table, &info);

	if (!err)
		err = shardmap_clear(test->table, &test->cleared);
	test->lost = info.entries != test->cleared ||
		     test->drained + test->cleared < test->entries;
	return err;
}

/* The table goes in the background: it is gone when nine tenths of it are. */
static int close_table(struct large_test *test)
{
	uint64_t end = now_us() + PATIENCE_US;
	struct memory before, now;
	struct shardmap_info info;
	int err = shardmap_info(test->table, &info);

	if (!err)
		err = memory_read(&before);
	test->bytes = info.entry_bytes + info.index_bytes;
	close(test->table);
	do {
		usleep(20000);
		if (!err)
			err = memory_read(&now);
		test->left_over =
			before.slab + before.vmalloc - now.slab - now.vmalloc <
			(int64_t)(test->bytes / 1024 / 10 * 9);
	} while (!err && test->left_over && now_us() < end);
	return err;
}

static int run_phase(struct large_test *test, enum phase phase)
{
	static int (*const works[PHASE_NR])(struct large_test * test) = {
		control, fill, drain, clear, close_table,
	};
	uint64_t start = now_us(), gap;
	int err;

	gap_longest_us(test->gap);
	err = works[phase](test);
	gap = gap_longest_us(test->gap);
	if (gap > test->gap_us[phase])
		test->gap_us[phase] = gap;
	test->time_us[phase] += now_us() - start;
	if (err)
		tool_error(phases[phase], err);
	return err;
}

static int report(const struct large_test *test)
{
	json_t *root;
	int err;

	for (int i = 0; i < PHASE_NR && !test->json; i++)
		printf("%-8s %8.3f s, longest gap %9.3f ms\n", phases[i],
		       test->time_us[i] / 1e6, test->gap_us[i] / 1e3);
	if (!test->json) {
		printf("%" PRIu64 " drained, %" PRIu64 " cleared%s; %" PRIu64
		       " bytes %s\n",
		       test->drained, test->cleared,
		       test->lost ? " - WRONG" : "", test->bytes,
		       test->left_over ? "did not come back - WRONG" :
					 "came back");
		return 0;
	}
	root = json_pack("{s:i, s:I, s:I, s:I, s:I, s:b, s:b}", "schema",
			 TOOL_SCHEMA, "entries", (json_int_t)test->entries,
			 "drained", (json_int_t)test->drained, "cleared",
			 (json_int_t)test->cleared, "bytes",
			 (json_int_t)test->bytes, "lost", (int)test->lost,
			 "left_over", (int)test->left_over);
	err = root ? 0 : -1;
	for (int i = 0; i < PHASE_NR && !err; i++)
		err = json_object_set_new(
			root, phases[i],
			json_pack("{s:f, s:f}", "gap_ms", test->gap_us[i] / 1e3,
				  "seconds", test->time_us[i] / 1e6));
	return output_json(root, err);
}

enum { OPT_ENTRIES = 0x100 };

static const struct argp_option options[] = {
	{ "entries", OPT_ENTRIES, "N", 0, "entries of the table (4M)" },
	{ "json", 'j', NULL, 0, "print JSON" },
	{}
};

static const char doc[] =
	"Fills a large table, drains a quarter of it, clears it, fills it again and "
	"closes it.  On each CPU a thread notes how late it gets to run, before and "
	"after it beside other work for comparison."
	"\vExit status: 0 good, 1 an operation failed, 2 usage, 3 entries or memory "
	"were lost.";

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct large_test *test = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &test->create;
		return 0;
	case OPT_ENTRIES:
		test->entries = tool_arg_u64(state, "--entries", arg, BATCH,
					     1ull << 32);
		return 0;
	case 'j':
		test->json = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "unexpected argument '%s'", arg);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

enum tool_exit large_main(int argc, char **argv)
{
	static const struct argp_child children[] = {
		{ .argp = &tool_create_argp }, {}
	};
	static const struct argp argp = { .options = options,
					  .parser = parse,
					  .doc = doc,
					  .children = children };
	static const enum phase order[] = { PHASE_CONTROL, PHASE_FILL,
					    PHASE_DRAIN,   PHASE_CLEAR,
					    PHASE_FILL,	   PHASE_CLOSE,
					    PHASE_CONTROL };
	static struct large_test test = { .entries = 4 << 20, .table = -1 };
	int err = 0;

	argp_parse(&argp, argc, argv, 0, NULL, &test);
	/* Whole batches */
	test.entries -= test.entries % BATCH;
	test.device = shardmap_open_device();
	test.gap = gap_start();
	if (test.device < 0 || !test.gap || pin_to_cpu(0)) {
		tool_error("open /dev/shardmap, or threads",
			   test.device < 0 ? test.device : -EAGAIN);
		return TOOL_EXIT_FAILED;
	}
	for (size_t i = 0; i < ARRAY_SIZE(order) && !err; i++)
		err = run_phase(&test, order[i]);
	gap_stop(test.gap);
	if (!err)
		err = report(&test);
	if (test.lost || test.left_over)
		return TOOL_EXIT_VERIFY;
	return err ? TOOL_EXIT_FAILED : TOOL_EXIT_OK;
}
