/* SPDX-License-Identifier: GPL-2.0-only */
/* Signals that a test makes. */
#ifndef _HOST_LINUX_SCHED_SIGNAL_H
#define _HOST_LINUX_SCHED_SIGNAL_H

#include <linux/sched.h>

#define fatal_signal_pending(task) READ_ONCE(host_fatal_signal)
#define signal_pending(task) (host_signal || fatal_signal_pending(task))

#endif /* _HOST_LINUX_SCHED_SIGNAL_H */
