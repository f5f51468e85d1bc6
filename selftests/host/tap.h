/* SPDX-License-Identifier: GPL-2.0-only */
/* Results as KTAP lines; check.sh counts them. */
#ifndef _HOST_TAP_H
#define _HOST_TAP_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static unsigned int tap_passed, tap_failed;

static inline void tap_result(bool passed, const char *name)
{
	unsigned int n = tap_passed + tap_failed + 1;

	printf("%sok %u - %s\n", passed ? "" : "not ", n, name);
	fflush(stdout);
	if (passed)
		tap_passed++;
	else
		tap_failed++;
}

static inline int tap_end(void)
{
	printf("1..%u\n", tap_passed + tap_failed);
	return tap_failed ? 1 : 0;
}

__attribute__((noreturn)) static inline void err_exit(const char *what)
{
	perror(what);
	exit(2);
}

#endif /* _HOST_TAP_H */
