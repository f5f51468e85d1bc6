// SPDX-License-Identifier: GPL-2.0-only
/* The device node: it makes tables and tells what the module can do. */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>

#include "chardev.h"
#include "device.h"

static long device_info(struct smdev_cmd *cmd)
{
	struct shardmap_device_info *info = cmd->arg;

	if (info->reserved)
		return -EINVAL;
	*info = (struct shardmap_device_info){
		.size = info->size,
		.create_flags = SMDEV_CREATE_FLAGS,
		.opcodes = GENMASK_ULL(SHARDMAP_OP_NR - 1, 0),
		.max_key_len = SHARDMAP_KEY_LEN_MAX,
		.max_value_len = SHARDMAP_VALUE_LEN_MAX,
		.max_shards = SHARDMAP_SHARDS_MAX,
		.max_batch_ops = SHARDMAP_BATCH_OPS_MAX,
		.tables = smdev_nr_tables(),
		.max_atomic_ops = SHARDMAP_ATOMIC_OPS_MAX,
		.max_name_len = SHARDMAP_NAME_LEN_MAX,
	};
	smdev_user_info(info);
	return smdev_reply(cmd);
}

static const struct smdev_ioctl device_ioctls[] = {
	SMDEV_IOCTL(SHARDMAP_IOC_CREATE, smdev_create, shardmap_create,
		    max_bytes),
	SMDEV_IOCTL(SHARDMAP_IOC_OPEN, smdev_open, shardmap_open, reserved),
	SMDEV_IOCTL(SHARDMAP_IOC_UNLINK, smdev_unlink, shardmap_unlink,
		    reserved),
	SMDEV_IOCTL(SHARDMAP_IOC_LIST, smdev_list, shardmap_list, done),
	SMDEV_IOCTL(SHARDMAP_IOC_DEVICE_INFO, device_info, shardmap_device_info,
		    tables),
};

static long device_ioctl(struct file *file, unsigned int number,
			 unsigned long arg)
{
	return smdev_dispatch(NULL, device_ioctls, ARRAY_SIZE(device_ioctls),
			      number, arg);
}

static const struct file_operations device_fops = {
	.owner = THIS_MODULE,
	.open = nonseekable_open,
	.unlocked_ioctl = device_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "shardmap",
	.fops = &device_fops,
};

/**
 * smdev_init() - Make the device node.
 *
 * Context: Process context, at load.
 * Return: 0 or an errno of misc_register().
 */
int smdev_init(void)
{
	return misc_register(&device);
}

/**
 * smdev_exit() - Take the device node away, and all names.
 *
 * Context: Process context, at unload, when no descriptor is open.
 */
void smdev_exit(void)
{
	misc_deregister(&device);
	smdev_names_exit();
	smdev_scratch_exit();
}
