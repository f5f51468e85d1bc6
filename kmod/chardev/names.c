// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of tables: OPEN, UNLINK and LIST.
 *
 * A name belongs to a user namespace and is seen there only.  It has a reference to
 * the table and one to the namespace, so neither goes before it.
 */
#include <linux/align.h>
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/rwsem.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/user_namespace.h>

#include "chardev.h"

/* Records are gathered in kernel memory of at most this size per call. */
#define BOUNCE_MAX (16U << 10)

/* Protects both, and struct smdev_table's user_ns, by_name and by_id. */
static DECLARE_RWSEM(names_lock);
static struct rb_root tree = RB_ROOT;
/* In the order of the tables' numbers. */
static LIST_HEAD(tables);

/**
 * struct wanted - a name in a namespace
 * @user_ns: the namespace
 * @name: the name
 */
struct wanted {
	const struct user_namespace *user_ns;
	char name[SHARDMAP_NAME_LEN_MAX + 1];
};

static int compare(const struct user_namespace *user_ns, const char *name,
		   const struct rb_node *node)
{
	const struct smdev_table *table =
		rb_entry(node, struct smdev_table, by_name);

	if (user_ns != table->user_ns)
		return user_ns < table->user_ns ? -1 : 1;
	return strcmp(name, table->name);
}

static int compare_wanted(const void *key, const struct rb_node *node)
{
	const struct wanted *wanted = key;

	return compare(wanted->user_ns, wanted->name, node);
}

static int compare_tables(struct rb_node *new, const struct rb_node *node)
{
	const struct smdev_table *table =
		rb_entry(new, struct smdev_table, by_name);

	return compare(table->user_ns, table->name, node);
}

static struct smdev_table *find_locked(const struct wanted *wanted)
{
	struct rb_node *node;

	lockdep_assert_held(&names_lock);
	node = rb_find(wanted, &tree, compare_wanted);
	return node ? rb_entry(node, struct smdev_table, by_name) : NULL;
}

/**
 * smdev_name_copy_in() - Copy in a name and look whether it is one.
 * @name: where to, SHARDMAP_NAME_LEN_MAX + 1 bytes that are zero
 * @uname: the caller's pointer
 * @len: length that the caller gave
 *
 * Context: Process context.
 * Return: 0, -EINVAL or -EFAULT.
 */
int smdev_name_copy_in(char *name, u64 uname, u32 len)
{
	u32 i;

	if (!len || len > SHARDMAP_NAME_LEN_MAX)
		return -EINVAL;
	if (copy_from_user(name, u64_to_user_ptr(uname), len))
		return -EFAULT;
	for (i = 0; i < len; i++)
		if (name[i] == '/' || iscntrl(name[i]))
			return -EINVAL;
	return 0;
}

/**
 * smdev_name_add() - Give a table its name in the current user namespace.
 * @table: the table, whole but for its number, which it gets here: so the order of
 *	the numbers is that in which others can see the tables
 *
 * Context: Process context.
 * Return: 0 or -EEXIST.
 */
int smdev_name_add(struct smdev_table *table)
{
	struct user_namespace *user_ns = get_user_ns(current_user_ns());
	int err = 0;

	down_write(&names_lock);
	WRITE_ONCE(table->user_ns, user_ns);
	if (rb_find_add(&table->by_name, &tree, compare_tables)) {
		WRITE_ONCE(table->user_ns, NULL);
		err = -EEXIST;
	} else {
		table->id = smdev_new_id();
		list_add_tail(&table->by_id, &tables);
		refcount_inc(&table->refs);
	}
	up_write(&names_lock);
	if (err)
		put_user_ns(user_ns);
	return err;
}

/* Returns the reference to the namespace; that to the table is left, too. */
static struct user_namespace *remove_locked(struct smdev_table *table)
{
	struct user_namespace *user_ns = table->user_ns;

	lockdep_assert_held_write(&names_lock);
	rb_erase(&table->by_name, &tree);
	list_del(&table->by_id);
	WRITE_ONCE(table->user_ns, NULL);
	return user_ns;
}

/* The table with one more reference, if the caller may have it. */
static struct smdev_table *get_table(const struct wanted *wanted, u32 access)
{
	struct smdev_table *table;

	down_read(&names_lock);
	table = find_locked(wanted);
	if (!table)
		table = ERR_PTR(-ENOENT);
	else if (!smdev_may_open(table, access))
		table = ERR_PTR(-EACCES);
	else
		refcount_inc(&table->refs);
	up_read(&names_lock);
	return table;
}

/**
 * smdev_open() - SHARDMAP_IOC_OPEN
 * @cmd: the command
 *
 * Context: Process context.
 * Return: The descriptor, or an errno as <uapi/linux/shardmap.h> says.
 */
