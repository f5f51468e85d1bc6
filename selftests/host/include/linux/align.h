/* SPDX-License-Identifier: GPL-2.0-only */
/* Rounding up; see kernel.h. */
#ifndef _HOST_LINUX_ALIGN_H
#define _HOST_LINUX_ALIGN_H

#include <linux/kernel.h>

#endif /* _HOST_LINUX_ALIGN_H */
