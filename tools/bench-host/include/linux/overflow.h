/* SPDX-License-Identifier: GPL-2.0-only */
/* struct_size(), which slab.h has. */
#ifndef _BENCH_HOST_LINUX_OVERFLOW_H
#define _BENCH_HOST_LINUX_OVERFLOW_H

#include <linux/slab.h>

#endif /* _BENCH_HOST_LINUX_OVERFLOW_H */
