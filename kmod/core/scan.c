// SPDX-License-Identifier: GPL-2.0-only
/*
 * Walking a table in hash order.
 *
 * The position is a pair (hash, tie), so it means the same whatever arrays the
 * table has.  A step looks at the bucket that holds the position's hash in the
 * array of that moment, sorts what is at or after the position, and goes on behind
 * the part of the hash space that the bucket covers.  A key that is present
 * throughout has one position, is in the bucket that covers it whenever that
 * bucket is read, and so is shown once; no key is shown twice, since positions only
 * grow.
 *
 * The order of equal hashes is that of a second hash under a secret of its own.
 */
#include <linux/export.h>
#include <linux/sched.h>

#include "compat.h"
#include "inline.h"
#include "internal.h"
#include "line.h"

/* Buckets that one call goes through under one RCU read lock. */
#define SCAN_STEP 32

/* Entries sorted at a time; a bucket that holds more is visited again. */
#define GATHER_MAX 16

/* An entry made of a cell: what it would be in another table. */
struct cell_entry {
	u64 words[sizeof(struct sm_entry) / sizeof(u64) + 2];
};

/**
 * struct gather - the first entries of a bucket from a position on
 * @map: the table
 * @from: the position
 * @end: last hash that the bucket covers
 * @nr: number of entries
 * @more: the bucket holds further entries
 * @entry: the entries, in order
 * @cells: room for entries made of an inline table's cells
 */
struct gather {
	const struct shardmap *map;
	struct shardmap_position from;
	u64 end;
	unsigned int nr;
	bool more;
	struct sm_entry *entry[GATHER_MAX];
	struct cell_entry *cells;
};

static bool before_position(const struct gather *g, const struct sm_entry *e)
{
	if (e->hash != g->from.hash)
		return e->hash < g->from.hash;
	return g->from.tie && sm_tie(g->map, e) < g->from.tie;
}

static int compare(const struct shardmap *map, const struct sm_entry *a,
		   const struct sm_entry *b)
{
	u64 x = a->hash, y = b->hash;

	if (x == y) {
		x = sm_tie(map, a);
		y = sm_tie(map, b);
	}
	return x < y ? -1 : x > y;
}

/* Returns what is not kept: @e, or the entry that it takes the place of, or NULL. */
static struct sm_entry *gather_add(struct gather *g, struct sm_entry *e)
{
	struct sm_entry *last = NULL;
	unsigned int i = g->nr;

	if (before_position(g, e))
		return e;
	for (; i; i--) {
		int order = compare(g->map, g->entry[i - 1], e);

		/* The same key, replaced or put back while we looked. */
		if (!order)
			return e;
		if (order < 0)
			break;
	}
	if (i == GATHER_MAX) {
		g->more = true;
		return e;
	}
	if (g->nr == GATHER_MAX) {
		g->more = true;
		last = g->entry[GATHER_MAX - 1];
	} else {
		g->nr++;
	}
	memmove(&g->entry[i + 1], &g->entry[i],
		(g->nr - 1 - i) * sizeof(g->entry[0]));
	g->entry[i] = e;
	return last;
}

/*
 * Collect from one line.  Returns the array to go to instead, or NULL with the
 * next line of the bucket in @next.
 */
static struct sm_array *gather_line(struct gather *g, struct sm_line *line,
				    struct sm_line **next)
{
	unsigned long tags = sm_load_tags(line);
	unsigned long used = sm_used(tags);
	struct sm_entry *e;

	*next = NULL;
	if (tags & SM_MOVED)
		return sm_slot_next(sm_slot_rcu(line, 0));
	for (; used; used &= used - 1) {
		/* Pairs as in sm_find_from(). */
		e = sm_slot_rcu(line, sm_next_slot(used));
		if (sm_slot_kind(e) == SM_PTR_NEXT)
			return sm_slot_next(e);
		if (sm_slot_kind(e) == SM_PTR_LINK)
			*next = sm_slot_link(e);
		else if (e)
			gather_add(g, e);
	}
	if (tags & SM_LINK)
		*next = sm_slot_link(sm_slot_rcu(line, SM_LAST_SLOT));
	return NULL;
}

static void entry_from_cell(const struct shardmap *map, struct sm_entry *e,
			    const struct sm_cells *cells, unsigned int cell)
{
	e->hash = sm_hash(map, &cells->key[cell], map->max_key_len);
	atomic64_set(&e->version, cells->version[cell]);
	e->key_len = map->max_key_len;
	e->value_len = map->max_value_len;
	e->flags = 0;
	e->used = 0;
	memcpy(e->data, &cells->key[cell], sizeof(u64));
	memcpy(sm_entry_value(e), &cells->value[cell], sizeof(u64));
}

