// SPDX-License-Identifier: GPL-2.0-only
/*
 * Several threads write one table, and nobody takes a lock
 *
 * Both read the head of a bucket, both put their entry before it, and both store
 * the new head.  The entry stored first is in no list any more.
 *
 * Go: "fatal error: concurrent map writes".
 * Cure: a lock for each part of the table, as in a shardmap.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/shardmap.h>
#include <linux/slab.h>

#include "cases.h"

#define ROUNDS 200000
#define BUCKETS 2

struct entry {
	struct entry *next;
	u64 key;
};

/**
 * struct tables - the two tables
 * @heads: buckets of the one without a lock
 * @entries: memory for its entries
 * @map: the other
 */
struct tables {
	struct entry *heads[BUCKETS];
	struct entry *entries;
	struct shardmap *map;
};

static u64 key_of(unsigned int thread, u64 round)
{
	return SM_CASE_THREADS * round + thread;
}

static void map_write_insert(struct sm_case_race *race, unsigned int thread,
			     u64 round)
{
	struct tables *tables = race->arg;
	struct entry **head = &tables->heads[round % BUCKETS];
	struct entry *entry = &tables->entries[key_of(thread, round)];

	entry->key = key_of(thread, round);
	entry->next = *head;
	*head = entry;
}

static void insert_in_shard(struct sm_case_race *race, unsigned int thread,
			    u64 round)
{
	struct tables *tables = race->arg;
	u64 key = key_of(thread, round);

	/* One that fails is missed when they are counted. */
	if (shardmap_put(tables->map, &key, sizeof(key), &key, sizeof(key),
			 SHARDMAP_PUT_NOEXIST, GFP_KERNEL, NULL))
		pr_warn_once("a put has failed\n");
}

static u64 count(const struct sm_case_run *run, const struct tables *tables)
{
	const struct entry *entry;
	unsigned int i;
	u64 n = 0;

	if (!run->buggy)
		return shardmap_count(tables->map);
	for (i = 0; i < BUCKETS; i++)
		for (entry = tables->heads[i]; entry; entry = entry->next)
			n++;
	return n;
}

static int map_write_run(struct sm_case_run *run)
{
	static const struct shardmap_params params = {};
	struct tables tables = {};
	struct sm_case_race race = {
		.step = run->buggy ? map_write_insert : insert_in_shard,
		.arg = &tables,
		.rounds = ROUNDS,
	};
	u64 total;
	int err = -ENOMEM;

	tables.entries = kvcalloc(SM_CASE_THREADS * ROUNDS,
				  sizeof(*tables.entries), GFP_KERNEL);
	if (!tables.entries)
		return err;
	tables.map = shardmap_create(&params);
	err = PTR_ERR_OR_ZERO(tables.map);
	if (err)
		goto free_entries;
	err = sm_case_race(&race);
	total = race.done[0] + race.done[1];
	if (!err)
		err = sm_case_tell_lost(run, total - count(run, &tables), total,
					"entries");
	shardmap_destroy(tables.map);
free_entries:
	kvfree(tables.entries);
	return err;
}

const struct sm_case sm_case_map_write = {
	.name = "map_write",
	.run = map_write_run,
};
