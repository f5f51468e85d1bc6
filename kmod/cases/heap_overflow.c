// SPDX-License-Identifier: GPL-2.0-only
/*
 * One byte beyond an allocation
 *
 * The length of the value is taken for that of the buffer with its end mark.
 *
 * Go: a slice made of unsafe.Pointer and a length that is wrong.
 * Cure: one length, kept beside what it is of.
 */
#include <linux/slab.h>
#include <linux/string.h>

#include "cases.h"

#define VALUE_LEN 24

static noinline void heap_overflow_copy(void *to, const void *value, size_t len)
{
	memcpy(to, value, len);
}

static int heap_overflow_run(struct sm_case_run *run)
{
	char out[VALUE_LEN + 1] = "";
	char *value = kmalloc(VALUE_LEN, GFP_KERNEL);

	if (!value)
		return -ENOMEM;
	memset(value, 'v', VALUE_LEN);
	heap_overflow_copy(out, value, VALUE_LEN + run->buggy);
	kfree(value);
	sm_case_tell(run, "ok, %.*s\n", VALUE_LEN, out);
	return 0;
}

const struct sm_case sm_case_heap_overflow = {
	.name = "heap_overflow",
	.run = heap_overflow_run,
};
