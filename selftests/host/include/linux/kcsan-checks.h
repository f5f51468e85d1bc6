/* SPDX-License-Identifier: GPL-2.0-only */
/* TSan looks at all accesses anyway. */
#ifndef _HOST_LINUX_KCSAN_CHECKS_H
#define _HOST_LINUX_KCSAN_CHECKS_H

#define ASSERT_EXCLUSIVE_WRITER(var) ((void)sizeof(var))

#endif /* _HOST_LINUX_KCSAN_CHECKS_H */
