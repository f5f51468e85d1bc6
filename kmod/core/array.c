// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of a shard: arrays of bucket lines, spare lines for overflow, and their
 * end.
 */
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "internal.h"
#include "line.h"

/* Mean entries per bucket, in eighths, above which shard 0 and the last grow. */
#define GROW_LOAD_MIN (8 * SM_SLOTS * 60 / 100)
#define GROW_LOAD_SPAN (8 * SM_SLOTS * 20 / 100)

/* Mean entries per bucket, in eighths, below which a shard shrinks. */
#define SHRINK_LOAD (8 * SM_SLOTS * 15 / 100)

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
	unsigned long load =
		GROW_LOAD_MIN + (GROW_LOAD_SPAN * index >> map->shard_bits);
	unsigned long nr = 1UL << bits;
	struct sm_array *array;

	array = kmalloc(sizeof(*array), gfp);
	if (!array)
		return NULL;
	array->lines = kvcalloc(nr, sizeof(struct sm_line), gfp);
	if (!array->lines) {
		kfree(array);
		return NULL;
	}
	array->root = (struct sm_line *)((unsigned long)array->lines | bits);
	array->bits = bits;
	/* Shards fill alike; staggered thresholds keep them from growing at once. */
	array->grow_at = bits < SM_MAX_BITS ? (nr * load) >> 3 : ULONG_MAX;
	array->shrink_at = bits > SM_MIN_BITS ? (nr * SHRINK_LOAD) >> 3 : 0;
	array->map = map;
	return array;
}
SM_EXPORT_FOR_TESTS(sm_array_alloc);

/**
 * sm_array_bytes() - Memory of an array without its overflow lines.
 * @array: the array
 *
 * Context: Any context.
 * Return: Bytes.
 */
size_t sm_array_bytes(const struct sm_array *array)
{
	return sizeof(*array) + (sizeof(struct sm_line) << array->bits);
}

/* Free the overflow lines and the array; no reader or writer can hold it. */
static void array_free(struct sm_array *array)
{
	unsigned long i, nr = 1UL << array->bits;

	for (i = 0; i < nr; i++) {
		struct sm_line *line = &array->lines[i];

		while (line->tags & SM_LINK) {
			struct sm_line *link = sm_slot_link(
				rcu_access_pointer(line->slot[SM_LAST_SLOT]));

			if (line != &array->lines[i])
				kfree(line);
			line = link;
		}
		if (line != &array->lines[i])
			kfree(line);
		if (!(i & 1023))
			cond_resched();
	}
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
	struct sm_line *line = kzalloc(sizeof(*line), gfp);

	if (!line)
		return -ENOMEM;
	spin_lock_bh(&shard->lock);
	RCU_INIT_POINTER(line->slot[0], (struct sm_entry *)shard->spare);
	shard->spare = line;
	shard->spares++;
	WRITE_ONCE(shard->index_bytes, shard->index_bytes + sizeof(*line));
	spin_unlock_bh(&shard->lock);
	return 0;
}
SM_EXPORT_FOR_TESTS(sm_spare_refill);

/**
 * sm_spares_free() - Free the spares: who needs some asks for them.
 * @shard: the shard
 *
 * Context: Process context, not under a shard lock.
 */
void sm_spares_free(struct sm_shard *shard)
{
	struct sm_line *line, *next;

	spin_lock_bh(&shard->lock);
	line = shard->spare;
	WRITE_ONCE(shard->index_bytes,
		   shard->index_bytes - shard->spares * sizeof(*line));
	shard->spare = NULL;
	shard->spares = 0;
	spin_unlock_bh(&shard->lock);
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
	shard->array = sm_array_alloc(map, index, SM_MIN_BITS, map->gfp);
	if (!shard->array)
		return -ENOMEM;
	shard->index_bytes = sm_array_bytes(shard->array);
	RCU_INIT_POINTER(map->root[index], shard->array->root);
	return 0;
}

static void free_entries(struct sm_array *array)
{
	unsigned long i, nr = 1UL << array->bits;

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
