// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>

#include "kill.h"
#include "output.h"

#define TOTAL(name, text, fault) \
	OUTPUT_TOTAL(struct kill_totals, name, text, fault)

static const struct output_total totals[] = {
	TOTAL(kills, "children killed", false),
	TOTAL(checks, "checks of the whole table", false),
	TOTAL(ops, "operations in batches that ended", false),
	TOTAL(begun, "kills after a batch began", false),
	TOTAL(atomic_begun, "of these, all-or-nothing batches", false),
	TOTAL(looks, "all-or-nothing lookups", false),
	TOTAL(cut, "batches cut short", false),
	TOTAL(torn, "values that nobody stored", true),
	TOTAL(not_prefix, "batches of which not just the beginning is there",
	      true),
	TOTAL(wrong_status, "operations with a wrong status", true),
	TOTAL(split, "all-or-nothing lookups that saw a part", true),
	TOTAL(unexpected, "unknown or repeated keys", true),
	TOTAL(count_mismatch, "times that INFO and scan differed", true),
	TOTAL(left_over, "bytes that the empty table kept", true),
};

uint64_t kill_failures(const struct kill_test *test)
{
	return output_faults(totals, ARRAY_SIZE(totals), &test->totals);
}

static int print_json(const struct kill_test *test)
{
	json_t *root = json_pack("{s:i, s:b, s:f, s:I}", "schema", TOOL_SCHEMA,
				 "atomic", (int)test->atomic, "seconds",
				 test->seconds, "failures",
				 (json_int_t)kill_failures(test));

	return output_json(root, output_totals_json(totals, ARRAY_SIZE(totals),
						    &test->totals, root));
}

int kill_report(const struct kill_test *test)
{
	if (test->config.json)
		return print_json(test);
	printf("all-or-nothing batches: %s; %.1f s\n",
	       test->atomic ? "yes" : "this kernel has none", test->seconds);
	output_totals(totals, ARRAY_SIZE(totals), &test->totals);
	return 0;
}
