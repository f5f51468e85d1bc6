/* SPDX-License-Identifier: GPL-2.0-only */
/* The clock that tests can advance; see shim/workqueue.c. */
#ifndef _HOST_LINUX_TIMEKEEPING_H
#define _HOST_LINUX_TIMEKEEPING_H

#include <linux/jiffies.h>

#include "../../shim/host.h"

#define ktime_get_boottime_ns() host_boottime_ns(false)
#define ktime_get_boot_fast_ns() host_boottime_ns(true)

#endif /* _HOST_LINUX_TIMEKEEPING_H */
