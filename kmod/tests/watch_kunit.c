// SPDX-License-Identifier: GPL-2.0-only
/*
 * Watchers: each change is told once, to whoever watches.
 * Most cases run with each kind of table, as each has code of its own for updates.
 */
#include <linux/delay.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat.h"
#include "kunit_util.h"

#define VALUE_MAX SMT_KIND_VALUE_MAX

static int put(struct shardmap *map, u64 key, enum shardmap_put_mode mode,
	       u64 *version)
{
	static const u8 value[VALUE_MAX];
	struct shardmap_result result = {};
	int err = shardmap_put(map, &key, sizeof(key), value,
			       map->max_value_len, mode, GFP_KERNEL, &result);

	*version = result.version;
	return err;
}

static int get_or_put(struct shardmap *map, u64 key, u64 *version)
{
	u8 value[VALUE_MAX] = {};
	struct shardmap_value found = { .buf = value, .len = sizeof(value) };
	struct shardmap_result result = {};
	int err = shardmap_get_or_put(map, &key, sizeof(key), value,
				      map->max_value_len, &found, GFP_KERNEL,
				      &result);

	*version = result.version;
	return err;
}

/* The version of a key that is there, or 0. */
static u64 version_of(struct shardmap *map, u64 key)
{
	u8 value[VALUE_MAX];
	struct shardmap_value found = { .buf = value, .len = sizeof(value) };

	return shardmap_get(map, &key, sizeof(key), &found) ? 0 : found.version;
}

/**
 * struct log - a watcher that keeps what it is told
 * @watcher: how the table knows it
 * @nr: number of changes
 * @times: how many of them were of each kind
 * @kind: what happened last
 * @key_len: length of the key
 * @key: the key
 * @version: its version
 */
struct log {
	struct shardmap_watcher watcher;
	unsigned int nr;
	unsigned int times[SHARDMAP_EVENT_EVICT + 1];
	enum shardmap_event_kind kind;
	u32 key_len;
	u64 key;
	u64 version;
};

static void log_changed(struct shardmap_watcher *watcher,
			const struct shardmap_event *event)
{
	struct log *log = container_of(watcher, struct log, watcher);

	log->nr++;
	log->times[event->kind]++;
	log->kind = event->kind;
	log->key_len = event->key_len;
	memcpy(&log->key, event->key, min_t(u32, event->key_len, 8));
	log->version = event->version;
}

/* What each operation does to a key; it sets the version that is to be told. */

static int do_put(struct shardmap *map, u64 key, u64 *version)
{
	return put(map, key, SHARDMAP_PUT_ANY, version);
}

static int do_put_noexist(struct shardmap *map, u64 key, u64 *version)
{
	return put(map, key, SHARDMAP_PUT_NOEXIST, version);
}

static int do_put_exist(struct shardmap *map, u64 key, u64 *version)
{
	return put(map, key, SHARDMAP_PUT_EXIST, version);
}

static int do_add(struct shardmap *map, u64 key, u64 *version)
{
	struct shardmap_result result = {};
	u64 initial = 5;
	int err = shardmap_add(map, &key, sizeof(key), 1, &initial, GFP_KERNEL,
			       &result);

	*version = result.version;
	return err;
}

static int do_delete(struct shardmap *map, u64 key, u64 *version)
{
	*version = version_of(map, key);
	return shardmap_delete(map, &key, sizeof(key), GFP_KERNEL);
}

static int do_clear(struct shardmap *map, u64 key, u64 *version)
{
	struct shardmap_position pos = {};
	u64 removed = 0;
	int err;

	*version = version_of(map, key);
	while (!(err = shardmap_clear_step(map, &pos, &removed)))
		;
	return min(err, 0);
}

static int do_cas(struct shardmap *map, u64 key, u64 *version)
{
	static const u8 value[VALUE_MAX];
	struct shardmap_result result = {};
	int err = shardmap_cas(map, &key, sizeof(key), version_of(map, key),
			       value, map->max_value_len, GFP_KERNEL, &result);

	*version = result.version;
	return err;
}

static int do_stale_cas(struct shardmap *map, u64 key, u64 *version)
{
	static const u8 value[VALUE_MAX];

	return shardmap_cas(map, &key, sizeof(key), version_of(map, key) + 1,
			    value, map->max_value_len, GFP_KERNEL, NULL);
}

