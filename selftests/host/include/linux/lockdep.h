/* SPDX-License-Identifier: GPL-2.0-only */
/* Assertions that know which thread holds a lock; see spinlock.h. */
#ifndef _HOST_LINUX_LOCKDEP_H
#define _HOST_LINUX_LOCKDEP_H

#include <linux/rwsem.h>
#include <linux/spinlock.h>

#ifdef HOST_NATIVE
#define lockdep_is_held(lock) true
#define lockdep_assert_held(lock) ((void)(lock))
#else
/* Of all kinds of locks. */
#define lockdep_is_held(lock) \
	_Generic((lock),                                            \
		struct mutex *: host_mutex_is_held,                 \
		const struct mutex *: host_mutex_is_held,           \
		struct rw_semaphore *: host_rwsem_is_held,          \
		default: host_lock_is_held)(lock)
#define lockdep_assert_held(lock)                                   \
	do {                                                        \
		if (!lockdep_is_held(lock))                         \
			host_bug("lockdep_assert_held(" #lock ")"); \
	} while (0)
#endif
#define lockdep_assert_held_write(lock) lockdep_assert_held(lock)

#endif /* _HOST_LINUX_LOCKDEP_H */
