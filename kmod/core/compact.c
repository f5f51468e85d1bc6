// SPDX-License-Identifier: GPL-2.0-only
/*
 * Giving memory back after mass deletion.
 *
 * Deleting most entries leaves slab pages that each hold a few of the rest, and none
 * of them can go.  So when a shard has shrunk to a quarter or less its entries are
 * copied: the allocator puts the copies side by side into the first of those pages,
 * and the others become empty.
 *
 * For readers a copy is what a put of the same value would be, but for its version,
 * which stays.
 */
#include <linux/sched.h>
#include <linux/string.h>

#include "compat.h"
#include "hold.h"
#include "internal.h"
#include "line.h"

/* Entries copied under one hold of the lock, and buckets looked at, at most. */
#define COPIES_MAX 16U
#define BUCKETS_MAX 8U

/* Larger entries share their pages with few others, and cost more to copy. */
#define COMPACT_BYTES_MAX 256U

/**
 * struct copies - entries that are about to be replaced by copies of themselves
 * @nr: how many
 * @copy: the copies, with their lengths set
 * @old: what they took the place of, NULL if nothing
 */
struct copies {
	unsigned int nr;
	struct sm_entry *copy[COPIES_MAX];
	struct sm_entry *old[COPIES_MAX];
};

/**
 * struct lengths - what to allocate for a copy
 * @key_len: length of the key in bytes
 * @value_len: length of the value in bytes
 * @flags: of the entry
 */
struct lengths {
	u32 key_len;
	u32 value_len;
	unsigned int flags;
};

/**
 * sm_visit_bucket() - Call a function for each entry of a bucket.
 * @shard: the bucket's shard
 * @line: its first line
 * @visit: the function, which may replace or remove the entry of its slot
 * @arg: passed to @visit
 *
 * Context: Shard lock held.
 */
void sm_visit_bucket(struct sm_shard *shard, struct sm_line *line,
		     sm_visit_fn visit, void *arg)
{
	do {
		unsigned long used = sm_used(line->tags);

		for (; used; used &= used - 1)
			visit(shard, line, sm_next_slot(used), arg);
	} while ((line = sm_line_link_locked(shard, line)));
}

/**
 * struct survey - what the entries of some buckets need
 * @nr: how many entries
 * @lengths: their lengths
 */
struct survey {
	unsigned int nr;
	struct lengths lengths[COPIES_MAX];
};

static void survey_slot(struct sm_shard *shard, struct sm_line *line,
			unsigned int slot, void *arg)
{
	const struct sm_entry *e = sm_slot_locked(shard, line, slot);
	struct survey *survey = arg;

	if (sm_entry_bytes(e) > COMPACT_BYTES_MAX || survey->nr == COPIES_MAX)
		return;
	survey->lengths[survey->nr++] = (struct lengths){
		.key_len = e->key_len,
		.value_len = e->value_len,
		.flags = e->flags,
	};
}

/* Look at buckets from @index on, as many as one step takes; returns the next one. */
static unsigned long survey_buckets(struct sm_shard *shard, unsigned long index,
				    struct survey *survey)
{
	unsigned long end = index + BUCKETS_MAX;

	survey->nr = 0;
	sm_shard_lock_bh(shard);
	end = min(end, 1UL << shard->array->bits);
	/* A bucket that is only partly surveyed has the rest left as it is. */
	while (index < end && survey->nr <= COPIES_MAX / 2)
		sm_visit_bucket(shard, &shard->array->lines[index++],
				survey_slot, survey);
	sm_shard_unlock_bh(shard);
	return index;
}

static void copies_alloc(struct shardmap *map, struct copies *copies,
			 const struct survey *survey)
{
	unsigned int i;

	copies->nr = 0;
	for (i = 0; i < survey->nr; i++) {
		struct sm_entry *e = sm_entry_alloc(
			survey->lengths[i].key_len,
			survey->lengths[i].value_len, survey->lengths[i].flags,
			map->gfp | __GFP_NOWARN);

		if (!e)
			break;
		copies->old[copies->nr] = NULL;
		copies->copy[copies->nr++] = e;
	}
}

