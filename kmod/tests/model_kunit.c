// SPDX-License-Identifier: GPL-2.0-only
/* Random operations, each compared with what a plain array says. */
#include <linux/sched.h>

#include "kunit_util.h"

#define NR_KEYS 300

/**
 * struct model - what should be in a table
 * @map: the table
 * @random: state of smt_random()
 * @count: number of entries
 * @key: for each key, what is known of it
 */
struct model {
	struct shardmap *map;
	u64 random;
	u64 count;
	struct model_key {
		bool there;
		bool number;
		u64 value;
		u64 version;
	} key[NR_KEYS];
};

/* Bytes of a value: 8 of a number, or as many as smt_value_make() makes. */
static u32 model_bytes(const struct model_key *k, u64 id, void *buf)
{
	if (!k->number)
		return smt_value_make(buf, id, k->value);
	memcpy(buf, &k->value, sizeof(k->value));
	return sizeof(k->value);
}

/* Keys are of 1 to 40 bytes; the first tells them apart with the length. */
static u32 model_key_bytes(u64 id, u8 *buf)
{
	u32 len = 2 + id % 39;

	memset(buf, id, len);
	buf[0] = id >> 8;
	return len;
}

static void check_get(struct kunit *test, struct model *m, u64 id)
{
	const struct model_key *k = &m->key[id];
	u8 key[48], wanted[SMT_VALUE_MAX], buf[SMT_VALUE_MAX];
	struct shardmap_value found = { .buf = buf, .len = sizeof(buf) };
	int err = shardmap_get(m->map, key, model_key_bytes(id, key), &found);

	KUNIT_ASSERT_EQ(test, k->there ? 0 : -ENOENT, err);
	if (err)
		return;
	KUNIT_ASSERT_EQ(test, model_bytes(k, id, wanted), found.len);
	KUNIT_ASSERT_EQ(test, 0, memcmp(wanted, buf, found.len));
	KUNIT_ASSERT_EQ(test, k->version, found.version);
}

/* The key was written: remember what, and that its version is new. */
static void model_write(struct kunit *test, struct model *m, u64 id,
			const struct model_key *written,
			const struct shardmap_result *result)
{
	struct model_key *k = &m->key[id];

	KUNIT_ASSERT_EQ(test, !k->there, result->inserted);
	KUNIT_ASSERT_GT(test, result->version, k->version);
	m->count += !k->there;
	*k = *written;
	k->there = true;
	k->version = result->version;
}

static void do_put(struct kunit *test, struct model *m, u64 id)
{
	struct model_key new = {
		.number = smt_random(&m->random) & 1,
		.value = smt_random(&m->random),
	};
	enum shardmap_put_mode mode = smt_random(&m->random) % 3;
	struct model_key *k = &m->key[id];
	u8 key[48], value[SMT_VALUE_MAX];
	struct shardmap_result result;
	int wanted = 0, err;
	u32 len = model_bytes(&new, id, value);

	if (mode == SHARDMAP_PUT_NOEXIST && k->there)
		wanted = -EEXIST;
	if (mode == SHARDMAP_PUT_EXIST && !k->there)
		wanted = -ENOENT;
	err = shardmap_put(m->map, key, model_key_bytes(id, key), value, len,
			   mode, GFP_KERNEL, &result);
	KUNIT_ASSERT_EQ(test, wanted, err);
	if (!err)
		model_write(test, m, id, &new, &result);
}

static void do_get_or_put(struct kunit *test, struct model *m, u64 id)
{
	struct model_key new = { .value = smt_random(&m->random) };
	u8 key[48], value[SMT_VALUE_MAX], buf[SMT_VALUE_MAX];
	struct shardmap_value found = { .buf = buf, .len = sizeof(buf) };
	struct model_key *k = &m->key[id];
	struct shardmap_result result;
	u32 len = model_bytes(&new, id, value);

	KUNIT_ASSERT_EQ(test, 0,
			shardmap_get_or_put(m->map, key,
					    model_key_bytes(id, key), value,
					    len, &found, GFP_KERNEL, &result));
	if (!k->there) {
		model_write(test, m, id, &new, &result);
		return;
	}
	KUNIT_ASSERT_FALSE(test, result.inserted);
	KUNIT_ASSERT_EQ(test, k->version, found.version);
	KUNIT_ASSERT_EQ(test, model_bytes(k, id, value), found.len);
	KUNIT_ASSERT_EQ(test, 0, memcmp(value, buf, found.len));
}

