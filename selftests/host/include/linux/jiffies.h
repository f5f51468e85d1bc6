/* SPDX-License-Identifier: GPL-2.0-only */
/* A jiffy is 4 ms. */
#ifndef _HOST_LINUX_JIFFIES_H
#define _HOST_LINUX_JIFFIES_H

#include <linux/types.h>

#define HZ 250

#define NSEC_PER_MSEC 1000000L
#define NSEC_PER_SEC 1000000000L

static inline u64 nsecs_to_jiffies64(u64 ns)
{
	return ns / (NSEC_PER_SEC / HZ);
}

#endif /* _HOST_LINUX_JIFFIES_H */
