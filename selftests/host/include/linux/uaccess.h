/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory of users: addresses that only shim/uaccess.c makes sense of. */
#ifndef _HOST_LINUX_UACCESS_H
#define _HOST_LINUX_UACCESS_H

#include <linux/kernel.h>
#include <linux/types.h>
#include <string.h>

#include "../../shim/user.h"

#define u64_to_user_ptr(address) ((void __user *)(uintptr_t)(u64)(address))
#define access_ok(p, len) host_access_ok((uintptr_t)(p), len)
#define might_fault() host_might_sleep("might_fault()")

#define copy_from_user(to, from, len) \
	host_copy_from_user(to, (uintptr_t)(from), len)
#define copy_to_user(to, from, len) \
	host_copy_to_user((uintptr_t)(to), from, len)
#define fault_in_safe_writeable(p, len) \
	host_fault_in_writeable((uintptr_t)(p), len)

/* The first bytes of a word are its lowest: hosts are little endian. */
#define get_user(x, p)                                                         \
	({                                                                     \
		u64 got = 0;                                                   \
		unsigned long left = host_copy_from_user(&got, (uintptr_t)(p), \
							 sizeof(*(p)));        \
		(x) = (__typeof__(*(p)))got;                                   \
		left ? -EFAULT : 0;                                            \
	})

#define user_read_access_begin(p, len) \
	host_user_begin((uintptr_t)(p), len, HOST_USER_READ)
#define user_write_access_begin(p, len) \
	host_user_begin((uintptr_t)(p), len, HOST_USER_WRITE)
#define user_read_access_end() host_user_end(HOST_USER_READ)
#define user_write_access_end() host_user_end(HOST_USER_WRITE)

#define unsafe_get_user(x, p, label)                                     \
	do {                                                             \
		u64 got = 0;                                             \
		if (host_unsafe_get(&got, (uintptr_t)(p), sizeof(*(p)))) \
			goto label;                                      \
		(x) = (__typeof__(*(p)))got;                             \
	} while (0)
#define unsafe_put_user(x, p, label)                                    \
	do {                                                            \
		__typeof__(*(p)) put = (x);                             \
		if (host_unsafe_put((uintptr_t)(p), &put, sizeof(put))) \
			goto label;                                     \
	} while (0)
#define unsafe_copy_to_user(to, from, len, label)                \
	do {                                                     \
		if (host_unsafe_put((uintptr_t)(to), from, len)) \
			goto label;                              \
	} while (0)

/* The structure of a caller that may know less or more of it. */
static inline int copy_struct_from_user(void *to, size_t size,
					const void __user *from, size_t given)
{
	unsigned long rest = (uintptr_t)from + size;
	int zero;

	if (given > size) {
		zero = host_user_is_zero(rest, given - size);
		if (zero <= 0)
			return zero ?: -E2BIG;
	} else {
		memset(to + given, 0, size - given);
	}
	return copy_from_user(to, from, min(size, given)) ? -EFAULT : 0;
}

#endif /* _HOST_LINUX_UACCESS_H */
