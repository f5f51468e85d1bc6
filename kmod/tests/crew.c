// SPDX-License-Identifier: GPL-2.0-only
/*
 * Crews: threads, each bound to a CPU, that start together.  Each does its share
 * of the steps, and goes on until all have done theirs.
 */
#include <linux/cpumask.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/math64.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "crew.h"

/* Steps between looks at the others. */
#define CHUNK 8

/* Below the time after which the kernel takes a waiting task for hung. */
#define DEADLINE (60 * HZ)

static const unsigned int thread_counts[] = { 2, 3, 4, 5, 8, 16 };

/**
 * smt_thread_counts() - How many thread counts cases are run with.
 *
 * Up to four threads per CPU: beyond that they hardly meet in new ways.
 *
 * Return: Their number.
 */
unsigned int smt_thread_counts(void)
{
	unsigned int i = 0;

	while (i < ARRAY_SIZE(thread_counts) &&
	       thread_counts[i] <= 4 * num_online_cpus())
		i++;
	return i;
}

/**
 * smt_threads_gen_params() - Run a case with different numbers of threads.
 * @prev: as KUnit has it
 * @desc: as KUnit has it
 *
 * Return: As KUnit has it.
 */
const void *smt_threads_gen_params(const void *prev, char *desc)
{
	const unsigned int *nr = prev;

	nr = nr ? nr + 1 : thread_counts;
	if (nr == thread_counts + smt_thread_counts())
		return NULL;
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "threads=%u", *nr);
	return nr;
}

/**
 * smt_threads() - Number of threads that a case runs with.
 * @test: a case with smt_threads_gen_params()
 *
 * Return: The number.
 */
unsigned int smt_threads(struct kunit *test)
{
	return *(const unsigned int *)test->param_value;
}

/**
 * smt_problem() - Describe what went wrong.
 * @w: the thread that saw it
 * @format: as for printf()
 *
 * Return: The description, for a step function to return.
 */
const char *smt_problem(struct smt_worker *w, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(w->problem, sizeof(w->problem), format, args);
	va_end(args);
	return w->problem;
}

/**
 * smt_yield() - Let the others run.
 * @w: the thread
 *
 * Without preemption, as on UML, each would run on for a whole tick: there the
 * threads take turns, which up() hands on in the order of down().
 */
void smt_yield(struct smt_worker *w)
{
	if (!IS_ENABLED(CONFIG_SMP)) {
		up(&w->crew->turn);
		down(&w->crew->turn);
	}
	/* There may be nobody yet to take the turn. */
	cond_resched();
}

static bool may_go_on(const struct smt_crew *crew)
{
	return atomic_read(&crew->behind) > 0 && !READ_ONCE(crew->problem) &&
	       time_before(jiffies, crew->deadline);
}

/* Do some steps; false if one went wrong. */
static bool do_chunk(struct smt_worker *w, u64 share)
{
	unsigned int i;

	for (i = 0; i < CHUNK; i++) {
		const char *problem = w->crew->step(w);

		if (problem) {
			if (problem != w->problem)
				smt_problem(w, "%s", problem);
			cmpxchg(&w->crew->problem, NULL, w);
			return false;
		}
		if (++w->step == share)
			atomic_dec(&w->crew->behind);
	}
	return true;
}

static int worker_thread(void *arg)
{
	struct smt_worker *w = arg;
	struct smt_crew *crew = w->crew;
	u64 share = div_u64(crew->steps, crew->nr);

	wait_for_completion(&crew->go);
	if (!IS_ENABLED(CONFIG_SMP))
		down(&crew->turn);
	atomic_inc(&crew->arrived);
	while (atomic_read(&crew->arrived) < crew->started)
		smt_yield(w);
	while (may_go_on(crew) && do_chunk(w, share))
		smt_yield(w);
	if (!IS_ENABLED(CONFIG_SMP))
		up(&crew->turn);
	kthread_complete_and_exit(&w->done, 0);
}

static void worker_start(struct smt_worker *w, struct smt_crew *crew)
{
	unsigned int cpu = cpumask_local_spread(w->index % num_online_cpus(),
						NUMA_NO_NODE);
	struct task_struct *task;

	w->crew = crew;
	w->random = smt_mix(w->index);
	init_completion(&w->done);
	task = kthread_create(worker_thread, w, "shardmap/%u", w->index);
	if (IS_ERR(task)) {
		complete(&w->done);
		return;
	}
	kthread_bind(task, cpu);
	crew->started++;
	wake_up_process(task);
}

static void crew_finish(struct kunit *test, struct smt_crew *crew,
			struct smt_worker *workers)
{
	struct smt_worker *first = crew->problem;
	unsigned int i;

	crew->balance = 0;
	for (i = 0; i < crew->nr; i++) {
		smt_count_ops(workers[i].step + workers[i].extra_ops);
		crew->balance += workers[i].balance;
	}
	if (first)
		KUNIT_FAIL(test, "thread %u, step %llu: %s", first->index,
			   first->step, first->problem);
	if (crew->started != crew->nr)
		KUNIT_FAIL(test, "only %u threads could be made",
			   crew->started);
	if (atomic_read(&crew->behind) && !first)
		kunit_info(test, "stopped early, %d threads were behind\n",
			   atomic_read(&crew->behind));
}

/**
 * smt_crew_run() - Have a crew take all its steps.
 * @test: the case, failed if something goes wrong
 * @crew: the crew
 */
void smt_crew_run(struct kunit *test, struct smt_crew *crew)
{
	struct smt_worker *workers;
	unsigned int i;

	workers = kcalloc(crew->nr, sizeof(*workers), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, workers);
	atomic_set(&crew->arrived, 0);
	init_completion(&crew->go);
	sema_init(&crew->turn, 1);
	crew->started = 0;
	crew->problem = NULL;
	crew->deadline = jiffies + DEADLINE;
	for (i = 0; i < crew->nr; i++) {
		workers[i].index = i;
		worker_start(&workers[i], crew);
	}
	atomic_set(&crew->behind, crew->started);
	/* From here to the end of all threads nothing may abort the case. */
	complete_all(&crew->go);
	for (i = 0; i < crew->nr; i++)
		wait_for_completion(&workers[i].done);
	crew_finish(test, crew, workers);
	kfree(workers);
}
