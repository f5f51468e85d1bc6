// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads replace and delete large values for as long as a reader in the kernel keeps
 * all of them from being freed, and for a while after.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "large.h"
#include "output.h"
#include "random.h"

enum { WRITERS = 2, KEYS = 64, VALUE_BYTES = 4000 };

/*
 * What SHARDMAP_IOC_INFO may tell at most: the limit for small tables, a batch that
 * each CPU fills and one that each writer hands over.  Documentation/design.rst has it.
 */
#define LIMIT_BYTES (1u << 20)
#define BATCH_ENTRIES 122u
#define ENTRY_BYTES 4096u

struct flood_test {
	const char *pin; /* module whose loading takes a while, as a reader */
	unsigned int pin_ms;
	unsigned int free_ms;
	bool json;
	int table;
	atomic_bool stop;
	atomic_bool pinned;
	atomic_int error;
	atomic_uint_fast64_t ops;
	uint64_t pinned_ops; /* of these, until the reader went */
	uint64_t most; /* deferred bytes */
	uint64_t pinned_most; /* the same, until the reader went */
	uint64_t bound;
	bool left_over;
};

static void *write_often(void *arg)
{
	static const char value[VALUE_BYTES];
	struct flood_test *test = arg;
	uint64_t random = now_us();
	int err = 0;

	while (!atomic_load(&test->stop) && !err) {
		uint64_t key = random_below(&random, KEYS);

		if (random_below(&random, 4))
			err = shardmap_put(test->table, &key, sizeof(key),
					   value, sizeof(value), 0);
		else
			err = shardmap_delete(test->table, &key, sizeof(key));
		if (err == -ENOENT)
			err = 0;
		atomic_fetch_add(&test->ops, 1);
	}
	if (err)
		atomic_store(&test->error, err);
	return NULL;
}

static void *pin(void *arg)
{
	struct flood_test *test = arg;
	char params[32];
	int fd = open(test->pin, O_RDONLY | O_CLOEXEC);

	snprintf(params, sizeof(params), "ms=%u", test->pin_ms);
	/* It says EAGAIN when its time is over, so as not to stay. */
	if (fd < 0 || pin_to_cpu(1) ||
	    (syscall(SYS_finit_module, fd, params, 0) && errno != EAGAIN))
		atomic_store(&test->error, -errno);
	if (fd >= 0)
		close(fd);
	atomic_store(&test->pinned, false);
	return NULL;
}

static int watch(struct flood_test *test, uint64_t us)
{
	uint64_t end = now_us() + us;
	struct shardmap_info info;
	int err = 0;

	while (!err && (now_us() < end || atomic_load(&test->pinned))) {
		err = shardmap_info(test->table, &info);
		if (info.deferred_bytes > test->most)
			test->most = info.deferred_bytes;
		if (atomic_load(&test->pinned)) {
			test->pinned_ops = atomic_load(&test->ops);
			test->pinned_most = test->most;
		}
		usleep(500);
	}
	return err ? err : atomic_load(&test->error);
}

static int settle(struct flood_test *test)
{
	uint64_t end = now_us() + 60000000;
	struct shardmap_info info;
	int err;

	do {
		err = shardmap_info(test->table, &info);
		if (!err && now_us() > end)
			test->left_over = true;
	} while (!err && info.deferred_bytes && !test->left_over);
	return err;
}

static int flood(struct flood_test *test)
{
	unsigned int cpus = sysconf(_SC_NPROCESSORS_CONF);
	pthread_t writers[WRITERS], pinner;
	int err;

	test->bound = LIMIT_BYTES +
		      (uint64_t)(cpus + WRITERS) * BATCH_ENTRIES * ENTRY_BYTES;
	atomic_store(&test->pinned, test->pin != NULL);
	if (test->pin && pthread_create(&pinner, NULL, pin, test))
		return -EAGAIN;
	for (int i = 0; i < WRITERS; i++)
		if (pthread_create(&writers[i], NULL, write_often, test))
			return -EAGAIN;
	err = watch(test, 0);
	if (!err)
		err = watch(test, test->free_ms * 1000ull);
	atomic_store(&test->stop, true);
	for (int i = 0; i < WRITERS; i++)
		pthread_join(writers[i], NULL);
	if (test->pin)
		pthread_join(pinner, NULL);
	return err ? err : settle(test);
}

static bool is_good(const struct flood_test *test)
{
	return !test->left_over && test->most <= test->bound &&
	       test->most >= LIMIT_BYTES / 2 && test->ops > test->pinned_ops;
}

static int report(const struct flood_test *test)
{
	json_t *root;

	if (!test->json) {
		printf("%" PRIu64 " of %" PRIu64 " operations beside a reader; "
		       "%" PRIu64 " then %" PRIu64
		       " bytes waited at most, of %" PRIu64 "%s\n",
		       test->pinned_ops, (uint64_t)test->ops, test->pinned_most,
		       test->most, test->bound,
		       is_good(test) ? "" : " - WRONG");
		return 0;
	}
	root = json_pack("{s:i, s:I, s:I, s:I, s:I, s:I, s:b}", "schema",
			 TOOL_SCHEMA, "ops", (json_int_t)test->ops,
			 "pinned_ops", (json_int_t)test->pinned_ops, "most",
			 (json_int_t)test->most, "pinned_most",
			 (json_int_t)test->pinned_most, "bound",
			 (json_int_t)test->bound, "left_over",
			 (int)test->left_over);
	return output_json(root, 0);
}

enum { OPT_PIN = 0x100, OPT_PIN_MS, OPT_FREE_MS };

static const struct argp_option options[] = {
	{ "pin", OPT_PIN, "FILE", 0,
	  "load this module, which is a long reader" },
	{ "pin-ms", OPT_PIN_MS, "N", 0, "how long (2000)" },
	{ "free-ms", OPT_FREE_MS, "N", 0, "how long to go on after it (1000)" },
	{ "json", 'j', NULL, 0, "print JSON" },
	{}
};

static const char doc[] =
	"Replaces large values, which cannot be freed as long as there is a reader.  "
	"What waits for it must not pass its bound; the writers wait instead."
	"\vExit status: 0 good, 1 an operation failed, 2 usage, 3 too much memory "
	"waited, or nearly none.";

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct flood_test *test = state->input;

	switch (key) {
	case OPT_PIN:
		test->pin = arg;
		return 0;
	case OPT_PIN_MS:
		test->pin_ms = tool_arg_u64(state, "--pin-ms", arg, 1, 10000);
		return 0;
	case OPT_FREE_MS:
		test->free_ms =
			tool_arg_u64(state, "--free-ms", arg, 1, 3600000);
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

enum tool_exit flood_main(int argc, char **argv)
{
	static const struct argp argp = { .options = options,
					  .parser = parse,
					  .doc = doc };
	static struct flood_test test = { .pin_ms = 2000, .free_ms = 1000 };
	static const struct shardmap_create create;
	int err;

	argp_parse(&argp, argc, argv, 0, NULL, &test);
	test.table = tool_new_table(&create);
	if (test.table < 0)
		return TOOL_EXIT_FAILED;
	err = flood(&test);
	if (err) {
		tool_error("flood", err);
		return TOOL_EXIT_FAILED;
	}
	err = report(&test);
	if (!is_good(&test))
		return TOOL_EXIT_VERIFY;
	return err ? TOOL_EXIT_FAILED : TOOL_EXIT_OK;
}
