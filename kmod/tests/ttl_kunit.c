// SPDX-License-Identifier: GPL-2.0-only
/* Times to live: an entry is there until its time is over, and not a moment longer. */
#include <linux/delay.h>
#include <linux/rcupdate.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "compat.h"
#include "kunit_util.h"

#define HOUR (3600 * NSEC_PER_SEC)

static u64 now(void)
{
	return ktime_get_boottime_ns();
}

static struct shardmap *create(struct kunit *test, u64 max_entries)
{
	struct shardmap_params params = {
		.nr_shards = 4,
		.max_entries = max_entries,
	};

	return smt_create(test, &params);
}

/* When a key ends; 0 for never, U64_MAX if it is not there. */
static u64 end_of(struct shardmap *map, u64 key)
{
	struct shardmap_view view = {};
	int err;

	rcu_read_lock();
	err = shardmap_find_rcu(map, &key, sizeof(key), &view);
	rcu_read_unlock();
	return err ? U64_MAX : view.expires;
}

static int count_key(const struct shardmap_view *view, void *arg)
{
	u64 *key = arg;

	if (!memcmp(view->key, key, sizeof(*key)))
		*key = 0;
	return 0;
}

/* The ways to look a key up; each returns whether it is there. */

static bool see_get(struct shardmap *map, u64 key)
{
	u64 value;

	return !smt_get(map, key, &value);
}

static bool see_many(struct shardmap *map, u64 key)
{
	u64 value;
	struct shardmap_lookup get = {
		.key = &key,
		.key_len = sizeof(key),
		.value = { .buf = &value, .len = sizeof(value) },
	};

	shardmap_get_many(map, &get, 1);
	return !get.err;
}

static bool see_find(struct shardmap *map, u64 key)
{
	return end_of(map, key) != U64_MAX;
}

static bool see_scan(struct shardmap *map, u64 key)
{
	struct shardmap_position pos = {};

	while (!shardmap_scan(map, &pos, count_key, &key))
		;
	return !key;
}

static bool see_request(struct shardmap *map, u64 key)
{
	u64 value;
	struct shardmap_request req =
		SMT_REQUEST(GET, &key, .out = &value, .out_len = sizeof(value));

	return !shardmap_execute(map, &req, GFP_KERNEL);
}

static bool see_all(struct shardmap *map, u64 key)
{
	u64 value;
	struct shardmap_request req =
		SMT_REQUEST(GET, &key, .out = &value, .out_len = sizeof(value));

	return !shardmap_execute_all(map, &req, 1, GFP_KERNEL);
}

static int keep(const struct shardmap_view *old, void *value, void *arg)
{
	*(bool *)arg = old;
	return SHARDMAP_UPDATE_KEEP;
}

static bool see_update(struct shardmap *map, u64 key)
{
	bool there = false;

	return !shardmap_update(map, &key, sizeof(key), sizeof(u64), keep,
				&there, GFP_KERNEL, NULL) &&
	       there;
}

static bool (*const see[])(struct shardmap *map, u64 key) = {
	see_get, see_many, see_find, see_scan, see_request, see_all, see_update,
};

/* Stored between two looks at the clock, looked up between two others. */
static void look_until_over(struct kunit *test, struct shardmap *map, u64 key,
			    unsigned int how)
{
	u64 ttl = 20000 + smt_mix(key) % 200000;
	u64 first = now(), last, before, after;
	bool there;

	KUNIT_ASSERT_EQ(test, 0, smt_put_for(map, key, 1, ttl));
	last = now() + ttl;
	first += ttl;
	do {
		before = now();
		there = see[how](map, key);
		after = now();
		if (there)
			KUNIT_EXPECT_LT_MSG(test, before, last,
					    "seen late, way %u", how);
		else
			KUNIT_EXPECT_GE_MSG(test, after, first,
					    "not seen, way %u", how);
		smt_count_ops(1);
	} while (there && before < last);
}

static void nothing_is_seen_after_its_time(struct kunit *test)
{
	struct shardmap *map = create(test, 0);
	u64 key = 1;
	unsigned int how, i;

	for (how = 0; how < ARRAY_SIZE(see); how++) {
		for (i = 0; i < 50; i++) {
			look_until_over(test, map, key++, how);
			cond_resched();
		}
	}
	smt_expect_sound(test, map);
}

