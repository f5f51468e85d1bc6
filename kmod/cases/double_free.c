// SPDX-License-Identifier: GPL-2.0-only
/*
 * An object is freed twice
 *
 * The error path frees what the caller frees, too.  By then the memory may be
 * somebody else's.
 *
 * Go: C.free() twice; for memory of Go's own there is no counterpart.
 * Cure: who owns an object frees it, and nobody else.
 */
#include <linux/slab.h>

#include "cases.h"

static noinline void double_free_close(void *object)
{
	kfree(object);
}

static int double_free_run(struct sm_case_run *run)
{
	void *object = kmalloc(48, GFP_KERNEL);

	if (!object)
		return -ENOMEM;
	double_free_close(object);
	if (run->buggy)
		double_free_close(object);
	sm_case_tell(run, "ok, closed\n");
	return 0;
}

const struct sm_case sm_case_double_free = {
	.name = "double_free",
	.run = double_free_run,
};
