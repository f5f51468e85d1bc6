// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module of all suites.  KUnit runs them when it is loaded, in this order;
 * their results are in /sys/kernel/debug/kunit/shardmap_*.
 */
#include <linux/module.h>

#include "compat.h"
#include "kunit_util.h"

kunit_test_suites(&smt_table_suite, &smt_entry_suite, &smt_model_suite,
		  &smt_hash_suite, &smt_line_suite, &smt_state_suite,
		  &smt_resize_suite, &smt_move_suite, &smt_scan_suite,
		  &smt_inline_suite, &smt_limits_suite, &smt_errno_suite,
		  &smt_verbs_suite, &smt_multi_suite, &smt_ttl_suite,
		  &smt_evict_suite, &smt_bounds_suite, &smt_watch_suite,
		  &smt_watch_race_suite, &smt_race_suite, &smt_together_suite,
		  &smt_interrupt_suite, &smt_torture_suite);

SHARDMAP_IMPORT_NS;
SM_IMPORT_TEST_NS;
MODULE_DESCRIPTION("KUnit suites of shardmap");
MODULE_LICENSE("GPL");
