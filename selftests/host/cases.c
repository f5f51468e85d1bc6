// SPDX-License-Identifier: GPL-2.0-only
/* What random operations would seldom come to, and bounds. */
#include <stdlib.h>
#include <string.h>

#include "core/core.h"
#include "core/internal.h"
#include "core/line.h"

#include "cases.h"
#include "table_check.h"

static struct shardmap *make_table(unsigned int nr_shards)
{
	const struct shardmap_params params = { .nr_shards = nr_shards };
	struct shardmap *map;

	if (sm_core_init())
		host_bug("sm_core_init()");
	map = shardmap_create(&params);
	if (IS_ERR(map))
		host_bug("shardmap_create()");
	return map;
}

/* Also true if all memory came back. */
static bool end_table(struct shardmap *map)
{
	shardmap_destroy(map);
	sm_core_exit();
	return !host_live_allocations();
}

static int put_number(struct shardmap *map, u64 key)
{
	return shardmap_put(map, &key, sizeof(key), &key, sizeof(key),
			    SHARDMAP_PUT_NOEXIST, GFP_KERNEL, NULL);
}

static int delete_number(struct shardmap *map, u64 key)
{
	return shardmap_delete(map, &key, sizeof(key), GFP_KERNEL);
}

static bool fill(struct shardmap *map, u64 nr)
{
	u64 key;

	for (key = 0; key < nr; key++)
		if (put_number(map, key))
			return false;
	return true;
}

static bool empty(struct shardmap *map, u64 nr)
{
	u64 key;

	for (key = 0; key < nr; key++)
		if (delete_number(map, key))
			return false;
	return true;
}

static bool create_checks_its_parameters(void)
{
	static const struct shardmap_params bad[] = {
		{ .flags = SHARDMAP_INLINE },
		{ .flags = SHARDMAP_INLINE, .max_key_len = 8 },
		{ .flags = SHARDMAP_INLINE,
		  .max_key_len = 9,
		  .max_value_len = 8 },
		{ .flags = SHARDMAP_INLINE,
		  .max_key_len = 8,
		  .max_value_len = 9 },
		{ .flags = SHARDMAP_INLINE,
		  .max_key_len = 8,
		  .max_value_len = 8,
		  .max_bytes = 1 },
		{ .flags = SHARDMAP_EVICT },
		{ .flags = SHARDMAP_EVICT | SHARDMAP_INLINE,
		  .max_key_len = 8,
		  .max_value_len = 8,
		  .max_entries = 1 },
		{ .flags = BIT(4) },
		{ .nr_shards = 3 },
		{ .nr_shards = 2 * SHARDMAP_MAX_SHARDS },
		{ .max_key_len = SHARDMAP_MAX_KEY_LEN + 1 },
		{ .max_value_len = SHARDMAP_MAX_VALUE_LEN + 1 },
	};
	struct shardmap *map = make_table(0);
	struct shardmap_stats stats;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT(PTR_ERR(shardmap_create(&bad[i])) == -EINVAL);
	/* Nothing asked for: four shards per CPU, and at least 64. */
	shardmap_get_stats(map, &stats);
	EXPECT(stats.nr_shards == max(4 * HOST_CPUS, 64U));
	EXPECT(stats.max_key_len == SHARDMAP_MAX_KEY_LEN);
	EXPECT(stats.max_value_len == SHARDMAP_MAX_VALUE_LEN);
	return end_table(map);
}

static bool create_undoes_what_it_made(void)
{
	const struct shardmap_params params = { .nr_shards = 2 };
	struct shardmap *map;
	unsigned int n;
	long live;
	int err;

	for (n = 0;; n++) {
		host_fail_after(n, false);
		err = sm_core_init();
		if (!host_fail_none())
			break;
		EXPECT(err == -ENOMEM);
		EXPECT(!host_live_allocations());
	}
	live = host_live_allocations();
	for (n = 0;; n++) {
		host_fail_after(n, false);
		map = shardmap_create(&params);
		if (!host_fail_none())
			break;
		EXPECT(PTR_ERR(map) == -ENOMEM);
		EXPECT(host_live_allocations() == live);
	}
	EXPECT(n >= 8);
	shardmap_destroy(NULL);
	return end_table(map);
}