/* gather() of an inline table, whose entries are made in @g->cells. */
static void gather_cells(struct gather *g)
{
	const struct shardmap *map = g->map;
	u64 hash = g->from.hash;
	const struct sm_array *array = sm_inline_array(map, hash);
	struct sm_inline_line *line, *next;
	struct sm_entry *room;
	struct sm_cells copy;
	u32 cells;

next_array:
	g->nr = 0;
	g->more = false;
	room = (struct sm_entry *)&g->cells[0];
	for (line = sm_inline_bucket(map, array, hash); line; line = next) {
		sm_inline_copy(line, &copy);
		if (copy.used & SM_CELL_MOVED) {
			array = array->next;
			goto next_array;
		}
		cells = sm_inline_cells(copy.used);
		for (; cells; cells &= cells - 1) {
			entry_from_cell(map, room, &copy, __ffs(cells));
			room = gather_add(g, room) ?:
				       (struct sm_entry *)&g->cells[g->nr];
		}
		next = copy.used & SM_CELL_LINK ?
			       sm_inline_link(array, line, copy.used) :
			       NULL;
	}
	g->end = sm_bucket_last(map, array->bits, hash);
}

static void gather(struct gather *g)
{
	const struct shardmap *map = g->map;
	u64 hash = g->from.hash;
	/* Pairs with rcu_assign_pointer() in finish_if_moved(). */
	struct sm_line *root =
		rcu_dereference(map->root[sm_shard_index(map, hash)]);
	struct sm_line *line, *next;
	struct sm_array *array;

next_array:
	g->nr = 0;
	g->more = false;
	line = sm_root_bucket(map, root, hash);
	for (; line; line = next) {
		array = gather_line(g, line, &next);
		if (array) {
			root = array->root;
			goto next_array;
		}
	}
	g->end = sm_bucket_last(map, sm_root_bits(root), hash);
}

/* The position just behind a key. */
static void step_over(u64 hash, u64 tie, struct shardmap_position *pos)
{
	pos->hash = hash;
	pos->tie = tie;
	if (++pos->tie)
		return;
	if (++pos->hash)
		return;
	pos->hash = U64_MAX;
	pos->tie = U64_MAX;
}

static void position_after(const struct shardmap *map, const struct sm_entry *e,
			   struct shardmap_position *pos)
{
	step_over(e->hash, sm_tie(map, e), pos);
}

/**
 * shardmap_position_after() - Where a scan goes on behind a key.
 * @map: the table
 * @key: the key, which need not be there
 * @key_len: its length in bytes, at least 1
 * @pos: out: the position
 *
 * Context: Any context.
 */
void shardmap_position_after(struct shardmap *map, const void *key, u32 key_len,
			     struct shardmap_position *pos)
{
	step_over(sm_hash(map, key, key_len),
		  sm_siphash13(key, key_len, &map->secret.tie), pos);
}
SHARDMAP_EXPORT(shardmap_position_after);

/* Show what was gathered; @pos ends before the first entry that is refused. */
static int show(const struct gather *g, struct shardmap_position *pos,
		shardmap_scan_fn fn, void *arg)
{
	unsigned int i;

	for (i = 0; i < g->nr; i++) {
		struct sm_entry *e = g->entry[i];
		struct shardmap_view view;
		int err;

		if (unlikely(e->flags) && sm_entry_is_over(e))
			continue;
		sm_entry_show(e, &view);
		err = fn(&view, arg);
		if (err) {
			if (i)
				position_after(g->map, g->entry[i - 1], pos);
			return err;
		}
	}
	return 0;
}

/**
 * shardmap_scan() - Show some entries, in hash order.
 * @map: the table
 * @pos: where to begin; moved to where the next call goes on
 * @fn: called for each entry
 * @arg: passed to @fn
 *
 * A pass is a sequence of calls from the zero position until the return value is
 * 1.  It shows every key that is present throughout exactly once and any key at
 * most once, whatever other updates and resizes happen.  A call looks at a bounded
 * number of buckets and may show nothing.
 *
 * Context: Any context.  Takes and releases the RCU lock.
 * Return: 1 if the pass has ended, 0 if it goes on, or what @fn returned.
 */
int shardmap_scan(struct shardmap *map, struct shardmap_position *pos,
		  shardmap_scan_fn fn, void *arg)
{
	struct cell_entry cells[GATHER_MAX + 1];
	struct gather g = { .map = map, .cells = cells };
	unsigned int step;
	int err = 0;

	rcu_read_lock();
	for (step = 0; step < SCAN_STEP && !err; step++) {
		g.from = *pos;
		if (sm_is_inline(map))
			gather_cells(&g);
		else
			gather(&g);
		err = show(&g, pos, fn, arg);
		if (err)
			break;
		if (g.more) {
			position_after(map, g.entry[g.nr - 1], pos);
			continue;
		}
		pos->hash = g.end + 1;
		pos->tie = 0;
		if (!pos->hash) {
			/* At the last place of all, a further call ends too. */
			pos->hash = U64_MAX;
			pos->tie = U64_MAX;
			err = 1;
		}
	}
	rcu_read_unlock();
	return err;
}
SHARDMAP_EXPORT(shardmap_scan);
