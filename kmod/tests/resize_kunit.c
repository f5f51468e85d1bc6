// SPDX-License-Identifier: GPL-2.0-only
/* Growing and shrinking: nothing is lost, and memory comes back. */
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "compat.h"
#include "core/internal.h"
#include "core/line.h"
#include "kunit_util.h"

/* Most overflow lines of a bucket in a shard. */
static unsigned int longest_chain(struct sm_shard *shard)
{
	unsigned int longest = 0;
	unsigned long i;

	spin_lock_bh(&shard->lock);
	for (i = 0; i < 1UL << shard->array->bits; i++) {
		const struct sm_line *line = &shard->array->lines[i];
		unsigned int n = 0;

		while ((line = sm_line_link_locked(shard, line)))
			n++;
		longest = max(longest, n);
	}
	spin_unlock_bh(&shard->lock);
	return longest;
}

/* Keys that fall at random seldom need a second overflow line. */
static void expect_short_chains(struct kunit *test, struct shardmap *map)
{
	struct shardmap_stats stats;
	unsigned int i;

	shardmap_get_stats(map, &stats);
	KUNIT_EXPECT_LE(test, stats.overflow_lines,
			stats.buckets / 3 + stats.nr_shards);
	for (i = 0; i < sm_nr_shards(map); i++)
		KUNIT_EXPECT_LE(test, longest_chain(&map->shards[i]), 3);
}

static void expect_contents(struct kunit *test, struct shardmap *map, u64 from,
			    u64 to, u64 end)
{
	smt_settle(map);
	KUNIT_EXPECT_EQ(test, to - from, shardmap_count(map));
	KUNIT_EXPECT_EQ(test, 0, smt_missing(map, 0, from, to));
	KUNIT_EXPECT_EQ(test, from, smt_missing(map, 0, 0, from));
	KUNIT_EXPECT_EQ(test, end - to, smt_missing(map, 0, to, end));
	smt_expect_sound(test, map);
}

/* Up in powers of ten, down again, and as small as it was. */
static void table_grows_and_shrinks_with_its_entries(struct kunit *test)
{
	struct shardmap_params params = {
		.flags = smt_hash_flags(test),
		.nr_shards = 16,
	};
	struct shardmap *map = smt_create(test, &params);
	u64 nr = clamp_t(u64, smt_ops(4), 10000, 1000000), n, from;
	struct shardmap_stats first, full, last;

	shardmap_get_stats(map, &first);
	for (from = 0, n = 10; from < nr; from = n, n = min(10 * n, nr)) {
		smt_fill(test, map, 0, from, n);
		expect_contents(test, map, 0, n, n + 100);
		expect_short_chains(test, map);
	}
	shardmap_get_stats(map, &full);
	KUNIT_EXPECT_GE(test, full.buckets * SM_SLOTS, nr);
	KUNIT_EXPECT_GE(test, full.resizes, 16 * 4);

	for (from = 0, n = nr; n; n /= 10) {
		smt_empty(test, map, 0, from, nr - n / 10);
		from = nr - n / 10;
		expect_contents(test, map, from, nr, nr);
	}
	shardmap_get_stats(map, &last);
	KUNIT_EXPECT_EQ(test, first.buckets, last.buckets);
	KUNIT_EXPECT_GT(test, last.resizes, full.resizes);
	/* But for a few spare lines per shard. */
	KUNIT_EXPECT_LE(test, last.index_bytes,
			first.index_bytes + 16 * 8 * SM_LINE_BYTES);
	/* And it grows again. */
	smt_fill(test, map, 0, 0, nr / 10);
	expect_contents(test, map, 0, nr / 10, nr);
}

static void chosen_hash_is_the_hash(struct kunit *test)
{
	struct shardmap *map = smt_create_chosen(test, 4);
	u64 hash, tie;

	for (tie = 0; tie < 20; tie++) {
		struct smt_chosen key;

		hash = smt_mix(tie);
		key = smt_chosen(hash, tie);
		KUNIT_EXPECT_EQ(test, hash, sm_hash(map, &key, sizeof(key)));
	}
}

/* Equal hashes stay together: a chain that no resize can shorten. */
#define DEEP 150

static void expect_chosen(struct kunit *test, struct shardmap *map, u64 hash,
			  u64 from, u64 to)
{
	u64 tie, missing = 0;

	for (tie = 0; tie < DEEP; tie++)
		missing += smt_has_chosen(map, hash, tie) !=
			   (tie >= from && tie < to);
	KUNIT_EXPECT_EQ(test, 0, missing);
}

