// SPDX-License-Identifier: GPL-2.0-only
/*
 * A lock of softirqs is taken with softirqs enabled
 *
 * A timer that interrupts the holder on its own CPU waits for it for ever.
 *
 * Go: a signal handler would be the counterpart; goroutines have none.
 * Cure: spin_lock_bh().
 */
#include <linux/jiffies.h>
#include <linux/spinlock.h>
#include <linux/timer.h>

#include "cases.h"
#include "compat.h"

static DEFINE_SPINLOCK(lock);
static struct completion ticked;

static void tick(struct timer_list *timer)
{
	spin_lock(&lock);
	spin_unlock(&lock);
	complete(&ticked);
}

static DEFINE_TIMER(timer, tick);

static noinline void softirq_lock_take(bool buggy)
{
	if (buggy) {
		spin_lock(&lock);
		spin_unlock(&lock);
	} else {
		spin_lock_bh(&lock);
		spin_unlock_bh(&lock);
	}
}

static int softirq_lock_run(struct sm_case_run *run)
{
	init_completion(&ticked);
	mod_timer(&timer, jiffies + 1);
	wait_for_completion(&ticked);
	softirq_lock_take(run->buggy);
	sm_case_tell(run, "ok, taken in both places\n");
	return 0;
}

static void softirq_lock_exit(void)
{
	timer_delete_sync(&timer);
}

const struct sm_case sm_case_softirq_lock = {
	.name = "softirq_lock",
	.run = softirq_lock_run,
	.exit = softirq_lock_exit,
};
