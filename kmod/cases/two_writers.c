// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two writers where there must be one
 *
 * Every access is marked, so no two of them are a data race.  That there is one
 * writer at a time is a rule of its own, which the code can state.
 *
 * Go: two goroutines that each call Store(Load() + 1) of an atomic.Int64.
 * Cure: the lock that the rule speaks of.
 */
#include <linux/kcsan-checks.h>
#include <linux/spinlock.h>

#include "cases.h"

#define WRITES 16

static DEFINE_SPINLOCK(lock);
static u64 version;

static noinline void two_writers_next(void)
{
	unsigned int i;

	for (i = 0; i < WRITES; i++) {
		ASSERT_EXCLUSIVE_WRITER(version);
		WRITE_ONCE(version, READ_ONCE(version) + 1);
	}
}

static void unlocked(struct sm_case_race *race, unsigned int thread, u64 round)
{
	two_writers_next();
}

static void locked(struct sm_case_race *race, unsigned int thread, u64 round)
{
	spin_lock(&lock);
	two_writers_next();
	spin_unlock(&lock);
}

static int two_writers_run(struct sm_case_run *run)
{
	struct sm_case_race race = { .step = run->buggy ? unlocked : locked };
	u64 total;
	int err;

	WRITE_ONCE(version, 0);
	err = sm_case_race(&race);
	if (err)
		return err;
	total = WRITES * (race.done[0] + race.done[1]);
	return sm_case_tell_lost(run, total - READ_ONCE(version), total,
				 "versions");
}

const struct sm_case sm_case_two_writers = {
	.name = "two_writers",
	.run = two_writers_run,
};
