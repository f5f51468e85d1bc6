// SPDX-License-Identifier: GPL-2.0-only
/* Is a table that nobody uses what it should be, line by line? */
#include <linux/sched.h>

#include "compat.h"
#include "core/inline.h"
#include "core/internal.h"
#include "core/line.h"
#include "kunit_util.h"

/**
 * struct census - what was counted in a shard
 * @map: the table
 * @shard: the shard, locked
 * @index: its index
 * @bucket: index of the bucket being looked at
 * @entries: entries
 * @bytes: their memory
 * @overflow: overflow lines
 */
struct census {
	struct shardmap *map;
	struct sm_shard *shard;
	unsigned int index;
	unsigned long bucket;
	unsigned long entries;
	unsigned long bytes;
	unsigned long overflow;
};

static unsigned long slot_tag(const struct sm_line *line, unsigned int slot)
{
	return (line->tags >> (8 * slot)) & 0xff;
}

/* How often a key is in the bucket that begins with @line. */
static unsigned int occurrences(struct sm_shard *shard,
				const struct sm_line *line,
				const struct sm_entry *e)
{
	unsigned int slot, n = 0;

	do {
		for (slot = 0; slot < SM_SLOTS; slot++) {
			const struct sm_entry *other =
				sm_slot_locked(shard, line, slot);

			if (!slot_tag(line, slot))
				continue;
			n += other->hash == e->hash &&
			     other->key_len == e->key_len &&
			     !memcmp(other->data, e->data, e->key_len);
		}
	} while ((line = sm_line_link_locked(shard, line)));
	return n;
}

static const char *check_entry(const struct census *c, const struct sm_entry *e)
{
	const struct shardmap *map = c->map;
	u64 version = atomic64_read(&e->version);
	u32 i;

	if (e->hash != sm_hash(map, e->data, e->key_len))
		return "an entry's hash is not that of its key";
	if (sm_shard_index(map, e->hash) != c->index)
		return "an entry is in the wrong shard";
	if (sm_line_index(map, e->hash, c->shard->array->bits) != c->bucket)
		return "an entry is in the wrong bucket";
	if (!version || version > c->shard->version)
		return "an entry has a version that was never given out";
	for (i = e->key_len; i < sm_value_offset(e->key_len); i++)
		if (e->data[i])
			return "the padding behind a key is not zero";
	return NULL;
}

static const char *check_slot(struct census *c, const struct sm_line *bucket,
			      const struct sm_line *line, unsigned int slot)
{
	const struct sm_entry *e = sm_slot_locked(c->shard, line, slot);
	unsigned long tag = slot_tag(line, slot);
	const char *problem;

	if (slot == SM_LAST_SLOT && line->tags & SM_LINK) {
		if (tag || sm_slot_kind(e) != SM_PTR_LINK)
			return "a linked line's last slot holds no link";
		return NULL;
	}
	if (sm_slot_kind(e))
		return "a slot leads where it should not";
	if (!tag)
		return e ? "a slot without tag is not empty" : NULL;
	if (!e)
		return "a slot with a tag is empty";
	if (tag != sm_tag(e->hash))
		return "a tag is not that of the entry";
	problem = check_entry(c, e);
	if (problem)
		return problem;
	if (occurrences(c->shard, bucket, e) != 1)
		return "a key is there twice";
	c->entries++;
	c->bytes += ALIGN(
		sizeof(*e) + sm_value_offset(e->key_len) + e->value_len, 8);
	/* The end of its time stands behind the value. */
	if (e->flags & SM_ENTRY_EXPIRES)
		c->bytes += sizeof(u64);
	return NULL;
}

static const char *check_bucket(struct census *c, const struct sm_line *bucket)
{
	const struct sm_line *line = bucket;
	const char *problem;
	unsigned int slot;

	for (;;) {
		if (line->tags & SM_FLAGS & ~SM_LINK)
			return "a line has flags that it should not have";
		for (slot = 0; slot < SM_SLOTS; slot++) {
			problem = check_slot(c, bucket, line, slot);
			if (problem)
				return problem;
		}
		line = sm_line_link_locked(c->shard, line);
		if (!line)
			return NULL;
		c->overflow++;
	}
}

/* How often a key is in the bucket of an inline table that begins with @line. */
static unsigned int key_occurrences(const struct sm_array *array,
				    const struct sm_inline_line *line, u64 key)
{
	unsigned int n = 0;

	for (; line; line = sm_inline_link_locked(array, line))
		n += hweight32(sm_inline_match(line, line->used, key));
	return n;
}

