// SPDX-License-Identifier: GPL-2.0-only
/*
 * The write side: one shard lock per operation.
 *
 * An update runs from update_prepare(), which makes sure that it cannot fail for
 * want of memory later, through update_begin(), which takes the lock and finds the
 * key's place, to update_end(), which drops the lock and only then frees.
 */
#include <linux/export.h>
#include <linux/kcsan-checks.h>
#include <linux/string.h>

#include "compat.h"
#include "find.h"
#include "hold.h"
#include "internal.h"
#include "line.h"

/**
 * struct update - an update under way
 * @map: the table
 * @shard: shard of the key, locked
 * @hash: hash of the key
 * @key: the key
 * @key_len: its length in bytes
 * @gfp: allocation flags of the caller
 * @entry: entry of the key, or NULL
 * @line: line of @entry, else the line to insert into
 * @slot: slot of @entry, else a free one, or SM_SLOTS if the bucket is full
 * @old: entry taken out
 * @finished: array taken out
 */
struct update {
	struct shardmap *map;
	struct sm_shard *shard;
	u64 hash;
	const void *key;
	u32 key_len;
	gfp_t gfp;
	struct sm_entry *entry;
	struct sm_line *line;
	unsigned int slot;
	struct sm_entry *old;
	struct sm_array *finished;
};

/* Find the key's entry, or else where it could go, from @line on. */
static void find_place(struct update *u, struct sm_line *line)
{
	unsigned long tag = sm_tag(u->hash);

	lockdep_assert_held(&u->shard->lock);
	u->line = NULL;
	u->entry = NULL;
	for (;;) {
		unsigned long match = sm_match(line->tags, tag);
		unsigned long free = sm_free(line->tags);
		struct sm_line *link;

		for (; match; match &= match - 1) {
			unsigned int slot = sm_next_slot(match);
			struct sm_entry *e =
				sm_slot_locked(u->shard, line, slot);

			if (e && !sm_slot_kind(e) &&
			    sm_entry_is(e, u->hash, u->key, u->key_len)) {
				u->entry = e;
				u->line = line;
				u->slot = slot;
				return;
			}
		}
		if (!u->line && free) {
			u->line = line;
			u->slot = sm_next_slot(free);
		}
		link = sm_line_link_locked(u->shard, line);
		if (!link)
			break;
		line = link;
	}
	if (!u->line) {
		u->line = line;
		u->slot = SM_SLOTS;
	}
}

/*
 * What may fail before the lock is taken.  On success bottom halves are disabled;
 * with @removing there is room in the limbo for one entry.
 */
static int update_prepare(struct update *u, bool removing)
{
	if (removing)
		return sm_limbo_reserve(u->map, 1, u->gfp);
	local_bh_disable();
	return 0;
}

static void update_begin(struct update *u) __acquires(&u->shard->lock)
{
	struct shardmap *map = u->map;
	struct sm_array *array;

	u->shard = &map->shards[sm_shard_index(map, u->hash)];
	u->old = NULL;
	/* The lock is not held while memory is waited for. */
	sm_prefetch_entry(map, u->hash);
	sm_shard_lock(u->shard);
	ASSERT_EXCLUSIVE_WRITER(u->shard->count);
	array = sm_shard_array(map, u->shard, u->hash, &u->finished);
	find_place(u, &array->lines[sm_line_index(map, u->hash, array->bits)]);
}

static void update_end(struct update *u) __releases(&u->shard->lock)
{
	bool resize = sm_shard_wants_resize(u->shard);

	sm_shard_unlock(u->shard);
	if (u->old)
		sm_limbo_add(u->map, u->old, sm_entry_bytes(u->old));
	local_bh_enable();
	sm_array_retire(u->finished);
	if (unlikely(resize))
		sm_resize_kick(u->map, u->shard - u->map->shards);
}

/*
 * Hang an overflow line behind a full line.  The entry of the last slot moves to
 * it; a reader with the tag word of before finds the link in that slot.  Pairs
 * with sm_slot_rcu() and sm_load_tags() in sm_find_from() and gather_line().
 */
static struct sm_line *add_overflow(struct sm_shard *shard,
				    struct sm_line *line)
{
	struct sm_entry *last = sm_slot_locked(shard, line, SM_LAST_SLOT);
	struct sm_line *over = sm_spare_take(shard);

	if (!over)
		return NULL;
	over->tags = sm_tag(last->hash);
	RCU_INIT_POINTER(over->slot[0], last);
	rcu_assign_pointer(line->slot[SM_LAST_SLOT],
			   (struct sm_entry *)((unsigned long)over |
					       SM_PTR_LINK));
	sm_publish_tags(line, (line->tags & ~(0xffUL << (8 * SM_LAST_SLOT))) |
				      SM_LINK);
	return over;
}

