/* SPDX-License-Identifier: GPL-2.0-only */
/* Files: what a descriptor leads to; see shim/file.c. */
#ifndef _HOST_LINUX_FS_H
#define _HOST_LINUX_FS_H

#include <fcntl.h>
#include <linux/kernel.h>
#include <linux/types.h>

struct file;
struct inode;
struct seq_file;
typedef struct poll_table_struct poll_table;
typedef unsigned int __poll_t;

struct file_operations {
	void *owner;
	int (*open)(struct inode *inode, struct file *file);
	int (*release)(struct inode *inode, struct file *file);
	ssize_t (*read)(struct file *file, char __user *buf, size_t count,
			loff_t *pos);
	__poll_t (*poll)(struct file *file, poll_table *pt);
	long (*unlocked_ioctl)(struct file *file, unsigned int number,
			       unsigned long arg);
	long (*compat_ioctl)(struct file *file, unsigned int number,
			     unsigned long arg);
	void (*show_fdinfo)(struct seq_file *m, struct file *file);
};

struct file {
	const struct file_operations *f_op;
	unsigned int f_flags;
	void *private_data;
};

int nonseekable_open(struct inode *inode, struct file *file);
long compat_ptr_ioctl(struct file *file, unsigned int number,
		      unsigned long arg);

#endif /* _HOST_LINUX_FS_H */
