/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Taking a shard's lock.  A build with SHARDMAP_LOCK_HOLD=1, for kmod/bench alone,
 * also measures for how long it is held.
 */
#ifndef _SHARDMAP_CORE_HOLD_H
#define _SHARDMAP_CORE_HOLD_H

#include "internal.h"

#ifdef SHARDMAP_LOCK_HOLD

/**
 * struct sm_hold_stats - for how long shard locks were held
 * @count: how often
 * @p50_ns: half of the times were no longer, and so on
 * @p99_ns: 99 %
 * @p999_ns: 99.9 %
 * @p9999_ns: 99.99 %
 * @max_ns: the longest
 */
struct sm_hold_stats {
	u64 count;
	u64 p50_ns;
	u64 p99_ns;
	u64 p999_ns;
	u64 p9999_ns;
	u64 max_ns;
};

/* hold.c */
void sm_hold_reset(void);
void sm_hold_read(struct sm_hold_stats *stats);
void sm_hold_begin(struct sm_shard *shard);
void sm_hold_end(struct sm_shard *shard);

#else

static inline void sm_hold_begin(struct sm_shard *shard)
{
}

static inline void sm_hold_end(struct sm_shard *shard)
{
}

#endif

/* Bottom halves are disabled already. */
static inline void sm_shard_lock(struct sm_shard *shard)
	__acquires(&shard->lock)
{
	spin_lock(&shard->lock);
	sm_hold_begin(shard);
}

static inline void sm_shard_unlock(struct sm_shard *shard)
	__releases(&shard->lock)
{
	sm_hold_end(shard);
	spin_unlock(&shard->lock);
}

static inline void sm_shard_lock_bh(struct sm_shard *shard)
	__acquires(&shard->lock)
{
	spin_lock_bh(&shard->lock);
	sm_hold_begin(shard);
}

static inline void sm_shard_unlock_bh(struct sm_shard *shard)
	__releases(&shard->lock)
{
	sm_hold_end(shard);
	spin_unlock_bh(&shard->lock);
}

#endif /* _SHARDMAP_CORE_HOLD_H */
