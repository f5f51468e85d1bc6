// SPDX-License-Identifier: GPL-2.0-only
/* Which rows there are, in the order in which they are measured. */
#include <errno.h>
#include <stdlib.h>

#include "bench.h"

unsigned int bench_batch_of(enum bench_work work)
{
	switch (work) {
	case BENCH_GET_BATCH32:
	case BENCH_PUT_BATCH32:
		return 32;
	case BENCH_GET_BATCH256:
	case BENCH_PUT_BATCH256:
	case BENCH_ITERATE_BATCH:
		return 256;
	default:
		return 1;
	}
}

/* Tables that keep entries inline take short ones only. */
bool bench_takes(const struct bench_backend *backend,
		 const struct bench_payload *payload)
{
	return !backend->max_len || (payload->key_len <= backend->max_len &&
				     payload->value_len <= backend->max_len);
}

/* Works that use no keys are measured once, as uniform. */
static bool wanted(const struct bench_config *config,
		   const struct bench_row *row)
{
	return bench_takes(row->backend, &bench_payloads[row->payload]) &&
	       (config->payloads & 1u << row->payload) &&
	       (config->dists & 1u << row->dist) &&
	       (config->works & 1u << row->work) &&
	       (config->backends & 1u << row->target) &&
	       (row->backend->works & 1u << row->work) &&
	       (row->work < BENCH_ITERATE_BATCH || row->dist == BENCH_UNIFORM);
}

/* Backends change fastest: what is compared is measured side by side. */
static struct bench_row row_at(const struct bench_config *config, size_t i)
{
	struct bench_row row = {};

	row.target = i % BENCH_BACKEND_NR;
	row.backend = bench_backends[row.target];
	i /= BENCH_BACKEND_NR;
	row.work = i % BENCH_WORK_NR;
	i /= BENCH_WORK_NR;
	row.threads = config->threads[i % config->nr_threads];
	i /= config->nr_threads;
	row.dist = i % BENCH_DIST_NR;
	row.payload = i / BENCH_DIST_NR;
	return row;
}

int bench_plan_make(struct bench_plan *plan, const struct bench_config *config)
{
	size_t all = (size_t)BENCH_PAYLOAD_NR * BENCH_DIST_NR *
		     config->nr_threads * BENCH_WORK_NR * BENCH_BACKEND_NR;

	*plan = (struct bench_plan){
		.rows = calloc(all, sizeof(*plan->rows)),
		.ns = calloc(all * config->repeats, sizeof(*plan->ns)),
	};
	if (!plan->rows || !plan->ns) {
		bench_plan_free(plan);
		return -ENOMEM;
	}
	for (size_t i = 0; i < all; i++) {
		struct bench_row row = row_at(config, i);

		if (!wanted(config, &row))
			continue;
		row.ns = plan->ns + plan->nr * config->repeats;
		plan->rows[plan->nr++] = row;
	}
	return 0;
}

void bench_plan_free(struct bench_plan *plan)
{
	free(plan->rows);
	free(plan->ns);
}
