// SPDX-License-Identifier: GPL-2.0-only
#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "histogram.h"
#include "random.h"

static uint64_t values[100000];

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void check_against_sorted(struct histogram *histogram)
{
	static const double percentiles[] = { 1, 50, 90, 99, 99.9, 100 };
	const size_t n = sizeof(values) / sizeof(values[0]);

	qsort(values, n, sizeof(values[0]), compare);
	for (size_t i = 0; i < sizeof(percentiles) / sizeof(percentiles[0]);
	     i++) {
		size_t rank = percentiles[i] / 100 * n - 0.5;
		uint64_t got = histogram_percentile(histogram, percentiles[i]);

		assert(got >= values[rank]);
		assert(got - values[rank] <= values[rank] >>
		       (HISTOGRAM_BITS - 1));
	}
	assert(histogram_percentile(histogram, 100) == values[n - 1]);
}

int main(void)
{
	static struct histogram one, other, none;
	uint64_t state = 1;

	assert(histogram_percentile(&none, 50) == 0);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		/* every magnitude up to 2^64 */
		values[i] = random_u64(&state) >> random_below(&state, 64);
		histogram_record(i % 2 ? &one : &other, values[i]);
	}
	histogram_merge(&one, &other);
	check_against_sorted(&one);

	memset(&one, 0, sizeof(one));
	for (uint64_t i = 0; i <= 100; i++)
		histogram_record(&one, i);
	assert(histogram_percentile(&one, 50) == 50);
	histogram_record(&one, UINT64_MAX);
	assert(one.max == UINT64_MAX);
	puts("histogram: ok");
	return 0;
}
