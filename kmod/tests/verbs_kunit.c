// SPDX-License-Identifier: GPL-2.0-only
/*
 * Swap, take, compare and swap, conditional removal and lookup, updates that a function
 * decides, finding in place, positions.  What fails is in errno_kunit.c.
 * Most cases run with each kind of table, as each has code of its own for updates.
 */
#include <linux/ktime.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

#include "compat.h"
#include "kunit_util.h"

#define VALUE_MAX SMT_KIND_VALUE_MAX

/* A value of a table's longest length, all of one byte. */
struct bytes {
	u8 byte[VALUE_MAX];
};

static struct bytes bytes(u8 byte)
{
	struct bytes b;

	memset(b.byte, byte, sizeof(b.byte));
	return b;
}

static u64 put(struct kunit *test, struct shardmap *map, u64 key, u8 byte)
{
	struct bytes value = bytes(byte);
	struct shardmap_result result = {};

	KUNIT_ASSERT_EQ(test, 0,
			shardmap_put(map, &key, sizeof(key), &value,
				     map->max_value_len, SHARDMAP_PUT_ANY,
				     GFP_KERNEL, &result));
	return result.version;
}

/* The key has a value of @byte and @version, or is absent if @version is 0. */
static void expect_value(struct kunit *test, struct shardmap *map, u64 key,
			 u8 byte, u64 version)
{
	struct bytes want = bytes(byte), got = bytes(0);
	struct shardmap_value found = { .buf = &got, .len = sizeof(got) };
	int err = shardmap_get(map, &key, sizeof(key), &found);

	KUNIT_EXPECT_EQ(test, version ? 0 : -ENOENT, err);
	if (err)
		return;
	KUNIT_EXPECT_EQ(test, version, found.version);
	KUNIT_EXPECT_EQ(test, map->max_value_len, found.len);
	KUNIT_EXPECT_MEMEQ(test, &want, &got, map->max_value_len);
}

