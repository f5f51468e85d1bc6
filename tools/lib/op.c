// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations on one key.
 */
#include <errno.h>

#include <shardmap_ops.h>

#include "internal.h"

int shardmap_execute(int table, enum shardmap_opcode opcode,
		     struct shardmap_op *op)
{
#define COMMAND(name, ...) [SHARDMAP_OP_##name] = SHARDMAP_IOC_##name,
	static const unsigned long commands[SHARDMAP_OP_NR] = { SHARDMAP_OPS(
		COMMAND) };
#undef COMMAND

	if ((unsigned int)opcode >= SHARDMAP_OP_NR)
		return -EINVAL;
	op->size = sizeof(*op);
	return command(table, commands[opcode], op);
}

/* An operation that finds a value. */
static int execute_out(int table, enum shardmap_opcode opcode,
		       struct shardmap_op *op, void *out, size_t *out_len)
{
	int ret;

	op->out = pointer(out);
	op->out_len = clamp_len(*out_len);
	ret = shardmap_execute(table, opcode, op);
	if (ret == -ENOBUFS)
		*out_len = op->out_len;
	return ret;
}

int shardmap_get(int table, const void *key, size_t key_len, void *out,
		 size_t *out_len, uint64_t *version)
{
	struct shardmap_op op = make_op(0, key, key_len, NULL, 0);
	int ret = execute_out(table, SHARDMAP_OP_GET, &op, out, out_len);

	if (ret)
		return ret;
	*out_len = op.out_len;
	if (version)
		*version = op.version;
	return 0;
}

int shardmap_get_changed(int table, const void *key, size_t key_len, void *out,
			 size_t *out_len, uint64_t *version)
{
	struct shardmap_op op =
		make_op(SHARDMAP_IF_CHANGED, key, key_len, NULL, 0);
	int ret;

	op.version = *version;
	ret = execute_out(table, SHARDMAP_OP_GET, &op, out, out_len);
	if (ret)
		return ret;
	if (op.flags & SHARDMAP_UNCHANGED)
		return 0;
	*out_len = op.out_len;
	*version = op.version;
	return 1;
}

int shardmap_put(int table, const void *key, size_t key_len, const void *value,
		 size_t value_len, unsigned int flags)
{
	return shardmap_put_ttl(table, key, key_len, value, value_len, flags,
				0);
}

int shardmap_put_ttl(int table, const void *key, size_t key_len,
		     const void *value, size_t value_len, unsigned int flags,
		     uint64_t ttl)
{
	struct shardmap_op op = make_op(flags, key, key_len, value, value_len);

	op.ttl = ttl;
	return shardmap_execute(table, SHARDMAP_OP_PUT, &op);
}

int shardmap_swap(int table, const void *key, size_t key_len, const void *value,
		  size_t value_len, void *out, size_t *out_len, bool *inserted)
{
	struct shardmap_op op =
		make_op(SHARDMAP_SWAP, key, key_len, value, value_len);
	int ret = execute_out(table, SHARDMAP_OP_PUT, &op, out, out_len);

	if (ret)
		return ret;
	*out_len = op.out_len;
	if (inserted)
		*inserted = op.flags & SHARDMAP_INSERTED;
	return 0;
}

int shardmap_get_or_put(int table, const void *key, size_t key_len,
			const void *value, size_t value_len, void *out,
			size_t *out_len, bool *inserted)
{
	struct shardmap_op op = make_op(0, key, key_len, value, value_len);
	int ret = execute_out(table, SHARDMAP_OP_GET_OR_PUT, &op, out, out_len);
	bool was_inserted = !ret && (op.flags & SHARDMAP_INSERTED);

	if (!ret && !was_inserted)
		*out_len = op.out_len;
	if (inserted)
		*inserted = was_inserted;
	return ret;
}

int shardmap_add(int table, const void *key, size_t key_len, uint64_t delta,
		 uint64_t initial, unsigned int flags, uint64_t *old)
{
	struct shardmap_op op = make_op(flags, key, key_len, NULL, 0);
	int ret;

	op.delta = delta;
	op.initial = initial;
	ret = shardmap_execute(table, SHARDMAP_OP_ADD, &op);
	if (!ret && old)
		*old = op.old;
	return ret;
}

int shardmap_cas(int table, const void *key, size_t key_len, const void *value,
		 size_t value_len, struct shardmap_condition condition,
		 uint64_t *version)
{
	struct shardmap_op op = make_op(0, key, key_len, value, value_len);
	int ret;

	add_condition(&op, condition);
	ret = shardmap_execute(table, SHARDMAP_OP_CAS, &op);
	if (!ret && version)
		*version = op.version;
	return ret;
}

int shardmap_delete(int table, const void *key, size_t key_len)
{
	return shardmap_delete_if(table, key, key_len,
				  (struct shardmap_condition){});
}

int shardmap_delete_if(int table, const void *key, size_t key_len,
		       struct shardmap_condition condition)
{
	struct shardmap_op op = make_op(0, key, key_len, NULL, 0);

	add_condition(&op, condition);
	return shardmap_execute(table, SHARDMAP_OP_DELETE, &op);
}

int shardmap_take(int table, const void *key, size_t key_len, void *out,
		  size_t *out_len)
{
	return shardmap_take_if(table, key, key_len, out, out_len,
				(struct shardmap_condition){});
}

int shardmap_take_if(int table, const void *key, size_t key_len, void *out,
		     size_t *out_len, struct shardmap_condition condition)
{
	struct shardmap_op op = make_op(0, key, key_len, NULL, 0);
	int ret;

	add_condition(&op, condition);
	ret = execute_out(table, SHARDMAP_OP_TAKE, &op, out, out_len);
	if (!ret)
		*out_len = op.out_len;
	return ret;
}
