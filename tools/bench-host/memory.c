// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory as the kernel sees it: the pages that the process has.  Allocators keep some
 * that are empty, and take huge ones, so a difference is off by some MiB.
 */
#include <stdio.h>
#include <unistd.h>

#include "runner.h"

static s64 resident(void)
{
	FILE *statm = fopen("/proc/self/statm", "r");
	long all, pages;

	if (!statm || fscanf(statm, "%ld %ld", &all, &pages) != 2)
		host_bug("/proc/self/statm cannot be read");
	fclose(statm);
	return pages * (s64)sysconf(_SC_PAGESIZE);
}

void bench_memory_read(struct bench_memory *memory)
{
	memory->used = resident();
	memory->slab = 0;
}
