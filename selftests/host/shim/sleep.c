// SPDX-License-Identifier: GPL-2.0-only
/* What a thread may sleep in: mutexes and wait queues. */
#include <linux/mutex.h>
#include <linux/wait.h>

#include "host.h"

/* Its address tells threads apart. */
static __thread char self;

void mutex_init(struct mutex *lock)
{
	pthread_mutex_init(&lock->mutex, NULL);
	lock->holder = NULL;
}

void mutex_destroy(struct mutex *lock)
{
	if (pthread_mutex_destroy(&lock->mutex))
		host_bug("mutex_destroy() of a mutex that is held");
}

bool host_mutex_is_held(const struct mutex *lock)
{
	return READ_ONCE(lock->holder) == &self;
}

bool mutex_trylock(struct mutex *lock)
{
	host_might_trylock("mutex_trylock()");
	if (pthread_mutex_trylock(&lock->mutex))
		return false;
	WRITE_ONCE(lock->holder, &self);
	return true;
}

/* In manual mode who holds it is a work that waits to go on. */
void mutex_lock(struct mutex *lock)
{
	host_might_sleep("mutex_lock()");
	if (!host_manual) {
		if (!mutex_trylock(lock)) {
			host_sleep();
			pthread_mutex_lock(&lock->mutex);
			host_wake();
			WRITE_ONCE(lock->holder, &self);
		}
		return;
	}
	while (!mutex_trylock(lock))
		host_yield_to_work();
}

void mutex_unlock(struct mutex *lock)
{
	host_might_sleep("mutex_unlock()");
	if (!host_mutex_is_held(lock))
		host_bug("mutex_unlock() by another thread");
	WRITE_ONCE(lock->holder, NULL);
	pthread_mutex_unlock(&lock->mutex);
}

void init_waitqueue_head(wait_queue_head_t *wq)
{
	pthread_mutex_init(&wq->mutex, NULL);
	pthread_cond_init(&wq->cond, NULL);
	wq->sleepers = 0;
}

/* Sequentially consistent, as is host_wait_enter(): one sees the other. */
bool wq_has_sleeper(wait_queue_head_t *wq)
{
	return __atomic_fetch_add(&wq->sleepers, 0, __ATOMIC_SEQ_CST);
}

void wake_up_all(wait_queue_head_t *wq)
{
	pthread_mutex_lock(&wq->mutex);
	pthread_cond_broadcast(&wq->cond);
	pthread_mutex_unlock(&wq->mutex);
}

void host_wait_enter(wait_queue_head_t *wq)
{
	host_might_sleep("wait_event()");
	pthread_mutex_lock(&wq->mutex);
	__atomic_fetch_add(&wq->sleepers, 1, __ATOMIC_SEQ_CST);
}

void host_wait(wait_queue_head_t *wq)
{
	if (!host_manual) {
		host_sleep();
		pthread_cond_wait(&wq->cond, &wq->mutex);
		host_wake();
		return;
	}
	pthread_mutex_unlock(&wq->mutex);
	if (!host_rcu_step())
		host_bug("wait_event() for what will not happen");
	pthread_mutex_lock(&wq->mutex);
}

void host_wait_leave(wait_queue_head_t *wq)
{
	__atomic_fetch_sub(&wq->sleepers, 1, __ATOMIC_SEQ_CST);
	pthread_mutex_unlock(&wq->mutex);
}