static int take(struct shardmap *map, u64 key, u32 room)
{
	u8 value[VALUE_MAX];
	struct shardmap_value taken = { .buf = value, .len = room };

	return shardmap_take(map, &key, sizeof(key), &taken, GFP_KERNEL);
}

static int do_take(struct shardmap *map, u64 key, u64 *version)
{
	*version = version_of(map, key);
	return take(map, key, VALUE_MAX);
}

static int do_take_too_small(struct shardmap *map, u64 key, u64 *version)
{
	return take(map, key, 1);
}

static int do_swap(struct shardmap *map, u64 key, u64 *version)
{
	u8 value[VALUE_MAX] = {}, out[VALUE_MAX];
	struct shardmap_request req = {
		.verb = SHARDMAP_DO_PUT,
		.flags = SHARDMAP_REQ_SWAP,
		.key = &key,
		.key_len = sizeof(key),
		.value = value,
		.value_len = map->max_value_len,
		.out = out,
		.out_len = sizeof(out),
	};
	int err = shardmap_execute(map, &req, GFP_KERNEL);

	*version = req.version;
	return err;
}

static int do_all(struct shardmap *map, u64 key, u64 *version)
{
	u64 other = ~key;
	struct shardmap_request req[] = {
		{
			.verb = SHARDMAP_DO_DELETE,
			.key = &key,
			.key_len = sizeof(key),
		},
		{
			.verb = SHARDMAP_DO_GET,
			.key = &other,
			.key_len = sizeof(other),
		},
	};

	/* Alone it would be carried out; the other fails it. */
	*version = version_of(map, key);
	if (shardmap_execute_all(map, req, 2, GFP_KERNEL) != -ECANCELED)
		return -EPROTO;
	return shardmap_execute_all(map, req, 1, GFP_KERNEL);
}

static int decide(const struct shardmap_view *old, void *value, void *arg)
{
	const struct shardmap *map = arg;

	memset(value, 1, map->max_value_len);
	return SHARDMAP_UPDATE_STORE;
}

static int decide_remove(const struct shardmap_view *old, void *value,
			 void *arg)
{
	return old ? SHARDMAP_UPDATE_REMOVE : SHARDMAP_UPDATE_KEEP;
}

static int do_update(struct shardmap *map, u64 key, u64 *version)
{
	struct shardmap_result result = {};
	int err = shardmap_update(map, &key, sizeof(key), map->max_value_len,
				  decide, map, GFP_KERNEL, &result);

	*version = result.version;
	return err;
}

static int do_update_remove(struct shardmap *map, u64 key, u64 *version)
{
	*version = version_of(map, key);
	return shardmap_update(map, &key, sizeof(key), map->max_value_len,
			       decide_remove, map, GFP_KERNEL, NULL);
}

/**
 * struct change - an operation and what is told of it
 * @name: for messages
 * @act: does it
 * @there: whether the key is there before
 * @err: what it returns
 * @kind: what is told, 0 if nothing
 * @numbers: it needs a table of numbers
 */
struct change {
	const char *name;
	int (*act)(struct shardmap *map, u64 key, u64 *version);
	bool there;
	int err;
	unsigned int kind;
	bool numbers;
};

