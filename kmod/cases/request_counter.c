// SPDX-License-Identifier: GPL-2.0-only
/*
 * A handler counts its requests: count[path]++
 *
 * Get, add one, put: each call is safe, the three together are not.  Requests
 * that come at the same time are counted once.
 *
 * Go: count[path]++ in an HTTP handler, also with a sync.Map.
 * Cure: an addition that is one operation, shardmap_add().
 */
#include <linux/err.h>
#include <linux/shardmap.h>

#include "cases.h"

static const char path[] = "/index.html";

static void get_add_put(struct sm_case_race *race, unsigned int thread,
			u64 round)
{
	u64 count = 0;
	struct shardmap_value value = { .buf = &count, .len = sizeof(count) };

	if (shardmap_get(race->arg, path, sizeof(path), &value))
		count = 0;
	count++;
	if (shardmap_put(race->arg, path, sizeof(path), &count, sizeof(count),
			 SHARDMAP_PUT_ANY, GFP_KERNEL, NULL))
		pr_warn_once("a put has failed\n");
}

static void add_one(struct sm_case_race *race, unsigned int thread, u64 round)
{
	static const u64 none;

	if (shardmap_add(race->arg, path, sizeof(path), 1, &none, GFP_KERNEL,
			 NULL))
		pr_warn_once("an addition has failed\n");
}

static int request_counter_run(struct sm_case_run *run)
{
	static const struct shardmap_params params = {};
	struct sm_case_race race = {
		.step = run->buggy ? get_add_put : add_one,
	};
	u64 total, count = 0;
	struct shardmap_value value = { .buf = &count, .len = sizeof(count) };
	struct shardmap *map = shardmap_create(&params);
	int err;

	if (IS_ERR(map))
		return PTR_ERR(map);
	race.arg = map;
	err = sm_case_race(&race);
	if (!err)
		err = shardmap_get(map, path, sizeof(path), &value);
	shardmap_destroy(map);
	if (err)
		return err;
	total = race.done[0] + race.done[1];
	return sm_case_tell_lost(run, total - count, total, "requests");
}

const struct sm_case sm_case_request_counter = {
	.name = "request_counter",
	.run = request_counter_run,
};
