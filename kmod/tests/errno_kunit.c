// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each errno of each verb: what fails leaves the table, its figures and the request as
 * they were.  errno_rows.c has the requests.
 */
#include <linux/sched.h>
#include <linux/string.h>

#include "compat.h"
#include "core/internal.h"
#include "errno_rows.h"
#include "kunit_util.h"

/* Unknown verbs are refused; the last one is shardmap_update()'s. */
static const struct row unknown[] = {
	{ .verb = SHARDMAP_VERBS, .err = -EINVAL, .key = NUMBER },
	{ .verb = SHARDMAP_VERBS + 1, .err = -EINVAL, .key = NUMBER },
	{ .verb = U16_MAX, .err = -EINVAL, .key = NUMBER },
};

/**
 * struct contents - all that can be told of a table
 * @nr: entries shown
 * @shown: the entries
 * @value: their values
 * @stats: the figures
 */
struct contents {
	unsigned int nr;
	struct shardmap_view shown[NR_KEYS + 1];
	u8 value[NR_KEYS + 1][VALUE_MAX];
	struct shardmap_stats stats;
};

/**
 * struct bed - a table to fail on
 * @map: the table
 * @quota: its quota
 * @over: makes the quota be exceeded
 * @before: what it held
 * @after: what it holds
 */
struct bed {
	struct shardmap *map;
	struct shardmap_quota *quota;
	struct shardmap *over;
	struct contents before;
	struct contents after;
};

static int show(const struct shardmap_view *view, void *arg)
{
	struct contents *c = arg;

	if (c->nr == ARRAY_SIZE(c->shown))
		return -E2BIG;
	c->shown[c->nr] = *view;
	shardmap_view_value(view, c->value[c->nr]);
	/* Where it is does not matter, but a key of 8 bytes does. */
	c->shown[c->nr].value = NULL;
	c->shown[c->nr].key = NULL;
	memcpy(&c->shown[c->nr].key, view->key, sizeof(void *));
	c->nr++;
	return 0;
}

static void look(struct kunit *test, struct shardmap *map, struct contents *c)
{
	struct shardmap_position pos = {};
	int ret;

	unsigned int i;

	smt_settle(map);
	memset(c, 0, sizeof(*c));
	while (!(ret = shardmap_scan(map, &pos, show, c)))
		;
	KUNIT_EXPECT_EQ(test, 1, ret);
	shardmap_get_stats(map, &c->stats);
	KUNIT_EXPECT_EQ(test, c->nr, c->stats.entries);
	/* Lines that wait for the next who needs one. */
	for (i = 0; i < sm_nr_shards(map); i++)
		c->stats.index_bytes -=
			map->shards[i].spares * sm_line_bytes(map);
}

static int store(struct shardmap *map, u64 key, const void *value, u32 len)
{
	/* A new key only: that leaves no place for what is removed. */
	return shardmap_put(map, &key, sizeof(key), value, len,
			    SHARDMAP_PUT_NOEXIST, GFP_KERNEL, NULL);
}

static struct shardmap *create(struct kunit *test, const struct row *row,
			       enum table table, struct shardmap_quota *quota)
{
	struct shardmap_params params = {
		.flags = table == INLINE ? SHARDMAP_INLINE : 0,
		.nr_shards = 4,
		.max_key_len = sizeof(u64),
		.max_value_len = table == INLINE ? sizeof(u64) : VALUE_MAX,
		.quota = quota,
	};

	if (row->state == FULL) {
		params.max_entries = NR_KEYS;
		if (table == TAGGED)
			params.max_bytes = 2 * sm_entry_size(8, 8, 0) +
					   sm_entry_size(8, 5, 0);
	}
	return smt_create(test, &params);
}

static void fill(struct kunit *test, struct shardmap *map, enum table table)
{
	u64 number = 7;
	u32 text_len = table == INLINE ? sizeof(u64) : 5;

	KUNIT_ASSERT_EQ(test, 0, store(map, NUMBER, &number, sizeof(number)));
	KUNIT_ASSERT_EQ(test, 0, store(map, TEXT, "a text!", text_len));
	KUNIT_ASSERT_EQ(test, 0, store(map, 3, &number, sizeof(number)));
}

