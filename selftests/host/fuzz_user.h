/* SPDX-License-Identifier: GPL-2.0-only */
/* What the ioctl fuzzer puts into the caller's memory before a system call. */
#ifndef _HOST_FUZZ_USER_H
#define _HOST_FUZZ_USER_H

#include <linux/types.h>

#include "shim/user.h"

#define AT_PAGE(page) (HOST_USER_BASE + (page)*HOST_USER_PAGE)

/* Behind most parts a page is missing; what goes in ends in one that is read only. */
#define USER_ARG AT_PAGE(0)
#define USER_OPS AT_PAGE(2)
#define USER_IN AT_PAGE(5)
#define USER_OUT AT_PAGE(8)

#define RECORD_HEAD 6U
#define EDIT_BYTES 5U

/**
 * struct record - one step of the fuzzer, from its input
 * @call: which system call, or what else happens
 * @target: which descriptor, where the structure lies, how long it says it is
 * @x: what varies in a valid call
 * @y: the same
 * @fault: what goes wrong meanwhile
 * @nr_edits: changes of the valid call
 * @edits: the changes
 */
struct record {
	u8 call;
	u8 target;
	u8 x;
	u8 y;
	u8 fault;
	u8 nr_edits;
	const u8 *edits;
};

void user_init(void);
unsigned long user_make(const struct record *r, unsigned int number);
void user_allow(unsigned int number, unsigned long arg);

#endif /* _HOST_FUZZ_USER_H */
