// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device, and tables as a whole.
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

int shardmap_handle(int table, unsigned int access)
{
	struct shardmap_handle handle = { .size = sizeof(handle),
					  .access = access };

	return command(table, SHARDMAP_IOC_HANDLE, &handle);
}

int shardmap_freeze(int table)
{
	struct shardmap_freeze freeze = { .size = sizeof(freeze) };

	return command(table, SHARDMAP_IOC_FREEZE, &freeze);
}

int shardmap_reserve(int table, uint64_t entries)
{
	struct shardmap_reserve reserve = { .size = sizeof(reserve),
					    .entries = entries };

	return command(table, SHARDMAP_IOC_RESERVE, &reserve);
}
