/* SPDX-License-Identifier: GPL-2.0-only */
/* What the ioctl fuzzer puts into the caller's memory before a system call. */
#ifndef _HOST_FUZZ_USER_H
#define _HOST_FUZZ_USER_H

#include "shim/user.h"

#define AT_PAGE(page) (HOST_USER_BASE + (page)*HOST_USER_PAGE)

/* Behind most parts a page is missing; what goes in ends in one that is read only. */
#define USER_ARG AT_PAGE(0)
#define USER_OPS AT_PAGE(2)
#define USER_IN AT_PAGE(5)
#define USER_OUT AT_PAGE(8)

struct record;

void user_init(void);
unsigned long user_make(const struct record *r, unsigned int number);
void user_allow(unsigned int number, unsigned long arg);

#endif /* _HOST_FUZZ_USER_H */
