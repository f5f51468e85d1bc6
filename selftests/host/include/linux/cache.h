/* SPDX-License-Identifier: GPL-2.0-only */
/* The size of a cache line. */
#ifndef _HOST_LINUX_CACHE_H
#define _HOST_LINUX_CACHE_H

#define L1_CACHE_BYTES 64
#define ____cacheline_aligned_in_smp __attribute__((aligned(L1_CACHE_BYTES)))

#endif /* _HOST_LINUX_CACHE_H */
