// SPDX-License-Identifier: GPL-2.0-only
/*
 * Making room by removing what was not used lately.
 *
 * This is CLOCK (Corbato, "A paging experiment with the Multics system", 1968) with
 * buckets for pages: each shard has a hand that goes round its buckets in hash order.
 * If the bucket under the hand has an entry without a mark, that is removed, and the
 * hand stays.  Else all marks in the bucket are taken off and the hand goes on.
 * Storing an entry or looking it up marks it.
 *
 * The hand of the shard that is written to moves first; the others' when that has
 * nothing to give.
 */
#include "find.h"
#include "hold.h"
#include "internal.h"
#include "line.h"
#include "update.h"

/* Buckets that the hand passes under one hold of the lock. */
#define EVICT_STEP 16U

/**
 * struct look - what the hand has found
 * @updates: updates that room is made for: their keys stay
 * @nr: how many
 * @line: line of an entry to remove, or NULL
 * @slot: its slot
 * @unmarked: it has no mark
 */
struct look {
	const struct sm_update *updates;
	unsigned int nr;
	struct sm_line *line;
	unsigned int slot;
	bool unmarked;
};

static bool is_written(const struct look *look, const struct sm_entry *e)
{
	unsigned int i;

	for (i = 0; i < look->nr; i++) {
		const struct sm_update *u = &look->updates[i];

		if (sm_entry_is(e, u->hash, u->req->key, u->req->key_len))
			return true;
	}
	return false;
}

/* Keep the first entry without a mark, or else any. */
static void look_at(struct sm_shard *shard, struct sm_line *line,
		    unsigned int slot, void *arg)
{
	const struct sm_entry *e = sm_slot_locked(shard, line, slot);
	struct look *look = arg;

	if (look->unmarked || is_written(look, e))
		return;
	look->line = line;
	look->slot = slot;
	look->unmarked = !READ_ONCE(e->used) || sm_entry_is_over(e);
}

static void unmark(struct sm_shard *shard, struct sm_line *line,
		   unsigned int slot, void *arg)
{
	struct sm_entry *e = sm_slot_locked(shard, line, slot);

	WRITE_ONCE(e->used, 0);
}

/*
 * Move the hand by up to EVICT_STEP buckets, to an entry without a mark; if all had
 * marks, the last one goes.  Returns false if there was none.
 */
static bool move_hand(struct shardmap *map, struct sm_shard *shard,
		      struct look *look, struct sm_array **finished)
{
	u64 begin = sm_shard_begin(map, shard - map->shards);
	u64 mask = sm_shard_last(map, 0);
	unsigned int step;

	lockdep_assert_held(&shard->lock);
	*finished = NULL;
	for (step = 0; step < EVICT_STEP && !look->unmarked; step++) {
		u64 hash = begin | (shard->hand & mask);
		struct sm_array *emptied, *array;
		struct sm_line *bucket;

		array = sm_shard_array(map, shard, hash, &emptied);
		if (emptied)
			*finished = emptied;
		bucket = &array->lines[sm_line_index(map, hash, array->bits)];
		sm_visit_bucket(shard, bucket, look_at, look);
		if (look->unmarked)
			break;
		sm_visit_bucket(shard, bucket, unmark, NULL);
		shard->hand = sm_bucket_last(map, array->bits, hash) + 1;
	}
	return look->line;
}

/* Returns 1 if an entry was removed, 0 if none was seen, -EROFS or -ENOMEM. */
static int evict_step(struct shardmap *map, struct sm_shard *shard,
		      struct look *look, gfp_t gfp)
{
	struct sm_entry *victim = NULL;
	struct sm_array *finished = NULL;
	int err;

	err = sm_limbo_reserve(map, 1, gfp);
	if (err)
		return err;
	sm_shard_lock(shard);
	/* It may have been frozen since the update found no room. */
	if (READ_ONCE(map->frozen))
		err = -EROFS;
	else if (move_hand(map, shard, look, &finished))
		victim = sm_tagged_remove(map, shard, look->line, look->slot,
					  SHARDMAP_EVENT_EVICT);
	sm_shard_leave(map, shard, &victim, victim ? 1 : 0, finished);
	return victim ? 1 : err;
}

/* Move the hand until there is an entry to remove, once round at the most. */
static int evict_from(struct shardmap *map, struct sm_shard *shard,
		      struct look *look, gfp_t gfp)
{
	/* As many steps as there are buckets to pass, at the most. */
	unsigned long steps = READ_ONCE(shard->index_bytes) /
				      (EVICT_STEP * sizeof(struct sm_line)) +
			      1;
	int ret;

	do {
		ret = evict_step(map, shard, look, gfp);
	} while (!ret && --steps && READ_ONCE(shard->count));
	return ret;
}

/**
 * sm_evict() - Remove one entry to make room.
 * @updates: updates of one table that room is made for; their keys stay
 * @nr: how many
 *
 * Context: Process or softirq context, as the updates' flags allow.  Takes and
 * releases shard locks.
 * Return: 0 if one was removed; -ENOSPC if there is none that may be; -EROFS if the
 * table is frozen; -ENOMEM.
 */
int sm_evict(const struct sm_update *updates, unsigned int nr)
{
	struct shardmap *map = updates->map;
	unsigned int first = updates->shard - map->shards, i;

	for (i = 0; i < sm_nr_shards(map); i++) {
		unsigned int index = (first + i) & (sm_nr_shards(map) - 1);
		struct sm_shard *shard = &map->shards[index];
		struct look look = { .updates = updates, .nr = nr };
		int ret;

		if (!READ_ONCE(shard->count))
			continue;
		ret = evict_from(map, shard, &look, updates->gfp);
		if (ret)
			return min(ret, 0);
	}
	return -ENOSPC;
}
