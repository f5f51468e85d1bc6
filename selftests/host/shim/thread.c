// SPDX-License-Identifier: GPL-2.0-only
/* Threads as CPUs, and spinlocks that know their holder. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/lockdep.h>
#include <linux/random.h>
#include <linux/spinlock.h>

#include "host.h"

/**
 * struct cpu - what a thread must not forget
 * @index: its number
 * @bh: how often bottom halves are disabled
 * @locks: spinlocks held
 * @nested: the last one taken under an outer one, while that is held
 */
struct cpu {
	unsigned int index;
	unsigned int bh;
	unsigned int locks;
	const spinlock_t *nested;
};

bool host_manual;

static pthread_mutex_t cpus_mutex = PTHREAD_MUTEX_INITIALIZER;
static bool cpu_taken[HOST_CPUS];
static __thread struct cpu *this_cpu;
static __thread struct cpu this_cpu_storage;
static u64 random_state;

unsigned int host_window_every;
__thread bool host_in_nmi;
bool host_fatal_signal;
bool host_signal;

void host_window_open(void)
{
	static __thread unsigned int state;
	unsigned int every = READ_ONCE(host_window_every);
	volatile unsigned int i;

	state = state * 1664525 + 1013904223 + host_thread_index();
	if (!every || (state >> 8) % every)
		return;
	if (state >> 29)
		for (i = 0; i < 500; i++)
			;
	else
		sched_yield();
}

void host_bug(const char *what)
{
	fflush(stdout);
	fprintf(stderr, "BUG: %s\n", what);
	abort();
}

void host_init(uint64_t seed, bool manual)
{
	random_state = seed;
	host_manual = manual;
	host_time_begin();
	if (!this_cpu)
		host_thread_enter();
}

/* Called first by each thread that uses the table. */
void host_thread_enter(void)
{
	unsigned int i;

	pthread_mutex_lock(&cpus_mutex);
	for (i = 0; i < HOST_CPUS && cpu_taken[i]; i++)
		;
	if (i == HOST_CPUS)
		host_bug("more threads than CPUs");
	cpu_taken[i] = true;
	pthread_mutex_unlock(&cpus_mutex);
	this_cpu_storage = (struct cpu){ .index = i };
	this_cpu = &this_cpu_storage;
}

void host_thread_exit(void)
{
	host_might_sleep("a thread's end");
	pthread_mutex_lock(&cpus_mutex);
	cpu_taken[this_cpu->index] = false;
	pthread_mutex_unlock(&cpus_mutex);
	this_cpu = NULL;
}

void host_bh_disable(void)
{
	this_cpu->bh++;
}

void host_bh_enable(void)
{
	if (!this_cpu->bh)
		host_bug("local_bh_enable() without local_bh_disable()");
	if (this_cpu->bh == 1 && this_cpu->locks)
		host_bug("local_bh_enable() under a spinlock");
	this_cpu->bh--;
}

unsigned int host_this_cpu(void)
{
	if (!this_cpu->bh)
		host_bug("this_cpu_ptr() in preemptible code");
	return this_cpu->index;
}

unsigned int host_thread_index(void)
{
	return this_cpu->index;
}

void host_might_sleep(const char *what)
{
	if (!this_cpu->bh && !this_cpu->locks && !host_rcu_read_lock_held())
		return;
	fprintf(stderr, "bh %u, locks %u, rcu %d\n", this_cpu->bh,
		this_cpu->locks, host_rcu_read_lock_held());
	fprintf(stderr, "%s: ", what);
	host_bug("sleeping in atomic context");
}

void host_might_trylock(const char *what)
{
	if (!this_cpu->bh && !host_in_nmi)
		return;
	fprintf(stderr, "%s: ", what);
	host_bug("a mutex in atomic context");
}

/* The core allocates and frees outside its locks, even without sleeping. */
void host_might_allocate(const char *what, bool may_sleep)
{
	if (may_sleep)
		host_might_sleep(what);
	if (this_cpu->locks) {
		fprintf(stderr, "%s: ", what);
		host_bug("memory management under a spinlock");
	}
}

void spin_lock_init(spinlock_t *lock)
{
	pthread_mutex_init(&lock->mutex, NULL);
	WRITE_ONCE(lock->holder, NULL);
}

bool host_lock_is_held(const spinlock_t *lock)
{
	return READ_ONCE(lock->holder) == this_cpu;
}

static void lock_take(spinlock_t *lock)
{
	if (!this_cpu->bh)
		host_bug("spin_lock() with bottom halves enabled");
	if (host_in_nmi)
		host_bug("spin_lock() in NMI context");
	if (host_lock_is_held(lock))
		host_bug("spin_lock() of a lock that is held");
	this_cpu->locks++;
	pthread_mutex_lock(&lock->mutex);
	WRITE_ONCE(lock->holder, this_cpu);
}

/* Locks are innermost and taken without softirqs, with one exception. */
void spin_lock(spinlock_t *lock)
{
	if (this_cpu->locks)
		host_bug("spin_lock() inside another one");
	this_cpu->nested = NULL;
	lock_take(lock);
}

/* The device's locks are inside those of the table. */
void spin_lock_inside(spinlock_t *lock)
{
	lock_take(lock);
}

/* Several locks, in the order of their addresses, with @outer held around them. */
void spin_lock_nest_lock(spinlock_t *lock, const spinlock_t *outer)
{
	if (!host_lock_is_held(outer))
		host_bug("spin_lock_nest_lock() without the outer lock");
	if (lock <= this_cpu->nested)
		host_bug("spin_lock_nest_lock() out of order");
	this_cpu->nested = lock;
	lock_take(lock);
}

void spin_unlock(spinlock_t *lock)
{
	if (!host_lock_is_held(lock))
		host_bug("spin_unlock() by another thread");
	this_cpu->locks--;
	WRITE_ONCE(lock->holder, NULL);
	pthread_mutex_unlock(&lock->mutex);
}

void get_random_bytes(void *buf, size_t len)
{
	unsigned char *p = buf;

	while (len--) {
		random_state = random_state * 6364136223846793005ULL +
			       1442695040888963407ULL;
		*p++ = random_state >> 56;
	}
}

#ifdef __has_feature
#if __has_feature(address_sanitizer)
/* Show where host_bug() was called. */
const char *__asan_default_options(void)
{
	return "handle_abort=1:detect_stack_use_after_return=1";
}
#endif
#endif
