/* SPDX-License-Identifier: GPL-2.0-only */
/* Locks for many readers: here as good as mutexes. */
#ifndef _HOST_LINUX_RWSEM_H
#define _HOST_LINUX_RWSEM_H

#include <linux/mutex.h>

struct rw_semaphore {
	struct mutex mutex;
};

#define DECLARE_RWSEM(name) \
	struct rw_semaphore name = { { .mutex = PTHREAD_MUTEX_INITIALIZER } }

static inline bool host_rwsem_is_held(const struct rw_semaphore *sem)
{
	return host_mutex_is_held(&sem->mutex);
}

#define down_read(sem) mutex_lock(&(sem)->mutex)
#define up_read(sem) mutex_unlock(&(sem)->mutex)
#define down_write(sem) mutex_lock(&(sem)->mutex)
#define up_write(sem) mutex_unlock(&(sem)->mutex)

#endif /* _HOST_LINUX_RWSEM_H */
