// SPDX-License-Identifier: GPL-2.0-only
/*
 * States of a bucket line that readers meet for an instant only: between two
 * stores of a writer, or because their copy of the tag word is an old one.  Here
 * they are made by hand, and last.
 */
#include <linux/bitmap.h>

#include "compat.h"
#include "core/internal.h"
#include "core/line.h"
#include "kunit_util.h"

/* As many as go into a bucket with one overflow line before the shard grows. */
#define NR_KEYS 8

/**
 * struct bucket - a table's first bucket, with all its entries
 * @map: the table
 * @shard: its only shard
 * @line: first line of the bucket; key i is in its slot i
 */
struct bucket {
	struct shardmap *map;
	struct sm_shard *shard;
	struct sm_line *line;
};

/* Small numbers as hashes: all in the first bucket, each with a tag of its own. */
static u64 hash_of(unsigned int n)
{
	return n + 1;
}

static struct bucket create_bucket(struct kunit *test, unsigned int nr)
{
	struct bucket b = { .map = smt_create_chosen(test, 1) };
	unsigned int n;

	b.shard = &b.map->shards[0];
	for (n = 0; n < nr; n++)
		KUNIT_ASSERT_EQ(test, 0, smt_put_chosen(b.map, hash_of(n), n));
	smt_settle(b.map);
	b.line = sm_root_bucket(b.map, b.shard->array->root, 0);
	return b;
}

/* Under the lock only because writers are: nobody else is here. */
static void store_tags(struct bucket *b, unsigned long tags)
{
	spin_lock_bh(&b->shard->lock);
	sm_publish_tags(b->line, tags);
	spin_unlock_bh(&b->shard->lock);
}

static void store_slot(struct bucket *b, unsigned int slot, struct sm_entry *e)
{
	spin_lock_bh(&b->shard->lock);
	rcu_assign_pointer(b->line->slot[slot], e);
	spin_unlock_bh(&b->shard->lock);
}

static struct sm_entry *load_slot(struct bucket *b, unsigned int slot)
{
	struct sm_entry *e;

	spin_lock_bh(&b->shard->lock);
	e = sm_slot_locked(b->shard, b->line, slot);
	spin_unlock_bh(&b->shard->lock);
	return e;
}

static int see(const struct shardmap_view *view, void *arg)
{
	u64 number;

	shardmap_view_value(view, &number);
	/* A key shown twice turns into one not shown. */
	change_bit(number, (unsigned long *)arg);
	return 0;
}

/* Lookups and a pass find the keys whose bits are set, and no others. */
static void expect_keys(struct kunit *test, struct bucket *b,
			unsigned long keys)
{
	struct shardmap_position pos = {};
	unsigned long found = 0, seen = 0;
	unsigned int n;

	for (n = 0; n < NR_KEYS; n++)
		if (smt_has_chosen(b->map, hash_of(n), n))
			found |= BIT(n);
	while (!shardmap_scan(b->map, &pos, see, &seen))
		;
	KUNIT_EXPECT_EQ(test, keys, found);
	KUNIT_EXPECT_EQ(test, keys, seen);
}

/* add_overflow() has stored the link, but not yet the tag word that tells. */
static void entry_behind_a_new_link_is_found(struct kunit *test)
{
	struct bucket b = create_bucket(test, SM_SLOTS);
	unsigned long before = b.line->tags;

	expect_keys(test, &b, GENMASK(SM_SLOTS - 1, 0));
	KUNIT_ASSERT_EQ(test, 0,
			smt_put_chosen(b.map, hash_of(SM_SLOTS), SM_SLOTS));
	KUNIT_ASSERT_NE(test, 0, b.line->tags & SM_LINK);
	expect_keys(test, &b, GENMASK(SM_SLOTS, 0));
	store_tags(&b, before);
	KUNIT_EXPECT_TRUE(test, smt_has_chosen(b.map, hash_of(SM_LAST_SLOT),
					       SM_LAST_SLOT));
	/* The last key came after those tags; a pass shows it all the same. */
	KUNIT_EXPECT_EQ(test, SM_SLOTS + 1, smt_walk_count(b.map));
	store_tags(&b, (before & ~(0xffUL << (8 * SM_LAST_SLOT))) | SM_LINK);
	smt_expect_sound(test, b.map);
}

/* publish_entry() has stored the slot, but not yet the tag. */
static void entry_without_tag_is_not_there(struct kunit *test)
{
	struct bucket b = create_bucket(test, 5);
	unsigned long tags = b.line->tags;
	unsigned int slot;

	for (slot = 0; slot < 5; slot++) {
		store_tags(&b, tags & ~(0xffUL << (8 * slot)));
		expect_keys(test, &b, GENMASK(4, 0) & ~BIT(slot));
	}
	store_tags(&b, tags);
	expect_keys(test, &b, GENMASK(4, 0));
	smt_expect_sound(test, b.map);
}

/* The reader's tag word is older than a deletion. */
static void empty_slot_with_tag_is_passed_over(struct kunit *test)
{
	struct bucket b = create_bucket(test, 5);
	unsigned int slot;

	for (slot = 0; slot < 5; slot++) {
		struct sm_entry *e = load_slot(&b, slot);

		store_slot(&b, slot, NULL);
		expect_keys(test, &b, GENMASK(4, 0) & ~BIT(slot));
		store_slot(&b, slot, e);
	}
	smt_expect_sound(test, b.map);
}

/* It is older than the insertion of another key into the slot. */
static void reused_slot_is_not_mistaken(struct kunit *test)
{
	struct bucket b = create_bucket(test, 5);
	struct sm_entry *other = load_slot(&b, 0);
	unsigned int slot;

	store_slot(&b, 0, NULL);
	for (slot = 1; slot < 5; slot++) {
		struct sm_entry *e = load_slot(&b, slot);

		store_slot(&b, slot, other);
		KUNIT_EXPECT_FALSE(test,
				   smt_has_chosen(b.map, hash_of(slot), slot));
		/* The other's tag is not there, but a pass may show it. */
		KUNIT_EXPECT_LE(test, smt_walk_count(b.map), 4);
		store_slot(&b, slot, e);
	}
	store_slot(&b, 0, other);
	expect_keys(test, &b, GENMASK(4, 0));
	smt_expect_sound(test, b.map);
}

/* A key that was deleted and put back elsewhere is met in both places. */
static void entry_met_twice_is_shown_once(struct kunit *test)
{
	struct bucket b = create_bucket(test, 5);
	struct sm_entry *twice = load_slot(&b, 3);
	unsigned int slot;

	for (slot = 0; slot < 5; slot++) {
		struct sm_entry *e = load_slot(&b, slot);

		if (slot == 3)
			continue;
		store_slot(&b, slot, twice);
		expect_keys(test, &b, GENMASK(4, 0) & ~BIT(slot));
		store_slot(&b, slot, e);
	}
	smt_expect_sound(test, b.map);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(entry_behind_a_new_link_is_found),
	KUNIT_CASE(entry_without_tag_is_not_there),
	KUNIT_CASE(empty_slot_with_tag_is_passed_over),
	KUNIT_CASE(reused_slot_is_not_mistaken),
	KUNIT_CASE(entry_met_twice_is_shown_once),
	{}
};

struct kunit_suite smt_state_suite = {
	.name = "shardmap_state",
	.suite_init = smt_suite_init,
	.suite_exit = smt_suite_exit,
	.test_cases = cases,
};