/* Enough to make a shard with deep chains grow and shrink some more. */
#define OTHERS 2500

static void deep_chains_move_whole(struct kunit *test)
{
	static const u64 hashes[] = { 0, 0x4000000000000000, U64_MAX };
	struct shardmap *map = smt_create_chosen(test, 1);
	struct sm_shard *shard = &map->shards[0];
	unsigned int i, round;
	u64 n;

	for (n = 0; n < DEEP; n++)
		for (i = 0; i < ARRAY_SIZE(hashes); i++)
			KUNIT_ASSERT_EQ(test, 0,
					smt_put_chosen(map, hashes[i], n));
	smt_settle(map);
	KUNIT_EXPECT_GE(test, longest_chain(shard), DEEP / SM_SLOTS);
	for (round = 0; round < 3; round++) {
		/* Others make the table grow around the chains ... */
		for (n = 0; n < OTHERS; n++)
			KUNIT_ASSERT_EQ(test, 0,
					smt_put_chosen(map, smt_mix(n), 1));
		smt_settle(map);
		for (i = 0; i < ARRAY_SIZE(hashes); i++)
			expect_chosen(test, map, hashes[i], 0, DEEP);
		smt_expect_sound(test, map);
		/* ... and shrink. */
		for (n = 0; n < OTHERS; n++)
			KUNIT_ASSERT_EQ(test, 0,
					smt_delete_chosen(map, smt_mix(n), 1));
		smt_settle(map);
		for (i = 0; i < ARRAY_SIZE(hashes); i++)
			expect_chosen(test, map, hashes[i], 0, DEEP);
		smt_expect_sound(test, map);
	}
	smt_count_ops(6 * OTHERS);
}

/* Chains full of holes, so that lines are merged and split that are not full. */
static void sparse_chains_are_packed(struct kunit *test)
{
	struct shardmap *map = smt_create_chosen(test, 1);
	struct sm_shard *shard = &map->shards[0];
	u64 n, there = 0;

	for (n = 0; n < DEEP; n++)
		KUNIT_ASSERT_EQ(test, 0, smt_put_chosen(map, 77, n));
	for (n = 0; n < DEEP; n++)
		if (n % 8)
			KUNIT_ASSERT_EQ(test, 0, smt_delete_chosen(map, 77, n));
	smt_expect_sound(test, map);
	for (n = 0; n < 3000; n++)
		KUNIT_ASSERT_EQ(test, 0, smt_put_chosen(map, smt_mix(n), 1));
	smt_expect_sound(test, map);
	for (n = 0; n < DEEP; n++) {
		KUNIT_EXPECT_EQ(test, n % 8 == 0, smt_has_chosen(map, 77, n));
		there += n % 8 == 0;
	}
	/* As few lines as the entries need: six each, and one more. */
	KUNIT_EXPECT_LE(test, longest_chain(shard), there / (SM_SLOTS - 1) + 1);
}

/* Keys just below, at, and just above the edges of buckets of every size. */
static u64 edge_hash(unsigned int n)
{
	unsigned int bits = n / 48 + 1;
	u64 edge = (u64)(n % 16) << (64 - bits);

	return edge + n / 16 % 3 - 1;
}

#define NR_EDGES 900

/* Those that are not as they should be: there from number @from on. */
static u64 misplaced_edges(struct shardmap *map, unsigned int from)
{
	unsigned int n;
	u64 wrong = 0;

	for (n = 0; n < NR_EDGES; n++)
		wrong += smt_has_chosen(map, edge_hash(n), n) != (n >= from);
	return wrong;
}

static void keys_at_bucket_edges_keep_their_side(struct kunit *test)
{
	unsigned int nr_shards, n;

	for (nr_shards = 1; nr_shards <= 256; nr_shards *= 16) {
		struct shardmap *map = smt_create_chosen(test, nr_shards);

		for (n = 0; n < NR_EDGES; n++)
			KUNIT_ASSERT_EQ(test, 0,
					smt_put_chosen(map, edge_hash(n), n));
		smt_settle(map);
		KUNIT_EXPECT_EQ(test, 0, misplaced_edges(map, 0));
		smt_expect_sound(test, map);
		for (n = 0; n < NR_EDGES; n++)
			KUNIT_ASSERT_EQ(test, 0,
					smt_delete_chosen(map, edge_hash(n),
							  n));
		smt_settle(map);
		KUNIT_EXPECT_EQ(test, 0, shardmap_count(map));
		KUNIT_EXPECT_EQ(test, 0, misplaced_edges(map, NR_EDGES));
		smt_expect_sound(test, map);
		smt_destroy(test, map);
	}
}