long smdev_open(struct smdev_cmd *cmd)
{
	const struct shardmap_open *arg = cmd->arg;
	struct wanted wanted = { .user_ns = current_user_ns() };
	struct smdev_table *table;
	int err;

	if (arg->reserved || !arg->access ||
	    arg->access & ~(SHARDMAP_READ | SHARDMAP_WRITE))
		return -EINVAL;
	err = smdev_name_copy_in(wanted.name, arg->name, arg->name_len);
	if (err)
		return err;
	table = get_table(&wanted, arg->access);
	if (IS_ERR(table))
		return PTR_ERR(table);
	err = smdev_handle_open(table, arg->access);
	smdev_table_put(table);
	return err;
}

static bool may_unlink(const struct smdev_table *table)
{
	return uid_eq(current_fsuid(), table->uid) ||
	       ns_capable(table->user_ns, CAP_FOWNER);
}

/**
 * smdev_unlink() - SHARDMAP_IOC_UNLINK
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an errno as <uapi/linux/shardmap.h> says.
 */
long smdev_unlink(struct smdev_cmd *cmd)
{
	const struct shardmap_unlink *arg = cmd->arg;
	struct wanted wanted = { .user_ns = current_user_ns() };
	struct user_namespace *user_ns = NULL;
	struct smdev_table *table;
	int err;

	if (arg->flags || arg->reserved)
		return -EINVAL;
	err = smdev_name_copy_in(wanted.name, arg->name, arg->name_len);
	if (err)
		return err;
	down_write(&names_lock);
	table = find_locked(&wanted);
	if (!table)
		err = -ENOENT;
	else if (!may_unlink(table))
		err = -EPERM;
	else
		user_ns = remove_locked(table);
	up_write(&names_lock);
	if (err)
		return err;
	put_user_ns(user_ns);
	smdev_table_put(table);
	return 0;
}

/**
 * struct listing - records on their way to the caller
 * @buf: the records
 * @size: room in @buf, in bytes
 * @used: bytes of records so far
 * @needed: bytes of the record that did not fit, 0 if all did
 */
struct listing {
	u8 *buf;
	u32 size;
	u32 used;
	u32 needed;
};

/* Returns false if there is no room. */
static bool add_record(struct listing *l, const struct smdev_table *table)
{
	u32 name_len = strlen(table->name);
	u32 len = ALIGN(sizeof(struct shardmap_list_record) + name_len, 8);
	struct shardmap_list_record *record = (void *)(l->buf + l->used);

	if (len > l->size - l->used) {
		l->needed = len;
		return false;
	}
	/* No byte of the padding may be left as it was. */
	memset(record, 0, len);
	*record = (struct shardmap_list_record){
		.record_len = len,
		.name_len = name_len,
		.mode = table->create.mode,
		.uid = from_kuid_munged(current_user_ns(), table->uid),
		.gid = from_kgid_munged(current_user_ns(), table->gid),
		.descriptors = atomic_read(&table->descriptors),
		.id = table->id,
	};
	memcpy(record + 1, table->name, name_len);
	l->used += len;
	return true;
}

static void gather(struct listing *l, struct shardmap_list *arg)
{
	const struct user_namespace *user_ns = current_user_ns();
	const struct smdev_table *table;

	down_read(&names_lock);
	list_for_each_entry(table, &tables, by_id) {
		if (table->id <= arg->after || table->user_ns != user_ns)
			continue;
		if (!add_record(l, table))
			break;
		arg->after = table->id;
		arg->records++;
	}
	up_read(&names_lock);
	arg->done = !l->needed;
}

/**
 * smdev_list() - SHARDMAP_IOC_LIST
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an errno as <uapi/linux/shardmap.h> says.
 */
long smdev_list(struct smdev_cmd *cmd)
{
	struct shardmap_list *arg = cmd->arg;
	struct listing l = { .size = min(arg->buf_len, BOUNCE_MAX) };
	int err = 0;

	if (arg->flags)
		return -EINVAL;
	l.buf = kmalloc(max(l.size, 1U), SMDEV_GFP);
	if (!l.buf)
		return -ENOMEM;
	arg->records = 0;
	gather(&l, arg);
	if (l.needed && !arg->records) {
		arg->buf_len = l.needed;
		err = -ENOBUFS;
	} else if (copy_to_user(u64_to_user_ptr(arg->buf), l.buf, l.used)) {
		kfree(l.buf);
		return -EFAULT;
	}
	arg->used = l.used;
	kfree(l.buf);
	return smdev_reply(cmd) ?: err;
}

/**
 * smdev_names_exit() - Drop all names, and with them their tables.
 *
 * Context: Process context, at unload, when no descriptor is open.
 */
void smdev_names_exit(void)
{
	struct smdev_table *table, *next;

	list_for_each_entry_safe(table, next, &tables, by_id) {
		struct user_namespace *user_ns;

		down_write(&names_lock);
		user_ns = remove_locked(table);
		up_write(&names_lock);
		put_user_ns(user_ns);
		smdev_table_put(table);
	}
}
