// SPDX-License-Identifier: GPL-2.0-only
/*
 * Updates of inline tables, and moving their buckets; inline.h has the protocol.
 *
 * No update allocates or frees anything, but for an overflow line.
 */
#include <linux/kcsan-checks.h>

#include "hold.h"
#include "inline.h"
#include "internal.h"

/**
 * struct cell_update - an update under way
 * @map: the table
 * @shard: shard of the key, locked
 * @hash: hash of the key
 * @key: the key as a word
 * @array: array of the key's bucket
 * @line: line of the key, else the line to insert into, or behind
 * @cell: cell of the key, else a free one, or SM_CELLS if the bucket is full
 * @found: the key is there
 * @finished: array taken out
 */
struct cell_update {
	struct shardmap *map;
	struct sm_shard *shard;
	u64 hash;
	u64 key;
	struct sm_array *array;
	struct sm_inline_line *line;
	unsigned int cell;
	bool found;
	struct sm_array *finished;
};

/* Find the key's cell, or else where it could go. */
static void find_cell(struct cell_update *u)
{
	struct sm_inline_line *line =
		sm_inline_bucket(u->map, u->array, u->hash);
	struct sm_inline_line *link;

	lockdep_assert_held(&u->shard->lock);
	u->line = NULL;
	for (;; line = link) {
		u32 match = sm_inline_match(line, line->used, u->key);
		u32 free = sm_inline_free(line->used);

		u->found = match;
		if (match) {
			u->line = line;
			u->cell = __ffs(match);
			return;
		}
		if (!u->line && free) {
			u->line = line;
			u->cell = __ffs(free);
		}
		link = sm_inline_link_locked(u->array, line);
		if (!link)
			break;
	}
	if (!u->line) {
		u->line = line;
		u->cell = SM_CELLS;
	}
}

static void update_begin(struct cell_update *u) __acquires(&u->shard->lock)
{
	struct shardmap *map = u->map;

	u->shard = &map->shards[sm_shard_index(map, u->hash)];
	sm_shard_lock_bh(u->shard);
	ASSERT_EXCLUSIVE_WRITER(u->shard->count);
	u->array = sm_shard_array(map, u->shard, u->hash, &u->finished);
	find_cell(u);
}

static void update_end(struct cell_update *u) __releases(&u->shard->lock)
{
	bool resize = sm_shard_wants_resize(u->shard);

	sm_shard_unlock_bh(u->shard);
	sm_array_retire(u->finished);
	if (unlikely(resize))
		sm_resize_kick(u->map, u->shard - u->map->shards);
}

static void update_init(struct cell_update *u, struct shardmap *map,
			const void *key)
{
	u->map = map;
	u->hash = sm_hash(map, key, map->max_key_len);
	u->key = sm_cell_word(key, map->max_key_len);
}

/* Put a key into a free cell that readers may have seen in use. */
static void fill_cell(struct sm_inline_line *line, unsigned int cell, u64 key,
		      u64 value, u64 version)
{
	sm_inline_fill_begin(line);
	WRITE_ONCE(line->key[cell], key);
	atomic64_set(&line->value[cell], value);
	atomic64_set(&line->version[cell], version);
	sm_inline_publish(line, line->used | BIT(cell));
}

/*
 * Returns -EAGAIN if the bucket is full and the shard has no spare line: the
 * caller ends the update, calls sm_spare_refill() and begins anew.
 */
static int insert_locked(struct cell_update *u, u64 value, u64 *version)
{
	struct sm_shard *shard = u->shard;
	struct sm_inline_line *over;
	int err;

	lockdep_assert_held(&shard->lock);
	if (u->cell == SM_CELLS && !shard->spare)
		return -EAGAIN;
	err = sm_charge(u->map, shard, 1, 0);
	if (err)
		return err;
	*version = ++shard->version;
	if (u->cell < SM_CELLS) {
		fill_cell(u->line, u->cell, u->key, value, *version);
		return 0;
	}
	over = sm_inline_add_line(shard, u->array, u->line);
	sm_cell_fill_hidden(over, 0, u->key, value, *version);
	/* Pairs with the acquire of @used in sm_inline_try(), sm_inline_copy(). */
	sm_inline_publish(u->line, u->line->used | SM_CELL_LINK);
	return 0;
}

static void store_locked(struct cell_update *u, u64 value, u64 *version)
{
	lockdep_assert_held(&u->shard->lock);
	*version = ++u->shard->version;
	sm_cell_store(u->line, u->cell, value, *version);
}

static void set_result(struct shardmap_result *result, u64 version,
		       bool inserted)
{
	if (!result)
		return;
	result->version = version;
	result->inserted = inserted;
}

static int put_locked(struct cell_update *u, u64 value,
		      enum shardmap_put_mode mode,
		      struct shardmap_result *result)
{
	u64 version;
	int err = 0;

	lockdep_assert_held(&u->shard->lock);
	if (u->found && mode == SHARDMAP_PUT_NOEXIST)
		return -EEXIST;
	if (!u->found && mode == SHARDMAP_PUT_EXIST)
		return -ENOENT;
	if (u->found)
		store_locked(u, value, &version);
	else
		err = insert_locked(u, value, &version);
	if (!err)
		set_result(result, version, !u->found);
	return err;
}

