/* SPDX-License-Identifier: GPL-2.0-only */
/* Time that only goes forward. */
#ifndef _BENCH_HOST_LINUX_KTIME_H
#define _BENCH_HOST_LINUX_KTIME_H

#include <linux/types.h>
#include <time.h>

static inline u64 ktime_get_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

#endif /* _BENCH_HOST_LINUX_KTIME_H */
