// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who is told of a table's changes.
 *
 * Writers walk the list of watchers with the lock of the changed key's shard held,
 * so the locks of all shards together are what keeps a watcher alive: once it is
 * off the list, whoever has held each of them in turn knows that no call is running
 * and none will come.  There is no grace period to wait for.
 */
#include <linux/export.h>
#include <linux/rculist.h>

#include "compat.h"
#include "internal.h"
#include "order.h"

/* Who may change lists; of all tables, as watchers come and go rarely. */
static DEFINE_SPINLOCK(lists_lock);

/**
 * shardmap_watch() - Have a watcher told of each change of a table.
 * @map: the table
 * @watcher: the watcher, with its @changed set
 *
 * It is told of every change that an update which begins after the return makes, and
 * of some that were made before.  A change that it was not told of was complete
 * before the return: a scan that begins then shows it.
 *
 * Changes of one key are told in their order, each when lookups see it.  There is no
 * order between keys, and @changed is called by several writers at the same time, for
 * keys of different shards.
 *
 * Context: Process context.  Takes and releases each shard's lock.
 */
void shardmap_watch(struct shardmap *map, struct shardmap_watcher *watcher)
{
	might_sleep();
	spin_lock_bh(&lists_lock);
	/* Pairs with hlist_empty() in sm_notify() and the walk in sm_tell(). */
	hlist_add_head_rcu(&watcher->link, &map->watchers);
	spin_unlock_bh(&lists_lock);
	sm_pass_all_shards(map);
}
SHARDMAP_EXPORT(shardmap_watch);

/**
 * shardmap_unwatch() - Have a watcher told no more.
 * @map: the table
 * @watcher: a watcher of it
 *
 * When it returns no call of @changed is running and none will come: @watcher may
 * be freed, or watch again.  To be called before shardmap_destroy(), and not by
 * @changed itself.
 *
 * Context: Process context.  Takes and releases each shard's lock, and so waits for
 * calls of @changed that are running.
 */
void shardmap_unwatch(struct shardmap *map, struct shardmap_watcher *watcher)
{
	might_sleep();
	spin_lock_bh(&lists_lock);
	hlist_del_rcu(&watcher->link);
	spin_unlock_bh(&lists_lock);
	sm_pass_all_shards(map);
}
SHARDMAP_EXPORT(shardmap_unwatch);

/**
 * sm_tell() - Tell all watchers of a change; sm_notify() calls it if there are any.
 * @map: the table
 * @kind: what happened
 * @key: the key
 * @key_len: its length in bytes
 * @version: version that the key got, or had when it went
 *
 * Context: Lock of the key's shard held.
 */
void sm_tell(struct shardmap *map, enum shardmap_event_kind kind,
	     const void *key, u32 key_len, u64 version)
{
	const struct shardmap_event event = {
		.kind = kind,
		.key = key,
		.key_len = key_len,
		.version = version,
	};
	struct shardmap_watcher *watcher;

	if (IS_ENABLED(CONFIG_LOCKDEP)) {
		u64 hash = sm_hash(map, key, key_len);

		lockdep_assert_held(
			&map->shards[sm_shard_index(map, hash)].lock);
	}
	/* Whoever is met stays until this shard's lock is released. */
	hlist_for_each_entry_rcu(watcher, &map->watchers, link)
		watcher->changed(watcher, &event);
}
