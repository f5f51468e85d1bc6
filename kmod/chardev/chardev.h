/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Private structures of the device.  It uses the table through
 * <linux/shardmap.h> only, as any module could.
 */
#ifndef _SHARDMAP_CHARDEV_CHARDEV_H
#define _SHARDMAP_CHARDEV_CHARDEV_H

#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/poll.h>
#include <linux/shardmap.h>
#include <linux/stddef.h>
#include <linux/wait.h>
#include <uapi/linux/shardmap.h>

/**
 * struct smdev_table - what a table descriptor stands for
 * @map: the table
 * @id: its number, unique while the module is loaded
 * @create: the limits and flags it was made with
 */
struct smdev_table {
	struct shardmap *map;
	u64 id;
	struct shardmap_create create;
};

struct smdev_watch;

/**
 * struct smdev_handle - a descriptor of a table; its duplicates share it
 * @table: the table
 * @wait: who waits for changes to read, also before it watches
 * @watch: what it watches with, NULL before; set once
 */
struct smdev_handle {
	struct smdev_table *table;
	wait_queue_head_t wait;
	struct smdev_watch *watch;
};

/**
 * struct smdev_cmd - a command on its way
 * @handle: the table's descriptor, NULL for a command to the device
 * @table: the table, NULL for a command to the device
 * @uarg: the caller's structure
 * @user_size: its size
 * @size: size of @arg
 * @arg: kernel copy, fetched once
 */
struct smdev_cmd {
	struct smdev_handle *handle;
	struct smdev_table *table;
	void __user *uarg;
	u32 user_size;
	u32 size;
	void *arg;
};

/**
 * struct smdev_ioctl - a command that a descriptor knows
 * @nr: its number
 * @size: size of its structure here
 * @min_size: size of its structure when it was first published
 * @execute: carries it out; what it returns goes to the caller
 */
struct smdev_ioctl {
	unsigned int nr;
	u32 size;
	u32 min_size;
	long (*execute)(struct smdev_cmd *cmd);
};

#define SMDEV_IOCTL(_cmd, _execute, _struct, _last)                  \
	{                                                            \
		.nr = _IOC_NR(_cmd), .size = sizeof(struct _struct), \
		.min_size = offsetofend(struct _struct, _last),      \
		.execute = _execute,                                 \
	}

/* What users store is charged to their memory cgroup. */
#define SMDEV_GFP GFP_KERNEL_ACCOUNT

/* Room for the structure of any command; all begin with @size. */
union smdev_arg {
	u32 size;
	struct shardmap_create create;
	struct shardmap_device_info device_info;
	struct shardmap_info info;
	struct shardmap_op op;
	struct shardmap_batch batch;
	struct shardmap_scan scan;
	struct shardmap_clear clear;
	struct shardmap_watch watch;
};

/**
 * struct smdev_op - one operation, all of it in kernel memory
 * @opcode: enum shardmap_opcode
 * @flags: enum shardmap_op_flags
 * @key: the key
 * @key_len: its length in bytes
 * @value: value to store
 * @value_len: its length in bytes
 * @out: buffer for the value found
 * @out_len: in: its size; out: length of the value found
 * @version: out: version of the entry
 * @delta: number to add
 * @initial: what a new number starts from
 * @old: out: the number before
 */
struct smdev_op {
	u32 opcode;
	u32 flags;
	const void *key;
	u32 key_len;
	u32 value_len;
	const void *value;
	void *out;
	u32 out_len;
	u64 version;
	u64 delta;
	u64 initial;
	u64 old;
};

/* What CREATE knows. */
#define SMDEV_CREATE_FLAGS (SHARDMAP_CREATE_FAST_HASH | SHARDMAP_CREATE_INLINE)

/* ioctl.c */
long smdev_dispatch(struct smdev_handle *handle,
		    const struct smdev_ioctl *ioctls, size_t nr_ioctls,
		    unsigned int number, unsigned long arg);
int smdev_reply(const struct smdev_cmd *cmd);

/* op.c */
int smdev_op_check(const struct smdev_op *op, bool has_value, bool has_out);
int smdev_op_execute(struct shardmap *map, struct smdev_op *op);
bool smdev_op_updates(u32 opcode);

/* get.c */
long smdev_get_quick(struct smdev_table *table, struct shardmap_op __user *uop);

/* single.c */
long smdev_get(struct smdev_cmd *cmd);
long smdev_put(struct smdev_cmd *cmd);
long smdev_delete(struct smdev_cmd *cmd);
long smdev_get_or_put(struct smdev_cmd *cmd);
long smdev_add(struct smdev_cmd *cmd);

/* scratch.c */
void *smdev_scratch_get(size_t bytes);
void smdev_scratch_put(void *buf, size_t bytes);
void smdev_scratch_exit(void);

/* gets.c */
long smdev_batch_gets(struct smdev_cmd *cmd);

/* Do @len bytes at @off of a batch's input or output lie within its @size bytes? */
static inline bool smdev_within(u32 off, u32 len, u32 size)
{
	return off <= size && len <= size - off;
}

/* batch.c */
long smdev_batch(struct smdev_cmd *cmd);

/* scan.c */
long smdev_scan(struct smdev_cmd *cmd);
long smdev_clear(struct smdev_cmd *cmd);

/* watch.c */
long smdev_watch_begin(struct smdev_cmd *cmd);
void smdev_watch_end(struct smdev_handle *handle);
ssize_t smdev_watch_read(struct file *file, char __user *buf, size_t count,
			 loff_t *pos);
__poll_t smdev_watch_poll(struct file *file, poll_table *pt);

/* table.c */
long smdev_create(struct smdev_cmd *cmd);
u64 smdev_nr_tables(void);

#endif /* _SHARDMAP_CHARDEV_CHARDEV_H */
