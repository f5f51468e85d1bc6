// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a worker does next: operation, key, value.
 *
 * Key number k belongs to worker k % workers.  Low numbers are the popular ones
 * under Zipf, for the readers of all keys and for every owner alike.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "random.h"
#include "stress.h"

/* One get in so many is of a counter, if there are counters. */
#define COUNTER_GETS 16

static size_t round_up(size_t size)
{
	return (size + 7) & ~(size_t)7;
}

static int alloc_ops(struct worker *worker)
{
	const struct config *config = worker->config;
	size_t key = round_up(config->key_size),
	       value = round_up(config->value_max);
	size_t each = key + 2 * value;
	unsigned char *p;

	worker->ops = calloc(config->batch, sizeof(*worker->ops));
	worker->arena = calloc(config->batch, each);
	worker->scratch = malloc(value);
	if (!worker->ops || !worker->arena || !worker->scratch)
		return -ENOMEM;

	p = worker->arena;
	for (unsigned int i = 0; i < config->batch; i++, p += each) {
		worker->ops[i].key = p;
		worker->ops[i].value = p + key;
		worker->ops[i].out = p + key + value;
	}
	return 0;
}

int workload_init(struct worker *worker)
{
	const struct config *config = worker->config;

	worker->random = mix64(config->seed ^ mix64(worker->index + 1));
	worker->own_keys =
		(config->keys - worker->index + config->workers - 1) /
		config->workers;
	if (config->theta > 0) {
		zipf_init(&worker->all_ranks, config->keys, config->theta);
		zipf_init(&worker->own_ranks, worker->own_keys, config->theta);
	}
	return alloc_ops(worker);
}

void workload_free(struct worker *worker)
{
	free(worker->ops);
	free(worker->arena);
	free(worker->scratch);
}

static uint64_t pick(struct worker *worker, const struct zipf *ranks,
		     uint64_t n)
{
	if (worker->config->theta > 0)
		return zipf_next(ranks, &worker->random) - 1;
	return random_below(&worker->random, n);
}

static uint64_t pick_any(struct worker *worker)
{
	return pick(worker, &worker->all_ranks, worker->config->keys);
}

static uint64_t pick_own(struct worker *worker)
{
	const struct config *config = worker->config;

	return pick(worker, &worker->own_ranks, worker->own_keys) *
		       config->workers +
	       worker->index;
}

/* The next write of a wave: all own keys are put, then all are deleted. */
static void next_of_wave(struct worker *worker, struct op *op)
{
	op->opcode = worker->falling ? SHARDMAP_OP_DELETE : SHARDMAP_OP_PUT;
	op->id = worker->wave * worker->config->workers + worker->index;
	if (++worker->wave == worker->own_keys) {
		worker->wave = 0;
		worker->falling = !worker->falling;
	}
}

static enum shardmap_opcode pick_opcode(struct worker *worker)
{
	const unsigned int *mix = worker->config->mix;
	unsigned int total = 0, i, n;

	for (i = 0; i < SHARDMAP_OP_NR; i++)
		total += mix[i];
	n = random_below(&worker->random, total);
	for (i = 0; n >= mix[i]; i++)
		n -= mix[i];
	return i;
}

/* Any, or one of the worker's own: see verify_untold(). */
static uint64_t pick_counter(struct worker *worker, const struct op *op)
{
	const struct config *config = worker->config;
	uint64_t own =
		(config->counters - worker->index + config->workers - 1) /
		config->workers;

	if (!config->faults.on || op->opcode == SHARDMAP_OP_GET)
		return random_below(&worker->random, config->counters);
	return random_below(&worker->random, own) * config->workers +
	       worker->index;
}

static void pick_target(struct worker *worker, struct op *op)
{
	const struct config *config = worker->config;

	op->counter = op->opcode == SHARDMAP_OP_ADD ||
		      (op->opcode == SHARDMAP_OP_GET &&
		       config->mix[SHARDMAP_OP_ADD] &&
		       !random_below(&worker->random, COUNTER_GETS));
	if (op->counter)
		op->id = pick_counter(worker, op);
	else if (op->opcode == SHARDMAP_OP_GET)
		op->id = pick_any(worker);
	else if (config->growth)
		next_of_wave(worker, op);
	else
		op->id = config->verify ? pick_own(worker) : pick_any(worker);
	op->own = !op->counter && op->id % config->workers == worker->index;
}

/* Conditions on a put can be checked by the owner, who knows what is there. */
static unsigned int pick_flags(struct worker *worker,
			       enum shardmap_opcode opcode)
{
	if (opcode == SHARDMAP_OP_ADD)
		return SHARDMAP_CREATE;
	if (opcode != SHARDMAP_OP_PUT || !worker->config->verify ||
	    worker->config->growth)
		return 0;
	switch (random_below(&worker->random, 16)) {
	case 0:
		return SHARDMAP_NOEXIST;
	case 1:
		return SHARDMAP_EXIST;
	}
	return 0;
}

void workload_next(struct worker *worker, struct op *op)
{
	const struct config *config = worker->config;

	op->opcode = pick_opcode(worker);
	pick_target(worker, op);
	/* What was planted must stay. */
	if (config->plant && op->own && op->id == 0)
		op->opcode = SHARDMAP_OP_GET;
	op->flags = pick_flags(worker, op->opcode);
	op->delta = config->faults.on ? 1ull << (op - worker->ops) :
					1 + random_below(&worker->random, 1000);
	key_build(config, op->id, op->counter, op->key);
	if (!config->verify)
		op->value_len =
			config->value_min +
			random_below(&worker->random,
				     config->value_max - config->value_min + 1);
}

void workload_put(struct worker *worker, struct op *op, uint64_t number)
{
	const struct config *config = worker->config;

	op->opcode = SHARDMAP_OP_PUT;
	op->flags = 0;
	op->counter = false;
	op->own = true;
	op->id = number * config->workers + worker->index;
	op->value_len = config->value_max;
	key_build(config, op->id, false, op->key);
}