static void swap_returns_what_was_there(struct kunit *test)
{
	struct shardmap *map = smt_create_kind(test);
	struct bytes value = bytes(1), out = bytes(9), untouched = out;
	u64 key = smt_mix(1), version;
	struct shardmap_request req =
		SMT_REQUEST(PUT, &key, .flags = SHARDMAP_REQ_SWAP,
			    .value = &value, .value_len = map->max_value_len,
			    .out = &out, .out_len = sizeof(out));

	KUNIT_ASSERT_EQ(test, 0, shardmap_execute(map, &req, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, 0, req.out_len);
	KUNIT_EXPECT_EQ(test, SHARDMAP_REQ_SWAP | SHARDMAP_REQ_INSERTED,
			req.flags);
	KUNIT_EXPECT_MEMEQ(test, &untouched, &out, sizeof(out));
	version = req.version;
	expect_value(test, map, key, 1, version);

	untouched = bytes(1);
	value = bytes(2);
	req.flags = SHARDMAP_REQ_SWAP | SHARDMAP_REQ_EXIST;
	req.out_len = map->max_value_len;
	KUNIT_ASSERT_EQ(test, 0, shardmap_execute(map, &req, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, map->max_value_len, req.out_len);
	KUNIT_EXPECT_EQ(test, SHARDMAP_REQ_SWAP | SHARDMAP_REQ_EXIST,
			req.flags);
	KUNIT_EXPECT_MEMEQ(test, &untouched, &out, map->max_value_len);
	KUNIT_EXPECT_GT(test, req.version, version);
	expect_value(test, map, key, 2, req.version);
	smt_expect_sound(test, map);
}

static void take_hands_a_value_over(struct kunit *test)
{
	struct shardmap *map = smt_create_kind(test);
	struct bytes got = bytes(0), want = bytes(3);
	struct shardmap_value taken = { .buf = &got, .len = sizeof(got) };
	u64 key = smt_mix(1), version = put(test, map, key, 3);

	KUNIT_ASSERT_EQ(test, 0,
			shardmap_take(map, &key, sizeof(key), &taken,
				      GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, version, taken.version);
	KUNIT_EXPECT_EQ(test, map->max_value_len, taken.len);
	KUNIT_EXPECT_MEMEQ(test, &want, &got, taken.len);
	expect_value(test, map, key, 0, 0);
	KUNIT_EXPECT_EQ(test, 0, shardmap_count(map));
	KUNIT_EXPECT_EQ(test, -ENOENT,
			shardmap_take(map, &key, sizeof(key), &taken,
				      GFP_KERNEL));
	/* No version comes twice. */
	KUNIT_EXPECT_GT(test, put(test, map, key, 3), version);
	/* What does not fit stays. */
	taken.len = map->max_value_len - 1;
	KUNIT_EXPECT_EQ(test, -ENOBUFS,
			shardmap_take(map, &key, sizeof(key), &taken,
				      GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, map->max_value_len, taken.len);
	KUNIT_EXPECT_EQ(test, 1, shardmap_count(map));
	smt_expect_sound(test, map);
}

static void cas_stores_if_the_version_is_right(struct kunit *test)
{
	struct shardmap *map = smt_create_kind(test);
	u64 key = smt_mix(1), first = put(test, map, key, 1);
	struct bytes value = bytes(2);
	struct shardmap_result result = {};

	KUNIT_EXPECT_EQ(test, 0,
			shardmap_cas(map, &key, sizeof(key), first, &value,
				     map->max_value_len, GFP_KERNEL, &result));
	KUNIT_EXPECT_GT(test, result.version, first);
	KUNIT_EXPECT_FALSE(test, result.inserted);
	expect_value(test, map, key, 2, result.version);
	/* The same value again has another version all the same. */
	value = bytes(3);
	KUNIT_EXPECT_EQ(test, -ESTALE,
			shardmap_cas(map, &key, sizeof(key), first, &value,
				     map->max_value_len, GFP_KERNEL, NULL));
	KUNIT_EXPECT_EQ(test, -ESTALE,
			shardmap_cas(map, &key, sizeof(key), 0, &value,
				     map->max_value_len, GFP_KERNEL, NULL));
	expect_value(test, map, key, 2, result.version);
	smt_expect_sound(test, map);
}

/* Carry @req out when it expects @byte in @len bytes. */
static int expecting(struct shardmap *map, struct shardmap_request *req,
		     u8 byte, u32 len)
{
	struct bytes expected = bytes(byte);

	req->flags = SHARDMAP_REQ_IF_VALUE;
	req->expected = &expected;
	req->expected_len = len;
	return shardmap_execute(map, req, GFP_KERNEL);
}

static void cas_stores_if_the_value_is_right(struct kunit *test)
{
	struct shardmap *map = smt_create_kind(test);
	u32 len = map->max_value_len;
	u64 key = smt_mix(1), version = put(test, map, key, 1);
	struct bytes value = bytes(2);
	struct shardmap_request req =
		SMT_REQUEST(CAS, &key, .value = &value, .value_len = len);

	KUNIT_EXPECT_EQ(test, -ESTALE, expecting(map, &req, 2, len));
	KUNIT_EXPECT_EQ(test, -ESTALE, expecting(map, &req, 1, len - 1));
	KUNIT_EXPECT_EQ(test, -ESTALE, expecting(map, &req, 1, 0));
	expect_value(test, map, key, 1, version);
	KUNIT_EXPECT_EQ(test, 0, expecting(map, &req, 1, len));
	KUNIT_EXPECT_GT(test, req.version, version);
	expect_value(test, map, key, 2, req.version);
	smt_expect_sound(test, map);
}

static void removal_may_have_a_condition(struct kunit *test)
{
	static const u16 verbs[] = { SHARDMAP_DO_DELETE, SHARDMAP_DO_TAKE };
	struct shardmap *map = smt_create_kind(test);
	u32 len = map->max_value_len;
	u64 key = smt_mix(1), version;
	struct bytes out;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(verbs); i++) {
		struct shardmap_request req = SMT_REQUEST(
			DELETE, &key, .out = &out, .out_len = sizeof(out));

		req.verb = verbs[i];
		version = put(test, map, key, 1);
		KUNIT_EXPECT_EQ(test, -ESTALE, expecting(map, &req, 2, len));
		KUNIT_EXPECT_EQ(test, -ESTALE,
				expecting(map, &req, 1, len - 1));
		req.flags = SHARDMAP_REQ_IF_VERSION;
		req.version = version + 1;
		KUNIT_EXPECT_EQ(test, -ESTALE,
				shardmap_execute(map, &req, GFP_KERNEL));
		expect_value(test, map, key, 1, version);
		req.version = version;
		KUNIT_EXPECT_EQ(test, 0,
				shardmap_execute(map, &req, GFP_KERNEL));
		KUNIT_EXPECT_EQ(test,
				verbs[i] == SHARDMAP_DO_TAKE ? version : 0,
				req.version);
		expect_value(test, map, key, 0, 0);

		put(test, map, key, 5);
		req.out_len = sizeof(out);
		KUNIT_EXPECT_EQ(test, 0, expecting(map, &req, 5, len));
		expect_value(test, map, key, 0, 0);
	}
	smt_expect_sound(test, map);
}

/* A lookup of its own, or with others: both copy only what has changed. */
static void get_may_copy_only_what_has_changed(struct kunit *test)
{
	struct shardmap *map = smt_create_kind(test);
	u64 key = smt_mix(1), version = put(test, map, key, 1);
	struct bytes want = bytes(2), out, untouched = bytes(9);
	unsigned int i;

	for (i = 0; i < 2; i++) {
		struct shardmap_request req =
			SMT_REQUEST(GET, &key, .version = version,
				    .flags = SHARDMAP_REQ_IF_CHANGED,
				    .out = &out, .out_len = sizeof(out));
		struct shardmap_request again;

		out = untouched;
		again = req;
		/* No room is needed. */
		req.out_len = 0;
		KUNIT_EXPECT_EQ(test, 0,
				i ? shardmap_execute_all(map, &req, 1,
							 GFP_KERNEL) :
				    shardmap_execute(map, &req, GFP_KERNEL));
		KUNIT_EXPECT_EQ(
			test, SHARDMAP_REQ_IF_CHANGED | SHARDMAP_REQ_UNCHANGED,
			req.flags);
		KUNIT_EXPECT_EQ(test, 0, req.out_len);
		KUNIT_EXPECT_EQ(test, version, req.version);
		KUNIT_EXPECT_MEMEQ(test, &untouched, &out, sizeof(out));

		version = put(test, map, key, 2);
		KUNIT_EXPECT_EQ(test, 0,
				i ? shardmap_execute_all(map, &again, 1,
							 GFP_KERNEL) :
				    shardmap_execute(map, &again, GFP_KERNEL));
		KUNIT_EXPECT_EQ(test, SHARDMAP_REQ_IF_CHANGED, again.flags);
		KUNIT_EXPECT_EQ(test, version, again.version);
		KUNIT_EXPECT_EQ(test, map->max_value_len, again.out_len);
		KUNIT_EXPECT_MEMEQ(test, &want, &out, again.out_len);
	}
}

/**
 * struct decision - what a function is to decide, and what it was shown
 * @action: what it returns
 * @byte: what it writes
 * @len: how many
 * @calls: how often it was called
 * @absent: it was shown no entry
 * @view: the entry that it was shown
 * @value: its value
 */
struct decision {
	int action;
	u8 byte;
	u32 len;
	unsigned int calls;
	bool absent;
	struct shardmap_view view;
	struct bytes value;
};

static int decide(const struct shardmap_view *old, void *value, void *arg)
{
	struct decision *d = arg;

	d->calls++;
	d->absent = !old;
	if (old) {
		d->view = *old;
		shardmap_view_value(old, &d->value);
	}
	memset(value, d->byte, d->len);
	return d->action;
}

static int update(struct shardmap *map, u64 key, struct decision *d, int action,
		  u8 byte, struct shardmap_result *result)
{
	*d = (struct decision){
		.action = action,
		.byte = byte,
		.len = map->max_value_len,
	};
	*result = (struct shardmap_result){ .version = 77 };
	return shardmap_update(map, &key, sizeof(key), map->max_value_len,
			       decide, d, GFP_KERNEL, result);
}

static void a_function_decides(struct kunit *test)
{
	struct shardmap *map = smt_create_kind(test);
	u32 len = map->max_value_len;
	struct bytes one = bytes(1);
	struct shardmap_result result;
	struct decision d;
	u64 key = smt_mix(1), version;
	unsigned int i;

	/* Of a key that is absent nothing is kept, and nothing removed. */
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, 0,
				update(map, key, &d,
				       i ? SHARDMAP_UPDATE_KEEP :
					   SHARDMAP_UPDATE_REMOVE,
				       9, &result));
		KUNIT_EXPECT_TRUE(test, d.absent);
		KUNIT_EXPECT_EQ(test, 0, result.version);
		KUNIT_EXPECT_FALSE(test, result.inserted);
		KUNIT_EXPECT_EQ(test, 0, shardmap_count(map));
	}
	KUNIT_EXPECT_EQ(test, 0,
			update(map, key, &d, SHARDMAP_UPDATE_STORE, 1,
			       &result));
	KUNIT_EXPECT_TRUE(test, d.absent);
	KUNIT_EXPECT_TRUE(test, result.inserted);
	version = result.version;
	expect_value(test, map, key, 1, version);

	KUNIT_EXPECT_EQ(test, 0,
			update(map, key, &d, SHARDMAP_UPDATE_KEEP, 9, &result));
	KUNIT_EXPECT_FALSE(test, d.absent);
	KUNIT_EXPECT_EQ(test, sizeof(key), d.view.key_len);
	KUNIT_EXPECT_EQ(test, len, d.view.value_len);
	KUNIT_EXPECT_EQ(test, version, d.view.version);
	KUNIT_EXPECT_MEMEQ(test, &one, &d.value, len);
	KUNIT_EXPECT_EQ(test, version, result.version);
	expect_value(test, map, key, 1, version);

	KUNIT_EXPECT_EQ(test, 0,
			update(map, key, &d, SHARDMAP_UPDATE_STORE, 2,
			       &result));
	KUNIT_EXPECT_FALSE(test, result.inserted);
	KUNIT_EXPECT_GT(test, result.version, version);
	expect_value(test, map, key, 2, result.version);

	KUNIT_EXPECT_EQ(test, 0,
			update(map, key, &d, SHARDMAP_UPDATE_REMOVE, 9,
			       &result));
	KUNIT_EXPECT_EQ(test, 0, result.version);
	expect_value(test, map, key, 0, 0);
	KUNIT_EXPECT_EQ(test, 0, shardmap_count(map));
	smt_expect_sound(test, map);
}

/* Also those that mean something inside the table. */
static void a_function_may_fail_with_anything(struct kunit *test)
{
	static const int errnos[] = { -EPERM,  -EAGAIN,	 -ENOSPC,   -EDQUOT,
				      -ENOMEM, -ENOBUFS, -ECANCELED };
	struct shardmap *map = smt_create_kind(test);
	u64 key = smt_mix(1), absent = smt_mix(2),
	    version = put(test, map, key, 1);
	struct shardmap_result result, untouched = { .version = 77 };
	struct decision d;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(errnos); i++) {
		KUNIT_EXPECT_EQ(test, errnos[i],
				update(map, key, &d, errnos[i], 9, &result));
		KUNIT_EXPECT_FALSE(test, d.absent);
		KUNIT_EXPECT_LE(test, d.calls, 2);
		KUNIT_EXPECT_MEMEQ(test, &untouched, &result, sizeof(result));
		KUNIT_EXPECT_EQ(test, errnos[i],
				update(map, absent, &d, errnos[i], 9, &result));
		KUNIT_EXPECT_TRUE(test, d.absent);
	}
	expect_value(test, map, key, 1, version);
	KUNIT_EXPECT_EQ(test, 1, shardmap_count(map));
	smt_expect_sound(test, map);
}

