/* SPDX-License-Identifier: GPL-2.0-only */
/* One operation, called for in each way that there is, on each kind of table. */
#ifndef _SHARDMAP_SELFTEST_HOW_H
#define _SHARDMAP_SELFTEST_HOW_H

#include <shardmap_ops.h>

#include "batch.h"

enum how {
	SINGLY,
	IN_BATCH,
	ALL_OR_NOTHING,
};

#define HOW_COMMAND(name, ...) [SHARDMAP_OP_##name] = SHARDMAP_IOC_##name,

static const unsigned int how_commands[SHARDMAP_OP_NR] = { SHARDMAP_OPS(
	HOW_COMMAND) };

static inline __u32 how_input(struct batch *b, __u64 data, __u32 len)
{
	return len ? batch_input(b, (const void *)(uintptr_t)data, len) : 0;
}

/* Make a batch of the operation, and bring its results back. */
static inline int do_in_batch(int fd, __u32 flags, __u16 opcode,
			      struct shardmap_op *op)
{
	struct shardmap_batch_op *bop;
	struct shardmap_batch arg;
	struct batch b;
	int ret;

	batch_init(&b, 4096, SHARDMAP_VALUE_LEN_MAX);
	bop = batch_op(&b, opcode, (void *)(uintptr_t)op->key, op->key_len);
	bop->flags = op->flags;
	bop->value_off = how_input(&b, op->value, op->value_len);
	bop->value_len = op->value_len;
	bop->out_len = op->out_len;
	bop->expected_off = how_input(&b, op->expected, op->expected_len);
	bop->expected_len = op->expected_len;
	bop->version = op->version;
	bop->delta = op->delta;
	bop->initial = op->initial;
	bop->ttl = op->ttl;
	b.out_len = op->out_len;
	memcpy(b.out, (void *)(uintptr_t)op->out, op->out_len);
	arg = batch_arg(&b);
	arg.flags = flags;
	ret = do_ioctl(fd, SHARDMAP_IOC_BATCH, &arg);
	if (!ret || ret == -ECANCELED)
		ret = bop->status;
	memcpy((void *)(uintptr_t)op->out, b.out, b.out_len);
	op->flags = bop->flags;
	op->out_len = bop->out_len;
	op->version = bop->version;
	op->old = bop->old;
	batch_free(&b);
	return ret;
}

static inline int do_how(enum how how, int fd, __u16 opcode,
			 struct shardmap_op *op)
{
	if (how == SINGLY)
		return do_ioctl(fd, how_commands[opcode], op);
	return do_in_batch(fd,
			   how == ALL_OR_NOTHING ? SHARDMAP_BATCH_ATOMIC : 0,
			   opcode, op);
}

#endif /* _SHARDMAP_SELFTEST_HOW_H */
