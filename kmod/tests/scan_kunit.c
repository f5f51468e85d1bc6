// SPDX-License-Identifier: GPL-2.0-only
/* Passes over a table: every key once, in order, whatever happens meanwhile. */
#include <linux/bitmap.h>
#include <linux/sched.h>

#include "compat.h"
#include "core/internal.h"
#include "kunit_util.h"

#define MAX_KEYS 4000

/**
 * struct pass - what a pass over a table has shown
 * @map: the table
 * @pos: where the next call begins
 * @shown: number of entries shown
 * @in_call: number of entries shown by the call under way
 * @stop_after: refuse entries beyond this number in a call, 0 to take all
 * @last: place of the entry shown last
 * @disordered: entries that were not behind the one before
 * @wrong: entries of which something else was wrong
 * @twice: keys of @seen shown again
 * @passes: passes that have ended
 * @seen: the keys by the number that is their value
 */
struct pass {
	struct shardmap *map;
	struct shardmap_position pos;
	unsigned int shown;
	unsigned int in_call;
	unsigned int stop_after;
	struct shardmap_position last;
	unsigned int disordered;
	unsigned int wrong;
	unsigned int twice;
	unsigned int passes;
	DECLARE_BITMAP(seen, MAX_KEYS);
};

static bool behind(const struct shardmap_position *a,
		   const struct shardmap_position *b)
{
	return a->hash > b->hash || (a->hash == b->hash && a->tie > b->tie);
}

/* Place of an entry in hash order, worked out anew from its key. */
static struct shardmap_position place_of(const struct shardmap *map,
					 const struct shardmap_view *view)
{
	return (struct shardmap_position){
		.hash = sm_hash(map, view->key, view->key_len),
		.tie = sm_siphash13(view->key, view->key_len, &map->secret.tie),
	};
}

/* Values below MAX_KEYS are numbers of keys that are there throughout. */
static int note(const struct shardmap_view *view, void *arg)
{
	struct pass *p = arg;
	struct shardmap_position here = place_of(p->map, view);
	u64 number;

	if (p->stop_after && p->in_call == p->stop_after)
		return -EXFULL;
	if (p->shown && !behind(&here, &p->last))
		p->disordered++;
	p->last = here;
	p->shown++;
	p->in_call++;
	if (!view->version || view->value_len != sizeof(number)) {
		p->wrong++;
		return 0;
	}
	shardmap_view_value(view, &number);
	if (number < MAX_KEYS && test_and_set_bit(number, p->seen))
		p->twice++;
	return 0;
}

static struct pass *new_pass(struct kunit *test, struct shardmap *map)
{
	struct pass *p = kunit_kzalloc(test, sizeof(*p), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	p->map = map;
	return p;
}

static int scan_once(struct pass *p)
{
	p->in_call = 0;
	return shardmap_scan(p->map, &p->pos, note, p);
}

static void scan_to_end(struct kunit *test, struct pass *p)
{
	int err;

	do {
		err = scan_once(p);
		if (p->stop_after && err == -EXFULL)
			err = 0;
		KUNIT_ASSERT_GE(test, err, 0);
		cond_resched();
	} while (!err);
	KUNIT_EXPECT_EQ(test, 1, err);
}

/* The keys numbered below @nr were shown once each, in order. */
static void expect_pass(struct kunit *test, const struct pass *p,
			unsigned int nr)
{
	KUNIT_EXPECT_EQ(test, 0, p->disordered);
	KUNIT_EXPECT_EQ(test, 0, p->wrong);
	KUNIT_EXPECT_EQ(test, 0, p->twice);
	KUNIT_EXPECT_EQ(test, nr, bitmap_weight(p->seen, MAX_KEYS));
	if (nr)
		KUNIT_EXPECT_EQ(test, nr - 1, find_last_bit(p->seen, MAX_KEYS));
}

static void still_table_is_shown_once_in_order(struct kunit *test)
{
	struct shardmap_params params = { .flags = smt_hash_flags(test) };
	static const unsigned int sizes[] = { 0, 1, 2, 100, 3000 };
	unsigned int i;

	for (params.nr_shards = 1; params.nr_shards <= 512;
	     params.nr_shards *= 8) {
		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			struct shardmap *map = smt_create(test, &params);
			struct pass *p = new_pass(test, map);

			smt_fill(test, map, 0, 0, sizes[i]);
			scan_to_end(test, p);
			expect_pass(test, p, sizes[i]);
			KUNIT_EXPECT_EQ(test, sizes[i], p->shown);
			/* From the end it ends at once, time and again. */
			KUNIT_EXPECT_EQ(test, 1, scan_once(p));
			KUNIT_EXPECT_EQ(test, 1, scan_once(p));
			KUNIT_EXPECT_EQ(test, sizes[i], p->shown);
			smt_destroy(test, map);
			kunit_kfree(test, p);
		}
	}
}

