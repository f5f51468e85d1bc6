/* SPDX-License-Identifier: GPL-2.0-only */
/* Telling watchers. */
#ifndef _SHARDMAP_CORE_WATCH_H
#define _SHARDMAP_CORE_WATCH_H

#include "internal.h"

static inline void sm_notify(struct shardmap *map,
			     enum shardmap_event_kind kind, const void *key,
			     u32 key_len, u64 version)
{
}

#endif /* _SHARDMAP_CORE_WATCH_H */
