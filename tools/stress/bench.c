// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "bench.h"

/* What is compared is open at the same time, and measured in turn. */
struct targets {
	int fds[BENCH_BACKEND_NR];
};

static void close_targets(const struct targets *targets)
{
	for (unsigned int i = 0; i < BENCH_BACKEND_NR; i++)
		if (targets->fds[i] >= 0)
			close(targets->fds[i]);
}

static int open_targets(struct targets *targets, struct bench_crew *crew,
			const struct bench_config *config,
			const struct bench_payload *payload)
{
	for (unsigned int i = 0; i < BENCH_BACKEND_NR; i++)
		targets->fds[i] = -1;
	for (unsigned int i = 0; i < BENCH_BACKEND_NR; i++) {
		const struct bench_backend *backend = bench_backends[i];
		int err;

		if (!(config->backends & 1u << i) ||
		    !bench_takes(backend, payload))
			continue;
		err = backend->open(backend, payload, config->entries);
		targets->fds[i] = err;
		if (err >= 0)
			err = bench_crew_load(crew, backend, payload, err);
		if (err) {
			tool_error(backend->name, err);
			close_targets(targets);
			return err;
		}
	}
	return 0;
}

/* One repeat of the rows of a payload, which stand side by side in the plan. */
static int repeat_rows(const struct bench_plan *plan, unsigned int payload,
		       unsigned int repeat, struct bench_crew *crew,
		       const struct targets *targets)
{
	unsigned int dist = BENCH_DIST_NR;

	for (size_t i = 0; i < plan->nr; i++) {
		const struct bench_row *row = &plan->rows[i];
		int err;

		if (row->payload != payload)
			continue;
		if (row->dist != dist)
			bench_crew_streams(crew, row, repeat);
		dist = row->dist;
		err = bench_crew_measure(crew, row, targets->fds[row->target],
					 &row->ns[repeat]);
		if (err) {
			fprintf(stderr, "%s: ", bench_work_names[row->work]);
			tool_error(row->backend->name, err);
			return err;
		}
	}
	return 0;
}

static int measure(const struct bench_config *config,
		   const struct bench_plan *plan, struct bench_crew *crew)
{
	for (unsigned int payload = 0; payload < BENCH_PAYLOAD_NR; payload++) {
		struct targets targets;
		int err;

		if (!(config->payloads & 1u << payload))
			continue;
		err = open_targets(&targets, crew, config,
				   &bench_payloads[payload]);
		if (err)
			return err;
		for (unsigned int i = 0; i < config->repeats && !err; i++)
			err = repeat_rows(plan, payload, i, crew, &targets);
		close_targets(&targets);
		if (err)
			return err;
	}
	return 0;
}

/* A kernel without bpf() gives no rows of it, which is no failure. */
static void probe_backends(struct bench_config *config)
{
	for (unsigned int i = 0; i < BENCH_BACKEND_NR; i++) {
		const struct bench_backend *backend = bench_backends[i];
		int err;

		if (!backend->probe || !(config->backends & 1u << i))
			continue;
		err = backend->probe();
		if (!err)
			continue;
		tool_error(backend->name, err);
		fprintf(stderr, "%s is not measured\n", backend->name);
		config->backends &= ~(1u << i);
	}
}

/* Early, for the hint that the error of an absent device comes with. */
static int check_device(void)
{
	int device = shardmap_open_device();

	if (device < 0) {
		tool_error("open " SHARDMAP_DEVICE_PATH, device);
		return device;
	}
	close(device);
	return 0;
}

/* Returns whether a backend gave wrong values that must not. */
static bool tell_wrong(const struct bench_crew *crew)
{
	bool failed = false;

	for (unsigned int i = 0; i < BENCH_BACKEND_NR; i++) {
		uint64_t wrong = bench_crew_wrong(crew, i);

		if (!wrong)
			continue;
		fprintf(stderr,
			"shardmap-stress: %s: %" PRIu64 " wrong values\n",
			bench_backends[i]->name, wrong);
		failed |= !bench_backends[i]->reuses;
	}
	return failed;
}

static enum tool_exit bench(struct bench_config *config)
{
	struct bench_crew *crew;
	struct bench_plan plan;
	bool wrong;
	int err;

	if (check_device())
		return TOOL_EXIT_FAILED;
	probe_backends(config);
	err = bench_plan_make(&plan, config);
	if (err) {
		tool_error("memory for rows", err);
		return TOOL_EXIT_FAILED;
	}
	crew = bench_crew_new(config);
	if (!crew) {
		tool_error("memory for threads", -ENOMEM);
		bench_plan_free(&plan);
		return TOOL_EXIT_FAILED;
	}
	err = measure(config, &plan, crew);
	if (!err)
		err = bench_report(config, &plan);
	wrong = tell_wrong(crew);
	bench_crew_free(crew);
	bench_plan_free(&plan);
	if (wrong)
		return TOOL_EXIT_VERIFY;
	return err ? TOOL_EXIT_FAILED : TOOL_EXIT_OK;
}

enum tool_exit bench_main(int argc, char **argv)
{
	struct bench_config config;

	bench_options(argc, argv, &config);
	return bench(&config);
}
