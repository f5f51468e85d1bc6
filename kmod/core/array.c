// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of a shard: arrays of bucket lines, spare lines for overflow, and their
 * end.
 */
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "hold.h"
#include "inline.h"
#include "internal.h"
#include "line.h"

/**
 * struct load - mean entries per bucket, in eighths
 * @grow: shard 0 grows above
 * @grow_span: the last shard grows above that much more
 * @shrink: shards shrink below
 */
struct load {
	unsigned int grow;
	unsigned int grow_span;
	unsigned int shrink;
};

static const struct load tag_load = {
	.grow = 8 * SM_SLOTS * 60 / 100,
	.grow_span = 8 * SM_SLOTS * 20 / 100,
	.shrink = 8 * SM_SLOTS * 15 / 100,
};

/* Fuller: lines are twice as long, and are all the memory that there is. */
static const struct load inline_load = {
	.grow = 8 * SM_CELLS * 65 / 100,
	.grow_span = 8 * SM_CELLS * 20 / 100,
	.shrink = 8 * SM_CELLS * 15 / 100,
};

static const struct load *load_of(const struct shardmap *map)
{
	return sm_is_inline(map) ? &inline_load : &tag_load;
}

static bool is_largest(const struct shardmap *map, unsigned int bits)
{
	return bits >= SM_MAX_BITS ||
	       sm_line_bytes(map) << bits >= SM_MAX_LINES_BYTES;
}

/**
 * sm_array_bits() - Size of the arrays that hold so many entries without growing.
 * @map: the table
 * @entries: number of entries in all shards
 *
 * Shards do not fill quite alike, so there is room for an eighth more.
 *
 * Context: Any context.
 * Return: log2 of the number of lines.
 */
unsigned int sm_array_bits(const struct shardmap *map, u64 entries)
{
	u64 share = (entries + entries / 8) >> map->shard_bits;
	unsigned int bits = SM_MIN_BITS;

	while (!is_largest(map, bits) &&
	       ((u64)load_of(map)->grow << bits) >> 3 < share)
		bits++;
	return bits;
}

/**
 * sm_array_alloc() - Allocate an empty array.
 * @map: the table
 * @index: index of the shard it is for
 * @bits: log2 of the number of lines
 * @gfp: allocation flags
 *
 * Context: Process context, as @gfp allows.
 * Return: The array, or NULL if memory is short.
 */
struct sm_array *sm_array_alloc(struct shardmap *map, unsigned int index,
				unsigned int bits, gfp_t gfp)
{
	const struct load *load = load_of(map);
	unsigned long nr = 1UL << bits, grow;
	struct sm_array *array;

	array = kzalloc(sizeof(*array), gfp);
	if (!array)
		return NULL;
	array->map = map;
	array->bits = bits;
	array->lines = kvcalloc(nr, sm_line_bytes(map), gfp);
	if (!array->lines)
		goto free_array;
	array->root = (struct sm_line *)((unsigned long)array->lines | bits);
	if (sm_is_inline(map)) {
		array->links = kvcalloc(nr, sizeof(*array->links), gfp);
		if (!array->links)
			goto free_lines;
		array->root = (struct sm_line *)array;
	}
	/* Shards fill alike; staggered thresholds keep them from growing at once. */
	grow = load->grow + (load->grow_span * index >> map->shard_bits);
	array->grow_at = is_largest(map, bits) ? ULONG_MAX : (nr * grow) >> 3;
	array->shrink_at = bits > SM_MIN_BITS ? (nr * load->shrink) >> 3 : 0;
	return array;

free_lines:
	kvfree(array->lines);
free_array:
	kfree(array);
	return NULL;
}
SM_EXPORT_FOR_TESTS(sm_array_alloc);

/**
 * sm_array_bytes() - Memory of an array without its overflow lines.
 * @map: the table
 * @bits: log2 of the number of lines
 *
 * Context: Any context.
 * Return: Bytes.
 */
size_t sm_array_bytes(const struct shardmap *map, unsigned int bits)
{
	size_t link = sm_is_inline(map) ? sizeof(struct sm_inline_line *) : 0;

	return sizeof(struct sm_array) + ((sm_line_bytes(map) + link) << bits);
}

static struct sm_line *link_of(const struct sm_line *line)
{
	if (!(line->tags & SM_LINK))
		return NULL;
	return sm_slot_link(rcu_access_pointer(line->slot[SM_LAST_SLOT]));
}

/* The first overflow line of a bucket, of either kind. */
static void *first_link(const struct sm_array *array, unsigned long index)
{
	if (sm_is_inline(array->map))
		return sm_inline_link_locked(array,
					     sm_inline_lines(array) + index);
	return link_of(&array->lines[index]);
}

static void *next_link(const struct sm_array *array, const void *line)
{
	if (sm_is_inline(array->map))
		return sm_inline_link_locked(array, line);
	return link_of(line);
}

/* Free the overflow lines and the array; no reader or writer can hold it. */
static void array_free(struct sm_array *array)
{
	unsigned long i, nr = 1UL << array->bits;

	for (i = 0; i < nr; i++) {
		void *line = first_link(array, i), *next;

		for (; line; line = next) {
			next = next_link(array, line);
			kfree(line);
		}
		if (!(i & 1023))
			cond_resched();
	}
	kvfree(array->links);
	kvfree(array->lines);
	kfree(array);
}

