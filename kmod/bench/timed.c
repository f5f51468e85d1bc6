// SPDX-License-Identifier: GPL-2.0-only
/*
 * The works that time every operation.  They stand apart because reading the clock
 * costs as much as an operation.
 */
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/sched.h>

#include "runner.h"

#define CLOCK_READS 10000
#define CALIBRATE_MS 100

/* Nanoseconds per tick of the clock, times 2^32. */
static u64 tick_length = 1ULL << 32;

/*
 * The kernel's own clock has steps of 256 ns on some kernels, and goes to the host
 * for the time.  The CPU's counter does not, and threads stay on their CPU.
 */
static u64 ticks(void)
{
#ifdef CONFIG_X86_64
	u32 low, high;

	asm volatile("lfence\n\trdtsc" : "=a"(low), "=d"(high)::"memory");
	return (u64)high << 32 | low;
#else
	return ktime_get_ns();
#endif
}

static u64 since(u64 begin)
{
	return mul_u64_u64_shr(ticks() - begin, tick_length, 32);
}

/* Compare with the kernel's clock; needed once, before the first timed work. */
void bench_clock_calibrate(void)
{
	u64 begin = ticks(), ns = ktime_get_ns();

	msleep(CALIBRATE_MS);
	begin = ticks() - begin;
	ns = ktime_get_ns() - ns;
	/* Both stay far below 2^32 in this time. */
	tick_length = div64_u64(ns << 32, begin ?: 1);
}

/* What two readings in a row are apart: part of every latency. */
u64 bench_clock_ns(void)
{
	u64 begin = ticks();
	unsigned int i;

	for (i = 0; i < CLOCK_READS; i++)
		ticks();
	return div_u64(since(begin), CLOCK_READS);
}

static bool timed_put(const struct bench_run *run, struct bench_hist *hist,
		      u64 i)
{
	u64 key[2], value[BENCH_VALUE_MAX / 8], begin;
	int err;

	bench_key(key, i);
	bench_value(value, i);
	begin = ticks();
	err = run->backend->put(run->map, key, value);
	bench_hist_add(hist, since(begin));
	return !err;
}

static bool timed_get(const struct bench_run *run, struct bench_hist *hist,
		      u64 i)
{
	u64 key[2], value[BENCH_VALUE_MAX / 8], begin;
	bool found;

	bench_key(key, i);
	begin = ticks();
	found = run->backend->get(run->map, key, value);
	bench_hist_add(hist, since(begin));
	return found;
}

/**
 * bench_insert_latency - grow from empty to all entries
 * @run: the run
 * @thread: number of the thread
 *
 * Context: Process context.
 * Return: How many inserts failed.
 */
u64 bench_insert_latency(const struct bench_run *run, unsigned int thread)
{
	u64 i = div_u64(run->entries * thread, run->threads);
	u64 end = div_u64(run->entries * (thread + 1), run->threads);
	struct bench_hist *hist = &run->hists[thread];
	u64 wrong = 0;

	for (; i < end; i++) {
		wrong += !timed_put(run, hist, i);
		if (!(i & 1023))
			cond_resched();
	}
	return wrong;
}

/**
 * bench_mix90_latency - nine gets, one store, and so on
 * @run: the run
 * @thread: number of the thread
 *
 * Context: Process context.
 * Return: How many operations failed.
 */
u64 bench_mix90_latency(const struct bench_run *run, unsigned int thread)
{
	struct bench_hist *hist = &run->hists[thread];
	const u32 *draw = run->draws[thread];
	unsigned int i, left = 9;
	u64 wrong = 0;

	for (i = 0; i < run->ops; i++) {
		if (left--) {
			wrong += !timed_get(run, hist, draw[i]);
		} else {
			wrong += !timed_put(run, hist, draw[i]);
			left = 9;
		}
		if (!(i & 1023))
			cond_resched();
	}
	return wrong;
}
