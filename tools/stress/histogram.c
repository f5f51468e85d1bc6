// SPDX-License-Identifier: GPL-2.0-only
#include "histogram.h"

#define SUB_BUCKETS (1u << HISTOGRAM_BITS)

/*
 * Values below SUB_BUCKETS have a bucket each.  Above, @shift is how many low
 * bits a bucket ignores, and the bits kept run from SUB_BUCKETS to twice that.
 */
static unsigned int bucket_of(uint64_t value)
{
	unsigned int shift;

	if (value < SUB_BUCKETS)
		return value;
	shift = 63 - __builtin_clzll(value) - HISTOGRAM_BITS;
	return (shift << HISTOGRAM_BITS) + (unsigned int)(value >> shift);
}

static uint64_t highest_in(unsigned int bucket)
{
	unsigned int shift;
	uint64_t kept;

	if (bucket < 2 * SUB_BUCKETS)
		return bucket;
	shift = (bucket >> HISTOGRAM_BITS) - 1;
	kept = SUB_BUCKETS + (bucket & (SUB_BUCKETS - 1));
	return (kept << shift) + ((1ull << shift) - 1);
}

void histogram_record(struct histogram *histogram, uint64_t value)
{
	histogram->buckets[bucket_of(value)]++;
	histogram->count++;
	if (value > histogram->max)
		histogram->max = value;
}

void histogram_merge(struct histogram *to, const struct histogram *from)
{
	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++)
		to->buckets[i] += from->buckets[i];
	to->count += from->count;
	if (from->max > to->max)
		to->max = from->max;
}

uint64_t histogram_percentile(const struct histogram *histogram,
			      double percentile)
{
	double rank = percentile / 100 * histogram->count;
	uint64_t seen = 0;

	if (!histogram->count)
		return 0;
	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++) {
		uint64_t value = highest_in(i);

		seen += histogram->buckets[i];
		if (seen && seen >= rank)
			return value < histogram->max ? value : histogram->max;
	}
	return histogram->max;
}