/* With the quota just reached, another table's index is beyond it. */
static void exceed_quota(struct kunit *test, struct bed *bed,
			 const struct row *row, enum table table)
{
	struct shardmap *like = create(test, row, table, NULL);
	struct shardmap_stats stats;

	fill(test, like, table);
	shardmap_get_stats(like, &stats);
	smt_destroy(test, like);
	bed->quota =
		shardmap_quota_create(stats.entry_bytes + stats.index_bytes);
	KUNIT_ASSERT_NOT_NULL(test, bed->quota);
}

static struct bed *make_bed(struct kunit *test, const struct row *row,
			    enum table table)
{
	struct bed *bed = kunit_kzalloc(test, sizeof(*bed), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, bed);
	if (row->state == OVER_QUOTA)
		exceed_quota(test, bed, row, table);
	bed->map = create(test, row, table, bed->quota);
	fill(test, bed->map, table);
	if (row->state == OVER_QUOTA)
		bed->over = create(test, row, table, bed->quota);
	if (row->state == FROZEN)
		shardmap_freeze(bed->map);
	look(test, bed->map, &bed->before);
	KUNIT_ASSERT_EQ(test, NR_KEYS, bed->before.nr);
	return bed;
}

static void free_bed(struct kunit *test, struct bed *bed)
{
	if (bed->over)
		smt_destroy(test, bed->over);
	smt_destroy(test, bed->map);
	shardmap_quota_put(bed->quota);
	kunit_kfree(test, bed);
}

static void expect_same(struct kunit *test, struct bed *bed,
			const struct row *row)
{
	struct contents *a = &bed->before, *b = &bed->after;

	look(test, bed->map, b);
	KUNIT_EXPECT_MEMEQ_MSG(test, a->shown, b->shown, sizeof(a->shown),
			       "verb %u, error %d", row->verb, row->err);
	KUNIT_EXPECT_MEMEQ_MSG(test, a->value, b->value, sizeof(a->value),
			       "verb %u, error %d", row->verb, row->err);
	KUNIT_EXPECT_MEMEQ_MSG(test, &a->stats, &b->stats,
			       offsetofend(struct shardmap_stats,
					   max_value_len),
			       "verb %u, error %d", row->verb, row->err);
}

/* Buffers of requests, too long for any value. */
static u8 value[VALUE_MAX + 8], out[VALUE_MAX + 8], untouched[VALUE_MAX + 8];

static u64 version_of(const struct contents *c, u64 key)
{
	unsigned int i;

	for (i = 0; i < c->nr; i++)
		if (!memcmp(&c->shown[i].key, &key, sizeof(void *)))
			return c->shown[i].version;
	return 0;
}

static u32 length_of(const struct contents *c, u64 key)
{
	unsigned int i;

	for (i = 0; i < c->nr; i++)
		if (!memcmp(&c->shown[i].key, &key, sizeof(void *)))
			return c->shown[i].value_len;
	return 0;
}

static struct shardmap_request make_request(const struct bed *bed,
					    const struct row *row)
{
	static u64 number = 7, other = 8;
	u64 version = version_of(&bed->before, row->key);
	struct shardmap_request req = {
		.verb = row->verb,
		.flags = row->flags,
		.key = &row->key,
		.key_len = sizeof(row->key),
		.value = value,
		.value_len = row->value_len ?: sizeof(u64),
		.out = out,
		.out_len = sizeof(out),
		.version = row->stale ? version + 1 : version,
		.expected = row->stale ? &other : &number,
		.expected_len = sizeof(u64),
		.delta = 5,
		.initial = 6,
		.old = 77,
		.err = 1,
		.ttl = row->ttl,
	};

	if (row->key_len)
		req.key_len = max(row->key_len, 0);
	if (row->no_room)
		req.out_len = length_of(&bed->before, row->key) - 1;
	memset(out, 0xa5, sizeof(out));
	memset(untouched, 0xa5, sizeof(untouched));
	return req;
}

