// SPDX-License-Identifier: GPL-2.0-only
/* Quotas, eviction, times to live and freezing, with a plan. */
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <time.h>

#include <linux/jiffies.h>

#include "core/core.h"
#include "core/internal.h"
#include "core/line.h"

#include "cases.h"
#include "table_check.h"

static struct shardmap *make_table(const struct shardmap_params *params)
{
	struct shardmap *map;

	if (sm_core_init())
		host_bug("sm_core_init()");
	map = shardmap_create(params);
	if (IS_ERR(map))
		host_bug("shardmap_create()");
	return map;
}

static bool end_table(struct shardmap *map)
{
	shardmap_destroy(map);
	sm_core_exit();
	return !host_live_allocations();
}

static int put_string(struct shardmap *map, u64 key, u32 len, u64 ttl)
{
	static const char value[1000];
	struct shardmap_request req = {
		.verb = SHARDMAP_DO_PUT,
		.key = &key,
		.key_len = sizeof(key),
		.value = value,
		.value_len = len,
		.ttl = ttl,
	};

	return shardmap_execute(map, &req, GFP_KERNEL);
}

static int get_number(struct shardmap *map, u64 key, unsigned int flags)
{
	u64 number;
	struct shardmap_request req = {
		.flags = flags,
		.key = &key,
		.key_len = sizeof(key),
		.out = &number,
		.out_len = sizeof(number),
	};

	return shardmap_execute(map, &req, GFP_KERNEL);
}

/* Fill until the quota refuses; returns how many entries that took. */
static u64 fill_quota(struct shardmap *map)
{
	u64 key = 0;
	int err;

	do {
		err = put_string(map, key, 100, 0);
		host_settle();
	} while (!err && ++key < 10000);
	return err == -EDQUOT ? key : 0;
}

bool quota_is_of_all_tables(void)
{
	struct shardmap_params params = { .nr_shards = 1,
					  .max_entries = 100000,
					  .max_bytes = 1 << 30 };
	struct shardmap *first, *second;
	struct shardmap_stats stats;
	struct shardmap_quota *quota = shardmap_quota_create(50000);
	u64 nr, key;

	params.quota = quota;
	first = make_table(&params);
	second = shardmap_create(&params);
	nr = fill_quota(first);
	EXPECT(nr > 200 && shardmap_quota_bytes(quota) <= 50000);
	EXPECT(shardmap_quota_bytes(quota) > 49000);
	EXPECT(put_string(second, 1, 100, 0) == -EDQUOT);
	/* What was refused is not held against the other limits either. */
	shardmap_get_stats(first, &stats);
	EXPECT((u64)atomic64_read(&first->bytes_held) == stats.entry_bytes);
	EXPECT((u64)atomic64_read(&first->entries_held) == stats.entries);
	/* What gets smaller, or goes, is never refused. */
	EXPECT(!put_string(first, 1, 50, 0));
	for (key = 0; key < nr / 2; key++)
		EXPECT(!shardmap_delete(first, &key, sizeof(key), GFP_KERNEL));
	EXPECT(!put_string(second, 1, 100, 0));
	shardmap_destroy(first);
	host_settle();
	EXPECT(fill_quota(second) >= nr);
	shardmap_destroy(second);
	host_settle();
	EXPECT(!shardmap_quota_bytes(quota));
	shardmap_quota_put(quota);
	shardmap_quota_put(NULL);
	sm_core_exit();
	EXPECT(!host_live_allocations());
	return true;
}

/* Entries of an inline table count by their index. */
bool quota_of_an_inline_table(void)
{
	struct shardmap_params params = { .flags = SHARDMAP_INLINE,
					  .nr_shards = 1,
					  .max_key_len = 8,
					  .max_value_len = 8 };
	struct shardmap_quota *quota = shardmap_quota_create(20000);
	struct shardmap *map;
	u64 key;
	int err = 0;

	params.quota = quota;
	map = make_table(&params);
	shardmap_quota_put(quota);
	for (key = 0; key < 10000 && !err; key++) {
		err = put_string(map, key, 8, 0);
		host_settle();
	}
	EXPECT(err == -EDQUOT && key > 100);
	EXPECT(put_string(map, 0, 8, 0) == 0);
	EXPECT(shardmap_quota_bytes(quota) > 20000);
	EXPECT(!table_check(map));
	return end_table(map);
}

