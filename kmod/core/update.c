// SPDX-License-Identifier: GPL-2.0-only
/* What updates need now and then; run.h has the rest. */
#include <linux/string.h>

#include "compat.h"
#include "update.h"

/**
 * sm_make_room() - Make room under the table's limits, if that can be done.
 * @updates: updates of one table that have found no room
 * @nr: how many
 *
 * Entries whose time is over go first; in a table that evicts, others follow.
 *
 * Context: Any context that the updates' flags allow, no shard lock held.
 * Return: 0 if it is worth another try; -ENOSPC if not; -ENOMEM.
 */
int sm_make_room(const struct sm_update *updates, unsigned int nr)
{
	struct shardmap *map = updates->map;
	u64 bytes = 0;
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (!sm_is_inline(map) && updates[i].fresh)
			bytes += sm_entry_bytes(updates[i].fresh);
	/* No room is enough for them. */
	if (map->max_bytes && bytes > map->max_bytes)
		return -ENOSPC;
	if (gfpflags_allow_blocking(updates->gfp) && sm_expire(map))
		return 0;
	if (map->flags & SHARDMAP_EVICT)
		return sm_evict(updates, nr);
	return -ENOSPC;
}

/**
 * sm_update_supply() - Supply what was missing.
 * @u: the update
 *
 * Context: Any context that the update's flags allow, no shard lock held.
 * Return: 0; -ENOMEM; -ENOSPC if there is no room to be made.
 */
int sm_update_supply(struct sm_update *u)
{
	switch (u->need) {
	case SM_NEED_ENTRY:
		u->fresh = sm_fresh_entry(u);
		return u->fresh ? 0 : -ENOMEM;
	case SM_NEED_LIMBO:
		u->reserve = true;
		return 0;
	case SM_NEED_LINE:
		return sm_spare_refill(u->map, u->shard, u->gfp);
	case SM_NEED_ROOM:
		return sm_make_room(u, 1);
	case SM_NEED_NOTHING:
		break;
	}
	return 0;
}
