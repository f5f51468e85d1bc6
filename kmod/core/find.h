/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The read side.  No lock, no store to shared memory and no retry: a reader goes
 * down one bucket once, and on to the next array at most once for each resize that
 * overlaps it.
 *
 * Why a key that is present throughout is found: its entry stays in one slot of
 * one array, with two exceptions.  Giving a line its overflow line moves the
 * entry of the last slot, but that slot then holds the link, which is followed
 * whatever tag word led there.  Moving a bucket leaves its slots as they were,
 * but for the first, which then leads to the next array.
 */
#ifndef _SHARDMAP_CORE_FIND_H
#define _SHARDMAP_CORE_FIND_H

#include <linux/prefetch.h>
#include <linux/string.h>

#include "compat.h"
#include "internal.h"
#include "line.h"

/* Keys of 8 bytes and more by words, the last of which may overlap. */
static __always_inline bool sm_keys_equal(const u8 *a, const u8 *b, u32 len)
{
	u32 last = len - 8, i;

	if (unlikely(len < 8))
		return !memcmp(a, b, len);
	for (i = 0; i < last; i += 8)
		if (get_unaligned((const u64 *)(a + i)) !=
		    get_unaligned((const u64 *)(b + i)))
			return false;
	return get_unaligned((const u64 *)(a + last)) ==
	       get_unaligned((const u64 *)(b + last));
}

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
static __always_inline bool sm_entry_is(const struct sm_entry *e, u64 hash,
					const void *key, u32 key_len)
{
	return e->hash == hash && e->key_len == key_len &&
	       sm_keys_equal(e->data, key, key_len);
}

/* First line of the bucket of @hash, in the array that readers start from. */
static inline struct sm_line *sm_first_line(const struct shardmap *map,
					    u64 hash)
{
	/* Pairs with rcu_assign_pointer() in finish_if_moved(). */
	return sm_root_bucket(
		map, rcu_dereference(map->root[sm_shard_index(map, hash)]),
		hash);
}

/* First line of the bucket in the array that a moved bucket's slot leads to. */
static inline struct sm_line *
sm_next_line(const struct shardmap *map, const struct sm_entry *next, u64 hash)
{
	return sm_root_bucket(map, sm_slot_next(next)->root, hash);
}

/**
 * sm_find_from() - Find the entry of a key.
 * @map: the table
 * @line: what sm_first_line() returned in this read-side critical section
 * @hash: hash of the key
 * @key: the key
 * @key_len: its length in bytes
 *
 * Context: RCU read-side critical section.
 * Return: The entry, or NULL.
 */
static __always_inline struct sm_entry *sm_find_from(const struct shardmap *map,
						     struct sm_line *line,
						     u64 hash, const void *key,
						     u32 key_len)
{
	unsigned long tag = sm_tag(hash);
	struct sm_entry *e;

	while (line) {
		unsigned long tags = sm_load_tags(line);
		unsigned long match = sm_match(tags, tag);
		struct sm_line *link = NULL;

		for (; match; match &= match - 1) {
			/*
			 * Pairs with rcu_assign_pointer() in sm_publish_entry(),
			 * sm_tagged_replace(), replace_slot(), sm_add_overflow() and
			 * mark_moved().
			 */
			e = sm_slot_rcu(line, sm_next_slot(match));
			if (likely(!sm_slot_kind(e))) {
				if (e && sm_entry_is(e, hash, key, key_len))
					return e;
			} else if (sm_slot_kind(e) == SM_PTR_LINK) {
				link = sm_slot_link(e);
			} else {
				link = sm_next_line(map, e, hash);
				goto next_line;
			}
		}
		if (unlikely(tags & SM_MOVED))
			link = sm_next_line(map, sm_slot_rcu(line, 0), hash);
		else if (tags & SM_LINK)
			link = sm_slot_link(sm_slot_rcu(line, SM_LAST_SLOT));
next_line:
		line = link;
	}
	return NULL;
}

/*
 * Fetch the line that an update is going to look at, before it takes the lock.  With
 * @look, is the key there, in all likelihood?  That is only a hint.
 */
static __always_inline bool sm_peek(const struct shardmap *map, u64 hash,
				    bool look)
{
	const struct sm_line *line;
	bool is_likely = false;

	rcu_read_lock();
	line = sm_first_line(map, hash);
	if (look)
		is_likely = sm_match(READ_ONCE(line->tags), sm_tag(hash));
	else
		prefetch(line);
	rcu_read_unlock();
	return is_likely;
}

/*
 * Fetch the entry that a key most likely has, within an RCU read-side critical
 * section.  Only a hint: no order is needed, and nothing is done with the entry.
 */
static __always_inline void sm_prefetch_entry(const struct shardmap *map,
					      u64 hash)
{
	const struct sm_line *line = sm_first_line(map, hash);
	unsigned long match = sm_match(READ_ONCE(line->tags), sm_tag(hash));

	if (match)
		prefetch(sm_slot_rcu(line, sm_next_slot(match)));
}

#endif /* _SHARDMAP_CORE_FIND_H */
