// SPDX-License-Identifier: GPL-2.0-only
/* The alternatives, one operation after another: each is a map in its own right. */
#include <linux/sched.h>

#include "backends.h"

static void expect_number(struct kunit *test, struct smb_map *m, u32 id,
			  u64 number)
{
	u64 found = ~number;

	KUNIT_ASSERT_EQ(test, SMB_FOUND, (int)smb_get(m, id, &found));
	KUNIT_ASSERT_EQ(test, number, found);
}

static void expect_absent(struct kunit *test, struct smb_map *m, u32 id)
{
	u64 found;

	KUNIT_ASSERT_EQ(test, SMB_ABSENT, (int)smb_get(m, id, &found));
}

static void put(struct kunit *test, struct smb_map *m, u32 id, u64 number)
{
	KUNIT_ASSERT_EQ(test, 0, smb_put(m, id, number));
	if (!(id & 63))
		cond_resched();
}

static void del(struct kunit *test, struct smb_map *m, u32 id)
{
	KUNIT_ASSERT_TRUE(test, smb_del(m, id));
	if (!(id & 63))
		cond_resched();
}

static void only_what_was_put_last_is_there(struct kunit *test)
{
	struct smb_map *m = smb_create(test);
	unsigned int round;
	u32 id;

	for (id = 0; id < 100; id++) {
		expect_absent(test, m, id);
		KUNIT_ASSERT_FALSE(test, smb_del(m, id));
	}
	smb_settle(m);
	expect_absent(test, m, 0);
	put(test, m, 1, 100);
	for (round = 0; round < 5; round++) {
		/* Keys 0 and 1, and 2 and 3, have a word in common. */
		put(test, m, 2, round);
		expect_number(test, m, 2, round);
		expect_absent(test, m, 3);
		put(test, m, 2, round + 7);
		expect_number(test, m, 2, round + 7);
		put(test, m, 3, round + 8);
		expect_number(test, m, 2, round + 7);
		del(test, m, 2);
		expect_absent(test, m, 2);
		KUNIT_ASSERT_FALSE(test, smb_del(m, 2));
		expect_number(test, m, 3, round + 8);
		del(test, m, 3);
		expect_number(test, m, 1, 100);
		expect_absent(test, m, 0);
	}
	smt_count_ops(2 * id + round * 13);
}

/* What makes the read half of a sync.Map of the dirty one. */
static void miss(struct kunit *test, struct smb_map *m, u32 id, u32 times)
{
	smt_count_ops(times);
	while (times--)
		expect_absent(test, m, id);
}

#define SOME_KEYS 8

/*
 * A sync.Map forgets a deleted key when a new key comes, must add it again when it
 * is put again, and must not free what the next read half still has.
 */
static void deleted_keys_come_back(struct kunit *test)
{
	struct smb_map *m = smb_create(test);
	u32 id, round, fresh;

	for (id = 0; id < SOME_KEYS; id++)
		put(test, m, id, 0);
	for (round = 1; round < 6 * SOME_KEYS; round++) {
		u32 back = round % SOME_KEYS, gone = (round + 3) % SOME_KEYS;

		miss(test, m, 1000, 4 * SOME_KEYS);
		fresh = 100 + round;
		del(test, m, back);
		del(test, m, gone);
		put(test, m, fresh, round);
		if (round & 1)
			miss(test, m, 1000, 4 * SOME_KEYS);
		expect_absent(test, m, back);
		put(test, m, back, round);
		expect_number(test, m, back, round);
		expect_absent(test, m, gone);
		if (round & 2)
			miss(test, m, 1000, 4 * SOME_KEYS);
		expect_number(test, m, back, round);
		put(test, m, gone, 0);
		expect_number(test, m, fresh, round);
		del(test, m, fresh);
		put(test, m, back, 0);
		for (id = 0; id < SOME_KEYS; id++)
			expect_number(test, m, id, 0);
	}
	smt_count_ops(round * (13 + SOME_KEYS));
}

/* Of keys from 0 on, even ones have their number plus @add, odd ones theirs if @odd. */
static void expect_all(struct kunit *test, struct smb_map *m, u32 nr, bool odd,
		       u64 add)
{
	u32 id;

	for (id = 0; id < nr; id++) {
		if (!(id & 1))
			expect_number(test, m, id, id + add);
		else if (odd)
			expect_number(test, m, id, id);
		else
			expect_absent(test, m, id);
		if (!(id & 63))
			cond_resched();
	}
	for (; id < nr + nr / 2; id++)
		expect_absent(test, m, id);
	smt_count_ops(id);
}

static u64 bytes(struct kunit *test, struct smb_map *m)
{
	KUNIT_ASSERT_NOT_NULL(test, m->backend->bytes);
	smb_settle(m);
	return m->backend->bytes(m->map);
}

