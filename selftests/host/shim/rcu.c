// SPDX-License-Identifier: GPL-2.0-only
/*
 * RCU, small and slow but made of nothing but C11 atomics, so that TSan sees the
 * order that a grace period makes; it cannot look into liburcu.
 *
 * A reader notes the number of the grace period that it began in.  A grace
 * period takes the next number and waits for readers with smaller ones.  The
 * note and the look for notes are sequentially consistent: a reader that a grace
 * period does not see sees all that was stored before that grace period.
 */
#include <pthread.h>
#include <sched.h>

#include <linux/rcupdate.h>

#include "host.h"

static struct {
	unsigned long began __attribute__((aligned(64)));
} readers[HOST_CPUS];

static unsigned long period = 1;
static __thread unsigned int nesting;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static struct rcu_head *first, **last = &first;
static unsigned long queued, done;
static bool thread_runs;

void host_rcu_read_lock(void)
{
	if (nesting++)
		return;
	__atomic_store_n(&readers[host_thread_index()].began,
			 __atomic_load_n(&period, __ATOMIC_SEQ_CST),
			 __ATOMIC_SEQ_CST);
}

void host_rcu_read_unlock(void)
{
	if (!nesting)
		host_bug("rcu_read_unlock() without rcu_read_lock()");
	if (!--nesting)
		__atomic_store_n(&readers[host_thread_index()].began, 0,
				 __ATOMIC_RELEASE);
}

bool host_rcu_read_lock_held(void)
{
	return nesting;
}

void synchronize_rcu(void)
{
	unsigned long mine, began;
	unsigned int i;

	host_might_sleep("synchronize_rcu()");
	mine = __atomic_add_fetch(&period, 1, __ATOMIC_SEQ_CST);
	for (i = 0; i < HOST_CPUS; i++) {
		for (;;) {
			began = __atomic_load_n(&readers[i].began,
						__ATOMIC_SEQ_CST);
			if (!began || began >= mine)
				break;
			sched_yield();
		}
	}
}

/* One grace period and its callbacks, which run as in a softirq. */
bool host_rcu_step(void)
{
	struct rcu_head *head, *next;
	unsigned long n = 0;

	pthread_mutex_lock(&mutex);
	head = first;
	first = NULL;
	last = &first;
	pthread_mutex_unlock(&mutex);
	if (!head)
		return false;
	synchronize_rcu();
	for (; head; head = next, n++) {
		next = head->next;
		host_bh_disable();
		head->func(head);
		host_bh_enable();
	}
	pthread_mutex_lock(&mutex);
	done += n;
	pthread_cond_broadcast(&cond);
	pthread_mutex_unlock(&mutex);
	return true;
}

static void *rcu_thread(void *arg)
{
	host_thread_enter();
	for (;;) {
		pthread_mutex_lock(&mutex);
		while (!first)
			pthread_cond_wait(&cond, &mutex);
		pthread_mutex_unlock(&mutex);
		host_rcu_step();
	}
	return arg;
}

void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head))
{
	pthread_t thread;

	head->func = func;
	head->next = NULL;
	pthread_mutex_lock(&mutex);
	*last = head;
	last = &head->next;
	queued++;
	if (!host_manual && !thread_runs) {
		thread_runs = true;
		if (pthread_create(&thread, NULL, rcu_thread, NULL))
			host_bug("no thread for RCU");
		pthread_detach(thread);
	}
	pthread_cond_broadcast(&cond);
	pthread_mutex_unlock(&mutex);
}

void rcu_barrier(void)
{
	unsigned long target;

	host_might_sleep("rcu_barrier()");
	if (host_manual) {
		host_rcu_step();
		return;
	}
	pthread_mutex_lock(&mutex);
	target = queued;
	while (done < target)
		pthread_cond_wait(&cond, &mutex);
	pthread_mutex_unlock(&mutex);
}