/* Of ten keys looked up before each insertion, how many are left? */
static unsigned int survivors(unsigned int flags)
{
	const struct shardmap_params params = { .flags = SHARDMAP_EVICT,
						.nr_shards = 1,
						.max_entries = 200 };
	struct shardmap *map = make_table(&params);
	unsigned int nr = 0;
	u64 key, hot;

	for (key = 1000; key < 1400; key++)
		if (put_string(map, key, 8, 0))
			return ~0U;
	for (hot = 0; hot < 10; hot++)
		if (put_string(map, hot, 8, 0))
			return ~0U;
	for (; key < 2400; key++) {
		for (hot = 0; hot < 10; hot++)
			get_number(map, hot, flags);
		if (put_string(map, key, 8, 0))
			return ~0U;
	}
	for (hot = 0; hot < 10; hot++)
		nr += !get_number(map, hot, 0);
	if (shardmap_count(map) != 200 || !end_table(map))
		return ~0U;
	return nr;
}

bool eviction_spares_what_is_used(void)
{
	EXPECT(survivors(0) >= 8 && survivors(0) <= 10);
	EXPECT(survivors(SHARDMAP_REQ_NO_TOUCH) <= 2);
	return true;
}

/* All shards give, not only that of the key. */
bool eviction_goes_round(void)
{
	const struct shardmap_params params = { .flags = SHARDMAP_EVICT,
						.nr_shards = 8,
						.max_bytes = 2000 };
	struct shardmap *map = make_table(&params);
	struct shardmap_stats stats;
	u64 key;

	for (key = 0; key < 40; key++)
		EXPECT(!put_string(map, key, 8, 0));
	EXPECT(!put_string(map, 99, 900, 0));
	EXPECT(put_string(map, 99, 1000, 0) == 0);
	EXPECT(shardmap_count(map) > 1);
	for (key = 200; key < 204; key++)
		EXPECT(!put_string(map, key, 900, 0));
	shardmap_get_stats(map, &stats);
	EXPECT(stats.evicted >= 20 && stats.entry_bytes <= 2000);
	return end_table(map);
}

/* The first half of shardmap_freeze(): the second waits for the lock held here. */
static int freeze_at_once(const struct shardmap_view *old, void *value,
			  void *arg)
{
	struct shardmap *map = arg;

	WRITE_ONCE(map->frozen, true);
	memset(value, 0, 900);
	return SHARDMAP_UPDATE_STORE;
}

/* Not even for an update that has found the table full before. */
bool frozen_tables_evict_nothing(void)
{
	const struct shardmap_params params = { .flags = SHARDMAP_EVICT,
						.nr_shards = 1,
						.max_bytes = 2000 };
	struct shardmap *map = make_table(&params);
	struct shardmap_stats stats;
	u64 key;

	for (key = 0; key < 40; key++)
		EXPECT(!put_string(map, key, 8, 0));
	EXPECT(shardmap_update(map, &key, sizeof(key), 900, freeze_at_once, map,
			       GFP_KERNEL, NULL) == -EROFS);
	shardmap_get_stats(map, &stats);
	EXPECT(!stats.evicted && stats.entries == 40);
	return end_table(map);
}

/* One that fails leaves the index and the reservation of before. */
bool reservations_keep_to_the_quota(void)
{
	struct shardmap_quota *quota = shardmap_quota_create(64 << 10);
	const struct shardmap_params params = { .nr_shards = 1,
						.quota = quota };
	struct shardmap *map = make_table(&params);
	struct shardmap_stats before, after;
	u64 held;

	EXPECT(!shardmap_reserve(map, 1000));
	shardmap_get_stats(map, &before);
	held = shardmap_quota_bytes(quota);
	EXPECT(held >= before.index_bytes && held <= 64 << 10);
	EXPECT(shardmap_reserve(map, 20000) == -EDQUOT);
	host_settle();
	shardmap_get_stats(map, &after);
	EXPECT(after.index_bytes == before.index_bytes);
	EXPECT(shardmap_quota_bytes(quota) == held);
	shardmap_destroy(map);
	sm_core_exit();
	EXPECT(!shardmap_quota_bytes(quota));
	shardmap_quota_put(quota);
	return !host_live_allocations();
}