/*
 * Entries that come and go at a constant number leave overflow lines behind; they
 * must not pile up.
 */
static void turnover_does_not_pile_up_lines(struct kunit *test)
{
	struct shardmap_params params = {
		.flags = smt_hash_flags(test),
		.nr_shards = 4,
	};
	struct shardmap *map = smt_create(test, &params);
	u64 n, nr = 2000, end = nr + smt_ops(2);
	struct shardmap_stats stats;

	smt_fill(test, map, 0, 0, nr);
	for (n = nr; n < end; n++) {
		KUNIT_ASSERT_EQ(test, 0, smt_put(map, smt_mix(n), n));
		KUNIT_ASSERT_EQ(test, 0, smt_delete(map, smt_mix(n - nr)));
		cond_resched();
	}
	smt_count_ops(2 * (end - nr));
	expect_contents(test, map, end - nr, end, end);
	shardmap_get_stats(map, &stats);
	kunit_info(test, "%llu overflow lines for %llu buckets\n",
		   stats.overflow_lines, stats.buckets);
	KUNIT_EXPECT_LE(test, stats.overflow_lines, 2 * stats.buckets);
	KUNIT_EXPECT_LE(test, stats.buckets, 2 * nr);
}

/* Slab pages that a shard's entries stand in; each page once. */
static unsigned int pages_of(struct sm_shard *shard, unsigned long *pages,
			     unsigned int max)
{
	unsigned int n = 0, k;
	unsigned long i;

	spin_lock_bh(&shard->lock);
	for (i = 0; i < 1UL << shard->array->bits; i++) {
		const struct sm_line *line = &shard->array->lines[i];

		do {
			unsigned long used = sm_used(line->tags);

			for (; used && n < max; used &= used - 1) {
				unsigned long page =
					(unsigned long)sm_slot_locked(
						shard, line,
						sm_next_slot(used)) &
					PAGE_MASK;

				for (k = 0; k < n && pages[k] != page; k++)
					;
				pages[k] = page;
				n += k == n;
			}
		} while ((line = sm_line_link_locked(shard, line)));
	}
	spin_unlock_bh(&shard->lock);
	return n;
}

/* One of 64 entries stays: most of them alone in its page. */
static void what_is_left_stands_close_together(struct kunit *test)
{
	struct shardmap_params params = { .nr_shards = 1 };
	struct shardmap *map = smt_create(test, &params);
	unsigned int nr = 20000, left = 0, before, after;
	unsigned long *pages;
	u64 n, value;

	pages = kunit_kcalloc(test, nr, sizeof(*pages), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pages);
	for (n = 0; n < nr; n++)
		KUNIT_ASSERT_EQ(test, 0, smt_put(map, n, ~n));
	smt_settle(map);
	before = pages_of(&map->shards[0], pages, nr);
	for (n = 0; n < nr; n++) {
		if (n % 64 == 0)
			left++;
		else
			KUNIT_ASSERT_EQ(test, 0, smt_delete(map, n));
	}
	smt_settle(map);
	smt_drain(map);
	after = pages_of(&map->shards[0], pages, nr);
	kunit_info(test, "%u entries in %u pages, then %u in %u\n", nr, before,
		   left, after);
	/* Four times what they need, and what others may have begun. */
	KUNIT_EXPECT_LE(test, after, 4 * before / 64 + 40);
	for (n = 0; n < nr; n += 64) {
		KUNIT_EXPECT_EQ(test, 0, smt_get(map, n, &value));
		KUNIT_EXPECT_EQ(test, ~n, value);
	}
	smt_expect_sound(test, map);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(table_grows_and_shrinks_with_its_entries,
			 smt_hash_gen_params),
	KUNIT_CASE(chosen_hash_is_the_hash),
	KUNIT_CASE(deep_chains_move_whole),
	KUNIT_CASE(sparse_chains_are_packed),
	KUNIT_CASE(keys_at_bucket_edges_keep_their_side),
	KUNIT_CASE_PARAM(turnover_does_not_pile_up_lines, smt_hash_gen_params),
	KUNIT_CASE(what_is_left_stands_close_together),
	{}
};

struct kunit_suite smt_resize_suite = {
	.name = "shardmap_resize",
	.suite_init = smt_suite_init,
	.suite_exit = smt_suite_exit,
	.test_cases = cases,
};
