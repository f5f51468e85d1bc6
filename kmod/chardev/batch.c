// SPDX-License-Identifier: GPL-2.0-only
/*
 * Batches: many operations for one system call.
 *
 * Everything is copied in before the first operation and out after the last.
 * What the operations read and write in between is kernel memory, so a caller
 * that changes its own memory meanwhile changes nothing here.
 */
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "chardev.h"

/* Operations between looks at signals and the scheduler. */
#define CHECK_STEP 64U

/* Lookups handed to the table at once. */
#define GETS_MAX 32U

/**
 * struct batch - a batch in kernel memory
 * @table: the table
 * @arg: the command's structure
 * @ops: the operations
 * @in: keys and values to store
 * @out: values found, where an operation says so
 * @gets: lookups that stand side by side in the batch
 * @updates: some operation may change the table
 */
struct batch {
	struct smdev_table *table;
	struct shardmap_batch *arg;
	struct shardmap_batch_op *ops;
	u8 *in;
	u8 *out;
	struct shardmap_lookup *gets;
	bool updates;
};

static int check_arg(const struct shardmap_batch *arg)
{
	if (arg->flags || arg->reserved)
		return -EINVAL;
	if (!arg->nr_ops || arg->nr_ops > SHARDMAP_BATCH_OPS_MAX)
		return -EINVAL;
	if (arg->op_size < sizeof(struct shardmap_batch_op))
		return -EINVAL;
	if (arg->op_size > PAGE_SIZE)
		return -E2BIG;
	if (arg->in_len > SHARDMAP_BATCH_BYTES_MAX ||
	    arg->out_len > SHARDMAP_BATCH_BYTES_MAX)
		return -EINVAL;
	return 0;
}

static int copy_ops_in(struct batch *b)
{
	u32 i, nr = b->arg->nr_ops, op_size = b->arg->op_size;
	u8 __user *uops = u64_to_user_ptr(b->arg->ops);
	int err;

	if (op_size == sizeof(*b->ops)) {
		if (copy_from_user(b->ops, uops, nr * sizeof(*b->ops)))
			return -EFAULT;
	} else {
		for (i = 0; i < nr; i++) {
			err = copy_struct_from_user(&b->ops[i], sizeof(*b->ops),
						    uops + (size_t)i * op_size,
						    op_size);
			if (err)
				return err;
		}
	}
	for (i = 0; i < nr; i++)
		b->updates |= smdev_op_updates(b->ops[i].opcode);
	return 0;
}

static int copy_in(struct batch *b)
{
	struct shardmap_batch *arg = b->arg;

	b->ops = kvmalloc_array(arg->nr_ops, sizeof(*b->ops),
				GFP_KERNEL_ACCOUNT);
	b->in = kvmalloc(arg->in_len, GFP_KERNEL_ACCOUNT);
	b->out = kvmalloc(arg->out_len, GFP_KERNEL_ACCOUNT);
	b->gets = kmalloc_array(GETS_MAX, sizeof(*b->gets), GFP_KERNEL_ACCOUNT);
	if (!b->ops || !b->gets || (arg->in_len && !b->in) ||
	    (arg->out_len && !b->out))
		return -ENOMEM;
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
	if (fault_in_safe_writeable(u64_to_user_ptr(arg->ops),
				    (size_t)arg->nr_ops * arg->op_size) ||
	    fault_in_safe_writeable(u64_to_user_ptr(arg->out), arg->out_len))
		return -EFAULT;
	return smdev_reply(cmd);
}

/* Does @len bytes at @off lie within @size bytes? */
static bool within(u32 off, u32 len, u32 size)
{
	return off <= size && len <= size - off;
}

/* Make an operation of what the caller wrote; -EINVAL if it does not hold. */
static int prepare_op(struct batch *b, const struct shardmap_batch_op *bop,
		      struct smdev_op *op)
{
	int err;

	*op = (struct smdev_op){
		.opcode = bop->opcode,
		.flags = bop->flags,
		.key = b->in + bop->key_off,
		.key_len = bop->key_len,
		.value = b->in + bop->value_off,
		.value_len = bop->value_len,
		.out = b->out + bop->out_off,
		.out_len = bop->out_len,
		.delta = bop->delta,
		.initial = bop->initial,
	};
	err = smdev_op_check(op, bop->value_off, bop->out_off);
	if (err)
		return err;
	if (!within(bop->key_off, bop->key_len, b->arg->in_len) ||
	    !within(bop->value_off, bop->value_len, b->arg->in_len) ||
	    !within(bop->out_off, bop->out_len, b->arg->out_len))
		return -EINVAL;
	return 0;
}

static void finish_op(struct shardmap_batch_op *bop, u32 out_len, int err)
{
	bop->status = err;
	if (!err || err == -ENOBUFS)
		bop->out_len = out_len;
}

static void run_op(struct batch *b, struct shardmap_batch_op *bop)
{
	struct smdev_op op;
	int err;

	err = prepare_op(b, bop, &op);
	if (!err)
		err = smdev_op_execute(b->table->map, &op);
	if (!err) {
		bop->flags = op.flags;
		bop->version = op.version;
		bop->old = op.old;
	}
	finish_op(bop, op.out_len, err);
}

/*
 * Run the lookups that stand side by side from operation @first on, up to @end, as
 * one call.  Returns how many operations that were.
 */
static u32 run_gets(struct batch *b, u32 first, u32 end)
{
	u32 i, nr = 0;

	end = min(end, first + GETS_MAX);
	for (i = first; i < end; i++, nr++) {
		struct smdev_op op;

		if (b->ops[i].opcode != SHARDMAP_OP_GET ||
		    prepare_op(b, &b->ops[i], &op))
			break;
		b->gets[nr] = (struct shardmap_lookup){
			.key = op.key,
			.key_len = op.key_len,
			.value = { .buf = op.out, .len = op.out_len },
		};
	}
	shardmap_get_many(b->table->map, b->gets, nr);
	for (i = 0; i < nr; i++) {
		const struct shardmap_lookup *get = &b->gets[i];

		if (!get->err)
			b->ops[first + i].version = get->value.version;
		finish_op(&b->ops[first + i], get->value.len, get->err);
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

static int copy_ops_out(const struct batch *b)
{
	u32 i, done = b->arg->done, op_size = b->arg->op_size;
	u8 __user *uops = u64_to_user_ptr(b->arg->ops);

	if (op_size == sizeof(*b->ops)) {
		if (copy_to_user(uops, b->ops, done * sizeof(*b->ops)))
			return -EFAULT;
		return 0;
	}
	for (i = 0; i < done; i++)
		if (copy_to_user(uops + (size_t)i * op_size, &b->ops[i],
				 sizeof(*b->ops)))
			return -EFAULT;
	return 0;
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
	struct batch b = { .table = cmd->table, .arg = cmd->arg };
	int err;

	err = check_arg(b.arg);
	if (err)
		return err;
	err = copy_in(&b);
	if (!err)
		err = probe(&b, cmd);
	if (!err)
		err = run(&b);
	if (!err)
		err = copy_values_out(&b);
	if (!err)
		err = copy_ops_out(&b) ?: smdev_reply(cmd);
	kfree(b.gets);
	kvfree(b.out);
	kvfree(b.in);
	kvfree(b.ops);
	return err;
}
