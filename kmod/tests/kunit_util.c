// SPDX-License-Identifier: GPL-2.0-only
/* Tables that live as long as a test case; keys and values made from numbers. */
#include <linux/bitops.h>
#include <linux/delay.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "kunit_util.h"

KUNIT_DEFINE_ACTION_WRAPPER(destroy_action, shardmap_destroy,
			    struct shardmap *);

/**
 * smt_create() - Make a table that the end of the case destroys.
 * @test: the case, aborted if that fails
 * @params: properties of the table
 *
 * Return: The table.
 */
struct shardmap *smt_create(struct kunit *test,
			    const struct shardmap_params *params)
{
	struct shardmap *map = shardmap_create(params);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, map);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, destroy_action, map));
	return map;
}

/**
 * smt_create_chosen() - Make a table in which keys have the hash they ask for.
 * @test: the case
 * @nr_shards: number of shards
 *
 * The fast hash multiplies (first word ^ fold[1]) by (second word ^ state); with
 * this secret a first block whose first word is 0 gives state 0, a second block
 * (1, h) gives state h, and the last multiplication is by 1.
 *
 * Return: The table, for keys of smt_chosen().
 */
struct shardmap *smt_create_chosen(struct kunit *test, unsigned int nr_shards)
{
	struct shardmap_params params = {
		.flags = SHARDMAP_FAST_HASH,
		.nr_shards = nr_shards,
	};
	struct shardmap *map = smt_create(test, &params);

	map->secret.fold[0] = 0;
	map->secret.fold[1] = 0;
	map->secret.fold[2] = 0;
	map->secret.fold[3] = 1;
	return map;
}

/**
 * smt_chosen() - Make a key with a hash.
 * @hash: the hash
 * @tie: tells keys of equal hash apart
 *
 * Return: The key.
 */
struct smt_chosen smt_chosen(u64 hash, u64 tie)
{
	return (struct smt_chosen){
		.tie = cpu_to_le64(tie),
		.one = cpu_to_le64(1),
		.hash = cpu_to_le64(hash),
	};
}

/**
 * smt_put_chosen() - Store a key with a hash, its value the tie.
 * @map: a table of smt_create_chosen()
 * @hash: the hash
 * @tie: tells keys of equal hash apart
 *
 * Return: As shardmap_put(), which is to insert only.
 */
int smt_put_chosen(struct shardmap *map, u64 hash, u64 tie)
{
	struct smt_chosen key = smt_chosen(hash, tie);

	return shardmap_put(map, &key, sizeof(key), &tie, sizeof(tie),
			    SHARDMAP_PUT_NOEXIST, GFP_KERNEL, NULL);
}

/**
 * smt_has_chosen() - Is a key with a hash there, and with its value?
 * @map: a table of smt_create_chosen()
 * @hash: the hash
 * @tie: tells keys of equal hash apart
 *
 * Return: true if it is.
 */
bool smt_has_chosen(struct shardmap *map, u64 hash, u64 tie)
{
	struct smt_chosen key = smt_chosen(hash, tie);
	u64 value = ~tie;
	struct shardmap_value found = { .buf = &value, .len = sizeof(value) };

	return !shardmap_get(map, &key, sizeof(key), &found) && value == tie;
}

/**
 * smt_delete_chosen() - Remove a key with a hash.
 * @map: a table of smt_create_chosen()
 * @hash: the hash
 * @tie: tells keys of equal hash apart
 *
 * Return: As shardmap_delete().
 */
int smt_delete_chosen(struct shardmap *map, u64 hash, u64 tie)
{
	struct smt_chosen key = smt_chosen(hash, tie);

	return shardmap_delete(map, &key, sizeof(key), GFP_KERNEL);
}

/**
 * smt_destroy() - Destroy a table before the case ends.
 * @test: the case
 * @map: the table
 */
void smt_destroy(struct kunit *test, struct shardmap *map)
{
	kunit_release_action(test, destroy_action, map);
}

/**
 * smt_settle() - Wait for resizes to be over.
 * @map: a table that nobody updates
 */
void smt_settle(struct shardmap *map)
{
	flush_work(&map->resize_work);
}

/**
 * smt_drain() - Wait for removed entries to be freed.
 * @map: a table that nobody updates
 */
void smt_drain(struct shardmap *map)
{
	flush_delayed_work(&map->flush_work);
	rcu_barrier();
}

static const struct hash_kind {
	const char *name;
	unsigned int flags;
} hash_kinds[] = {
	{ "siphash", 0 },
	{ "fast", SHARDMAP_FAST_HASH },
};

