// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tag words of a live table are stored without a release
 *
 * What sm_publish_tags() would be as a plain store.  A lookup that sees the tag
 * need not see the entry.
 *
 * Go: a flag set by a plain store after the data.
 * Cure: smp_store_release(), as sm_publish_tags() has it.
 */
#include <linux/err.h>
#include <linux/shardmap.h>

#include "cases.h"
#include "core/internal.h"
#include "core/line.h"
#include "core/order.h"

static const u64 key = 1;

static noinline void publish_plainly_store(struct sm_line *line,
					   unsigned long tags)
{
	line->tags = tags;
}

static void store(struct sm_line *line, unsigned long tags, bool buggy)
{
	if (buggy)
		publish_plainly_store(line, tags);
	else
		sm_publish_tags(line, tags);
}

/* Take the tag away and put it back, under the lock, as a writer would. */
static void publish_again(struct shardmap *map, bool buggy)
{
	u64 hash = sm_hash(map, &key, sizeof(key));
	struct sm_shard *shard = &map->shards[sm_shard_index(map, hash)];
	struct sm_line *line;
	unsigned long tags;

	spin_lock_bh(&shard->lock);
	line = sm_root_bucket(map, shard->array->root, hash);
	tags = line->tags;
	store(line, 0, buggy);
	store(line, tags, buggy);
	spin_unlock_bh(&shard->lock);
}

/**
 * struct scene - what the threads share
 * @map: the table
 * @buggy: store plainly
 * @looks: lookups that found the value, or no key
 */
struct scene {
	struct shardmap *map;
	bool buggy;
	u64 looks;
};

static void publish_or_look(struct sm_case_race *race, unsigned int thread,
			    u64 round)
{
	struct scene *scene = race->arg;
	u64 number = 1;
	struct shardmap_value found = { .buf = &number, .len = sizeof(number) };

	if (!thread) {
		publish_again(scene->map, scene->buggy);
		return;
	}
	/* The key is there or, at times, seems not to be. */
	if (shardmap_get(scene->map, &key, sizeof(key), &found) == -ENOENT)
		number = 1;
	scene->looks += number == 1;
}

static int publish_plainly_run(struct sm_case_run *run)
{
	static const struct shardmap_params params = { .nr_shards = 1 };
	struct scene scene = {
		.map = shardmap_create(&params),
		.buggy = run->buggy,
	};
	struct sm_case_race race = {
		.step = publish_or_look,
		.arg = &scene,
	};
	u64 number = 1;
	int err;

	if (IS_ERR(scene.map))
		return PTR_ERR(scene.map);
	err = shardmap_put(scene.map, &key, sizeof(key), &number,
			   sizeof(number), SHARDMAP_PUT_ANY, GFP_KERNEL, NULL);
	if (!err)
		err = sm_case_race(&race);
	shardmap_destroy(scene.map);
	if (err)
		return err;
	return sm_case_tell_lost(run, race.done[1] - scene.looks, race.done[1],
				 "lookups");
}

const struct sm_case sm_case_publish_plainly = {
	.name = "publish_plainly",
	.run = publish_plainly_run,
};
