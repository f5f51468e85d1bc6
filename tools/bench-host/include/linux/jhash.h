/* SPDX-License-Identifier: GPL-2.0-only */
/* The hash of the maps under locks: that of shardmap, as all maps here have it. */
#ifndef _BENCH_HOST_LINUX_JHASH_H
#define _BENCH_HOST_LINUX_JHASH_H

#include "peers.h"

static __always_inline u32 jhash2(const u32 *key, u32 words, u32 seed)
{
	return (peer_hash(key, 4 * words) >> 32) ^ seed;
}

#endif /* _BENCH_HOST_LINUX_JHASH_H */
