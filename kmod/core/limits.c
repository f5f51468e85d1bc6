// SPDX-License-Identifier: GPL-2.0-only
/*
 * Limits of entries and bytes.
 *
 * What an update adds is held under its shard's lock, when nothing but the limit can
 * stop it any more.  So what is held is just what is in the table, and a table is full
 * neither early nor late.  With several limits set there is one exception: an entry
 * that is refused for its bytes counts as an entry until that is known.
 *
 * A quota is a limit of bytes that several tables share.  The index counts, too: it is
 * never refused, but what it takes leaves less for entries.
 */
#include <linux/export.h>
#include <linux/slab.h>

#include "compat.h"
#include "internal.h"

/**
 * struct shardmap_quota - memory that several tables share
 * @held: A: bytes taken
 * @max_bytes: I: limit
 * @refs: A: one of the maker, one per table
 */
struct shardmap_quota {
	atomic64_t held;
	u64 max_bytes;
	refcount_t refs;
};

/* Take @n of what @limit leaves; false if that is too little. */
static bool hold(atomic64_t *held, u64 limit, s64 n)
{
	s64 now;

	if (n <= 0) {
		if (n)
			atomic64_add(n, held);
		return true;
	}
	now = atomic64_read(held);
	do {
		if (now + n > limit)
			return false;
	} while (!atomic64_try_cmpxchg(held, &now, now + n));
	return true;
}

static bool hold_quota(struct shardmap_quota *quota, long entries, long bytes)
{
	if (!quota)
		return true;
	/* Entries of an inline table have no memory but the index's. */
	if (entries > 0 && !bytes)
		return atomic64_read(&quota->held) <= (s64)quota->max_bytes;
	return hold(&quota->held, quota->max_bytes, bytes);
}

/**
 * sm_hold_limited() - sm_hold() of a table that has limits.
 * @map: the table
 * @entries: how many entries come, or leave if negative
 * @bytes: memory that comes, or leaves if negative
 *
 * Context: Lock of a shard held that @entries come to.
 * Return: 0; -ENOSPC or -EDQUOT, with nothing taken, if a limit would be passed.
 */
int sm_hold_limited(struct shardmap *map, long entries, long bytes)
{
	if (map->max_entries &&
	    !hold(&map->entries_held, map->max_entries, entries))
		return -ENOSPC;
	if (map->max_bytes && !hold(&map->bytes_held, map->max_bytes, bytes)) {
		if (map->max_entries)
			atomic64_add(-entries, &map->entries_held);
		return -ENOSPC;
	}
	if (likely(hold_quota(map->quota, entries, bytes)))
		return 0;
	if (map->max_bytes)
		atomic64_add(-bytes, &map->bytes_held);
	if (map->max_entries)
		atomic64_add(-entries, &map->entries_held);
	return -EDQUOT;
}

/**
 * sm_forget() - Entries have left a shard.
 * @map: the table
 * @shard: the shard
 * @entries: how many
 * @bytes: their memory
 *
 * Context: Shard lock held.
 */
void sm_forget(struct shardmap *map, struct sm_shard *shard, long entries,
	       long bytes)
{
	/* What is given back is never refused. */
	sm_hold(map, -entries, -bytes);
	sm_account(shard, -entries, -bytes);
}

/**
 * sm_account_index() - Count memory of arrays and lines.
 * @map: the table
 * @shard: the shard
 * @bytes: memory that comes, or leaves if negative
 *
 * Context: Shard lock held, or the shard used by nobody else.
 */
void sm_account_index(struct shardmap *map, struct sm_shard *shard, long bytes)
{
	WRITE_ONCE(shard->index_bytes, shard->index_bytes + bytes);
	if (map->quota)
		atomic64_add(bytes, &map->quota->held);
}

/**
 * sm_quota_get() - Take a reference of a quota.
 * @quota: the quota, or NULL
 *
 * Context: Any context.
 * Return: @quota.
 */
struct shardmap_quota *sm_quota_get(struct shardmap_quota *quota)
{
	if (quota)
		refcount_inc(&quota->refs);
	return quota;
}

/**
 * sm_quota_has() - Would so much memory fit in a table's quota, if nothing else did?
 * @map: the table
 * @bytes: the memory
 *
 * Context: Any context.
 * Return: true if it would, or if there is no quota.
 */
bool sm_quota_has(const struct shardmap *map, u64 bytes)
{
	return !map->quota || bytes <= map->quota->max_bytes;
}

/**
 * sm_quota_release() - Give back what a shard holds of its table's quota.
 * @map: a table that nobody uses any more
 * @shard: one of its shards
 *
 * Context: Any context.
 */
void sm_quota_release(struct shardmap *map, const struct sm_shard *shard)
{
	if (map->quota)
		atomic64_add(-(s64)(shard->bytes + shard->index_bytes),
			     &map->quota->held);
}

/**
 * shardmap_quota_create() - Make memory that several tables share.
 * @max_bytes: most bytes that their entries and their index may take together; the
 *	index is not refused, but entries are while it is over
 *
 * Context: Process context.  May sleep.
 * Return: The quota, with a reference for shardmap_quota_put(), or NULL.
 */
struct shardmap_quota *shardmap_quota_create(u64 max_bytes)
{
	struct shardmap_quota *quota = kzalloc(sizeof(*quota), GFP_KERNEL);

	if (!quota)
		return NULL;
	quota->max_bytes = min_t(u64, max_bytes, S64_MAX);
	refcount_set(&quota->refs, 1);
	return quota;
}
SHARDMAP_EXPORT(shardmap_quota_create);

/**
 * shardmap_quota_put() - Drop a reference of a quota; the last one frees it.
 * @quota: the quota, or NULL
 *
 * Context: Any context.
 */
void shardmap_quota_put(struct shardmap_quota *quota)
{
	if (quota && refcount_dec_and_test(&quota->refs))
		kfree(quota);
}
SHARDMAP_EXPORT(shardmap_quota_put);

/**
 * shardmap_quota_bytes() - Memory that a quota's tables take now.
 * @quota: the quota
 *
 * Context: Any context.
 * Return: Bytes of entries and index; a destroyed table's until it is taken apart.
 */
u64 shardmap_quota_bytes(const struct shardmap_quota *quota)
{
	return atomic64_read(&quota->held);
}
SHARDMAP_EXPORT(shardmap_quota_bytes);
