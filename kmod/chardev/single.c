// SPDX-License-Identifier: GPL-2.0-only
/* Commands that carry out one operation, with what they copy from and to users. */
#include <linux/align.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/stddef.h>
#include <linux/uaccess.h>
#include <uapi/shardmap_ops.h>

#include "chardev.h"
#include "user.h"

/* Key and value of most callers are short enough for the stack. */
#define STACK_BYTES 256U

static void *buffer(void *stack, size_t bytes)
{
	return likely(bytes <= STACK_BYTES) ? stack :
					      kvmalloc(bytes, SMDEV_GFP);
}

static void buffer_free(void *stack, void *buf)
{
	if (unlikely(buf != stack))
		kvfree(buf);
}

/* No value is longer than this table's limit, whatever room there is for it. */
static u32 out_room(const struct shardmap_op *arg,
		    const struct smdev_table *table)
{
	return min(arg->out_len, table->create.max_value_len);
}

/*
 * Copy the value found and the results out; those are the only members that an
 * operation changes.  One opening of user memory is for both.
 */
static int reply(const struct smdev_cmd *cmd, const void *value, u32 value_len)
{
	struct shardmap_op __user *uop = cmd->uarg;
	const struct shardmap_op *arg = cmd->arg;
	u8 __user *out = u64_to_user_ptr(arg->out);

	if (value_len > SMDEV_SMALL) {
		if (copy_to_user(out, value, value_len))
			return -EFAULT;
		value_len = 0;
	}
	might_fault();
	if ((value_len && !access_ok(out, value_len)) ||
	    !smdev_write_begin(uop, offsetofend(struct shardmap_op, old)))
		return -EFAULT;
	unsafe_copy_to_user(out, value, value_len, fault);
	unsafe_put_user(arg->flags, &uop->flags, fault);
	unsafe_put_user(arg->out_len, &uop->out_len, fault);
	unsafe_put_user(arg->version, &uop->version, fault);
	unsafe_put_user(arg->old, &uop->old, fault);
	user_write_access_end();
	return 0;
fault:
	user_write_access_end();
	return -EFAULT;
}

/**
 * struct single - an operation with its memory
 * @req: the operation
 * @arg: the command's structure
 * @in: key, value and expected value
 * @out: buffer for the value found
 * @stack_in: where @in is if it fits
 * @stack_out: where @out is if it fits
 */
struct single {
	struct shardmap_request req;
	struct shardmap_op *arg;
	void *in;
	void *out;
	u8 stack_in[STACK_BYTES] __aligned(8);
	u8 stack_out[STACK_BYTES] __aligned(8);
};

static u32 places(const struct shardmap_op *arg)
{
	return (arg->value ? SHARDMAP_TAKES_VALUE : 0) |
	       (arg->out ? SHARDMAP_TAKES_OUT : 0) |
	       (arg->expected ? SHARDMAP_TAKES_EXPECTED : 0);
}

static int single_copy_in(struct single *s, const struct smdev_table *table)
{
	struct shardmap_op *arg = s->arg;
	u32 room = out_room(arg, table), most = table->create.max_value_len;
	size_t value_at = ALIGN(arg->key_len, 8);
	size_t expected_at = value_at + ALIGN((size_t)arg->value_len, 8);

	if (arg->key_len > table->create.max_key_len || arg->value_len > most ||
	    arg->expected_len > most)
		return -EMSGSIZE;
	s->in = buffer(s->stack_in, expected_at + arg->expected_len);
	s->out = buffer(s->stack_out, room);
	if (!s->in || !s->out)
		return -ENOMEM;
	if (smdev_copy_in(s->in, u64_to_user_ptr(arg->key), arg->key_len) ||
	    smdev_copy_in(s->in + value_at, u64_to_user_ptr(arg->value),
			  arg->value_len) ||
	    smdev_copy_in(s->in + expected_at, u64_to_user_ptr(arg->expected),
			  arg->expected_len))
		return -EFAULT;
	s->req.key = s->in;
	s->req.value = s->in + value_at;
	s->req.expected = s->in + expected_at;
	s->req.out = s->out;
	s->req.out_len = room;
	return 0;
}

