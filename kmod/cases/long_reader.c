// SPDX-License-Identifier: GPL-2.0-only
/*
 * A reader that stays in its critical section for seconds
 *
 * Nothing that was removed meanwhile can be freed, in the whole system.
 *
 * Go: a goroutine that holds RLock() while it walks the whole map.
 * Cure: a walk in pieces, with a cursor that says where to go on.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/rcupdate.h>

#include "cases.h"

static unsigned int stall_seconds = 5;
module_param(stall_seconds, uint, 0644);
MODULE_PARM_DESC(stall_seconds, "How long long_reader stays");

static noinline void long_reader_walk(unsigned long end, bool in_pieces)
{
	rcu_read_lock();
	while (time_before(jiffies, end)) {
		mdelay(1);
		if (!in_pieces)
			continue;
		rcu_read_unlock();
		cond_resched();
		rcu_read_lock();
	}
	rcu_read_unlock();
}

static void walk_or_wait(struct sm_case_race *race, unsigned int thread,
			 u64 round)
{
	const struct sm_case_run *run = race->arg;

	if (!thread)
		long_reader_walk(jiffies + stall_seconds * HZ, !run->buggy);
	else
		synchronize_rcu();
}

static int long_reader_run(struct sm_case_run *run)
{
	struct sm_case_race race = {
		.step = walk_or_wait,
		.arg = run,
		.rounds = 1,
	};
	int err = sm_case_race(&race);

	if (!err)
		sm_case_tell(run, "ok, a walk of %u s\n", stall_seconds);
	return err;
}

const struct sm_case sm_case_long_reader = {
	.name = "long_reader",
	.run = long_reader_run,
};
