// SPDX-License-Identifier: GPL-2.0-only
/*
 * Batches: many operations for one system call.
 *
 * Everything is copied in before the first operation and out after the last.
 * What the operations read and write in between is kernel memory, so a caller
 * that changes its own memory meanwhile changes nothing here.
 */
#include <linux/align.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/stddef.h>
#include <linux/uaccess.h>
#include <uapi/shardmap_ops.h>

#include "chardev.h"
#include "user.h"

/* Operations between looks at signals and the scheduler. */
#define CHECK_STEP 64U

/* Lookups handed to the table at once. */
#define GETS_MAX 32U

/**
 * struct batch - a batch in kernel memory
 * @table: the table
 * @access: what the descriptor may be used for
 * @arg: the command's structure
 * @ops: the operations
 * @in: keys and values to store
 * @out: values found, where an operation says so
 * @gets: lookups that stand side by side in the batch
 * @requests: operations of an all-or-nothing batch
 * @scratch: memory of all of these
 * @scratch_bytes: how much was asked for
 * @updates: some operation may change the table
 */
struct batch {
	struct smdev_table *table;
	u32 access;
	struct shardmap_batch *arg;
	struct shardmap_batch_op *ops;
	u8 *in;
	u8 *out;
	union {
		struct shardmap_lookup *gets;
		struct shardmap_request *requests;
	};
	void *scratch;
	size_t scratch_bytes;
	bool updates;
};

static int check_arg(const struct shardmap_batch *arg)
{
	u32 most = arg->flags & SHARDMAP_BATCH_ATOMIC ?
			   SHARDMAP_ATOMIC_OPS_MAX :
			   SHARDMAP_BATCH_OPS_MAX;

	if (arg->flags & ~SHARDMAP_BATCH_ATOMIC || arg->reserved)
		return -EINVAL;
	if (!arg->nr_ops || arg->nr_ops > most)
		return -EINVAL;
	if (arg->op_size < offsetofend(struct shardmap_batch_op, old))
		return -EINVAL;
	if (arg->op_size > PAGE_SIZE)
		return -E2BIG;
	if (arg->in_len > SHARDMAP_BATCH_BYTES_MAX ||
	    arg->out_len > SHARDMAP_BATCH_BYTES_MAX)
		return -EINVAL;
	return 0;
}

/*
 * Operations as this kernel has them are copied word by word: old is a result, so it
 * is not read, and only what has a result is written.
 */
enum op_word {
	WORD_STATUS = offsetof(struct shardmap_batch_op, opcode) / 8,
	WORD_KEY = offsetof(struct shardmap_batch_op, key_off) / 8,
	WORD_VALUE = offsetof(struct shardmap_batch_op, value_off) / 8,
	WORD_OUT = offsetof(struct shardmap_batch_op, out_off) / 8,
	WORD_VERSION = offsetof(struct shardmap_batch_op, version) / 8,
	WORD_DELTA = offsetof(struct shardmap_batch_op, delta) / 8,
	WORD_INITIAL = offsetof(struct shardmap_batch_op, initial) / 8,
	WORD_OLD = offsetof(struct shardmap_batch_op, old) / 8,
	WORD_EXPECTED = offsetof(struct shardmap_batch_op, expected_off) / 8,
	WORD_TTL = offsetof(struct shardmap_batch_op, ttl) / 8,
	WORDS = sizeof(struct shardmap_batch_op) / 8,
};

static int copy_same_ops_in(struct batch *b)
{
	const u64 __user *from = u64_to_user_ptr(b->arg->ops);
	u64 *to = (u64 *)b->ops;
	u64 *end = (u64 *)(b->ops + b->arg->nr_ops);

	might_fault();
	if (!smdev_read_begin(from, (u8 *)end - (u8 *)to))
		return -EFAULT;
	for (; to < end; to += WORDS, from += WORDS) {
		unsafe_get_user(to[WORD_STATUS], from + WORD_STATUS, fault);
		unsafe_get_user(to[WORD_KEY], from + WORD_KEY, fault);
		unsafe_get_user(to[WORD_VALUE], from + WORD_VALUE, fault);
		unsafe_get_user(to[WORD_OUT], from + WORD_OUT, fault);
		unsafe_get_user(to[WORD_VERSION], from + WORD_VERSION, fault);
		unsafe_get_user(to[WORD_DELTA], from + WORD_DELTA, fault);
		unsafe_get_user(to[WORD_INITIAL], from + WORD_INITIAL, fault);
		unsafe_get_user(to[WORD_EXPECTED], from + WORD_EXPECTED, fault);
		unsafe_get_user(to[WORD_TTL], from + WORD_TTL, fault);
	}
	user_read_access_end();
	return 0;
fault:
	user_read_access_end();
	return -EFAULT;
}

