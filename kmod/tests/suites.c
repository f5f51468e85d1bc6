// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module of all suites.  KUnit runs them when it is loaded, in this order;
 * their results are in /sys/kernel/debug/kunit/shardmap_*.
 *
 * Each suite ends with two lines that tell how many operations it did: a KTAP
 * diagnostic "# shardmap_ops: N", and "shardmap_kunit: ops=N" in the kernel log.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/math64.h>
#include <linux/module.h>

#include "compat.h"
#include "kunit_util.h"

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

kunit_test_suites(&smt_table_suite, &smt_entry_suite, &smt_model_suite,
		  &smt_hash_suite, &smt_line_suite, &smt_state_suite,
		  &smt_resize_suite, &smt_move_suite, &smt_scan_suite,
		  &smt_inline_suite, &smt_limits_suite, &smt_race_suite,
		  &smt_interrupt_suite);

SHARDMAP_IMPORT_NS;
SM_IMPORT_TEST_NS;
MODULE_DESCRIPTION("KUnit suites of shardmap");
MODULE_LICENSE("GPL");
