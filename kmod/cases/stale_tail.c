// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bytes that nobody has set go out to user space
 *
 * A reply is put together in a buffer that is used again.  Its members are set,
 * but not the padding between them, nor what follows a short string.
 *
 * Go: unsafe.Slice() over a struct, or a buffer of a pool written out in full.
 * Cure: clear the whole reply first; better, a layout without holes.
 */
#include <linux/string.h>

#include "cases.h"

struct reply {
	u32 status;
	/* four bytes of padding */
	u64 size;
	char name[16];
};

static struct reply reply;

static int stale_tail_run(struct sm_case_run *run)
{
	/* What the last user has left. */
	memset(&reply, 'S', sizeof(reply));

	if (!run->buggy)
		memset(&reply, 0, sizeof(reply));
	reply.status = 1;
	reply.size = 2;
	strscpy(reply.name, "key", sizeof(reply.name));
	memcpy(run->text, &reply, sizeof(reply));
	run->len = sizeof(reply);
	return 0;
}

const struct sm_case sm_case_stale_tail = {
	.name = "stale_tail",
	.run = stale_tail_run,
};