/*
 * Readers find the entry from the store of its tag on, complete and in its slot.
 * Pairs with sm_load_tags() and sm_slot_rcu() in sm_find_from() and gather_line().
 */
static void publish_entry(struct sm_line *line, unsigned int slot,
			  struct sm_entry *e)
{
	rcu_assign_pointer(line->slot[slot], e);
	sm_publish_tags(line, line->tags | sm_tag(e->hash) << (8 * slot));
}

/*
 * Returns -EAGAIN if the bucket is full and the shard has no spare line: the
 * caller ends the update, calls sm_spare_refill() and begins anew.
 */
static int insert_locked(struct update *u, struct sm_entry *e)
{
	struct sm_shard *shard = u->shard;
	int err;

	lockdep_assert_held(&shard->lock);
	if (u->slot == SM_SLOTS && !shard->spare)
		return -EAGAIN;
	err = sm_charge(u->map, shard, 1, sm_entry_bytes(e));
	if (err)
		return err;
	if (u->slot == SM_SLOTS) {
		u->line = add_overflow(shard, u->line);
		u->slot = 1;
	}
	atomic64_set(&e->version, ++shard->version);
	publish_entry(u->line, u->slot, e);
	return 0;
}

/* The key is never absent: its slot goes from one entry to the other. */
static int replace_locked(struct update *u, struct sm_entry *e)
{
	int err;

	lockdep_assert_held(&u->shard->lock);
	err = sm_charge(u->map, u->shard, 0,
			(long)sm_entry_bytes(e) -
				(long)sm_entry_bytes(u->entry));
	if (err)
		return err;
	atomic64_set(&e->version, ++u->shard->version);
	/* Pairs with sm_slot_rcu() in sm_find_from() and gather_line(). */
	rcu_assign_pointer(u->line->slot[u->slot], e);
	u->old = u->entry;
	return 0;
}

/* The tag goes first, so that a reader rarely looks at the empty slot. */
static void remove_locked(struct update *u)
{
	lockdep_assert_held(&u->shard->lock);
	sm_publish_tags(u->line, u->line->tags & ~(0xffUL << (8 * u->slot)));
	RCU_INIT_POINTER(u->line->slot[u->slot], NULL);
	sm_charge(u->map, u->shard, -1, -(long)sm_entry_bytes(u->entry));
	u->old = u->entry;
}

/* A number takes the place of another: no entry is made, and none removed. */
static void store_in_place(struct update *u, u64 number,
			   struct shardmap_result *result)
{
	u64 version;

	lockdep_assert_held(&u->shard->lock);
	version = ++u->shard->version;
	/* Both pair with the acquires in entry_read() and show(). */
	atomic64_set_release((atomic64_t *)sm_entry_value(u->entry), number);
	atomic64_set_release(&u->entry->version, version);
	if (result) {
		result->version = version;
		result->inserted = false;
	}
}

/*
 * Store a value of 8 bytes if the key has one.  Returns false if it has not: then
 * nothing was done.
 */
static bool put_in_place(struct update *u, const void *value,
			 struct shardmap_result *result)
{
	bool is_number;

	update_prepare(u, false);
	update_begin(u);
	is_number = u->entry && u->entry->value_len == sizeof(u64);
	if (is_number)
		store_in_place(u, get_unaligned((const u64 *)value), result);
	update_end(u);
	return is_number;
}

static int check_lengths(const struct shardmap *map, u32 key_len, u32 value_len)
{
	if (unlikely(key_len < map->min_key_len))
		return -EINVAL;
	if (unlikely(key_len > map->max_key_len ||
		     value_len > map->max_value_len))
		return -EMSGSIZE;
	if (unlikely(value_len < map->min_value_len))
		return -EINVAL;
	return 0;
}

/* What a sleeping writer does before it adds to the memory in flight. */
static void throttle(struct shardmap *map, gfp_t gfp)
{
	might_sleep_if(gfpflags_allow_blocking(gfp));
	if (gfpflags_allow_blocking(gfp))
		sm_limbo_throttle(map);
}

static struct sm_entry *entry_make(const struct update *u, const void *value,
				   u32 value_len)
{
	struct sm_entry *e = sm_entry_alloc(u->key_len, value_len, u->gfp);
	size_t pad;

	if (!e)
		return NULL;
	pad = sm_value_offset(u->key_len) - u->key_len;
	e->hash = u->hash;
	memcpy(e->data, u->key, u->key_len);
	memset(e->data + u->key_len, 0, pad);
	memcpy(sm_entry_value(e), value, value_len);
	return e;
}

