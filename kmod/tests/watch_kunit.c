// SPDX-License-Identifier: GPL-2.0-only
/*
 * Watchers: each change is told once, in the order of its key, to whoever watches.
 * All cases run with each kind of table, as each has code of its own for updates.
 */
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat.h"
#include "kunit_util.h"

#define VALUE_MAX 24U

/* Kinds of tables: numbers that change in place, entries that are replaced, cells. */
static const struct table_kind {
	const char *name;
	unsigned int flags;
	u32 value_len;
} kinds[] = {
	{ "numbers", 0, 8 },
	{ "values", 0, VALUE_MAX },
	{ "inline", SHARDMAP_INLINE, 8 },
};

static const void *kinds_gen_params(const void *prev, char *desc)
{
	const struct table_kind *kind = prev;

	kind = kind ? kind + 1 : kinds;
	if (kind == kinds + ARRAY_SIZE(kinds))
		return NULL;
	strscpy(desc, kind->name, KUNIT_PARAM_DESC_SIZE);
	return kind;
}

static struct shardmap *create(struct kunit *test)
{
	const struct table_kind *kind = test->param_value;
	struct shardmap_params params = {
		.flags = kind->flags,
		.nr_shards = 4,
		.max_key_len = 8,
		.max_value_len = kind->value_len,
	};

	return smt_create(test, &params);
}

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
 * @kind: what happened last
 * @key_len: length of the key
 * @key: the key
 * @version: its version
 */
