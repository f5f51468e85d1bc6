// SPDX-License-Identifier: GPL-2.0-only
/* Loading and unloading: first the table, then the device that uses it. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>

#include "chardev/device.h"
#include "core/core.h"

static int __init shardmap_init(void)
{
	int err;

	err = sm_core_init();
	if (err)
		return err;
	err = smdev_init();
	if (err)
		goto exit_core;
	pr_info("loaded\n");
	return 0;

exit_core:
	sm_core_exit();
	return err;
}

static void __exit shardmap_exit(void)
{
	smdev_exit();
	sm_core_exit();
}

module_init(shardmap_init);
module_exit(shardmap_exit);

MODULE_DESCRIPTION("Sharded concurrent hash table with an ioctl device");
MODULE_AUTHOR("The shardmap authors");
MODULE_VERSION("0.1.0");
MODULE_LICENSE("GPL");
