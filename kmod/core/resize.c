// SPDX-License-Identifier: GPL-2.0-only
/*
 * Growing and shrinking a shard, bucket by bucket.
 *
 * A resize publishes nothing but the next array's address to writers (under the
 * shard lock).  Then each bucket moves on its own: its entries are placed in the
 * next array, which no reader can reach for this part of the hash space yet, and
 * the old bucket is marked SM_MOVED.  A reader that finds the mark goes to the
 * next array; one that read the tags earlier keeps a frozen copy.  When all
 * buckets have moved, readers start from the next array and the old one is freed
 * after a grace period.
 *
 * Writers move the bucket they are about to change, the resize work moves the
 * rest.  Growing splits one bucket in two, shrinking merges two neighbours: in
 * hash order both keep the order of entries.
 *
 * Moving may need overflow lines, and must not allocate under the lock: they
 * come from the shard's spares.  A writer that finds too few leaves the bucket
 * to the resize work and changes it where it is.
 */
#include <linux/export.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "hold.h"
#include "internal.h"
#include "line.h"

/* Buckets that the resize work moves before it lets others have the lock. */
#define MOVE_STEP 8

/* Writer of one bucket that no reader can reach yet. */
struct filler {
	struct sm_line *line;
	unsigned int slot;
};

static void fill(struct sm_shard *shard, struct filler *to, struct sm_entry *e)
{
	struct sm_line *line = to->line;

	if (to->slot == SM_SLOTS) {
		struct sm_line *over = sm_spare_take(shard);
		struct sm_entry *last =
			sm_slot_locked(shard, line, SM_LAST_SLOT);

		over->tags = sm_tag(last->hash);
		RCU_INIT_POINTER(over->slot[0], last);
		RCU_INIT_POINTER(line->slot[SM_LAST_SLOT],
				 (struct sm_entry *)((unsigned long)over |
						     SM_PTR_LINK));
		line->tags &= ~(0xffUL << (8 * SM_LAST_SLOT));
		line->tags |= SM_LINK;
		to->line = over;
		to->slot = 1;
		line = over;
	}
	line->tags |= sm_tag(e->hash) << (8 * to->slot);
	RCU_INIT_POINTER(line->slot[to->slot], e);
	to->slot++;
}

/* Overflow lines of a bucket. */
static unsigned int chain_length(const struct sm_shard *shard,
				 const struct sm_line *line)
{
	unsigned int n = 0;

	while ((line = sm_line_link_locked(shard, line)))
		n++;
	return n;
}

/* Place the entries of a bucket by bit @shift of their hash: in @low or in @high. */
static void distribute(struct sm_shard *shard, const struct sm_line *line,
		       unsigned int shift, struct filler *low,
		       struct filler *high)
{
	do {
		unsigned long used = sm_used(line->tags);

		for (; used; used &= used - 1) {
			struct sm_entry *e =
				sm_slot_locked(shard, line, sm_next_slot(used));

			fill(shard, (e->hash >> shift) & 1 ? high : low, e);
		}
	} while ((line = sm_line_link_locked(shard, line)));
}

/*
 * From here on readers of the bucket go to the next array.  Pairs with
 * sm_load_tags() and sm_slot_rcu() in sm_find_from() and gather_line(): whoever
 * sees the mark or the pointer sees the filled buckets.
 */
static void mark_moved(struct sm_shard *shard, struct sm_line *line)
{
	rcu_assign_pointer(line->slot[0],
			   (struct sm_entry *)((unsigned long)shard->next |
					       SM_PTR_NEXT));
	sm_publish_tags(line, SM_MOVED | (line->tags & SM_LINK));
	shard->moved++;
}

/**
 * sm_overflow_forget() - The overflow lines of a moved bucket go with its array.
 * @map: the table
 * @shard: one of its shards
 * @lines: how many
 *
 * Context: Shard lock held.
 */
void sm_overflow_forget(struct shardmap *map, struct sm_shard *shard,
			unsigned int lines)
{
	lockdep_assert_held(&shard->lock);
	WRITE_ONCE(shard->overflow, shard->overflow - lines);
	sm_account_index(map, shard, -(long)(lines * sm_line_bytes(map)));
}

static bool split(struct shardmap *map, struct sm_shard *shard,
		  unsigned long index)
{
	struct sm_line *line = &shard->array->lines[index];
	struct sm_line *to = &shard->next->lines[2 * index];
	struct filler low = { .line = to }, high = { .line = to + 1 };
	unsigned int overflow = chain_length(shard, line);

	/* Two buckets of seven hold what one and a chain of sixes hold. */
	if (shard->spares < overflow)
		return false;
	distribute(shard, line, 63 - map->shard_bits - shard->array->bits, &low,
		   &high);
	mark_moved(shard, line);
	sm_overflow_forget(map, shard, overflow);
	return true;
}

