// SPDX-License-Identifier: GPL-2.0-only
/*
 * From an ioctl number to its handler: one copy in, and handlers that see kernel
 * memory only.
 */
#include <linux/mm.h>
#include <linux/uaccess.h>

#include "chardev.h"
#include "user.h"

/* The layout is the same for 32-bit callers, has no holes and does not change. */
static void __maybe_unused build_check_abi(void)
{
	BUILD_BUG_ON(sizeof(struct shardmap_create) != 56);
	BUILD_BUG_ON(sizeof(struct shardmap_open) != 24);
	BUILD_BUG_ON(sizeof(struct shardmap_unlink) != 24);
	BUILD_BUG_ON(sizeof(struct shardmap_list_record) != 32);
	BUILD_BUG_ON(sizeof(struct shardmap_list) != 40);
	BUILD_BUG_ON(sizeof(struct shardmap_device_info) != 88);
	BUILD_BUG_ON(sizeof(struct shardmap_info) != 208);
	BUILD_BUG_ON(sizeof(struct shardmap_op) != 96);
	BUILD_BUG_ON(offsetof(struct shardmap_op, version) != 48);
	BUILD_BUG_ON(sizeof(struct shardmap_batch_op) != 80);
	BUILD_BUG_ON(offsetof(struct shardmap_batch_op, version) != 32);
	BUILD_BUG_ON(sizeof(struct shardmap_batch) != 56);
	BUILD_BUG_ON(sizeof(struct shardmap_record) != 32);
	BUILD_BUG_ON(sizeof(struct shardmap_scan) != 64);
	BUILD_BUG_ON(sizeof(struct shardmap_clear) != 16);
	BUILD_BUG_ON(sizeof(struct shardmap_handle) != 8);
	BUILD_BUG_ON(sizeof(struct shardmap_freeze) != 8);
	BUILD_BUG_ON(sizeof(struct shardmap_reserve) != 16);
	BUILD_BUG_ON(sizeof(struct shardmap_watch) != 16);
	BUILD_BUG_ON(sizeof(struct shardmap_change) != 16);
	BUILD_BUG_ON(sizeof(union smdev_arg) > 256);
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

/* The structure of a caller that was compiled with a shorter or a longer one. */
static noinline int fetch_other(struct smdev_cmd *cmd, u32 min_size)
{
	if (get_user(cmd->user_size, (u32 __user *)cmd->uarg))
		return -EFAULT;
	if (cmd->user_size < min_size)
		return -EINVAL;
	if (cmd->user_size > PAGE_SIZE)
		return -E2BIG;
	return copy_struct_from_user(cmd->arg, cmd->size, cmd->uarg,
				     cmd->user_size);
}

/* Guess that the caller has this kernel's structure; what else it is starts anew. */
static int fetch(struct smdev_cmd *cmd, union smdev_arg *buffer, u32 min_size)
{
	if (likely(!smdev_get_words(buffer, cmd->uarg, cmd->size) &&
		   buffer->size == cmd->size))
		return 0;
	return fetch_other(cmd, min_size);
}

/**
 * smdev_dispatch() - Carry out an ioctl.
 * @handle: the table's descriptor, NULL for the device
 * @ioctls: commands that the descriptor knows
 * @nr_ioctls: how many
 * @number: number that the caller gave
 * @arg: argument that the caller gave
 *
 * Context: Process context.
 * Return: What the handler returns; -ENOTTY for an unknown number; -EINVAL,
 * -E2BIG or -EFAULT for a structure of the wrong size or at a bad address; -EACCES
 * if the descriptor is not for this command.
 */
long smdev_dispatch(struct smdev_handle *handle,
		    const struct smdev_ioctl *ioctls, size_t nr_ioctls,
		    unsigned int number, unsigned long arg)
{
	const struct smdev_ioctl *ioctl = find(ioctls, nr_ioctls, number);
	/* fetch() fills what the command's structure has. */
	union smdev_arg buffer __uninitialized;
	struct smdev_cmd cmd;
	int err;

	if (!ioctl)
		return -ENOTTY;
	cmd = (struct smdev_cmd){
		.handle = handle,
		.table = handle ? handle->table : NULL,
		.access = handle ? handle->access : 0,
		.uarg = (void __user *)arg,
		.user_size = ioctl->size,
		.size = ioctl->size,
		.arg = &buffer,
	};
	err = fetch(&cmd, &buffer, ioctl->min_size);
	if (err)
		return err;
	if (unlikely(ioctl->access & ~cmd.access))
		return -EACCES;
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
	if (likely(cmd->user_size >= cmd->size))
		return smdev_put_words(cmd->uarg, cmd->arg, cmd->size);
	return copy_to_user(cmd->uarg, cmd->arg, cmd->user_size) ? -EFAULT : 0;
}
