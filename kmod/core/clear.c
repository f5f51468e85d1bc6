// SPDX-License-Identifier: GPL-2.0-only
/* Removing all entries, a few buckets at a time, in hash order. */
#include <linux/export.h>
#include <linux/kcsan-checks.h>

#include "compat.h"
#include "hold.h"
#include "inline.h"
#include "internal.h"
#include "line.h"

/* Entries that one step removes, and buckets that it looks at, at most. */
#define VICTIMS_MAX 64
#define CLEAR_STEP 16U

/**
 * struct victims - entries taken out under the lock
 * @nr: how many
 * @cells: keys removed from an inline table, which leaves nothing to free
 * @entry: the entries
 */
struct victims {
	unsigned int nr;
	unsigned int cells;
	struct sm_entry *entry[VICTIMS_MAX];
};

/* Take all entries out of a line; false, with none taken, if room is short. */
static bool clear_line(struct shardmap *map, struct sm_shard *shard,
		       struct sm_line *line, struct victims *victims)
{
	unsigned long used = sm_used(line->tags);

	lockdep_assert_held(&shard->lock);
	if (victims->nr + hweight_long(used) > VICTIMS_MAX)
		return false;
	sm_publish_tags(line, line->tags & SM_LINK);
	for (; used; used &= used - 1) {
		unsigned int slot = sm_next_slot(used);
		struct sm_entry *e = sm_slot_locked(shard, line, slot);

		RCU_INIT_POINTER(line->slot[slot], NULL);
		sm_forget(map, shard, 1, sm_entry_bytes(e));
		sm_notify(map, SHARDMAP_EVENT_DELETE, e->data, e->key_len,
			  atomic64_read(&e->version));
		victims->entry[victims->nr++] = e;
	}
	return true;
}

static bool clear_bucket(struct shardmap *map, struct sm_shard *shard,
			 struct sm_line *line, struct victims *victims)
{
	do {
		if (!clear_line(map, shard, line, victims))
			return false;
	} while ((line = sm_line_link_locked(shard, line)));
	return true;
}

static void clear_cells(struct shardmap *map, struct sm_shard *shard,
			const struct sm_array *array, u64 hash,
			struct victims *victims)
{
	unsigned int n =
		sm_inline_clear(map, array, sm_inline_bucket(map, array, hash));

	lockdep_assert_held(&shard->lock);
	sm_forget(map, shard, n, 0);
	victims->cells += n;
}

/*
 * Clear buckets of one shard from @hash on, and move @hash to where to go on.
 * Returns true at the end of the hash space; @finished as in sm_shard_array().
 */
static bool clear_locked(struct shardmap *map, struct sm_shard *shard,
			 u64 *hash, struct victims *victims,
			 struct sm_array **finished)
{
	u64 shard_end = sm_shard_last(map, *hash);
	unsigned int step;

	lockdep_assert_held(&shard->lock);
	ASSERT_EXCLUSIVE_WRITER(shard->count);
	*finished = NULL;
	for (step = 0; step < CLEAR_STEP; step++) {
		struct sm_array *emptied, *array;
		u64 end;

		array = sm_shard_array(map, shard, *hash, &emptied);
		if (emptied)
			*finished = emptied;
		if (sm_is_inline(map))
			clear_cells(map, shard, array, *hash, victims);
		else if (!clear_bucket(map, shard,
				       sm_root_bucket(map, array->root, *hash),
				       victims))
			return false;
		end = sm_bucket_last(map, array->bits, *hash);
		if (end == U64_MAX)
			return true;
		*hash = end + 1;
		if (end == shard_end)
			break;
	}
	return false;
}

/**
 * shardmap_clear_step() - Remove some entries, in hash order.
 * @map: the table
 * @pos: where to begin; moved to where the next call goes on
 * @removed: the number of entries removed is added to it
 *
 * A sequence of calls from the zero position until the return value is 1 removes
 * every key that is present throughout.
 *
 * Context: Process context.  May wait for an RCU grace period.  Takes and releases
 * a shard lock.
 * Return: 1 if the end was reached, 0 if not; -EROFS if the table is frozen; -ENOMEM.
 */
int shardmap_clear_step(struct shardmap *map, struct shardmap_position *pos,
			u64 *removed)
{
	struct victims victims = {};
	struct sm_array *finished = NULL;
	struct sm_shard *shard;
	int ret;

	sm_limbo_throttle(map);
	ret = sm_limbo_reserve(map, VICTIMS_MAX, GFP_KERNEL);
	if (ret)
		return ret;
	shard = &map->shards[sm_shard_index(map, pos->hash)];
	sm_shard_lock(shard);
	if (READ_ONCE(map->frozen))
		ret = -EROFS;
	else
		ret = clear_locked(map, shard, &pos->hash, &victims, &finished);
	sm_shard_leave(map, shard, victims.entry, victims.nr, finished);
	*removed += victims.nr + victims.cells;
	return ret;
}
SHARDMAP_EXPORT(shardmap_clear_step);