static int copy_same_ops_out(const struct batch *b, u32 nr)
{
	u64 __user *to = u64_to_user_ptr(b->arg->ops);
	const struct shardmap_batch_op *op = b->ops, *end = op + nr;

	might_fault();
	if (!smdev_write_begin(to, (u8 *)end - (u8 *)op))
		return -EFAULT;
	for (; op < end; op++, to += WORDS) {
		const u64 *from = (const u64 *)op;

		unsafe_put_user(from[WORD_STATUS], to + WORD_STATUS, fault);
		if (op->status && op->status != -ENOBUFS)
			continue;
		unsafe_put_user(from[WORD_OUT], to + WORD_OUT, fault);
		if (op->status)
			continue;
		unsafe_put_user(from[WORD_VERSION], to + WORD_VERSION, fault);
		if (op->opcode != SHARDMAP_OP_GET)
			unsafe_put_user(from[WORD_OLD], to + WORD_OLD, fault);
	}
	user_write_access_end();
	return 0;
fault:
	user_write_access_end();
	return -EFAULT;
}

static int copy_other_ops_in(struct batch *b)
{
	u32 i, op_size = b->arg->op_size;
	u8 __user *uops = u64_to_user_ptr(b->arg->ops);
	int err = 0;

	for (i = 0; i < b->arg->nr_ops && !err; i++)
		err = copy_struct_from_user(&b->ops[i], sizeof(*b->ops),
					    uops + (size_t)i * op_size,
					    op_size);
	return err;
}

static int copy_other_ops_out(const struct batch *b, u32 nr)
{
	size_t op_size = b->arg->op_size;
	u8 __user *uops = u64_to_user_ptr(b->arg->ops);
	u32 i;

	for (i = 0; i < nr; i++)
		if (copy_to_user(uops + i * op_size, &b->ops[i],
				 min(op_size, sizeof(*b->ops))))
			return -EFAULT;
	return 0;
}

static int copy_ops_in(struct batch *b)
{
	u32 i;
	int err;

	err = b->arg->op_size == sizeof(*b->ops) ? copy_same_ops_in(b) :
						   copy_other_ops_in(b);
	if (err)
		return err;
	for (i = 0; i < b->arg->nr_ops; i++)
		if (b->ops[i].opcode != SHARDMAP_OP_GET)
			b->updates |= smdev_op_updates(b->ops[i].opcode);
	return 0;
}

/* Copy the results of the first @nr operations out. */
static int copy_ops_out(const struct batch *b, u32 nr)
{
	return b->arg->op_size == sizeof(*b->ops) ? copy_same_ops_out(b, nr) :
						    copy_other_ops_out(b, nr);
}

static int take_memory(struct batch *b)
{
	const struct shardmap_batch *arg = b->arg;
	size_t gets = arg->flags & SHARDMAP_BATCH_ATOMIC ?
			      arg->nr_ops * sizeof(*b->requests) :
			      GETS_MAX * sizeof(*b->gets);
	size_t ops = arg->nr_ops * sizeof(*b->ops);
	size_t in = ALIGN(arg->in_len, 8);

	b->scratch_bytes = gets + ops + in + arg->out_len;
	b->scratch = smdev_scratch_get(b->scratch_bytes);
	if (!b->scratch)
		return -ENOMEM;
	b->gets = b->scratch;
	b->ops = b->scratch + gets;
	b->in = b->scratch + gets + ops;
	b->out = b->in + in;
	return 0;
}

