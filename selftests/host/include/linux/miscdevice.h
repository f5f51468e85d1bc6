/* SPDX-License-Identifier: GPL-2.0-only */
/* The device's node; see shim/file.c. */
#ifndef _HOST_LINUX_MISCDEVICE_H
#define _HOST_LINUX_MISCDEVICE_H

#include <linux/fs.h>

#define MISC_DYNAMIC_MINOR 255

struct miscdevice {
	int minor;
	const char *name;
	const struct file_operations *fops;
};

int misc_register(struct miscdevice *misc);
void misc_deregister(struct miscdevice *misc);

#endif /* _HOST_LINUX_MISCDEVICE_H */
