/* SPDX-License-Identifier: GPL-2.0-only */
/* A jiffy is 4 ms. */
#ifndef _HOST_LINUX_JIFFIES_H
#define _HOST_LINUX_JIFFIES_H

#define HZ 250

#endif /* _HOST_LINUX_JIFFIES_H */
