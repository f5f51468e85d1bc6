// SPDX-License-Identifier: GPL-2.0-only
/* Operations on one key: what each accepts, and how it runs. */
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "chardev.h"

/* What users store is charged to their memory cgroup. */
#define GFP_USER_DATA GFP_KERNEL_ACCOUNT

static int execute_get(struct shardmap *map, struct smdev_op *op)
{
	struct shardmap_value value = { .buf = op->out, .len = op->out_len };
	int err = shardmap_get(map, op->key, op->key_len, &value);

	if (!err || err == -ENOBUFS)
		op->out_len = value.len;
	if (!err)
		op->version = value.version;
	return err;
}

static int execute_put(struct shardmap *map, struct smdev_op *op)
{
	enum shardmap_put_mode mode =
		op->flags & SHARDMAP_NOEXIST ? SHARDMAP_PUT_NOEXIST :
		op->flags & SHARDMAP_EXIST   ? SHARDMAP_PUT_EXIST :
					       SHARDMAP_PUT_ANY;
	struct shardmap_result result;
	int err;

	err = shardmap_put(map, op->key, op->key_len, op->value, op->value_len,
			   mode, GFP_USER_DATA, &result);
	if (err)
		return err;
	op->version = result.version;
	if (result.inserted)
		op->flags |= SHARDMAP_INSERTED;
	return 0;
}

static int execute_delete(struct shardmap *map, struct smdev_op *op)
{
	op->version = 0;
	return shardmap_delete(map, op->key, op->key_len, GFP_USER_DATA);
}

static int execute_get_or_put(struct shardmap *map, struct smdev_op *op)
{
	struct shardmap_value found = { .buf = op->out, .len = op->out_len };
	struct shardmap_result result;
	int err;

	err = shardmap_get_or_put(map, op->key, op->key_len, op->value,
				  op->value_len, &found, GFP_USER_DATA,
				  &result);
	if (!err || err == -ENOBUFS)
		op->out_len = found.len;
	if (err)
		return err;
	op->version = found.version;
	if (result.inserted)
		op->flags |= SHARDMAP_INSERTED;
	return 0;
}

static int execute_add(struct shardmap *map, struct smdev_op *op)
{
	struct shardmap_result result;
	int err;

	err = shardmap_add(map, op->key, op->key_len, op->delta,
			   op->flags & SHARDMAP_CREATE ? &op->initial : NULL,
			   GFP_USER_DATA, &result);
	if (err)
		return err;
	op->version = result.version;
	op->old = result.old;
	if (result.inserted)
		op->flags |= SHARDMAP_INSERTED;
	return 0;
}

/**
 * struct op_rule - what an operation accepts
 * @flags: flags it knows
 * @value: it takes a value to store
 * @out: it takes a buffer for the value found
 * @updates: it changes the table
 * @execute: runs it
 */
struct op_rule {
	u32 flags;
	bool value;
	bool out;
	bool updates;
	int (*execute)(struct shardmap *map, struct smdev_op *op);
};

static const struct op_rule op_rules[SHARDMAP_OP_NR] = {
	[SHARDMAP_OP_GET] = {
		.out = true,
		.execute = execute_get,
	},
	[SHARDMAP_OP_PUT] = {
		.flags = SHARDMAP_NOEXIST | SHARDMAP_EXIST,
		.value = true,
		.updates = true,
		.execute = execute_put,
	},
	[SHARDMAP_OP_DELETE] = {
		.updates = true,
		.execute = execute_delete,
	},
	[SHARDMAP_OP_GET_OR_PUT] = {
		.value = true,
		.out = true,
		.updates = true,
		.execute = execute_get_or_put,
	},
	[SHARDMAP_OP_ADD] = {
		.flags = SHARDMAP_CREATE,
		.updates = true,
		.execute = execute_add,
	},
};

static const struct op_rule *find_rule(u32 opcode)
{
	if (opcode >= SHARDMAP_OP_NR)
		return NULL;
	return &op_rules[array_index_nospec(opcode, SHARDMAP_OP_NR)];
}

/**
 * smdev_op_check() - Refuse what an operation does not accept.
 * @op: the operation; its pointers are not looked at
 * @has_value: the caller gave a place for a value to store
 * @has_out: the caller gave a place for the value found
 *
 * Context: Any context.
 * Return: 0 or -EINVAL.
 */
int smdev_op_check(const struct smdev_op *op, bool has_value, bool has_out)
{
	const struct op_rule *rule = find_rule(op->opcode);

	if (!rule || op->flags & ~rule->flags)
		return -EINVAL;
	if ((op->flags & SHARDMAP_NOEXIST) && (op->flags & SHARDMAP_EXIST))
		return -EINVAL;
	if (!rule->value && (has_value || op->value_len))
		return -EINVAL;
	if (!rule->out && (has_out || op->out_len))
		return -EINVAL;
	if (op->opcode != SHARDMAP_OP_ADD && op->delta)
		return -EINVAL;
	if (!(op->flags & SHARDMAP_CREATE) && op->initial)
		return -EINVAL;
	return op->key_len ? 0 : -EINVAL;
}

