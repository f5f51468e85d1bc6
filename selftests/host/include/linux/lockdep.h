/* SPDX-License-Identifier: GPL-2.0-only */
/* Assertions that know which thread holds a lock; see spinlock.h. */
#ifndef _HOST_LINUX_LOCKDEP_H
#define _HOST_LINUX_LOCKDEP_H

#include <linux/spinlock.h>

#ifdef HOST_NATIVE
#define lockdep_is_held(lock) true
#define lockdep_assert_held(lock) ((void)(lock))
#define lockdep_assert_held_write(lock) ((void)(lock))
#else
#define lockdep_is_held(lock) host_lock_is_held(lock)
#define lockdep_assert_held(lock)                                   \
	do {                                                        \
		if (!host_lock_is_held(lock))                       \
			host_bug("lockdep_assert_held(" #lock ")"); \
	} while (0)
#endif

#endif /* _HOST_LINUX_LOCKDEP_H */