static void update_init(struct update *u, struct shardmap *map, const void *key,
			u32 key_len, gfp_t gfp)
{
	u->map = map;
	u->hash = sm_hash(map, key, key_len);
	u->key = key;
	u->key_len = key_len;
	u->gfp = gfp;
	sm_prefetch_line(map, u->hash);
}

static void set_result(struct shardmap_result *result, const struct sm_entry *e,
		       bool inserted)
{
	if (!result)
		return;
	result->version = atomic64_read(&e->version);
	result->inserted = inserted;
}

static int put_locked(struct update *u, struct sm_entry *e,
		      enum shardmap_put_mode mode,
		      struct shardmap_result *result)
{
	bool inserted = !u->entry;
	int err;

	if (u->entry && mode == SHARDMAP_PUT_NOEXIST)
		return -EEXIST;
	if (!u->entry && mode == SHARDMAP_PUT_EXIST)
		return -ENOENT;
	err = u->entry ? replace_locked(u, e) : insert_locked(u, e);
	if (!err)
		set_result(result, e, inserted);
	return err;
}

/**
 * shardmap_put() - Store a value under a key.
 * @map: the table
 * @key: the key
 * @key_len: its length in bytes, at least 1
 * @value: the value
 * @value_len: its length in bytes
 * @mode: whether the key may, must or must not be there
 * @gfp: allocation flags; if they allow blocking the call may wait for an RCU
 *	grace period when too much memory waits for one
 * @result: what was done, or NULL
 *
 * A reader sees the old value or the new one, never a mixture or none.  A value of 8
 * bytes takes the place of another without an allocation.
 *
 * Context: Process or softirq context, as @gfp allows.  Takes and releases a
 * shard lock.
 * Return: 0; -EEXIST or -ENOENT by @mode; -EINVAL if the key is empty, or if key
 * or value is shorter than an inline table's; -EMSGSIZE if key or value is longer
 * than the table allows; -ENOSPC if the table is full; -ENOMEM.
 */
int shardmap_put(struct shardmap *map, const void *key, u32 key_len,
		 const void *value, u32 value_len, enum shardmap_put_mode mode,
		 gfp_t gfp, struct shardmap_result *result)
{
	struct sm_entry *e;
	struct update u;
	int err;

	err = check_lengths(map, key_len, value_len);
	if (err)
		return err;
	if (sm_is_inline(map))
		return sm_inline_put(map, key, value, mode, gfp, result);
	update_init(&u, map, key, key_len, gfp);
	if (value_len == sizeof(u64) && mode != SHARDMAP_PUT_NOEXIST &&
	    sm_is_likely(map, u.hash) && put_in_place(&u, value, result))
		return 0;
	throttle(map, gfp);
	e = entry_make(&u, value, value_len);
	if (!e)
		return -ENOMEM;
	do {
		err = update_prepare(&u, mode != SHARDMAP_PUT_NOEXIST);
		if (err)
			break;
		update_begin(&u);
		err = put_locked(&u, e, mode, result);
		update_end(&u);
	} while (err == -EAGAIN && !(err = sm_spare_refill(map, u.shard, gfp)));
	if (err)
		sm_entry_free(e);
	return err;
}
SHARDMAP_EXPORT(shardmap_put);

/**
 * shardmap_get_or_put() - Store a value unless the key is there.
 * @map: the table
 * @key: the key
 * @key_len: its length in bytes, at least 1
 * @value: the value to store
 * @value_len: its length in bytes
 * @found: buffer for the value that is there; unchanged but for its length and
 *	version if @value was stored
 * @gfp: allocation flags
 * @result: what was done
 *
 * Context: Process or softirq context, as @gfp allows.  Takes and releases a
 * shard lock.
 * Return: 0, with @result->inserted telling which; -ENOBUFS if the value that is
 * there does not fit, with its length in @found; -EINVAL, -EMSGSIZE, -ENOSPC or
 * -ENOMEM as for shardmap_put().
 */
int shardmap_get_or_put(struct shardmap *map, const void *key, u32 key_len,
			const void *value, u32 value_len,
			struct shardmap_value *found, gfp_t gfp,
			struct shardmap_result *result)
{
	u32 room = found->len;
	struct sm_entry *e;
	struct update u;
	int err;

