// SPDX-License-Identifier: GPL-2.0-only
/*
 * Watchers while threads change the table: changes of a key are told in their order,
 * and to whoever watches from the first that it could miss to the last.
 */
#include <linux/slab.h>
#include <linux/string.h>

#include "compat.h"
#include "kunit_util.h"

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

static int execute(struct shardmap *map, enum shardmap_verb verb, u64 key)
{
	static const u8 value[SMT_KIND_VALUE_MAX];
	u8 out[SMT_KIND_VALUE_MAX];
	bool stores = verb == SHARDMAP_DO_PUT || verb == SHARDMAP_DO_GET_OR_PUT;
	bool finds = verb == SHARDMAP_DO_TAKE || verb == SHARDMAP_DO_GET_OR_PUT;
	struct shardmap_request req = {
		.verb = verb,
		.flags = verb == SHARDMAP_DO_ADD ? SHARDMAP_REQ_CREATE : 0,
		.key = &key,
		.key_len = sizeof(key),
		.value = stores ? value : NULL,
		.value_len = stores ? map->max_value_len : 0,
		.out = finds ? out : NULL,
		.out_len = finds ? sizeof(out) : 0,
		.delta = verb == SHARDMAP_DO_ADD,
	};

	return shardmap_execute(map, &req, GFP_KERNEL);
}

static int do_something(struct smt_worker *w, u64 key)
{
	struct shardmap *map = w->crew->map;
	struct shardmap_position pos = { .hash = smt_random(&w->random) };
	u64 removed = 0;

	switch (smt_random(&w->random) % 16) {
	case 0:
		return min(shardmap_clear_step(map, &pos, &removed), 0);
	case 1 ... 2:
		return execute(map, SHARDMAP_DO_DELETE, key);
	case 3 ... 4:
		return execute(map, SHARDMAP_DO_TAKE, key);
	case 5 ... 7:
		return execute(map, SHARDMAP_DO_GET_OR_PUT, key);
	case 8 ... 10:
		if (map->max_value_len == sizeof(u64))
			return execute(map, SHARDMAP_DO_ADD, key);
		fallthrough;
	default:
		return execute(map, SHARDMAP_DO_PUT, key);
	}
}

/* Thread 0 makes the table grow and shrink under the others, with other keys. */
static const char *change_and_mirror(struct smt_worker *w)
{
	struct mirror *m = w->crew->arg;
	u64 turn = w->seen[0]++;
	int err;

	if (!w->index)
		err = execute(w->crew->map,
			      turn / 2000 % 2 ? SHARDMAP_DO_DELETE :
						SHARDMAP_DO_PUT,
			      HOT_KEYS + turn % 2000);
	else
		err = do_something(w, smt_random(&w->random) % HOT_KEYS);
	if (err && err != -ENOENT)
		return smt_problem(w, "error %d", err);
	return READ_ONCE(m->problem);
}

/* The version of a key that is there, or 0. */
static u64 version_of(struct shardmap *map, u64 key)
{
	u8 value[SMT_KIND_VALUE_MAX];
	struct shardmap_value found = { .buf = value, .len = sizeof(value) };

	return shardmap_get(map, &key, sizeof(key), &found) ? 0 : found.version;
}

static void what_is_told_adds_up_to_the_table(struct kunit *test)
{
	struct mirror *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	struct smt_crew crew = {
		.map = smt_create_kind(test),
		.arg = m,
		.step = change_and_mirror,
		.nr = 3,
		.steps = smt_ops(SMT_KINDS),
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

/* Threads that write while one comes and goes. */
#define OTHERS 2

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
	u64 key = w->step % HOT_KEYS, before, begin, end, after;
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
	execute(map, SHARDMAP_DO_ADD, key);
	if (smt_get(map, key, &end))
		problem = "a key is missing";
	shardmap_unwatch(map, &v->watcher);
	told = v->nr[key];
	if (smt_get(map, key, &after))
		problem = "a key is missing";
	/* A call that comes now finds freed memory. */
	kfree(v);
	/*
	 * A lookup may see a change a moment before it is told: the last one's when
	 * watching ends, the first one's before it begins, one of each other thread.
	 */
	if (!problem &&
	    (told + OTHERS < end - begin || told > after - before + OTHERS))
		problem = smt_problem(w, "told of %u, not %llu to %llu", told,
				      end - begin, after - before);
	return problem;
}

static const char *visit_or_add(struct smt_worker *w)
{
	int err;

	if (!w->index)
		return visit(w);
	err = execute(w->crew->map, SHARDMAP_DO_ADD,
		      smt_random(&w->random) % HOT_KEYS);
	return err ? smt_problem(w, "add: error %d", err) : NULL;
}

static void watchers_come_and_go_during_writes(struct kunit *test)
{
	struct smt_crew crew = {
		.map = smt_create_kind(test),
		.step = visit_or_add,
		.nr = 1 + OTHERS,
		.steps = smt_ops(4 * SMT_KINDS),
	};
	u64 key;

	for (key = 0; key < HOT_KEYS; key++)
		KUNIT_ASSERT_EQ(test, 0,
				execute(crew.map, SHARDMAP_DO_ADD, key));
	smt_crew_run(test, &crew);
	KUNIT_EXPECT_TRUE(test, hlist_empty(&crew.map->watchers));
	smt_expect_sound(test, crew.map);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(what_is_told_adds_up_to_the_table,
			 smt_kinds_gen_params),
	KUNIT_CASE_PARAM(watchers_come_and_go_during_writes,
			 smt_number_kinds_gen_params),
	{}
};

struct kunit_suite smt_watch_race_suite = {
	.name = "shardmap_watch_race",
	.suite_init = smt_suite_init,
	.suite_exit = smt_suite_exit,
	.test_cases = cases,
};
