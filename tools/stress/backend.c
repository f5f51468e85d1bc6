// SPDX-License-Identifier: GPL-2.0-only
/*
 * How operations reach the table: one command each, or a batch.
 */
#include <errno.h>

#include "stress.h"

int backend_open(struct worker *worker)
{
	if (worker->config->batch == 1)
		return 0;
	worker->batch = shardmap_batch_new(worker->config->batch);
	return worker->batch ? 0 : -ENOMEM;
}

void backend_close(struct worker *worker)
{
	shardmap_batch_free(worker->batch);
}

static bool stores(const struct op *op)
{
	return op->opcode == SHARDMAP_OP_PUT ||
	       op->opcode == SHARDMAP_OP_GET_OR_PUT;
}

static bool fetches(const struct op *op)
{
	return op->opcode == SHARDMAP_OP_GET ||
	       op->opcode == SHARDMAP_OP_GET_OR_PUT;
}

void backend_execute_one(struct worker *worker, struct op *op)
{
	const struct config *config = worker->config;
	struct shardmap_op arg = {
		.flags = op->flags,
		.key = (uintptr_t)op->key,
		.key_len = config->key_size,
	};

	if (stores(op)) {
		arg.value = (uintptr_t)op->value;
		arg.value_len = op->value_len;
	}
	if (fetches(op)) {
		arg.out = (uintptr_t)op->out;
		arg.out_len = config->value_max;
	}
	if (op->opcode == SHARDMAP_OP_ADD) {
		arg.delta = op->delta;
		arg.initial = COUNTER_INITIAL;
	}
	op->status = shardmap_execute(worker->table, op->opcode, &arg);
	op->inserted = arg.flags & SHARDMAP_INSERTED;
	op->old = arg.old;
	op->version = arg.version;
	op->found = op->out;
	op->found_len = arg.out_len;
}

static int append(struct worker *worker, const struct op *op)
{
	const struct config *config = worker->config;
	struct shardmap_batch_buffer *batch = worker->batch;
	unsigned int key_len = config->key_size;

	switch (op->opcode) {
	case SHARDMAP_OP_GET:
		return shardmap_batch_get(batch, op->key, key_len,
					  config->value_max);
	case SHARDMAP_OP_PUT:
		return shardmap_batch_put(batch, op->key, key_len, op->value,
					  op->value_len, op->flags);
	case SHARDMAP_OP_DELETE:
		return shardmap_batch_delete(batch, op->key, key_len);
	case SHARDMAP_OP_GET_OR_PUT:
		return shardmap_batch_get_or_put(batch, op->key, key_len,
						 op->value, op->value_len,
						 config->value_max);
	case SHARDMAP_OP_ADD:
		return shardmap_batch_add(batch, op->key, key_len, op->delta,
					  COUNTER_INITIAL, op->flags);
	default:
		return -EINVAL;
	}
}

static void take_result(struct worker *worker, struct op *op,
			unsigned int index)
{
	const struct shardmap_batch_op *result =
		shardmap_batch_result(worker->batch, index);

	op->status = result->status;
	op->inserted = result->flags & SHARDMAP_INSERTED;
	op->old = result->old;
	op->version = result->version;
	op->found = fetches(op) ? shardmap_batch_value(worker->batch, index) :
				  NULL;
	op->found_len = result->out_len;
}

static void execute_batch(struct worker *worker, struct op *ops,
			  unsigned int nr)
{
	unsigned int i, done, added;
	int err = 0;

	shardmap_batch_reset(worker->batch);
	for (added = 0; added < nr; added++) {
		err = append(worker, &ops[added]);
		if (err < 0)
			break;
	}
	if (added == nr)
		err = shardmap_batch_run(worker->table, worker->batch);
	done = shardmap_batch_done(worker->batch);
	for (i = 0; i < done; i++)
		take_result(worker, &ops[i], i);
	for (; i < nr; i++)
		ops[i].status = err;
}

void backend_execute(struct worker *worker, struct op *ops, unsigned int nr)
{
	if (worker->batch)
		execute_batch(worker, ops, nr);
	else
		backend_execute_one(worker, ops);
}
