/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef STRESS_ZIPF_H
#define STRESS_ZIPF_H

#include <stdint.h>

/* Ranks 1 to n, rank k with a probability proportional to k^-theta. */
struct zipf {
	uint64_t n;
	double theta;
	double low; /* area up to rank 1's left end, its whole weight counted */
	double high; /* area up to rank n's right end */
	double sure; /* this near to its rank a sample needs no check */
};

void zipf_init(struct zipf *zipf, uint64_t n, double theta);
uint64_t zipf_next(const struct zipf *zipf, uint64_t *random);

#endif /* STRESS_ZIPF_H */
