// SPDX-License-Identifier: GPL-2.0-only
/*
 * For how long shard locks are held, of all tables together: a histogram whose
 * steps are an eighth of a power of two.  Built with SHARDMAP_LOCK_HOLD=1 only.
 */
#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/math64.h>

#include "compat.h"
#include "hold.h"

#define SUB_BITS 3
#define NR_STEPS (40 << SUB_BITS)

static atomic64_t steps[NR_STEPS];
static atomic64_t longest;

static unsigned int step_of(u64 ns)
{
	unsigned int exponent;

	if (ns < 1 << SUB_BITS)
		return ns;
	exponent = ilog2(ns) - SUB_BITS;
	return min_t(u64, (exponent << SUB_BITS) + (ns >> exponent),
		     NR_STEPS - 1);
}

/* The longest time that counts into a step. */
static u64 step_end(unsigned int step)
{
	unsigned int exponent = step >> SUB_BITS;

	if (!exponent)
		return step;
	exponent--;
	return ((u64)((step & ((1 << SUB_BITS) - 1)) + (1 << SUB_BITS) + 1)
		<< exponent) -
	       1;
}

/**
 * sm_hold_begin() - A shard's lock was taken.
 * @shard: the shard
 *
 * Context: Shard lock held.
 */
void sm_hold_begin(struct sm_shard *shard)
{
	lockdep_assert_held(&shard->lock);
	shard->held_since = ktime_get_ns();
}

/**
 * sm_hold_end() - A shard's lock is about to be released.
 * @shard: the shard
 *
 * Context: Shard lock held.
 */
void sm_hold_end(struct sm_shard *shard)
{
	u64 ns = ktime_get_ns() - shard->held_since;
	s64 seen = atomic64_read(&longest);

	lockdep_assert_held(&shard->lock);
	atomic64_inc(&steps[step_of(ns)]);
	while (ns > seen && !atomic64_try_cmpxchg(&longest, &seen, ns))
		;
}

/**
 * sm_hold_reset() - Forget what was measured.
 *
 * Context: Any context, while no table is in use.
 */
void sm_hold_reset(void)
{
	unsigned int i;

	for (i = 0; i < NR_STEPS; i++)
		atomic64_set(&steps[i], 0);
	atomic64_set(&longest, 0);
}
SM_EXPORT_FOR_TESTS(sm_hold_reset);

static u64 percentile(u64 count, unsigned int per_10000)
{
	u64 rank = div_u64(count * per_10000 + 9999, 10000), sum = 0;
	unsigned int i;

	for (i = 0; i < NR_STEPS; i++) {
		sum += atomic64_read(&steps[i]);
		if (sum >= rank)
			return min_t(u64, step_end(i), atomic64_read(&longest));
	}
	return atomic64_read(&longest);
}

/**
 * sm_hold_read() - Read what was measured since sm_hold_reset().
 * @stats: out: the figures
 *
 * Context: Any context, while no table is in use.
 */
void sm_hold_read(struct sm_hold_stats *stats)
{
	unsigned int i;

	*stats = (struct sm_hold_stats){ .max_ns = atomic64_read(&longest) };
	for (i = 0; i < NR_STEPS; i++)
		stats->count += atomic64_read(&steps[i]);
	stats->p50_ns = percentile(stats->count, 5000);
	stats->p99_ns = percentile(stats->count, 9900);
	stats->p999_ns = percentile(stats->count, 9990);
	stats->p9999_ns = percentile(stats->count, 9999);
}
SM_EXPORT_FOR_TESTS(sm_hold_read);
