// SPDX-License-Identifier: GPL-2.0-only
/*
 * A shift as wide as the number
 *
 * In C the result is undefined, and on x86 a shift by 64 is one by 0.
 *
 * Go: a shift by the width or more is 0 there, and a negative one panics.
 * Cure: check what comes from outside.
 */
#include <linux/bits.h>

#include "cases.h"

static noinline unsigned long shift_width_buckets(unsigned int bits)
{
	return 1UL << bits;
}

static noinline unsigned long buckets_checked(unsigned int bits)
{
	return bits < BITS_PER_LONG ? 1UL << bits : 0;
}

static int shift_width_run(struct sm_case_run *run)
{
	sm_case_tell(run, "ok, %lu buckets\n",
		     run->buggy ? shift_width_buckets(BITS_PER_LONG) :
				  buckets_checked(BITS_PER_LONG));
	return 0;
}

const struct sm_case sm_case_shift_width = {
	.name = "shift_width",
	.run = shift_width_run,
};
