// SPDX-License-Identifier: GPL-2.0-only
/* Requests that are carried out together, or not at all. */
#include <linux/ktime.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat.h"
#include "core/internal.h"
#include "kunit_util.h"

#define NR SHARDMAP_MAX_REQUESTS

/**
 * struct many - as many requests as there may be
 * @req: the requests
 * @key: their keys
 * @value: numbers to store
 * @out: where numbers go
 */
struct many {
	struct shardmap_request req[NR + 1];
	u64 key[NR + 1];
	u64 value[NR + 1];
	u64 out[NR + 1];
};

/* Puts of NR + 1 different keys, the number of each its value. */
static struct many *make_puts(struct kunit *test)
{
	struct many *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, m);
	for (i = 0; i <= NR; i++) {
		m->key[i] = smt_mix(i);
		m->value[i] = i;
		m->req[i] = SMT_REQUEST(PUT, &m->key[i], .value = &m->value[i],
					.value_len = sizeof(u64),
					.out = &m->out[i],
					.out_len = sizeof(u64));
	}
	return m;
}

static int run(struct shardmap *map, struct many *m, unsigned int nr)
{
	if (nr <= NR)
		smt_count_ops(nr);
	return shardmap_execute_all(map, m->req, nr, GFP_KERNEL);
}

static struct shardmap *create_numbers(struct kunit *test, unsigned int flags,
				       unsigned int nr_shards)
{
	struct shardmap_params params = {
		.flags = flags,
		.nr_shards = nr_shards,
		.max_key_len = sizeof(u64),
		.max_value_len = sizeof(u64),
	};

	return smt_create(test, &params);
}

static void all_are_carried_out(struct kunit *test)
{
	static const unsigned int sizes[] = { 1, 2, 3, 7, 63, NR };
	static const unsigned int shards[] = { 1, 2, 16, 4096 };
	unsigned int s, n, i;

	for (s = 0; s < ARRAY_SIZE(shards) * 2; s++) {
		struct shardmap *map = create_numbers(
			test, s & 1 ? SHARDMAP_INLINE : 0, shards[s / 2]);

		for (n = 0; n < ARRAY_SIZE(sizes); n++) {
			struct many *m = make_puts(test);

			/* Those of before are there. */
			KUNIT_ASSERT_EQ(test, 0, run(map, m, sizes[n]));
			for (i = 0; i < sizes[n]; i++) {
				KUNIT_EXPECT_EQ(test, 0, m->req[i].err);
				KUNIT_EXPECT_NE(test, 0, m->req[i].version);
				KUNIT_EXPECT_EQ(test,
						n && i < sizes[n - 1] ?
							0 :
							SHARDMAP_REQ_INSERTED,
						m->req[i].flags);
			}
			KUNIT_EXPECT_EQ(test, 0,
					smt_missing(map, 0, 0, sizes[n]));
			KUNIT_EXPECT_EQ(test, sizes[n], shardmap_count(map));
			smt_expect_sound(test, map);
		}
		smt_destroy(test, map);
	}
}

/* One of each verb, on keys 0 to 6, which have their number as value. */
static void make_all_verbs(struct many *m)
{
	unsigned int i;

	for (i = 0; i < SHARDMAP_VERBS; i++) {
		m->req[i].verb = i;
		m->value[i] = 100 + i;
	}
	m->req[SHARDMAP_DO_PUT].flags = SHARDMAP_REQ_SWAP;
	m->req[SHARDMAP_DO_ADD].delta = 10;
	m->req[SHARDMAP_DO_CAS].flags = SHARDMAP_REQ_IF_VALUE;
	m->req[SHARDMAP_DO_CAS].expected = &m->out[NR];
	m->req[SHARDMAP_DO_CAS].expected_len = sizeof(u64);
	m->out[NR] = SHARDMAP_DO_CAS;
}