static int copy_in(struct batch *b)
{
	const struct shardmap_batch *arg = b->arg;
	int err = take_memory(b);

	if (err)
		return err;
	if (copy_from_user(b->in, u64_to_user_ptr(arg->in), arg->in_len))
		return -EFAULT;
	return copy_ops_in(b);
}

/* An update must not be done and then not be told of. */
static int probe(const struct batch *b, const struct smdev_cmd *cmd)
{
	const struct shardmap_batch *arg = b->arg;

	if (!b->updates)
		return 0;
	if (smdev_probe(u64_to_user_ptr(arg->ops),
			(size_t)arg->nr_ops * arg->op_size) ||
	    smdev_probe(u64_to_user_ptr(arg->out), arg->out_len))
		return -EFAULT;
	return smdev_reply(cmd);
}

static u32 places(const struct shardmap_batch_op *bop)
{
	return (bop->value_off ? SHARDMAP_TAKES_VALUE : 0) |
	       (bop->out_off ? SHARDMAP_TAKES_OUT : 0) |
	       (bop->expected_off ? SHARDMAP_TAKES_EXPECTED : 0);
}

/* Make an operation of what the caller wrote, if it holds and is allowed. */
static int prepare_op(struct batch *b, const struct shardmap_batch_op *bop,
		      struct shardmap_request *req)
{
	u32 in_len = b->arg->in_len;
	int err;

	*req = (struct shardmap_request){
		.verb = bop->opcode,
		.flags = bop->flags,
		.key = b->in + bop->key_off,
		.key_len = bop->key_len,
		.value = b->in + bop->value_off,
		.value_len = bop->value_len,
		.expected = b->in + bop->expected_off,
		.expected_len = bop->expected_len,
		.out = b->out + bop->out_off,
		.out_len = bop->out_len,
		.version = bop->version,
		.delta = bop->delta,
		.initial = bop->initial,
		.ttl = bop->ttl,
	};
	err = smdev_op_check(req, places(bop), b->access);
	if (err)
		return err;
	if (!smdev_within(bop->key_off, bop->key_len, in_len) ||
	    !smdev_within(bop->value_off, bop->value_len, in_len) ||
	    !smdev_within(bop->expected_off, bop->expected_len, in_len) ||
	    !smdev_within(bop->out_off, bop->out_len, b->arg->out_len))
		return -EINVAL;
	/* Key and value are the table's to refuse. */
	return bop->expected_len > b->table->create.max_value_len ? -EMSGSIZE :
								    0;
}

static void finish_get(struct shardmap_batch_op *bop, u32 out_len, int err)
{
	bop->status = err;
	if (!err || err == -ENOBUFS)
		bop->out_len = out_len;
}

static void finish_op(struct shardmap_batch_op *bop,
		      const struct shardmap_request *req, int err)
{
	finish_get(bop, req->out_len, err);
	if (err)
		return;
	bop->flags = req->flags;
	bop->version = req->version;
	bop->old = req->old;
}

static void run_op(struct batch *b, struct shardmap_batch_op *bop)
{
	struct shardmap_request req;
	int err;

	err = prepare_op(b, bop, &req);
	if (!err)
		err = shardmap_execute(b->table->map, &req, SMDEV_GFP);
	finish_op(bop, &req, err);
}

/* Returns what the command fails with; at -ECANCELED each status tells of its own. */
static int run_all(struct batch *b)
{
	struct shardmap_request *reqs = b->requests;
	u32 i, nr = b->arg->nr_ops;
	int err = 0;

	for (i = 0; i < nr; i++) {
		reqs[i].err = prepare_op(b, &b->ops[i], &reqs[i]) ?: -ECANCELED;
		if (reqs[i].err != -ECANCELED)
			err = -ECANCELED;
	}
	if (!err)
		err = shardmap_execute_all(b->table->map, reqs, nr, SMDEV_GFP);
	if (err && err != -ECANCELED)
		return err;
	for (i = 0; i < nr; i++)
		finish_op(&b->ops[i], &reqs[i], reqs[i].err);
	b->arg->done = err ? 0 : nr;
	return err;
}

