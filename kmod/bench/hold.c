// SPDX-License-Identifier: GPL-2.0-only
/* Lock hold times, where shardmap was built to record them. */
#include <linux/module.h>

#include "compat.h"
#include "runner.h"

#ifdef SHARDMAP_LOCK_HOLD

#include "core/hold.h"

SM_IMPORT_TEST_NS;

void bench_hold_start(void)
{
	sm_hold_reset();
}

void bench_line_hold(struct bench_line *line, const struct bench_run *run)
{
	struct sm_hold_stats stats;

	if (strncmp(run->backend->name, "shardmap", 8))
		return;
	sm_hold_read(&stats);
	bench_line_add(line, "lock_holds", stats.count);
	bench_line_add(line, "lock_hold_p50_ns", stats.p50_ns);
	bench_line_add(line, "lock_hold_p99_ns", stats.p99_ns);
	bench_line_add(line, "lock_hold_p999_ns", stats.p999_ns);
	bench_line_add(line, "lock_hold_p9999_ns", stats.p9999_ns);
	bench_line_add(line, "max_lock_hold_ns", stats.max_ns);
}

#else

void bench_hold_start(void)
{
}

void bench_line_hold(struct bench_line *line, const struct bench_run *run)
{
}

#endif
