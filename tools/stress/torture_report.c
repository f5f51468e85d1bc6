// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdio.h>

#include "output.h"
#include "torture.h"

#define TOTAL(name, text, fault) \
	OUTPUT_TOTAL(struct torture_totals, name, text, fault)

static const struct output_total totals[] = {
	TOTAL(ops, "operations", false),
	TOTAL(batches, "batches", false),
	TOTAL(passes, "scans of the whole table", false),
	TOTAL(clears, "clears", false),
	TOTAL(resizes, "arrays replaced", false),
	TOTAL(stored, "elements stored", false),
	TOTAL(left, "replaced or removed", false),
	TOTAL(cleared, "cleared", false),
	TOTAL(evicted, "evicted", false),
	TOTAL(expired, "removed after their time", false),
	TOTAL(found, "elements found", false),
	TOTAL(forgotten, "of which too little was known", false),
	TOTAL(failed, "operations without memory or room", false),
	TOTAL(torn, "values that nobody stored", true),
	TOTAL(wrong_key, "values of another key", true),
	TOTAL(stale, "found by a call that began when they were gone", true),
	TOTAL(outlived, "found by a call that began after their time", true),
	TOTAL(twice, "taken out by two calls", true),
	TOTAL(unexpected, "found that were not stored", true),
	TOTAL(missing, "not found, though nobody can have removed them", true),
	TOTAL(repeated, "keys shown twice by one scan", true),
	TOTAL(wrong_status, "operations with a wrong status", true),
	TOTAL(lost, "entries too few or too many for what was done", true),
	TOTAL(count_mismatch, "counts that differ at the end", true),
	TOTAL(left_over, "bytes that the empty table kept", true),
};

uint64_t torture_failures(const struct torture_totals *counts)
{
	return output_faults(totals, ARRAY_SIZE(totals), counts);
}

int torture_report(const struct torture *torture, const struct shared *shared,
		   const struct torture_totals *counts)
{
	const struct config *config = &torture->config.load;
	double seconds = (shared->workers[0].end_ns - shared->start_ns) / 1e9;
	json_t *root;

	if (!config->json) {
		printf("%u processes of %u threads, %" PRIu64
		       " keys, seed %" PRIu64 "; %.1f s\n",
		       config->processes, config->threads, config->keys,
		       config->seed, seconds);
		if (config->faults.on)
			printf("faults injected: %" PRIu64 "\n",
			       shared->injected);
		output_totals(totals, ARRAY_SIZE(totals), counts);
		return 0;
	}
	root = json_pack("{s:i, s:i, s:i, s:I, s:I, s:f, s:I, s:I}", "schema",
			 TOOL_SCHEMA, "processes", (int)config->processes,
			 "threads", (int)config->threads, "keys",
			 (json_int_t)config->keys, "seed",
			 (json_int_t)config->seed, "seconds", seconds,
			 "injected", (json_int_t)shared->injected, "failures",
			 (json_int_t)torture_failures(counts));
	return output_json(root, output_totals_json(totals, ARRAY_SIZE(totals),
						    counts, root));
}