static void an_end_is_shown_as_it_was_asked(struct kunit *test)
{
	static const u64 ttls[] = { HOUR, 50 * HOUR, S64_MAX, U64_MAX };
	struct shardmap *map = create(test, 0);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ttls); i++) {
		u64 before = now(), end, after;

		KUNIT_ASSERT_EQ(test, 0, smt_put_for(map, i, 1, ttls[i]));
		after = now();
		end = end_of(map, i);
		if (ttls[i] < S64_MAX) {
			KUNIT_EXPECT_GE(test, end, before + ttls[i]);
			KUNIT_EXPECT_LE(test, end, after + ttls[i]);
		} else {
			/* No sum runs over. */
			KUNIT_EXPECT_GT(test, end, after + 1000 * HOUR);
			KUNIT_EXPECT_LE(test, end, S64_MAX);
		}
	}
	KUNIT_EXPECT_EQ(test, 0, smt_put_for(map, 9, 1, 0));
	KUNIT_EXPECT_EQ(test, 0, end_of(map, 9));
}

#define MORTALS 500U

static void memory_comes_back_by_itself(struct kunit *test)
{
	struct shardmap *map = create(test, 0);
	u64 deadline = now() + 20 * NSEC_PER_SEC;
	struct shardmap_stats stats;
	unsigned int i;

	smt_fill(test, map, 0, 0, 100);
	for (i = 0; i < MORTALS; i++)
		KUNIT_ASSERT_EQ(test, 0,
				smt_put_for(map, smt_mix(1000 + i), i,
					    1 + smt_mix(i) % NSEC_PER_MSEC));
	while (shardmap_count(map) > 100 && now() < deadline)
		usleep_range(1000, 2000);
	shardmap_get_stats(map, &stats);
	KUNIT_EXPECT_EQ(test, 100, stats.entries);
	KUNIT_EXPECT_EQ(test, MORTALS, stats.expired);
	KUNIT_EXPECT_EQ(test, 0, stats.evicted);
	KUNIT_EXPECT_EQ(test, 100 * sm_entry_size(8, 8, 0), stats.entry_bytes);
	KUNIT_EXPECT_EQ(test, 0, smt_missing(map, 0, 0, 100));
	smt_expect_sound(test, map);
	smt_drain(map);
	shardmap_get_stats(map, &stats);
	KUNIT_EXPECT_EQ(test, 0, stats.deferred_bytes);
}

/* The first one lives long; what comes later and ends sooner is not forgotten. */
static void shorter_times_overtake_longer_ones(struct kunit *test)
{
	struct shardmap *map = create(test, 0);
	u64 deadline = now() + 20 * NSEC_PER_SEC;

	KUNIT_ASSERT_EQ(test, 0, smt_put_for(map, 1, 1, HOUR));
	KUNIT_ASSERT_EQ(test, 0, smt_put_for(map, 2, 1, NSEC_PER_SEC / 10));
	KUNIT_ASSERT_EQ(test, 0, smt_put_for(map, 3, 1, NSEC_PER_MSEC));
	while (shardmap_count(map) > 1 && now() < deadline)
		usleep_range(1000, 2000);
	KUNIT_EXPECT_EQ(test, 1, shardmap_count(map));
	KUNIT_EXPECT_NE(test, U64_MAX, end_of(map, 1));
}

static int store_one(const struct shardmap_view *old, void *value, void *arg)
{
	memset(value, 1, *(u32 *)arg);
	return SHARDMAP_UPDATE_STORE;
}

