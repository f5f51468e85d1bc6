// SPDX-License-Identifier: GPL-2.0-only
/*
 * One thread of load.
 */
#include <errno.h>

#include "stress.h"

static bool is_expected(const struct op *op)
{
	switch (op->status) {
	case 0:
		return true;
	case -ENOENT:
		return op->opcode != SHARDMAP_OP_ADD &&
		       op->opcode != SHARDMAP_OP_GET_OR_PUT &&
		       !(op->opcode == SHARDMAP_OP_PUT &&
			 !(op->flags & SHARDMAP_EXIST));
	case -EEXIST:
		return op->opcode == SHARDMAP_OP_PUT &&
		       (op->flags & SHARDMAP_NOEXIST);
	}
	return false;
}

static void note_status(struct worker *worker, const struct op *op)
{
	if (op->opcode == SHARDMAP_OP_GET && !op->status)
		worker->hits++;
	if (is_expected(op))
		return;
	if (op->status == -ENOMEM || op->status == -ENOSPC) {
		worker->failed++;
	} else if (op->status == -EFAULT && worker->config->faults.on) {
		worker->untold++;
	} else if (!worker->error) {
		worker->error = op->status;
		worker->error_opcode = op->opcode;
	}
}

/* Carries out the first @nr of worker->ops; returns how long it took, in ns. */
static uint64_t execute(struct worker *worker, unsigned int nr)
{
	bool verify = worker->config->verify;
	uint64_t start, end;

	for (unsigned int i = 0; verify && i < nr; i++)
		verify_begin(worker, &worker->ops[i]);
	atomic_thread_fence(memory_order_seq_cst);
	start = now_ns();
	backend_execute(worker, worker->ops, nr);
	end = now_ns();
	atomic_thread_fence(memory_order_seq_cst);
	for (unsigned int i = 0; i < nr; i++) {
		if (verify && worker->ops[i].status != -EFAULT)
			verify_end(worker, &worker->ops[i]);
		note_status(worker, &worker->ops[i]);
	}
	if (worker->config->faults.on)
		verify_untold(worker, worker->ops, nr);
	return end - start;
}

static void prefill(struct worker *worker)
{
	const struct config *config = worker->config;
	uint64_t nr = worker->own_keys * config->prefill / 100;
	unsigned int filled = 0;

	for (uint64_t i = 0; i < nr && !worker->error; i++) {
		workload_put(worker, &worker->ops[filled++], i);
		if (filled == config->batch || i == nr - 1) {
			execute(worker, filled);
			filled = 0;
		}
	}
	if (config->plant && worker->index == 0)
		plant(worker);
	/* Only what was measured counts. */
	worker->failed = 0;
}

static void load(struct worker *worker)
{
	const struct config *config = worker->config;
	uint64_t progress = 0;

	while (!atomic_load_explicit(&worker->shared->stop,
				     memory_order_relaxed) &&
	       !worker->error) {
		uint64_t left = worker->limit ? worker->limit - progress :
						config->batch;
		unsigned int nr = left < config->batch ? left : config->batch;
		uint64_t ns;

		if (!nr)
			break;
		for (unsigned int i = 0; i < nr; i++)
			workload_next(worker, &worker->ops[i]);
		ns = execute(worker, nr);
		/* An operation of a batch has waited for all of the batch. */
		for (unsigned int i = 0; i < nr; i++)
			histogram_record(
				&worker->latency[worker->ops[i].opcode], ns);
		progress += nr;
		atomic_store_explicit(&worker->progress, progress,
				      memory_order_relaxed);
	}
}

static int begin(struct worker *worker)
{
	int err = workload_init(worker);

	if (!err)
		err = backend_open(worker);
	if (!err)
		prefill(worker);
	return err;
}

static void end(struct worker *worker)
{
	backend_close(worker);
	workload_free(worker);
}

const struct role stress_role = { begin, load, end };

void *worker_main(void *arg)
{
	struct worker *worker = arg;
	struct shared *shared = worker->shared;
	int err;

	/* Fails only if the CPU has gone; then the load goes on elsewhere. */
	if (worker->cpu >= 0)
		pin_to_cpu(worker->cpu);
	err = shared->role->begin(worker);
	if (err)
		worker->error = err;

	atomic_fetch_add(&shared->ready, 1);
	wait_for_go(shared);
	/* One worker that cannot go on ends the run. */
	if (!worker->error)
		shared->role->load(worker);
	if (worker->error)
		atomic_store(&shared->stop, true);
	worker->end_ns = now_ns();
	shared->role->end(worker);
	atomic_fetch_add(&shared->finished, 1);
	return NULL;
}

static const char *const commands[SHARDMAP_OP_NR] = {
	[SHARDMAP_OP_GET] = "SHARDMAP_IOC_GET",
	[SHARDMAP_OP_PUT] = "SHARDMAP_IOC_PUT",
	[SHARDMAP_OP_DELETE] = "SHARDMAP_IOC_DELETE",
	[SHARDMAP_OP_GET_OR_PUT] = "SHARDMAP_IOC_GET_OR_PUT",
	[SHARDMAP_OP_ADD] = "SHARDMAP_IOC_ADD",
};

int workers_error(const struct shared *shared)
{
	for (unsigned int i = 0; i < shared->config.workers; i++) {
		const struct worker *worker = &shared->workers[i];

		if (!worker->error)
			continue;
		tool_error(commands[worker->error_opcode], worker->error);
		return worker->error;
	}
	return 0;
}
