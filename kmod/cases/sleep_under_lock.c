// SPDX-License-Identifier: GPL-2.0-only
/*
 * An allocation that may sleep, under a spinlock
 *
 * It seldom sleeps, so it works for a long time.
 *
 * Go: a channel is waited for while a mutex is held.
 * Cure: allocate before the lock.
 */
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "cases.h"

static DEFINE_SPINLOCK(lock);

static noinline void *sleep_under_lock_insert(void *entry)
{
	spin_lock(&lock);
	if (!entry)
		entry = kmalloc(48, GFP_KERNEL);
	spin_unlock(&lock);
	return entry;
}

static int sleep_under_lock_run(struct sm_case_run *run)
{
	void *entry = run->buggy ? NULL : kmalloc(48, GFP_KERNEL);

	if (!run->buggy && !entry)
		return -ENOMEM;
	kfree(sleep_under_lock_insert(entry));
	sm_case_tell(run, "ok, inserted\n");
	return 0;
}

const struct sm_case sm_case_sleep_under_lock = {
	.name = "sleep_under_lock",
	.run = sleep_under_lock_run,
};
