// SPDX-License-Identifier: GPL-2.0-only
/*
 * Zipf's distribution by rejection-inversion (W. Hoermann and G. Derflinger,
 * "Rejection-inversion to generate variates from monotone discrete
 * distributions", 1996): constant time and memory for any number of keys.
 *
 * With h(x) = x^-theta and its integral H, a point of the area under h between
 * 1/2 and n + 1/2 is drawn and carried back by the inverse of H to x; it stands
 * for the nearest rank k.  As h is convex, the area over [k - 1/2, k + 1/2] is
 * at least h(k); accepting only its last part of the size h(k) makes it exact.
 */
#include <math.h>

#include "random.h"
#include "zipf.h"

static double weight(const struct zipf *zipf, double x)
{
	return exp(-zipf->theta * log(x));
}

/* The integral of h from 1 to x; expm1() keeps it exact for theta near 1. */
static double area(const struct zipf *zipf, double x)
{
	double power = 1 - zipf->theta;
	double l = log(x);

	return fabs(power * l) < 1e-9 ? l : expm1(power * l) / power;
}

static double area_inverse(const struct zipf *zipf, double a)
{
	double power = 1 - zipf->theta;
	double t = power * a;

	if (fabs(t) < 1e-9)
		return exp(a);
	/* Rounding may lead below the pole of theta > 1. */
	return exp(log1p(t < -1 ? -1 : t) / power);
}

void zipf_init(struct zipf *zipf, uint64_t n, double theta)
{
	zipf->n = n;
	zipf->theta = theta;
	/* Rank 1 gets exactly its weight, so it is never rejected. */
	zipf->low = area(zipf, 1.5) - 1;
	zipf->high = area(zipf, n + 0.5);
	zipf->sure = 2 - area_inverse(zipf, area(zipf, 2.5) - weight(zipf, 2));
}

uint64_t zipf_next(const struct zipf *zipf, uint64_t *random)
{
	for (;;) {
		double a = zipf->high +
			   random_unit(random) * (zipf->low - zipf->high);
		double x = area_inverse(zipf, a);
		uint64_t k = x + 0.5;

		if (x < 1)
			k = 1;
		else if (k > zipf->n)
			k = zipf->n;
		if (k - x <= zipf->sure ||
		    a >= area(zipf, k + 0.5) - weight(zipf, k))
			return k;
	}
}
