// SPDX-License-Identifier: GPL-2.0-only
/* Whole buckets of inline tables: moved by a resize, read by a scan, cleared. */
#include <linux/slab.h>

#include "inline.h"
#include "internal.h"

/**
 * sm_inline_add_line() - Hang an overflow line behind a line.
 * @shard: the shard, which has a spare line
 * @array: array of the bucket
 * @line: last line of the bucket
 *
 * Readers follow the link once the caller has set SM_CELL_LINK.
 *
 * Context: Shard lock held.
 * Return: The overflow line, empty.
 */
struct sm_inline_line *sm_inline_add_line(struct sm_shard *shard,
					  struct sm_array *array,
					  struct sm_inline_line *line)
{
	struct sm_inline_line *over =
		(struct sm_inline_line *)sm_spare_take(shard);

	lockdep_assert_held(&shard->lock);
	over->used = SM_CELL_OVERFLOW;
	if (line->used & SM_CELL_OVERFLOW)
		atomic64_set(&line->value[SM_LAST_CELL], (unsigned long)over);
	else
		array->links[line - sm_inline_lines(array)] = over;
	return over;
}

/* Put a key into a bucket, of which @line is the last line, before readers come. */
static struct sm_inline_line *fill(struct sm_shard *shard,
				   struct sm_inline_line *line,
				   const struct sm_inline_line *from,
				   unsigned int cell)
{
	u32 free = sm_inline_free(line->used);

	if (!free) {
		struct sm_inline_line *over =
			sm_inline_add_line(shard, shard->next, line);

		line->used |= SM_CELL_LINK;
		line = over;
		free = sm_inline_free(line->used);
	}
	sm_cell_fill_hidden(line, __ffs(free), from->key[cell],
			    atomic64_read(&from->value[cell]),
			    atomic64_read(&from->version[cell]));
	return line;
}

static unsigned int chain_length(const struct sm_array *array,
				 const struct sm_inline_line *line)
{
	unsigned int n = 0;

	while ((line = sm_inline_link_locked(array, line)))
		n++;
	return n;
}

/*
 * Place the keys of a bucket by bit @shift of their hash in one of two buckets, of
 * which @to holds the last lines; with a negative @shift all in the first.
 */
static void distribute(const struct shardmap *map, struct sm_shard *shard,
		       const struct sm_inline_line *line, int shift,
		       struct sm_inline_line *to[2])
{
	do {
		u32 cells = sm_inline_cells(line->used);

		for (; cells; cells &= cells - 1) {
			unsigned int cell = __ffs(cells);
			unsigned int half = 0;

			if (shift >= 0)
				half = (sm_hash(map, &line->key[cell],
						map->max_key_len) >>
					shift) &
				       1;
			to[half] = fill(shard, to[half], line, cell);
		}
	} while ((line = sm_inline_link_locked(shard->array, line)));
}

/*
 * From here on readers of the bucket go to the next array.  Pairs with the acquire
 * of @used in sm_inline_try() and sm_inline_copy(): whoever sees the flag sees the
 * filled buckets and @next.
 */
static void mark_moved(struct sm_shard *shard, struct sm_inline_line *line)
{
	sm_inline_publish(line, SM_CELL_MOVED | (line->used & SM_CELL_LINK));
	shard->moved++;
}

static bool split(struct shardmap *map, struct sm_shard *shard,
		  unsigned long index)
{
	struct sm_inline_line *line = sm_inline_lines(shard->array) + index;
	struct sm_inline_line *first = sm_inline_lines(shard->next) + 2 * index;
	struct sm_inline_line *to[2] = { first, first + 1 };
	unsigned int overflow = chain_length(shard->array, line);

	/* Two buckets hold in as many overflow lines what one does. */
	if (shard->spares < overflow)
		return false;
	distribute(map, shard, line, 63 - map->shard_bits - shard->array->bits,
		   to);
	mark_moved(shard, line);
	sm_overflow_forget(map, shard, overflow);
	return true;
}

static bool merge(struct shardmap *map, struct sm_shard *shard,
		  unsigned long index)
{
	struct sm_inline_line *line =
		sm_inline_lines(shard->array) + (index & ~1UL);
	struct sm_inline_line *to[2] = { sm_inline_lines(shard->next) +
					 index / 2 };
	unsigned int overflow = chain_length(shard->array, line) +
				chain_length(shard->array, line + 1);

	/* The first line of one of them goes, with five keys: two lines of four. */
	if (shard->spares < overflow + 2)
		return false;
	distribute(map, shard, line, -1, to);
	distribute(map, shard, line + 1, -1, to);
	mark_moved(shard, line);
	mark_moved(shard, line + 1);
	sm_overflow_forget(map, shard, overflow);
	return true;
}

/**
 * sm_inline_move() - Move a bucket of an inline table to the next array.
 * @map: the table
 * @shard: one of its shards
 * @index: index of the bucket
 *
 * Context: Shard lock held.
 * Return: true if it has moved, false if spare lines are too few.
 */
bool sm_inline_move(struct shardmap *map, struct sm_shard *shard,
		    unsigned long index)
{
	lockdep_assert_held(&shard->lock);
	if (sm_inline_lines(shard->array)[index].used & SM_CELL_MOVED)
		return true;
	if (shard->next->bits > shard->array->bits)
		return split(map, shard, index);
	return merge(map, shard, index);
}

/**
 * sm_inline_copy() - Copy a line as it was at one instant.
 * @line: the line
 * @copy: out: the copy
 *
 * Values may be newer than their versions, as everywhere.
 *
 * Context: RCU read-side critical section.
 */
void sm_inline_copy(const struct sm_inline_line *line, struct sm_cells *copy)
{
	unsigned int i;
	u32 gen;

	do {
		/* Pairs with the release in sm_inline_fill_begin(). */
		gen = smp_load_acquire(&line->gen);
		/* Pairs with the release in sm_inline_publish(). */
		copy->used = smp_load_acquire(&line->used);
		for (i = 0; i < SM_CELLS; i++) {
			copy->key[i] = READ_ONCE(line->key[i]);
			/* Both pair with the releases in sm_cell_store(). */
			copy->version[i] =
				atomic64_read_acquire(&line->version[i]);
			copy->value[i] = atomic64_read_acquire(&line->value[i]);
		}
		/* Pairs with smp_wmb() in sm_inline_fill_begin(). */
		smp_rmb();
	} while (READ_ONCE(line->gen) != gen);
}

/* Remove all keys of a line. */
static unsigned int empty_line(struct shardmap *map,
			       struct sm_inline_line *line)
{
	u32 cells = sm_inline_cells(line->used), rest = cells;

	sm_inline_publish(line, line->used & ~SM_CELL_MASK);
	/* What a free cell holds stays until the lock is released. */
	for (; rest; rest &= rest - 1) {
		unsigned int cell = __ffs(rest);

		sm_notify(map, SHARDMAP_EVENT_DELETE, &line->key[cell],
			  map->max_key_len,
			  atomic64_read(&line->version[cell]));
	}
	return hweight32(cells);
}

/**
 * sm_inline_clear() - Remove all keys of a bucket.
 * @map: the table
 * @array: its array
 * @line: its first line
 *
 * Context: Shard lock held.
 * Return: How many keys there were.
 */
unsigned int sm_inline_clear(struct shardmap *map, const struct sm_array *array,
			     struct sm_inline_line *line)
{
	unsigned int removed = 0;

	do {
		removed += empty_line(map, line);
	} while ((line = sm_inline_link_locked(array, line)));
	return removed;
}