static void array_free_work(struct work_struct *work)
{
	struct sm_array *array =
		container_of(to_rcu_work(work), struct sm_array, free_work);
	struct shardmap *map = array->map;

	array_free(array);
	sm_map_unpin(map);
}

/**
 * sm_array_retire() - Free an array when no reader can hold it any more.
 * @array: array that a resize has emptied, or NULL
 *
 * Context: Process or softirq context, not under a shard lock.
 */
void sm_array_retire(struct sm_array *array)
{
	if (!array)
		return;
	refcount_inc(&array->map->pins);
	INIT_RCU_WORK(&array->free_work, array_free_work);
	queue_rcu_work(sm_wq, &array->free_work);
}

/**
 * sm_spare_take() - Take an empty line from the spares.
 * @shard: the shard
 *
 * Context: Shard lock held.
 * Return: The line, all zero, or NULL.
 */
struct sm_line *sm_spare_take(struct sm_shard *shard)
{
	struct sm_line *line = shard->spare;

	lockdep_assert_held(&shard->lock);
	if (!line)
		return NULL;
	shard->spare = (struct sm_line *)sm_slot_locked(shard, line, 0);
	shard->spares--;
	RCU_INIT_POINTER(line->slot[0], NULL);
	WRITE_ONCE(shard->overflow, shard->overflow + 1);
	return line;
}

/**
 * sm_spare_refill() - Add a line to the spares.
 * @map: the table
 * @shard: one of its shards
 * @gfp: allocation flags
 *
 * Context: Any context that @gfp allows, not under a shard lock.
 * Return: 0 or -ENOMEM.
 */
int sm_spare_refill(struct shardmap *map, struct sm_shard *shard, gfp_t gfp)
{
	struct mem_cgroup *before = sm_charge_begin(map);
	struct sm_line *line = kzalloc(sm_line_bytes(map), gfp);

	sm_charge_end(map, before);
	if (!line)
		return -ENOMEM;
	sm_shard_lock_bh(shard);
	RCU_INIT_POINTER(line->slot[0], (struct sm_entry *)shard->spare);
	shard->spare = line;
	shard->spares++;
	sm_account_index(map, shard, sm_line_bytes(map));
	sm_shard_unlock_bh(shard);
	return 0;
}
SM_EXPORT_FOR_TESTS(sm_spare_refill);

/**
 * sm_spares_free() - Free the spares: who needs some asks for them.
 * @map: the table
 * @shard: one of its shards
 *
 * Context: Process context, not under a shard lock.
 */
void sm_spares_free(struct shardmap *map, struct sm_shard *shard)
{
	struct sm_line *line, *next;

	sm_shard_lock_bh(shard);
	line = shard->spare;
	sm_account_index(map, shard,
			 -(long)(shard->spares * sm_line_bytes(map)));
	shard->spare = NULL;
	shard->spares = 0;
	sm_shard_unlock_bh(shard);
	for (; line; line = next) {
		next = (struct sm_line *)rcu_access_pointer(line->slot[0]);
		kfree(line);
	}
}

/**
 * sm_shard_create() - Give a shard its lock and an empty array.
 * @map: the table
 * @index: index of the shard
 *
 * Context: Process context.
 * Return: 0 or -ENOMEM.
 */
int sm_shard_create(struct shardmap *map, unsigned int index)
{
	struct sm_shard *shard = &map->shards[index];

	spin_lock_init(&shard->lock);
	shard->expire_at = SM_NEVER;
	shard->array = sm_array_alloc(map, index, SM_MIN_BITS, map->gfp);
	if (!shard->array)
		return -ENOMEM;
	sm_account_index(map, shard, sm_array_bytes(map, SM_MIN_BITS));
	RCU_INIT_POINTER(map->root[index], shard->array->root);
	return 0;
}

static void free_entries(struct sm_array *array)
{
	unsigned long i, nr = 1UL << array->bits;

	if (sm_is_inline(array->map))
		return;
	for (i = 0; i < nr; i++) {
		const struct sm_line *line = &array->lines[i];

		/* What moved is found in the next array. */
		while (!(line->tags & SM_MOVED)) {
			unsigned long used = sm_used(line->tags);

			for (; used; used &= used - 1)
				sm_entry_free(rcu_access_pointer(
					line->slot[sm_next_slot(used)]));
			if (!(line->tags & SM_LINK))
				break;
			line = sm_slot_link(
				rcu_access_pointer(line->slot[SM_LAST_SLOT]));
		}
		if (!(i & 255))
			cond_resched();
	}
}

/**
 * sm_shard_destroy() - Free a shard's entries, arrays and lines.
 * @map: a table that nobody uses any more
 * @index: index of the shard
 *
 * Context: Process context.
 */
void sm_shard_destroy(struct shardmap *map, unsigned int index)
{
	struct sm_shard *shard = &map->shards[index];

	sm_quota_release(map, shard);
	if (shard->array) {
		free_entries(shard->array);
		array_free(shard->array);
	}
	if (shard->next) {
		free_entries(shard->next);
		array_free(shard->next);
	}
	while (shard->spare) {
		struct sm_line *line = shard->spare;

		shard->spare =
			(struct sm_line *)rcu_access_pointer(line->slot[0]);
		kfree(line);
	}
}