/**
 * smdev_op_execute() - Run an operation that smdev_op_check() let pass.
 * @map: the table
 * @op: the operation, all of it in kernel memory
 *
 * Context: Process context.
 * Return: 0 or an errno of the operation.
 */
int smdev_op_execute(struct shardmap *map, struct smdev_op *op)
{
	return find_rule(op->opcode)->execute(map, op);
}

/**
 * smdev_op_updates() - May an operation change the table?
 * @opcode: enum shardmap_opcode, or anything
 *
 * Context: Any context.
 * Return: true if it may.
 */
bool smdev_op_updates(u32 opcode)
{
	const struct op_rule *rule = find_rule(opcode);

	return rule && rule->updates;
}

/* Key and value of most callers are short enough for the stack. */
#define STACK_BYTES 256

/**
 * struct single - an operation with its memory
 * @op: the operation
 * @arg: the command's structure
 * @in: key, then value
 * @out: buffer for the value found
 * @stack_in: where @in is if it fits
 * @stack_out: where @out is if it fits
 */
struct single {
	struct smdev_op op;
	struct shardmap_op *arg;
	void *in;
	void *out;
	u8 stack_in[STACK_BYTES];
	u8 stack_out[STACK_BYTES];
};

static void *buffer(void *stack, size_t bytes)
{
	return bytes <= STACK_BYTES ? stack : kvmalloc(bytes, GFP_USER_DATA);
}

static void buffer_free(void *stack, void *buf)
{
	if (buf != stack)
		kvfree(buf);
}

/* No value is longer than this table's limit, whatever room there is for it. */
static u32 out_room(const struct single *s, u32 max_value_len)
{
	return min(s->arg->out_len, max_value_len);
}

static int single_copy_in(struct single *s, const struct smdev_table *table)
{
	struct shardmap_op *arg = s->arg;
	size_t value_at = ALIGN(arg->key_len, 8);

	if (arg->key_len > table->create.max_key_len ||
	    arg->value_len > table->create.max_value_len)
		return -EMSGSIZE;
	s->in = buffer(s->stack_in, value_at + arg->value_len);
	s->out = buffer(s->stack_out, out_room(s, table->create.max_value_len));
	if (!s->in || !s->out)
		return -ENOMEM;
	if (copy_from_user(s->in, u64_to_user_ptr(arg->key), arg->key_len) ||
	    copy_from_user(s->in + value_at, u64_to_user_ptr(arg->value),
			   arg->value_len))
		return -EFAULT;
	s->op.key = s->in;
	s->op.value = s->in + value_at;
	s->op.out = s->out;
	s->op.out_len = out_room(s, table->create.max_value_len);
	return 0;
}

/* An update must not be done and then not be told of. */
static int single_probe(const struct single *s, const struct smdev_cmd *cmd)
{
	if (!smdev_op_updates(s->op.opcode))
		return 0;
	if (s->op.out_len &&
	    fault_in_safe_writeable(u64_to_user_ptr(s->arg->out),
				    s->op.out_len))
		return -EFAULT;
	return smdev_reply(cmd);
}

static int single_copy_out(const struct single *s, const struct smdev_cmd *cmd,
			   int err)
{
	struct shardmap_op *arg = s->arg;

	arg->out_len = s->op.out_len;
	if (!err) {
		arg->flags = s->op.flags;
		arg->version = s->op.version;
		arg->old = s->op.old;
		if (copy_to_user(u64_to_user_ptr(arg->out), s->out,
				 arg->out_len))
			return -EFAULT;
	}
	return smdev_reply(cmd) ?: err;
}

static long single(struct smdev_cmd *cmd, u32 opcode)
{
	struct shardmap_op *arg = cmd->arg;
	struct single s;
	int err;

	s.arg = arg;
	s.in = NULL;
	s.out = NULL;
	s.op = (struct smdev_op){
		.opcode = opcode,
		.flags = arg->flags,
		.key_len = arg->key_len,
		.value_len = arg->value_len,
		.out_len = arg->out_len,
		.delta = arg->delta,
		.initial = arg->initial,
	};
	if (arg->reserved)
		return -EINVAL;
	err = smdev_op_check(&s.op, arg->value, arg->out);
	if (err)
		return err;
	err = single_copy_in(&s, cmd->table);
	if (!err)
		err = single_probe(&s, cmd);
	if (!err) {
		err = smdev_op_execute(cmd->table->map, &s.op);
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