static void do_add(struct kunit *test, struct model *m, u64 id)
{
	u64 initial = smt_random(&m->random), delta = smt_random(&m->random);
	bool create = smt_random(&m->random) & 1;
	struct model_key *k = &m->key[id];
	u64 old = k->there ? k->value : initial;
	struct model_key new = { .number = true, .value = old + delta };
	struct shardmap_result result;
	int wanted = 0, err;
	u8 key[48];

	if (!k->there && !create)
		wanted = -ENOENT;
	if (k->there && !k->number)
		wanted = -EINVAL;
	err = shardmap_add(m->map, key, model_key_bytes(id, key), delta,
			   create ? &initial : NULL, GFP_KERNEL, &result);
	KUNIT_ASSERT_EQ(test, wanted, err);
	if (err)
		return;
	KUNIT_ASSERT_EQ(test, old, result.old);
	KUNIT_ASSERT_EQ(test, old + delta, result.new);
	model_write(test, m, id, &new, &result);
}

static void do_delete(struct kunit *test, struct model *m, u64 id)
{
	struct model_key *k = &m->key[id];
	u8 key[48];
	int err = shardmap_delete(m->map, key, model_key_bytes(id, key),
				  GFP_KERNEL);

	KUNIT_ASSERT_EQ(test, k->there ? 0 : -ENOENT, err);
	m->count -= k->there;
	k->there = false;
}

/* Phases in which more is put than deleted, and such of the reverse. */
static void do_step(struct kunit *test, struct model *m, u64 step)
{
	u64 id = smt_random(&m->random) % NR_KEYS;
	bool shrinking = step / (4 * NR_KEYS) & 1;
	unsigned int what = smt_random(&m->random) % 10;

	if (shrinking && what < 6)
		do_delete(test, m, id);
	else if (what < 3)
		do_put(test, m, id);
	else if (what < 5)
		do_get_or_put(test, m, id);
	else if (what < 8)
		do_add(test, m, id);
	else if (what < 9)
		do_delete(test, m, id);
	check_get(test, m, id);
	KUNIT_ASSERT_EQ(test, m->count, shardmap_count(m->map));
}

static void random_operations_match_the_model(struct kunit *test)
{
	struct shardmap_params params = { .flags = smt_hash_flags(test) };
	struct model *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	u64 step, steps = smt_ops(6), id;

	KUNIT_ASSERT_NOT_NULL(test, m);
	/* One shard, to have more buckets, and several. */
	for (params.nr_shards = 1; params.nr_shards <= 16;
	     params.nr_shards *= 4) {
		memset(m, 0, sizeof(*m));
		m->map = smt_create(test, &params);
		m->random = params.nr_shards;
		for (step = 0; step < steps; step++) {
			do_step(test, m, step);
			cond_resched();
		}
		for (id = 0; id < NR_KEYS; id++)
			check_get(test, m, id);
		KUNIT_EXPECT_EQ(test, m->count, smt_walk_count(m->map));
		smt_expect_sound(test, m->map);
		smt_destroy(test, m->map);
		smt_count_ops(2 * steps);
	}
}

static struct kunit_case cases[] = { KUNIT_CASE_PARAM(
					     random_operations_match_the_model,
					     smt_hash_gen_params),
				     {} };

struct kunit_suite smt_model_suite = {
	.name = "shardmap_model",
	.suite_init = smt_suite_init,
	.suite_exit = smt_suite_exit,
	.test_cases = cases,
};
