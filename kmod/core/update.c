// SPDX-License-Identifier: GPL-2.0-only
/* What updates need now and then; run.h has the rest. */
#include <linux/string.h>

#include "compat.h"
#include "update.h"

/* Memory that the key of an update takes when it is done; 0 if there is no entry. */
static size_t bytes_after(const struct sm_update *u)
{
	const struct sm_state *state = &u->state;

	if (u->effect == SM_EFFECT_STORE && u->fresh)
		return sm_entry_bytes(u->fresh);
	/* Kept as it is, or a number that changes in place. */
	if (u->effect == SM_EFFECT_REMOVE || !state->there)
		return 0;
	return sm_entry_size(u->req->key_len, state->value_len,
			     state->expires ? SM_ENTRY_EXPIRES : 0);
}

/* Is there room for what updates leave of their keys, if nothing else stays? */
static bool can_have_room(const struct sm_update *updates, unsigned int nr)
{
	const struct shardmap *map = updates->map;
	u64 entries = 0, bytes = 0;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		const struct sm_update *u = &updates[i];

		entries += u->effect == SM_EFFECT_STORE ||
			   (u->effect == SM_EFFECT_NONE && u->state.there);
		if (!sm_is_inline(map))
			bytes += bytes_after(u);
	}
	return (!map->max_entries || entries <= map->max_entries) &&
	       (!map->max_bytes || bytes <= map->max_bytes);
}

/**
 * sm_make_room() - Make room under the table's limits, if that can be done.
 * @updates: updates of one table that have found no room
 * @nr: how many
 *
 * Entries whose time is over go first; in a table that evicts, others follow.
 *
 * Context: Any context that the updates' flags allow, no shard lock held.
 * Return: 0 if it is worth another try; -ENOSPC if not; -EROFS; -ENOMEM.
 */
int sm_make_room(struct sm_update *updates, unsigned int nr)
{
	struct shardmap *map = updates->map;

	/* What fails removes nothing. */
	if (!can_have_room(updates, nr))
		return -ENOSPC;
	if (!updates->swept && gfpflags_allow_blocking(updates->gfp)) {
		updates->swept = true;
		/* Try again in any case: others may have removed them just now. */
		if (sm_expire(map))
			return 0;
	}
	if (map->flags & SHARDMAP_EVICT)
		return sm_evict(updates, nr);
	return -ENOSPC;
}

/**
 * sm_update_supply() - Supply what was missing.
 * @u: the update
 *
 * Context: Any context that the update's flags allow, no shard lock held.
 * Return: 0; -ENOMEM; -ENOSPC if there is no room to be made; -EROFS.
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
