// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device, table and single operations.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>

#include "internal.h"

int command(int fd, unsigned long number, void *arg)
{
	int ret = ioctl(fd, number, arg);

	return ret < 0 ? -errno : ret;
}

int shardmap_open_device(void)
{
	int fd = open(SHARDMAP_DEVICE_PATH, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int shardmap_device_info(int device, struct shardmap_device_info *info)
{
	*info = (struct shardmap_device_info){ .size = sizeof(*info) };
	return command(device, SHARDMAP_IOC_DEVICE_INFO, info);
}

int shardmap_create_table(int device, const struct shardmap_create *params)
{
	struct shardmap_create create = {};

	if (params)
		create = *params;
	create.size = sizeof(create);
	return command(device, SHARDMAP_IOC_CREATE, &create);
}

int shardmap_info(int table, struct shardmap_info *info)
{
	*info = (struct shardmap_info){ .size = sizeof(*info) };
	return command(table, SHARDMAP_IOC_INFO, info);
}

int shardmap_clear(int table, uint64_t *removed)
{
	struct shardmap_clear clear = { .size = sizeof(clear) };
	int ret = command(table, SHARDMAP_IOC_CLEAR, &clear);

	if (removed)
		*removed = clear.removed;
	return ret;
}

int shardmap_execute(int table, enum shardmap_opcode opcode,
		     struct shardmap_op *op)
{
	static const unsigned long commands[SHARDMAP_OP_NR] = {
		[SHARDMAP_OP_GET] = SHARDMAP_IOC_GET,
		[SHARDMAP_OP_PUT] = SHARDMAP_IOC_PUT,
		[SHARDMAP_OP_DELETE] = SHARDMAP_IOC_DELETE,
		[SHARDMAP_OP_GET_OR_PUT] = SHARDMAP_IOC_GET_OR_PUT,
		[SHARDMAP_OP_ADD] = SHARDMAP_IOC_ADD,
	};

	if ((unsigned int)opcode >= SHARDMAP_OP_NR)
		return -EINVAL;
	op->size = sizeof(*op);
	return command(table, commands[opcode], op);
}

/* A length that does not fit its member must not arrive as a shorter one. */
static bool too_long(size_t key_len, size_t value_len)
{
	return key_len > UINT32_MAX || value_len > UINT32_MAX;
}

static uint32_t clamp_len(size_t len)
{
	return len > UINT32_MAX ? UINT32_MAX : (uint32_t)len;
}

int shardmap_get(int table, const void *key, size_t key_len, void *out,
		 size_t *out_len, uint64_t *version)
{
	struct shardmap_op op = {
		.key = pointer(key),
		.key_len = key_len,
		.out = pointer(out),
		.out_len = clamp_len(*out_len),
	};
	int ret;

	if (too_long(key_len, 0))
		return -EMSGSIZE;
	ret = shardmap_execute(table, SHARDMAP_OP_GET, &op);
	if (!ret || ret == -ENOBUFS)
		*out_len = op.out_len;
	if (!ret && version)
		*version = op.version;
	return ret;
}

int shardmap_put(int table, const void *key, size_t key_len, const void *value,
		 size_t value_len, unsigned int flags)
{
	struct shardmap_op op = {
		.flags = flags,
		.key = pointer(key),
		.key_len = key_len,
		.value = pointer(value),
		.value_len = value_len,
	};

	if (too_long(key_len, value_len))
		return -EMSGSIZE;
	return shardmap_execute(table, SHARDMAP_OP_PUT, &op);
}

int shardmap_delete(int table, const void *key, size_t key_len)
{
	struct shardmap_op op = {
		.key = pointer(key),
		.key_len = key_len,
	};

	if (too_long(key_len, 0))
		return -EMSGSIZE;
	return shardmap_execute(table, SHARDMAP_OP_DELETE, &op);
}

int shardmap_get_or_put(int table, const void *key, size_t key_len,
			const void *value, size_t value_len, void *out,
			size_t *out_len, bool *inserted)
{
	struct shardmap_op op = {
		.key = pointer(key),
		.key_len = key_len,
		.value = pointer(value),
		.value_len = value_len,
		.out = pointer(out),
		.out_len = clamp_len(*out_len),
	};
	bool was_inserted;
	int ret;

	if (too_long(key_len, value_len))
		return -EMSGSIZE;
	ret = shardmap_execute(table, SHARDMAP_OP_GET_OR_PUT, &op);
	was_inserted = !ret && (op.flags & SHARDMAP_INSERTED);
	if ((!ret && !was_inserted) || ret == -ENOBUFS)
		*out_len = op.out_len;
	if (inserted)
		*inserted = was_inserted;
	return ret;
}

int shardmap_add(int table, const void *key, size_t key_len, uint64_t delta,
		 uint64_t initial, unsigned int flags, uint64_t *old)
{
	struct shardmap_op op = {
		.flags = flags,
		.key = pointer(key),
		.key_len = key_len,
		.delta = delta,
		.initial = initial,
	};
	int ret;

	if (too_long(key_len, 0))
		return -EMSGSIZE;
	ret = shardmap_execute(table, SHARDMAP_OP_ADD, &op);
	if (!ret && old)
		*old = op.old;
	return ret;
}
