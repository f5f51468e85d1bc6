// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory as the kernel's own counters see it: whatever a map allocates, by whatever
 * allocator, is no longer free.  Others allocate too, and allocators keep some empty
 * pages, so a difference is off by some hundred KiB.
 */
#include <linux/mm.h>
#include <linux/vmstat.h>

#include "runner.h"

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

void bench_memory_read(struct bench_memory *memory)
{
	memory->used = -pages_free() * (s64)PAGE_SIZE;
	memory->slab =
		(s64)global_node_page_state_pages(NR_SLAB_UNRECLAIMABLE_B)
		<< PAGE_SHIFT;
}
