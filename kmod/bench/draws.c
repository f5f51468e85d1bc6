// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which entry each operation takes, drawn before the clock runs: so drawing costs
 * the works nothing but reading an array in order, whatever the distribution.
 */
#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/sched.h>

#include "runner.h"

/*
 * Zipf with an exponent of 0.99: entry i (from 1) has the weight i^-0.99, which is
 * i^0.01 / i, and i^0.01 is e^(ln(i) / 100), where a short series does.
 */
#define FRACTION_BITS 30
#define ONE (1ULL << FRACTION_BITS)
#define LN2 744261118ULL /* ln(2) */
#define WEIGHT_BITS 38

/* Of all draws, how many have a rank less than @cdf's index plus one. */
static u64 *cdf;

/* Base 2, by squaring: each step gives one bit. */
static u64 log2_fixed(u32 x)
{
	u64 result = (u64)(fls(x) - 1) << FRACTION_BITS;
	u64 y = ((u64)x << FRACTION_BITS) >> (fls(x) - 1);
	unsigned int bit;

	/* 20 bits are plenty for a hundredth of it. */
	for (bit = FRACTION_BITS - 1; bit >= FRACTION_BITS - 20; bit--) {
		y = (y * y) >> FRACTION_BITS;
		if (y >= 2 * ONE) {
			y >>= 1;
			result |= 1ULL << bit;
		}
	}
	return result;
}

static u64 zipf_weight(u32 rank)
{
	u64 x = div_u64((log2_fixed(rank) * (LN2 >> 8)) >> (FRACTION_BITS - 8),
			100);
	u64 x2 = (x * x) >> FRACTION_BITS, x3 = (x2 * x) >> FRACTION_BITS;
	u64 x4 = (x3 * x) >> FRACTION_BITS;
	u64 power = ONE + x + x2 / 2 + div_u64(x3, 6) + div_u64(x4, 24);

	return div_u64(power << (WEIGHT_BITS - FRACTION_BITS), rank);
}

/**
 * bench_zipf_prepare - make what skewed draws need
 * @entries: number of entries
 *
 * Context: Process context.
 * Return: 0, or -ENOMEM.
 */
int bench_zipf_prepare(u64 entries)
{
	u64 i, sum = 0;

	cdf = kvmalloc_array(entries, sizeof(*cdf), GFP_KERNEL);
	if (!cdf)
		return -ENOMEM;
	for (i = 0; i < entries; i++) {
		sum += zipf_weight(i + 1);
		cdf[i] = sum;
		if (!(i & 1023))
			cond_resched();
	}
	return 0;
}

void bench_zipf_free(void)
{
	kvfree(cdf);
	cdf = NULL;
}

static u64 next_random(u64 *state)
{
	*state += 0x9e3779b97f4a7c15ULL;
	return bench_mix(*state);
}

static u32 below(u64 *state, u32 limit)
{
	return ((next_random(state) >> 32) * limit) >> 32;
}

static u32 zipf_rank(u64 *state, u64 entries)
{
	u64 at = mul_u64_u64_shr(next_random(state), cdf[entries - 1], 64);
	u32 low = 0, high = entries - 1;

	while (low < high) {
		u32 middle = low + (high - low) / 2;

		if (cdf[middle] > at)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* A prime above any number of entries spreads the ranks over the entries. */
static u32 entry_of_rank(u32 rank, u64 entries)
{
	u32 entry;

	div_u64_rem((u64)rank * 2654435761U, entries, &entry);
	return entry;
}

/**
 * bench_draw - draw entries
 * @draws: where to put them
 * @nr: how many
 * @entries: number of entries
 * @seed: the same seed gives the same draws
 * @zipf: skewed, else each entry is as likely as any other
 *
 * Context: Process context.
 */
void bench_draw(u32 *draws, unsigned int nr, u64 entries, u64 seed, bool zipf)
{
	u64 state = bench_mix(seed + 1);
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (zipf)
			draws[i] = entry_of_rank(zipf_rank(&state, entries),
						 entries);
		else
			draws[i] = below(&state, entries);
		if (!(i & 1023))
			cond_resched();
	}
}

/**
 * bench_zipf_report - print the shape of skewed draws
 * @nr: how many to draw
 * @entries: number of entries
 *
 * Whoever reads the log compares it with what the formula says.
 *
 * Context: Process context.
 */
void bench_zipf_report(unsigned int nr, u64 entries)
{
	u64 state = 1;
	unsigned int i, first = 0, ten = 0, hundredth = 0;

	for (i = 0; i < nr; i++) {
		u32 rank = zipf_rank(&state, entries);

		first += !rank;
		ten += rank < 10;
		hundredth += rank < div_u64(entries, 100);
		if (!(i & 1023))
			cond_resched();
	}
	pr_info("shardmap_bench: {\"check\":\"zipf\",\"entries\":%llu,\"draws\":%u,\"first\":%u,\"ten\":%u,\"hundredth\":%u}\n",
		entries, nr, first, ten, hundredth);
}

/**
 * bench_shuffle - a random order of all entries
 * @order: where to put it
 * @nr: number of entries
 * @seed: the same seed gives the same order
 *
 * Context: Process context.
 */
void bench_shuffle(u32 *order, u64 nr, u64 seed)
{
	u64 state = bench_mix(seed + 1), i;

	for (i = 0; i < nr; i++) {
		u32 other = below(&state, i + 1);

		order[i] = order[other];
		order[other] = i;
		if (!(i & 1023))
			cond_resched();
	}
}
