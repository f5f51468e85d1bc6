/* SPDX-License-Identifier: GPL-2.0-only */
/* What subcommands print: JSON, and counts of what was done and of faults. */
#ifndef STRESS_OUTPUT_H
#define STRESS_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

/*
 * Prints and frees @root, which may be NULL.  @err: it could not be completed, and is
 * not printed.  Returns 0 or -EIO.
 */
int output_json(json_t *root, int err);

/* A count in a structure of uint64_t */
struct output_total {
	const char *name;
	const char *text;
	size_t offset;
	bool fault;
};

/* Of the member @name of @type; a fault should be 0. */
#define OUTPUT_TOTAL(type, name, text, fault)            \
	{                                                \
#name, text, offsetof(type, name), fault \
	}

/* The sum of all faults.  @counts: the structure */
uint64_t output_faults(const struct output_total *totals, size_t nr,
		       const void *counts);
/* A line each */
void output_totals(const struct output_total *totals, size_t nr,
		   const void *counts);
/* Members of @root.  Returns 0 or -1. */
int output_totals_json(const struct output_total *totals, size_t nr,
		       const void *counts, json_t *root);

#endif /* STRESS_OUTPUT_H */
