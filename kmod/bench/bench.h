/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The alternatives to shardmap behind one table of operations.  The runner, see
 * runner.h, measures them with the same keys, values and allocator.
 *
 * Every backend copies the value out of a get, publishes values whole, frees
 * what readers may hold only after a grace period, and is right for any number of
 * threads in its own manner.
 */
#ifndef _SHARDMAP_BENCH_BENCH_H
#define _SHARDMAP_BENCH_BENCH_H

#include <linux/types.h>

/* Longest key and value of a payload. */
#define BENCH_KEY_MAX 16
#define BENCH_VALUE_MAX 64

/* Keys of one call of get_batch. */
#define BENCH_BATCH 32

/**
 * struct bench_payload - sizes of keys and values
 * @name: as reported, "8+8" or "16+64"
 * @key_len: length of a key in bytes, 8 or 16
 * @value_len: length of a value in bytes
 */
struct bench_payload {
	const char *name;
	u32 key_len;
	u32 value_len;
};

/**
 * struct bench_backend - a map
 * @name: as reported
 * @create: make an empty map; ERR_PTR() on failure
 * @destroy: free it; nobody uses it any more
 * @get: copy the value of a key out; false if there is no such key
 * @put: store a value, whether the key is there or not
 * @del: remove a key; false if there is no such key
 * @get_batch: get of BENCH_BATCH keys, packed, into packed values; returns how
 *	many were found.  NULL if the map knows no such operation.
 * @bytes: memory of index and entries, all that is not rounding of allocators;
 *	NULL if unknown
 * @settle: wait until deferred work has ended, while nobody updates the map: for
 *	figures of finished tables.  NULL if there is no such work.
 * @max_len: longest key and value in bytes that the map takes, 0 if any
 * @max_entries: most entries that are practical, 0 if any number is
 */
struct bench_backend {
	const char *name;
	void *(*create)(const struct bench_payload *payload);
	void (*destroy)(void *map);
	bool (*get)(void *map, const void *key, void *value);
	int (*put)(void *map, const void *key, const void *value);
	bool (*del)(void *map, const void *key);
	unsigned int (*get_batch)(void *map, const void *keys, void *values);
	u64 (*bytes)(void *map);
	void (*settle)(void *map);
	u32 max_len;
	u64 max_entries;
};

/* Payloads that a map does not take are left out of its measurements and tests. */
static inline bool bench_takes(const struct bench_backend *backend,
			       const struct bench_payload *payload)
{
	return !backend->max_len || (payload->key_len <= backend->max_len &&
				     payload->value_len <= backend->max_len);
}

/* backends.c */
extern const struct bench_backend *const bench_backends[];
extern const unsigned int bench_nr_backends;

extern const struct bench_backend bench_floor1;
extern const struct bench_backend bench_floor2;
extern const struct bench_backend bench_mutex;
extern const struct bench_backend bench_rwlock;
extern const struct bench_backend bench_sharded;
extern const struct bench_backend bench_syncmap;
extern const struct bench_backend bench_immutable;
extern const struct bench_backend bench_immutable_sharded;
extern const struct bench_backend bench_rhashtable;
extern const struct bench_backend bench_shardmap;
extern const struct bench_backend bench_shardmap_sip;
extern const struct bench_backend bench_shardmap_inline;

#endif /* _SHARDMAP_BENCH_BENCH_H */