static void each_verb_does_what_it_does_alone(struct kunit *test)
{
	unsigned int kind, i;

	for (kind = 0; kind < 2; kind++) {
		unsigned int flags = kind ? SHARDMAP_INLINE : 0;
		struct shardmap *together = create_numbers(test, flags, 4);
		struct shardmap *alone = create_numbers(test, flags, 4);
		struct many *m = make_puts(test), *a = make_puts(test);
		u64 x, y;

		smt_fill(test, together, 0, 0, SHARDMAP_VERBS);
		smt_fill(test, alone, 0, 0, SHARDMAP_VERBS);
		make_all_verbs(m);
		make_all_verbs(a);
		KUNIT_ASSERT_EQ(test, 0, run(together, m, SHARDMAP_VERBS));
		for (i = 0; i < SHARDMAP_VERBS; i++) {
			KUNIT_EXPECT_EQ(test, 0,
					shardmap_execute(alone, &a->req[i],
							 GFP_KERNEL));
			KUNIT_EXPECT_EQ(test, a->req[i].flags, m->req[i].flags);
			KUNIT_EXPECT_EQ(test, a->req[i].out_len,
					m->req[i].out_len);
			KUNIT_EXPECT_EQ(test, a->req[i].old, m->req[i].old);
			KUNIT_EXPECT_EQ(test, !a->req[i].version,
					!m->req[i].version);
			KUNIT_EXPECT_EQ(test, a->out[i], m->out[i]);
			KUNIT_EXPECT_EQ(test, smt_get(alone, smt_mix(i), &x),
					smt_get(together, smt_mix(i), &y));
			KUNIT_EXPECT_EQ(test, x, y);
		}
		KUNIT_EXPECT_EQ(test, SHARDMAP_VERBS - 2,
				shardmap_count(together));
		smt_expect_sound(test, together);
	}
}

/* Whichever it is, the others are not carried out, and are told so. */
static void one_that_fails_fails_all(struct kunit *test)
{
	struct shardmap_params params = { .nr_shards = 8 };
	struct shardmap *map = smt_create(test, &params);
	struct shardmap_stats before, after;
	unsigned int at, i;

	smt_fill(test, map, 0, 1000, 1010);
	shardmap_get_stats(map, &before);
	for (at = 0; at < NR; at++) {
		struct many *m = make_puts(test);

		m->req[at].verb = SHARDMAP_DO_DELETE;
		KUNIT_ASSERT_EQ(test, -ECANCELED, run(map, m, NR));
		for (i = 0; i < NR; i++) {
			KUNIT_ASSERT_EQ(test, i == at ? -ENOENT : -ECANCELED,
					m->req[i].err);
			KUNIT_ASSERT_EQ(test, 0, m->req[i].flags);
		}
		kunit_kfree(test, m);
	}
	shardmap_get_stats(map, &after);
	KUNIT_EXPECT_EQ(test, before.entries, after.entries);
	KUNIT_EXPECT_EQ(test, before.entry_bytes, after.entry_bytes);
	KUNIT_EXPECT_EQ(test, 0, smt_missing(map, 0, 1000, 1010));
	KUNIT_EXPECT_EQ(test, 10, smt_walk_count(map));
	smt_expect_sound(test, map);
}

static void several_that_fail_are_told_apart(struct kunit *test)
{
	struct shardmap *map = create_numbers(test, 0, 4);
	struct many *m = make_puts(test);

	smt_fill(test, map, 0, 0, 1);
	m->req[0].flags = SHARDMAP_REQ_NOEXIST;
	m->req[2].flags = SHARDMAP_REQ_EXIST;
	m->req[3].verb = SHARDMAP_DO_TAKE;
	KUNIT_EXPECT_EQ(test, -ECANCELED, run(map, m, 4));
	KUNIT_EXPECT_EQ(test, -EEXIST, m->req[0].err);
	KUNIT_EXPECT_EQ(test, -ECANCELED, m->req[1].err);
	KUNIT_EXPECT_EQ(test, -ENOENT, m->req[2].err);
	KUNIT_EXPECT_EQ(test, -ENOENT, m->req[3].err);
	KUNIT_EXPECT_EQ(test, 1, shardmap_count(map));
}

