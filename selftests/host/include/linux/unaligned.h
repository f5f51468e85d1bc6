/* SPDX-License-Identifier: GPL-2.0-only */
/* Words of any alignment. */
#ifndef _HOST_LINUX_UNALIGNED_H
#define _HOST_LINUX_UNALIGNED_H

#include <linux/types.h>
#include <string.h>

#define get_unaligned(p)                                            \
	({                                                          \
		__typeof__(*(p) + 0) loaded;                        \
		memcpy(&loaded, (const void *)(p), sizeof(loaded)); \
		loaded;                                             \
	})

#define put_unaligned(val, p)                                 \
	do {                                                  \
		__typeof__(*(p)) stored = (val);              \
		memcpy((void *)(p), &stored, sizeof(stored)); \
	} while (0)

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
