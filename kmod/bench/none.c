// SPDX-License-Identifier: GPL-2.0-only
/* No map at all: shows what the loops of the works cost by themselves. */
#include "runner.h"

static void *none_create(const struct bench_payload *payload)
{
	static u8 nothing;

	return &nothing;
}

static void none_destroy(void *map)
{
}

static bool none_get(void *map, const void *key, void *value)
{
	barrier_data(key);
	return true;
}

static int none_put(void *map, const void *key, const void *value)
{
	barrier_data(key);
	barrier_data(value);
	return 0;
}

static bool none_del(void *map, const void *key)
{
	barrier_data(key);
	return true;
}

static unsigned int none_get_batch(void *map, const void *keys, void *values)
{
	barrier_data(keys);
	return BENCH_BATCH;
}

const struct bench_backend bench_none = {
	.name = "loop",
	.create = none_create,
	.destroy = none_destroy,
	.get = none_get,
	.put = none_put,
	.del = none_del,
	.get_batch = none_get_batch,
};
