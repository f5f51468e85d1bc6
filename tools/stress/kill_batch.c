// SPDX-License-Identifier: GPL-2.0-only
/* What a child does next, with the log of what each operation makes of its cell. */
#include <errno.h>
#include <string.h>

#include "kill.h"

static uint32_t append(struct kill_batch *batch, const void *bytes,
		       unsigned int len)
{
	uint32_t offset = batch->in_len;

	memcpy((char *)batch->in + offset, bytes, len);
	batch->in_len += len;
	return offset;
}

/* An operation on @cell that leaves it as it is; the caller tells the rest. */
static struct shardmap_batch_op *add_op(struct kill_batch *batch,
					enum shardmap_opcode opcode,
					uint32_t cell, struct kill_op **log)
{
	struct kill_slot *slot = batch->slot;
	struct kill_key key = kill_key(batch->child, cell);
	struct shardmap_batch_op *op = &batch->ops[slot->nr_ops];
	uint64_t state = cell < KILL_CELLS ? batch->next[cell] : 0;

	*op = (struct shardmap_batch_op){
		.opcode = opcode,
		.key_off = append(batch, &key, sizeof(key)),
		.key_len = sizeof(key),
	};
	*log = &slot->log[slot->nr_ops++];
	**log = (struct kill_op){
		.cell = cell,
		.before = state,
		.after = state,
	};
	return op;
}

static void becomes(struct kill_batch *batch, struct kill_op *log,
		    uint64_t state)
{
	log->after = state;
	if (log->cell < KILL_CELLS)
		batch->next[log->cell] = state;
}

static uint64_t next_seq(struct kill_batch *batch)
{
	struct kill_slot *slot = batch->slot;

	slot->seq = (slot->seq / KILL_CHILDREN_MAX + 1) * KILL_CHILDREN_MAX +
		    batch->child;
	return slot->seq;
}

static void add_value(struct kill_batch *batch, struct shardmap_batch_op *op,
		      uint32_t cell, uint64_t seq)
{
	struct kill_key key = kill_key(batch->child, cell);
	uint64_t value[KILL_VALUE_WORDS];

	op->value_len = kill_value_build(batch->test, &key, seq, value);
	op->value_off = append(batch, value, op->value_len);
}

static void put(struct kill_batch *batch, uint32_t cell, uint64_t seq)
{
	struct kill_op *log;
	struct shardmap_batch_op *op =
		add_op(batch, SHARDMAP_OP_PUT, cell, &log);

	add_value(batch, op, cell, seq);
	becomes(batch, log, seq);
}

static void get_or_put(struct kill_batch *batch, uint32_t cell)
{
	uint64_t seq = next_seq(batch);
	struct kill_op *log;
	struct shardmap_batch_op *op =
		add_op(batch, SHARDMAP_OP_GET_OR_PUT, cell, &log);

	add_value(batch, op, cell, seq);
	op->out_off = (op - batch->ops) * KILL_VALUE_WORDS * sizeof(uint64_t);
	op->out_len = KILL_VALUE_WORDS * sizeof(uint64_t);
	if (!log->before)
		becomes(batch, log, seq);
}

static void remove_key(struct kill_batch *batch, uint32_t cell)
{
	struct kill_op *log;

	add_op(batch, SHARDMAP_OP_DELETE, cell, &log);
	log->status = log->before ? 0 : -ENOENT;
	becomes(batch, log, 0);
}

/* A number starts at 1, so that 0 is an absent one. */
static void add_to_number(struct kill_batch *batch, uint32_t cell)
{
	struct kill_op *log;
	struct shardmap_batch_op *op =
		add_op(batch, SHARDMAP_OP_ADD, cell, &log);

	op->flags = SHARDMAP_CREATE;
	op->delta = random_u64(&batch->random) >> 32;
	op->initial = 1;
	becomes(batch, log, (log->before ? log->before : 1) + op->delta);
}

static void add_to_field(struct kill_batch *batch, uint32_t cell)
{
	struct shardmap_batch_op *op;
	struct kill_op *log;

	/* Its bits must not run over into another child's. */
	if (batch->next[cell] == KILL_FIELD_MAX)
		return add_to_number(batch, KILL_CELL_NUMBER);
	op = add_op(batch, SHARDMAP_OP_ADD, cell, &log);
	op->flags = SHARDMAP_CREATE;
	op->delta = 1ull << batch->child * KILL_FIELD_BITS;
	becomes(batch, log, log->before + 1);
}

static uint32_t random_cell(struct kill_batch *batch, uint32_t first,
			    uint32_t nr)
{
	return first + random_below(&batch->random, nr);
}

static void add_mixed(struct kill_batch *batch)
{
	uint32_t own = random_cell(batch, 0, KILL_KEYS);
	uint32_t shared = random_cell(batch, KILL_CELLS, KILL_SHARED);

	switch (random_below(&batch->random, 16)) {
	case 0 ... 4:
		return put(batch, own, next_seq(batch));
	case 5 ... 7:
		return remove_key(batch, own);
	case 8 ... 9:
		return get_or_put(batch, own);
	case 10 ... 11:
		return add_to_number(batch, random_cell(batch, KILL_CELL_NUMBER,
							KILL_NUMBERS));
	case 12:
		return add_to_field(batch, random_cell(batch, KILL_CELL_FIELD,
						       KILL_FIELDS));
	case 13:
		return put(batch, shared, next_seq(batch));
	case 14:
		return get_or_put(batch, shared);
	case 15:
		return remove_key(batch, shared);
	}
}

/* All keys of the group get one sequence number; each key is used once. */
static void make_group(struct kill_batch *batch)
{
	uint64_t seq = next_seq(batch);

	for (uint32_t i = 0; i < KILL_GROUP; i++)
		put(batch, KILL_CELL_GROUP + i, seq);
	for (uint32_t i = 0; i < KILL_NUMBERS; i++)
		add_to_number(batch, KILL_CELL_NUMBER + i);
}

void kill_batch_make(struct kill_batch *batch)
{
	struct kill_slot *slot = batch->slot;
	unsigned int most = batch->test->config.ops, nr;

	memcpy(batch->next, slot->state, sizeof(batch->next));
	slot->nr_ops = 0;
	batch->in_len = 0;
	slot->all_or_nothing = false;
	if (batch->groups || !random_below(&batch->random, 8)) {
		make_group(batch);
		slot->all_or_nothing = batch->test->atomic;
		return;
	}
	nr = most - random_below(&batch->random, most / 2 + 1);
	for (unsigned int i = 0; i < nr; i++)
		add_mixed(batch);
}
