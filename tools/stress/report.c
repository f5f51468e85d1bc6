// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "output.h"
#include "stress.h"

struct totals {
	uint64_t ops;
	uint64_t hits;
	uint64_t failed;
	uint64_t untold;
	double seconds;
	struct histogram latency[SHARDMAP_OP_NR];
};

static const struct {
	const char *text;
	const char *key;
	double percentile;
} percentiles[] = {
	{ "p50", "p50_ns", 50 },  { "p90", "p90_ns", 90 },
	{ "p99", "p99_ns", 99 },  { "p99.9", "p99_9_ns", 99.9 },
	{ "max", "max_ns", 100 },
};

/* One name for a fault in text and JSON */
static const struct {
	const char *name;
	size_t offset;
} faults[] = {
	{ "torn", offsetof(struct verdict, torn) },
	{ "wrong_key", offsetof(struct verdict, wrong_key) },
	{ "stale", offsetof(struct verdict, stale) },
	{ "missing", offsetof(struct verdict, missing) },
	{ "unexpected", offsetof(struct verdict, unexpected) },
	{ "version_mismatch", offsetof(struct verdict, version) },
	{ "sum_mismatch", offsetof(struct verdict, sum_mismatch) },
	{ "count_mismatch", offsetof(struct verdict, count_mismatch) },
};

static uint64_t fault_count(const struct verdict *verdict, size_t i)
{
	return *(const uint64_t *)((const char *)verdict + faults[i].offset);
}

static struct totals *sum_up(const struct shared *shared)
{
	struct totals *totals = calloc(1, sizeof(*totals));
	uint64_t end = shared->start_ns + 1;

	if (!totals)
		return NULL;
	for (unsigned int i = 0; i < shared->config.workers; i++) {
		const struct worker *worker = &shared->workers[i];

		for (unsigned int op = 0; op < SHARDMAP_OP_NR; op++)
			histogram_merge(&totals->latency[op],
					&worker->latency[op]);
		totals->hits += worker->hits;
		totals->failed += worker->failed;
		totals->untold += worker->untold;
		if (worker->end_ns > end)
			end = worker->end_ns;
	}
	for (unsigned int op = 0; op < SHARDMAP_OP_NR; op++)
		totals->ops += totals->latency[op].count;
	totals->seconds = (end - shared->start_ns) / 1e9;
	return totals;
}

static void print_head(const struct shared *shared)
{
	const struct config *config = &shared->config;

	printf("%u process%s of %u thread%s, CPUs", config->processes,
	       config->processes > 1 ? "es" : "", config->threads,
	       config->threads > 1 ? "s" : "");
	if (shared->workers[0].cpu < 0)
		printf(" not pinned");
	for (unsigned int i = 0;
	     shared->workers[0].cpu >= 0 && i < config->workers; i++)
		printf(" %d", shared->workers[i].cpu);
	printf("; %" PRIu64 " keys of %u bytes, values of %u", config->keys,
	       config->key_size, config->value_min);
	if (config->value_max > config->value_min)
		printf("-%u", config->value_max);
	printf(" bytes, ");
	if (config->theta > 0)
		printf("zipf %g", config->theta);
	else
		printf("uniform");
	printf(", batch %u, seed %" PRIu64 "\n\n", config->batch, config->seed);
}

static void print_row(const char *name, const struct histogram *latency,
		      double seconds)
{
	if (!latency->count)
		return;
	printf("%-10s %12" PRIu64 " %12.0f", name, latency->count,
	       latency->count / seconds);
	for (size_t i = 0; i < ARRAY_SIZE(percentiles); i++)
		printf(" %10" PRIu64,
		       histogram_percentile(latency,
					    percentiles[i].percentile));
	putchar('\n');
}

static void print_verdict(const struct config *config,
			  const struct verdict *verdict)
{
	if (!config->verify) {
		puts("verification: off");
		return;
	}
	printf("verification: %" PRIu64 " results checked, %s\n",
	       verdict->checked,
	       verdict_is_good(verdict) ? "all good" : "FAILED:");
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++)
		if (fault_count(verdict, i))
			printf("  %s: %" PRIu64 "\n", faults[i].name,
			       fault_count(verdict, i));
}

