/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel log would get goes to stdout, errors to stderr. */
#ifndef _BENCH_HOST_LINUX_PRINTK_H
#define _BENCH_HOST_LINUX_PRINTK_H

#include <stdio.h>

#ifndef pr_fmt
#define pr_fmt(fmt) fmt
#endif

#define pr_info(fmt, ...) printf(pr_fmt(fmt), ##__VA_ARGS__)
#define pr_err(fmt, ...) fprintf(stderr, pr_fmt(fmt), ##__VA_ARGS__)

/* As snprintf(), but returns what was written; @size is not 0. */
#define scnprintf(buf, size, ...)                              \
	({                                                     \
		int room = (size);                             \
		int wanted = snprintf(buf, room, __VA_ARGS__); \
		wanted < room ? wanted : room - 1;             \
	})

#endif /* _BENCH_HOST_LINUX_PRINTK_H */
