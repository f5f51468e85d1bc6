// SPDX-License-Identifier: GPL-2.0-only
/* What one user may have of tables. */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/hashtable.h>
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "chardev.h"

static unsigned int max_user_tables = 1024;
module_param(max_user_tables, uint, 0644);
MODULE_PARM_DESC(max_user_tables, "most tables of one user, 0 for no limit");

static unsigned long long max_user_bytes;
module_param(max_user_bytes, ullong, 0644);
MODULE_PARM_DESC(max_user_bytes,
		 "most bytes in tables of one user, 0 for no limit");

/**
 * struct smdev_user - who has tables
 * @link: place in users, under users_lock
 * @uid: the user, does not change
 * @tables: number of tables; under users_lock
 * @quota: memory that the tables share, NULL if there is no limit; under users_lock,
 *	does not change while there are tables
 * @max_bytes: how much that is; under users_lock
 */
struct smdev_user {
	struct hlist_node link;
	kuid_t uid;
	unsigned int tables;
	struct shardmap_quota *quota;
	u64 max_bytes;
};

/* Protects users and what they point to. */
static DEFINE_MUTEX(users_lock);
static DEFINE_HASHTABLE(users, 6);

static struct smdev_user *find_locked(kuid_t uid)
{
	struct smdev_user *user;

	lockdep_assert_held(&users_lock);
	hash_for_each_possible(users, user, link, __kuid_val(uid))
		if (uid_eq(user->uid, uid))
			return user;
	return NULL;
}

static struct smdev_user *add_locked(kuid_t uid)
{
	struct smdev_user *user = kzalloc(sizeof(*user), SMDEV_GFP);

	lockdep_assert_held(&users_lock);
	if (!user)
		return NULL;
	user->uid = uid;
	hash_add(users, &user->link, __kuid_val(uid));
	return user;
}

/* The limits are for users of all namespaces, so the initial one's root may pass. */
static bool is_exempt(void)
{
	return capable(CAP_SYS_RESOURCE);
}

static void remove_locked(struct smdev_user *user)
{
	lockdep_assert_held(&users_lock);
	hash_del(&user->link);
	shardmap_quota_put(user->quota);
	kfree(user);
}

/* A limit that is changed later is for users who have no quota at that time. */
static int need_quota_locked(struct smdev_user *user, u64 max_bytes)
{
	if (!user->quota) {
		user->quota = shardmap_quota_create(max_bytes);
		if (!user->quota)
			return -ENOMEM;
		user->max_bytes = max_bytes;
	}
	/* The table itself would not notice before its first entry. */
	return shardmap_quota_bytes(user->quota) < user->max_bytes ? 0 :
								     -EDQUOT;
}

static int charge_locked(struct smdev_user *user, struct shardmap_quota **quota)
{
	unsigned int most = READ_ONCE(max_user_tables);
	u64 max_bytes = READ_ONCE(max_user_bytes);
	int err;

	lockdep_assert_held(&users_lock);
	*quota = NULL;
	if (most && user->tables >= most && !is_exempt())
		return -EDQUOT;
	if (max_bytes && !is_exempt()) {
		err = need_quota_locked(user, max_bytes);
		if (err)
			return err;
		*quota = user->quota;
	}
	user->tables++;
	return 0;
}

/**
 * smdev_user_charge() - Count a new table.
 * @uid: who makes it
 * @quota: out: for the table's memory, valid until smdev_user_uncharge(), or NULL
 *
 * Context: Process context.
 * Return: The user, for smdev_user_uncharge(); ERR_PTR(-EDQUOT) if the user has as
 * many tables, or as much memory in them, as are allowed; ERR_PTR(-ENOMEM).
 */
struct smdev_user *smdev_user_charge(kuid_t uid, struct shardmap_quota **quota)
{
	struct smdev_user *user;
	int err;

	mutex_lock(&users_lock);
	user = find_locked(uid) ?: add_locked(uid);
	err = user ? charge_locked(user, quota) : -ENOMEM;
	if (err && user && !user->tables)
		remove_locked(user);
	mutex_unlock(&users_lock);
	return err ? ERR_PTR(err) : user;
}

/**
 * smdev_user_uncharge() - Count a table no more.
 * @user: what smdev_user_charge() returned for it
 *
 * Context: Process context.
 */
void smdev_user_uncharge(struct smdev_user *user)
{
	mutex_lock(&users_lock);
	if (!--user->tables)
		remove_locked(user);
	mutex_unlock(&users_lock);
}

/**
 * smdev_user_info() - What the current task's user has, and may have.
 * @info: out: the members that begin with user_
 *
 * Context: Process context.
 */
void smdev_user_info(struct shardmap_device_info *info)
{
	const struct smdev_user *user;

	info->user_max_tables = READ_ONCE(max_user_tables);
	info->user_max_bytes = READ_ONCE(max_user_bytes);
	mutex_lock(&users_lock);
	user = find_locked(current_fsuid());
	if (user)
		info->user_tables = user->tables;
	if (user && user->quota) {
		info->user_bytes = shardmap_quota_bytes(user->quota);
		info->user_max_bytes = user->max_bytes;
	}
	mutex_unlock(&users_lock);
}
