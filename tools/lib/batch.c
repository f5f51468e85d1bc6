// SPDX-License-Identifier: GPL-2.0-only
/*
 * Batches: an array of operations, an arena of input (keys and values to store)
 * and one of output (values found).  Operations hold offsets, so the arenas may
 * move while they grow.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

struct arena {
	char *base;
	size_t used;
	size_t size;
};

struct shardmap_batch_buffer {
	struct shardmap_batch_op *ops;
	unsigned int max_ops;
	unsigned int nr_ops;
	unsigned int done;
	struct arena in;
	struct arena out;
};

/* Sets @offset to @len bytes at a multiple of eight. */
static int arena_reserve(struct arena *arena, size_t len, uint32_t *offset)
{
	size_t start = (arena->used + 7) & ~(size_t)7;
	size_t size = arena->size ? arena->size : 4096;
	char *base;

	if (len > SHARDMAP_BATCH_BYTES_MAX ||
	    start > SHARDMAP_BATCH_BYTES_MAX - len)
		return -ENOSPC;
	if (start + len > arena->size) {
		while (size < start + len)
			size *= 2;
		base = realloc(arena->base, size);
		if (!base)
			return -ENOMEM;
		arena->base = base;
		arena->size = size;
	}
	arena->used = start + len;
	*offset = start;
	return 0;
}

static int arena_append(struct arena *arena, const void *bytes, size_t len,
			uint32_t *offset)
{
	int err = arena_reserve(arena, len, offset);

	if (!err && len)
		memcpy(arena->base + *offset, bytes, len);
	return err;
}

struct shardmap_batch_buffer *shardmap_batch_new(unsigned int max_ops)
{
	struct shardmap_batch_buffer *batch;

	if (!max_ops || max_ops > SHARDMAP_BATCH_OPS_MAX)
		return NULL;
	batch = calloc(1, sizeof(*batch));
	if (!batch)
		return NULL;
	batch->ops = calloc(max_ops, sizeof(*batch->ops));
	if (!batch->ops) {
		free(batch);
		return NULL;
	}
	batch->max_ops = max_ops;
	return batch;
}

void shardmap_batch_free(struct shardmap_batch_buffer *batch)
{
	if (!batch)
		return;
	free(batch->in.base);
	free(batch->out.base);
	free(batch->ops);
	free(batch);
}

void shardmap_batch_reset(struct shardmap_batch_buffer *batch)
{
	batch->nr_ops = 0;
	batch->done = 0;
	batch->in.used = 0;
	batch->out.used = 0;
}

static const void *address(uint64_t pointer)
{
	return (const void *)(uintptr_t)pointer;
}

/* Takes all of @op or nothing. */
int shardmap_batch_op(struct shardmap_batch_buffer *batch,
		      enum shardmap_opcode opcode, const struct shardmap_op *op)
{
	struct shardmap_batch_op entry = {
		.opcode = opcode,
		.flags = op->flags,
		.key_len = op->key_len,
		.value_len = op->value_len,
		.out_len = op->out_len,
		.version = op->version,
		.delta = op->delta,
		.initial = op->initial,
		.expected_len = op->expected_len,
		.ttl = op->ttl,
	};
	size_t in_used = batch->in.used;
	int err;

	if (batch->nr_ops == batch->max_ops)
		return -ENOSPC;
	if (op->flags > UINT16_MAX || (unsigned int)opcode > UINT16_MAX)
		return -EINVAL;
	err = arena_append(&batch->in, address(op->key), op->key_len,
			   &entry.key_off);
	if (!err && op->value_len)
		err = arena_append(&batch->in, address(op->value),
				   op->value_len, &entry.value_off);
	if (!err && op->expected_len)
		err = arena_append(&batch->in, address(op->expected),
				   op->expected_len, &entry.expected_off);
	if (!err && op->out_len)
		err = arena_reserve(&batch->out, op->out_len, &entry.out_off);
	if (err) {
		batch->in.used = in_used;
		return err;
	}
	batch->ops[batch->nr_ops] = entry;
	return batch->nr_ops++;
}

int shardmap_batch_get(struct shardmap_batch_buffer *batch, const void *key,
		       size_t key_len, size_t out_len)
{
	struct shardmap_op op = make_op(0, key, key_len, NULL, 0);

	op.out_len = clamp_len(out_len);
	return shardmap_batch_op(batch, SHARDMAP_OP_GET, &op);
}

int shardmap_batch_put(struct shardmap_batch_buffer *batch, const void *key,
		       size_t key_len, const void *value, size_t value_len,
		       unsigned int flags)
{
	struct shardmap_op op = make_op(flags, key, key_len, value, value_len);

	return shardmap_batch_op(batch, SHARDMAP_OP_PUT, &op);
}

