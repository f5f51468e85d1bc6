/* SPDX-License-Identifier: GPL-2.0-only */
/* Descriptors without a name; see shim/file.c. */
#ifndef _HOST_LINUX_ANON_INODES_H
#define _HOST_LINUX_ANON_INODES_H

#include <linux/fs.h>

struct file *anon_inode_getfile(const char *name,
				const struct file_operations *fops, void *data,
				int flags);

#endif /* _HOST_LINUX_ANON_INODES_H */