/* Of a request that fails only err is set, and the length of what did not fit. */
static void expect_untouched(struct kunit *test, const struct bed *bed,
			     const struct row *row,
			     const struct shardmap_request *before,
			     const struct shardmap_request *after, int err)
{
	struct shardmap_request want = *before;

	want.err = err;
	if (row->err == -ENOBUFS)
		want.out_len = length_of(&bed->before, row->key);
	KUNIT_EXPECT_EQ_MSG(test, err, after->err,
			    "verb %u, flags %x, key %llu", row->verb,
			    row->flags, row->key);
	KUNIT_EXPECT_MEMEQ_MSG(test, &want, after, sizeof(want),
			       "verb %u, error %d", row->verb, row->err);
	KUNIT_EXPECT_MEMEQ_MSG(test, untouched, out, sizeof(out),
			       "verb %u, error %d", row->verb, row->err);
}

static void fail_alone(struct kunit *test, struct bed *bed,
		       const struct row *row)
{
	struct shardmap_request req = make_request(bed, row), before = req;

	KUNIT_EXPECT_EQ(test, row->err,
			shardmap_execute(bed->map, &req, GFP_KERNEL));
	expect_untouched(test, bed, row, &before, &req, row->err);
	expect_same(test, bed, row);
}

/* Is it a lack that all requests have together? */
static bool is_common(const struct row *row)
{
	return row->err == -ENOSPC || row->err == -EDQUOT ||
	       row->err == -ENOMEM;
}

/* At each position among others, which alone would be carried out. */
static void fail_with_others(struct kunit *test, struct bed *bed,
			     const struct row *row)
{
	unsigned int at, i;

	for (at = 0; at < 3; at++) {
		u64 key[] = { 3, 1000 };
		u8 others_out[2][VALUE_MAX] = {};
		struct shardmap_request reqs[3], before[3];
		int err = is_common(row) ? row->err : -ECANCELED;

		/* What is frozen, or full, fails just the one all the same. */
		reqs[(at + 1) % 3] =
			SMT_REQUEST(GET, &key[0], .out = others_out[0],
				    .out_len = VALUE_MAX, .version = 9);
		reqs[(at + 2) % 3] = SMT_REQUEST(PUT, &key[1], .value = value,
						 .value_len = 8, .version = 9);
		reqs[at] = make_request(bed, row);
		memcpy(before, reqs, sizeof(before));
		KUNIT_EXPECT_EQ(test, err,
				shardmap_execute_all(bed->map, reqs, 3,
						     GFP_KERNEL));
		expect_untouched(test, bed, row, &before[at], &reqs[at],
				 row->err);
		for (i = 1; i < 3; i++) {
			struct shardmap_request *req = &reqs[(at + i) % 3];

			KUNIT_EXPECT_EQ(test,
					row->err == -EROFS && i == 2 ? -EROFS :
								       err,
					req->err);
			req->err = 0;
			KUNIT_EXPECT_MEMEQ(test, &before[(at + i) % 3], req,
					   sizeof(*req));
		}
		expect_same(test, bed, row);
	}
}

static void fail_on(struct kunit *test, const struct row *row, enum table table)
{
	struct bed *bed = make_bed(test, row, table);

	fail_alone(test, bed, row);
	fail_with_others(test, bed, row);
	smt_expect_sound(test, bed->map);
	free_bed(test, bed);
	smt_count_ops(4);
}

static void what_fails_changes_nothing(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < smt_errno_nr_rows; i++) {
		if (smt_errno_rows[i].state == NO_MEMORY)
			continue;
		if (smt_errno_rows[i].tables & TAGGED)
			fail_on(test, &smt_errno_rows[i], TAGGED);
		if (smt_errno_rows[i].tables & INLINE)
			fail_on(test, &smt_errno_rows[i], INLINE);
		cond_resched();
	}
}

