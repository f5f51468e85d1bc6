// SPDX-License-Identifier: GPL-2.0-only
/* A table of descriptors, the device's node, and the caller. */
#include <stdarg.h>
#include <stdio.h>

#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/miscdevice.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

#include "file.h"
#include "host.h"

static struct file *files[HOST_FILES];
static bool reserved[HOST_FILES];
static const struct file_operations *device;

struct host_caller host_caller;

struct file *host_file(unsigned int fd)
{
	return fd < HOST_FILES ? files[fd] : NULL;
}

void host_close(unsigned int fd)
{
	struct file *file = host_file(fd);

	if (!file)
		return;
	files[fd] = NULL;
	put_unused_fd(fd);
	fput(file);
}

long host_device_ioctl(unsigned int number, unsigned long arg)
{
	struct file file = { .f_op = device };

	return device->unlocked_ioctl(&file, number, arg);
}

int get_unused_fd_flags(unsigned int flags)
{
	unsigned int fd;

	if (flags != O_CLOEXEC)
		host_bug("a descriptor that survives exec()");
	for (fd = 0; fd < HOST_FILES; fd++)
		if (!reserved[fd]) {
			reserved[fd] = true;
			return fd;
		}
	return -EMFILE;
}

void put_unused_fd(unsigned int fd)
{
	if (!reserved[fd] || files[fd])
		host_bug("put_unused_fd() of another's descriptor");
	reserved[fd] = false;
}

void fd_install(unsigned int fd, struct file *file)
{
	if (!reserved[fd] || files[fd])
		host_bug("fd_install() of another's descriptor");
	files[fd] = file;
}

void fput(struct file *file)
{
	file->f_op->release(NULL, file);
	kfree(file);
}

struct file *anon_inode_getfile(const char *name,
				const struct file_operations *fops, void *data,
				int flags)
{
	struct file *file = kzalloc(sizeof(*file), GFP_KERNEL);

	if (!file)
		return ERR_PTR(-ENFILE);
	file->f_op = fops;
	file->f_flags = flags;
	file->private_data = data;
	return file;
}

int misc_register(struct miscdevice *misc)
{
	device = misc->fops;
	return 0;
}

void misc_deregister(struct miscdevice *misc)
{
	device = NULL;
}

int nonseekable_open(struct inode *inode, struct file *file)
{
	return 0;
}

long compat_ptr_ioctl(struct file *file, unsigned int number, unsigned long arg)
{
	return file->f_op->unlocked_ioctl(file, number, (u32)arg);
}

void seq_printf(struct seq_file *m, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	m->used += vsnprintf(m->buf + m->used, sizeof(m->buf) - m->used, format,
			     args);
	va_end(args);
	if (m->used >= sizeof(m->buf))
		host_bug("seq_printf(): more than this shim can");
}
