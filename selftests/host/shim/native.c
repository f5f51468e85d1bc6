// SPDX-License-Identifier: GPL-2.0-only
/* Threads, randomness and waiting, where the core is measured. */
#include <sched.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include <linux/kernel.h>
#include <linux/random.h>
#include <linux/rcupdate.h>

#include "host.h"

/* Longer than any lock is held, unless who holds it does not run. */
#define SPINS 2000

unsigned int host_nr_cpus;
__thread unsigned int host_thread_number;
bool host_fatal_signal;

static bool number_taken[HOST_CPUS];

void host_bug(const char *what)
{
	fflush(stdout);
	fprintf(stderr, "BUG: %s\n", what);
	abort();
}

/*
 * Callbacks run on the CPU that asked for them, as in the kernel, and what they cost is
 * missing there.  Threads that are made later must not inherit a CPU, so this is first.
 */
void host_native_init(void)
{
	host_nr_cpus = sysconf(_SC_NPROCESSORS_CONF);
	host_thread_enter();
	if (create_all_cpu_call_rcu_data(0))
		host_bug("no threads for RCU's callbacks");
}

/* Called first by each thread that uses a map. */
void host_thread_enter(void)
{
	unsigned int i = 0;

	while (i < HOST_CPUS &&
	       __atomic_exchange_n(&number_taken[i], true, __ATOMIC_ACQUIRE))
		i++;
	if (i == HOST_CPUS)
		host_bug("more threads than CPUs");
	host_thread_number = i;
	rcu_register_thread();
}

void host_thread_exit(void)
{
	rcu_unregister_thread();
	__atomic_store_n(&number_taken[host_thread_number], false,
			 __ATOMIC_RELEASE);
}

void host_sleep(void)
{
	rcu_thread_offline();
}

void host_wake(void)
{
	rcu_thread_online();
}

/* Between two looks at a lock. */
void host_relax(unsigned int *spins)
{
	if (!(++*spins % SPINS))
		sched_yield();
#ifdef __x86_64__
	__builtin_ia32_pause();
#endif
}

void get_random_bytes(void *buf, size_t len)
{
	if (getrandom(buf, len, 0) != (ssize_t)len)
		host_bug("no random bytes");
}