static void unknown_verbs_are_refused(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(unknown); i++) {
		fail_on(test, &unknown[i], TAGGED);
		fail_on(test, &unknown[i], INLINE);
	}
}

#ifdef CONFIG_FAILSLAB

/* Fail the @nth allocation; returns whether there were so many. */
static bool execute_short(struct bed *bed, struct shardmap_request *req,
			  unsigned int nth)
{
	bool failed;

	current->fail_nth = nth;
	/* Allocations that may reclaim are never failed. */
	shardmap_execute(bed->map, req, GFP_NOWAIT | __GFP_NOWARN);
	failed = !current->fail_nth;
	current->fail_nth = 0;
	return failed;
}

/*
 * Returns false when all of them have been failed.  The kernel's own may be among them,
 * and the request does without.
 */
static bool fail_allocation(struct kunit *test, const struct row *row,
			    unsigned int nth, unsigned int *refused)
{
	struct bed *bed = make_bed(test, row, TAGGED);
	struct shardmap_request req = make_request(bed, row), before = req;
	bool failed = execute_short(bed, &req, nth);

	if (req.err) {
		++*refused;
		expect_untouched(test, bed, row, &before, &req, -ENOMEM);
		expect_same(test, bed, row);
	}
	KUNIT_EXPECT_TRUE(test, failed || !req.err);
	free_bed(test, bed);
	return failed;
}

static void fail_each_allocation(struct kunit *test, const struct row *row)
{
	unsigned int nth = 0, refused = 0;

	while (fail_allocation(test, row, ++nth, &refused) && nth < 20)
		;
	KUNIT_EXPECT_GT_MSG(test, refused, 0, "verb %u", row->verb);
	KUNIT_EXPECT_LT(test, nth, 20);
	smt_count_ops(nth);
}

static void without_memory_nothing_changes(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < smt_errno_nr_rows; i++)
		if (smt_errno_rows[i].state == NO_MEMORY)
			fail_each_allocation(test, &smt_errno_rows[i]);
}

#endif

static void find_fails_as_documented(struct kunit *test)
{
	static const struct row row = { .verb = SHARDMAP_DO_GET };
	struct bed *tagged = make_bed(test, &row, TAGGED);
	struct bed *cells = make_bed(test, &row, INLINE);
	struct shardmap_view view = { .version = 5 }, before = view;
	u64 key[2] = { NUMBER }, absent = ABSENT;

	rcu_read_lock();
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			shardmap_find_rcu(cells->map, key, 8, &view));
	KUNIT_EXPECT_EQ(test, -ENOENT,
			shardmap_find_rcu(tagged->map, &absent, 8, &view));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			shardmap_find_rcu(tagged->map, key, 0, &view));
	KUNIT_EXPECT_EQ(test, -EMSGSIZE,
			shardmap_find_rcu(tagged->map, key, 9, &view));
	KUNIT_EXPECT_MEMEQ(test, &before, &view, sizeof(view));
	KUNIT_EXPECT_EQ(test, 0, shardmap_find_rcu(tagged->map, key, 8, &view));
	rcu_read_unlock();
	expect_same(test, tagged, &row);
	expect_same(test, cells, &row);
}

/* clang-format off */
static struct kunit_case cases[] = {
	KUNIT_CASE(smt_every_errno_has_a_row),
	KUNIT_CASE(what_fails_changes_nothing),
	KUNIT_CASE(unknown_verbs_are_refused),
#ifdef CONFIG_FAILSLAB
	KUNIT_CASE(without_memory_nothing_changes),
#endif
	KUNIT_CASE(find_fails_as_documented),
	{}
};
/* clang-format on */

struct kunit_suite smt_errno_suite = {
	.name = "shardmap_errno",
	.suite_init = smt_suite_init,
	.suite_exit = smt_suite_exit,
	.test_cases = cases,
};
