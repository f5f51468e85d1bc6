/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef STRESS_HISTOGRAM_H
#define STRESS_HISTOGRAM_H

#include <stdint.h>

/*
 * Log-linear: every power of two is cut into 2^HISTOGRAM_BITS equal parts, so a
 * value is known to within 1 / 2^HISTOGRAM_BITS of itself.
 */
#define HISTOGRAM_BITS 7
#define HISTOGRAM_BUCKETS ((64 - HISTOGRAM_BITS + 1) << HISTOGRAM_BITS)

struct histogram {
	uint64_t count;
	uint64_t max;
	uint64_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_record(struct histogram *histogram, uint64_t value);
void histogram_merge(struct histogram *to, const struct histogram *from);

/* The highest value that the values up to this percentile can have; 0 if empty */
uint64_t histogram_percentile(const struct histogram *histogram,
			      double percentile);

#endif /* STRESS_HISTOGRAM_H */