static struct shardmap *frozen_map;
static bool freeze_returned;

static void *freeze_thread(void *arg)
{
	host_thread_enter();
	shardmap_freeze(frozen_map);
	WRITE_ONCE(freeze_returned, true);
	host_thread_exit();
	return arg;
}

/* The caller holds the key's shard: a freeze that has begun must not return yet. */
static int freeze_meanwhile(const struct shardmap_view *old, void *value,
			    void *arg)
{
	const struct timespec moment = { .tv_nsec = 1000000 };
	bool *returned = arg;
	pthread_t thread;
	unsigned int i;

	if (pthread_create(&thread, NULL, freeze_thread, NULL))
		return -EAGAIN;
	pthread_detach(thread);
	while (!shardmap_is_frozen(frozen_map))
		sched_yield();
	for (i = 0; i < 20 && !READ_ONCE(freeze_returned); i++)
		nanosleep(&moment, NULL);
	*returned = READ_ONCE(freeze_returned);
	memset(value, 0, 8);
	return SHARDMAP_UPDATE_STORE;
}

bool freeze_waits_for_who_is_at_work(void)
{
	const struct shardmap_params params = { .nr_shards = 1 };
	bool returned = true;
	u64 key = 1;

	frozen_map = make_table(&params);
	EXPECT(!shardmap_update(frozen_map, &key, sizeof(key), 8,
				freeze_meanwhile, &returned, GFP_KERNEL, NULL));
	EXPECT(!returned);
	while (!READ_ONCE(freeze_returned))
		sched_yield();
	EXPECT(shardmap_delete(frozen_map, &key, sizeof(key), GFP_KERNEL) ==
	       -EROFS);
	return end_table(frozen_map);
}

/* More at once than one step takes, and some that have long to live. */
bool memory_comes_back_in_time(void)
{
	const struct shardmap_params params = { .nr_shards = 2 };
	struct shardmap *map = make_table(&params);
	const u64 tick = NSEC_PER_SEC / HZ, nr = 3000;
	struct shardmap_stats stats;
	u64 key;

	for (key = 0; key < nr; key++)
		EXPECT(!put_string(map, key, 20,
				   key % 3 ? (1 + key % 5) * tick : U64_MAX));
	while (host_work_step(0))
		;
	EXPECT(shardmap_count(map) == nr);
	host_time_pass(6);
	EXPECT(get_number(map, 1, 0) == -ENOENT);
	EXPECT(get_number(map, 3, 0) == -ENOBUFS);
	EXPECT(shardmap_count(map) == nr);
	host_time_pass(HZ / 8);
	while (host_work_step(0))
		;
	EXPECT(shardmap_count(map) == nr / 3);
	shardmap_get_stats(map, &stats);
	EXPECT(stats.expired == nr - nr / 3);
	EXPECT(!table_check(map));
	return end_table(map);
}

/* Those that are left of a table that shrank are copied, with when they end. */
bool copies_end_in_time(void)
{
	const struct shardmap_params params = { .nr_shards = 1 };
	struct shardmap *map = make_table(&params);
	const u64 tick = NSEC_PER_SEC / HZ, nr = 2000, left = 20;
	unsigned int dense_bits;
	u64 key;

	for (key = 0; key < nr; key++) {
		EXPECT(!put_string(map, key, 20, 1000 * tick));
		while (host_work_step(0))
			;
	}
	dense_bits = map->shards[0].dense_bits;
	for (key = left; key < nr; key++)
		EXPECT(!shardmap_delete(map, &key, sizeof(key), GFP_KERNEL));
	while (host_work_step(0))
		;
	EXPECT(map->shards[0].dense_bits + 2 <= dense_bits);
	host_time_pass(999);
	for (key = 0; key < left; key++)
		EXPECT(get_number(map, key, 0) == -ENOBUFS);
	host_time_pass(2);
	for (key = 0; key < left; key++)
		EXPECT(get_number(map, key, 0) == -ENOENT);
	return end_table(map);
}

