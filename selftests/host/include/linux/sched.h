/* SPDX-License-Identifier: GPL-2.0-only */
/* A place to let others run: where the tests take the worker off its CPU. */
#ifndef _HOST_LINUX_SCHED_H
#define _HOST_LINUX_SCHED_H

#include <linux/kernel.h>

#include "../../shim/host.h"

/* Natively it does what the kernel's does: it tells RCU of a quiescent state. */
#ifdef HOST_NATIVE
#include <linux/rcupdate.h>
#define cond_resched() rcu_quiescent_state()
#define in_nmi() false
#else
#define cond_resched() host_cond_resched()
#define in_nmi() host_in_nmi
#endif

#endif /* _HOST_LINUX_SCHED_H */
