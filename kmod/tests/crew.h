/* SPDX-License-Identifier: GPL-2.0-only */
/* What the suites of all modules share: random numbers, and crews of threads. */
#ifndef _SHARDMAP_TESTS_CREW_H
#define _SHARDMAP_TESTS_CREW_H

#include <kunit/test.h>
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/semaphore.h>
#include <linux/types.h>

struct shardmap;

/* ops.c */
int smt_suite_init(struct kunit_suite *suite);
void smt_suite_exit(struct kunit_suite *suite);
void smt_count_ops(u64 n);
u64 smt_ops(unsigned int parts);

/**
 * smt_mix() - Make a number that looks random from any number.
 * @n: the number
 *
 * One to one: different numbers make different ones.
 *
 * Return: The other number.
 */
static inline u64 smt_mix(u64 n)
{
	n += 0x9e3779b97f4a7c15;
	n = (n ^ (n >> 30)) * 0xbf58476d1ce4e5b9;
	n = (n ^ (n >> 27)) * 0x94d049bb133111eb;
	return n ^ (n >> 31);
}

/**
 * smt_random() - Next number of a stream that depends on its seed alone.
 * @state: the seed, then the state
 *
 * Return: The number.
 */
static inline u64 smt_random(u64 *state)
{
	return smt_mix((*state)++);
}

/* crew.c */
struct smt_crew;

/**
 * struct smt_worker - a thread of a crew
 * @crew: the crew
 * @index: number of the thread, from 0
 * @step: number of the step, from 0
 * @random: state of smt_random()
 * @extra_ops: operations beyond one per step
 * @balance: entries that the thread inserted less those it removed
 * @seen: for the step function's own use, zero at first
 * @problem: text of what went wrong, made by smt_problem()
 * @done: the thread has come to its end
 */
struct smt_worker {
	struct smt_crew *crew;
	unsigned int index;
	u64 step;
	u64 random;
	u64 extra_ops;
	s64 balance;
	u64 seen[16];
	char problem[96];
	struct completion done;
};

/**
 * struct smt_crew - threads that do the same at the same time
 * @map: the table
 * @arg: for the step function's own use
 * @step: does one operation; returns NULL or, to stop the crew, what went wrong
 * @nr: number of threads
 * @steps: operations of all threads together, or some more: each does its share,
 *	and goes on while others have not
 * @balance: out: entries that the threads inserted less those they removed
 * @behind: crew.c: threads that have not done their share
 * @arrived: crew.c: threads at the start line
 * @started: crew.c: threads that there are
 * @go: crew.c: opens when all threads have been made
 * @turn: crew.c: who runs, where there is no preemption
 * @deadline: crew.c: when to stop whatever is left, in jiffies
 * @problem: crew.c: who saw something go wrong first
 */
struct smt_crew {
	struct shardmap *map;
	void *arg;
	const char *(*step)(struct smt_worker *w);
	unsigned int nr;
	u64 steps;
	s64 balance;

	atomic_t behind;
	atomic_t arrived;
	unsigned int started;
	struct completion go;
	struct semaphore turn;
	unsigned long deadline;
	struct smt_worker *problem;
};

const void *smt_threads_gen_params(const void *prev, char *desc);
unsigned int smt_threads(struct kunit *test);
unsigned int smt_thread_counts(void);
void smt_crew_run(struct kunit *test, struct smt_crew *crew);
void smt_yield(struct smt_worker *w);
const char *smt_problem(struct smt_worker *w, const char *format, ...)
	__printf(2, 3);

#endif /* _SHARDMAP_TESTS_CREW_H */
