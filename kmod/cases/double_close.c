// SPDX-License-Identifier: GPL-2.0-only
/*
 * A handle is closed twice
 *
 * The second close takes away somebody else's reference.
 *
 * Go: "panic: close of closed channel".
 * Cure: refcount_t, which stops at zero and tells, and a handle that is cleared
 * when it is closed.
 */
#include <linux/refcount.h>

#include "cases.h"

struct table {
	refcount_t users;
};

static noinline bool double_close_put(struct table *table)
{
	return refcount_dec_and_test(&table->users);
}

static int double_close_run(struct sm_case_run *run)
{
	static struct table table;
	struct table *handle = &table;
	unsigned int i, freed = 0;

	refcount_set(&table.users, 1);
	for (i = 0; i < 2; i++) {
		if (handle)
			freed += double_close_put(handle);
		if (!run->buggy)
			handle = NULL;
	}
	sm_case_tell(run, "ok, freed %u time\n", freed);
	return 0;
}

const struct sm_case sm_case_double_close = {
	.name = "double_close",
	.run = double_close_run,
};
