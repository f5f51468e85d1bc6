/* SPDX-License-Identifier: GPL-2.0-only */
/* A hint to the CPU. */
#ifndef _HOST_LINUX_PREFETCH_H
#define _HOST_LINUX_PREFETCH_H

#define prefetch(p) __builtin_prefetch(p)

#endif /* _HOST_LINUX_PREFETCH_H */
