/* SPDX-License-Identifier: GPL-2.0-only */
/* Little-endian words of any alignment. */
#ifndef _HOST_LINUX_UNALIGNED_H
#define _HOST_LINUX_UNALIGNED_H

#include <linux/types.h>
#include <string.h>

static inline u32 get_unaligned_le32(const void *p)
{
	u32 word;

	memcpy(&word, p, sizeof(word));
	return word;
}

static inline u64 get_unaligned_le64(const void *p)
{
	u64 word;

	memcpy(&word, p, sizeof(word));
	return word;
}

#endif /* _HOST_LINUX_UNALIGNED_H */
