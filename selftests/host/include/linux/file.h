/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers of descriptors; see shim/file.c. */
#ifndef _HOST_LINUX_FILE_H
#define _HOST_LINUX_FILE_H

#include <linux/fs.h>

int get_unused_fd_flags(unsigned int flags);
void put_unused_fd(unsigned int fd);
void fd_install(unsigned int fd, struct file *file);
void fput(struct file *file);

#endif /* _HOST_LINUX_FILE_H */