	err = check_lengths(map, key_len, value_len);
	if (err)
		return err;
	if (sm_is_inline(map))
		return sm_inline_get_or_put(map, key, value, found, gfp,
					    result);
	update_init(&u, map, key, key_len, gfp);
	e = entry_make(&u, value, value_len);
	if (!e)
		return -ENOMEM;
	do {
		found->len = room;
		err = update_prepare(&u, false);
		if (err)
			break;
		update_begin(&u);
		if (u.entry) {
			err = sm_entry_read(u.entry, found);
			if (!err)
				set_result(result, u.entry, false);
		} else {
			err = insert_locked(&u, e);
			if (!err) {
				found->len = 0;
				found->version = atomic64_read(&e->version);
				set_result(result, e, true);
			}
		}
		update_end(&u);
	} while (err == -EAGAIN && !(err = sm_spare_refill(map, u.shard, gfp)));
	if (err || !result->inserted)
		sm_entry_free(e);
	return err;
}
SHARDMAP_EXPORT(shardmap_get_or_put);

/**
 * shardmap_delete() - Remove a key.
 * @map: the table
 * @key: the key
 * @key_len: its length in bytes, at least 1
 * @gfp: allocation flags, for the bookkeeping of the deferred free
 *
 * Context: Process or softirq context, as @gfp allows.  Takes and releases a
 * shard lock.
 * Return: 0; -ENOENT if there is no such key; -EINVAL if it is empty, or shorter
 * than an inline table's; -EMSGSIZE if it is longer than the table allows;
 * -ENOMEM, but not in an inline table.
 */
int shardmap_delete(struct shardmap *map, const void *key, u32 key_len,
		    gfp_t gfp)
{
	struct update u;
	int err;

	err = check_lengths(map, key_len, map->min_value_len);
	if (err)
		return err;
	if (sm_is_inline(map))
		return sm_inline_delete(map, key);
	throttle(map, gfp);
	update_init(&u, map, key, key_len, gfp);
	err = update_prepare(&u, true);
	if (err)
		return err;
	update_begin(&u);
	if (u.entry)
		remove_locked(&u);
	else
		err = -ENOENT;
	update_end(&u);
	return err;
}
SHARDMAP_EXPORT(shardmap_delete);

static void add_in_place(struct update *u, u64 delta,
			 struct shardmap_result *result)
{
	atomic64_t *number = sm_entry_value(u->entry);

	lockdep_assert_held(&u->shard->lock);
	result->old = atomic64_read(number);
	result->new = result->old + delta;
	store_in_place(u, result->new, result);
}

/* Insert the sum of @initial and @delta, made before the lock was taken. */
static int add_insert(struct update *u, struct sm_entry *e, u64 initial,
		      u64 delta, struct shardmap_result *result)
{
	int err = insert_locked(u, e);

	if (err)
		return err;
	set_result(result, e, true);
	result->old = initial;
	result->new = initial + delta;
	return 0;
}

/**
 * shardmap_add() - Add to an 8-byte number, modulo 2^64.
 * @map: the table
 * @key: the key
 * @key_len: its length in bytes, at least 1
 * @delta: what to add
 * @initial: what a key starts from that is not there, or NULL to require it
 * @gfp: allocation flags, used for a new key only
 * @result: the numbers before and after
 *
 * Numbers are in the machine's byte order.  No memory is allocated for a key that
 * is there.
 *
 * Context: Process or softirq context, as @gfp allows.  Takes and releases a
 * shard lock.
 * Return: 0; -ENOENT if there is no such key and no @initial; -EINVAL if the
 * value is not 8 bytes long or the key is empty; -EMSGSIZE, -ENOSPC or -ENOMEM.
 */
int shardmap_add(struct shardmap *map, const void *key, u32 key_len, u64 delta,
		 const u64 *initial, gfp_t gfp, struct shardmap_result *result)
{
	struct sm_entry *e = NULL;
	struct update u;
	u64 sum;
	int err;

	err = check_lengths(map, key_len, sizeof(u64));
	if (err)
		return err;
	if (sm_is_inline(map))
		return sm_inline_add(map, key, delta, initial, gfp, result);
	update_init(&u, map, key, key_len, gfp);
	do {
		err = update_prepare(&u, false);
		if (err)
			break;
		update_begin(&u);
		if (!u.entry)
			err = !initial ? -ENOENT :
			      !e       ? -EAGAIN :
				   add_insert(&u, e, *initial, delta, result);
		else if (u.entry->value_len != sizeof(u64))
			err = -EINVAL;
		else
			add_in_place(&u, delta, result);
		update_end(&u);
		if (err != -EAGAIN)
			break;
		if (e) {
			err = sm_spare_refill(map, u.shard, gfp);
		} else {
			sum = *initial + delta;
			e = entry_make(&u, &sum, sizeof(sum));
			err = e ? 0 : -ENOMEM;
		}
	} while (!err);
	if (e && (err || !result->inserted))
		sm_entry_free(e);
	return err;
}
SHARDMAP_EXPORT(shardmap_add);
