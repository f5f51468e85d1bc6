// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "output.h"

int output_json(json_t *root, int err)
{
	if (!root || err || json_dumpf(root, stdout, JSON_INDENT(2)))
		err = -EIO;
	putchar('\n');
	json_decref(root);
	return err;
}

static uint64_t value_of(const struct output_total *total, const void *counts)
{
	return *(const uint64_t *)((const char *)counts + total->offset);
}

uint64_t output_faults(const struct output_total *totals, size_t nr,
		       const void *counts)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < nr; i++)
		if (totals[i].fault)
			sum += value_of(&totals[i], counts);
	return sum;
}

void output_totals(const struct output_total *totals, size_t nr,
		   const void *counts)
{
	for (size_t i = 0; i < nr; i++) {
		uint64_t value = value_of(&totals[i], counts);

		printf("%10" PRIu64 " %s%s\n", value, totals[i].text,
		       totals[i].fault && value ? " - WRONG" : "");
	}
}

int output_totals_json(const struct output_total *totals, size_t nr,
		       const void *counts, json_t *root)
{
	int err = root ? 0 : -1;

	for (size_t i = 0; i < nr && !err; i++)
		err = json_object_set_new(
			root, totals[i].name,
			json_integer(value_of(&totals[i], counts)));
	return err;
}