/**
 * smt_hash_gen_params() - Run a case with each hash function.
 * @prev: as KUnit has it
 * @desc: as KUnit has it
 *
 * Return: As KUnit has it.
 */
const void *smt_hash_gen_params(const void *prev, char *desc)
{
	const struct hash_kind *kind = prev;

	kind = kind ? kind + 1 : hash_kinds;
	if (kind == hash_kinds + ARRAY_SIZE(hash_kinds))
		return NULL;
	strscpy(desc, kind->name, KUNIT_PARAM_DESC_SIZE);
	return kind;
}

/**
 * smt_hash_flags() - The hash that a case runs with.
 * @test: a case with smt_hash_gen_params()
 *
 * Return: SHARDMAP_FAST_HASH or 0.
 */
unsigned int smt_hash_flags(struct kunit *test)
{
	const struct hash_kind *kind = test->param_value;

	return kind->flags;
}

/* Numbers that change in place, entries that are replaced, cells. */
static const struct table_kind {
	const char *name;
	unsigned int flags;
	u32 value_len;
} table_kinds[SMT_KINDS] = {
	{ "numbers", 0, sizeof(u64) },
	{ "values", 0, SMT_KIND_VALUE_MAX },
	{ "inline", SHARDMAP_INLINE, sizeof(u64) },
};

/**
 * smt_kinds_gen_params() - Run a case with each kind of table.
 * @prev: as KUnit has it
 * @desc: as KUnit has it
 *
 * Return: As KUnit has it.
 */
const void *smt_kinds_gen_params(const void *prev, char *desc)
{
	const struct table_kind *kind = prev;

	kind = kind ? kind + 1 : table_kinds;
	if (kind == table_kinds + SMT_KINDS)
		return NULL;
	strscpy(desc, kind->name, KUNIT_PARAM_DESC_SIZE);
	return kind;
}

/**
 * smt_number_kinds_gen_params() - Run a case with each kind of table of numbers.
 * @prev: as KUnit has it
 * @desc: as KUnit has it
 *
 * Return: As KUnit has it.
 */
const void *smt_number_kinds_gen_params(const void *prev, char *desc)
{
	const struct table_kind *kind = prev;

	do {
		kind = smt_kinds_gen_params(kind, desc);
	} while (kind && kind->value_len != sizeof(u64));
	return kind;
}

/**
 * smt_create_kind() - Make a table of a case's kind.
 * @test: a case with smt_kinds_gen_params() or its like
 *
 * Return: The table, for keys of 8 bytes and values of its longest length.
 */
struct shardmap *smt_create_kind(struct kunit *test)
{
	const struct table_kind *kind = test->param_value;
	struct shardmap_params params = {
		.flags = kind->flags,
		.nr_shards = 4,
		.max_key_len = sizeof(u64),
		.max_value_len = kind->value_len,
	};

	return smt_create(test, &params);
}

/**
 * smt_put() - Store a number under a number.
 * @map: the table
 * @key: the key
 * @value: the value
 *
 * Return: As shardmap_put().
 */
int smt_put(struct shardmap *map, u64 key, u64 value)
{
	return shardmap_put(map, &key, sizeof(key), &value, sizeof(value),
			    SHARDMAP_PUT_ANY, GFP_KERNEL, NULL);
}

/**
 * smt_wait_until() - Wait for a time, and no longer.
 * @time: in ns of CLOCK_BOOTTIME
 */
void smt_wait_until(u64 time)
{
	while (ktime_get_boottime_ns() <= time)
		usleep_range(20, 50);
}

/**
 * smt_put_for() - Store a number that has a time to live.
 * @map: the table
 * @key: the key
 * @value: the value
 * @ttl: the time in ns, 0 for ever
 *
 * Return: As shardmap_execute().
 */
int smt_put_for(struct shardmap *map, u64 key, u64 value, u64 ttl)
{
	struct shardmap_request req = SMT_REQUEST(PUT, &key, .value = &value,
						  .value_len = sizeof(value),
						  .ttl = ttl);

	return shardmap_execute(map, &req, GFP_KERNEL);
}

/**
 * smt_get() - Look a number up.
 * @map: the table
 * @key: the key
 * @value: out: its value
 *
 * Return: As shardmap_get().
 */
int smt_get(struct shardmap *map, u64 key, u64 *value)
{
	struct shardmap_value found = { .buf = value, .len = sizeof(*value) };

	return shardmap_get(map, &key, sizeof(key), &found);
}

/**
 * smt_delete() - Remove a number.
 * @map: the table
 * @key: the key
 *
 * Return: As shardmap_delete().
 */
