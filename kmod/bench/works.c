// SPDX-License-Identifier: GPL-2.0-only
/*
 * The works that are measured as a whole.  Each returns the number of results that
 * were not as they must be, which costs an addition per operation.
 */
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/sched.h>

#include "runner.h"

#define VALUE_WORDS (BENCH_VALUE_MAX / 8)

/* Every so often, since kernels without preemption need it. */
static void breathe(u64 i)
{
	if (!(i & 1023))
		cond_resched();
}

static bool put(const struct bench_run *run, u64 i)
{
	u64 key[2], value[VALUE_WORDS];

	bench_key(key, i);
	bench_value(value, i);
	return !run->backend->put(run->map, key, value);
}

static bool del(const struct bench_run *run, u64 i)
{
	u64 key[2];

	bench_key(key, i);
	return run->backend->del(run->map, key);
}

/* The part of @nr that one thread does. */
static u64 share(const struct bench_run *run, u64 nr, unsigned int thread)
{
	return div_u64(nr * thread, run->threads);
}

static u64 hit(const struct bench_run *run, unsigned int thread)
{
	const u32 *draw = run->draws[thread];
	u64 key[2], value[VALUE_WORDS], wrong = 0;
	unsigned int i;

	for (i = 0; i < run->ops; i++) {
		bench_key(key, draw[i]);
		wrong += !run->backend->get(run->map, key, value);
		breathe(i);
	}
	return wrong;
}

/* The next key cannot be known before the value is there. */
static u64 hit_dep(const struct bench_run *run, unsigned int thread)
{
	const u32 *draw = run->draws[thread];
	u64 key[2], value[VALUE_WORDS] = { 0 }, wrong = 0;
	unsigned int i;

	for (i = 0; i < run->ops; i++) {
		bench_key(key, draw[i] + (value[0] >> 63));
		wrong += !run->backend->get(run->map, key, value);
		breathe(i);
	}
	return wrong;
}

static u64 miss(const struct bench_run *run, unsigned int thread)
{
	const u32 *draw = run->draws[thread];
	u64 key[2], value[VALUE_WORDS], wrong = 0;
	unsigned int i;

	for (i = 0; i < run->ops; i++) {
		bench_key(key, draw[i] + run->entries);
		wrong += run->backend->get(run->map, key, value);
		breathe(i);
	}
	return wrong;
}

static u64 batch32(const struct bench_run *run, unsigned int thread)
{
	u64 keys[BENCH_BATCH * BENCH_KEY_MAX / 8 + 1], *values, wrong = 0;
	u32 words = run->payload->key_len / 8;
	const u32 *draw = run->draws[thread];
	unsigned int i, k;

	values = kmalloc(BENCH_BATCH * BENCH_VALUE_MAX, GFP_KERNEL);
	if (!values)
		return run->ops;
	for (i = 0; i + BENCH_BATCH <= run->ops; i += BENCH_BATCH) {
		/* A short key's second word is overwritten by the next key. */
		for (k = 0; k < BENCH_BATCH; k++)
			bench_key(&keys[k * words], draw[i + k]);
		wrong += BENCH_BATCH -
			 run->backend->get_batch(run->map, keys, values);
		breathe(i);
	}
	kfree(values);
	return wrong;
}

/* One store of a key that is there after every @reads gets. */
static __always_inline u64 mixed(const struct bench_run *run,
				 unsigned int thread, unsigned int reads)
{
	const u32 *draw = run->draws[thread];
	u64 key[2], value[VALUE_WORDS], wrong = 0;
	unsigned int i, left = reads;

	for (i = 0; i < run->ops; i++) {
		if (left--) {
			bench_key(key, draw[i]);
			wrong += !run->backend->get(run->map, key, value);
		} else {
			wrong += !put(run, draw[i]);
			left = reads;
		}
		breathe(i);
	}
	return wrong;
}

static u64 mix99(const struct bench_run *run, unsigned int thread)
{
	return mixed(run, thread, 99);
}

static u64 mix90(const struct bench_run *run, unsigned int thread)
{
	return mixed(run, thread, 9);
}

static u64 mix80(const struct bench_run *run, unsigned int thread)
{
	return mixed(run, thread, 4);
}

static u64 mix50(const struct bench_run *run, unsigned int thread)
{
	return mixed(run, thread, 1);
}

