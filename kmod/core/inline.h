/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inline tables: small entries of one size stand in the bucket's line itself, in
 * cells, so that a hit costs one cache miss and no entry is ever allocated.
 *
 * Cells are used again at once, without a grace period.  So a reader must find out
 * whether a cell was filled anew while it read it: @gen of the line changes before
 * a cell is filled, and the reader compares it afterwards.  This is a seqcount
 * without its odd state: a reader starts over only when a free cell of that very
 * line was filled meanwhile, and never waits for a writer, not even for one that it
 * interrupted.
 *
 *	writer, shard lock held		reader
 *	clear bit in @used		load-acquire @gen
 *	store-release @gen + 1		load-acquire @used
 *	smp_wmb()			load key, value, version
 *	store key, value, version	smp_rmb()
 *	store-release bit in @used	load @gen; other than before: again
 *
 * A reader that loaded anything of the new key sees the new @gen at the end.  One
 * that began with the new @gen saw the bit cleared, or set after all was stored.
 *
 * What a cell in use holds does not change, but for its value: one 8-byte atomic.
 * So a key that is present throughout is found where it is, as long as its bucket
 * does not move.  Overflow lines and next arrays are announced by flags in @used;
 * where they are was stored before, and not in a cell in use:
 *
 *   SM_CELL_LINK:  an overflow line follows.  Links of first lines stand in an array
 *                  of their own, those of overflow lines in their last cell, which
 *                  never holds a key.
 *   SM_CELL_MOVED: (first line) the bucket is in the next array.  Its cells are never
 *                  written again, so a reader with an older @used reads a frozen
 *                  copy.
 */
#ifndef _SHARDMAP_CORE_INLINE_H
#define _SHARDMAP_CORE_INLINE_H

#include <linux/minmax.h>
#include <linux/prefetch.h>
#include <linux/string.h>

#include "compat.h"
#include "internal.h"
#include "line.h"

#define SM_CELL_MASK ((u32)(BIT(SM_CELLS) - 1))
#define SM_CELL_OVERFLOW ((u32)BIT(29)) /* this is an overflow line */
#define SM_CELL_LINK ((u32)BIT(30))
#define SM_CELL_MOVED ((u32)BIT(31))

#define SM_LAST_CELL (SM_CELLS - 1)

/* A key or value of up to 8 bytes as a word, zeros behind it. */
static __always_inline u64 sm_cell_word(const void *data, u32 len)
{
	u64 word = 0;

	if (likely(len == sizeof(word)))
		return get_unaligned((const u64 *)data);
	/* No more than fits, for compilers that do not see that none comes. */
	memcpy(&word, data, min_t(u32, len, sizeof(word)));
	return word;
}

static __always_inline void sm_cell_copy(void *buf, u64 word, u32 len)
{
	if (likely(len == sizeof(word)))
		put_unaligned(word, (u64 *)buf);
	else
		memcpy(buf, &word, len);
}

static inline struct sm_inline_line *
sm_inline_lines(const struct sm_array *array)
{
	return (struct sm_inline_line *)array->lines;
}

/* First line of the bucket that @hash belongs to. */
static __always_inline struct sm_inline_line *
sm_inline_bucket(const struct shardmap *map, const struct sm_array *array,
		 u64 hash)
{
	return sm_inline_lines(array) + sm_line_index(map, hash, array->bits);
}

/* The array that readers of @hash start from: what root[] holds here. */
static __always_inline struct sm_array *
sm_inline_array(const struct shardmap *map, u64 hash)
{
	/* Pairs with rcu_assign_pointer() in finish_if_moved(). */
	return (struct sm_array *)rcu_dereference(
		map->root[sm_shard_index(map, hash)]);
}

/* The line behind @line of @array, once a reader has seen SM_CELL_LINK. */
static inline struct sm_inline_line *
sm_inline_link(const struct sm_array *array, const struct sm_inline_line *line,
	       u32 used)
{
	if (used & SM_CELL_OVERFLOW)
		return (struct sm_inline_line *)(unsigned long)atomic64_read(
			&line->value[SM_LAST_CELL]);
	return array->links[line - sm_inline_lines(array)];
}

/* A line takes two cache lines: fetch both at once. */
static __always_inline void
sm_inline_prefetch(const struct sm_inline_line *line)
{
	prefetch(line);
	prefetch((const u8 *)line + sizeof(*line) / 2);
}

/* Fetch the bucket that an update is going to look at, before it takes the lock. */
static inline void sm_inline_prefetch_bucket(const struct shardmap *map,
					     u64 hash)
{
	rcu_read_lock();
	sm_inline_prefetch(
		sm_inline_bucket(map, sm_inline_array(map, hash), hash));
	rcu_read_unlock();
}

/* Cells of @line in use that hold @key, if the line did not change meanwhile. */
static __always_inline u32 sm_inline_match(const struct sm_inline_line *line,
					   u32 used, u64 key)
{
	u32 match = 0;
	unsigned int i;

	/* Without branches, which would be guessed wrong at every other key. */
	for (i = 0; i < SM_CELLS; i++)
		match |= (u32)(READ_ONCE(line->key[i]) == key) << i;
	return match & used;
}

