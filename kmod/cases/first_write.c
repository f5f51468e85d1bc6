// SPDX-License-Identifier: GPL-2.0-only
/*
 * Look, find nothing, create, store
 *
 * Two threads look at the same moment, both create an object for the key, and
 * the second store drops the first.  Each call is correct, and no memory is raced
 * for, so KCSAN has nothing to say: the wrong result is the only witness.
 *
 * Go: if _, ok := m.Load(k); !ok { m.Store(k, v) }.
 * Cure: one operation that does both, LoadOrStore there, shardmap_get_or_put() here.
 */
#include <linux/err.h>
#include <linux/shardmap.h>

#include "cases.h"

static const u64 key = 1;

/**
 * struct tally - what a thread has done
 * @created: how often it takes itself for the one that created the key
 * @deleted: how often it deleted it
 */
struct tally {
	u64 created;
	u64 deleted;
};

/**
 * struct scene - what the threads share
 * @map: the table
 * @of: what they have done, by thread
 */
struct scene {
	struct shardmap *map;
	struct tally of[SM_CASE_THREADS];
};

static bool check_then_put(struct shardmap *map)
{
	u64 value = 1;
	struct shardmap_value found = { .buf = &value, .len = sizeof(value) };

	return shardmap_get(map, &key, sizeof(key), &found) == -ENOENT &&
	       !shardmap_put(map, &key, sizeof(key), &value, sizeof(value),
			     SHARDMAP_PUT_ANY, GFP_KERNEL, NULL);
}

static bool get_or_put(struct shardmap *map)
{
	u64 value = 1;
	struct shardmap_value found = { .buf = &value, .len = sizeof(value) };
	struct shardmap_result result;

	return !shardmap_get_or_put(map, &key, sizeof(key), &value,
				    sizeof(value), &found, GFP_KERNEL,
				    &result) &&
	       result.inserted;
}

static void create_or_delete(struct scene *scene, unsigned int thread,
			     u64 round, bool (*create)(struct shardmap *map))
{
	struct tally *tally = &scene->of[thread];

	if (round & 1)
		tally->deleted += !shardmap_delete(scene->map, &key,
						   sizeof(key), GFP_KERNEL);
	else
		tally->created += create(scene->map);
}

static void race_to_put(struct sm_case_race *race, unsigned int thread,
			u64 round)
{
	create_or_delete(race->arg, thread, round, check_then_put);
}

static void race_to_get_or_put(struct sm_case_race *race, unsigned int thread,
			       u64 round)
{
	create_or_delete(race->arg, thread, round, get_or_put);
}

static int first_write_run(struct sm_case_run *run)
{
	static const struct shardmap_params params = {};
	struct scene scene = { .map = shardmap_create(&params) };
	struct sm_case_race race = {
		.step = run->buggy ? race_to_put : race_to_get_or_put,
		.arg = &scene,
	};
	u64 created, gone;
	int err;

	if (IS_ERR(scene.map))
		return PTR_ERR(scene.map);
	err = sm_case_race(&race);
	created = scene.of[0].created + scene.of[1].created;
	gone = scene.of[0].deleted + scene.of[1].deleted +
	       shardmap_count(scene.map);
	shardmap_destroy(scene.map);
	if (err)
		return err;
	return sm_case_tell_lost(run, created - gone, created, "first values");
}

const struct sm_case sm_case_first_write = {
	.name = "first_write",
	.run = first_write_run,
};
