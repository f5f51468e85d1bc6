// SPDX-License-Identifier: GPL-2.0-only
/*
 * An index one beyond an array
 *
 * The last shard is nr - 1.
 *
 * Go: "panic: runtime error: index out of range".
 * Cure: check what comes from outside, once, where it comes in.
 */
#include "cases.h"

#define NR_SHARDS 4

struct counters {
	u32 entries[NR_SHARDS];
	u32 beyond;
};

static const struct counters counters = { .entries = { 1, 2, 3, 4 } };

static noinline u32 array_bounds_read(const struct counters *from,
				      unsigned int shard)
{
	return from->entries[shard];
}

static noinline u32 read_checked(const struct counters *from,
				 unsigned int shard)
{
	return shard < NR_SHARDS ? from->entries[shard] : 0;
}

static int array_bounds_run(struct sm_case_run *run)
{
	u32 entries = run->buggy ? array_bounds_read(&counters, NR_SHARDS) :
				   read_checked(&counters, NR_SHARDS);

	sm_case_tell(run, "ok, %u entries\n", entries);
	return 0;
}

const struct sm_case sm_case_array_bounds = {
	.name = "array_bounds",
	.run = array_bounds_run,
};