int smt_delete(struct shardmap *map, u64 key)
{
	return shardmap_delete(map, &key, sizeof(key), GFP_KERNEL);
}

/**
 * smt_fill() - Put keys of a stream, each with its number as value.
 * @test: the case, aborted if that fails
 * @map: the table
 * @seed: the stream; keys of streams 2^32 apart differ
 * @from: number of the first key
 * @to: number behind the last key
 */
void smt_fill(struct kunit *test, struct shardmap *map, u64 seed, u64 from,
	      u64 to)
{
	u64 n;

	for (n = from; n < to; n++) {
		KUNIT_ASSERT_EQ(test, 0, smt_put(map, smt_mix(seed + n), n));
		cond_resched();
	}
	smt_count_ops(to - from);
}

/**
 * smt_empty() - Delete keys of a stream, all of which must be there.
 * @test: the case, aborted if one is not
 * @map: the table
 * @seed: the stream
 * @from: number of the first key
 * @to: number behind the last key
 */
void smt_empty(struct kunit *test, struct shardmap *map, u64 seed, u64 from,
	       u64 to)
{
	u64 n;

	for (n = from; n < to; n++) {
		KUNIT_ASSERT_EQ(test, 0, smt_delete(map, smt_mix(seed + n)));
		cond_resched();
	}
	smt_count_ops(to - from);
}

/**
 * smt_missing() - Count keys of a stream that are not there with their value.
 * @map: the table
 * @seed: the stream
 * @from: number of the first key
 * @to: number behind the last key
 *
 * Return: Their number.
 */
u64 smt_missing(struct shardmap *map, u64 seed, u64 from, u64 to)
{
	u64 n, value, missing = 0;

	for (n = from; n < to; n++) {
		if (smt_get(map, smt_mix(seed + n), &value) || value != n)
			missing++;
		cond_resched();
	}
	smt_count_ops(to - from);
	return missing;
}

/* Operations of one step of smt_churn(), so that resizes do not take ages. */
#define CHURN_STEP 4

static int churn_once(struct smt_worker *w, u64 span)
{
	u64 at = w->seen[0]++ % (2 * span);
	u64 key = smt_mix(((u64)w->index + 1) << 32 | at % span);
	bool up = at < span;

	w->balance += up ? 1 : -1;
	return up ? smt_put(w->crew->map, key, U64_MAX) :
		    smt_delete(w->crew->map, key);
}

/**
 * smt_churn() - A step that makes the table grow for a while, then shrink.
 * @w: the thread
 *
 * Keys are those of streams from 2^32 on, values are U64_MAX.  w->seen[0] is
 * where the thread is.
 *
 * Return: NULL, or what went wrong.
 */
const char *smt_churn(struct smt_worker *w)
{
	/* Up and down some times, but not just a little. */
	u64 span = clamp_t(u64, w->crew->steps / w->crew->nr / 4, 200, 2000);
	unsigned int i;

	for (i = 0; i < CHURN_STEP; i++) {
		int err = churn_once(w, span);

		if (err)
			return smt_problem(w, "churn: error %d", err);
	}
	w->extra_ops += CHURN_STEP - 1;
	return NULL;
}

/**
 * smt_value_make() - Make a value that tells its key and number.
 * @buf: room for SMT_VALUE_MAX bytes
 * @key: the key
 * @number: number of the value; gives the length, too
 *
 * Return: Length of the value.
 */
u32 smt_value_make(void *buf, u64 key, u64 number)
{
	u64 check = smt_mix(key ^ rol64(number, 32));
	u32 len = 16 + smt_mix(number) % (SMT_VALUE_MAX - 15);
	u8 *p = buf;
	u32 i;

	memcpy(p, &key, sizeof(key));
	memcpy(p + 8, &number, sizeof(number));
	for (i = 16; i < len; i++)
		p[i] = check >> (8 * (i % 8));
	return len;
}

/**
 * smt_value_good() - Is a value whole, and that of a key?
 * @buf: the value
 * @len: its length
 * @key: the key
 * @number: out: number of the value, or NULL
 *
 * Return: true if it is.
 */
bool smt_value_good(const void *buf, u32 len, u64 key, u64 *number)
{
	u8 wanted[SMT_VALUE_MAX];
	u64 n;

	if (len < 16 || len > SMT_VALUE_MAX)
		return false;
	memcpy(&n, buf + 8, sizeof(n));
	if (number)
		*number = n;
	return smt_value_make(wanted, key, n) == len &&
	       !memcmp(buf, wanted, len);
}