static bool memory_comes_back(void)
{
	const u64 nr = 50000;
	struct shardmap *map = make_table(4);
	struct shardmap_stats before, full, after;

	shardmap_get_stats(map, &before);
	EXPECT(fill(map, nr));
	host_settle();
	shardmap_get_stats(map, &full);
	EXPECT(full.entries == nr);
	EXPECT(full.entry_bytes == nr * 40);
	EXPECT(full.index_bytes > nr * 8 && full.index_bytes < nr * 40);
	EXPECT(!table_check_settled(map));
	EXPECT(empty(map, nr));
	host_settle();
	shardmap_get_stats(map, &after);
	EXPECT(!table_check_settled(map));
	EXPECT(after.index_bytes == before.index_bytes);
	EXPECT(!after.entry_bytes && !after.deferred_bytes);
	EXPECT(after.buckets == before.buckets);
	return end_table(map);
}

static int show_none(const struct shardmap_view *view, void *arg)
{
	return 0;
}

/* A big array with nothing in it, since the worker sleeps: steps stay short. */
static bool steps_over_empty_buckets_are_bounded(void)
{
	const u64 nr = 20000;
	struct shardmap *map = make_table(1);
	struct shardmap_position pos = {};
	struct shardmap_stats stats;
	u64 removed = 0, bucket;

	EXPECT(fill(map, nr));
	host_settle();
	EXPECT(empty(map, nr));
	shardmap_get_stats(map, &stats);
	EXPECT(stats.buckets >= nr / SM_SLOTS);
	bucket = U64_MAX / stats.buckets;
	EXPECT(!shardmap_clear_step(map, &pos, &removed));
	EXPECT(!removed && pos.hash / bucket <= 64);
	pos.hash = 0;
	EXPECT(!shardmap_scan(map, &pos, show_none, NULL));
	EXPECT(pos.hash / bucket <= 64);
	return end_table(map);
}

/* Work off everything with no memory to be had. */
static void settle_without_memory(void)
{
	unsigned int i;

	for (i = 0; i < 1000; i++) {
		host_fail_after(0, true);
		host_work_step(0);
		host_fail_none();
	}
}

/* Keys of one long chain, which need spare lines to move, and one that kicks. */
static bool stalled_resize_goes_on(void)
{
	struct shardmap *map = make_table(1);
	struct shardmap_stats stats;
	unsigned int grew = 0;
	u64 key, found = 0;

	/* All in the first 64th of the hash space: one chain, whatever the size. */
	for (key = 1; found < 200; key++) {
		if (sm_hash(map, &key, sizeof(key)) >> 58)
			continue;
		EXPECT(!put_number(map, key));
		found++;
		/* The array is there, the spares are not. */
		host_fail_after(2, true);
		host_work_step(0);
		host_fail_none();
		settle_without_memory();
		grew += !!map->shards[0].next;
	}
	/* Else this tested nothing. */
	EXPECT(grew);
	EXPECT(!table_check(map));
	EXPECT(delete_number(map, 0) == -ENOENT);
	host_settle();
	EXPECT(!table_check_settled(map));
	shardmap_get_stats(map, &stats);
	EXPECT(stats.entries == found);
	return end_table(map);
}

/* Put @nr keys whose hashes begin with the six bits of @prefix. */
static bool put_at(struct shardmap *map, unsigned int prefix, unsigned int nr)
{
	u64 key;

	for (key = 1ULL << 32; nr; key++) {
		if (sm_hash(map, &key, sizeof(key)) >> 58 != prefix)
			continue;
		if (put_number(map, key))
			return false;
		nr--;
	}
	return true;
}

