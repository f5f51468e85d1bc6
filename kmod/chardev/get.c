// SPDX-License-Identifier: GPL-2.0-only
/*
 * A short way for the lookup of a short key with a short value.
 *
 * It knows success and ENOENT.  Whatever else there is to say, the way of all
 * commands says it: a lookup changes nothing, so it can be begun anew there.
 */
#include <linux/minmax.h>
#include <linux/uaccess.h>

#include "chardev.h"
#include "user.h"

#define KEY_BYTES 64U
#define VALUE_BYTES 256U

static __always_inline bool is_plain(const struct smdev_table *table,
				     const struct shardmap_op *op)
{
	return op->size == sizeof(*op) &&
	       !(op->flags | op->value_len | op->expected_len) &&
	       !(op->value | op->delta | op->initial) &&
	       !(op->expected | op->ttl) && op->key_len &&
	       op->key_len <= min(table->create.max_key_len, KEY_BYTES);
}

/* What is only written back is not read. */
static __always_inline bool read_op(struct shardmap_op *op,
				    const struct shardmap_op __user *uop)
{
	if (!smdev_read_begin(uop, sizeof(*uop)))
		return false;
	unsafe_get_user(op->size, &uop->size, fault);
	unsafe_get_user(op->flags, &uop->flags, fault);
	unsafe_get_user(op->key, &uop->key, fault);
	unsafe_get_user(op->key_len, &uop->key_len, fault);
	unsafe_get_user(op->value_len, &uop->value_len, fault);
	unsafe_get_user(op->value, &uop->value, fault);
	unsafe_get_user(op->out, &uop->out, fault);
	unsafe_get_user(op->out_len, &uop->out_len, fault);
	unsafe_get_user(op->expected_len, &uop->expected_len, fault);
	unsafe_get_user(op->delta, &uop->delta, fault);
	unsafe_get_user(op->initial, &uop->initial, fault);
	unsafe_get_user(op->expected, &uop->expected, fault);
	unsafe_get_user(op->ttl, &uop->ttl, fault);
	user_read_access_end();
	return true;
fault:
	user_read_access_end();
	return false;
}

/*
 * Opens user memory anew, since that is what keeps a CPU from reading through a bad
 * pointer before the pointer is checked.
 */
static __always_inline bool read_key(u8 *key, const u8 __user *ukey, u32 len)
{
	if (!smdev_read_begin(ukey, len))
		return false;
	for (; len >= 8; len -= 8, key += 8, ukey += 8)
		unsafe_get_user(*(u64 *)key, (const u64 __user *)ukey, fault);
	for (; len; len--)
		unsafe_get_user(*key++, ukey++, fault);
	user_read_access_end();
	return true;
fault:
	user_read_access_end();
	return false;
}

static __always_inline bool copy_in(const struct smdev_table *table,
				    const struct shardmap_op __user *uop,
				    struct shardmap_op *op, u8 *key)
{
	return read_op(op, uop) && is_plain(table, op) &&
	       read_key(key, u64_to_user_ptr(op->key), op->key_len);
}

/* Write value and results with one opening; flags stay zero. */
static __always_inline bool copy_out(struct shardmap_op __user *uop,
				     const struct shardmap_op *op,
				     const struct shardmap_value *value)
{
	u8 __user *uout = u64_to_user_ptr(op->out);

	if ((value->len && !access_ok(uout, value->len)) ||
	    !smdev_write_begin(uop, sizeof(*uop)))
		return false;
	unsafe_copy_to_user(uout, value->buf, value->len, fault);
	unsafe_put_user(value->len, &uop->out_len, fault);
	unsafe_put_user(value->version, &uop->version, fault);
	unsafe_put_user(0, &uop->old, fault);
	user_write_access_end();
	return true;
fault:
	user_write_access_end();
	return false;
}

/**
 * smdev_get_quick() - SHARDMAP_IOC_GET if there is nothing special about it
 * @handle: the table's descriptor
 * @uop: the caller's structure
 *
 * Context: Process context.
 * Return: 0 or -ENOENT as the command's result; 1 if nothing was done and
 * smdev_dispatch() shall do it.
 */
long smdev_get_quick(const struct smdev_handle *handle,
		     struct shardmap_op __user *uop)
{
	const struct smdev_table *table = handle->table;
	/* Only what was written is read. */
	struct shardmap_op op __uninitialized;
	u8 key[KEY_BYTES] __aligned(8) __uninitialized;
	u8 out[VALUE_BYTES] __aligned(8) __uninitialized;
	struct shardmap_value value;
	int err;

	might_fault();
	if (unlikely(!(handle->access & SHARDMAP_READ) ||
		     !copy_in(table, uop, &op, key)))
		return 1;
	value.buf = out;
	value.len = min(op.out_len, VALUE_BYTES);
	err = shardmap_get(table->map, key, op.key_len, &value);
	if (unlikely(err))
		return err == -ENOENT ? err : 1;
	return likely(copy_out(uop, &op, &value)) ? 0 : 1;
}
