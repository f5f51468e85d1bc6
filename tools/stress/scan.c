// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "output.h"
#include "scan.h"

static bool is_good(const struct scan_totals *totals)
{
	return !totals->missed && !totals->repeated && !totals->wrong &&
	       !totals->count_mismatch;
}

static uint64_t churn_ops(const struct scan_test *test)
{
	uint64_t ops = 0;

	for (unsigned int i = 0; i < SCAN_CHURNERS; i++)
		ops += test->churners[i].ops;
	return ops;
}

static void print_text(const struct scan_test *test, uint64_t resizes)
{
	const struct scan_totals *totals = &test->totals;

	printf("%" PRIu64 " passes in %.1f s: %" PRIu64
	       " with one-record buffers (%.1f s), %" PRIu64
	       " went on in other processes (%" PRIu64 " times)\n",
	       totals->passes, totals->seconds, totals->one_record_passes,
	       totals->one_record_seconds, totals->resumed_passes,
	       totals->resumes);
	printf("%" PRIu64 " records of %" PRIu64 " stable keys and %" PRIu64
	       " others\n",
	       totals->records, test->config.keys, test->config.churn);
	printf("%" PRIu64 " updates meanwhile, %" PRIu64
	       " arrays replaced, %" PRIu64 " to %" PRIu64 " buckets\n",
	       churn_ops(test), resizes, test->buckets_least,
	       test->buckets_most);
	printf("missed %" PRIu64 ", repeated %" PRIu64 ", wrong %" PRIu64
	       ", count %s\n",
	       totals->missed, totals->repeated, totals->wrong,
	       totals->count_mismatch ? "WRONG" : "right");
}

static int print_json(const struct scan_test *test, uint64_t resizes)
{
	const struct scan_totals *totals = &test->totals;
	const struct {
		const char *name;
		uint64_t value;
	} numbers[] = {
		{ "schema", TOOL_SCHEMA },
		{ "keys", test->config.keys },
		{ "churn", test->config.churn },
		{ "passes", totals->passes },
		{ "one_record_passes", totals->one_record_passes },
		{ "resumed_passes", totals->resumed_passes },
		{ "resumes", totals->resumes },
		{ "records", totals->records },
		{ "missed", totals->missed },
		{ "repeated", totals->repeated },
		{ "wrong", totals->wrong },
		{ "count_mismatch", totals->count_mismatch },
		{ "updates", churn_ops(test) },
		{ "resizes", resizes },
		{ "buckets_least", test->buckets_least },
		{ "buckets_most", test->buckets_most },
	};
	json_t *root = json_pack("{s:f, s:f}", "seconds", totals->seconds,
				 "one_record_seconds",
				 totals->one_record_seconds);
	int err = root ? 0 : -ENOMEM;

	for (size_t i = 0; i < ARRAY_SIZE(numbers) && !err; i++)
		err = json_object_set_new(root, numbers[i].name,
					  json_integer(numbers[i].value));
	return output_json(root, err);
}

static int look(struct scan_test *test, struct shardmap_info *info)
{
	int err = shardmap_info(test->table, info);

	if (err)
		return err;
	if (info->buckets < test->buckets_least)
		test->buckets_least = info->buckets;
	if (info->buckets > test->buckets_most)
		test->buckets_most = info->buckets;
	return 0;
}

/* Nothing changes any more: a pass shows all that is counted, and that alone. */
static int check_at_rest(struct scan_test *test, struct shardmap_info *info)
{
	uint64_t expected = test->config.keys;
	int err;

	for (unsigned int i = 0; i < SCAN_CHURNERS; i++)
		expected += test->churners[i].present;
	err = scan_pass_run(test);
	if (!err)
		err = look(test, info);
	if (!err &&
	    (test->pass->records != expected || info->entries != expected))
		test->totals.count_mismatch++;
	return err;
}

static int run_passes(struct scan_test *test, struct shardmap_info *before,
		      struct shardmap_info *after)
{
	int err = scan_churn_start(test), stopped;

	if (err)
		return err;
	err = look(test, before);
	while (!err && test->totals.passes + 1 < test->config.passes) {
		err = scan_pass_run(test);
		if (!err)
			err = look(test, after);
	}
	stopped = scan_churn_stop(test);
	if (!err)
		err = stopped;
	return err ? err : check_at_rest(test, after);
}

static enum tool_exit scan(struct scan_test *test)
{
	struct shardmap_info before = {}, after = {};
	int err;

	test->buckets_least = UINT64_MAX;
	test->random = test->config.seed;
	test->table = tool_open_table(-1, &test->config.create);
	if (test->table < 0)
		return TOOL_EXIT_FAILED;
	test->pass_size =
		sizeof(*test->pass) + (scan_all_keys(&test->config) / 64 + 1) *
					      sizeof(*test->pass->seen);
	test->pass = mmap(NULL, test->pass_size, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (test->pass == MAP_FAILED) {
		tool_error("memory for keys seen", -errno);
		return TOOL_EXIT_FAILED;
	}
	err = run_passes(test, &before, &after);
	if (err) {
		tool_error("scan", err);
		return TOOL_EXIT_FAILED;
	}
	if (test->config.json)
		err = print_json(test, after.resizes - before.resizes);
	else
		print_text(test, after.resizes - before.resizes);
	if (!is_good(&test->totals))
		return TOOL_EXIT_VERIFY;
	return err ? TOOL_EXIT_FAILED : TOOL_EXIT_OK;
}

enum tool_exit scan_main(int argc, char **argv)
{
	static struct scan_test test;

	scan_options(argc, argv, &test.config);
	return scan(&test);
}
