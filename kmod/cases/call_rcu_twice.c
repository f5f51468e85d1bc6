// SPDX-License-Identifier: GPL-2.0-only
/*
 * One callback is put off twice
 *
 * An entry that is removed twice is queued twice, with one list link.
 *
 * Go: wg.Done() once too often, "panic: sync: negative WaitGroup counter".
 * Cure: only who has taken the entry out of the table frees it.
 */
#include <linux/rcupdate.h>

#include "cases.h"

static struct rcu_head head;

static void callback(struct rcu_head *unused)
{
}

static noinline void call_rcu_twice_remove(void)
{
	call_rcu(&head, callback);
}

static int call_rcu_twice_run(struct sm_case_run *run)
{
	/* The first callback waits while the second one comes. */
	rcu_read_lock();
	call_rcu_twice_remove();
	if (run->buggy)
		call_rcu_twice_remove();
	rcu_read_unlock();
	rcu_barrier();
	sm_case_tell(run, "ok, removed\n");
	return 0;
}

const struct sm_case sm_case_call_rcu_twice = {
	.name = "call_rcu_twice",
	.run = call_rcu_twice_run,
};
