// SPDX-License-Identifier: GPL-2.0-only
/*
 * A spinlock inside a raw spinlock
 *
 * On a real-time kernel the inner one sleeps, and the outer one must not.
 *
 * Go: has no counterpart.
 * Cure: both raw, or the inner one outside.
 */
#include <linux/spinlock.h>

#include "cases.h"

static DEFINE_RAW_SPINLOCK(raw);
static DEFINE_SPINLOCK(lock);

static noinline void raw_nesting_take(void)
{
	spin_lock(&lock);
	spin_unlock(&lock);
}

static int raw_nesting_run(struct sm_case_run *run)
{
	if (run->buggy) {
		raw_spin_lock(&raw);
		raw_nesting_take();
		raw_spin_unlock(&raw);
	} else {
		raw_nesting_take();
	}
	sm_case_tell(run, "ok, taken\n");
	return 0;
}

const struct sm_case sm_case_raw_nesting = {
	.name = "raw_nesting",
	.run = raw_nesting_run,
};
