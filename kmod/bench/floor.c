// SPDX-License-Identifier: GPL-2.0-only
/*
 * The physical floor: one and two dependent cache misses over the same footprint
 * as a table's index and entries.  Not maps: they only know how to get.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "bench.h"

/* As many lines and objects as a million entries take in a table. */
#define FLOOR_LINES (1UL << 18)
#define FLOOR_OBJECTS (1UL << 20)

/**
 * struct floor - arrays to miss in
 * @payload: sizes of keys and values
 * @lines: stands for the index, one word per line is read
 * @objects: stands for the entries
 * @object_len: size of one object
 */
struct floor {
	const struct bench_payload *payload;
	u64 *lines;
	u8 *objects;
	size_t object_len;
};

static void *floor_create(const struct bench_payload *payload)
{
	struct floor *f = kzalloc(sizeof(*f), GFP_KERNEL);

	if (!f)
		return ERR_PTR(-ENOMEM);
	f->payload = payload;
	f->object_len = ALIGN(24 + payload->key_len + payload->value_len, 8);
	f->lines = kvzalloc(FLOOR_LINES * 64, GFP_KERNEL);
	f->objects = kvzalloc(FLOOR_OBJECTS * f->object_len, GFP_KERNEL);
	if (!f->lines || !f->objects) {
		kvfree(f->lines);
		kvfree(f->objects);
		kfree(f);
		return ERR_PTR(-ENOMEM);
	}
	/* Touched, or all of it would be one page of zeros. */
	memset(f->lines, 0, FLOOR_LINES * 64);
	memset(f->objects, 0, FLOOR_OBJECTS * f->object_len);
	return f;
}

static void floor_destroy(void *arg)
{
	struct floor *f = arg;

	kvfree(f->lines);
	kvfree(f->objects);
	kfree(f);
}

static inline u64 key_word(const void *key)
{
	u64 word;

	memcpy(&word, key, sizeof(word));
	return word;
}

static bool floor1_get(void *arg, const void *key, void *value)
{
	struct floor *f = arg;
	u64 word = key_word(key);

	*(u64 *)value = word + READ_ONCE(f->lines[(word >> 46) * 8]);
	return true;
}

static bool floor2_get(void *arg, const void *key, void *value)
{
	struct floor *f = arg;
	u64 word = key_word(key);
	u64 index = READ_ONCE(f->lines[(word >> 46) * 8]) +
		    (word & (FLOOR_OBJECTS - 1));

	memcpy(value, f->objects + index * f->object_len + 24,
	       f->payload->value_len);
	return true;
}

static int floor_put(void *arg, const void *key, const void *value)
{
	struct floor *f = arg;
	u64 index = key_word(key) & (FLOOR_OBJECTS - 1);

	memcpy(f->objects + index * f->object_len + 24, value,
	       f->payload->value_len);
	return 0;
}

const struct bench_backend bench_floor1 = {
	.name = "floor-1-miss",
	.create = floor_create,
	.destroy = floor_destroy,
	.get = floor1_get,
	.put = floor_put,
};

const struct bench_backend bench_floor2 = {
	.name = "floor-2-misses",
	.create = floor_create,
	.destroy = floor_destroy,
	.get = floor2_get,
	.put = floor_put,
};
