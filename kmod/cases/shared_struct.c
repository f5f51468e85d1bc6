// SPDX-License-Identifier: GPL-2.0-only
/*
 * A struct that user space shares has a layout that depends on the compiler
 *
 * A 64-bit number after a 32-bit one stands elsewhere in a 32-bit program, and the
 * padding at the end makes the struct larger than its members.
 *
 * Go: unsafe.Sizeof() and cgo structs that assume one alignment.
 * Cure: explicit padding and aligned types, and a static assertion for each.
 *
 * Compiled and never called, also in user space, for 64 and 32 bit.
 */
#include <linux/types.h>

#ifdef __KERNEL__
#include <linux/build_bug.h>
#else
#include <assert.h>
#endif

#ifdef SM_CASE_BUGGY
struct sm_case_shared {
	__u32 flags;
	unsigned long long size;
	__u32 mode;
};
#else
struct sm_case_shared {
	__aligned_u64 size;
	__u32 flags;
	__u32 mode;
};
#endif

#ifndef SM_CASE_NO_ASSERT
static_assert(sizeof(struct sm_case_shared) == 16,
	      "sm_case_shared has padding");
#endif

/* For pahole, which shows the types that are used. */
extern const struct sm_case_shared sm_case_shared;
const struct sm_case_shared sm_case_shared = { .size = 1 };
