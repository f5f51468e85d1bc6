// SPDX-License-Identifier: GPL-2.0-only
/* A histogram of latencies with a relative error of 1/32 at any length. */
#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/math64.h>

#include "runner.h"

#define SUB (1U << HIST_SUB_BITS)

/* Below 2 * SUB exact; above, SUB buckets for each power of two. */
static unsigned int bucket_of(u64 ns)
{
	unsigned int shift;

	if (ns < 2 * SUB)
		return ns;
	shift = fls64(ns) - HIST_SUB_BITS - 1;
	return min_t(u64, HIST_BUCKETS - 1,
		     (shift << HIST_SUB_BITS) + (ns >> shift));
}

/* The longest latency that falls into a bucket. */
static u64 bucket_end(unsigned int bucket)
{
	unsigned int shift;

	if (bucket < 2 * SUB)
		return bucket;
	shift = (bucket >> HIST_SUB_BITS) - 1;
	return ((u64)(bucket - (shift << HIST_SUB_BITS) + 1) << shift) - 1;
}

void bench_hist_add(struct bench_hist *hist, u64 ns)
{
	hist->count++;
	hist->buckets[bucket_of(ns)]++;
	if (ns > hist->max)
		hist->max = ns;
}

void bench_hist_merge(struct bench_hist *into, const struct bench_hist *from)
{
	unsigned int i;

	into->count += from->count;
	into->max = max(into->max, from->max);
	for (i = 0; i < HIST_BUCKETS; i++)
		into->buckets[i] += from->buckets[i];
}

/**
 * bench_hist_percentile - a latency that a share of the operations do not exceed
 * @hist: the histogram
 * @ppm: the share, in millionths
 *
 * Context: Any.
 * Return: The latency in ns, rounded up by at most 1/32.
 */
u64 bench_hist_percentile(const struct bench_hist *hist, u32 ppm)
{
	u64 wanted = div_u64(hist->count * ppm + 999999, 1000000), seen = 0;
	unsigned int i;

	for (i = 0; i < HIST_BUCKETS; i++) {
		seen += hist->buckets[i];
		if (seen >= wanted)
			return min(bucket_end(i), hist->max);
	}
	return hist->max;
}
