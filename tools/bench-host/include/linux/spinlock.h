/* SPDX-License-Identifier: GPL-2.0-only */
/* Spinlocks, and the locks with readers that come with them. */
#ifndef _BENCH_HOST_LINUX_SPINLOCK_H
#define _BENCH_HOST_LINUX_SPINLOCK_H

#include_next <linux/spinlock.h>

#define RW_WRITER (1U << 31)

/**
 * struct rwlock - readers share it, a writer has it alone
 * @readers: how many, and RW_WRITER once a writer has begun to wait for them
 */
typedef struct {
	unsigned int readers;
} rwlock_t;

static inline void rwlock_init(rwlock_t *lock)
{
	WRITE_ONCE(lock->readers, 0);
}

static inline void read_lock(rwlock_t *lock)
{
	unsigned int spins = 0;

	while (unlikely(
		__atomic_fetch_add(&lock->readers, 1, __ATOMIC_ACQUIRE) &
		RW_WRITER)) {
		__atomic_fetch_sub(&lock->readers, 1, __ATOMIC_RELAXED);
		while (READ_ONCE(lock->readers) & RW_WRITER)
			host_relax(&spins);
	}
}

static inline void read_unlock(rwlock_t *lock)
{
	__atomic_fetch_sub(&lock->readers, 1, __ATOMIC_RELEASE);
}

static inline void write_lock(rwlock_t *lock)
{
	unsigned int spins = 0;

	while (__atomic_fetch_or(&lock->readers, RW_WRITER, __ATOMIC_ACQUIRE) &
	       RW_WRITER)
		host_relax(&spins);
	while (__atomic_load_n(&lock->readers, __ATOMIC_ACQUIRE) != RW_WRITER)
		host_relax(&spins);
}

static inline void write_unlock(rwlock_t *lock)
{
	__atomic_fetch_and(&lock->readers, ~RW_WRITER, __ATOMIC_RELEASE);
}

#endif /* _BENCH_HOST_LINUX_SPINLOCK_H */
