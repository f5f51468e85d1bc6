/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef STRESS_RANDOM_H
#define STRESS_RANDOM_H

#include <stdint.h>
#include <sys/random.h>

/* The finalizer of MurmurHash3: a bijection that spreads every bit. */
static inline uint64_t mix64(uint64_t x)
{
	x ^= x >> 33;
	x *= 0xff51afd7ed558ccdull;
	x ^= x >> 33;
	x *= 0xc4ceb9fe1a85ec53ull;
	return x ^ x >> 33;
}

/* A Weyl sequence through that finalizer (the form of SplitMix64). */
static inline uint64_t random_u64(uint64_t *state)
{
	*state += 0x9e3779b97f4a7c15ull;
	return mix64(*state);
}

/* Below @n; the bias is n / 2^64. */
static inline uint64_t random_below(uint64_t *state, uint64_t n)
{
	return ((unsigned __int128)random_u64(state) * n) >> 64;
}

/* In (0, 1] */
static inline double random_unit(uint64_t *state)
{
	return ((random_u64(state) >> 11) + 1) * 0x1p-53;
}

/* A seed that differs from run to run, and that JSON and --seed can carry */
static inline uint64_t random_seed(void)
{
	uint64_t seed;

	if (getrandom(&seed, sizeof(seed), 0) < 0)
		seed = 1;
	return seed & INT64_MAX;
}

#endif /* STRESS_RANDOM_H */
