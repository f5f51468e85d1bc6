// SPDX-License-Identifier: GPL-2.0-only
/*
 * A copy into one member that reaches into the next
 *
 * The allocation is large enough, so no memory checker sees it: a long key has
 * overwritten the value.
 *
 * Go: has no counterpart, copy() stops at the end of its slice.
 * Cure: check the length against the member.
 */
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "cases.h"

struct record {
	char key[16];
	char value[16];
};

static const char long_key[24] = "a key of 23 characters.";

static noinline void field_spanning_set(struct record *record, const char *key,
					size_t len)
{
	memcpy(record->key, key, len);
}

static int field_spanning_run(struct sm_case_run *run)
{
	struct record *record = kzalloc(sizeof(*record), GFP_KERNEL);
	size_t len = sizeof(long_key);

	if (!record)
		return -ENOMEM;
	if (!run->buggy)
		len = min(len, sizeof(record->key));
	field_spanning_set(record, long_key, len);
	sm_case_tell(run, "%s\n",
		     record->value[0] ? "the value is overwritten" :
					"ok, the value is as it was");
	kfree(record);
	return 0;
}

const struct sm_case sm_case_field_spanning = {
	.name = "field_spanning",
	.run = field_spanning_run,
};