struct log {
	struct shardmap_watcher watcher;
	unsigned int nr;
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

/**
 * struct change - an operation and what is told of it
 * @name: for messages
 * @act: does it
 * @there: whether the key is there before
 * @err: what it returns
 * @kind: what is told, 0 if nothing
 * @numbers: it needs a table of numbers
 */
static const struct change {
	const char *name;
	int (*act)(struct shardmap *map, u64 key, u64 *version);
	bool there;
	int err;
	unsigned int kind;
	bool numbers;
} changes[] = {
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
	struct shardmap *map = create(test);
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

static void all_watchers_are_told(struct kunit *test)
{
	struct shardmap *map = create(test);
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

#define HOT_KEYS 32U

/**
 * struct mirror - a watcher that knows what is in the table
 * @watcher: how the table knows it
 * @version: of each key that is there, else 0; under the lock of its shard
 * @problem: what did not follow from what was told before
 */
struct mirror {
	struct shardmap_watcher watcher;
	u64 version[HOT_KEYS];
	const char *problem;
};

static void mirror_changed(struct shardmap_watcher *watcher,
			   const struct shardmap_event *event)
{
	struct mirror *m = container_of(watcher, struct mirror, watcher);
	u64 key, was;

	memcpy(&key, event->key, sizeof(key));
	if (key >= HOT_KEYS)
		return;
	was = m->version[key];
	switch (event->kind) {
	case SHARDMAP_EVENT_INSERT:
		if (was)
			WRITE_ONCE(m->problem, "inserted while it was there");
		m->version[key] = event->version;
		break;
	case SHARDMAP_EVENT_UPDATE:
		if (!was || event->version <= was)
			WRITE_ONCE(m->problem, "updates out of order");
		m->version[key] = event->version;
		break;
	default:
		if (event->version != was)
			WRITE_ONCE(m->problem, "removed in another version");
		m->version[key] = 0;
	}
}

static int do_something(struct smt_worker *w, u64 key)
{
	struct shardmap *map = w->crew->map;
	u64 number = smt_random(&w->random), version = 0;
	struct shardmap_position pos = {
		.hash = smt_random(&w->random),
	};

	switch (number % 16) {
	case 0:
		return min(shardmap_clear_step(map, &pos, &version), 0);
	case 1 ... 4:
		return do_delete(map, key, &version);
	case 5 ... 7:
		return get_or_put(map, key, &version);
	case 8 ... 10:
		if (map->max_value_len == sizeof(u64))
			return do_add(map, key, &version);
		fallthrough;
	default:
		return do_put(map, key, &version);
	}
}

/* Thread 0 makes the table grow and shrink under the others, with other keys. */
static const char *change_and_mirror(struct smt_worker *w)
{
	struct mirror *m = w->crew->arg;
	u64 key = smt_random(&w->random) % HOT_KEYS, version;
	int err;

	if (!w->index) {
		key = HOT_KEYS + w->seen[0]++ % 2000;
		err = w->seen[0] / 2000 % 2 ?
			      do_delete(w->crew->map, key, &version) :
			      do_put(w->crew->map, key, &version);
	} else {
		err = do_something(w, key);
	}
	if (err && err != -ENOENT)
		return smt_problem(w, "error %d", err);
	return READ_ONCE(m->problem);
}

static void what_is_told_adds_up_to_the_table(struct kunit *test)
{
	struct mirror *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	struct smt_crew crew = {
		.map = create(test),
		.arg = m,
		.step = change_and_mirror,
		.nr = 3,
		.steps = smt_ops(ARRAY_SIZE(kinds)),
	};
	u64 key;

	KUNIT_ASSERT_NOT_NULL(test, m);
	m->watcher.changed = mirror_changed;
	shardmap_watch(crew.map, &m->watcher);
	smt_crew_run(test, &crew);
	shardmap_unwatch(crew.map, &m->watcher);
	for (key = 0; key < HOT_KEYS; key++)
		KUNIT_EXPECT_EQ(test, m->version[key],
				version_of(crew.map, key));
	smt_expect_sound(test, crew.map);
}

/**
 * struct visitor - a watcher that counts one key's changes for a short time
 * @watcher: how the table knows it
 * @nr: changes of each key, under the lock of its shard
 */
struct visitor {
	struct shardmap_watcher watcher;
	unsigned int nr[HOT_KEYS];
};

static void visitor_changed(struct shardmap_watcher *watcher,
			    const struct shardmap_event *event)
{
	struct visitor *v = container_of(watcher, struct visitor, watcher);
	u64 key;

	memcpy(&key, event->key, sizeof(key));
	v->nr[key % HOT_KEYS]++;
}

/* A writer that begins before and ends after must be told or be seen. */
static const char *visit(struct smt_worker *w)
{
	struct visitor *v = kzalloc(sizeof(*v), GFP_KERNEL);
	struct shardmap *map = w->crew->map;
	u64 key = w->step % HOT_KEYS, before, begin, end, after, version;
	const char *problem = NULL;
	unsigned int told;

	if (!v)
		return "no memory";
	v->watcher.changed = visitor_changed;
	if (smt_get(map, key, &before))
		problem = "a key is missing";
	shardmap_watch(map, &v->watcher);
	if (smt_get(map, key, &begin))
		problem = "a key is missing";
	do_add(map, key, &version);
	if (smt_get(map, key, &end))
		problem = "a key is missing";
	shardmap_unwatch(map, &v->watcher);
	told = v->nr[key];
	if (smt_get(map, key, &after))
		problem = "a key is missing";
	/* A call that comes now finds freed memory. */
	kfree(v);
	if (!problem && (told < end - begin || told > after - before))
		problem = smt_problem(w, "told of %u, not %llu to %llu", told,
				      end - begin, after - before);
	return problem;
}

static const char *visit_or_add(struct smt_worker *w)
{
	u64 version;
	int err;

	if (!w->index)
		return visit(w);
	err = do_add(w->crew->map, smt_random(&w->random) % HOT_KEYS, &version);
	return err ? smt_problem(w, "add: error %d", err) : NULL;
}

static void watchers_come_and_go_during_writes(struct kunit *test)
{
	struct smt_crew crew = {
		.map = create(test),
		.step = visit_or_add,
		.nr = 3,
		.steps = smt_ops(ARRAY_SIZE(kinds)),
	};
	u64 key, version;

	if (crew.map->max_value_len != sizeof(u64))
		kunit_skip(test, "needs numbers");
	for (key = 0; key < HOT_KEYS; key++)
		KUNIT_ASSERT_EQ(test, 0, do_add(crew.map, key, &version));
	smt_crew_run(test, &crew);
	KUNIT_EXPECT_TRUE(test, hlist_empty(&crew.map->watchers));
	smt_expect_sound(test, crew.map);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(each_change_is_told, kinds_gen_params),
	KUNIT_CASE_PARAM(all_watchers_are_told, kinds_gen_params),
	KUNIT_CASE_PARAM(what_is_told_adds_up_to_the_table, kinds_gen_params),
	KUNIT_CASE_PARAM(watchers_come_and_go_during_writes, kinds_gen_params),
	{}
};

struct kunit_suite smt_watch_suite = {
	.name = "shardmap_watch",
	.suite_init = smt_suite_init,
	.suite_exit = smt_suite_exit,
	.test_cases = cases,
};
