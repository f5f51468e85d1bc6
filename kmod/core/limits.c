// SPDX-License-Identifier: GPL-2.0-only
/*
 * Limits of entries and bytes.
 *
 * An update is charged under its shard's lock, when nothing but the limit can
 * stop it any more.  So what is held is just what is in the table, and a table
 * is full neither early nor late.  With both limits set there is one exception: an
 * entry that is refused for its bytes counts as an entry until that is known.
 */
#include "internal.h"

/* Take @n of what @limit leaves; false if that is too little. */
static bool hold(atomic64_t *held, u64 limit, s64 n)
{
	s64 now;

	if (!limit || !n)
		return true;
	if (n < 0) {
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

/**
 * sm_charge() - Account for entries that come to a shard or leave it.
 * @map: the table
 * @shard: the shard
 * @entries: how many come, or leave if negative
 * @bytes: memory that comes, or leaves if negative
 *
 * Context: Shard lock held.
 * Return: 0, or -ENOSPC if a limit would be passed.
 */
int sm_charge(struct shardmap *map, struct sm_shard *shard, long entries,
	      long bytes)
{
	lockdep_assert_held(&shard->lock);
	if (!hold(&map->entries_held, map->max_entries, entries))
		return -ENOSPC;
	if (!hold(&map->bytes_held, map->max_bytes, bytes)) {
		hold(&map->entries_held, map->max_entries, -entries);
		return -ENOSPC;
	}
	WRITE_ONCE(shard->count, shard->count + entries);
	WRITE_ONCE(shard->bytes, shard->bytes + bytes);
	return 0;
}
