// SPDX-License-Identifier: GPL-2.0-only
/* Table descriptors: made by CREATE, ended by the last close. */
#include <linux/anon_inodes.h>
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "chardev.h"

static atomic64_t last_id = ATOMIC64_INIT(0);
static atomic64_t nr_tables = ATOMIC64_INIT(0);

/**
 * smdev_nr_tables() - Number of tables that have a descriptor.
 *
 * Context: Any context.
 * Return: The number.
 */
u64 smdev_nr_tables(void)
{
	return atomic64_read(&nr_tables);
}

static long table_info(struct smdev_cmd *cmd)
{
	const struct smdev_table *table = cmd->table;
	struct shardmap_info *info = cmd->arg;
	struct shardmap_stats stats;

	if (info->reserved)
		return -EINVAL;
	shardmap_get_stats(table->map, &stats);
	*info = (struct shardmap_info){
		.size = info->size,
		.id = table->id,
		.flags = table->create.flags,
		.nr_shards = stats.nr_shards,
		.max_key_len = stats.max_key_len,
		.max_value_len = stats.max_value_len,
		.max_entries = table->create.max_entries,
		.max_bytes = table->create.max_bytes,
		.entries = stats.entries,
		.entry_bytes = stats.entry_bytes,
		.index_bytes = stats.index_bytes,
		.deferred_bytes = stats.deferred_bytes,
		.buckets = stats.buckets,
		.overflow_lines = stats.overflow_lines,
		.resizes = stats.resizes,
	};
	return smdev_reply(cmd);
}

/* Those most used come first. */
static const struct smdev_ioctl table_ioctls[] = {
	SMDEV_IOCTL(SHARDMAP_IOC_GET, smdev_get, shardmap_op, old),
	SMDEV_IOCTL(SHARDMAP_IOC_PUT, smdev_put, shardmap_op, old),
	SMDEV_IOCTL(SHARDMAP_IOC_DELETE, smdev_delete, shardmap_op, old),
	SMDEV_IOCTL(SHARDMAP_IOC_GET_OR_PUT, smdev_get_or_put, shardmap_op,
		    old),
	SMDEV_IOCTL(SHARDMAP_IOC_ADD, smdev_add, shardmap_op, old),
	SMDEV_IOCTL(SHARDMAP_IOC_BATCH, smdev_batch, shardmap_batch, reserved),
	SMDEV_IOCTL(SHARDMAP_IOC_SCAN, smdev_scan, shardmap_scan, done),
	SMDEV_IOCTL(SHARDMAP_IOC_INFO, table_info, shardmap_info, resizes),
	SMDEV_IOCTL(SHARDMAP_IOC_CLEAR, smdev_clear, shardmap_clear, removed),
	SMDEV_IOCTL(SHARDMAP_IOC_WATCH, smdev_watch_begin, shardmap_watch,
		    reserved),
};

static long table_ioctl(struct file *file, unsigned int number,
			unsigned long arg)
{
	struct smdev_handle *handle = file->private_data;

	if (number == SHARDMAP_IOC_GET) {
		long ret = smdev_get_quick(handle->table,
					   (struct shardmap_op __user *)arg);

		if (likely(ret <= 0))
			return ret;
	}
	return smdev_dispatch(handle, table_ioctls, ARRAY_SIZE(table_ioctls),
			      number, arg);
}

static void table_destroy(struct smdev_table *table)
{
	shardmap_destroy(table->map);
	kfree(table);
	atomic64_dec(&nr_tables);
}

static int table_release(struct inode *inode, struct file *file)
{
	struct smdev_handle *handle = file->private_data;

	smdev_watch_end(handle);
	table_destroy(handle->table);
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
};

static struct smdev_table *table_create(const struct shardmap_create *create)
{
	struct shardmap_params params = {
		.flags = SHARDMAP_ACCOUNT,
		.nr_shards = create->nr_shards,
		.max_key_len = create->max_key_len,
		.max_value_len = create->max_value_len,
		.max_entries = create->max_entries,
		.max_bytes = create->max_bytes,
	};
	struct smdev_table *table;
	int err;

	if (create->flags & SHARDMAP_CREATE_FAST_HASH)
		params.flags |= SHARDMAP_FAST_HASH;
	if (create->flags & SHARDMAP_CREATE_INLINE)
		params.flags |= SHARDMAP_INLINE;
	table = kzalloc(sizeof(*table), GFP_KERNEL_ACCOUNT);
	if (!table)
		return ERR_PTR(-ENOMEM);
	table->map = shardmap_create(&params);
	if (IS_ERR(table->map)) {
		err = PTR_ERR(table->map);
		kfree(table);
		return ERR_PTR(err);
	}
	table->id = atomic64_inc_return(&last_id);
	table->create = *create;
	table->create.max_key_len = create->max_key_len ?: SHARDMAP_MAX_KEY_LEN;
	table->create.max_value_len = create->max_value_len ?:
					      SHARDMAP_MAX_VALUE_LEN;
	atomic64_inc(&nr_tables);
	return table;
}

/**
 * smdev_create() - SHARDMAP_IOC_CREATE
 * @cmd: the command
 *
 * The descriptor is installed last: nobody can use a half-made table.
 *
 * Context: Process context.
 * Return: The descriptor, or an errno as <uapi/linux/shardmap.h> says.
 */
long smdev_create(struct smdev_cmd *cmd)
{
	const struct shardmap_create *create = cmd->arg;
	struct smdev_handle *handle;
	struct smdev_table *table;
	struct file *file;
	int fd, err;

	BUILD_BUG_ON(SHARDMAP_KEY_LEN_MAX != SHARDMAP_MAX_KEY_LEN);
	BUILD_BUG_ON(SHARDMAP_VALUE_LEN_MAX != SHARDMAP_MAX_VALUE_LEN);
	BUILD_BUG_ON(SHARDMAP_SHARDS_MAX != SHARDMAP_MAX_SHARDS);
	BUILD_BUG_ON(SHARDMAP_INLINE_LEN_MAX != SHARDMAP_INLINE_KEY_LEN);
	BUILD_BUG_ON(SHARDMAP_INLINE_LEN_MAX != SHARDMAP_INLINE_VALUE_LEN);

	if (create->reserved || create->flags & ~SMDEV_CREATE_FLAGS)
		return -EINVAL;
	table = table_create(create);
	if (IS_ERR(table))
		return PTR_ERR(table);
	handle = kzalloc(sizeof(*handle), GFP_KERNEL_ACCOUNT);
	if (!handle) {
		err = -ENOMEM;
		goto destroy_table;
	}
	handle->table = table;
	init_waitqueue_head(&handle->wait);
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0) {
		err = fd;
		goto free_handle;
	}
	file = anon_inode_getfile("[shardmap]", &table_fops, handle, O_RDWR);
	if (IS_ERR(file)) {
		err = PTR_ERR(file);
		goto put_fd;
	}
	fd_install(fd, file);
	return fd;

put_fd:
	put_unused_fd(fd);
free_handle:
	kfree(handle);
destroy_table:
	table_destroy(table);
	return err;
}