static void maps_grow_and_empty(struct kunit *test)
{
	struct smb_map *m = smb_create(test);
	u32 nr = smb_capacity(m, smt_ops(6)), id;
	u64 data = (u64)nr * (m->payload->key_len + m->payload->value_len);
	u64 empty = bytes(test, m), full, half;

	for (id = 0; id < nr; id++)
		put(test, m, id, id);
	expect_all(test, m, nr, true, 0);
	full = bytes(test, m);
	expect_all(test, m, nr, true, 0);
	/* All that was put is counted, and it is not many times that. */
	KUNIT_EXPECT_GE(test, full, data);
	KUNIT_EXPECT_LE(test, full, empty + 16 * data);
	for (id = 0; id < nr; id += 2)
		put(test, m, id, id + 5);
	for (id = 1; id < nr; id += 2)
		del(test, m, id);
	expect_all(test, m, nr, false, 5);
	half = bytes(test, m);
	KUNIT_EXPECT_LE(test, half, full);
	for (id = 1; id < nr; id += 2)
		put(test, m, id, id);
	expect_all(test, m, nr, true, 5);
	for (id = 0; id < nr; id++)
		del(test, m, id);
	for (id = 0; id < nr; id++)
		expect_absent(test, m, id);
	KUNIT_EXPECT_LE(test, bytes(test, m), half);
	smt_count_ops(5 * nr);
}

static void batches_find_what_gets_find(struct kunit *test)
{
	enum smb_found found[BENCH_BATCH], wanted;
	struct smb_map *m = smb_create(test);
	u64 numbers[BENCH_BATCH], number, random = 1;
	unsigned int round, i, there;
	u32 ids[BENCH_BATCH], id;

	for (round = 0; round < 20; round++) {
		for (id = round * 100; id < (round + 1) * 100; id++)
			put(test, m, id, id + round);
		for (i = 0; i < BENCH_BATCH; i++)
			ids[i] = smt_random(&random) % (2 * id);
		/* A key twice, and one that is not there. */
		ids[1] = ids[0];
		ids[2] = 2 * id;
		there = smb_get_batch(m, ids, found, numbers);
		for (i = 0; i < BENCH_BATCH; i++) {
			wanted = smb_get(m, ids[i], &number);
			KUNIT_ASSERT_EQ(test, (int)wanted, (int)found[i]);
			if (wanted != SMB_FOUND)
				continue;
			KUNIT_ASSERT_EQ(test, number, numbers[i]);
			there--;
		}
		KUNIT_ASSERT_EQ(test, 0, there);
	}
	smt_count_ops(round * (100 + 2 * BENCH_BATCH));
}

#define MODEL_KEYS 300

/* A step of a phase in which more is put than deleted, or of the reverse. */
static void model_step(struct kunit *test, struct smb_map *m, u64 *model,
		       u64 step, u64 *random)
{
	u32 id = smt_random(random) % MODEL_KEYS;
	u64 number = 1 + smt_random(random) % 1000;
	bool shrinking = step / (3 * MODEL_KEYS) & 1;
	unsigned int what = smt_random(random) % 8;

	if (what < (shrinking ? 4 : 1)) {
		KUNIT_ASSERT_EQ(test, !!model[id], smb_del(m, id));
		model[id] = 0;
	} else if (what < 5) {
		put(test, m, id, number);
		model[id] = number;
	}
	id = smt_random(random) % MODEL_KEYS;
	if (model[id])
		expect_number(test, m, id, model[id]);
	else
		expect_absent(test, m, id);
}

static void random_operations_match_an_array(struct kunit *test)
{
	u64 *model =
		kunit_kcalloc(test, MODEL_KEYS, sizeof(*model), GFP_KERNEL);
	u64 steps = smt_ops(12), step, random = 0;
	struct smb_map *m = smb_create(test);

	KUNIT_ASSERT_NOT_NULL(test, model);
	for (step = 0; step < steps; step++) {
		model_step(test, m, model, step, &random);
		if (!(step & 63))
			cond_resched();
	}
	smt_count_ops(2 * steps);
}

#define BACKEND_CASE(name) KUNIT_CASE_PARAM(name, smb_gen_params)

static struct kunit_case cases[] = {
	BACKEND_CASE(only_what_was_put_last_is_there),
	BACKEND_CASE(deleted_keys_come_back),
	BACKEND_CASE(maps_grow_and_empty),
	BACKEND_CASE(random_operations_match_an_array),
	KUNIT_CASE_PARAM(batches_find_what_gets_find, smb_batch_gen_params),
	{}
};

struct kunit_suite smb_suite = {
	.name = "shardmap_bench",
	.suite_init = smt_suite_init,
	.suite_exit = smt_suite_exit,
	.test_cases = cases,
};
