// SPDX-License-Identifier: GPL-2.0-only
/* When is memory that was freed really free? */
#include <linux/delay.h>
#include <linux/minmax.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "compat.h"
#include "runner.h"

/* Quiet: less than this many bytes of change over some readings. */
#define QUIET_BYTES (128 * 1024)
#define QUIET_READINGS 5
#define READING_MS 20
#define READINGS_MAX 250

/**
 * bench_memory_settle - wait until what was freed is free
 * @run: the run whose map has deferred work, or NULL
 *
 * Context: Process context.
 */
void bench_memory_settle(const struct bench_run *run)
{
	struct bench_memory last = {}, now;
	unsigned int i, quiet = 0;

	if (run && run->backend->settle)
		run->backend->settle(run->map);
	kvfree_rcu_barrier();
	rcu_barrier();
	for (i = 0; i < READINGS_MAX && quiet < QUIET_READINGS; i++) {
		msleep(READING_MS);
		bench_memory_read(&now);
		if (max(now.used, last.used) - min(now.used, last.used) <
		    QUIET_BYTES)
			quiet++;
		else
			quiet = 0;
		last = now;
	}
}
