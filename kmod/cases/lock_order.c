// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two locks, taken in both orders
 *
 * Two threads that do it at the same time wait for each other for ever.  lockdep
 * knows from the order alone, and needs no second thread.
 *
 * Go: "fatal error: all goroutines are asleep - deadlock!", if all are.
 * Cure: one order, in one helper.
 */
#include <linux/spinlock.h>

#include "cases.h"

static DEFINE_SPINLOCK(first_shard);
static DEFINE_SPINLOCK(second_shard);

static noinline void lock_order_move(spinlock_t *from, spinlock_t *to)
{
	spin_lock(from);
	spin_lock(to);
	spin_unlock(to);
	spin_unlock(from);
}

static int lock_order_run(struct sm_case_run *run)
{
	lock_order_move(&first_shard, &second_shard);
	if (run->buggy)
		lock_order_move(&second_shard, &first_shard);
	else
		lock_order_move(&first_shard, &second_shard);
	sm_case_tell(run, "ok, moved twice\n");
	return 0;
}

const struct sm_case sm_case_lock_order = {
	.name = "lock_order",
	.run = lock_order_run,
};
