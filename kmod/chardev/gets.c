// SPDX-License-Identifier: GPL-2.0-only
/*
 * A short way for batches that only look keys up.
 *
 * Their operations become lookups as they are read, and are not kept.  A batch with
 * anything else in it, or with anything wrong in it, is left to the way of all
 * batches: up to then nothing has been done.
 */
#include <linux/align.h>
#include <linux/minmax.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "chardev.h"
#include "user.h"

/* Lookups between looks at signals and the scheduler */
#define STEP 64U

/**
 * struct gets - a batch of lookups
 * @arg: the command's structure
 * @lookups: one for each operation
 * @in: the keys
 * @out: where the values found go
 */
struct gets {
	struct shardmap_batch *arg;
	struct shardmap_lookup *lookups;
	u8 *in;
	u8 *out;
};

/* What an operation says, without its results */
struct words {
	u32 head; /* opcode and flags */
	u32 key_off;
	u32 key_len;
	u32 out_off;
	u32 out_len;
	u64 value; /* offset and length */
	u64 delta;
	u64 initial;
	u64 expected; /* offset and length */
	u64 ttl;
};

static __always_inline bool make_lookup(const struct gets *g,
					const struct words *w,
					struct shardmap_lookup *lookup)
{
	BUILD_BUG_ON(SHARDMAP_OP_GET);
	if (w->head || (w->value | w->delta | w->initial) ||
	    (w->expected | w->ttl) || !w->key_len ||
	    !smdev_within(w->key_off, w->key_len, g->arg->in_len) ||
	    !smdev_within(w->out_off, w->out_len, g->arg->out_len))
		return false;
	lookup->key = g->in + w->key_off;
	lookup->key_len = w->key_len;
	lookup->value.buf = g->out + w->out_off;
	lookup->value.len = w->out_len;
	return true;
}

/* Returns false if there is something that is not a valid lookup. */
static bool copy_in(const struct gets *g)
{
	const struct shardmap_batch_op __user *uop =
		u64_to_user_ptr(g->arg->ops);
	struct shardmap_lookup *lookup = g->lookups;
	struct shardmap_lookup *end = lookup + g->arg->nr_ops;
	struct words w;

	if (!smdev_read_begin(uop, g->arg->nr_ops * sizeof(*uop)))
		return false;
	for (; lookup < end; lookup++, uop++) {
		unsafe_get_user(w.head, (u32 __user *)&uop->opcode, other);
		unsafe_get_user(w.key_off, &uop->key_off, other);
		unsafe_get_user(w.key_len, &uop->key_len, other);
		unsafe_get_user(w.value, (u64 __user *)&uop->value_off, other);
		unsafe_get_user(w.out_off, &uop->out_off, other);
		unsafe_get_user(w.out_len, &uop->out_len, other);
		unsafe_get_user(w.delta, &uop->delta, other);
		unsafe_get_user(w.initial, &uop->initial, other);
		unsafe_get_user(w.expected, (u64 __user *)&uop->expected_off,
				other);
		unsafe_get_user(w.ttl, &uop->ttl, other);
		if (!make_lookup(g, &w, lookup))
			goto other;
	}
	user_read_access_end();
	return !copy_from_user(g->in, u64_to_user_ptr(g->arg->in),
			       g->arg->in_len);
other:
	user_read_access_end();
	return false;
}

static int run(const struct gets *g, struct shardmap *map)
{
	u32 i, nr = g->arg->nr_ops;

	if (fatal_signal_pending(current))
		return -EINTR;
	for (i = 0; i < nr; i += min(STEP, nr - i)) {
		if (i && signal_pending(current))
			break;
		cond_resched();
		shardmap_get_many(map, g->lookups + i, min(STEP, nr - i));
	}
	g->arg->done = i;
	return 0;
}

/* Values that are not short: each with a copy of its own. */
static int copy_long_values(const struct gets *g)
{
	const struct shardmap_lookup *lookup = g->lookups;
	const struct shardmap_lookup *end = lookup + g->arg->done;
	u8 __user *uout = u64_to_user_ptr(g->arg->out);

	for (; lookup < end; lookup++) {
		const struct shardmap_value *value = &lookup->value;
		size_t off = (u8 *)value->buf - g->out;

		if (!lookup->err && value->len > SMDEV_SMALL &&
		    copy_to_user(uout + off, value->buf, value->len))
			return -EFAULT;
	}
	return 0;
}

/* With one opening of user memory for all results and all short values. */
static int copy_out(const struct gets *g)
{
	struct shardmap_batch_op __user *uop = u64_to_user_ptr(g->arg->ops);
	const struct shardmap_lookup *lookup = g->lookups;
	const struct shardmap_lookup *end = lookup + g->arg->done;
	u8 __user *uout = u64_to_user_ptr(g->arg->out);
	bool has_long = false;

	if (!smdev_write_begin(uop, g->arg->done * sizeof(*uop)))
		return -EFAULT;
	for (; lookup < end; lookup++, uop++) {
		const struct shardmap_value *value = &lookup->value;
		int err = lookup->err;

		unsafe_put_user(err, &uop->status, fault);
		if (err && err != -ENOBUFS)
			continue;
		unsafe_put_user(value->len, &uop->out_len, fault);
		if (err)
			continue;
		unsafe_put_user(value->version, &uop->version, fault);
		if (value->len <= SMDEV_SMALL)
			unsafe_copy_to_user(uout + ((u8 *)value->buf - g->out),
					    value->buf, value->len, fault);
		else
			has_long = true;
	}
	user_write_access_end();
	return has_long ? copy_long_values(g) : 0;
fault:
	user_write_access_end();
	return -EFAULT;
}

/**
 * smdev_batch_gets() - SHARDMAP_IOC_BATCH if it is lookups throughout
 * @cmd: the command, its structure checked
 *
 * Context: Process context.
 * Return: 0 or an errno as the command's result; 1 if nothing was done and
 * smdev_batch() shall do it.
 */
long smdev_batch_gets(struct smdev_cmd *cmd)
{
	struct gets g = { .arg = cmd->arg };
	size_t lookups = g.arg->nr_ops * sizeof(*g.lookups);
	size_t in = ALIGN(g.arg->in_len, 8);
	size_t bytes = lookups + in + g.arg->out_len;
	long err = 1;

	if (!(cmd->access & SHARDMAP_READ) ||
	    g.arg->op_size != sizeof(struct shardmap_batch_op) ||
	    !access_ok(u64_to_user_ptr(g.arg->out), g.arg->out_len))
		return 1;
	g.lookups = smdev_scratch_get(bytes);
	if (!g.lookups)
		return 1;
	g.in = (u8 *)g.lookups + lookups;
	g.out = g.in + in;
	might_fault();
	if (copy_in(&g)) {
		err = run(&g, cmd->table->map);
		if (!err)
			err = copy_out(&g) ?: smdev_reply(cmd);
	}
	smdev_scratch_put(g.lookups, bytes);
	return err;
}
