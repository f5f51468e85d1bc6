// SPDX-License-Identifier: GPL-2.0-only
/* Maps of all backends that live as long as a test case; keys and values. */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/string.h>

#include "backends.h"
#include "compat.h"

static const struct bench_payload payloads[] = {
	{ .name = "8+8", .key_len = 8, .value_len = 8 },
	{ .name = "16+64", .key_len = 16, .value_len = 64 },
};

/**
 * struct param - what a case runs with
 * @backend: the backend
 * @payload: the sizes of keys and values
 * @index: number of both, from 0
 */
struct param {
	const struct bench_backend *backend;
	const struct bench_payload *payload;
	unsigned int index;
};

/* The next one, which stays valid until the one after it is asked for. */
static const void *next_param(const void *prev, char *desc, bool batch)
{
	unsigned int end = bench_nr_backends * ARRAY_SIZE(payloads);
	const struct param *old = prev;
	static struct param param;
	unsigned int i;

	for (i = old ? old->index + 1 : 0; i < end; i++) {
		const struct bench_backend *backend =
			bench_backends[i / ARRAY_SIZE(payloads)];

		/* The floors are not maps, which shows in that they cannot delete. */
		if (!backend->del || (batch && !backend->get_batch))
			continue;
		param.payload = &payloads[i % ARRAY_SIZE(payloads)];
		if (!bench_takes(backend, param.payload))
			continue;
		param.backend = backend;
		param.index = i;
		snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s %s", backend->name,
			 param.payload->name);
		return &param;
	}
	return NULL;
}

/**
 * smb_gen_params() - Run a case with each backend and payload.
 * @prev: as KUnit has it
 * @desc: as KUnit has it
 *
 * Return: As KUnit has it.
 */
const void *smb_gen_params(const void *prev, char *desc)
{
	return next_param(prev, desc, false);
}

/**
 * smb_batch_gen_params() - The same for backends that can look up many at once.
 * @prev: as KUnit has it
 * @desc: as KUnit has it
 *
 * Return: As KUnit has it.
 */
const void *smb_batch_gen_params(const void *prev, char *desc)
{
	return next_param(prev, desc, true);
}

/**
 * smb_steps() - Operations of a concurrent case, with one backend and payload.
 *
 * Return: Their number.
 */
u64 smb_steps(void)
{
	unsigned int i, nr = 0;

	for (i = 0; i < bench_nr_backends; i++)
		if (bench_backends[i]->del)
			nr += ARRAY_SIZE(payloads);
	return max_t(u64, div_u64(smt_ops(1), nr), 300);
}

static void map_destroy(struct smb_map *m)
{
	m->backend->destroy(m->map);
}

KUNIT_DEFINE_ACTION_WRAPPER(destroy_action, map_destroy, struct smb_map *);

/**
 * smb_create() - Make the map that a case is about.
 * @test: a case with smb_gen_params(); aborted if that fails
 *
 * The end of the case destroys it, and with it the slab cache of its entries:
 * an entry that is still there then makes the kernel warn.
 *
 * Return: The map.
 */
struct smb_map *smb_create(struct kunit *test)
{
	const struct param *param = test->param_value;
	struct smb_map *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, m);
	m->backend = param->backend;
	m->payload = param->payload;
	m->map = m->backend->create(m->payload);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, m->map);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, destroy_action, m));
	return m;
}

/**
 * smb_destroy() - Destroy a map before the case ends.
 * @test: the case
 * @m: the map
 */
void smb_destroy(struct kunit *test, struct smb_map *m)
{
	kunit_release_action(test, destroy_action, m);
}

/**
 * smb_settle() - Wait for a map's deferred work.
 * @m: a map that nobody updates
 */
void smb_settle(struct smb_map *m)
{
	if (m->backend->settle)
		m->backend->settle(m->map);
}

/**
 * smb_capacity() - How many entries to put into a map.
 * @m: the map
 * @wanted: how many it should be
 *
 * Return: As many, or fewer where that is not practical.
 */
u32 smb_capacity(const struct smb_map *m, u32 wanted)
{
	/* Such maps take time that grows with the square. */
	return m->backend->max_entries ?
		       min_t(u64, m->backend->max_entries / 10, wanted) :
		       wanted;
}