static bool merge(struct shardmap *map, struct sm_shard *shard,
		  unsigned long index)
{
	struct sm_line *line = &shard->array->lines[index & ~1UL];
	struct filler to = { .line = &shard->next->lines[index / 2] };
	unsigned int overflow =
		chain_length(shard, line) + chain_length(shard, line + 1);

	/* The last line of each may hold a seventh entry. */
	if (shard->spares < overflow + 2)
		return false;
	distribute(shard, line, 0, &to, &to);
	distribute(shard, line + 1, 0, &to, &to);
	mark_moved(shard, line);
	mark_moved(shard, line + 1);
	sm_overflow_forget(map, shard, overflow);
	return true;
}

/* Move the bucket at @index if it has not moved; false if spares are too few. */
static bool move(struct shardmap *map, struct sm_shard *shard,
		 unsigned long index)
{
	lockdep_assert_held(&shard->lock);
	if (sm_is_inline(map))
		return sm_inline_move(map, shard, index);
	if (shard->array->lines[index].tags & SM_MOVED)
		return true;
	if (shard->next->bits > shard->array->bits)
		return split(map, shard, index);
	return merge(map, shard, index);
}

/*
 * Readers start from the next array once all buckets have moved.  Pairs with
 * rcu_dereference() of map->root[] in sm_first_line(), sm_inline_array() and
 * gather().
 */
static struct sm_array *finish_if_moved(struct shardmap *map,
					struct sm_shard *shard)
{
	struct sm_array *old = shard->array;

	if (!shard->next || shard->moved != 1UL << old->bits)
		return NULL;
	rcu_assign_pointer(map->root[shard - map->shards], shard->next->root);
	shard->array = shard->next;
	shard->next = NULL;
	shard->dense_bits = max(shard->dense_bits, shard->array->bits);
	WRITE_ONCE(shard->resizes, shard->resizes + 1);
	sm_account_index(map, shard, -(long)sm_array_bytes(map, old->bits));
	return old;
}

/**
 * sm_shard_array() - Find the array to change for a key.
 * @map: the table
 * @shard: shard of the key
 * @hash: hash of the key
 * @finished: set to an array for sm_array_retire() after unlocking, or NULL
 *
 * Moves the key's bucket first if the shard is being resized.
 *
 * Context: Shard lock held.
 * Return: The array that holds the key's bucket.
 */
struct sm_array *sm_shard_array(struct shardmap *map, struct sm_shard *shard,
				u64 hash, struct sm_array **finished)
{
	lockdep_assert_held(&shard->lock);
	*finished = NULL;
	if (likely(!shard->next))
		return shard->array;
	if (!move(map, shard, sm_line_index(map, hash, shard->array->bits)))
		return shard->array;
	*finished = finish_if_moved(map, shard);
	return *finished ? shard->array : shard->next;
}

static bool wants_growth(const struct sm_shard *shard)
{
	const struct sm_array *array = shard->array;

	return shard->count > array->grow_at ||
	       array->bits < READ_ONCE(array->map->reserved_bits);
}

static bool wants_shrinking(const struct sm_shard *shard)
{
	const struct sm_array *array = shard->array;

	return shard->count < array->shrink_at &&
	       array->bits > READ_ONCE(array->map->reserved_bits);
}

/**
 * sm_shard_wants_resize() - Is there something to do for the resize work?
 * @shard: the shard
 *
 * There is if the number of entries is out of the array's bounds, if the array is
 * smaller than what shardmap_reserve() asked for, or if memory was too short to finish the resize under way.
 *
 * Context: Shard lock held.
 * Return: true if sm_resize_kick() should be called.
 */
bool sm_shard_wants_resize(const struct sm_shard *shard)
{
	lockdep_assert_held(&shard->lock);
	if (shard->next)
		return shard->stalled;
	return wants_growth(shard) || wants_shrinking(shard);
}

/**
 * sm_resize_kick() - Have a shard resized.
 * @map: the table
 * @index: index of the shard
 *
 * Context: Process or softirq context, not under a shard lock.
 */
void sm_resize_kick(struct shardmap *map, unsigned int index)
{
	if (!test_and_set_bit(index, map->resize_pending))
		queue_work(sm_wq, &map->resize_work);
}

/* Publish the next array to writers, if the shard still wants one. */
static bool resize_begin(struct shardmap *map, unsigned int index)
{
	struct sm_shard *shard = &map->shards[index];
	struct sm_array *next;
	unsigned int bits;
	bool wanted;

	sm_shard_lock_bh(shard);
	wanted = sm_shard_wants_resize(shard);
	bits = shard->array->bits;
	bits += wants_growth(shard) ? 1 : -1;
	sm_shard_unlock_bh(shard);
	if (!wanted)
		return false;

	/* Only the resize work sets @next, so @bits stays right. */
	next = sm_array_alloc(map, index, bits, map->gfp | __GFP_NOWARN);
	if (!next)
		return false;
	sm_shard_lock_bh(shard);
	shard->array->next = next;
	shard->next = next;
	shard->moved = 0;
	sm_account_index(map, shard, sm_array_bytes(map, bits));
	sm_shard_unlock_bh(shard);
	return true;
}

