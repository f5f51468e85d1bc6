/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bucket lines: how a reader finds its slots, and how a writer publishes.
 *
 * The tag word holds one byte of each entry's hash, so that one load tells
 * which slots may hold a key.  Bytes are matched all at once by arithmetic on
 * the word, as in Bit Twiddling Hacks, "Determine if a word has a zero byte".
 *
 * A line passes through these states, each published by a release store of the
 * tag word after the slot that it is about:
 *
 *   plain -> SM_LINK:  the last slot points to an overflow line, which took over
 *                      that slot's entry.  A reader with an older tag word finds
 *                      the link by its low bit and follows it.
 *   any -> SM_MOVED:   (first line of a bucket) its entries are in the next
 *                      array; the first slot points there.  The other slots and
 *                      the overflow lines are never written again, so a reader
 *                      with an older tag word reads a frozen copy.
 */
#ifndef _SHARDMAP_CORE_LINE_H
#define _SHARDMAP_CORE_LINE_H

#include "compat.h"
#include "internal.h"
#include "order.h"

#define SM_FLAG_SHIFT (BITS_PER_LONG - 8)
#define SM_FLAGS (0xffUL << SM_FLAG_SHIFT)
#define SM_MOVED (0x80UL << SM_FLAG_SHIFT)
#define SM_LINK (0x01UL << SM_FLAG_SHIFT)

#define SM_LAST_SLOT (SM_SLOTS - 1)

/* Low bits of a slot that does not point to an entry. */
#define SM_PTR_LINK 1UL
#define SM_PTR_NEXT 2UL
#define SM_PTR_KIND 3UL

static inline unsigned long sm_slot_kind(const struct sm_entry *p)
{
	return (unsigned long)p & SM_PTR_KIND;
}

static inline struct sm_line *sm_slot_link(const struct sm_entry *p)
{
	return (struct sm_line *)((unsigned long)p & ~SM_PTR_KIND);
}

static inline struct sm_array *sm_slot_next(const struct sm_entry *p)
{
	return (struct sm_array *)((unsigned long)p & ~SM_PTR_KIND);
}

static inline struct sm_line *sm_root_lines(const struct sm_line *root)
{
	return (struct sm_line *)((unsigned long)root &
				  ~(unsigned long)(SM_ARRAY_ALIGN - 1));
}

static inline unsigned int sm_root_bits(const struct sm_line *root)
{
	return (unsigned long)root & (SM_ARRAY_ALIGN - 1);
}

/* First line of the bucket that @hash belongs to in the array of @root. */
static inline struct sm_line *
sm_root_bucket(const struct shardmap *map, const struct sm_line *root, u64 hash)
{
	return sm_root_lines(root) +
	       sm_line_index(map, hash, sm_root_bits(root));
}

/* The low bits of the hash, which take no part in choosing shard and bucket. */
static inline unsigned long sm_tag(u64 hash)
{
	unsigned long tag = hash & 0xff;

	return tag + !tag;
}

/* One bit, the top one, in each byte of @word that is zero; see sm_next_slot(). */
static inline unsigned long sm_zero_bytes(unsigned long word)
{
	return (word - REPEAT_BYTE(0x01)) & ~word & REPEAT_BYTE(0x80);
}

/*
 * Slots whose tag is @tag.  Above a true match a byte may match falsely, which
 * costs a look at its slot.
 */
static inline unsigned long sm_match(unsigned long tags, unsigned long tag)
{
	return sm_zero_bytes(tags ^ (REPEAT_BYTE(0x01) * tag)) & ~SM_FLAGS;
}

/* Slots in use: exact. */
static inline unsigned long sm_used(unsigned long tags)
{
	unsigned long low = REPEAT_BYTE(0x7f);

	return (((tags & low) + low) | tags) & ~low & ~SM_FLAGS;
}

/* Slots that are free: exact. */
static inline unsigned long sm_free(unsigned long tags)
{
	unsigned long slots = REPEAT_BYTE(0x80) & ~SM_FLAGS;

	if (tags & SM_LINK)
		slots &= ~(0xffUL << (8 * SM_LAST_SLOT));
	return slots & ~sm_used(tags);
}

/* The slot of the lowest bit of a set that the functions above made. */
static inline unsigned int sm_next_slot(unsigned long set)
{
	return __ffs(set) / 8;
}

/* Everything that a tag word announces was stored before it. */
static inline unsigned long sm_load_tags(const struct sm_line *line)
{
	/* Pairs with the release in sm_publish_tags(), called by writers. */
	return smp_load_acquire(&line->tags);
}

/* Announce what was stored before. */
static inline void sm_publish_tags(struct sm_line *line, unsigned long tags)
{
	/* Pairs with the acquire in sm_load_tags(), called by readers. */
	smp_store_release(&line->tags, tags);
}

static inline struct sm_entry *sm_slot_rcu(const struct sm_line *line,
					   unsigned int slot)
{
	return rcu_dereference(line->slot[slot]);
}

static inline struct sm_entry *sm_slot_locked(const struct sm_shard *shard,
					      const struct sm_line *line,
					      unsigned int slot)
{
	return rcu_dereference_protected(line->slot[slot],
					 lockdep_is_held(&shard->lock));
}

/* The overflow line behind @line, or NULL. */
static inline struct sm_line *sm_line_link_locked(const struct sm_shard *shard,
						  const struct sm_line *line)
{
	if (!(line->tags & SM_LINK))
		return NULL;
	return sm_slot_link(sm_slot_locked(shard, line, SM_LAST_SLOT));
}

#endif /* _SHARDMAP_CORE_LINE_H */
