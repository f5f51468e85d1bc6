// SPDX-License-Identifier: GPL-2.0-only
/* Operations on one key: what each accepts, and how it runs. */
#include <linux/nospec.h>

#include "chardev.h"

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
			   mode, SMDEV_GFP, &result);
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
	return shardmap_delete(map, op->key, op->key_len, SMDEV_GFP);
}

static int execute_get_or_put(struct shardmap *map, struct smdev_op *op)
{
	struct shardmap_value found = { .buf = op->out, .len = op->out_len };
	struct shardmap_result result;
	int err;

	err = shardmap_get_or_put(map, op->key, op->key_len, op->value,
				  op->value_len, &found, SMDEV_GFP, &result);
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
			   SMDEV_GFP, &result);
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
	const struct op_rule *rule;

	if (opcode >= SHARDMAP_OP_NR)
		return NULL;
	rule = &op_rules[array_index_nospec(opcode, SHARDMAP_OP_NR)];
	return rule->execute ? rule : NULL;
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
