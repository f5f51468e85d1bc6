// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory as the kernel sees it: the pages that the process has.  Allocators keep some
 * that are empty, and take huge ones, so a difference is off by some MiB.
 */
#include <stdio.h>
#include <unistd.h>

#include <linux/delay.h>
#include <linux/rcupdate.h>

#include "runner.h"

/* Quiet: less than this many bytes of change over some readings. */
#define QUIET_BYTES (128 * 1024)
#define QUIET_READINGS 5
#define READING_MS 20
#define READINGS_MAX 250

static s64 resident(void)
{
	FILE *statm = fopen("/proc/self/statm", "r");
	long all, pages;

	if (!statm || fscanf(statm, "%ld %ld", &all, &pages) != 2)
		host_bug("/proc/self/statm cannot be read");
	fclose(statm);
	return pages * (s64)sysconf(_SC_PAGESIZE);
}

/**
 * bench_memory_settle - wait until what was freed is free
 * @run: the run whose map has deferred work, or NULL
 */
void bench_memory_settle(const struct bench_run *run)
{
	s64 last = 0, now;
	unsigned int i, quiet = 0;

	if (run && run->backend->settle)
		run->backend->settle(run->map);
	rcu_barrier();
	for (i = 0; i < READINGS_MAX && quiet < QUIET_READINGS; i++) {
		msleep(READING_MS);
		now = resident();
		if (max(now, last) - min(now, last) < QUIET_BYTES)
			quiet++;
		else
			quiet = 0;
		last = now;
	}
}

void bench_memory_read(struct bench_memory *memory)
{
	memory->used = resident();
	memory->slab = 0;
}
