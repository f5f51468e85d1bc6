/* SPDX-License-Identifier: GPL-2.0-only */
/* Locks that one may sleep under; see shim/thread.c. */
#ifndef _HOST_LINUX_MUTEX_H
#define _HOST_LINUX_MUTEX_H

#include <pthread.h>

#include <linux/kernel.h>

struct mutex {
	pthread_mutex_t mutex;
	const void *holder;
};

#define DEFINE_MUTEX(name) \
	struct mutex name = { .mutex = PTHREAD_MUTEX_INITIALIZER }

void mutex_init(struct mutex *lock);
void mutex_destroy(struct mutex *lock);
void mutex_lock(struct mutex *lock);
bool mutex_trylock(struct mutex *lock);
void mutex_unlock(struct mutex *lock);
bool host_mutex_is_held(const struct mutex *lock);

/* Nobody sends a signal to who waits here. */
static inline int mutex_lock_interruptible(struct mutex *lock)
{
	mutex_lock(lock);
	return 0;
}

#endif /* _HOST_LINUX_MUTEX_H */