static void print_text(const struct shared *shared, const struct totals *totals,
		       const struct verdict *verdict, const struct klog *klog)
{
	print_head(shared);
	printf("%-10s %12s %12s", "", "operations", "per second");
	for (size_t i = 0; i < ARRAY_SIZE(percentiles); i++)
		printf(" %7s ns", percentiles[i].text);
	putchar('\n');
	for (unsigned int op = 0; op < SHARDMAP_OP_NR; op++)
		print_row(opcode_names[op], &totals->latency[op],
			  totals->seconds);
	printf("%-10s %12" PRIu64 " %12.0f  in %.3f s\n\n", "all", totals->ops,
	       totals->ops / totals->seconds, totals->seconds);

	if (totals->failed)
		printf("failed for want of memory or space: %" PRIu64 "\n",
		       totals->failed);
	if (shared->config.faults.on)
		printf("faults injected: %" PRIu64
		       ", results that did not come back: %" PRIu64 "\n",
		       shared->injected, totals->untold);
	print_verdict(&shared->config, verdict);
	if (klog->fd < 0)
		puts("kernel log: not checked");
	else
		printf("kernel log: %u report%s\n", klog->reports,
		       klog->reports == 1 ? "" : "s");
	if (klog->lost)
		printf("kernel log: overwritten %u times before it was read\n",
		       klog->lost);
}

static json_t *json_latency(const struct histogram *latency, double seconds)
{
	json_t *object = json_pack("{s:I, s:f}", "ops",
				   (json_int_t)latency->count, "ops_per_second",
				   latency->count / seconds);

	for (size_t i = 0; i < ARRAY_SIZE(percentiles); i++)
		json_object_set_new(
			object, percentiles[i].key,
			json_integer(histogram_percentile(
				latency, percentiles[i].percentile)));
	return object;
}

static json_t *json_config(const struct shared *shared)
{
	const struct config *config = &shared->config;
	json_t *cpus = json_array(), *mix = json_object();

	for (unsigned int i = 0; i < config->workers; i++)
		if (shared->workers[i].cpu >= 0)
			json_array_append_new(
				cpus, json_integer(shared->workers[i].cpu));
	for (unsigned int op = 0; op < SHARDMAP_OP_NR; op++)
		json_object_set_new(mix, opcode_names[op],
				    json_integer(config->mix[op]));
	return json_pack(
		"{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:b, s:I, "
		"s:o, s:o}",
		"threads", (json_int_t)config->threads, "processes",
		(json_int_t)config->processes, "keys", (json_int_t)config->keys,
		"counters", (json_int_t)config->counters, "batch",
		(json_int_t)config->batch, "key_size",
		(json_int_t)config->key_size, "value_size_min",
		(json_int_t)config->value_min, "value_size_max",
		(json_int_t)config->value_max, "zipf_theta", config->theta,
		"growth", (int)config->growth, "seed", (json_int_t)config->seed,
		"cpus", cpus, "mix", mix);
}

static json_t *json_verdict(const struct config *config,
			    const struct verdict *verdict)
{
	json_t *object = json_pack("{s:b, s:I}", "enabled", (int)config->verify,
				   "checked", (json_int_t)verdict->checked);

	for (size_t i = 0; i < ARRAY_SIZE(faults); i++)
		json_object_set_new(object, faults[i].name,
				    json_integer(fault_count(verdict, i)));
	return object;
}

static int print_json(const struct shared *shared, const struct totals *totals,
		      const struct verdict *verdict, const struct klog *klog)
{
	json_t *root;

	root = json_pack(
		"{s:i, s:I, s:f, s:f, s:I, s:I, s:I, s:I, s:o, s:o, s:b, s:i, s:i}",
		"schema", TOOL_SCHEMA, "ops", (json_int_t)totals->ops,
		"ops_per_second", totals->ops / totals->seconds, "seconds",
		totals->seconds, "hits", (json_int_t)totals->hits, "failed",
		(json_int_t)totals->failed, "injected",
		(json_int_t)shared->injected, "untold",
		(json_int_t)totals->untold, "config", json_config(shared),
		"verify", json_verdict(&shared->config, verdict),
		"klog_checked", klog->fd >= 0, "reports", (int)klog->reports,
		"klog_lost", (int)klog->lost);
	if (!root)
		return -ENOMEM;
	for (unsigned int op = 0; op < SHARDMAP_OP_NR; op++)
		json_object_set_new(root, opcode_names[op],
				    json_latency(&totals->latency[op],
						 totals->seconds));
	return output_json(root, 0);
}

int report(const struct shared *shared, const struct verdict *verdict,
	   const struct klog *klog)
{
	struct totals *totals = sum_up(shared);
	int err = 0;

	if (!totals)
		return -ENOMEM;
	if (shared->config.json)
		err = print_json(shared, totals, verdict, klog);
	else
		print_text(shared, totals, verdict, klog);
	free(totals);
	return err;
}
