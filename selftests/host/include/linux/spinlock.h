/* SPDX-License-Identifier: GPL-2.0-only */
/* Spinlocks are mutexes that know their holder; natively they are spinlocks. */
#ifndef _HOST_LINUX_SPINLOCK_H
#define _HOST_LINUX_SPINLOCK_H

#include <pthread.h>

#include <linux/kernel.h>

#include "../../shim/host.h"

#ifdef HOST_NATIVE
typedef struct {
	int held;
} spinlock_t;

#define DEFINE_SPINLOCK(name) spinlock_t name = { 0 }

static inline void spin_lock_init(spinlock_t *lock)
{
	WRITE_ONCE(lock->held, 0);
}

static inline bool host_spin_trylock(spinlock_t *lock)
{
	int free = 0;

	return __atomic_compare_exchange_n(&lock->held, &free, 1, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static inline void spin_lock(spinlock_t *lock)
{
	unsigned int spins = 0;

	while (unlikely(!host_spin_trylock(lock)))
		while (READ_ONCE(lock->held))
			host_relax(&spins);
}

static inline void spin_unlock(spinlock_t *lock)
{
	__atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE);
}

#define spin_lock_nest_lock(lock, outer) spin_lock(lock)

/* Nothing interrupts a thread to run softirqs. */
#define local_bh_disable() barrier()
#define local_bh_enable() barrier()
#else
typedef struct {
	pthread_mutex_t mutex;
	const void *holder;
} spinlock_t;

#define DEFINE_SPINLOCK(name) \
	spinlock_t name = { .mutex = PTHREAD_MUTEX_INITIALIZER }

void spin_lock_init(spinlock_t *lock);
void spin_lock(spinlock_t *lock);
void spin_lock_inside(spinlock_t *lock);
void spin_lock_nest_lock(spinlock_t *lock, const spinlock_t *outer);
void spin_unlock(spinlock_t *lock);
bool host_lock_is_held(const spinlock_t *lock);

/* The kernel's has the assertions with it. */
#include <linux/lockdep.h>

#ifdef HOST_CHARDEV
#define spin_lock(lock) spin_lock_inside(lock)
#endif

#define local_bh_disable() host_bh_disable()
#define local_bh_enable() host_bh_enable()
#endif

static inline void spin_lock_bh(spinlock_t *lock)
{
	local_bh_disable();
	spin_lock(lock);
}

static inline void spin_unlock_bh(spinlock_t *lock)
{
	spin_unlock(lock);
	local_bh_enable();
}

#endif /* _HOST_LINUX_SPINLOCK_H */
