// SPDX-License-Identifier: GPL-2.0-only
/*
 * A pointer of user space is followed as if it were the kernel's
 *
 * It works in a test that passes a kernel address, and lets a program read the
 * kernel's memory.  The type says whose the pointer is.
 *
 * Go: a pointer conversion that go vet calls "possible misuse of unsafe.Pointer".
 * Cure: get_user(), copy_from_user().
 *
 * Compiled and never called.
 */
#include <linux/uaccess.h>

#include "cases.h"

long sm_case_user_pointer(const u32 __user *len)
{
	u32 value;

#ifdef SM_CASE_BUGGY
	value = *len;
#else
	if (get_user(value, len))
		return -EFAULT;
#endif
	return value;
}
