// SPDX-License-Identifier: GPL-2.0-only
/*
 * A function that needs the lock is called without it
 *
 * No other thread need be there: the rule is checked at each call, so a test with
 * one thread finds what a race detector needs two for.
 *
 * Go: nothing checks it; a comment says "must hold mu".
 * Cure: lockdep_assert_held() first in each function that needs a lock.
 */
#include <linux/lockdep.h>
#include <linux/spinlock.h>

#include "cases.h"

static DEFINE_SPINLOCK(lock);
static unsigned int entries;

static noinline void lock_not_held_add(void)
{
	lockdep_assert_held(&lock);
	entries++;
}

static int lock_not_held_run(struct sm_case_run *run)
{
	entries = 0;
	if (run->buggy) {
		lock_not_held_add();
	} else {
		spin_lock(&lock);
		lock_not_held_add();
		spin_unlock(&lock);
	}
	sm_case_tell(run, "ok, %u entry\n", entries);
	return 0;
}

const struct sm_case sm_case_lock_not_held = {
	.name = "lock_not_held",
	.run = lock_not_held_run,
};
