/* SPDX-License-Identifier: GPL-2.0-only */
/* Bitmaps are allocated arrays of words. */
#ifndef _HOST_LINUX_BITMAP_H
#define _HOST_LINUX_BITMAP_H

#include <linux/bitops.h>
#include <linux/slab.h>

static inline unsigned long *bitmap_zalloc(unsigned int nbits, gfp_t gfp)
{
	return kvcalloc(BITS_TO_LONGS(nbits), sizeof(long), gfp);
}

static inline void bitmap_free(const unsigned long *map)
{
	kvfree(map);
}

#endif /* _HOST_LINUX_BITMAP_H */
