/* SPDX-License-Identifier: GPL-2.0-only */
/* Nothing: the core has no timers of its own; compat.h includes this. */
#ifndef _HOST_LINUX_TIMER_H
#define _HOST_LINUX_TIMER_H

#endif /* _HOST_LINUX_TIMER_H */
