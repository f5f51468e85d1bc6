/* SPDX-License-Identifier: GPL-2.0-only */
/* Faulting pages in; see uaccess.h. */
#ifndef _HOST_LINUX_PAGEMAP_H
#define _HOST_LINUX_PAGEMAP_H

#include <linux/uaccess.h>

#endif /* _HOST_LINUX_PAGEMAP_H */
