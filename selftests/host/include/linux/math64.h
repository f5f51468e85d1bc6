/* SPDX-License-Identifier: GPL-2.0-only */
/* Nothing: the compiler divides 64-bit numbers. */
#ifndef _HOST_LINUX_MATH64_H
#define _HOST_LINUX_MATH64_H

#include <linux/types.h>

#endif /* _HOST_LINUX_MATH64_H */