static void replace_slot(struct sm_shard *shard, struct sm_line *line,
			 unsigned int slot, void *arg)
{
	struct sm_entry *e = sm_slot_locked(shard, line, slot), *copy;
	struct copies *copies = arg;
	unsigned int i;

	for (i = 0; i < copies->nr; i++)
		if (!copies->old[i] && copies->copy[i]->key_len == e->key_len &&
		    copies->copy[i]->value_len == e->value_len &&
		    copies->copy[i]->flags == e->flags)
			break;
	if (i == copies->nr)
		return;
	copy = copies->copy[i];
	copy->hash = e->hash;
	atomic64_set(&copy->version, atomic64_read(&e->version));
	WRITE_ONCE(copy->used, READ_ONCE(e->used));
	memcpy(copy->data, e->data, sm_value_offset(e->key_len) + e->value_len);
	if (e->flags & SM_ENTRY_EXPIRES)
		*sm_entry_expires(copy) = *sm_entry_expires(e);
	/* Pairs with sm_slot_rcu() in sm_find_from() and gather_line(). */
	rcu_assign_pointer(line->slot[slot], copy);
	copies->old[i] = e;
}

/* Returns -ENOMEM, with nothing replaced, if room in the limbo cannot be had. */
static int replace(struct shardmap *map, struct sm_shard *shard,
		   unsigned long index, unsigned long end,
		   struct copies *copies)
{
	unsigned int i;
	int err;

	err = sm_limbo_reserve(map, COPIES_MAX, map->gfp);
	if (err)
		return err;
	sm_shard_lock(shard);
	/* Only the resize work, which this is part of, changes the array. */
	for (; index < end; index++)
		sm_visit_bucket(shard, &shard->array->lines[index],
				replace_slot, copies);
	sm_shard_unlock(shard);
	for (i = 0; i < copies->nr; i++)
		if (copies->old[i])
			sm_limbo_add(map, copies->old[i],
				     sm_entry_bytes(copies->old[i]));
	local_bh_enable();
	return 0;
}

/* Returns -ENOMEM if memory was short, with the buckets left as they are. */
static int compact_step(struct shardmap *map, struct sm_shard *shard,
			unsigned long *index)
{
	struct survey survey;
	struct copies copies;
	unsigned long end;
	unsigned int i;
	int err = -ENOMEM;

	end = survey_buckets(shard, *index, &survey);
	copies_alloc(map, &copies, &survey);
	if (copies.nr == survey.nr)
		err = replace(map, shard, *index, end, &copies);
	for (i = 0; i < copies.nr; i++)
		if (!copies.old[i])
			sm_entry_free(copies.copy[i]);
	*index = end;
	return err;
}

/* Has the shard shrunk to a quarter of what its entries were allocated for? */
static bool is_sparse(struct sm_shard *shard, unsigned long *buckets)
{
	bool sparse;

	sm_shard_lock_bh(shard);
	*buckets = 1UL << shard->array->bits;
	sparse = !shard->next && shard->array->bits + 2 <= shard->dense_bits;
	if (sparse)
		shard->dense_bits = shard->array->bits;
	sm_shard_unlock_bh(shard);
	return sparse;
}

/**
 * sm_shard_compact() - Have what is left of a shard take little memory.
 * @map: the table
 * @shard: one of its shards
 *
 * Copies the shard's entries if it has shrunk by much.  Ends early when memory is
 * short: nothing is lost by that.
 *
 * Context: The resize work.  May wait for a grace period.
 */
void sm_shard_compact(struct shardmap *map, struct sm_shard *shard)
{
	unsigned long index = 0, buckets;

	if (sm_is_inline(map) || !is_sparse(shard, &buckets))
		return;
	while (index < buckets && !compact_step(map, shard, &index)) {
		sm_limbo_throttle(map);
		cond_resched();
	}
}
