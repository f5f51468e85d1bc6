/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Private structures of the device.  It uses the table through
 * <linux/shardmap.h> only, as any module could.
 */
#ifndef _SHARDMAP_CHARDEV_CHARDEV_H
#define _SHARDMAP_CHARDEV_CHARDEV_H

#include <linux/atomic.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/poll.h>
#include <linux/rbtree.h>
#include <linux/refcount.h>
#include <linux/seq_file.h>
#include <linux/shardmap.h>
#include <linux/stddef.h>
#include <linux/uidgid.h>
#include <linux/wait.h>
#include <uapi/linux/shardmap.h>

struct smdev_user;
struct smdev_watch;
struct user_namespace;

/**
 * struct smdev_table - a table with what only the device knows of it
 * @map: the table
 * @id: its number, unique while the module is loaded
 * @create: the limits, flags and mode it was made with
 * @refs: one for each descriptor, one for the name
 * @descriptors: number of open descriptors
 * @user: whom it is counted to
 * @uid: owner
 * @gid: group
 * @name: name it was made with, zeros behind it
 * @user_ns: where it has the name, NULL if it has none; under names_lock with
 *	WRITE_ONCE()
 * @by_name: place in the tree of names, under names_lock
 * @by_id: place in the list of names, under names_lock
 *
 * What is not marked does not change after CREATE.
 */
struct smdev_table {
	struct shardmap *map;
	u64 id;
	struct shardmap_create create;
	refcount_t refs;
	atomic_t descriptors;
	struct smdev_user *user;
	kuid_t uid;
	kgid_t gid;
	char name[SHARDMAP_NAME_LEN_MAX + 1];
	struct user_namespace *user_ns;
	struct rb_node by_name;
	struct list_head by_id;
};

/**
 * struct smdev_handle - a descriptor of a table; its duplicates share it
 * @table: the table, which it has a reference to
 * @access: enum shardmap_access, does not change
 * @wait: who waits for changes to read, also before it watches
 * @watch: what it watches with, NULL before; set once
 */
struct smdev_handle {
	struct smdev_table *table;
	u32 access;
	wait_queue_head_t wait;
	struct smdev_watch *watch;
};

/**
 * struct smdev_cmd - a command on its way
 * @handle: the table's descriptor, NULL for a command to the device
 * @table: the table, NULL for a command to the device
 * @access: what the descriptor may be used for
 * @uarg: the caller's structure
 * @user_size: its size
 * @size: size of @arg
 * @arg: kernel copy, fetched once
 */
struct smdev_cmd {
	struct smdev_handle *handle;
	struct smdev_table *table;
	u32 access;
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
 * @access: enum shardmap_access that it needs whatever its structure says
 * @execute: carries it out; what it returns goes to the caller
 */
struct smdev_ioctl {
	unsigned int nr;
	u32 size;
	u32 min_size;
	u32 access;
	long (*execute)(struct smdev_cmd *cmd);
};

#define SMDEV_IOCTL_FOR(_access, _cmd, _execute, _struct, _last)     \
	{                                                            \
		.nr = _IOC_NR(_cmd), .size = sizeof(struct _struct), \
		.min_size = offsetofend(struct _struct, _last),      \
		.access = _access, .execute = _execute,              \
	}

/* For any descriptor, or one whose structure says what it needs. */
#define SMDEV_IOCTL(_cmd, _execute, _struct, _last) \
	SMDEV_IOCTL_FOR(0, _cmd, _execute, _struct, _last)

/*
 * Entries are charged to the table's creator, other memory to whoever asks for it.
 * What a user asks for can be refused, so nobody is killed for it, nor is it logged.
 */
#define SMDEV_GFP (GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/* Room for the structure of any command; all begin with @size. */
union smdev_arg {
	u32 size;
	struct shardmap_create create;
	struct shardmap_open open;
	struct shardmap_unlink unlink;
	struct shardmap_list list;
	struct shardmap_device_info device_info;
	struct shardmap_info info;
	struct shardmap_op op;
	struct shardmap_batch batch;
	struct shardmap_scan scan;
	struct shardmap_clear clear;
	struct shardmap_handle handle;
	struct shardmap_freeze freeze;
	struct shardmap_reserve reserve;
	struct shardmap_watch watch;
};

/* What CREATE knows. */
#define SMDEV_CREATE_FLAGS                                    \
	(SHARDMAP_CREATE_FAST_HASH | SHARDMAP_CREATE_INLINE | \
	 SHARDMAP_CREATE_EVICT)

/* ioctl.c */
long smdev_dispatch(struct smdev_handle *handle,
		    const struct smdev_ioctl *ioctls, size_t nr_ioctls,
		    unsigned int number, unsigned long arg);
int smdev_reply(const struct smdev_cmd *cmd);

/* op.c */
int smdev_op_check(const struct shardmap_request *req, u32 places, u32 access);
bool smdev_op_updates(u32 opcode);

/* get.c */
long smdev_get_quick(const struct smdev_handle *handle,
		     struct shardmap_op __user *uop);

/* single.c */
long smdev_get(struct smdev_cmd *cmd);
long smdev_put(struct smdev_cmd *cmd);
long smdev_delete(struct smdev_cmd *cmd);
long smdev_get_or_put(struct smdev_cmd *cmd);
long smdev_add(struct smdev_cmd *cmd);
long smdev_cas(struct smdev_cmd *cmd);
long smdev_take(struct smdev_cmd *cmd);

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

/* access.c */
bool smdev_may_open(const struct smdev_table *table, u32 access);

/* create.c */
long smdev_create(struct smdev_cmd *cmd);
void smdev_table_put(struct smdev_table *table);
u64 smdev_new_id(void);
u64 smdev_nr_tables(void);

/* quota.c */
struct smdev_user *smdev_user_charge(kuid_t uid, struct shardmap_quota **quota);
void smdev_user_uncharge(struct smdev_user *user);
void smdev_user_info(struct shardmap_device_info *info);

/* names.c */
int smdev_name_copy_in(char *name, u64 uname, u32 len);
int smdev_name_add(struct smdev_table *table);
long smdev_open(struct smdev_cmd *cmd);
long smdev_unlink(struct smdev_cmd *cmd);
long smdev_list(struct smdev_cmd *cmd);
void smdev_names_exit(void);

/* table.c */
int smdev_handle_make(struct smdev_table *table, u32 access,
		      struct file **filep);
int smdev_handle_open(struct smdev_table *table, u32 access);

/* info.c */
long smdev_info(struct smdev_cmd *cmd);
void smdev_show_fdinfo(struct seq_file *m, struct file *file);

#endif /* _SHARDMAP_CHARDEV_CHARDEV_H */
