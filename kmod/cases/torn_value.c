// SPDX-License-Identifier: GPL-2.0-only
/*
 * A value is changed where it stands
 *
 * shardmap_find_rcu() shows the entry itself, which others read at the same time.
 * Who writes there has them read a value that is half new.
 *
 * Go: two goroutines and a struct in a map, without a lock.
 * Cure: shardmap_put(), which stores a new entry whole.
 */
#include <linux/err.h>
#include <linux/rcupdate.h>
#include <linux/shardmap.h>
#include <linux/string.h>

#include "cases.h"

#define OVERWRITES 16

static const u64 key = 1;

/* All words of a value are alike, unless it is torn. */
struct value {
	u64 words[32];
};

struct scene {
	struct shardmap *map;
	u64 torn;
};

static void fill(struct value *value, u64 number)
{
	memset64(value->words, (number & 0xff) * 0x0101010101010101,
		 ARRAY_SIZE(value->words));
}

static noinline void torn_value_overwrite(struct shardmap *map, u64 round)
{
	struct shardmap_view view;
	struct value value;
	unsigned int i;

	rcu_read_lock();
	if (!shardmap_find_rcu(map, &key, sizeof(key), &view)) {
		for (i = 0; i < OVERWRITES; i++) {
			fill(&value, round + i);
			memcpy((void *)view.value, &value, sizeof(value));
		}
	}
	rcu_read_unlock();
}

static int put(struct shardmap *map, const struct value *value)
{
	return shardmap_put(map, &key, sizeof(key), value, sizeof(*value),
			    SHARDMAP_PUT_ANY, GFP_KERNEL, NULL);
}

static noinline void torn_value_look(struct scene *scene)
{
	struct value value;
	struct shardmap_value found = { .buf = &value, .len = sizeof(value) };

	if (shardmap_get(scene->map, &key, sizeof(key), &found) ||
	    memchr_inv(value.words, *(u8 *)value.words, sizeof(value)))
		scene->torn++;
}

static void overwrite_or_look(struct sm_case_race *race, unsigned int thread,
			      u64 round)
{
	struct scene *scene = race->arg;

	if (thread)
		torn_value_look(scene);
	else
		torn_value_overwrite(scene->map, round);
}

static void put_or_look(struct sm_case_race *race, unsigned int thread,
			u64 round)
{
	struct scene *scene = race->arg;
	struct value value;

	if (thread) {
		torn_value_look(scene);
		return;
	}
	fill(&value, round);
	if (put(scene->map, &value))
		pr_warn_once("a put has failed\n");
}

static int torn_value_run(struct sm_case_run *run)
{
	static const struct shardmap_params params = {};
	struct scene scene = { .map = shardmap_create(&params) };
	struct sm_case_race race = {
		.step = run->buggy ? overwrite_or_look : put_or_look,
		.arg = &scene,
	};
	struct value value;
	int err;

	if (IS_ERR(scene.map))
		return PTR_ERR(scene.map);
	fill(&value, 0);
	err = put(scene.map, &value);
	if (!err)
		err = sm_case_race(&race);
	shardmap_destroy(scene.map);
	if (!err)
		err = sm_case_tell_lost(run, scene.torn, race.done[1],
					"whole values");
	return err;
}

const struct sm_case sm_case_torn_value = {
	.name = "torn_value",
	.run = torn_value_run,
};
