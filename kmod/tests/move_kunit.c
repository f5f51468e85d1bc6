// SPDX-License-Identifier: GPL-2.0-only
/*
 * A shard between two arrays.  The test begins a resize by hand and holds the
 * resize work off, so that buckets move only when an update comes to them.
 */
#include <linux/bitmap.h>

#include "compat.h"
#include "core/internal.h"
#include "core/line.h"
#include "kunit_util.h"

#define NR_KEYS 60
/* What the work makes of NR_KEYS: less than 66, more than 33. */
#define BITS 4

static const struct direction {
	const char *name;
	unsigned int bits;
} directions[] = {
	{ "grow", BITS + 1 },
	{ "shrink", BITS - 1 },
};
KUNIT_ARRAY_PARAM_DESC(direction, directions, name);

/**
 * struct half - a table with one shard, half-way through a resize
 * @map: the table
 * @shard: its only shard
 * @deep: keys below this number share a hash, and so a deep bucket
 * @there: keys that should be there
 */
struct half {
	struct shardmap *map;
	struct sm_shard *shard;
	unsigned int deep;
	DECLARE_BITMAP(there, 2 * NR_KEYS);
};

static u64 hash_of(const struct half *h, unsigned int n)
{
	return n % NR_KEYS < h->deep ? 1ULL << 63 : smt_mix(n);
}

/* To the work it looks as if somebody had kicked it already. */
static void begin_resize(struct kunit *test, struct half *h, unsigned int bits)
{
	struct sm_array *next;

	set_bit(0, h->map->resize_pending);
	next = sm_array_alloc(h->map, 0, bits, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, next);
	spin_lock_bh(&h->shard->lock);
	h->shard->next = next;
	h->shard->moved = 0;
	h->shard->index_bytes +=
		sizeof(*next) + (sizeof(struct sm_line) << bits);
	spin_unlock_bh(&h->shard->lock);
}

/* With shallow buckets there are spares for all that moves. */
static struct half *create_half(struct kunit *test, unsigned int deep)
{
	const struct direction *direction = test->param_value;
	struct half *h = kunit_kzalloc(test, sizeof(*h), GFP_KERNEL);
	unsigned int n;

	KUNIT_ASSERT_NOT_NULL(test, h);
	h->map = smt_create_chosen(test, 1);
	h->shard = &h->map->shards[0];
	h->deep = deep;
	for (n = 0; n < NR_KEYS; n++)
		KUNIT_ASSERT_EQ(test, 0,
				smt_put_chosen(h->map, hash_of(h, n), n));
	bitmap_set(h->there, 0, NR_KEYS);
	smt_settle(h->map);
	KUNIT_ASSERT_EQ(test, BITS, h->shard->array->bits);
	for (n = 0; !deep && n < 32; n++)
		KUNIT_ASSERT_EQ(test, 0,
				sm_spare_refill(h->map, h->shard, GFP_KERNEL));
	begin_resize(test, h, direction->bits);
	return h;
}

/* Number of buckets moved, or U64_MAX if all have and the resize is over. */
static u64 moved(struct half *h)
{
	u64 n;

	spin_lock_bh(&h->shard->lock);
	n = h->shard->next ? h->shard->moved : U64_MAX;
	spin_unlock_bh(&h->shard->lock);
	return n;
}

static int see(const struct shardmap_view *view, void *arg)
{
	u64 number;

	shardmap_view_value(view, &number);
	/* A key shown twice turns into one not shown. */
	change_bit(number, (unsigned long *)arg);
	return 0;
}