static void one_entry_at_a_time(struct kunit *test)
{
	struct shardmap_params params = {
		.flags = smt_hash_flags(test),
		.nr_shards = 8,
	};
	struct shardmap *map = smt_create(test, &params);
	struct pass *p = new_pass(test, map);
	unsigned int stop;

	smt_fill(test, map, 0, 0, 2000);
	for (stop = 1; stop <= 17; stop += 4) {
		memset(p, 0, sizeof(*p));
		p->map = map;
		p->stop_after = stop;
		scan_to_end(test, p);
		expect_pass(test, p, 2000);
		KUNIT_EXPECT_EQ(test, 2000, p->shown);
	}
}

static int refuse(const struct shardmap_view *view, void *arg)
{
	return -EUCLEAN;
}

static void refused_entry_is_shown_again(struct kunit *test)
{
	struct shardmap_params params = { .nr_shards = 1 };
	struct shardmap *map = smt_create(test, &params);
	struct pass *p = new_pass(test, map);
	unsigned int i;

	smt_fill(test, map, 0, 0, 10);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, -EUCLEAN,
				shardmap_scan(map, &p->pos, refuse, NULL));
	scan_to_end(test, p);
	expect_pass(test, p, 10);
}

/* More equal hashes than a call sorts at a time, at the ends, too. */
static void equal_hashes_are_shown_once(struct kunit *test)
{
	static const u64 hashes[] = { 0, 1, 0x8000000000000000, U64_MAX - 1,
				      U64_MAX };
	struct shardmap *map = smt_create_chosen(test, 2);
	struct pass *p = new_pass(test, map);
	unsigned int i, n = 0, stop;

	for (i = 0; i < 100 * ARRAY_SIZE(hashes); i++)
		KUNIT_ASSERT_EQ(test, 0,
				smt_put_chosen(map,
					       hashes[i % ARRAY_SIZE(hashes)],
					       n++));
	for (i = 0; i < 200; i++)
		KUNIT_ASSERT_EQ(test, 0, smt_put_chosen(map, smt_mix(i), n++));
	for (stop = 0; stop < 40; stop += stop < 3 ? 1 : 13) {
		memset(p, 0, sizeof(*p));
		p->map = map;
		p->stop_after = stop;
		scan_to_end(test, p);
		expect_pass(test, p, n);
		KUNIT_EXPECT_EQ(test, n, p->shown);
		KUNIT_EXPECT_EQ(test, U64_MAX, p->last.hash);
	}
	smt_expect_sound(test, map);
}

/* Ties in the order in which they are sorted, and against it. */
static void sorted_ties_are_shown_once(struct kunit *test)
{
	u64 hash = 1ULL << 63, tie, least, order[40];
	unsigned int n, up;

	for (up = 0; up < 2; up++) {
		struct shardmap *map = smt_create_chosen(test, 1);
		struct pass *p = new_pass(test, map);

		for (n = 0; n < ARRAY_SIZE(order); n++) {
			struct smt_chosen key = smt_chosen(hash, n);

			order[n] = sm_siphash13(&key, sizeof(key),
						&map->secret.tie);
		}
		for (n = 0; n < ARRAY_SIZE(order); n++) {
			for (least = 0, tie = 1; tie < ARRAY_SIZE(order); tie++)
				if (up ? order[tie] < order[least] :
					 order[tie] > order[least])
					least = tie;
			order[least] = up ? U64_MAX : 0;
			KUNIT_ASSERT_EQ(test, 0,
					smt_put_chosen(map, hash, least));
		}
		scan_to_end(test, p);
		expect_pass(test, p, ARRAY_SIZE(order));
	}
}

