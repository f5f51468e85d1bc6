/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory as slab.h gives it. */
#ifndef _HOST_LINUX_MM_H
#define _HOST_LINUX_MM_H

#include <linux/slab.h>

#define PAGE_SIZE 4096UL

#endif /* _HOST_LINUX_MM_H */