static const char *check_cell(struct census *c,
			      const struct sm_inline_line *bucket,
			      const struct sm_inline_line *line,
			      unsigned int cell)
{
	const struct shardmap *map = c->map;
	u64 hash = sm_hash(map, &line->key[cell], map->max_key_len);
	u64 version = atomic64_read(&line->version[cell]);

	if (sm_shard_index(map, hash) != c->index)
		return "a key is in the wrong shard";
	if (sm_line_index(map, hash, c->shard->array->bits) != c->bucket)
		return "a key is in the wrong bucket";
	if (!version || version > c->shard->version)
		return "a key has a version that was never given out";
	if (key_occurrences(c->shard->array, bucket, line->key[cell]) != 1)
		return "a key is there twice";
	c->entries++;
	return NULL;
}

static const char *check_inline_bucket(struct census *c,
				       const struct sm_inline_line *bucket)
{
	const struct sm_inline_line *line = bucket;
	const char *problem;
	u32 cells;

	for (;;) {
		if ((line->used & ~(SM_CELL_MASK | SM_CELL_LINK)) !=
		    (line == bucket ? 0 : SM_CELL_OVERFLOW))
			return "a line has flags that it should not have";
		if (line != bucket && line->used & BIT(SM_LAST_CELL))
			return "an overflow line's last cell holds a key";
		cells = sm_inline_cells(line->used);
		for (; cells; cells &= cells - 1) {
			problem = check_cell(c, bucket, line, __ffs(cells));
			if (problem)
				return problem;
		}
		line = sm_inline_link_locked(c->shard->array, line);
		if (!line)
			return NULL;
		c->overflow++;
	}
}

static const char *check_figures(const struct census *c)
{
	const struct sm_shard *shard = c->shard;
	const struct sm_line *line;
	unsigned int spares = 0;
	unsigned long index;

	for (line = shard->spare; line; spares++)
		line = (struct sm_line *)sm_slot_locked(shard, line, 0);
	index = sizeof(struct sm_array) +
		sm_line_bytes(c->map) *
			((1UL << shard->array->bits) + c->overflow + spares);
	if (sm_is_inline(c->map))
		index += sizeof(void *) << shard->array->bits;
	if (c->entries != shard->count)
		return "the number of entries is wrong";
	if (c->bytes != shard->bytes)
		return "the bytes of the entries are wrong";
	if (c->overflow != shard->overflow)
		return "the number of overflow lines is wrong";
	if (spares != shard->spares)
		return "the number of spare lines is wrong";
	if (index != shard->index_bytes)
		return "the bytes of the index are wrong";
	return NULL;
}

static const char *check_shard(struct census *c)
{
	struct sm_array *array = c->shard->array;
	const char *problem;

	lockdep_assert_held(&c->shard->lock);
	if (c->shard->next)
		return "a resize is not over";
	if (rcu_access_pointer(c->map->root[c->index]) != array->root)
		return "readers start from another array than writers";
	if (sm_is_inline(c->map) ?
		    array->root != (struct sm_line *)array :
		    sm_root_lines(array->root) != array->lines ||
			    sm_root_bits(array->root) != array->bits)
		return "an array's root is wrong";
	for (c->bucket = 0; c->bucket < 1UL << array->bits; c->bucket++) {
		problem =
			sm_is_inline(c->map) ?
				check_inline_bucket(c, sm_inline_lines(array) +
							       c->bucket) :
				check_bucket(c, &array->lines[c->bucket]);
		if (problem)
			return problem;
	}
	return check_figures(c);
}

/**
 * smt_expect_sound() - Check a table's structure and figures.
 * @test: the case, failed if something is wrong
 * @map: a table that nobody uses; resizes under way are waited for
 */
void smt_expect_sound(struct kunit *test, struct shardmap *map)
{
	unsigned int i;

	smt_settle(map);
	for (i = 0; i < sm_nr_shards(map); i++) {
		struct census c = {
			.map = map,
			.shard = &map->shards[i],
			.index = i,
		};
		const char *problem;

		spin_lock_bh(&c.shard->lock);
		problem = check_shard(&c);
		spin_unlock_bh(&c.shard->lock);
		if (problem)
			KUNIT_FAIL(test, "shard %u, bucket %lu: %s", i,
				   c.bucket, problem);
		cond_resched();
	}
}

static int count_one(const struct shardmap_view *view, void *arg)
{
	u64 *count = arg;

	++*count;
	return 0;
}

/**
 * smt_walk_count() - Count entries by walking the table.
 * @map: the table
 *
 * Return: Their number.
 */
u64 smt_walk_count(struct shardmap *map)
{
	struct shardmap_position pos = {};
	u64 count = 0;

	while (!shardmap_scan(map, &pos, count_one, &count))
		cond_resched();
	return count;
}
