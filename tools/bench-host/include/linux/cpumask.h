/* SPDX-License-Identifier: GPL-2.0-only */
/* How many CPUs there are, which percpu.h knows. */
#ifndef _BENCH_HOST_LINUX_CPUMASK_H
#define _BENCH_HOST_LINUX_CPUMASK_H

#include <linux/percpu.h>

#endif /* _BENCH_HOST_LINUX_CPUMASK_H */