/* Also if nobody but an all-or-nothing call says that there is something to do. */
bool all_or_nothing_ends_in_time(void)
{
	const struct shardmap_params params = { .nr_shards = 2 };
	struct shardmap *map = make_table(&params);
	const u64 keys[2] = { 1, 2 };
	struct shardmap_request reqs[2];
	unsigned int i;

	for (i = 0; i < 2; i++)
		reqs[i] = (struct shardmap_request){
			.verb = SHARDMAP_DO_PUT,
			.key = &keys[i],
			.key_len = sizeof(keys[i]),
			.value = &keys[i],
			.value_len = sizeof(keys[i]),
			.ttl = NSEC_PER_SEC / HZ,
		};
	EXPECT(!shardmap_execute_all(map, reqs, 2, GFP_KERNEL));
	EXPECT(shardmap_count(map) == 2);
	host_time_pass(2);
	while (host_work_step(0))
		;
	EXPECT(!shardmap_count(map));
	return end_table(map);
}

/* An insertion into a full table takes the place of what is over. */
bool what_is_over_makes_room(void)
{
	const struct shardmap_params params = { .nr_shards = 2,
						.max_entries = 10 };
	struct shardmap *map = make_table(&params);
	const u64 tick = NSEC_PER_SEC / HZ;
	u64 key;

	for (key = 0; key < 10; key++)
		EXPECT(!put_string(map, key, 20, key ? 0 : tick));
	EXPECT(put_string(map, 10, 20, 0) == -ENOSPC);
	host_time_pass(1);
	EXPECT(!put_string(map, 10, 20, 0));
	EXPECT(put_string(map, 11, 20, 0) == -ENOSPC);
	return end_table(map);
}

/* The next key whose hash begins with so many bits of @prefix. */
static u64 key_at(struct shardmap *map, unsigned int bits, u64 prefix)
{
	static u64 key;

	do {
		key++;
	} while (sm_hash(map, &key, sizeof(key)) >> (64 - bits) != prefix);
	return key;
}

/*
 * Two keys, and one spare line: the first needs it for its full bucket, and moving the
 * other's bucket needs it, too.
 */
bool one_spare_is_not_two(void)
{
	const struct shardmap_params params = { .nr_shards = 1 };
	const unsigned int bits = SM_MIN_BITS + 1, last = (1U << bits) - 2;
	struct shardmap *map = make_table(&params);
	struct sm_shard *shard = &map->shards[0];
	u64 key = 0, keys[2];
	struct shardmap_request reqs[2] = {};
	unsigned int i;

	for (i = 0; i < SM_SLOTS + 1; i++) {
		keys[1] = key_at(map, bits, last);
		EXPECT(!put_string(map, keys[1], 20, 0));
	}
	for (i = 1; shard->count <= shard->array->grow_at; i = (i + 2) % last)
		EXPECT(!put_string(map, key_at(map, bits, i), 20, 0));
	/* There is memory for the next array, and none for spares. */
	host_fail_after(2, true);
	host_work_step(0);
	host_fail_none();
	EXPECT(shard->next && shard->stalled && !shard->spares);
	for (i = 0; i < SM_SLOTS; i++)
		EXPECT(!put_string(map, key_at(map, bits, 0), 20, 0));
	EXPECT(!sm_spare_refill(map, shard, GFP_KERNEL));
	keys[0] = key_at(map, bits, 0);
	for (i = 0; i < 2; i++)
		reqs[i] = (struct shardmap_request){ .verb = SHARDMAP_DO_PUT,
						     .key = &keys[i],
						     .key_len = sizeof(key),
						     .value = &key,
						     .value_len = sizeof(key) };
	EXPECT(!shardmap_execute_all(map, reqs, 2, GFP_KERNEL));
	EXPECT(!table_check(map));
	host_settle();
	EXPECT(!table_check_settled(map));
	return end_table(map);
}

/* Numbers that no verb has. */
bool verbs_are_checked(void)
{
	const struct shardmap_params params = { .nr_shards = 1 };
	struct shardmap *map = make_table(&params);
	u64 key = 1;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		struct shardmap_request req = { .verb = SHARDMAP_VERBS + i,
						.key = &key,
						.key_len = sizeof(key) };

		EXPECT(shardmap_execute(map, &req, GFP_KERNEL) == -EINVAL);
		EXPECT(shardmap_execute_all(map, &req, 1, GFP_KERNEL) ==
			       -ECANCELED &&
		       req.err == -EINVAL);
	}
	return end_table(map);
}
