// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every map against an array, then with two threads: each changes keys of its own, of
 * which it knows the values, and looks at those of the other, which must be whole.
 */
#include <stdio.h>

#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/sched.h>

#include "check.h"
#include "core/hash.h"
#include "peers.h"
#include "runner.h"
#include "tap.h"

#define KEYS 3000U
#define OPS 30000U
/* So few that threads meet at a key. */
#define SHARED_KEYS 16U
#define CROWD_OPS 200000U
#define THREADS 2U
#define WORDS (BENCH_VALUE_MAX / 8)

static const struct bench_payload payloads[] = {
	{ .name = "8+8", .key_len = 8, .value_len = 8 },
	{ .name = "16+64", .key_len = 16, .value_len = 64 },
};

/* A value names its key and its version, in each word; version 0 is no value. */
static u64 value_word(unsigned int key, unsigned int version, unsigned int word)
{
	return bench_mix((u64)key << 32 | version) + word;
}

static bool put(const struct bench_run *t, unsigned int i, unsigned int version)
{
	u64 key[2], value[WORDS];
	unsigned int w;

	bench_key(key, i);
	for (w = 0; w < WORDS; w++)
		value[w] = value_word(i, version, w);
	return !t->backend->put(t->map, key, value);
}

static bool del(const struct bench_run *t, unsigned int i)
{
	u64 key[2];

	bench_key(key, i);
	return t->backend->del(t->map, key);
}

static bool is_value(const struct bench_run *t, const u64 *value, u64 first)
{
	unsigned int w;

	for (w = 0; w < t->payload->value_len / 8; w++)
		if (value[w] != first + w)
			return false;
	return true;
}

static bool has(const struct bench_run *t, unsigned int i, unsigned int version)
{
	u64 key[2], value[WORDS] = { 0 };
	bool found;

	bench_key(key, i);
	found = t->backend->get(t->map, key, value);
	if (!version)
		return !found;
	return found && is_value(t, value, value_word(i, version, 0));
}

/* Keys @i and following, all in one call. */
static bool batch_has(const struct bench_run *t, unsigned int i,
		      const unsigned int *versions)
{
	u64 keys[2 * BENCH_BATCH + 1], values[WORDS * BENCH_BATCH] = { 0 };
	u32 key_words = t->payload->key_len / 8;
	u32 value_words = t->payload->value_len / 8;
	unsigned int k, there = 0;
	bool right = true;

	for (k = 0; k < BENCH_BATCH; k++) {
		bench_key(&keys[k * key_words], i + k);
		there += !!versions[k];
	}
	if (t->backend->get_batch(t->map, keys, values) != there)
		return false;
	for (k = 0; k < BENCH_BATCH; k++)
		right &= !versions[k] ||
			 is_value(t, &values[k * value_words],
				  value_word(i + k, versions[k], 0));
	return right;
}

/* Random operations on some keys; all are in the array, with their versions. */
static bool alone(const struct bench_run *t)
{
	/* A batch goes on past the last key. */
	static unsigned int version[KEYS + BENCH_BATCH];
	u64 state = 1;
	unsigned int n, i;
	bool right = true;

	memset(version, 0, sizeof(version));
	for (n = 1; n <= OPS && right; n++) {
		state = bench_mix(state + n);
		i = state % KEYS;
		if (state >> 62) {
			right = put(t, i, n);
			version[i] = n;
		} else {
			right = del(t, i) == !!version[i];
			version[i] = 0;
		}
		i = (state >> 20) % KEYS;
		right = right && has(t, i, version[i]);
		if (right && t->backend->get_batch && !(n % 64))
			right = batch_has(t, i, &version[i]);
		cond_resched();
	}
	for (i = 0; i < KEYS && right; i++)
		right = has(t, i, version[i]);
	for (i = 0; i < KEYS && right; i++)
		right = del(t, i) == !!version[i];
	return right;
}

/* A key of the other thread may have any value, but a whole one. */
static bool is_whole(const struct bench_run *t, unsigned int i)
{
	u64 key[2], value[WORDS];

	bench_key(key, i);
	return !t->backend->get(t->map, key, value) ||
	       is_value(t, value, value[0]);
}

static u64 together(const struct bench_run *t, unsigned int thread)
{
	unsigned int version[SHARED_KEYS] = { 0 }, n, i;
	u64 state = thread, wrong = 0;

	for (n = 1; n <= CROWD_OPS; n++) {
		state = bench_mix(state + n);
		i = state % (SHARED_KEYS / THREADS) * THREADS + thread;
		if (state >> 62) {
			wrong += !put(t, i, n);
			version[i] = n;
		} else {
			wrong += del(t, i) != !!version[i];
			version[i] = 0;
		}
		wrong += !has(t, i, version[i]) ||
			 !is_whole(t, (state >> 20) % SHARED_KEYS);
		cond_resched();
	}
	return wrong;
}

static bool crowd(const struct bench_run *t)
{
	static const struct bench_work work = { "together", together };
	struct bench_run run = *t;
	u64 wrong;

	run.work = &work;
	run.threads = THREADS;
	return bench_measure(&run, &wrong) >= 0 && !wrong;
}

static void check(const struct bench_backend *backend,
		  const struct bench_payload *payload,
		  bool (*run)(const struct bench_run *), const char *name)
{
	struct bench_run t = { .backend = backend, .payload = payload };
	char text[80];

	t.map = backend->create(payload);
	snprintf(text, sizeof(text), "%s %s: %s", backend->name, payload->name,
		 name);
	tap_result(!IS_ERR(t.map) && run(&t), text);
	if (!IS_ERR(t.map))
		backend->destroy(t.map);
}

static bool same_hash(size_t len)
{
	u64 key[2];
	unsigned int i;

	for (i = 0; i < 1000; i++) {
		bench_key(key, i);
		if (peer_hash(key, len) != sm_foldhash(key, len, peer_secret))
			return false;
	}
	return true;
}

/**
 * check_all - check every map and print the results
 *
 * Return: 0 if all are right.
 */
int check_all(void)
{
	unsigned int b, p;

	tap_result(same_hash(8) && same_hash(16), "the_hash_is_shardmaps");
	for (b = 0; b < bench_nr_backends; b++) {
		const struct bench_backend *backend = bench_backends[b];

		for (p = 0; p < ARRAY_SIZE(payloads); p++) {
			/* Of few entries are only those that KUnit checks. */
			if (!bench_is_map(backend) || backend->max_entries ||
			    !bench_takes(backend, &payloads[p]))
				continue;
			check(backend, &payloads[p], alone, "as_an_array");
			check(backend, &payloads[p], crowd, "values_are_whole");
		}
	}
	return tap_end();
}
