/* SPDX-License-Identifier: GPL-2.0-only */
/* Bytes that follow from the seed of the test. */
#ifndef _HOST_LINUX_RANDOM_H
#define _HOST_LINUX_RANDOM_H

#include <linux/types.h>

void get_random_bytes(void *buf, size_t len);

#endif /* _HOST_LINUX_RANDOM_H */
