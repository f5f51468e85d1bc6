/* SPDX-License-Identifier: GPL-2.0-only */
/* What all kinds of load ask of the machine: the time, and a CPU. */
#ifndef STRESS_MACHINE_H
#define STRESS_MACHINE_H

#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <time.h>

static inline uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

static inline uint64_t now_us(void)
{
	return now_ns() / 1000;
}

/* Binds the calling thread.  Returns 0 or a negative errno, if the CPU has gone. */
static inline int pin_to_cpu(unsigned int cpu)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	return sched_setaffinity(0, sizeof(one), &one) ? -errno : 0;
}

#endif /* STRESS_MACHINE_H */
