/* SPDX-License-Identifier: GPL-2.0-only */
/* To sleep for a while. */
#ifndef _BENCH_HOST_LINUX_DELAY_H
#define _BENCH_HOST_LINUX_DELAY_H

#include <unistd.h>

#include "../../../../selftests/host/shim/host.h"

static inline void msleep(unsigned int ms)
{
	host_sleep();
	usleep(ms * 1000);
	host_wake();
}

#endif /* _BENCH_HOST_LINUX_DELAY_H */
