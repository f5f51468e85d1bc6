/* SPDX-License-Identifier: GPL-2.0-only */
/* Locks that one may sleep under; see shim/thread.c. */
#ifndef _HOST_LINUX_MUTEX_H
#define _HOST_LINUX_MUTEX_H

#include <pthread.h>

#include <linux/kernel.h>

struct mutex {
	pthread_mutex_t mutex;
};

void mutex_init(struct mutex *lock);
void mutex_lock(struct mutex *lock);
bool mutex_trylock(struct mutex *lock);
void mutex_unlock(struct mutex *lock);

#endif /* _HOST_LINUX_MUTEX_H */
