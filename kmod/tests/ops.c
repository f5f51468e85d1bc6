// SPDX-License-Identifier: GPL-2.0-only
/*
 * How many operations the suites of a module are to do, and how many they did.
 *
 * Each suite ends with two lines that tell the latter: a KTAP diagnostic
 * "# shardmap_ops: N", and "MODULE: ops=N" in the kernel log.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/math64.h>
#include <linux/moduleparam.h>

#include "crew.h"

/* The edit loop's; a test that is to find more passes more. */
static ulong ops =
	IS_ENABLED(CONFIG_KCSAN) || IS_ENABLED(CONFIG_KASAN) ? 20000 : 200000;
module_param(ops, ulong, 0444);
MODULE_PARM_DESC(ops,
		 "Operations of a concurrent case, over its thread counts");

static atomic64_t ops_done = ATOMIC64_INIT(0);

/**
 * smt_suite_init() - Begin to count a suite's operations.
 * @suite: the suite
 *
 * Return: 0.
 */
int smt_suite_init(struct kunit_suite *suite)
{
	atomic64_set(&ops_done, 0);
	return 0;
}

/**
 * smt_suite_exit() - Print a suite's operations.
 * @suite: the suite
 */
void smt_suite_exit(struct kunit_suite *suite)
{
	u64 n = atomic64_read(&ops_done);

	kunit_log(KERN_INFO, suite, KUNIT_SUBTEST_INDENT "# shardmap_ops: %llu",
		  n);
	pr_info("ops=%llu\n", n);
}

/**
 * smt_count_ops() - Count operations on a table.
 * @n: how many
 */
void smt_count_ops(u64 n)
{
	atomic64_add(n, &ops_done);
}

/**
 * smt_ops() - Operations for one of the parts of a case.
 * @parts: number of parts, such as thread counts
 *
 * Return: Their number, not so few that nothing would be tested.
 */
u64 smt_ops(unsigned int parts)
{
	return max_t(u64, ops / parts, 1000);
}
