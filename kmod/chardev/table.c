// SPDX-License-Identifier: GPL-2.0-only
/* Table descriptors: what they understand, how they are made and closed. */
#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "chardev.h"

static long table_handle(struct smdev_cmd *cmd)
{
	const struct shardmap_handle *arg = cmd->arg;

	if (!arg->access || arg->access & ~(SHARDMAP_READ | SHARDMAP_WRITE))
		return -EINVAL;
	if (arg->access & ~cmd->access)
		return -EACCES;
	return smdev_handle_open(cmd->table, arg->access);
}

static long table_freeze(struct smdev_cmd *cmd)
{
	const struct shardmap_freeze *arg = cmd->arg;

	if (arg->flags)
		return -EINVAL;
	shardmap_freeze(cmd->table->map);
	return 0;
}

static long table_reserve(struct smdev_cmd *cmd)
{
	const struct shardmap_reserve *arg = cmd->arg;

	BUILD_BUG_ON(SHARDMAP_RESERVE_MAX != SHARDMAP_MAX_RESERVE);
	if (arg->flags)
		return -EINVAL;
	return shardmap_reserve(cmd->table->map, arg->entries);
}

/* Those most used come first.  Operations look at the access themselves. */
static const struct smdev_ioctl table_ioctls[] = {
	SMDEV_IOCTL(SHARDMAP_IOC_GET, smdev_get, shardmap_op, old),
	SMDEV_IOCTL(SHARDMAP_IOC_PUT, smdev_put, shardmap_op, old),
	SMDEV_IOCTL(SHARDMAP_IOC_DELETE, smdev_delete, shardmap_op, old),
	SMDEV_IOCTL(SHARDMAP_IOC_GET_OR_PUT, smdev_get_or_put, shardmap_op,
		    old),
	SMDEV_IOCTL(SHARDMAP_IOC_ADD, smdev_add, shardmap_op, old),
	SMDEV_IOCTL(SHARDMAP_IOC_CAS, smdev_cas, shardmap_op, old),
	SMDEV_IOCTL(SHARDMAP_IOC_TAKE, smdev_take, shardmap_op, old),
	SMDEV_IOCTL(SHARDMAP_IOC_BATCH, smdev_batch, shardmap_batch, reserved),
	SMDEV_IOCTL_FOR(SHARDMAP_READ, SHARDMAP_IOC_SCAN, smdev_scan,
			shardmap_scan, done),
	SMDEV_IOCTL(SHARDMAP_IOC_INFO, smdev_info, shardmap_info, resizes),
	SMDEV_IOCTL_FOR(SHARDMAP_WRITE, SHARDMAP_IOC_CLEAR, smdev_clear,
			shardmap_clear, removed),
	SMDEV_IOCTL(SHARDMAP_IOC_HANDLE, table_handle, shardmap_handle, access),
	SMDEV_IOCTL_FOR(SHARDMAP_WRITE, SHARDMAP_IOC_FREEZE, table_freeze,
			shardmap_freeze, flags),
	SMDEV_IOCTL_FOR(SHARDMAP_WRITE, SHARDMAP_IOC_RESERVE, table_reserve,
			shardmap_reserve, entries),
	SMDEV_IOCTL_FOR(SHARDMAP_READ, SHARDMAP_IOC_WATCH, smdev_watch_begin,
			shardmap_watch, reserved),
};

static long table_ioctl(struct file *file, unsigned int number,
			unsigned long arg)
{
	struct smdev_handle *handle = file->private_data;

	if (number == SHARDMAP_IOC_GET) {
		long ret = smdev_get_quick(handle,
					   (struct shardmap_op __user *)arg);

		if (likely(ret <= 0))
			return ret;
	}
	return smdev_dispatch(handle, table_ioctls, ARRAY_SIZE(table_ioctls),
			      number, arg);
}

static int table_release(struct inode *inode, struct file *file)
{
	struct smdev_handle *handle = file->private_data;

	smdev_watch_end(handle);
	atomic_dec(&handle->table->descriptors);
	smdev_table_put(handle->table);
	kfree(handle);
	return 0;
}

static const struct file_operations table_fops = {
	.owner = THIS_MODULE,
	.release = table_release,
	.read = smdev_watch_read,
	.poll = smdev_watch_poll,
	.unlocked_ioctl = table_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.show_fdinfo = smdev_show_fdinfo,
};

static int open_flags(u32 access)
{
	return access == SHARDMAP_READ	? O_RDONLY :
	       access == SHARDMAP_WRITE ? O_WRONLY :
					  O_RDWR;
}

static struct file *handle_file(struct smdev_table *table, u32 access)
{
	struct smdev_handle *handle = kzalloc(sizeof(*handle), SMDEV_GFP);
	struct file *file;

	if (!handle)
		return ERR_PTR(-ENOMEM);
	handle->table = table;
	handle->access = access;
	init_waitqueue_head(&handle->wait);
	file = anon_inode_getfile("[shardmap]", &table_fops, handle,
				  open_flags(access));
	if (IS_ERR(file)) {
		kfree(handle);
		return file;
	}
	/* From here on the release drops both. */
	refcount_inc(&table->refs);
	atomic_inc(&table->descriptors);
	return file;
}

/**
 * smdev_handle_make() - Make a descriptor that nobody can use yet.
 * @table: the table; the descriptor takes a reference of its own
 * @access: enum shardmap_access
 * @filep: out: the file, to be given to fd_install(), or to fput() after
 *	put_unused_fd()
 *
 * Context: Process context.
 * Return: The number reserved for it; -EMFILE, -ENFILE or -ENOMEM.
 */
int smdev_handle_make(struct smdev_table *table, u32 access,
		      struct file **filep)
{
	int fd = get_unused_fd_flags(O_CLOEXEC);
	struct file *file;

	if (fd < 0)
		return fd;
	file = handle_file(table, access);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		return PTR_ERR(file);
	}
	*filep = file;
	return fd;
}

/**
 * smdev_handle_open() - Give the caller a descriptor.
 * @table: the table; the descriptor takes a reference of its own
 * @access: enum shardmap_access
 *
 * Context: Process context.
 * Return: The descriptor; -EMFILE, -ENFILE or -ENOMEM.
 */
int smdev_handle_open(struct smdev_table *table, u32 access)
{
	struct file *file;
	int fd = smdev_handle_make(table, access, &file);

	if (fd >= 0)
		fd_install(fd, file);
	return fd;
}
