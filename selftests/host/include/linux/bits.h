/* SPDX-License-Identifier: GPL-2.0-only */
/* Single bits. */
#ifndef _HOST_LINUX_BITS_H
#define _HOST_LINUX_BITS_H

#define BIT(n) (1UL << (n))
#define BIT_ULL(n) (1ULL << (n))

#endif /* _HOST_LINUX_BITS_H */
