// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include <jansson.h>

#include "kill.h"

/* clang-format off */
#define TOTAL(name, text, fault) \
	{ #name, text, offsetof(struct kill_totals, name), fault }
/* clang-format on */

static const struct {
	const char *name;
	const char *text;
	size_t offset;
	bool fault;
} totals[] = {
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

static uint64_t value_of(const struct kill_test *test, size_t i)
{
	return *(const uint64_t *)((const char *)&test->totals +
				   totals[i].offset);
}

uint64_t kill_failures(const struct kill_test *test)
{
	uint64_t failures = 0;

	for (size_t i = 0; i < ARRAY_SIZE(totals); i++)
		if (totals[i].fault)
			failures += value_of(test, i);
	return failures;
}

static int print_json(const struct kill_test *test)
{
	json_t *root = json_pack("{s:i, s:b, s:f, s:I}", "schema", TOOL_SCHEMA,
				 "atomic", (int)test->atomic, "seconds",
				 test->seconds, "failures",
				 (json_int_t)kill_failures(test));
	int err = root ? 0 : -1;

	for (size_t i = 0; i < ARRAY_SIZE(totals) && !err; i++)
		err = json_object_set_new(root, totals[i].name,
					  json_integer(value_of(test, i)));
	if (!err)
		err = json_dumpf(root, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(root);
	return err ? -EIO : 0;
}

int kill_report(const struct kill_test *test)
{
	if (test->config.json)
		return print_json(test);
	printf("all-or-nothing batches: %s; %.1f s\n",
	       test->atomic ? "yes" : "this kernel has none", test->seconds);
	for (size_t i = 0; i < ARRAY_SIZE(totals); i++)
		printf("%10" PRIu64 " %s%s\n", value_of(test, i),
		       totals[i].text,
		       totals[i].fault && value_of(test, i) ? " - WRONG" : "");
	return 0;
}
