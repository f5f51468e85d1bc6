/* SPDX-License-Identifier: GPL-2.0-only */
/* Bytes that follow from the seed of the test. */
#ifndef _HOST_LINUX_RANDOM_H
#define _HOST_LINUX_RANDOM_H

#include <linux/types.h>

void get_random_bytes(void *buf, size_t len);

static inline u32 get_random_u32(void)
{
	u32 word;

	get_random_bytes(&word, sizeof(word));
	return word;
}

#endif /* _HOST_LINUX_RANDOM_H */