/* What was found stays readable, whatever happens to the key. */
static void what_is_found_stays_until_rcu_ends(struct kunit *test)
{
	struct shardmap_params params = { .nr_shards = 1 };
	struct shardmap *map = smt_create(test, &params);
	u64 key = smt_mix(1), number = 0;
	struct shardmap_result result;
	struct shardmap_view view;

	KUNIT_ASSERT_EQ(test, 0,
			shardmap_put(map, &key, sizeof(key), "some value", 10,
				     SHARDMAP_PUT_ANY, GFP_KERNEL, &result));
	rcu_read_lock();
	KUNIT_EXPECT_EQ(test, 0,
			shardmap_find_rcu(map, &key, sizeof(key), &view));
	KUNIT_EXPECT_EQ(test, 0,
			shardmap_delete(map, &key, sizeof(key), GFP_ATOMIC));
	KUNIT_EXPECT_EQ(test, sizeof(key), view.key_len);
	KUNIT_EXPECT_MEMEQ(test, &key, view.key, sizeof(key));
	KUNIT_EXPECT_EQ(test, 10, view.value_len);
	KUNIT_EXPECT_MEMEQ(test, "some value", view.value, 10);
	KUNIT_EXPECT_EQ(test, result.version, view.version);
	KUNIT_EXPECT_EQ(test, 0, view.expires);
	KUNIT_EXPECT_EQ(test, -ENOENT,
			shardmap_find_rcu(map, &key, sizeof(key), &view));
	rcu_read_unlock();

	/* But a number is the one that is there now. */
	KUNIT_ASSERT_EQ(test, 0, smt_put(map, key, 5));
	rcu_read_lock();
	KUNIT_EXPECT_EQ(test, 0,
			shardmap_find_rcu(map, &key, sizeof(key), &view));
	shardmap_view_value(&view, &number);
	KUNIT_EXPECT_EQ(test, 5, number);
	KUNIT_EXPECT_EQ(test, 0,
			shardmap_add(map, &key, sizeof(key), 1, NULL,
				     GFP_ATOMIC, &result));
	shardmap_view_value(&view, &number);
	KUNIT_EXPECT_EQ(test, 6, number);
	rcu_read_unlock();
}

