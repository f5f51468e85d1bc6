/* SPDX-License-Identifier: GPL-2.0-only */
/* Small helpers that everything uses. */
#ifndef _HOST_LINUX_KERNEL_H
#define _HOST_LINUX_KERNEL_H

#include <errno.h>
#include <limits.h>
#include <linux/compiler.h>
#include <linux/minmax.h>
#include <linux/types.h>
#include <stdio.h>

#include "../../shim/host.h"

#define ALIGN(x, a) (((x) + (__typeof__(x))(a)-1) & ~((__typeof__(x))(a)-1))

#define container_of(ptr, type, member) \
	((type *)((char *)(ptr)-offsetof(type, member)))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Options that the core asks for. */
#define HOST_CONFIG_KUNIT 0
#ifdef HOST_NATIVE
#define HOST_CONFIG_LOCKDEP 0
#else
#define HOST_CONFIG_LOCKDEP 1
#endif
#define IS_ENABLED(option) HOST_##option

#define BUILD_BUG_ON(condition) _Static_assert(!(condition), #condition)

#define might_sleep() host_might_sleep("might_sleep()")

#define might_sleep_if(condition)      \
	do {                           \
		if (condition)         \
			might_sleep(); \
	} while (0)

#endif /* _HOST_LINUX_KERNEL_H */
