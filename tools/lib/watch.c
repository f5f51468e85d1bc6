// SPDX-License-Identifier: GPL-2.0-only
/*
 * Watching: changes are read from the descriptor, and walked in the buffer.
 */
#include <errno.h>

#include "internal.h"

int shardmap_watch(int table, size_t ring_bytes)
{
	struct shardmap_watch watch = {
		.size = sizeof(watch),
		.ring_bytes = clamp_len(ring_bytes),
	};

	return command(table, SHARDMAP_IOC_WATCH, &watch);
}

int shardmap_change_next(const void *buf, size_t used, size_t *offset,
			 const struct shardmap_change **change)
{
	const struct shardmap_change *next;
	size_t left = used - *offset;

	if (*offset > used)
		return -EPROTO;
	if (!left)
		return 0;
	next = (const void *)((const char *)buf + *offset);
	if (left < sizeof(*next) || next->record_len > left ||
	    next->record_len % 8 ||
	    next->record_len < sizeof(*next) + next->key_len)
		return -EPROTO;
	*offset += next->record_len;
	*change = next;
	return 1;
}
