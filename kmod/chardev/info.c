// SPDX-License-Identifier: GPL-2.0-only
/* What a table tells of itself: by INFO, and in /proc/PID/fdinfo. */
#include <linux/cred.h>
#include <linux/string.h>
#include <linux/user_namespace.h>

#include "chardev.h"

/* A name may be gone when the caller sees that it was there. */
static u32 state_of(const struct smdev_table *table)
{
	return (READ_ONCE(table->user_ns) ? SHARDMAP_NAMED : 0) |
	       (shardmap_is_frozen(table->map) ? SHARDMAP_FROZEN : 0);
}

/**
 * smdev_info() - SHARDMAP_IOC_INFO
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an errno as <uapi/linux/shardmap.h> says.
 */
long smdev_info(struct smdev_cmd *cmd)
{
	const struct smdev_table *table = cmd->table;
	struct shardmap_info *info = cmd->arg;
	struct shardmap_stats stats;

	BUILD_BUG_ON(sizeof(info->name) != sizeof(table->name));
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
		.evicted = stats.evicted,
		.expired = stats.expired,
		.access = cmd->access,
		.state = state_of(table),
		.mode = table->create.mode,
		.uid = from_kuid_munged(current_user_ns(), table->uid),
		.gid = from_kgid_munged(current_user_ns(), table->gid),
		.descriptors = atomic_read(&table->descriptors),
	};
	memcpy(info->name, table->name, sizeof(info->name));
	return smdev_reply(cmd);
}

/**
 * smdev_show_fdinfo() - Lines of a table descriptor in /proc/PID/fdinfo.
 * @m: where to
 * @file: the descriptor's file
 *
 * Context: Process context.
 */
void smdev_show_fdinfo(struct seq_file *m, struct file *file)
{
	const struct smdev_handle *handle = file->private_data;
	const struct smdev_table *table = handle->table;
	u32 state = state_of(table);

	seq_printf(m, "id:\t%llu\n", table->id);
	/* No control characters are in a name, so this is one line. */
	seq_printf(m, "name:\t%s\n", table->name);
	seq_printf(m, "entries:\t%llu\n", shardmap_count(table->map));
	seq_printf(m, "access:\t%s%s\n",
		   handle->access & SHARDMAP_READ ? "r" : "",
		   handle->access & SHARDMAP_WRITE ? "w" : "");
	seq_printf(m, "state:\t%s%s%s\n", state & SHARDMAP_NAMED ? "named" : "",
		   state == (SHARDMAP_NAMED | SHARDMAP_FROZEN) ? " " : "",
		   state & SHARDMAP_FROZEN ? "frozen" : "");
}