/* Of 20 operations 18 gets, an insert of a new key, a delete of an older one. */
static u64 churn90(const struct bench_run *run, unsigned int thread)
{
	u64 head = 2 * run->entries + (u64)thread * run->ops, tail = head;
	const u32 *draw = run->draws[thread];
	u64 key[2], value[VALUE_WORDS], wrong = 0;
	unsigned int i, phase = 0;

	for (i = 0; i < run->ops; i++) {
		if (++phase == 10) {
			wrong += !put(run, head++);
		} else if (phase == 20) {
			phase = 0;
			if (head - tail > 64)
				wrong += !del(run, tail++);
		} else {
			bench_key(key, draw[i]);
			wrong += !run->backend->get(run->map, key, value);
		}
		breathe(i);
	}
	while (tail < head)
		wrong += !del(run, tail++);
	return wrong;
}

static u64 insert_grow(const struct bench_run *run, unsigned int thread)
{
	u64 i, end = share(run, run->entries, thread + 1), wrong = 0;

	for (i = share(run, run->entries, thread); i < end; i++) {
		wrong += !put(run, i);
		breathe(i);
	}
	return wrong;
}

static u64 update(const struct bench_run *run, unsigned int thread)
{
	const u32 *draw = run->draws[thread];
	unsigned int i;
	u64 wrong = 0;

	for (i = 0; i < run->ops; i++) {
		wrong += !put(run, draw[i]);
		breathe(i);
	}
	return wrong;
}

/* In the order of insertion; as many as there are operations at most. */
static u64 delete_all(const struct bench_run *run, unsigned int thread)
{
	u64 nr = min_t(u64, run->entries, (u64)run->ops * run->threads);
	u64 i, end = share(run, nr, thread + 1), wrong = 0;

	for (i = share(run, nr, thread); i < end; i++) {
		wrong += !del(run, i);
		breathe(i);
	}
	return wrong;
}

/* All but the last hundredth, in the order of insertion. */
static u64 delete_most(const struct bench_run *run, unsigned int thread)
{
	u64 i, wrong = 0, nr = run->entries - div_u64(run->entries, 100);

	for (i = 0; i < nr; i++) {
		wrong += !del(run, i);
		breathe(i);
	}
	return wrong;
}

/* The same number in the order of draws[0], which is a permutation here. */
static u64 delete_most_random(const struct bench_run *run, unsigned int thread)
{
	u64 i, wrong = 0, nr = run->entries - div_u64(run->entries, 100);

	for (i = 0; i < nr; i++) {
		wrong += !del(run, run->draws[0][i]);
		breathe(i);
	}
	return wrong;
}

/* Not measured: is every entry there, whole?  It also warms up. */
u64 bench_verify(const struct bench_run *run, unsigned int thread)
{
	u64 key[2], value[VALUE_WORDS], wrong = 0, i;

	for (i = 0; i < run->entries; i++) {
		value[0] = 0;
		bench_key(key, i);
		wrong += !run->backend->get(run->map, key, value) ||
			 (bench_is_map(run->backend) &&
			  value[0] != bench_value_word(i));
		breathe(i);
	}
	return wrong;
}

/* In the order in which they are run; a delete comes last. */
const struct bench_work bench_works[] = {
	{ "insert_grow", insert_grow, WORK_FRESH | WORK_PER_ENTRY },
	{ "hit", hit, WORK_ZIPF },
	{ "hit_dep", hit_dep },
	{ "miss", miss, WORK_DEL },
	{ "batch32", batch32, WORK_BATCH },
	{ "mix99", mix99, WORK_ZIPF | WORK_WRITES },
	{ "mix90", mix90, WORK_ZIPF | WORK_WRITES },
	{ "mix80", mix80, WORK_ZIPF | WORK_WRITES },
	{ "mix50", mix50, WORK_ZIPF | WORK_WRITES },
	{ "churn90", churn90, WORK_WRITES | WORK_DEL },
	{ "update", update, WORK_WRITES },
	{ "delete", delete_all, WORK_DEL | WORK_WRITES },
	{ "insert_latency", bench_insert_latency,
	  WORK_FRESH | WORK_PER_ENTRY | WORK_TIMED },
	{ "mix90_latency", bench_mix90_latency, WORK_WRITES | WORK_TIMED },
};

const unsigned int bench_nr_works = ARRAY_SIZE(bench_works);

const struct bench_work bench_delete_most = {
	"memory_after_delete",
	delete_most,
	WORK_DEL,
};

const struct bench_work bench_delete_most_random = {
	"memory_after_delete_random",
	delete_most_random,
	WORK_DEL,
};