/* Lookups and a pass find just what should be there, and move nothing. */
static void expect_contents(struct kunit *test, struct half *h)
{
	DECLARE_BITMAP(seen, 2 * NR_KEYS) = {};
	struct shardmap_position pos = {};
	u64 before = moved(h);
	unsigned int n, wrong = 0;

	for (n = 0; n < 2 * NR_KEYS; n++)
		wrong += smt_has_chosen(h->map, hash_of(h, n), n) !=
			 test_bit(n, h->there);
	KUNIT_ASSERT_EQ(test, 0, wrong);
	while (!shardmap_scan(h->map, &pos, see, seen))
		;
	KUNIT_ASSERT_TRUE(test, bitmap_equal(seen, h->there, 2 * NR_KEYS));
	KUNIT_ASSERT_EQ(test, bitmap_weight(seen, 2 * NR_KEYS),
			shardmap_count(h->map));
	KUNIT_ASSERT_EQ(test, before, moved(h));
}

/* Let the work go on: the next update finds the resize stalled and kicks it. */
static void let_work_finish(struct kunit *test, struct half *h)
{
	clear_bit(0, h->map->resize_pending);
	spin_lock_bh(&h->shard->lock);
	h->shard->stalled = h->shard->next;
	spin_unlock_bh(&h->shard->lock);
	smt_delete_chosen(h->map, 1, 1);
	smt_expect_sound(test, h->map);
	expect_contents(test, h);
}

static void update(struct kunit *test, struct half *h, unsigned int n,
		   bool there)
{
	KUNIT_ASSERT_EQ(test, 0,
			there ? smt_put_chosen(h->map, hash_of(h, n), n) :
				smt_delete_chosen(h->map, hash_of(h, n), n));
	__assign_bit(n, h->there, there);
}

static void updates_move_their_bucket_first(struct kunit *test)
{
	const struct direction *direction = test->param_value;
	unsigned int step = direction->bits > BITS ? 1 : 2, n;
	struct half *h = create_half(test, 0);
	u64 last = 0, now;

	expect_contents(test, h);
	KUNIT_EXPECT_EQ(test, 0, moved(h));
	for (n = 0; n < NR_KEYS; n++) {
		/* Old keys go, others come. */
		update(test, h, n, false);
		now = moved(h);
		KUNIT_ASSERT_TRUE(test, now == last || now == last + step ||
						now == U64_MAX);
		expect_contents(test, h);
		update(test, h, NR_KEYS + n, true);
		expect_contents(test, h);
		last = moved(h);
	}
	/* Every bucket was touched, so the last update ended the resize. */
	KUNIT_EXPECT_EQ(test, U64_MAX, moved(h));
	KUNIT_EXPECT_EQ(test, direction->bits, h->shard->array->bits);
	let_work_finish(test, h);
}

/* A refused or failing update moves its bucket and changes nothing else. */
static void failing_updates_change_nothing(struct kunit *test)
{
	struct half *h = create_half(test, 0);
	unsigned int n;

	for (n = 0; n < NR_KEYS; n++) {
		KUNIT_ASSERT_EQ(test, -EEXIST,
				smt_put_chosen(h->map, hash_of(h, n), n));
		KUNIT_ASSERT_EQ(test, -ENOENT,
				smt_delete_chosen(h->map, hash_of(h, n),
						  n + 1));
		expect_contents(test, h);
	}
	let_work_finish(test, h);
}

/* Without spares a bucket with overflow lines stays, and is updated in place. */
static void bucket_stays_where_spares_are_short(struct kunit *test)
{
	struct half *h = create_half(test, 20);
	unsigned int n;

	KUNIT_ASSERT_EQ(test, 0, h->shard->spares);
	for (n = 0; n < h->deep; n++) {
		update(test, h, n, false);
		KUNIT_ASSERT_EQ(test, 0, moved(h));
		expect_contents(test, h);
	}
	for (n = 0; n < h->deep; n++) {
		update(test, h, n, true);
		update(test, h, NR_KEYS + n, true);
		KUNIT_ASSERT_EQ(test, 0, moved(h));
		expect_contents(test, h);
	}
	let_work_finish(test, h);
}

