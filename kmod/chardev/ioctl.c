// SPDX-License-Identifier: GPL-2.0-only
/*
 * From an ioctl number to its handler: one copy in, and handlers that see kernel
 * memory only.
 */
#include <linux/mm.h>
#include <linux/uaccess.h>

#include "chardev.h"

/* The layout is the same for 32-bit callers, has no holes and does not change. */
static void __maybe_unused build_check_abi(void)
{
	BUILD_BUG_ON(sizeof(struct shardmap_create) != 40);
	BUILD_BUG_ON(sizeof(struct shardmap_device_info) != 48);
	BUILD_BUG_ON(sizeof(struct shardmap_info) != 104);
	BUILD_BUG_ON(sizeof(struct shardmap_op) != 80);
	BUILD_BUG_ON(offsetof(struct shardmap_op, version) != 48);
	BUILD_BUG_ON(sizeof(struct shardmap_batch_op) != 64);
	BUILD_BUG_ON(offsetof(struct shardmap_batch_op, version) != 32);
	BUILD_BUG_ON(sizeof(struct shardmap_batch) != 56);
	BUILD_BUG_ON(sizeof(struct shardmap_record) != 24);
	BUILD_BUG_ON(sizeof(struct shardmap_scan) != 48);
	BUILD_BUG_ON(sizeof(struct shardmap_clear) != 16);
	BUILD_BUG_ON(sizeof(union smdev_arg) > 128);
}

static const struct smdev_ioctl *find(const struct smdev_ioctl *ioctls,
				      size_t nr_ioctls, unsigned int number)
{
	size_t i;

	/* The size bits are ignored: the structure tells its size itself. */
	if (_IOC_TYPE(number) != SHARDMAP_IOC_TYPE ||
	    _IOC_DIR(number) != (_IOC_READ | _IOC_WRITE))
		return NULL;
	for (i = 0; i < nr_ioctls; i++)
		if (ioctls[i].nr == _IOC_NR(number))
			return &ioctls[i];
	return NULL;
}

/**
 * smdev_dispatch() - Carry out an ioctl.
 * @table: the table, NULL for the device
 * @ioctls: commands that the descriptor knows
 * @nr_ioctls: how many
 * @number: number that the caller gave
 * @arg: argument that the caller gave
 *
 * Context: Process context.
 * Return: What the handler returns; -ENOTTY for an unknown number; -EINVAL,
 * -E2BIG or -EFAULT for a structure of the wrong size or at a bad address.
 */
long smdev_dispatch(struct smdev_table *table, const struct smdev_ioctl *ioctls,
		    size_t nr_ioctls, unsigned int number, unsigned long arg)
{
	const struct smdev_ioctl *ioctl = find(ioctls, nr_ioctls, number);
	union smdev_arg buffer;
	struct smdev_cmd cmd = {
		.table = table,
		.uarg = (void __user *)arg,
		.arg = &buffer,
	};
	int err;

	if (!ioctl)
		return -ENOTTY;
	if (get_user(cmd.user_size, (u32 __user *)cmd.uarg))
		return -EFAULT;
	if (cmd.user_size < ioctl->min_size)
		return -EINVAL;
	if (cmd.user_size > PAGE_SIZE)
		return -E2BIG;
	cmd.size = ioctl->size;
	err = copy_struct_from_user(cmd.arg, cmd.size, cmd.uarg, cmd.user_size);
	if (err)
		return err;
	return ioctl->execute(&cmd);
}

/**
 * smdev_reply() - Copy a command's structure back.
 * @cmd: the command
 *
 * Called before an update with nothing changed yet, it makes sure that the reply
 * will find writable memory.
 *
 * Context: Process context.
 * Return: 0 or -EFAULT.
 */
int smdev_reply(const struct smdev_cmd *cmd)
{
	if (copy_to_user(cmd->uarg, cmd->arg, min(cmd->user_size, cmd->size)))
		return -EFAULT;
	return 0;
}