int shardmap_batch_swap(struct shardmap_batch_buffer *batch, const void *key,
			size_t key_len, const void *value, size_t value_len,
			size_t out_len)
{
	struct shardmap_op op =
		make_op(SHARDMAP_SWAP, key, key_len, value, value_len);

	op.out_len = clamp_len(out_len);
	return shardmap_batch_op(batch, SHARDMAP_OP_PUT, &op);
}

int shardmap_batch_get_or_put(struct shardmap_batch_buffer *batch,
			      const void *key, size_t key_len,
			      const void *value, size_t value_len,
			      size_t out_len)
{
	struct shardmap_op op = make_op(0, key, key_len, value, value_len);

	op.out_len = clamp_len(out_len);
	return shardmap_batch_op(batch, SHARDMAP_OP_GET_OR_PUT, &op);
}

int shardmap_batch_add(struct shardmap_batch_buffer *batch, const void *key,
		       size_t key_len, uint64_t delta, uint64_t initial,
		       unsigned int flags)
{
	struct shardmap_op op = make_op(flags, key, key_len, NULL, 0);

	op.delta = delta;
	op.initial = initial;
	return shardmap_batch_op(batch, SHARDMAP_OP_ADD, &op);
}

int shardmap_batch_cas(struct shardmap_batch_buffer *batch, const void *key,
		       size_t key_len, const void *value, size_t value_len,
		       struct shardmap_condition condition)
{
	struct shardmap_op op = make_op(0, key, key_len, value, value_len);

	add_condition(&op, condition);
	return shardmap_batch_op(batch, SHARDMAP_OP_CAS, &op);
}

int shardmap_batch_delete(struct shardmap_batch_buffer *batch, const void *key,
			  size_t key_len)
{
	struct shardmap_op op = make_op(0, key, key_len, NULL, 0);

	return shardmap_batch_op(batch, SHARDMAP_OP_DELETE, &op);
}

int shardmap_batch_delete_if(struct shardmap_batch_buffer *batch,
			     const void *key, size_t key_len,
			     struct shardmap_condition condition)
{
	struct shardmap_op op = make_op(0, key, key_len, NULL, 0);

	add_condition(&op, condition);
	return shardmap_batch_op(batch, SHARDMAP_OP_DELETE, &op);
}

int shardmap_batch_take(struct shardmap_batch_buffer *batch, const void *key,
			size_t key_len, size_t out_len)
{
	struct shardmap_op op = make_op(0, key, key_len, NULL, 0);

	op.out_len = clamp_len(out_len);
	return shardmap_batch_op(batch, SHARDMAP_OP_TAKE, &op);
}

/* The command for the operations from @first on. */
static struct shardmap_batch make_command(struct shardmap_batch_buffer *batch,
					  unsigned int first)
{
	return (struct shardmap_batch){
		.size = sizeof(struct shardmap_batch),
		.ops = pointer(batch->ops + first),
		.nr_ops = batch->nr_ops - first,
		.op_size = sizeof(*batch->ops),
		.in = pointer(batch->in.base),
		.out = batch->out.used ? pointer(batch->out.base) : 0,
		.in_len = batch->in.used,
		.out_len = batch->out.used,
	};
}

int shardmap_batch_run(int table, struct shardmap_batch_buffer *batch)
{
	while (batch->done < batch->nr_ops) {
		struct shardmap_batch arg = make_command(batch, batch->done);
		int err = command(table, SHARDMAP_IOC_BATCH, &arg);

		if (err)
			return err;
		if (!arg.done || arg.done > arg.nr_ops)
			return -EPROTO;
		batch->done += arg.done;
	}
	return 0;
}

int shardmap_batch_run_atomic(int table, struct shardmap_batch_buffer *batch)
{
	struct shardmap_batch arg = make_command(batch, 0);
	int err;

	/* Part of it cannot be one with what was done before. */
	if (batch->done)
		return -EINVAL;
	arg.flags = SHARDMAP_BATCH_ATOMIC;
	err = command(table, SHARDMAP_IOC_BATCH, &arg);
	if (err)
		return err;
	if (arg.done != arg.nr_ops)
		return -EPROTO;
	batch->done = arg.done;
	return 0;
}

unsigned int shardmap_batch_count(const struct shardmap_batch_buffer *batch)
{
	return batch->nr_ops;
}

unsigned int shardmap_batch_done(const struct shardmap_batch_buffer *batch)
{
	return batch->done;
}

const struct shardmap_batch_op *
shardmap_batch_result(const struct shardmap_batch_buffer *batch,
		      unsigned int index)
{
	return &batch->ops[index];
}

const void *shardmap_batch_value(const struct shardmap_batch_buffer *batch,
				 unsigned int index)
{
	return batch->out.base + batch->ops[index].out_off;
}
