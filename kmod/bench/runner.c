// SPDX-License-Identifier: GPL-2.0-only
/*
 * Measures backends side by side at load and writes one line of JSON per
 * measurement to the kernel log.
 *
 * All backends of a round do the same operations on the same keys.  Rounds are
 * interleaved, so that what disturbs the machine disturbs all alike.  A wrong result
 * makes the load fail.
 */
#define pr_fmt(fmt) "shardmap_bench: " fmt

#include <linux/err.h>
#include <linux/mm.h>
#include <linux/module.h>

#include "compat.h"
#include "runner.h"

static unsigned int entries = 1000000;
module_param(entries, uint, 0444);
MODULE_PARM_DESC(entries, "entries in the table");

static unsigned int ops = 1000000;
module_param(ops, uint, 0444);
MODULE_PARM_DESC(ops, "operations per measurement and thread");

static unsigned int repeats = 5;
module_param(repeats, uint, 0444);
MODULE_PARM_DESC(repeats, "interleaved rounds");

static unsigned int first;
module_param(first, uint, 0444);
MODULE_PARM_DESC(first, "number of the first round: each draws anew");

static unsigned int threads = 1;
module_param(threads, uint, 0444);
MODULE_PARM_DESC(threads, "threads, bound round robin to the CPUs");

static char *backends = "";
module_param(backends, charp, 0444);
MODULE_PARM_DESC(backends, "backends to run, comma separated; all by default");

static char *works = "";
module_param(works, charp, 0444);
MODULE_PARM_DESC(
	works,
	"what to measure, comma separated; by default all but what times each operation or deletes most");

static char *dist = "uniform";
module_param(dist, charp, 0444);
MODULE_PARM_DESC(dist, "uniform, zipf, or both; zipf is for hit and mixes");

static char *payload = "8+8";
module_param(payload, charp, 0444);
MODULE_PARM_DESC(payload, "8+8 or 16+64");

static const struct bench_payload payloads[] = {
	{ .name = "8+8", .key_len = 8, .value_len = 8 },
	{ .name = "16+64", .key_len = 16, .value_len = 64 },
};

struct bench_config bench_config;

const char *const bench_dists[BENCH_NR_DISTS] = { "uniform", "zipf" };

/* Is a name in a list that commas separate? */
bool bench_listed(const char *list, const char *name)
{
	size_t len = strlen(name);
	const char *at = list;

	while ((at = strstr(at, name))) {
		if ((at == list || at[-1] == ',') &&
		    (!at[len] || at[len] == ','))
			return true;
		at += len;
	}
	return false;
}

static int run_backend(const struct bench_backend *backend,
		       const struct bench_payload *pl, unsigned int round)
{
	struct bench_run run = {
		.backend = backend,
		.payload = pl,
		.hists = bench_config.hists,
		.entries = entries,
		.round = round,
	};

	if (*backends && !bench_listed(backends, backend->name))
		return 0;
	if (backend->max_entries && entries > backend->max_entries)
		return 0;
	return bench_run_backend(&run);
}

static int run_round(const struct bench_payload *pl, unsigned int round)
{
	unsigned int b, d, t;
	int err;

	for (d = 0; d < BENCH_NR_DISTS; d++)
		for (t = 0; bench_config.draws[d] && t < threads; t++)
			bench_draw(bench_config.draws[d][t], ops, entries,
				   round * 1000 + t, d == BENCH_ZIPF);
	err = run_backend(&bench_none, pl, round);
	for (b = 0; b < bench_nr_backends && !err; b++)
		err = run_backend(bench_backends[b], pl, round);
	return err;
}

static void free_all(void)
{
	unsigned int d, t;

	for (d = 0; d < BENCH_NR_DISTS; d++) {
		for (t = 0; bench_config.draws[d] && t < threads; t++)
			kvfree(bench_config.draws[d][t]);
		kfree(bench_config.draws[d]);
	}
	kvfree(bench_config.hists);
	bench_zipf_free();
}

static int prepare(void)
{
	bool both = !strcmp(dist, "both");
	unsigned int d, t;

	bench_config.hists =
		kvcalloc(threads, sizeof(*bench_config.hists), GFP_KERNEL);
	if (!bench_config.hists)
		return -ENOMEM;
	for (d = 0; d < BENCH_NR_DISTS; d++) {
		if (!both && strcmp(dist, bench_dists[d]))
			continue;
		bench_config.draws[d] =
			kcalloc(threads, sizeof(u32 *), GFP_KERNEL);
		for (t = 0; bench_config.draws[d] && t < threads; t++) {
			bench_config.draws[d][t] =
				kvmalloc_array(ops, sizeof(u32), GFP_KERNEL);
			if (!bench_config.draws[d][t])
				return -ENOMEM;
		}
		if (!bench_config.draws[d] ||
		    (d == BENCH_ZIPF && bench_zipf_prepare(entries)))
			return -ENOMEM;
	}
	if (!bench_config.draws[BENCH_UNIFORM] &&
	    !bench_config.draws[BENCH_ZIPF])
		return -EINVAL;
	if (bench_config.draws[BENCH_ZIPF])
		bench_zipf_report(ops, entries);
	return 0;
}

/* A work that is misspelt must not look like one that was measured. */
static bool works_known(void)
{
	const char *at = works, *end;
	unsigned int w;
	bool known;

	for (; *at; at = *end ? end + 1 : end) {
		end = strchrnul(at, ',');
		known = end - at == strlen(BENCH_MEMORY_WORK) &&
			!strncmp(at, BENCH_MEMORY_WORK, end - at);
		for (w = 0; w < bench_nr_works; w++)
			known |= end - at == strlen(bench_works[w].name) &&
				 !strncmp(at, bench_works[w].name, end - at);
		if (!known) {
			pr_err("no such work: %s\n", at);
			return false;
		}
	}
	return true;
}

static int __init bench_init(void)
{
	const struct bench_payload *pl = NULL;
	unsigned int p, round;
	int err;

	for (p = 0; p < ARRAY_SIZE(payloads); p++)
		if (!strcmp(payload, payloads[p].name))
			pl = &payloads[p];
	if (!pl || !threads || !ops || !entries || !works_known())
		return -EINVAL;
	bench_config.works = works;
	bench_config.ops = ops;
	bench_config.threads = threads;
	bench_clock_calibrate();
	err = prepare();
	for (round = first; round - first < repeats && !err; round++)
		err = run_round(pl, round);
	free_all();
	return err;
}

static void __exit bench_exit(void)
{
}

module_init(bench_init);
module_exit(bench_exit);

SHARDMAP_IMPORT_NS;
MODULE_DESCRIPTION("Side by side measurement of shardmap and its alternatives");
MODULE_LICENSE("GPL");