static void half_moved_shard_can_be_cleared(struct kunit *test)
{
	struct half *h = create_half(test, 0);
	struct shardmap_position pos = {};
	unsigned int n;
	u64 removed = 0;

	for (n = 0; n < 5; n++)
		update(test, h, n, false);
	while (!shardmap_clear_step(h->map, &pos, &removed))
		;
	KUNIT_EXPECT_EQ(test, NR_KEYS - 5, removed);
	bitmap_zero(h->there, 2 * NR_KEYS);
	expect_contents(test, h);
	for (n = 0; n < NR_KEYS; n++)
		update(test, h, n, true);
	let_work_finish(test, h);
}

/* A pass that stops at every entry, with a bucket moving in between. */
static int see_one(const struct shardmap_view *view, void *arg)
{
	unsigned long *seen = arg;

	if (test_and_set_bit(2 * NR_KEYS, seen))
		return -EXFULL;
	return see(view, seen);
}

static void pass_goes_on_over_moving_buckets(struct kunit *test)
{
	DECLARE_BITMAP(seen, 2 * NR_KEYS + 1) = {};
	struct half *h = create_half(test, 0);
	struct shardmap_position pos = {};
	unsigned int n = 0;
	int err;

	do {
		err = shardmap_scan(h->map, &pos, see_one, seen);
		clear_bit(2 * NR_KEYS, seen);
		/* Moves a bucket anywhere, before or behind the pass. */
		KUNIT_ASSERT_EQ(test, -EEXIST,
				smt_put_chosen(h->map, hash_of(h, n % NR_KEYS),
					       n % NR_KEYS));
		n++;
	} while (!err || err == -EXFULL);
	KUNIT_EXPECT_EQ(test, 1, err);
	KUNIT_EXPECT_TRUE(test, bitmap_equal(seen, h->there, 2 * NR_KEYS));
	let_work_finish(test, h);
}

/* mark_moved() has stored the way to go on, but not yet the mark. */
static void bucket_half_marked_is_read_right(struct kunit *test)
{
	struct half *h = create_half(test, 0);
	unsigned long index, before[1 << BITS];
	struct sm_line *lines = h->shard->array->lines;
	unsigned int n;

	for (index = 0; index < 1 << BITS; index++)
		before[index] = lines[index].tags;
	for (n = 0; moved(h) < (1 << BITS) - 2; n++) {
		u64 hash = hash_of(h, n);

		index = sm_line_index(h->map, hash, BITS);
		KUNIT_ASSERT_EQ(test, -EEXIST, smt_put_chosen(h->map, hash, n));
		/* Buckets that merge are marked one after the other. */
		lines = h->shard->array->lines;
		sm_publish_tags(&lines[index], before[index]);
		expect_contents(test, h);
		sm_publish_tags(&lines[index],
				SM_MOVED | (before[index] & SM_LINK));
	}
	let_work_finish(test, h);
}

static void half_moved_table_can_be_destroyed(struct kunit *test)
{
	struct half *h = create_half(test, 0);
	unsigned int n;

	for (n = 0; n < 6; n++)
		update(test, h, n, false);
	KUNIT_EXPECT_NE(test, U64_MAX, moved(h));
	smt_destroy(test, h->map);
}

#define MOVE_CASE(name) KUNIT_CASE_PARAM(name, direction_gen_params)

static struct kunit_case cases[] = {
	MOVE_CASE(updates_move_their_bucket_first),
	MOVE_CASE(failing_updates_change_nothing),
	MOVE_CASE(bucket_stays_where_spares_are_short),
	MOVE_CASE(half_moved_shard_can_be_cleared),
	MOVE_CASE(pass_goes_on_over_moving_buckets),
	MOVE_CASE(bucket_half_marked_is_read_right),
	MOVE_CASE(half_moved_table_can_be_destroyed),
	{}
};

struct kunit_suite smt_move_suite = {
	.name = "shardmap_move",
	.suite_init = smt_suite_init,
	.suite_exit = smt_suite_exit,
	.test_cases = cases,
};