/* Of two words, each is all that tells some pair of keys apart. */
static void make_key(const struct smb_map *m, u64 *key, u32 id)
{
	bool swap = m->payload->key_len > 8 && id & 2;

	key[swap] = smt_mix(id);
	key[!swap] = smt_mix(id / 2);
}

/* Odd, so that a multiplication can be undone; INVERSE does. */
#define SCATTER 0x9e3779b97f4a7c15ULL
#define INVERSE 0xf1de83e19937733dULL

/* Each word of a value tells key and number, and any bit of it counts. */
static u64 make_word(u32 id, u64 number, unsigned int i)
{
	return ((u64)id << SMB_NUMBER_BITS | number) * SCATTER + i;
}

static enum smb_found read_value(const struct smb_map *m, const u64 *value,
				 u32 id, u64 *number)
{
	u64 told = value[0] * INVERSE;
	unsigned int i;

	*number = told & ((1ULL << SMB_NUMBER_BITS) - 1);
	if (told >> SMB_NUMBER_BITS != id)
		return SMB_TORN;
	for (i = 1; i < m->payload->value_len / sizeof(u64); i++)
		if (value[i] != make_word(id, *number, i))
			return SMB_TORN;
	return SMB_FOUND;
}

/**
 * smb_put() - Store a number under a number.
 * @m: the map
 * @id: the key
 * @number: the value
 *
 * Return: As the backend's put.
 */
int smb_put(struct smb_map *m, u32 id, u64 number)
{
	u64 key[BENCH_KEY_MAX / 8], value[BENCH_VALUE_MAX / 8];
	unsigned int i;

	make_key(m, key, id);
	for (i = 0; i < ARRAY_SIZE(value); i++)
		value[i] = make_word(id, number, i);
	return m->backend->put(m->map, key, value);
}

/**
 * smb_get() - Look a number up.
 * @m: the map
 * @id: the key
 * @number: out: the value
 *
 * Return: What was found.
 */
enum smb_found smb_get(struct smb_map *m, u32 id, u64 *number)
{
	u64 key[BENCH_KEY_MAX / 8], value[BENCH_VALUE_MAX / 8];

	make_key(m, key, id);
	if (!m->backend->get(m->map, key, value))
		return SMB_ABSENT;
	return read_value(m, value, id, number);
}

/**
 * smb_del() - Remove a number.
 * @m: the map
 * @id: the key
 *
 * Return: As the backend's del.
 */
bool smb_del(struct smb_map *m, u32 id)
{
	u64 key[BENCH_KEY_MAX / 8];

	make_key(m, key, id);
	return m->backend->del(m->map, key);
}

/**
 * smb_get_batch() - Look BENCH_BATCH numbers up at once.
 * @m: a map that can do that
 * @ids: the keys
 * @found: out: for each, whether the place for its value has one of this key
 * @numbers: out: these values
 *
 * The interface does not tell which keys were found, so places of values are
 * filled with what no key has before.
 *
 * Return: As the backend's get_batch.
 */
unsigned int smb_get_batch(struct smb_map *m, const u32 *ids,
			   enum smb_found *found, u64 *numbers)
{
	u32 words = m->payload->value_len / 8, key_words;
	u64 *values = kcalloc(BENCH_BATCH, BENCH_VALUE_MAX, GFP_KERNEL);
	u64 *keys = kcalloc(BENCH_BATCH, BENCH_KEY_MAX, GFP_KERNEL);
	unsigned int i, nr = ~0U;
	u64 key[2];

	if (!keys || !values)
		goto free;
	key_words = m->payload->key_len / 8;
	for (i = 0; i < BENCH_BATCH; i++) {
		make_key(m, key, ids[i]);
		memcpy(&keys[i * key_words], key, m->payload->key_len);
	}
	memset64(values, U64_MAX, BENCH_BATCH * BENCH_VALUE_MAX / 8);
	nr = m->backend->get_batch(m->map, keys, values);
	for (i = 0; i < BENCH_BATCH; i++) {
		u64 *value = &values[i * words];

		found[i] = *value == U64_MAX ?
				   SMB_ABSENT :
				   read_value(m, value, ids[i], &numbers[i]);
	}
free:
	kfree(keys);
	kfree(values);
	return nr;
}

kunit_test_suites(&smb_suite, &smb_race_suite);

SM_IMPORT_TEST_NS;
MODULE_DESCRIPTION("KUnit suites of the alternatives to shardmap");
MODULE_LICENSE("GPL");
