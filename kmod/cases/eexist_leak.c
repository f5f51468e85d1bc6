// SPDX-License-Identifier: GPL-2.0-only
/*
 * A failing insertion forgets the entry it has made
 *
 * Memory is allocated before the lock is taken; the way out with -EEXIST is one
 * that tests seldom take.
 *
 * Go: C.malloc() without C.free() on the way of an error.
 * Cure: one place where all ways out free what was not used.
 */
#include <linux/slab.h>

#include "cases.h"

#define TRIES 16

struct entry {
	u64 key;
	u64 value[6];
};

static struct entry *slot;

static noinline int eexist_leak_insert(u64 key, bool buggy)
{
	struct entry *entry = kmalloc(sizeof(*entry), GFP_KERNEL);

	if (!entry)
		return -ENOMEM;
	entry->key = key;
	if (slot) {
		if (!buggy)
			kfree(entry);
		return -EEXIST;
	}
	slot = entry;
	return 0;
}

static int eexist_leak_run(struct sm_case_run *run)
{
	unsigned int i, refused = 0;

	for (i = 0; i < TRIES; i++)
		refused += eexist_leak_insert(1, run->buggy) == -EEXIST;
	kfree(slot);
	slot = NULL;
	sm_case_tell(run, "ok, %u insertions refused\n", refused);
	return 0;
}

const struct sm_case sm_case_eexist_leak = {
	.name = "eexist_leak",
	.run = eexist_leak_run,
};
