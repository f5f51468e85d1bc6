// SPDX-License-Identifier: GPL-2.0-only
/* Samples against the exact probabilities, by Pearson's chi-squared. */
#undef NDEBUG
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "random.h"
#include "zipf.h"

#define SAMPLES 1000000

static void check(uint64_t n, double theta)
{
	static uint64_t counts[1001];
	uint64_t state = 42;
	struct zipf zipf;
	double total = 0, chi = 0, limit;

	memset(counts, 0, sizeof(counts));
	zipf_init(&zipf, n, theta);
	for (int i = 0; i < SAMPLES; i++) {
		uint64_t k = zipf_next(&zipf, &state);

		assert(k >= 1 && k <= n);
		counts[k]++;
	}
	for (uint64_t k = 1; k <= n; k++)
		total += pow(k, -theta);
	for (uint64_t k = 1; k <= n; k++) {
		double expected = SAMPLES * pow(k, -theta) / total;

		chi += (counts[k] - expected) * (counts[k] - expected) /
		       expected;
	}
	/* mean n - 1, variance 2 (n - 1); four standard deviations */
	limit = n - 1 + 4 * sqrt(2.0 * (n - 1)) + 1;
	printf("zipf: n %llu theta %g: chi-squared %.1f, limit %.1f\n",
	       (unsigned long long)n, theta, chi, limit);
	assert(chi <= limit);
}

int main(void)
{
	struct zipf zipf;
	uint64_t state = 7;

	check(1, 0.99);
	check(2, 0.99);
	check(1000, 0.5);
	check(1000, 0.99);
	check(1000, 1);
	check(100, 1.2);
	check(20, 2);

	/* no table: a huge number of ranks costs nothing */
	zipf_init(&zipf, 1ull << 40, 0.99);
	for (int i = 0; i < SAMPLES; i++) {
		uint64_t k = zipf_next(&zipf, &state);

		assert(k >= 1 && k <= 1ull << 40);
	}
	return 0;
}