/* Numbers change in place if their time allows it; texts never do. */
static void what_is_stored_anew_has_a_time_of_its_own(struct kunit *test)
{
	static const u32 lengths[] = { 8, 5 };
	struct shardmap *map = create(test, 0);
	u64 key = 1, found;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		u32 len = lengths[i];
		struct shardmap_request req = SMT_REQUEST(
			PUT, &key, .value = "a value", .value_len = len);

		/* Neither had one, and has one, and another, and none. */
		KUNIT_ASSERT_EQ(test, 0,
				shardmap_execute(map, &req, GFP_KERNEL));
		KUNIT_EXPECT_EQ(test, 0, end_of(map, key));
		req.ttl = HOUR;
		KUNIT_ASSERT_EQ(test, 0,
				shardmap_execute(map, &req, GFP_KERNEL));
		KUNIT_EXPECT_LE(test, end_of(map, key), now() + HOUR);
		req.ttl = 2 * HOUR;
		KUNIT_ASSERT_EQ(test, 0,
				shardmap_execute(map, &req, GFP_KERNEL));
		KUNIT_EXPECT_GT(test, end_of(map, key), now() + HOUR);
		req.verb = SHARDMAP_DO_CAS;
		req.flags = SHARDMAP_REQ_IF_VERSION;
		req.ttl = HOUR;
		KUNIT_ASSERT_EQ(test, 0,
				shardmap_execute(map, &req, GFP_KERNEL));
		KUNIT_EXPECT_LE(test, end_of(map, key), now() + HOUR);
		req.ttl = 0;
		KUNIT_ASSERT_EQ(test, 0,
				shardmap_execute(map, &req, GFP_KERNEL));
		KUNIT_EXPECT_EQ(test, 0, end_of(map, key));
		/* What was there keeps its time. */
		req.verb = SHARDMAP_DO_GET_OR_PUT;
		req.ttl = HOUR;
		req.out = &found;
		req.out_len = sizeof(u64);
		KUNIT_ASSERT_EQ(test, 0,
				shardmap_execute(map, &req, GFP_KERNEL));
		KUNIT_EXPECT_EQ(test, 0, end_of(map, key));
		/* A function stores for ever. */
		req.verb = SHARDMAP_DO_PUT;
		KUNIT_ASSERT_EQ(test, 0,
				shardmap_execute(map, &req, GFP_KERNEL));
		KUNIT_EXPECT_NE(test, 0, end_of(map, key));
		KUNIT_EXPECT_EQ(test, 0,
				shardmap_update(map, &key, sizeof(key), len,
						store_one, &len, GFP_KERNEL,
						NULL));
		KUNIT_EXPECT_EQ(test, 0, end_of(map, key));
		KUNIT_EXPECT_EQ(test, 1, shardmap_count(map));
	}
	smt_expect_sound(test, map);
}

