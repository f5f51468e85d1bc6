// SPDX-License-Identifier: GPL-2.0-only
/*
 * A length of user space is read twice
 *
 * It is checked as it was the first time, and used as it is the second time.
 * Another thread of the program may change it in between.
 *
 * Go: a field of a shared struct, checked and read again without a lock.
 * Cure: one copy, checked and used.
 *
 * Compiled and never called; double_fetch.cocci finds the bug.
 */
#include <linux/uaccess.h>

#include "cases.h"

struct sm_case_message {
	u32 len;
	u8 bytes[60];
};

long sm_case_double_fetch(struct sm_case_message *to,
			  const struct sm_case_message __user *from)
{
#ifdef SM_CASE_BUGGY
	if (copy_from_user(&to->len, &from->len, sizeof(to->len)))
		return -EFAULT;
	if (to->len > sizeof(to->bytes))
		return -EMSGSIZE;
#endif
	if (copy_from_user(to, from, sizeof(*to)))
		return -EFAULT;
#ifndef SM_CASE_BUGGY
	if (to->len > sizeof(to->bytes))
		return -EMSGSIZE;
#endif
	return to->len;
}
