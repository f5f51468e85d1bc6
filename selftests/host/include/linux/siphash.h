/* SPDX-License-Identifier: GPL-2.0-only */
/* The permutation and constants of SipHash. */
#ifndef _HOST_LINUX_SIPHASH_H
#define _HOST_LINUX_SIPHASH_H

#include <linux/bitops.h>

typedef struct {
	u64 key[2];
} siphash_key_t;

#define SIPHASH_CONST_0 0x736f6d6570736575ULL
#define SIPHASH_CONST_1 0x646f72616e646f6dULL
#define SIPHASH_CONST_2 0x6c7967656e657261ULL
#define SIPHASH_CONST_3 0x7465646279746573ULL

#define SIPHASH_PERMUTATION(a, b, c, d)     \
	do {                                \
		(a) += (b);                 \
		(b) = rol64((b), 13) ^ (a); \
		(a) = rol64((a), 32);       \
		(c) += (d);                 \
		(d) = rol64((d), 16) ^ (c); \
		(a) += (d);                 \
		(d) = rol64((d), 21) ^ (a); \
		(c) += (b);                 \
		(b) = rol64((b), 17) ^ (c); \
		(c) = rol64((c), 32);       \
	} while (0)

#endif /* _HOST_LINUX_SIPHASH_H */
