// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory as the kernel's own counters see it: whatever a map allocates, by whatever
 * allocator, is no longer free.  Others allocate too, and allocators keep some empty
 * pages, so a difference is off by some hundred KiB.
 */
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/vmstat.h>

#include "compat.h"
#include "runner.h"

/* Quiet: less than this many pages of change over some readings. */
#define QUIET_PAGES 32
#define QUIET_READINGS 5
#define READING_MS 20
#define READINGS_MAX 250

static int on_cpu(struct zone *zone, int cpu)
{
	/* A count that is read while it changes is as good as one just before. */
	return data_race(per_cpu_ptr(zone->per_cpu_pageset, cpu)->count);
}

/* Pages that a CPU keeps for itself are free as well. */
static s64 pages_free(void)
{
	s64 pages = 0;
	int node, z, cpu;

	for_each_online_node(node) {
		for (z = 0; z < MAX_NR_ZONES; z++) {
			struct zone *zone = &NODE_DATA(node)->node_zones[z];

			if (!populated_zone(zone))
				continue;
			pages += zone_page_state_snapshot(zone, NR_FREE_PAGES);
			for_each_online_cpu(cpu)
				pages += on_cpu(zone, cpu);
		}
	}
	return pages;
}

/**
 * bench_memory_settle - wait until what was freed is free
 * @run: the run whose map has deferred work, or NULL
 *
 * Context: Process context.
 */
void bench_memory_settle(const struct bench_run *run)
{
	s64 last = 0, now;
	unsigned int i, quiet = 0;

	if (run && run->backend->settle)
		run->backend->settle(run->map);
	kvfree_rcu_barrier();
	rcu_barrier();
	for (i = 0; i < READINGS_MAX && quiet < QUIET_READINGS; i++) {
		msleep(READING_MS);
		now = pages_free();
		if (max(now, last) - min(now, last) < QUIET_PAGES)
			quiet++;
		else
			quiet = 0;
		last = now;
	}
}

void bench_memory_read(struct bench_memory *memory)
{
	memory->used = -pages_free() * (s64)PAGE_SIZE;
	memory->slab =
		(s64)global_node_page_state_pages(NR_SLAB_UNRECLAIMABLE_B)
		<< PAGE_SHIFT;
}