/* An update must not be done and then not be told of. */
static int single_probe(const struct single *s, const struct smdev_cmd *cmd)
{
	if (!smdev_op_updates(s->req.verb))
		return 0;
	if (smdev_probe(u64_to_user_ptr(s->arg->out), s->req.out_len))
		return -EFAULT;
	return reply(cmd, NULL, 0);
}

static int single_copy_out(const struct single *s, const struct smdev_cmd *cmd,
			   int err)
{
	struct shardmap_op *arg = s->arg;

	arg->out_len = s->req.out_len;
	if (err)
		return reply(cmd, NULL, 0) ?: err;
	arg->flags = s->req.flags;
	arg->version = s->req.version;
	arg->old = s->req.old;
	return reply(cmd, s->out, arg->out_len);
}

static long single(struct smdev_cmd *cmd, u32 opcode)
{
	struct shardmap_op *arg = cmd->arg;
	/* Of the buffers only what was written is read. */
	struct single s __uninitialized;
	int err;

	if (arg->flags > U16_MAX)
		return -EINVAL;
	s.arg = arg;
	s.in = NULL;
	s.out = NULL;
	s.req = (struct shardmap_request){
		.verb = opcode,
		.flags = arg->flags,
		.key_len = arg->key_len,
		.value_len = arg->value_len,
		.expected_len = arg->expected_len,
		.out_len = arg->out_len,
		.version = arg->version,
		.delta = arg->delta,
		.initial = arg->initial,
		.ttl = arg->ttl,
	};
	err = smdev_op_check(&s.req, places(arg), cmd->access);
	if (err)
		return err;
	err = single_copy_in(&s, cmd->table);
	if (!err)
		err = single_probe(&s, cmd);
	if (!err) {
		err = shardmap_execute(cmd->table->map, &s.req, SMDEV_GFP);
		if (!err || err == -ENOBUFS)
			err = single_copy_out(&s, cmd, err);
	}
	buffer_free(s.stack_out, s.out);
	buffer_free(s.stack_in, s.in);
	return err;
}

/**
 * smdev_get() - SHARDMAP_IOC_GET
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an errno as <uapi/linux/shardmap.h> says.
 */
long smdev_get(struct smdev_cmd *cmd)
{
	return single(cmd, SHARDMAP_OP_GET);
}

/**
 * smdev_put() - SHARDMAP_IOC_PUT
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an errno as <uapi/linux/shardmap.h> says.
 */
long smdev_put(struct smdev_cmd *cmd)
{
	return single(cmd, SHARDMAP_OP_PUT);
}

/**
 * smdev_delete() - SHARDMAP_IOC_DELETE
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an errno as <uapi/linux/shardmap.h> says.
 */
long smdev_delete(struct smdev_cmd *cmd)
{
	return single(cmd, SHARDMAP_OP_DELETE);
}

/**
 * smdev_get_or_put() - SHARDMAP_IOC_GET_OR_PUT
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an errno as <uapi/linux/shardmap.h> says.
 */
long smdev_get_or_put(struct smdev_cmd *cmd)
{
	return single(cmd, SHARDMAP_OP_GET_OR_PUT);
}

/**
 * smdev_add() - SHARDMAP_IOC_ADD
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an errno as <uapi/linux/shardmap.h> says.
 */
long smdev_add(struct smdev_cmd *cmd)
{
	return single(cmd, SHARDMAP_OP_ADD);
}

/**
 * smdev_cas() - SHARDMAP_IOC_CAS
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an errno as <uapi/linux/shardmap.h> says.
 */
long smdev_cas(struct smdev_cmd *cmd)
{
	return single(cmd, SHARDMAP_OP_CAS);
}

/**
 * smdev_take() - SHARDMAP_IOC_TAKE
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an errno as <uapi/linux/shardmap.h> says.
 */
long smdev_take(struct smdev_cmd *cmd)
{
	return single(cmd, SHARDMAP_OP_TAKE);
}