static void what_is_added_to_keeps_its_time(struct kunit *test)
{
	struct shardmap *map = create(test, 0);
	u64 key = 1, end, number;
	struct shardmap_request req =
		SMT_REQUEST(ADD, &key, .flags = SHARDMAP_REQ_CREATE, .delta = 1,
			    .initial = 10, .ttl = HOUR);

	KUNIT_ASSERT_EQ(test, 0, shardmap_execute(map, &req, GFP_KERNEL));
	end = end_of(map, key);
	KUNIT_EXPECT_GT(test, end, now() + HOUR / 2);
	KUNIT_EXPECT_LE(test, end, now() + HOUR);
	req.ttl = 2 * HOUR;
	KUNIT_ASSERT_EQ(test, 0, shardmap_execute(map, &req, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, end, end_of(map, key));
	req.ttl = 0;
	KUNIT_ASSERT_EQ(test, 0, shardmap_execute(map, &req, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, end, end_of(map, key));
	KUNIT_EXPECT_EQ(test, 0, smt_get(map, key, &number));
	KUNIT_EXPECT_EQ(test, 13, number);
	/* One that was to live for ever does so. */
	KUNIT_ASSERT_EQ(test, 0, smt_put(map, key, 1));
	req.ttl = HOUR;
	KUNIT_ASSERT_EQ(test, 0, shardmap_execute(map, &req, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, 0, end_of(map, key));
	smt_expect_sound(test, map);
}

/* An entry that ended a moment ago; out: its version. */
static u64 put_ended(struct kunit *test, struct shardmap *map, u64 key)
{
	u64 value = 5;
	struct shardmap_request req = SMT_REQUEST(PUT, &key, .value = &value,
						  .value_len = sizeof(value),
						  .ttl = 1);

	KUNIT_ASSERT_EQ(test, 0, shardmap_execute(map, &req, GFP_KERNEL));
	smt_wait_until(now());
	return req.version;
}

static void what_has_ended_is_not_there(struct kunit *test)
{
	struct shardmap *map = create(test, 0);
	u64 key = 1, value = 7, out = 9, version;
	unsigned int i;
	struct shardmap_request refused[] = {
		SMT_REQUEST(GET, &key),
		SMT_REQUEST(PUT, &key, .flags = SHARDMAP_REQ_EXIST),
		SMT_REQUEST(DELETE, &key),
		SMT_REQUEST(DELETE, &key, .flags = SHARDMAP_REQ_IF_VERSION),
		SMT_REQUEST(ADD, &key),
		SMT_REQUEST(CAS, &key, .flags = SHARDMAP_REQ_IF_VERSION),
		SMT_REQUEST(TAKE, &key),
	};
	struct shardmap_request made[] = {
		SMT_REQUEST(PUT, &key),
		SMT_REQUEST(PUT, &key, .flags = SHARDMAP_REQ_NOEXIST),
		SMT_REQUEST(PUT, &key, .flags = SHARDMAP_REQ_SWAP),
		SMT_REQUEST(GET_OR_PUT, &key),
		SMT_REQUEST(ADD, &key, .flags = SHARDMAP_REQ_CREATE,
			    .initial = 4, .delta = 3),
	};

	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		struct shardmap_request *req = &refused[i];

		req->version = put_ended(test, map, key);
		req->value = &value;
		req->value_len = sizeof(value);
		req->out = &out;
		req->out_len = sizeof(out);
		KUNIT_EXPECT_EQ_MSG(test, -ENOENT,
				    shardmap_execute(map, req, GFP_KERNEL),
				    "verb %u", req->verb);
		KUNIT_EXPECT_EQ(test, 9, out);
	}
	for (i = 0; i < ARRAY_SIZE(made); i++) {
		struct shardmap_request *req = &made[i];

		version = put_ended(test, map, key);
		req->value = &value;
		req->value_len = sizeof(value);
		req->out = &out;
		req->out_len = sizeof(out);
		KUNIT_EXPECT_EQ_MSG(test, 0,
				    shardmap_execute(map, req, GFP_KERNEL),
				    "verb %u", req->verb);
		KUNIT_EXPECT_TRUE_MSG(test, req->flags & SHARDMAP_REQ_INSERTED,
				      "verb %u", req->verb);
		KUNIT_EXPECT_GT(test, req->version, version);
		KUNIT_EXPECT_EQ(test, 9, out);
		KUNIT_EXPECT_EQ(test, 0, end_of(map, key));
		KUNIT_EXPECT_EQ(test, 1, shardmap_count(map));
		out = 0;
		KUNIT_EXPECT_EQ(test, 0, smt_get(map, key, &out));
		KUNIT_EXPECT_EQ(test, 7, out);
		out = 9;
	}
	smt_expect_sound(test, map);
}

static void a_scan_skips_what_has_ended(struct kunit *test)
{
	struct shardmap *map = create(test, 0);
	unsigned int i;

	smt_fill(test, map, 0, 0, 100);
	for (i = 0; i < 100; i++)
		put_ended(test, map, smt_mix(1000 + i));
	KUNIT_EXPECT_EQ(test, 100, smt_walk_count(map));
}

#define FULL 50U

/* Nobody has to wait for the work to take them back. */
static void ended_entries_make_room_at_once(struct kunit *test)
{
	struct shardmap *map = create(test, FULL);
	u64 key = 1000;
	unsigned int round, i;

	for (round = 0; round < 20; round++) {
		u64 ttl = 2 * NSEC_PER_MSEC;

		for (i = 0; i < FULL; i++)
			KUNIT_ASSERT_EQ(test, 0, smt_put_for(map, i, 1, ttl));
		smt_wait_until(now() + ttl);
		KUNIT_ASSERT_EQ(test, 0, smt_put(map, ++key, 1));
		KUNIT_ASSERT_EQ(test, 0, smt_delete(map, key));
	}
	KUNIT_EXPECT_EQ(test, 0,
			atomic64_read(&map->entries_held) -
				(s64)shardmap_count(map));
	smt_expect_sound(test, map);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(nothing_is_seen_after_its_time),
	KUNIT_CASE(an_end_is_shown_as_it_was_asked),
	KUNIT_CASE(memory_comes_back_by_itself),
	KUNIT_CASE(shorter_times_overtake_longer_ones),
	KUNIT_CASE(what_is_stored_anew_has_a_time_of_its_own),
	KUNIT_CASE(what_is_added_to_keeps_its_time),
	KUNIT_CASE(what_has_ended_is_not_there),
	KUNIT_CASE(a_scan_skips_what_has_ended),
	KUNIT_CASE(ended_entries_make_room_at_once),
	{}
};

struct kunit_suite smt_ttl_suite = {
	.name = "shardmap_ttl",
	.suite_init = smt_suite_init,
	.suite_exit = smt_suite_exit,
	.test_cases = cases,
};
