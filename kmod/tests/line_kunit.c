// SPDX-License-Identifier: GPL-2.0-only
/* The arithmetic of line.h and internal.h against loops that do it bit by bit. */
#include <linux/bitops.h>
#include <linux/sched.h>

#include "compat.h"
#include "core/internal.h"
#include "core/line.h"
#include "kunit_util.h"

#define NR_WORDS 20000

static unsigned long byte_of(unsigned long word, unsigned int slot)
{
	return word >> (8 * slot) & 0xff;
}

/* Tag words as they occur, with free slots, equal tags and neighbours. */
static unsigned long random_tags(u64 *random)
{
	unsigned long tags = 0;
	unsigned int slot;

	for (slot = 0; slot < SM_SLOTS; slot++) {
		u64 r = smt_random(random);
		/* The bytes that carries and borrows could confuse. */
		static const u8 edges[] = { 0x00, 0x01, 0x02, 0x7f,
					    0x80, 0x81, 0xfe, 0xff };
		u8 tag = r & 0x100 ? edges[r & 7] : r >> 16;

		if (r & 0xe00)
			tags |= (unsigned long)tag << (8 * slot);
	}
	switch (smt_random(random) % 4) {
	case 0:
		/* A link takes the last slot. */
		tags &= ~(0xffUL << (8 * SM_LAST_SLOT));
		return tags | SM_LINK;
	case 1:
		return tags | SM_MOVED;
	default:
		return tags;
	}
}

static void match_misses_no_slot(struct kunit *test)
{
	unsigned long tags, tag, set;
	unsigned int n, slot;
	u64 random = 1;

	for (n = 0; n < NR_WORDS; n++) {
		tags = random_tags(&random);
		for (tag = 1; tag < 256; tag += n % 16 + 1) {
			set = sm_match(tags, tag);
			KUNIT_ASSERT_EQ(test, 0, set & SM_FLAGS);
			for (slot = 0; slot < SM_SLOTS; slot++) {
				bool found = set & 0x80UL << (8 * slot);

				if (byte_of(tags, slot) == tag)
					KUNIT_ASSERT_TRUE(test, found);
				/* A false match needs a true one below it. */
				else if (found)
					KUNIT_ASSERT_LT(test, sm_next_slot(set),
							slot);
			}
		}
		cond_resched();
	}
}

static void lowest_match_is_true(struct kunit *test)
{
	unsigned long tags, tag, set;
	unsigned int n;
	u64 random = 2;

	for (n = 0; n < NR_WORDS; n++) {
		tags = random_tags(&random);
		tag = sm_tag(smt_random(&random));
		set = sm_match(tags, tag);
		if (set)
			KUNIT_ASSERT_EQ(test, tag,
					byte_of(tags, sm_next_slot(set)));
	}
}

static void used_and_free_slots_are_exact(struct kunit *test)
{
	unsigned long tags, used, free;
	unsigned int n, slot;
	u64 random = 3;

	for (n = 0; n < NR_WORDS; n++) {
		tags = random_tags(&random);
		used = sm_used(tags);
		free = sm_free(tags);
		for (slot = 0; slot < SM_SLOTS; slot++) {
			unsigned long bit = 0x80UL << (8 * slot);
			bool full = byte_of(tags, slot);
			bool link = slot == SM_LAST_SLOT && tags & SM_LINK;

			KUNIT_ASSERT_EQ(test, full ? bit : 0, used & bit);
			KUNIT_ASSERT_EQ(test, full || link ? 0 : bit,
					free & bit);
			used &= ~bit;
			free &= ~bit;
		}
		KUNIT_ASSERT_EQ(test, 0, used);
		KUNIT_ASSERT_EQ(test, 0, free);
	}
}

static void slots_come_from_the_lowest_on(struct kunit *test)
{
	unsigned long set = sm_free(0);
	unsigned int slot;

	for (slot = 0; slot < SM_SLOTS; slot++, set &= set - 1)
		KUNIT_EXPECT_EQ(test, slot, sm_next_slot(set));
	KUNIT_EXPECT_EQ(test, 0, set);
	KUNIT_EXPECT_EQ(test, 0, sm_free(SM_LINK) >> (8 * SM_LAST_SLOT));
}

static void tag_is_never_zero(struct kunit *test)
{
	u64 n;

	for (n = 0; n < 256; n++) {
		KUNIT_EXPECT_EQ(test, n ?: 1, sm_tag(n));
		KUNIT_EXPECT_EQ(test, n ?: 1, sm_tag(~0xffULL | n));
	}
}

/* The bits that choose shard and bucket, taken one by one from the top. */
static u64 top_bits(u64 hash, unsigned int from, unsigned int nr)
{
	u64 value = 0;
	unsigned int i;

	for (i = from; i < from + nr; i++)
		value = value << 1 | (hash >> (63 - i) & 1);
	return value;
}

static void hash_order_is_order_of_shards_and_buckets(struct kunit *test)
{
	struct shardmap *map = kunit_kzalloc(test, sizeof(*map), GFP_KERNEL);
	unsigned int bits, n;
	u64 random = 4;

	KUNIT_ASSERT_NOT_NULL(test, map);
	for (map->shard_bits = 0; map->shard_bits <= 12; map->shard_bits++) {
		for (bits = SM_MIN_BITS; bits <= SM_MAX_BITS; bits++) {
			for (n = 0; n < 30; n++) {
				u64 hash = smt_random(&random);

				/* At the edges between buckets, too. */
				if (n & 1)
					hash |= ~0ULL >>
						(map->shard_bits + bits);
				hash += n % 3;
				KUNIT_ASSERT_EQ(test,
						top_bits(hash, 0,
							 map->shard_bits),
						sm_shard_index(map, hash));
				KUNIT_ASSERT_EQ(test,
						top_bits(hash, map->shard_bits,
							 bits),
						sm_line_index(map, hash, bits));
			}
		}
	}
}

/* A bucket's halves, when it is split, are the two at twice its index. */
static void split_and_merge_keep_the_range(struct kunit *test)
{
	struct shardmap *map = kunit_kzalloc(test, sizeof(*map), GFP_KERNEL);
	unsigned int bits, n;
	u64 random = 5;

	KUNIT_ASSERT_NOT_NULL(test, map);
	for (map->shard_bits = 0; map->shard_bits <= 12; map->shard_bits++) {
		for (bits = SM_MIN_BITS; bits < SM_MAX_BITS; bits++) {
			for (n = 0; n < 10; n++) {
				u64 hash = smt_random(&random);

				KUNIT_ASSERT_EQ(
					test, sm_line_index(map, hash, bits),
					sm_line_index(map, hash, bits + 1) / 2);
			}
		}
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE(match_misses_no_slot),
	KUNIT_CASE(lowest_match_is_true),
	KUNIT_CASE(used_and_free_slots_are_exact),
	KUNIT_CASE(slots_come_from_the_lowest_on),
	KUNIT_CASE(tag_is_never_zero),
	KUNIT_CASE(hash_order_is_order_of_shards_and_buckets),
	KUNIT_CASE(split_and_merge_keep_the_range),
	{}
};

struct kunit_suite smt_line_suite = {
	.name = "shardmap_line",
	.suite_init = smt_suite_init,
	.suite_exit = smt_suite_exit,
	.test_cases = cases,
};
