// SPDX-License-Identifier: GPL-2.0-only
/*
 * A list of RCU's is walked without RCU
 *
 * The entry that is being looked at may be freed meanwhile.
 *
 * Go: a map of handlers, walked without the lock that protects it.
 * Cure: rcu_read_lock() around the walk.
 */
#include <linux/rculist.h>

#include "cases.h"

struct handler {
	struct list_head link;
	u64 calls;
};

static LIST_HEAD(handlers);

static noinline u64 rcu_list_walk(void)
{
	const struct handler *handler;
	u64 calls = 0;

	list_for_each_entry_rcu(handler, &handlers, link)
		calls += handler->calls;
	return calls;
}

static int rcu_list_run(struct sm_case_run *run)
{
	struct handler handler = { .calls = 1 };
	u64 calls;

	list_add_rcu(&handler.link, &handlers);
	if (run->buggy) {
		calls = rcu_list_walk();
	} else {
		rcu_read_lock();
		calls = rcu_list_walk();
		rcu_read_unlock();
	}
	list_del_rcu(&handler.link);
	/* The handler is on the stack: readers, if any, must be through. */
	synchronize_rcu();
	sm_case_tell(run, "ok, %llu call\n", calls);
	return 0;
}

const struct sm_case sm_case_rcu_list = {
	.name = "rcu_list",
	.run = rcu_list_run,
};