static const struct change changes[] = {
	{ "put", do_put, false, 0, SHARDMAP_EVENT_INSERT },
	{ "put", do_put, true, 0, SHARDMAP_EVENT_UPDATE },
	{ "noexist", do_put_noexist, false, 0, SHARDMAP_EVENT_INSERT },
	{ "noexist", do_put_noexist, true, -EEXIST, 0 },
	{ "exist", do_put_exist, false, -ENOENT, 0 },
	{ "exist", do_put_exist, true, 0, SHARDMAP_EVENT_UPDATE },
	{ "get_or_put", get_or_put, false, 0, SHARDMAP_EVENT_INSERT },
	{ "get_or_put", get_or_put, true, 0, 0 },
	{ "add", do_add, false, 0, SHARDMAP_EVENT_INSERT, true },
	{ "add", do_add, true, 0, SHARDMAP_EVENT_UPDATE, true },
	{ "delete", do_delete, false, -ENOENT, 0 },
	{ "delete", do_delete, true, 0, SHARDMAP_EVENT_DELETE },
	{ "cas", do_cas, true, 0, SHARDMAP_EVENT_UPDATE },
	{ "stale cas", do_stale_cas, true, -ESTALE, 0 },
	{ "take", do_take, false, -ENOENT, 0 },
	{ "take", do_take, true, 0, SHARDMAP_EVENT_DELETE },
	{ "take too small", do_take_too_small, true, -ENOBUFS, 0 },
	{ "swap", do_swap, false, 0, SHARDMAP_EVENT_INSERT },
	{ "swap", do_swap, true, 0, SHARDMAP_EVENT_UPDATE },
	{ "all or nothing", do_all, true, 0, SHARDMAP_EVENT_DELETE },
	{ "update", do_update, false, 0, SHARDMAP_EVENT_INSERT },
	{ "update", do_update, true, 0, SHARDMAP_EVENT_UPDATE },
	{ "update away", do_update_remove, false, 0, 0 },
	{ "update away", do_update_remove, true, 0, SHARDMAP_EVENT_DELETE },
	{ "clear", do_clear, false, 0, 0 },
	{ "clear", do_clear, true, 0, SHARDMAP_EVENT_DELETE },
};

static void expect_told(struct kunit *test, const struct change *c,
			const struct log *log, u64 key, u64 version)
{
	KUNIT_EXPECT_EQ_MSG(test, c->kind ? 1 : 0, log->nr, "%s, %d", c->name,
			    c->there);
	if (!c->kind || !log->nr)
		return;
	KUNIT_EXPECT_EQ_MSG(test, c->kind, log->kind, "%s, %d", c->name,
			    c->there);
	KUNIT_EXPECT_EQ(test, sizeof(key), log->key_len);
	KUNIT_EXPECT_EQ(test, key, log->key);
	KUNIT_EXPECT_NE(test, 0, version);
	KUNIT_EXPECT_EQ_MSG(test, version, log->version, "%s, %d", c->name,
			    c->there);
}

static void each_change_is_told(struct kunit *test)
{
	struct shardmap *map = smt_create_kind(test);
	struct log log = { .watcher.changed = log_changed };
	u64 key, version;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(changes); i++) {
		const struct change *c = &changes[i];

		if (c->numbers && map->max_value_len != sizeof(u64))
			continue;
		key = smt_mix(i);
		if (c->there)
			KUNIT_ASSERT_EQ(test, 0, do_put(map, key, &version));
		log.nr = 0;
		shardmap_watch(map, &log.watcher);
		KUNIT_EXPECT_EQ_MSG(test, c->err, c->act(map, key, &version),
				    "%s, %d", c->name, c->there);
		shardmap_unwatch(map, &log.watcher);
		expect_told(test, c, &log, key, version);
		do_clear(map, key, &version);
	}
}

static int put_for(struct shardmap *map, u64 key, u64 ttl)
{
	struct shardmap_request req = {
		.verb = SHARDMAP_DO_PUT,
		.key = &key,
		.key_len = sizeof(key),
		.value = "value",
		.value_len = 5,
		.ttl = ttl,
	};

	return shardmap_execute(map, &req, GFP_KERNEL);
}

/* Told when the work takes it back. */
static void the_end_of_a_time_is_told(struct kunit *test)
{
	struct shardmap_params params = { .nr_shards = 1 };
	struct log log = { .watcher.changed = log_changed };
	struct shardmap *map = smt_create(test, &params);
	unsigned int i;

	shardmap_watch(map, &log.watcher);
	KUNIT_ASSERT_EQ(test, 0, put_for(map, 1, NSEC_PER_MSEC));
	for (i = 0; i < 500; i++) {
		msleep(20);
		flush_delayed_work(&map->expire_work);
		if (!shardmap_count(map))
			break;
	}
	shardmap_unwatch(map, &log.watcher);
	KUNIT_EXPECT_EQ(test, 2, log.nr);
	KUNIT_EXPECT_EQ(test, SHARDMAP_EVENT_EXPIRE, log.kind);
	KUNIT_EXPECT_EQ(test, 1, log.key);
}

