/* SPDX-License-Identifier: GPL-2.0-only */
/* A place to let others run: where the tests take the worker off its CPU. */
#ifndef _HOST_LINUX_SCHED_H
#define _HOST_LINUX_SCHED_H

#include <linux/kernel.h>

#include "../../shim/host.h"

#define cond_resched() host_cond_resched()
#define in_nmi() host_in_nmi

#endif /* _HOST_LINUX_SCHED_H */
