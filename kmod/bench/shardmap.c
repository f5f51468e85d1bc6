// SPDX-License-Identifier: GPL-2.0-only
/* shardmap itself, through its exported interface. */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/shardmap.h>
#include <linux/slab.h>

#include "bench.h"

struct map {
	struct shardmap *table;
	const struct bench_payload *payload;
};

static void *create(const struct bench_payload *payload, unsigned int flags)
{
	struct shardmap_params params = {
		.flags = flags,
		.max_key_len = payload->key_len,
		.max_value_len = payload->value_len,
	};
	struct map *map = kzalloc(sizeof(*map), GFP_KERNEL);
	void *err;

	if (!map)
		return ERR_PTR(-ENOMEM);
	map->payload = payload;
	map->table = shardmap_create(&params);
	if (IS_ERR(map->table)) {
		err = ERR_CAST(map->table);
		kfree(map);
		return err;
	}
	return map;
}

static void *create_fast(const struct bench_payload *payload)
{
	return create(payload, SHARDMAP_FAST_HASH);
}

static void *create_sip(const struct bench_payload *payload)
{
	return create(payload, 0);
}

static void *create_inline(const struct bench_payload *payload)
{
	return create(payload, SHARDMAP_FAST_HASH | SHARDMAP_INLINE);
}

static void map_destroy(void *arg)
{
	struct map *map = arg;

	shardmap_destroy(map->table);
	kfree(map);
}

static bool map_get(void *arg, const void *key, void *value)
{
	struct map *map = arg;
	struct shardmap_value found = {
		.buf = value,
		.len = map->payload->value_len,
	};

	return !shardmap_get(map->table, key, map->payload->key_len, &found);
}

static int map_put(void *arg, const void *key, const void *value)
{
	struct map *map = arg;

	return shardmap_put(map->table, key, map->payload->key_len, value,
			    map->payload->value_len, SHARDMAP_PUT_ANY,
			    GFP_KERNEL, NULL);
}

static bool map_del(void *arg, const void *key)
{
	struct map *map = arg;

	return !shardmap_delete(map->table, key, map->payload->key_len,
				GFP_KERNEL);
}

static unsigned int map_get_batch(void *arg, const void *keys, void *values)
{
	struct shardmap_lookup gets[BENCH_BATCH];
	struct map *map = arg;
	unsigned int i, found = 0;

	for (i = 0; i < BENCH_BATCH; i++) {
		gets[i].key = keys + i * map->payload->key_len;
		gets[i].key_len = map->payload->key_len;
		gets[i].value.buf = values + i * map->payload->value_len;
		gets[i].value.len = map->payload->value_len;
	}
	shardmap_get_many(map->table, gets, BENCH_BATCH);
	for (i = 0; i < BENCH_BATCH; i++)
		found += !gets[i].err;
	return found;
}

static u64 map_bytes(void *arg)
{
	struct shardmap_stats stats;
	struct map *map = arg;

	shardmap_get_stats(map->table, &stats);
	return stats.entry_bytes + stats.index_bytes;
}

#define SETTLE_POLL_MS 20
#define SETTLE_QUIET_POLLS 5
#define SETTLE_MAX_POLLS 500

/* Until figures have not changed for a while, as they do while a table resizes. */
static void map_settle(void *arg)
{
	struct shardmap_stats before = {}, now;
	struct map *map = arg;
	unsigned int polls, quiet = 0;

	for (polls = 0; polls < SETTLE_MAX_POLLS; polls++) {
		shardmap_get_stats(map->table, &now);
		if (now.deferred_bytes || now.resizes != before.resizes ||
		    now.index_bytes != before.index_bytes)
			quiet = 0;
		else if (++quiet == SETTLE_QUIET_POLLS)
			return;
		before = now;
		msleep(SETTLE_POLL_MS);
	}
}

const struct bench_backend bench_shardmap = {
	.name = "shardmap",
	.create = create_fast,
	.destroy = map_destroy,
	.get = map_get,
	.put = map_put,
	.del = map_del,
	.get_batch = map_get_batch,
	.bytes = map_bytes,
	.settle = map_settle,
};

const struct bench_backend bench_shardmap_sip = {
	.name = "shardmap-siphash",
	.create = create_sip,
	.destroy = map_destroy,
	.get = map_get,
	.put = map_put,
	.del = map_del,
	.get_batch = map_get_batch,
	.bytes = map_bytes,
	.settle = map_settle,
};

const struct bench_backend bench_shardmap_inline = {
	.name = "shardmap-inline",
	.create = create_inline,
	.destroy = map_destroy,
	.get = map_get,
	.put = map_put,
	.del = map_del,
	.get_batch = map_get_batch,
	.settle = map_settle,
	.max_len = SHARDMAP_INLINE_KEY_LEN,
	.bytes = map_bytes,
};
