/* SPDX-License-Identifier: GPL-2.0-only */
/* Allocation flags: what matters is whether the caller may sleep. */
#ifndef _HOST_LINUX_GFP_H
#define _HOST_LINUX_GFP_H

#include <linux/types.h>

typedef unsigned int gfp_t;

#define __GFP_DIRECT_RECLAIM 1U
#define __GFP_NOWARN 2U
#define __GFP_ZERO 4U
#define __GFP_ACCOUNT 8U
#define __GFP_RETRY_MAYFAIL 16U
#define GFP_NOWAIT __GFP_NOWARN
#define GFP_ATOMIC 0U
#define GFP_KERNEL __GFP_DIRECT_RECLAIM
#define GFP_KERNEL_ACCOUNT (GFP_KERNEL | __GFP_ACCOUNT)

static inline bool gfpflags_allow_blocking(gfp_t gfp)
{
	return gfp & __GFP_DIRECT_RECLAIM;
}

#endif /* _HOST_LINUX_GFP_H */
