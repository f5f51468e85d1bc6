/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An index in one piece of memory: slots of hash, key and data, open addressing
 * with linear probing.  To copy it is one memcpy().
 */
#ifndef _SHARDMAP_BENCH_FLAT_H
#define _SHARDMAP_BENCH_FLAT_H

#include <linux/rcupdate.h>

#include "payload.h"

#define FLAT_MIN_BITS 3

/**
 * struct flat_slot - a place for an entry
 * @hash: hash of the key, 0 if the slot is free
 * @mark: for the owner of the index; what looks keys up leaves it alone
 * @bytes: key, then data
 */
struct flat_slot {
	u32 hash;
	u32 mark;
	u8 bytes[];
};

/**
 * struct flat_kind - what indexes of a map have in common
 * @payload: sizes of keys and values
 * @slot_len: size of a slot
 * @skip_bits: top bits of hashes that are the same in all of an index
 */
struct flat_kind {
	const struct bench_payload *payload;
	u32 slot_len;
	unsigned int skip_bits;
};

/**
 * struct flat - an index; nobody changes it while others may look at it
 * @rcu: for the owner
 * @bits: log2 of the number of slots
 * @count: slots in use
 * @slots: the slots
 */
struct flat {
	struct rcu_head rcu;
	unsigned int bits;
	unsigned int count;
	u8 slots[] __aligned(8);
};

static inline void flat_init_kind(struct flat_kind *kind,
				  const struct bench_payload *payload,
				  u32 data_len, unsigned int skip_bits)
{
	kind->payload = payload;
	kind->slot_len = sizeof(struct flat_slot) + payload->key_len + data_len;
	kind->skip_bits = skip_bits;
}

static inline struct flat_slot *flat_slot(const struct flat_kind *kind,
					  const struct flat *t, unsigned int i)
{
	return (struct flat_slot *)(t->slots + (size_t)i * kind->slot_len);
}

static inline void *flat_data(const struct flat_kind *kind,
			      struct flat_slot *slot)
{
	return slot->bytes + kind->payload->key_len;
}

static inline unsigned int flat_mask(const struct flat *t)
{
	return (1U << t->bits) - 1;
}

/* Where the search for a hash begins. */
static inline unsigned int flat_home(const struct flat_kind *kind,
				     const struct flat *t, u32 hash)
{
	return (hash << kind->skip_bits) >> (32 - t->bits);
}

/* Never 0, which marks a free slot. */
static __always_inline u32 flat_hash(const struct flat_kind *kind,
				     const void *key, u32 seed)
{
	return bench_hash(kind->payload, key, seed) | 1;
}

/* The slot of a key, or the free one where it would go. */
static __always_inline struct flat_slot *flat_find(const struct flat_kind *kind,
						   const struct flat *t,
						   const void *key, u32 hash)
{
	unsigned int i = flat_home(kind, t, hash);

	for (;; i = (i + 1) & flat_mask(t)) {
		struct flat_slot *slot = flat_slot(kind, t, i);

		if (!slot->hash)
			return slot;
		if (slot->hash == hash &&
		    bench_same_key(kind->payload, slot->bytes, key))
			return slot;
	}
}

/* Load is 2/3 at most; after growth it is half of that. */
static inline unsigned int flat_bits_for(unsigned int count, unsigned int bits)
{
	while (3UL * count > 2UL << bits)
		bits++;
	return bits;
}

static inline u64 flat_bytes(const struct flat_kind *kind, const struct flat *t)
{
	return sizeof(*t) + ((u64)kind->slot_len << t->bits);
}

struct flat *flat_alloc(const struct flat_kind *kind, unsigned int bits);
struct flat *flat_copy(const struct flat_kind *kind, const struct flat *old,
		       unsigned int bits);
struct flat_slot *flat_add(const struct flat_kind *kind, struct flat *t,
			   const void *key, u32 hash);
void flat_remove(const struct flat_kind *kind, struct flat *t,
		 struct flat_slot *slot);

#endif /* _SHARDMAP_BENCH_FLAT_H */
