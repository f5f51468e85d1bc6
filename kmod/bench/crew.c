// SPDX-License-Identifier: GPL-2.0-only
/* Threads that do their parts of a work at the same time. */
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/topology.h>

#include "runner.h"

struct crew {
	const struct bench_run *run;
	struct completion ready;
	struct completion start;
	bool cancelled;
};

struct member {
	struct crew *crew;
	unsigned int index;
	struct completion done;
	struct task_struct *task;
	ktime_t begin;
	ktime_t end;
	u64 wrong;
};

static int member_fn(void *arg)
{
	struct member *m = arg;
	const struct bench_run *run = m->crew->run;

	complete(&m->crew->ready);
	wait_for_completion(&m->crew->start);
	if (!m->crew->cancelled) {
		m->begin = ktime_get();
		m->wrong = run->work->fn(run, m->index);
		m->end = ktime_get();
	}
	complete(&m->done);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

static int hire(struct crew *crew, struct member *m, unsigned int index)
{
	m->crew = crew;
	m->index = index;
	init_completion(&m->done);
	m->task = kthread_create(member_fn, m, "bench/%u", index);
	if (IS_ERR(m->task))
		return PTR_ERR(m->task);
	kthread_bind(m->task,
		     cpumask_local_spread(index % num_online_cpus(), 0));
	wake_up_process(m->task);
	return 0;
}

/**
 * bench_measure - have all threads do a work
 * @run: the run
 * @wrong: set to how many results were wrong
 *
 * Context: Process context.
 * Return: Nanoseconds from the first thread's begin to the last one's end, or an
 * error code.
 */
s64 bench_measure(const struct bench_run *run, u64 *wrong)
{
	struct crew crew = { .run = run };
	ktime_t begin = KTIME_MAX, end = 0;
	unsigned int i, nr = 0;
	struct member *m;
	s64 err = 0;

	init_completion(&crew.ready);
	init_completion(&crew.start);
	m = kcalloc(run->threads, sizeof(*m), GFP_KERNEL);
	if (!m)
		return -ENOMEM;
	for (; nr < run->threads && !err; nr++)
		err = hire(&crew, &m[nr], nr);
	/* The last one was not hired. */
	nr -= !!err;
	crew.cancelled = err;
	for (i = 0; i < nr; i++)
		wait_for_completion(&crew.ready);
	complete_all(&crew.start);
	*wrong = 0;
	for (i = 0; i < nr; i++) {
		wait_for_completion(&m[i].done);
		kthread_stop(m[i].task);
		begin = min(begin, m[i].begin);
		end = max(end, m[i].end);
		*wrong += m[i].wrong;
	}
	kfree(m);
	return err ?: ktime_to_ns(ktime_sub(end, begin));
}