#define ORDERED 300U

/**
 * struct order - keys as a scan shows them
 * @nr: how many
 * @max: how many are wanted
 * @key: the keys
 */
struct order {
	unsigned int nr;
	unsigned int max;
	u64 key[ORDERED];
};

static int note(const struct shardmap_view *view, void *arg)
{
	struct order *order = arg;

	if (order->nr == order->max)
		return -E2BIG;
	memcpy(&order->key[order->nr++], view->key, sizeof(u64));
	return 0;
}

static void scan_from(struct shardmap *map, struct shardmap_position *pos,
		      struct order *order, unsigned int max)
{
	order->nr = 0;
	order->max = max;
	while (!shardmap_scan(map, pos, note, order))
		;
}

static void a_scan_goes_on_behind_any_key(struct kunit *test)
{
	struct shardmap *map = smt_create_kind(test);
	struct order *all = kunit_kzalloc(test, sizeof(*all), GFP_KERNEL);
	struct order *rest = kunit_kzalloc(test, sizeof(*rest), GFP_KERNEL);
	struct shardmap_position pos = {};
	unsigned int i, round;

	KUNIT_ASSERT_TRUE(test, all && rest);
	for (i = 0; i < ORDERED; i++)
		put(test, map, smt_mix(i), i);
	scan_from(map, &pos, all, ORDERED);
	KUNIT_ASSERT_EQ(test, ORDERED, all->nr);
	/* In the second round no key is there but the next. */
	for (round = 0; round < 2; round++) {
		for (i = 0; i < ORDERED; i++) {
			if (round)
				KUNIT_ASSERT_EQ(test, 0,
						smt_delete(map, all->key[i]));
			shardmap_position_after(map, &all->key[i], sizeof(u64),
						&pos);
			scan_from(map, &pos, rest, 1);
			KUNIT_ASSERT_EQ(test, i < ORDERED - 1, rest->nr);
			if (rest->nr)
				KUNIT_ASSERT_EQ(test, all->key[i + 1],
						rest->key[0]);
		}
	}
	smt_count_ops(ORDERED * 5);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(swap_returns_what_was_there, smt_kinds_gen_params),
	KUNIT_CASE_PARAM(take_hands_a_value_over, smt_kinds_gen_params),
	KUNIT_CASE_PARAM(cas_stores_if_the_version_is_right,
			 smt_kinds_gen_params),
	KUNIT_CASE_PARAM(cas_stores_if_the_value_is_right,
			 smt_kinds_gen_params),
	KUNIT_CASE_PARAM(removal_may_have_a_condition, smt_kinds_gen_params),
	KUNIT_CASE_PARAM(get_may_copy_only_what_has_changed,
			 smt_kinds_gen_params),
	KUNIT_CASE_PARAM(a_function_decides, smt_kinds_gen_params),
	KUNIT_CASE_PARAM(a_function_may_fail_with_anything,
			 smt_kinds_gen_params),
	KUNIT_CASE(what_is_found_stays_until_rcu_ends),
	KUNIT_CASE_PARAM(a_scan_goes_on_behind_any_key, smt_kinds_gen_params),
	{}
};

struct kunit_suite smt_verbs_suite = {
	.name = "shardmap_verbs",
	.suite_init = smt_suite_init,
	.suite_exit = smt_suite_exit,
	.test_cases = cases,
};
