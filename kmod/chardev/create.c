// SPDX-License-Identifier: GPL-2.0-only
/* Tables: made by CREATE, gone with the last descriptor and the name. */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/slab.h>

#include "chardev.h"

static atomic64_t last_id = ATOMIC64_INIT(0);
static atomic64_t nr_tables = ATOMIC64_INIT(0);

/**
 * smdev_nr_tables() - Number of tables that have a descriptor or a name.
 *
 * Context: Any context.
 * Return: The number.
 */
u64 smdev_nr_tables(void)
{
	return atomic64_read(&nr_tables);
}

/**
 * smdev_new_id() - A number for a new table.
 *
 * Context: Any context.
 * Return: A number higher than any before.
 */
u64 smdev_new_id(void)
{
	return atomic64_inc_return(&last_id);
}

/**
 * smdev_table_put() - Drop a reference to a table; the last one ends it.
 * @table: the table
 *
 * Context: Process context, not under names_lock.
 */
void smdev_table_put(struct smdev_table *table)
{
	if (!refcount_dec_and_test(&table->refs))
		return;
	shardmap_destroy(table->map);
	smdev_user_uncharge(table->user);
	kfree(table);
	atomic64_dec(&nr_tables);
}

static struct shardmap *map_create(const struct shardmap_create *create,
				   struct shardmap_quota *quota)
{
	struct shardmap_params params = {
		.flags = SHARDMAP_ACCOUNT,
		.nr_shards = create->nr_shards,
		.max_key_len = create->max_key_len,
		.max_value_len = create->max_value_len,
		.max_entries = create->max_entries,
		.max_bytes = create->max_bytes,
		.quota = quota,
	};

	if (create->flags & SHARDMAP_CREATE_FAST_HASH)
		params.flags |= SHARDMAP_FAST_HASH;
	if (create->flags & SHARDMAP_CREATE_INLINE)
		params.flags |= SHARDMAP_INLINE;
	if (create->flags & SHARDMAP_CREATE_EVICT)
		params.flags |= SHARDMAP_EVICT;
	return shardmap_create(&params);
}

/* A table with one reference and no number. */
static struct smdev_table *table_create(const struct shardmap_create *create)
{
	struct smdev_table *table = kzalloc(sizeof(*table), SMDEV_GFP);
	struct shardmap_quota *quota;
	int err;

	if (!table)
		return ERR_PTR(-ENOMEM);
	if (create->name) {
		err = smdev_name_copy_in(table->name, create->name,
					 create->name_len);
		if (err)
			goto free_table;
	}
	table->uid = current_fsuid();
	table->gid = current_fsgid();
	table->user = smdev_user_charge(table->uid, &quota);
	if (IS_ERR(table->user)) {
		err = PTR_ERR(table->user);
		goto free_table;
	}
	table->map = map_create(create, quota);
	if (IS_ERR(table->map)) {
		err = PTR_ERR(table->map);
		goto uncharge_user;
	}
	table->create = *create;
	table->create.max_key_len = create->max_key_len ?: SHARDMAP_MAX_KEY_LEN;
	table->create.max_value_len = create->max_value_len ?:
					      SHARDMAP_MAX_VALUE_LEN;
	refcount_set(&table->refs, 1);
	atomic64_inc(&nr_tables);
	return table;

uncharge_user:
	smdev_user_uncharge(table->user);
free_table:
	kfree(table);
	return ERR_PTR(err);
}

static bool create_is_valid(const struct shardmap_create *create)
{
	if (create->reserved || create->flags & ~SMDEV_CREATE_FLAGS)
		return false;
	if (!create->name)
		return !create->name_len && !create->mode;
	return !(create->mode & ~0666U);
}

/**
 * smdev_create() - SHARDMAP_IOC_CREATE
 * @cmd: the command
 *
 * The name comes when the table is whole, and the descriptor is installed last:
 * nobody can use a half-made table.
 *
 * Context: Process context.
 * Return: The descriptor, or an errno as <uapi/linux/shardmap.h> says.
 */
long smdev_create(struct smdev_cmd *cmd)
{
	const struct shardmap_create *create = cmd->arg;
	struct smdev_table *table;
	struct file *file;
	int fd, err;

	BUILD_BUG_ON(SHARDMAP_KEY_LEN_MAX != SHARDMAP_MAX_KEY_LEN);
	BUILD_BUG_ON(SHARDMAP_VALUE_LEN_MAX != SHARDMAP_MAX_VALUE_LEN);
	BUILD_BUG_ON(SHARDMAP_SHARDS_MAX != SHARDMAP_MAX_SHARDS);
	BUILD_BUG_ON(SHARDMAP_INLINE_LEN_MAX != SHARDMAP_INLINE_KEY_LEN);
	BUILD_BUG_ON(SHARDMAP_INLINE_LEN_MAX != SHARDMAP_INLINE_VALUE_LEN);

	if (!create_is_valid(create))
		return -EINVAL;
	table = table_create(create);
	if (IS_ERR(table))
		return PTR_ERR(table);
	fd = smdev_handle_make(table, SHARDMAP_READ | SHARDMAP_WRITE, &file);
	if (fd < 0) {
		err = fd;
		goto put_table;
	}
	if (create->name) {
		err = smdev_name_add(table);
		if (err)
			goto drop_handle;
	} else {
		table->id = smdev_new_id();
	}
	fd_install(fd, file);
	smdev_table_put(table);
	return fd;

drop_handle:
	put_unused_fd(fd);
	fput(file);
put_table:
	smdev_table_put(table);
	return err;
}
