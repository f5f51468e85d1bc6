// SPDX-License-Identifier: GPL-2.0-only
/* Making, copying and changing flat indexes; looking keys up is in the header. */
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "flat.h"

struct flat *flat_alloc(const struct flat_kind *kind, unsigned int bits)
{
	struct flat *t = kvzalloc(sizeof(*t) + ((size_t)kind->slot_len << bits),
				  GFP_KERNEL);

	if (t)
		t->bits = bits;
	return t;
}

/* The first free slot for a hash. */
static struct flat_slot *find_free(const struct flat_kind *kind,
				   const struct flat *t, u32 hash)
{
	unsigned int i = flat_home(kind, t, hash);

	while (flat_slot(kind, t, i)->hash)
		i = (i + 1) & flat_mask(t);
	return flat_slot(kind, t, i);
}

/* The copy has 1 << @bits slots, and there must be room. */
struct flat *flat_copy(const struct flat_kind *kind, const struct flat *old,
		       unsigned int bits)
{
	size_t size = (size_t)kind->slot_len << bits;
	struct flat *new;
	unsigned int i;

	if (bits == old->bits) {
		new = kvmalloc(sizeof(*new) + size, GFP_KERNEL);
		if (!new)
			return NULL;
		new->bits = bits;
		new->count = old->count;
		memcpy(new->slots, old->slots, size);
		return new;
	}
	new = flat_alloc(kind, bits);
	if (!new)
		return NULL;
	for (i = 0; i <= flat_mask(old); i++) {
		const struct flat_slot *slot = flat_slot(kind, old, i);

		if (slot->hash)
			memcpy(find_free(kind, new, slot->hash), slot,
			       kind->slot_len);
		if (!(i & 4095))
			cond_resched();
	}
	new->count = old->count;
	return new;
}

/* Add a key that is not there; returns its slot, for the data. */
struct flat_slot *flat_add(const struct flat_kind *kind, struct flat *t,
			   const void *key, u32 hash)
{
	struct flat_slot *slot = find_free(kind, t, hash);

	slot->hash = hash;
	bench_copy_key(kind->payload, slot->bytes, key);
	t->count++;
	return slot;
}

/* Close the gap with entries behind it that may stand there. */
void flat_remove(const struct flat_kind *kind, struct flat *t,
		 struct flat_slot *slot)
{
	unsigned int mask = flat_mask(t), hole, i;

	hole = div_u64((u8 *)slot - t->slots, kind->slot_len);
	for (i = (hole + 1) & mask;; i = (i + 1) & mask) {
		struct flat_slot *next = flat_slot(kind, t, i);

		if (!next->hash)
			break;
		if (((i - flat_home(kind, t, next->hash)) & mask) <
		    ((i - hole) & mask))
			continue;
		memcpy(flat_slot(kind, t, hole), next, kind->slot_len);
		hole = i;
	}
	memset(flat_slot(kind, t, hole), 0, kind->slot_len);
	t->count--;
}
