// SPDX-License-Identifier: GPL-2.0-only
/*
 * The read side.  No lock, no store to shared memory, and no loop that a writer
 * could prolong: a reader goes down one bucket, and on to the next array at most
 * once for each resize that overlaps it.
 *
 * Why a key that is present throughout is found: its entry stays in one slot of
 * one array, with two exceptions.  Giving a line its overflow line moves the
 * entry of the last slot, but that slot then holds the link, which is followed
 * whatever tag word led there.  Moving a bucket leaves its slots as they were,
 * but for the first, which then leads to the next array.
 */
#include <linux/export.h>
#include <linux/string.h>

#include "compat.h"
#include "internal.h"
#include "line.h"

/**
 * sm_entry_is() - Is this the entry of a key?
 * @e: an entry
 * @hash: hash of the key
 * @key: the key
 * @key_len: its length in bytes
 *
 * Context: RCU read-side critical section or shard lock held.
 * Return: true if it is.
 */
bool sm_entry_is(const struct sm_entry *e, u64 hash, const void *key,
		 u32 key_len)
{
	return e->hash == hash && e->key_len == key_len &&
	       !memcmp(e->data, key, key_len);
}

/**
 * sm_find_rcu() - Find the entry of a key.
 * @map: the table
 * @hash: hash of the key
 * @key: the key
 * @key_len: its length in bytes
 *
 * Context: RCU read-side critical section.
 * Return: The entry, or NULL.
 */
struct sm_entry *sm_find_rcu(const struct shardmap *map, u64 hash,
			     const void *key, u32 key_len)
{
	/* Pairs with rcu_assign_pointer() in finish_if_moved(). */
	struct sm_line *root =
		rcu_dereference(map->root[sm_shard_index(map, hash)]);
	unsigned long tag = sm_tag(hash);
	struct sm_line *line;
	struct sm_entry *e;

next_array:
	line = sm_root_bucket(map, root, hash);
	while (line) {
		unsigned long tags = sm_load_tags(line);
		unsigned long match = sm_match(tags, tag);
		struct sm_line *link = NULL;

		for (; match; match &= match - 1) {
			/*
			 * Pairs with rcu_assign_pointer() in publish_entry(),
			 * add_overflow() and mark_moved().
			 */
			e = sm_slot_rcu(line, sm_next_slot(match));
			if (likely(!sm_slot_kind(e))) {
				if (e && sm_entry_is(e, hash, key, key_len))
					return e;
			} else if (sm_slot_kind(e) == SM_PTR_LINK) {
				link = sm_slot_link(e);
			} else {
				root = sm_slot_next(e)->root;
				goto next_array;
			}
		}
		if (unlikely(tags & SM_MOVED)) {
			root = sm_slot_next(sm_slot_rcu(line, 0))->root;
			goto next_array;
		}
		if (tags & SM_LINK)
			link = sm_slot_link(sm_slot_rcu(line, SM_LAST_SLOT));
		line = link;
	}
	return NULL;
}

/**
 * sm_value_copy() - Copy a value out of an entry.
 * @buf: where to
 * @value: the value in the entry
 * @value_len: its length in bytes
 *
 * Context: RCU read-side critical section.
 */
void sm_value_copy(void *buf, const void *value, u32 value_len)
{
	if (value_len == sizeof(u64)) {
		/* shardmap_add() may be changing it. */
		u64 number = atomic64_read((const atomic64_t *)value);

		memcpy(buf, &number, sizeof(number));
	} else {
		memcpy(buf, value, value_len);
	}
}

/**
 * sm_entry_read() - Copy value and version out of an entry.
 * @e: the entry
 * @value: the caller's buffer
 *
 * Context: RCU read-side critical section or shard lock held.
 * Return: 0, or -ENOBUFS with only the length set.
 */
int sm_entry_read(const struct sm_entry *e, struct shardmap_value *value)
{
	u32 room = value->len;

	value->len = e->value_len;
	if (e->value_len > room)
		return -ENOBUFS;
	/*
	 * The version first: it may then be older than the number, which a later
	 * compare on the version catches.  Pairs with the release store of the
	 * version in add_in_place().
	 */
	value->version = atomic64_read_acquire(&e->version);
	sm_value_copy(value->buf, sm_entry_value(e), e->value_len);
	return 0;
}

/**
 * shardmap_get() - Look a key up and copy its value.
 * @map: the table
 * @key: the key
 * @key_len: its length in bytes, at least 1
 * @value: buffer for the value
 *
 * Context: Any context.  Takes and releases the RCU lock.
 * Return: 0; -ENOENT if there is no such key; -ENOBUFS if the value does not
 * fit, with its length in @value; -EINVAL if the key is empty; -EMSGSIZE if it is
 * longer than the table allows.
 */
int shardmap_get(struct shardmap *map, const void *key, u32 key_len,
		 struct shardmap_value *value)
{
	struct sm_entry *e;
	int err = -ENOENT;

	if (unlikely(!key_len || key_len > map->max_key_len))
		return key_len ? -EMSGSIZE : -EINVAL;
	rcu_read_lock();
	e = sm_find_rcu(map, sm_hash(map, key, key_len), key, key_len);
	if (e)
		err = sm_entry_read(e, value);
	rcu_read_unlock();
	return err;
}
SHARDMAP_EXPORT(shardmap_get);

/**
 * shardmap_view_value() - Copy the value that a scan shows.
 * @view: entry shown to a shardmap_scan_fn
 * @buf: buffer of view->value_len bytes
 *
 * Context: Inside a shardmap_scan_fn.
 */
void shardmap_view_value(const struct shardmap_view *view, void *buf)
{
	sm_value_copy(buf, view->value, view->value_len);
}
SHARDMAP_EXPORT(shardmap_view_value);
