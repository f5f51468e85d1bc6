// SPDX-License-Identifier: GPL-2.0-only
/*
 * One variable, two threads, no lock
 *
 * An addition is a load, an add and a store.  When another thread's store comes in
 * between, one of the two additions is lost.
 *
 * Go: the smallest program that "go run -race" reports, n++ in two goroutines.
 * Cure: one atomic addition.
 */
#include <linux/atomic.h>

#include "cases.h"

static unsigned long hits;
static atomic_long_t atomic_hits;

static void counter_race_add(struct sm_case_race *race, unsigned int thread,
			     u64 round)
{
	hits++;
}

static void add_atomically(struct sm_case_race *race, unsigned int thread,
			   u64 round)
{
	atomic_long_inc(&atomic_hits);
}

static int counter_race_run(struct sm_case_run *run)
{
	struct sm_case_race race = {
		.step = run->buggy ? counter_race_add : add_atomically,
	};
	u64 total, counted;
	int err;

	hits = 0;
	atomic_long_set(&atomic_hits, 0);
	err = sm_case_race(&race);
	if (err)
		return err;
	total = race.done[0] + race.done[1];
	counted = run->buggy ? hits : atomic_long_read(&atomic_hits);
	return sm_case_tell_lost(run, total - counted, total, "additions");
}

const struct sm_case sm_case_counter_race = {
	.name = "counter_race",
	.run = counter_race_run,
};