/* Hashes that the test knows come in just their order. */
#define HASH_GAP 0x0400000000000001ULL

static int expect_next(const struct shardmap_view *view, void *arg)
{
	const struct smt_chosen *key = view->key;
	u64 *next = arg;

	if (le64_to_cpu(key->hash) != *next)
		return -EILSEQ;
	*next += HASH_GAP;
	return 0;
}

static void order_is_that_of_hashes(struct kunit *test)
{
	struct shardmap *map = smt_create_chosen(test, 4);
	struct shardmap_position pos = {};
	unsigned int n;
	u64 next = 0;
	int err;

	/* Stored in another order: 63 is prime to 29. */
	for (n = 0; n < 63; n++)
		KUNIT_ASSERT_EQ(test, 0,
				smt_put_chosen(map, n * 29 % 63 * HASH_GAP, n));
	do {
		err = shardmap_scan(map, &pos, expect_next, &next);
	} while (!err);
	KUNIT_EXPECT_EQ(test, 1, err);
	KUNIT_EXPECT_EQ(test, 63 * HASH_GAP, next);
}

static void change_during_pass(struct kunit *test, struct shardmap *map,
			       struct pass *p, unsigned int after)
{
	unsigned int calls;

	p->stop_after = 3;
	for (calls = 0; calls < after; calls++) {
		int err = scan_once(p);

		KUNIT_ASSERT_TRUE(test, err >= 0 || err == -EXFULL);
	}
	p->stop_after = 0;
}

/* Positions outlive resizes: the pass goes on where it was. */
static void pass_goes_on_after_resizes(struct kunit *test)
{
	struct shardmap_params params = { .flags = smt_hash_flags(test) };
	u64 others = 1ULL << 32;
	unsigned int calls;

	for (params.nr_shards = 1; params.nr_shards <= 16;
	     params.nr_shards *= 16) {
		for (calls = 1; calls <= 40; calls += 13) {
			struct shardmap *map = smt_create(test, &params);
			struct pass *p = new_pass(test, map);

			smt_fill(test, map, 0, 0, 300);
			change_during_pass(test, map, p, calls);
			smt_fill(test, map, others, MAX_KEYS, MAX_KEYS + 1500);
			smt_settle(map);
			change_during_pass(test, map, p, calls);
			smt_empty(test, map, others, MAX_KEYS, MAX_KEYS + 1500);
			smt_settle(map);
			scan_to_end(test, p);
			expect_pass(test, p, 300);
			smt_destroy(test, map);
			kunit_kfree(test, p);
		}
	}
}

static void pass_ends_after_clear(struct kunit *test)
{
	struct shardmap_params params = { .flags = smt_hash_flags(test) };
	struct shardmap *map = smt_create(test, &params);
	struct pass *p = new_pass(test, map);
	struct shardmap_position pos = {};
	unsigned int shown;
	u64 removed = 0;

	smt_fill(test, map, 0, 0, 2000);
	change_during_pass(test, map, p, 50);
	shown = p->shown;
	while (!shardmap_clear_step(map, &pos, &removed))
		;
	scan_to_end(test, p);
	KUNIT_EXPECT_EQ(test, shown, p->shown);
	KUNIT_EXPECT_EQ(test, 0, p->disordered);
	KUNIT_EXPECT_EQ(test, 2000, removed);
}