/* Two neighbours that are just full need two overflow lines when they merge. */
static bool full_neighbours_merge(void)
{
	const u64 others = 28 * SM_SLOTS;
	struct shardmap *map = make_table(1);
	const struct sm_array *array;
	u64 key;

	for (key = 0; key < others; key++)
		if (sm_hash(map, &key, sizeof(key)) >> 59)
			EXPECT(!put_number(map, key));
	host_settle();
	EXPECT(put_at(map, 0, SM_SLOTS));
	EXPECT(put_at(map, 1, SM_SLOTS));
	host_settle();
	array = map->shards[0].array;
	EXPECT(array->bits == 6 && !map->shards[0].spares);
	EXPECT(!((array->lines[0].tags | array->lines[1].tags) & SM_LINK));
	for (key = 0; key < others; key++)
		if (sm_hash(map, &key, sizeof(key)) >> 59)
			EXPECT(!delete_number(map, key));
	host_settle();
	EXPECT(map->shards[0].array->bits < 6);
	EXPECT(!table_check_settled(map));
	EXPECT(shardmap_count(map) == 2 * SM_SLOTS);
	return end_table(map);
}

/* Big values replaced at once: writers that may sleep wait for the memory. */
static bool removed_memory_is_bounded(void)
{
	struct shardmap *map = make_table(1);
	struct shardmap_stats stats;
	static char value[60000];
	unsigned int i, limit = SM_DEFERRED_MIN + 2 * SM_BATCH_OBJECTS * 61000;
	u64 key = 1;

	for (i = 0; i < 2000; i++) {
		EXPECT(!shardmap_put(map, &key, sizeof(key), value,
				     sizeof(value), SHARDMAP_PUT_ANY,
				     GFP_KERNEL, NULL));
		shardmap_get_stats(map, &stats);
		EXPECT(stats.deferred_bytes <= limit);
	}
	EXPECT(stats.entry_bytes == 24 + 8 + sizeof(value));
	return end_table(map);
}

/* A table's order must not depend on how wide a word is, nor ever change. */
static bool hashes_are_as_ever(void)
{
	static const siphash_key_t sip = { { 0x0706050403020100ULL,
					     0x0f0e0d0c0b0a0908ULL } };
	static const u64 secret[4] = { 0xa0761d6478bd642fULL,
				       0xe7037ed1a0b428dbULL,
				       0x8ebc6af09c88c6e3ULL,
				       0x589965cc75374cc3ULL };
	u64 sips = 0, folds = 0;
	unsigned char data[64];
	unsigned int i;

	/* First of the vectors of Aumasson's reference for 1-3. */
	EXPECT(sm_siphash13("", 0, &sip) == 0xabac0158050fc4dcULL);
	for (i = 0; i < sizeof(data); i++) {
		data[i] = i * 37 + 1;
		sips = rol64(sips, 5) ^ sm_siphash13(data, i + 1, &sip);
		folds = rol64(folds, 5) ^ sm_foldhash(data, i + 1, secret);
	}
	EXPECT(sips == 0x6e45b831b854492eULL);
	EXPECT(folds == 0xd0c9ded23160b73eULL);
	return true;
}

const struct test_case test_cases[] = {
	{ "create_checks_its_parameters", create_checks_its_parameters },
	{ "create_undoes_what_it_made", create_undoes_what_it_made },
	{ "memory_comes_back", memory_comes_back },
	{ "steps_over_empty_buckets_are_bounded",
	  steps_over_empty_buckets_are_bounded },
	{ "full_neighbours_merge", full_neighbours_merge },
	{ "stalled_resize_goes_on", stalled_resize_goes_on },
	{ "removed_memory_is_bounded", removed_memory_is_bounded },
	{ "hashes_are_as_ever", hashes_are_as_ever },
	{ "quota_is_of_all_tables", quota_is_of_all_tables },
	{ "quota_of_an_inline_table", quota_of_an_inline_table },
	{ "eviction_spares_what_is_used", eviction_spares_what_is_used },
	{ "eviction_goes_round", eviction_goes_round },
	{ "frozen_tables_evict_nothing", frozen_tables_evict_nothing },
	{ "freeze_waits_for_who_is_at_work", freeze_waits_for_who_is_at_work },
	{ "reservations_keep_to_the_quota", reservations_keep_to_the_quota },
	{ "memory_comes_back_in_time", memory_comes_back_in_time },
	{ "copies_end_in_time", copies_end_in_time },
	{ "what_is_over_makes_room", what_is_over_makes_room },
	{ "all_or_nothing_ends_in_time", all_or_nothing_ends_in_time },
	{ "one_spare_is_not_two", one_spare_is_not_two },
	{ "verbs_are_checked", verbs_are_checked },
	{},
};