/*
 * Move up to MOVE_STEP buckets from @index on.  Returns true if the shard is still
 * being resized; then it is stalled if spares were too few.
 */
static bool sweep_step(struct shardmap *map, struct sm_shard *shard,
		       unsigned long *index)
{
	struct sm_array *finished;
	unsigned int step;
	bool more;

	sm_shard_lock_bh(shard);
	shard->stalled = false;
	for (step = 0; step < MOVE_STEP && shard->next; step++) {
		if (*index >> shard->array->bits)
			break;
		if (!move(map, shard, *index)) {
			shard->stalled = true;
			break;
		}
		++*index;
	}
	finished = finish_if_moved(map, shard);
	more = shard->next;
	sm_shard_unlock_bh(shard);
	sm_array_retire(finished);
	return more;
}

/*
 * Move what writers have not.  Returns false if memory for spare lines was short:
 * the shard stays stalled, and the next update has the work try again.
 */
static bool resize_sweep(struct shardmap *map, struct sm_shard *shard)
{
	unsigned long index = 0;

	while (sweep_step(map, shard, &index)) {
		/* Only this work writes @stalled. */
		if (shard->stalled && sm_spare_refill(map, shard, map->gfp))
			return false;
		cond_resched();
	}
	if (index)
		sm_spares_free(map, shard);
	return true;
}

/**
 * sm_resize_work() - Resize the shards that asked for it.
 * @work: resize_work of a table
 *
 * Context: Process context (workqueue).
 */
void sm_resize_work(struct work_struct *work)
{
	struct shardmap *map = container_of(work, struct shardmap, resize_work);
	/* A worker has no memory cgroup of its own: charge the table's. */
	struct mem_cgroup *before = sm_charge_begin(map);
	unsigned int nr = sm_nr_shards(map);
	unsigned int i;

	for (i = 0; i < nr; i++) {
		/*
		 * Pairs with test_and_set_bit() in sm_resize_kick(): a count
		 * changed before a kick that found the bit set is seen here.
		 */
		if (!test_bit(i, map->resize_pending) ||
		    !test_and_clear_bit(i, map->resize_pending))
			continue;
		/* A stalled resize is finished before another begins. */
		do {
			if (!resize_sweep(map, &map->shards[i]))
				break;
		} while (resize_begin(map, i));
		sm_shard_compact(map, &map->shards[i]);
	}
	sm_limbo_update_limit(map);
	sm_charge_end(map, before);
}

static bool has_reserved(struct sm_shard *shard, unsigned int bits)
{
	bool has;

	sm_shard_lock_bh(shard);
	has = shard->array->bits >= bits;
	sm_shard_unlock_bh(shard);
	return has;
}

static int reserve_shard(struct shardmap *map, unsigned int index,
			 unsigned int bits)
{
	struct sm_shard *shard = &map->shards[index];

	if (has_reserved(shard, bits))
		return 0;
	if (fatal_signal_pending(current))
		return -EINTR;
	/* Not a kick: who has set the bit may not have queued the work yet. */
	set_bit(index, map->resize_pending);
	queue_work(sm_wq, &map->resize_work);
	flush_work(&map->resize_work);
	return has_reserved(shard, bits) ? 0 : -ENOMEM;
}

/**
 * shardmap_reserve() - Have the table hold so many entries without growing.
 * @map: the table
 * @entries: how many, up to SHARDMAP_MAX_RESERVE; 0 takes a reservation back
 *
 * Nor does the table shrink below that.  Only the index is made, no entries.  A
 * failure leaves the reservation of before; what was made goes as it came.
 *
 * Context: Process context.  May sleep.  Takes and releases shard locks.
 * Return: 0; -EINVAL if @entries is beyond the limit; -EDQUOT if the index would take
 * more than all of the table's quota; -ENOMEM; -EINTR at a fatal signal.
 */
int shardmap_reserve(struct shardmap *map, u64 entries)
{
	unsigned int i, before = READ_ONCE(map->reserved_bits), bits = 0;
	int err = 0;

	if (entries > SHARDMAP_MAX_RESERVE)
		return -EINVAL;
	if (entries)
		bits = sm_array_bits(map, entries);
	if (!sm_quota_has(map, (u64)sm_array_bytes(map, bits)
				       << map->shard_bits))
		return -EDQUOT;
	WRITE_ONCE(map->reserved_bits, bits);
	for (i = 0; i < sm_nr_shards(map) && !err; i++)
		err = reserve_shard(map, i, bits);
	if (err)
		WRITE_ONCE(map->reserved_bits, before);
	if (bits > before && !err)
		return 0;
	/* What is too large now shrinks without waiting for an update. */
	for (i = 0; i < sm_nr_shards(map); i++)
		sm_resize_kick(map, i);
	return err;
}
SHARDMAP_EXPORT(shardmap_reserve);