/* Its place is taken before, or after, the work has come: twice it is told. */
static void what_replaces_an_ended_entry_is_new(struct kunit *test)
{
	struct shardmap_params params = { .nr_shards = 1 };
	struct log log = { .watcher.changed = log_changed };
	struct shardmap *map = smt_create(test, &params);
	unsigned int i;

	shardmap_watch(map, &log.watcher);
	for (i = 0; i < 100; i++) {
		KUNIT_ASSERT_EQ(test, 0, put_for(map, 1, 1));
		udelay(1);
	}
	KUNIT_ASSERT_EQ(test, 0, put_for(map, 1, 0));
	shardmap_unwatch(map, &log.watcher);
	KUNIT_EXPECT_EQ(test, 201, log.nr);
	KUNIT_EXPECT_EQ(test, 101, log.times[SHARDMAP_EVENT_INSERT]);
	KUNIT_EXPECT_EQ(test, 100, log.times[SHARDMAP_EVENT_EXPIRE]);
	KUNIT_EXPECT_EQ(test, SHARDMAP_EVENT_INSERT, log.kind);
}

static void what_is_evicted_is_told(struct kunit *test)
{
	struct shardmap_params params = {
		.flags = SHARDMAP_EVICT,
		.max_entries = 10,
	};
	struct log log = { .watcher.changed = log_changed };
	struct shardmap *map = smt_create(test, &params);
	u64 key;

	shardmap_watch(map, &log.watcher);
	for (key = 0; key < 100; key++)
		KUNIT_ASSERT_EQ(test, 0, put_for(map, key, 0));
	shardmap_unwatch(map, &log.watcher);
	KUNIT_EXPECT_EQ(test, 100, log.times[SHARDMAP_EVENT_INSERT]);
	KUNIT_EXPECT_EQ(test, 100 - shardmap_count(map),
			log.times[SHARDMAP_EVENT_EVICT]);
	KUNIT_EXPECT_EQ(test, log.nr,
			log.times[SHARDMAP_EVENT_INSERT] +
				log.times[SHARDMAP_EVENT_EVICT]);
}

static void all_watchers_are_told(struct kunit *test)
{
	struct shardmap *map = smt_create_kind(test);
	struct log log[3] = {};
	unsigned int i, out;
	u64 version;

	for (i = 0; i < ARRAY_SIZE(log); i++) {
		log[i].watcher.changed = log_changed;
		shardmap_watch(map, &log[i].watcher);
		KUNIT_ASSERT_EQ(test, 0, do_put(map, i, &version));
	}
	for (i = 0; i < ARRAY_SIZE(log); i++)
		KUNIT_EXPECT_EQ(test, ARRAY_SIZE(log) - i, log[i].nr);
	/* Each place in the list, and back again. */
	for (out = 0; out < ARRAY_SIZE(log); out++) {
		shardmap_unwatch(map, &log[out].watcher);
		for (i = 0; i < ARRAY_SIZE(log); i++)
			log[i].nr = 0;
		KUNIT_ASSERT_EQ(test, 0, do_put(map, out, &version));
		for (i = 0; i < ARRAY_SIZE(log); i++)
			KUNIT_EXPECT_EQ(test, i != out, log[i].nr);
		shardmap_watch(map, &log[out].watcher);
	}
	for (i = 0; i < ARRAY_SIZE(log); i++)
		shardmap_unwatch(map, &log[i].watcher);
	KUNIT_ASSERT_EQ(test, 0, do_put(map, 1, &version));
	KUNIT_EXPECT_TRUE(test, hlist_empty(&map->watchers));
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(each_change_is_told, smt_kinds_gen_params),
	KUNIT_CASE(the_end_of_a_time_is_told),
	KUNIT_CASE(what_replaces_an_ended_entry_is_new),
	KUNIT_CASE(what_is_evicted_is_told),
	KUNIT_CASE_PARAM(all_watchers_are_told, smt_kinds_gen_params),
	{}
};

struct kunit_suite smt_watch_suite = {
	.name = "shardmap_watch",
	.suite_init = smt_suite_init,
	.suite_exit = smt_suite_exit,
	.test_cases = cases,
};