/**
 * sm_inline_put() - shardmap_put() in an inline table.
 * @map: the table
 * @key: the key, of the table's length
 * @value: the value, of the table's length
 * @mode: whether the key may, must or must not be there
 * @gfp: allocation flags, for an overflow line
 * @result: what was done, or NULL
 *
 * Context: Process or softirq context, as @gfp allows.  Takes and releases a
 * shard lock.
 * Return: 0; -EEXIST or -ENOENT by @mode; -ENOSPC or -ENOMEM.
 */
int sm_inline_put(struct shardmap *map, const void *key, const void *value,
		  enum shardmap_put_mode mode, gfp_t gfp,
		  struct shardmap_result *result)
{
	u64 word = sm_cell_word(value, map->max_value_len);
	struct cell_update u;
	int err;

	update_init(&u, map, key);
	do {
		update_begin(&u);
		err = put_locked(&u, word, mode, result);
		update_end(&u);
	} while (err == -EAGAIN && !(err = sm_spare_refill(map, u.shard, gfp)));
	return err;
}

static int get_or_put_locked(struct cell_update *u, u64 value,
			     struct shardmap_value *found, u32 room,
			     struct shardmap_result *result)
{
	u32 len = u->map->max_value_len;
	u64 version;
	int err;

	lockdep_assert_held(&u->shard->lock);
	if (!u->found) {
		err = insert_locked(u, value, &version);
		if (err)
			return err;
		found->len = 0;
	} else {
		found->len = len;
		if (room < len)
			return -ENOBUFS;
		version = atomic64_read(&u->line->version[u->cell]);
		value = atomic64_read(&u->line->value[u->cell]);
		sm_cell_copy(found->buf, value, len);
	}
	found->version = version;
	set_result(result, version, !u->found);
	return 0;
}

/**
 * sm_inline_get_or_put() - shardmap_get_or_put() in an inline table.
 * @map: the table
 * @key: the key, of the table's length
 * @value: the value to store, of the table's length
 * @found: buffer for the value that is there
 * @gfp: allocation flags, for an overflow line
 * @result: what was done
 *
 * Context: Process or softirq context, as @gfp allows.  Takes and releases a
 * shard lock.
 * Return: 0; -ENOBUFS, -ENOSPC or -ENOMEM.
 */
int sm_inline_get_or_put(struct shardmap *map, const void *key,
			 const void *value, struct shardmap_value *found,
			 gfp_t gfp, struct shardmap_result *result)
{
	u64 word = sm_cell_word(value, map->max_value_len);
	u32 room = found->len;
	struct cell_update u;
	int err;

	update_init(&u, map, key);
	do {
		update_begin(&u);
		err = get_or_put_locked(&u, word, found, room, result);
		update_end(&u);
	} while (err == -EAGAIN && !(err = sm_spare_refill(map, u.shard, gfp)));
	return err;
}

/**
 * sm_inline_delete() - shardmap_delete() in an inline table.
 * @map: the table
 * @key: the key, of the table's length
 *
 * Context: Process or softirq context.  Takes and releases a shard lock.
 * Return: 0 or -ENOENT.
 */
int sm_inline_delete(struct shardmap *map, const void *key)
{
	struct cell_update u;

	update_init(&u, map, key);
	update_begin(&u);
	if (u.found) {
		sm_inline_publish(u.line, u.line->used & ~BIT(u.cell));
		sm_charge(map, u.shard, -1, 0);
	}
	update_end(&u);
	return u.found ? 0 : -ENOENT;
}

static int add_locked(struct cell_update *u, u64 delta, const u64 *initial,
		      struct shardmap_result *result)
{
	u64 version;
	int err = 0;

	lockdep_assert_held(&u->shard->lock);
	if (!u->found && !initial)
		return -ENOENT;
	result->old = u->found ? atomic64_read(&u->line->value[u->cell]) :
				 *initial;
	result->new = result->old + delta;
	if (u->found)
		store_locked(u, result->new, &version);
	else
		err = insert_locked(u, result->new, &version);
	if (!err)
		set_result(result, version, !u->found);
	return err;
}

/**
 * sm_inline_add() - shardmap_add() in an inline table of 8-byte values.
 * @map: the table
 * @key: the key, of the table's length
 * @delta: what to add
 * @initial: what a key starts from that is not there, or NULL to require it
 * @gfp: allocation flags, for an overflow line
 * @result: the numbers before and after
 *
 * Context: Process or softirq context, as @gfp allows.  Takes and releases a
 * shard lock.
 * Return: 0; -ENOENT, -ENOSPC or -ENOMEM.
 */
int sm_inline_add(struct shardmap *map, const void *key, u64 delta,
		  const u64 *initial, gfp_t gfp, struct shardmap_result *result)
{
	struct cell_update u;
	int err;

	update_init(&u, map, key);
	do {
		update_begin(&u);
		err = add_locked(&u, delta, initial, result);
		update_end(&u);
	} while (err == -EAGAIN && !(err = sm_spare_refill(map, u.shard, gfp)));
	return err;
}
