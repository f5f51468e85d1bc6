// SPDX-License-Identifier: GPL-2.0-only
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "large.h"

#define PERIOD_US 1000u

struct watcher {
	pthread_t thread;
	unsigned int cpu;
	struct gap *gap;
};

struct gap {
	atomic_bool stop;
	atomic_uint_fast64_t longest_us;
	unsigned int nr;
	struct watcher watchers[];
};

static void note(struct gap *gap, uint64_t us)
{
	uint64_t longest = atomic_load(&gap->longest_us);

	while (us > longest &&
	       !atomic_compare_exchange_weak(&gap->longest_us, &longest, us))
		;
}

static void *watch(void *arg)
{
	struct watcher *watcher = arg;
	struct gap *gap = watcher->gap;

	if (pin_to_cpu(watcher->cpu))
		note(gap, UINT32_MAX);
	while (!atomic_load(&gap->stop)) {
		struct timespec period = { .tv_nsec = PERIOD_US * 1000 };
		uint64_t start = now_us(), us;

		nanosleep(&period, NULL);
		us = now_us() - start;
		note(gap, us > PERIOD_US ? us - PERIOD_US : 0);
	}
	return NULL;
}

struct gap *gap_start(void)
{
	unsigned int nr = sysconf(_SC_NPROCESSORS_ONLN);
	struct gap *gap =
		calloc(1, sizeof(*gap) + nr * sizeof(gap->watchers[0]));

	for (; gap && gap->nr < nr; gap->nr++) {
		struct watcher *watcher = &gap->watchers[gap->nr];

		watcher->cpu = gap->nr;
		watcher->gap = gap;
		if (pthread_create(&watcher->thread, NULL, watch, watcher)) {
			gap_stop(gap);
			return NULL;
		}
	}
	return gap;
}

uint64_t gap_longest_us(struct gap *gap)
{
	return atomic_exchange(&gap->longest_us, 0);
}

void gap_stop(struct gap *gap)
{
	atomic_store(&gap->stop, true);
	for (unsigned int i = 0; i < gap->nr; i++)
		pthread_join(gap->watchers[i].thread, NULL);
	free(gap);
}