/* What prepare_op() makes of a lookup; false if it is none, or not a valid one. */
static bool prepare_get(const struct batch *b,
			const struct shardmap_batch_op *bop,
			struct shardmap_lookup *get)
{
	if (bop->opcode != SHARDMAP_OP_GET)
		return false;
	if ((bop->flags | bop->value_off | bop->value_len) ||
	    (bop->expected_off | bop->expected_len) ||
	    (bop->delta | bop->initial | bop->ttl) || !bop->key_len)
		return false;
	if (!smdev_within(bop->key_off, bop->key_len, b->arg->in_len) ||
	    !smdev_within(bop->out_off, bop->out_len, b->arg->out_len))
		return false;
	get->key = b->in + bop->key_off;
	get->key_len = bop->key_len;
	get->value.buf = b->out + bop->out_off;
	get->value.len = bop->out_len;
	return true;
}

/*
 * Run the lookups that stand side by side from operation @first on, up to @end, as
 * one call.  Returns how many operations that were.
 */
static u32 run_gets(struct batch *b, u32 first, u32 end)
{
	struct shardmap_batch_op *bop = b->ops + first;
	u32 i, nr = 0, most = min(end - first, GETS_MAX);

	if (unlikely(!(b->access & SHARDMAP_READ)))
		return 0;
	while (nr < most && prepare_get(b, &bop[nr], &b->gets[nr]))
		nr++;
	if (!nr)
		return 0;
	shardmap_get_many(b->table->map, b->gets, nr);
	for (i = 0; i < nr; i++) {
		const struct shardmap_lookup *get = &b->gets[i];

		if (!get->err)
			bop[i].version = get->value.version;
		finish_get(&bop[i], get->value.len, get->err);
	}
	return nr;
}

static int run(struct batch *b)
{
	u32 i = 0, nr = b->arg->nr_ops;

	if (fatal_signal_pending(current))
		return -EINTR;
	while (i < nr) {
		u32 end = min(nr, i + CHECK_STEP);

		if (i) {
			if (signal_pending(current))
				break;
			cond_resched();
		}
		while (i < end) {
			u32 gets = run_gets(b, i, end);

			/* What is not a lookup, or not a valid one. */
			if (!gets)
				run_op(b, &b->ops[i]);
			i += gets ?: 1;
		}
	}
	b->arg->done = i;
	return 0;
}

/*
 * Copy out the values found and nothing else: what stands between them may be the
 * values of an earlier part of the same batch.  Values side by side go in one copy.
 */
static int copy_values_out(const struct batch *b)
{
	u8 __user *uout = u64_to_user_ptr(b->arg->out);
	u32 i, from = 0, to = 0;

	for (i = 0; i < b->arg->done; i++) {
		const struct shardmap_batch_op *bop = &b->ops[i];

		if (bop->status || !bop->out_len)
			continue;
		if (bop->out_off != to) {
			if (copy_to_user(uout + from, b->out + from, to - from))
				return -EFAULT;
			from = bop->out_off;
		}
		to = bop->out_off + bop->out_len;
	}
	return copy_to_user(uout + from, b->out + from, to - from) ? -EFAULT :
								     0;
}

/**
 * smdev_batch() - SHARDMAP_IOC_BATCH
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an errno as <uapi/linux/shardmap.h> says.
 */
long smdev_batch(struct smdev_cmd *cmd)
{
	struct batch b = {
		.table = cmd->table,
		.access = cmd->access,
		.arg = cmd->arg,
	};
	int err;

	err = check_arg(b.arg);
	if (err)
		return err;
	if (!b.arg->flags) {
		err = smdev_batch_gets(cmd);
		if (err <= 0)
			return err;
	}
	err = copy_in(&b);
	if (!err)
		err = probe(&b, cmd);
	if (!err)
		err = b.arg->flags ? run_all(&b) : run(&b);
	if (!err)
		err = copy_values_out(&b);
	if (!err)
		err = copy_ops_out(&b, b.arg->done) ?: smdev_reply(cmd);
	else if (err == -ECANCELED && copy_ops_out(&b, b.arg->nr_ops))
		err = -EFAULT;
	smdev_scratch_put(b.scratch, b.scratch_bytes);
	return err;
}
