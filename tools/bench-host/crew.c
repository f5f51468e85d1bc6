// SPDX-License-Identifier: GPL-2.0-only
/* Threads that do their parts of a work at the same time, each on a CPU of its own. */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include <linux/kernel.h>
#include <linux/ktime.h>

#include "runner.h"

struct crew {
	const struct bench_run *run;
	pthread_barrier_t start;
};

struct member {
	struct crew *crew;
	unsigned int index;
	pthread_t thread;
	u64 begin;
	u64 end;
	u64 wrong;
};

/* The CPU of a thread: those that the process may use, in turn. */
static void pin(unsigned int index)
{
	cpu_set_t allowed, one;
	int cpu = -1;

	CPU_ZERO(&one);
	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		host_bug("the CPUs of this process are unknown");
	for (index %= CPU_COUNT(&allowed); index != ~0U; index--)
		do
			cpu++;
		while (!CPU_ISSET(cpu, &allowed));
	CPU_SET(cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		host_bug("a thread cannot be bound to its CPU");
}

static void *member_fn(void *arg)
{
	struct member *m = arg;
	const struct bench_run *run = m->crew->run;

	pin(m->index);
	host_thread_enter();
	host_sleep();
	pthread_barrier_wait(&m->crew->start);
	host_wake();
	m->begin = ktime_get_ns();
	m->wrong = run->work->fn(run, m->index);
	m->end = ktime_get_ns();
	host_thread_exit();
	return NULL;
}

/**
 * bench_measure - have all threads do a work
 * @run: the run
 * @wrong: set to how many results were wrong
 *
 * Return: Nanoseconds from the first thread's begin to the last one's end, or an
 * error code.
 */
s64 bench_measure(const struct bench_run *run, u64 *wrong)
{
	struct crew crew = { .run = run };
	struct member *members = calloc(run->threads, sizeof(*members));
	u64 begin = U64_MAX, end = 0;
	unsigned int i;

	if (!members)
		return -ENOMEM;
	pthread_barrier_init(&crew.start, NULL, run->threads);
	for (i = 0; i < run->threads; i++) {
		members[i].crew = &crew;
		members[i].index = i;
		/* The others would wait for it at the barrier. */
		if (pthread_create(&members[i].thread, NULL, member_fn,
				   &members[i]))
			host_bug("no threads");
	}
	*wrong = 0;
	host_sleep();
	for (i = 0; i < run->threads; i++) {
		pthread_join(members[i].thread, NULL);
		begin = min(begin, members[i].begin);
		end = max(end, members[i].end);
		*wrong += members[i].wrong;
	}
	host_wake();
	pthread_barrier_destroy(&crew.start);
	free(members);
	return end - begin;
}