/**
 * sm_inline_try() - Look for a key in one line.
 * @line: the line
 * @key: the key as a word
 * @value: out: its value as a word
 * @version: out: its version, with SM_VERSION_BUSY while the value changes; it may be
 *	older than the value, never newer
 * @used: out: state of the line at that moment
 *
 * Starts over when a cell of the line is filled meanwhile.
 *
 * Context: RCU read-side critical section, any context.
 * Return: true if the key is there.
 */
static __always_inline bool sm_inline_try(const struct sm_inline_line *line,
					  u64 key, u64 *value, u64 *version,
					  u32 *used)
{
	u32 gen, match;

	do {
		/* Pairs with the release in sm_inline_fill_begin(). */
		gen = smp_load_acquire(&line->gen);
		/* Pairs with the release in sm_inline_publish(). */
		*used = smp_load_acquire(&line->used);
		match = sm_inline_match(line, *used, key);
		if (match) {
			unsigned int cell = __ffs(match);

			/* Both pair with the releases in sm_cell_store(). */
			*version = atomic64_read_acquire(&line->version[cell]);
			*value = atomic64_read_acquire(&line->value[cell]);
		}
		/* Pairs with smp_wmb() in sm_inline_fill_begin(). */
		smp_rmb();
	} while (unlikely(READ_ONCE(line->gen) != gen));
	return match;
}

/**
 * sm_inline_find() - Find a key of an inline table.
 * @map: the table
 * @line: first line of the key's bucket in the array that sm_inline_array()
 *	returned, in this read-side critical section
 * @hash: hash of the key
 * @key: the key as a word
 * @value: out: its value as a word
 * @version: out: its version, as from sm_inline_try()
 *
 * Context: RCU read-side critical section, any context.
 * Return: true if the key is there.
 */
static __always_inline bool sm_inline_find(const struct shardmap *map,
					   const struct sm_inline_line *line,
					   u64 hash, u64 key, u64 *value,
					   u64 *version)
{
	const struct sm_array *array;
	u32 used;

	/* The version, and most values, stand in the second half. */
	prefetch((const u8 *)line + sizeof(*line) / 2);
	if (sm_inline_try(line, key, value, version, &used))
		return true;
	if (likely(!(used & (SM_CELL_LINK | SM_CELL_MOVED))))
		return false;
	/* From the beginning: the array was not kept, and may be another one now. */
	array = sm_inline_array(map, hash);
	line = sm_inline_bucket(map, array, hash);
	for (;;) {
		if (sm_inline_try(line, key, value, version, &used))
			return true;
		if (used & SM_CELL_MOVED) {
			array = array->next;
			line = sm_inline_bucket(map, array, hash);
		} else if (used & SM_CELL_LINK) {
			line = sm_inline_link(array, line, used);
		} else {
			return false;
		}
	}
}

/*
 * Announce that a free cell of @line is about to be filled: readers that overlap
 * start over.
 */
static inline void sm_inline_fill_begin(struct sm_inline_line *line)
{
	/*
	 * Orders the clearing of the cell's bit, maybe on another CPU, before it.
	 * Pairs with the acquire of @gen in sm_inline_try() and sm_inline_copy().
	 */
	smp_store_release(&line->gen, line->gen + 1);
	/* Pairs with smp_rmb() in the same two. */
	smp_wmb();
}

/* Announce what was stored before. */
static inline void sm_inline_publish(struct sm_inline_line *line, u32 used)
{
	/* Pairs with the acquire of @used in sm_inline_try(), sm_inline_copy(). */
	smp_store_release(&line->used, used);
}

/*
 * Change the value of a cell in use, then its version.  Both pair with the acquires
 * in sm_inline_try() and sm_inline_copy(): the version is never newer than the
 * value, and what the writer did before is seen with the value.
 */
static inline void sm_cell_store(struct sm_inline_line *line, unsigned int cell,
				 u64 value, u64 version)
{
	atomic64_set(&line->version[cell],
		     atomic64_read(&line->version[cell]) | SM_VERSION_BUSY);
	atomic64_set_release(&line->value[cell], value);
	atomic64_set_release(&line->version[cell], version);
}

/* Fill a free cell of a line that no reader can reach yet. */
static inline void sm_cell_fill_hidden(struct sm_inline_line *line,
				       unsigned int cell, u64 key, u64 value,
				       u64 version)
{
	line->key[cell] = key;
	atomic64_set(&line->value[cell], value);
	atomic64_set(&line->version[cell], version);
	line->used |= BIT(cell);
}

/* Cells that hold a key. */
static inline u32 sm_inline_cells(u32 used)
{
	return used & SM_CELL_MASK;
}

/* Cells that a key may be put into. */
static inline u32 sm_inline_free(u32 used)
{
	u32 cells = used & SM_CELL_OVERFLOW ? SM_CELL_MASK >> 1 : SM_CELL_MASK;

	return cells & ~used;
}

/* The overflow line behind @line of @array, or NULL. */
static inline struct sm_inline_line *
sm_inline_link_locked(const struct sm_array *array,
		      const struct sm_inline_line *line)
{
	if (!(line->used & SM_CELL_LINK))
		return NULL;
	return sm_inline_link(array, line, line->used);
}

/* inline_move.c */
struct sm_inline_line *sm_inline_add_line(struct sm_shard *shard,
					  struct sm_array *array,
					  struct sm_inline_line *line);

#endif /* _SHARDMAP_CORE_INLINE_H */