/* A call stays short even where there is nothing to show. */
static void calls_are_bounded(struct kunit *test)
{
	struct shardmap_params params = { .nr_shards = 1 };
	struct shardmap *map = smt_create(test, &params);
	struct pass *p = new_pass(test, map);
	struct shardmap_stats stats;
	unsigned int calls = 0;
	int done;

	smt_fill(test, map, 0, 0, 20000);
	smt_settle(map);
	shardmap_get_stats(map, &stats);
	do {
		u64 from = p->pos.hash, buckets;

		done = scan_once(p);
		buckets = (p->pos.hash - from) >> (64 - ilog2(stats.buckets));
		KUNIT_ASSERT_LE(test, buckets, 64);
		KUNIT_ASSERT_LE(test, p->in_call, 64 * SM_SLOTS);
		calls++;
	} while (!done);
	KUNIT_EXPECT_EQ(test, 20000, p->shown);
	KUNIT_EXPECT_GE(test, calls, stats.buckets / 64);
}

/* One thread scans; the others make the table grow and shrink. */
#define STABLE 50

static const char *end_of_pass(struct smt_worker *w, struct pass *p)
{
	unsigned int weight = bitmap_weight(p->seen, MAX_KEYS);
	unsigned int passes = p->passes + 1;

	if (p->disordered || p->wrong || p->twice)
		return smt_problem(w, "%u disordered, %u wrong, %u twice",
				   p->disordered, p->wrong, p->twice);
	if (weight != STABLE)
		return smt_problem(w, "%u of %u stable keys shown", weight,
				   STABLE);
	memset(p, 0, sizeof(*p));
	p->map = w->crew->map;
	p->passes = passes;
	return NULL;
}

static const char *scan_or_churn(struct smt_worker *w)
{
	static const unsigned int stop_after[] = { 0, 1, 5 };
	struct pass *p = w->crew->arg;
	int done;

	if (w->index)
		return smt_churn(w);
	p->stop_after = stop_after[w->step % ARRAY_SIZE(stop_after)];
	done = scan_once(p);
	if (done == -EXFULL || !done)
		return NULL;
	if (done != 1)
		return smt_problem(w, "scan: error %d", done);
	return end_of_pass(w, p);
}

static void stable_keys_are_shown_once_while_others_change(struct kunit *test)
{
	struct shardmap_params params = { .nr_shards = 2 };
	struct shardmap *map = smt_create(test, &params);
	struct pass *p = new_pass(test, map);
	struct smt_crew crew = {
		.map = map,
		.arg = p,
		.step = scan_or_churn,
		.nr = smt_threads(test),
		.steps = smt_ops(smt_thread_counts()),
	};
	struct shardmap_stats before, after;

	smt_fill(test, map, 0, 0, STABLE);
	smt_settle(map);
	shardmap_get_stats(map, &before);
	smt_crew_run(test, &crew);
	smt_settle(map);
	shardmap_get_stats(map, &after);
	KUNIT_EXPECT_EQ(test, STABLE + crew.balance, after.entries);
	KUNIT_EXPECT_GT(test, p->passes, 0);
	KUNIT_EXPECT_GE(test, after.resizes, before.resizes + 2);
	smt_expect_sound(test, map);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(still_table_is_shown_once_in_order,
			 smt_hash_gen_params),
	KUNIT_CASE_PARAM(one_entry_at_a_time, smt_hash_gen_params),
	KUNIT_CASE(refused_entry_is_shown_again),
	KUNIT_CASE(equal_hashes_are_shown_once),
	KUNIT_CASE(sorted_ties_are_shown_once),
	KUNIT_CASE(order_is_that_of_hashes),
	KUNIT_CASE_PARAM(pass_goes_on_after_resizes, smt_hash_gen_params),
	KUNIT_CASE_PARAM(pass_ends_after_clear, smt_hash_gen_params),
	KUNIT_CASE(calls_are_bounded),
	KUNIT_CASE_PARAM(stable_keys_are_shown_once_while_others_change,
			 smt_threads_gen_params),
	{}
};

struct kunit_suite smt_scan_suite = {
	.name = "shardmap_scan",
	.suite_init = smt_suite_init,
	.suite_exit = smt_suite_exit,
	.test_cases = cases,
};
