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

/**
 * struct smdev_user - who has tables
 * @link: place in users, under users_lock
 * @uid: the user, does not change
 * @tables: number of tables, at least 1; under users_lock
 */
struct smdev_user {
	struct hlist_node link;
	kuid_t uid;
	unsigned int tables;
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

static bool is_full(const struct smdev_user *user)
{
	unsigned int most = READ_ONCE(max_user_tables);

	return most && user && user->tables >= most && !is_exempt();
}

/**
 * smdev_user_charge() - Count a new table.
 * @uid: who makes it
 *
 * Context: Process context.
 * Return: The user, for smdev_user_uncharge(); ERR_PTR(-EDQUOT) if the user has as
 * many as are allowed; ERR_PTR(-ENOMEM).
 */
struct smdev_user *smdev_user_charge(kuid_t uid)
{
	struct smdev_user *user;

	mutex_lock(&users_lock);
	user = find_locked(uid);
	if (is_full(user)) {
		user = ERR_PTR(-EDQUOT);
	} else {
		user = user ?: add_locked(uid);
		if (user)
			user->tables++;
		else
			user = ERR_PTR(-ENOMEM);
	}
	mutex_unlock(&users_lock);
	return user;
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
	if (!--user->tables) {
		hash_del(&user->link);
		kfree(user);
	}
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

	mutex_lock(&users_lock);
	user = find_locked(current_fsuid());
	info->user_tables = user ? user->tables : 0;
	mutex_unlock(&users_lock);
	info->user_max_tables = READ_ONCE(max_user_tables);
}
