// SPDX-License-Identifier: GPL-2.0-only
/*
 * A flag says that something has been made
 *
 * Two threads may both find the flag unset, and one that finds it set may still
 * read the old seed, for nothing orders the two.
 *
 * Go: if !ready { seed = ...; ready = true }.
 * Cure: let the seed itself be the flag, and store it once: sync.Once there,
 * cmpxchg() or DO_ONCE() here.
 */
#include <linux/atomic.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "cases.h"

#define ROUNDS 20000

struct lazy {
	bool ready;
	unsigned long seed;
};

static void lazy_init_by_flag(struct sm_case_race *race, unsigned int thread,
			      u64 round)
{
	struct lazy *lazy = (struct lazy *)race->arg + round;

	if (!lazy->ready) {
		lazy->seed = get_random_long() | 1;
		lazy->ready = true;
	}
	if (!lazy->seed)
		pr_warn_once("a flag without a seed\n");
}

static void init_once(struct sm_case_race *race, unsigned int thread, u64 round)
{
	struct lazy *lazy = (struct lazy *)race->arg + round;

	if (!READ_ONCE(lazy->seed))
		cmpxchg(&lazy->seed, 0, get_random_long() | 1);
	if (!READ_ONCE(lazy->seed))
		pr_warn_once("no seed\n");
}

static int lazy_init_run(struct sm_case_run *run)
{
	struct sm_case_race race = {
		.step = run->buggy ? lazy_init_by_flag : init_once,
		.rounds = ROUNDS,
		.in_step = true,
	};
	int err;

	race.arg = kvcalloc(ROUNDS, sizeof(struct lazy), GFP_KERNEL);
	if (!race.arg)
		return -ENOMEM;
	err = sm_case_race(&race);
	kvfree(race.arg);
	if (!err)
		err = sm_case_tell_lost(run, 0, race.done[0], "seeds");
	return err;
}

const struct sm_case sm_case_lazy_init = {
	.name = "lazy_init",
	.run = lazy_init_run,
};
