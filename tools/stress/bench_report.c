// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "bench.h"

double bench_median(const double *sorted, unsigned int nr)
{
	return (sorted[(nr - 1) / 2] + sorted[nr / 2]) / 2;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static json_t *json_row(const struct bench_config *config,
			const struct bench_row *row)
{
	double median = bench_median(row->ns, config->repeats);

	return json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:f, s:f, s:I, s:f, s:f, "
		"s:f}",
		"bed", config->bed, "backend", row->backend->name, "payload",
		bench_payloads[row->payload].name, "work",
		bench_work_names[row->work], "dist",
		bench_dist_names[row->dist], "threads",
		(json_int_t)row->threads, "entries",
		(json_int_t)config->entries, "ns_per_op", median, "mops",
		1000 / median, "repeats", (json_int_t)config->repeats, "min",
		row->ns[0], "median", median, "max",
		row->ns[config->repeats - 1]);
}

static int print_json(const struct bench_config *config,
		      const struct bench_plan *plan)
{
	json_t *list = json_array();
	int err = 0;

	for (size_t i = 0; i < plan->nr && !err; i++)
		err = json_array_append_new(list,
					    json_row(config, &plan->rows[i]));
	if (!err)
		err = json_dumpf(list, stdout,
				 JSON_INDENT(1) | JSON_REAL_PRECISION(6));
	putchar('\n');
	json_decref(list);
	return err ? -EIO : 0;
}

static void print_head(const struct bench_config *config,
		       const struct bench_row *row)
{
	printf("%s, %s, %u thread%s: ns per key, median (lowest-highest of %u)\n",
	       bench_payloads[row->payload].name, bench_dist_names[row->dist],
	       row->threads, row->threads > 1 ? "s" : "", config->repeats);
	printf("%-14s", "");
	for (unsigned int i = 0; i < BENCH_BACKEND_NR; i++)
		if (config->backends & 1u << i)
			printf(" %21s", bench_backends[i]->name);
	putchar('\n');
}

static void print_cell(const struct bench_row *row, unsigned int repeats)
{
	char cell[64];

	snprintf(cell, sizeof(cell), "%.0f (%.0f-%.0f)",
		 bench_median(row->ns, repeats), row->ns[0],
		 row->ns[repeats - 1]);
	printf(" %21s", cell);
}

/* Prints the row's line of cells; returns how many rows of the plan it has. */
static size_t print_line(const struct bench_config *config,
			 const struct bench_row *row, size_t left)
{
	enum bench_work work = row->work;
	size_t used = 0;

	printf("%-14s", bench_work_names[work]);
	for (unsigned int i = 0; i < BENCH_BACKEND_NR; i++) {
		if (!(config->backends & 1u << i))
			continue;
		if (used < left && row[used].work == work &&
		    row[used].target == i)
			print_cell(&row[used++], config->repeats);
		else
			printf(" %21s", "-");
	}
	putchar('\n');
	return used;
}

static bool same_table(const struct bench_row *a, const struct bench_row *b)
{
	return a->payload == b->payload && a->dist == b->dist &&
	       a->threads == b->threads;
}

static void print_text(const struct bench_config *config,
		       const struct bench_plan *plan)
{
	for (size_t i = 0; i < plan->nr;) {
		const struct bench_row *row = &plan->rows[i];

		if (!i || !same_table(row - 1, row)) {
			if (i)
				putchar('\n');
			print_head(config, row);
		}
		i += print_line(config, row, plan->nr - i);
	}
}

int bench_report(const struct bench_config *config, struct bench_plan *plan)
{
	for (size_t i = 0; i < plan->nr; i++)
		qsort(plan->rows[i].ns, config->repeats,
		      sizeof(*plan->rows[i].ns), compare);
	if (config->json)
		return print_json(config, plan);
	print_text(config, plan);
	return 0;
}
