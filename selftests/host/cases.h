/* SPDX-License-Identifier: GPL-2.0-only */
/* Tests with a plan, beside the random ones.  Each runs in a process of its own. */
#ifndef _HOST_CASES_H
#define _HOST_CASES_H

#include <stdbool.h>

struct test_case {
	const char *name;
	bool (*run)(void);
};

/* Ends with an empty one. */
extern const struct test_case test_cases[];

#endif /* _HOST_CASES_H */