static void bad_lists_are_refused(struct kunit *test)
{
	struct shardmap *map = create_numbers(test, 0, 4);
	struct many *m = make_puts(test);
	unsigned int i, k;

	KUNIT_EXPECT_EQ(test, -EINVAL, run(map, m, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL, run(map, m, NR + 1));
	KUNIT_EXPECT_EQ(test, -EINVAL, run(map, m, UINT_MAX));
	/* A key that comes twice, next to each other or far apart. */
	for (i = 1; i < NR; i *= 2) {
		for (k = i; k < NR; k *= 3) {
			m->key[k] = m->key[i - 1];
			KUNIT_EXPECT_EQ(test, -EINVAL, run(map, m, NR));
			m->key[k] = smt_mix(k);
		}
	}
	KUNIT_EXPECT_EQ(test, 0, shardmap_count(map));
	KUNIT_EXPECT_EQ(test, 0, run(map, m, NR));
	smt_expect_sound(test, map);
}

static void limits_are_those_of_all_together(struct kunit *test)
{
	struct shardmap_params params = { .nr_shards = 8, .max_entries = 10 };
	struct shardmap *map = smt_create(test, &params);
	struct many *m = make_puts(test);

	smt_fill(test, map, 0, 1000, 1009);
	KUNIT_EXPECT_EQ(test, -ENOSPC, run(map, m, 2));
	KUNIT_EXPECT_EQ(test, -ENOSPC, m->req[0].err);
	KUNIT_EXPECT_EQ(test, -ENOSPC, m->req[1].err);
	KUNIT_EXPECT_EQ(test, 9, shardmap_count(map));
	/* Who makes room himself has it, in whatever order. */
	m->key[2] = smt_mix(1000);
	m->req[2].verb = SHARDMAP_DO_DELETE;
	KUNIT_EXPECT_EQ(test, 0, run(map, m, 3));
	KUNIT_EXPECT_EQ(test, 10, shardmap_count(map));
	KUNIT_EXPECT_EQ(test, 10, atomic64_read(&map->entries_held));
	/* With what is replaced there is nothing to make room for. */
	m->req[0].flags = 0;
	m->req[1].flags = 0;
	KUNIT_EXPECT_EQ(test, 0, run(map, m, 2));
	smt_expect_sound(test, map);
}

/* All keys fall into one bucket, which needs a line for every six of them. */
static void a_bucket_may_overflow_often(struct kunit *test)
{
	struct shardmap *map = smt_create_chosen(test, 1);
	struct smt_chosen *keys =
		kunit_kcalloc(test, NR, sizeof(*keys), GFP_KERNEL);
	struct many *m = make_puts(test);
	unsigned int round, i;

	KUNIT_ASSERT_NOT_NULL(test, keys);
	for (round = 0; round < 3; round++) {
		for (i = 0; i < NR; i++) {
			u64 tie = round * NR + i;

			keys[i] = smt_chosen(1ULL << 63, tie);
			m->value[i] = tie;
			m->req[i].key = &keys[i];
			m->req[i].key_len = sizeof(keys[i]);
			m->req[i].flags = 0;
		}
		KUNIT_ASSERT_EQ(test, 0, run(map, m, NR));
		smt_expect_sound(test, map);
	}
	for (i = 0; i < 3 * NR; i++)
		KUNIT_EXPECT_TRUE(test, smt_has_chosen(map, 1ULL << 63, i));
}

/* Hand-made and held off, as in move_kunit.c. */
static void begin_growth(struct kunit *test, struct shardmap *map)
{
	struct sm_shard *shard = &map->shards[0];
	unsigned int bits = shard->array->bits + 1;
	struct sm_array *next;

	set_bit(0, map->resize_pending);
	next = sm_array_alloc(map, 0, bits, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, next);
	spin_lock_bh(&shard->lock);
	shard->next = next;
	shard->moved = 0;
	shard->index_bytes += sizeof(*next) + (sizeof(struct sm_line) << bits);
	spin_unlock_bh(&shard->lock);
}

/*
 * The first needs a spare line, as its bucket is full.  The second one's bucket has
 * not moved yet, and takes the only spare line to move.
 */
static void a_move_may_take_the_spare_line(struct kunit *test)
{
	struct shardmap *map = smt_create_chosen(test, 1);
	struct smt_chosen first = smt_chosen(0, 100);
	struct smt_chosen second = smt_chosen(U64_MAX, 0);
	u64 number = 100;
	struct shardmap_request reqs[] = {
		/* A new key: it comes with its entry, and needs no second plan. */
		{ .verb = SHARDMAP_DO_PUT,
		  .flags = SHARDMAP_REQ_NOEXIST,
		  .key = &first,
		  .key_len = sizeof(first),
		  .value = &number,
		  .value_len = sizeof(number) },
		{ .verb = SHARDMAP_DO_PUT,
		  .key = &second,
		  .key_len = sizeof(second),
		  .value = &number,
		  .value_len = sizeof(number) },
	};
	struct sm_shard *shard = &map->shards[0];
	unsigned int i;

	for (i = 0; i < SM_SLOTS; i++)
		KUNIT_ASSERT_EQ(test, 0, smt_put_chosen(map, 0, i));
	for (i = 0; i < SM_SLOTS + 1; i++)
		KUNIT_ASSERT_EQ(test, 0, smt_put_chosen(map, U64_MAX, i));
	smt_settle(map);
	begin_growth(test, map);
	while (shard->spares < 1)
		KUNIT_ASSERT_EQ(test, 0,
				sm_spare_refill(map, shard, GFP_KERNEL));
	KUNIT_ASSERT_EQ(test, 1, shard->spares);
	KUNIT_EXPECT_EQ(test, 0,
			shardmap_execute_all(map, reqs, 2, GFP_KERNEL));
	KUNIT_EXPECT_TRUE(test, smt_has_chosen(map, 0, 100));
	for (i = 0; i < SM_SLOTS; i++)
		KUNIT_EXPECT_TRUE(test, smt_has_chosen(map, 0, i));
	for (i = 1; i < SM_SLOTS + 1; i++)
		KUNIT_EXPECT_TRUE(test, smt_has_chosen(map, U64_MAX, i));
	/* To the next update it looks as if memory had been short. */
	clear_bit(0, map->resize_pending);
	spin_lock_bh(&shard->lock);
	shard->stalled = true;
	spin_unlock_bh(&shard->lock);
	KUNIT_EXPECT_EQ(test, 0, smt_put_chosen(map, 1ULL << 63, 0));
	smt_expect_sound(test, map);
}

static void times_to_live_hold_for_each(struct kunit *test)
{
	struct shardmap *map = create_numbers(test, 0, 4);
	struct many *m = make_puts(test);
	u64 value, end;

	m->req[1].ttl = NSEC_PER_MSEC;
	m->req[2].ttl = 3600 * NSEC_PER_SEC;
	KUNIT_ASSERT_EQ(test, 0, run(map, m, 4));
	end = ktime_get_boottime_ns() + NSEC_PER_MSEC;
	smt_wait_until(end);
	KUNIT_EXPECT_EQ(test, 0, smt_get(map, m->key[0], &value));
	KUNIT_EXPECT_EQ(test, -ENOENT, smt_get(map, m->key[1], &value));
	KUNIT_EXPECT_EQ(test, 0, smt_get(map, m->key[2], &value));
	KUNIT_EXPECT_EQ(test, 0, smt_get(map, m->key[3], &value));
	/* What has ended is not there for them either. */
	m->req[1].flags = SHARDMAP_REQ_EXIST;
	KUNIT_EXPECT_EQ(test, -ECANCELED, run(map, m, 4));
	KUNIT_EXPECT_EQ(test, -ENOENT, m->req[1].err);
	m->req[1].flags = SHARDMAP_REQ_NOEXIST;
	m->req[1].ttl = 0;
	KUNIT_EXPECT_EQ(test, 0, run(map, m, 4));
	KUNIT_EXPECT_EQ(test, 0, smt_missing(map, 0, 0, 4));
	smt_expect_sound(test, map);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(all_are_carried_out),
	KUNIT_CASE(each_verb_does_what_it_does_alone),
	KUNIT_CASE(one_that_fails_fails_all),
	KUNIT_CASE(several_that_fail_are_told_apart),
	KUNIT_CASE(bad_lists_are_refused),
	KUNIT_CASE(limits_are_those_of_all_together),
	KUNIT_CASE(a_bucket_may_overflow_often),
	KUNIT_CASE(a_move_may_take_the_spare_line),
	KUNIT_CASE(times_to_live_hold_for_each),
	{}
};

struct kunit_suite smt_multi_suite = {
	.name = "shardmap_multi",
	.suite_init = smt_suite_init,
	.suite_exit = smt_suite_exit,
	.test_cases = cases,
};
