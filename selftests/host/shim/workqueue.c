// SPDX-License-Identifier: GPL-2.0-only
/*
 * Workqueues.  In threaded mode two workers run what is due.  In manual mode
 * each running work has a thread too, but it and the test hand a baton to each
 * other, so that only one of them is ever at work: the test chooses when the
 * work goes on, and the work gives the baton back at cond_resched().
 *
 * A work item may be freed by its own function, so that only its address is used
 * once it runs.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <time.h>

#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/workqueue.h>

#include "host.h"

#define MAX_RUNS 8U
#define THREADS 2U

/**
 * struct host_run - a work that runs
 * @work: its address, NULL if there is none
 * @thread: what runs it
 * @go: hands the baton to the work
 * @back: hands it back
 */
struct host_run {
	const struct work_struct *work;
	bool created;
	pthread_t thread;
	sem_t go;
	sem_t back;
};

struct workqueue_struct {
	int unused;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static struct work_struct *first, **last = &first;
static struct host_run runs[MAX_RUNS];
static __thread struct host_run *this_run;
static u64 passed;
static bool threads_run;

bool host_works_whole;

/* In jiffies. */
static u64 now(void)
{
	struct timespec ts;

	if (host_manual)
		return passed;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return READ_ONCE(passed) + ts.tv_sec * (u64)HZ +
	       ts.tv_nsec / (NSEC_PER_SEC / HZ);
}

/* Times to live go by the same clock as delayed works, in smaller steps. */
uint64_t host_boottime_ns(bool in_nmi)
{
	u64 ns = READ_ONCE(passed) * (NSEC_PER_SEC / HZ);
	struct timespec ts;

	if (in_nmi != host_in_nmi)
		host_bug("the wrong function for NMI context");
	if (host_manual)
		return ns;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ns + ts.tv_sec * (u64)NSEC_PER_SEC + ts.tv_nsec;
}

static struct host_run *run_of(const struct work_struct *work)
{
	unsigned int i;

	for (i = 0; i < MAX_RUNS; i++)
		if (runs[i].work == work)
			return &runs[i];
	return NULL;
}

static bool is_due(const struct work_struct *work)
{
	return work->due <= now() && !run_of(work);
}

static void unlink_work(struct work_struct *work)
{
	struct work_struct **p = &first;

	while (*p != work)
		p = &(*p)->next;
	*p = work->next;
	if (last == &work->next)
		last = p;
	work->pending = false;
}

static struct work_struct *next_due(void)
{
	struct work_struct *work;

	for (work = first; work && !is_due(work); work = work->next)
		;
	return work;
}

static bool queue(struct workqueue_struct *wq, struct work_struct *work,
		  unsigned long delay)
{
	bool queued;

	if (!wq)
		host_bug("queueing work without a workqueue");
	pthread_mutex_lock(&mutex);
	queued = !work->pending && !work->cancelling;
	if (queued) {
		work->pending = true;
		work->due = now() + delay;
		work->next = NULL;
		*last = work;
		last = &work->next;
		pthread_cond_broadcast(&cond);
	}
	pthread_mutex_unlock(&mutex);
	return queued;
}

bool queue_work(struct workqueue_struct *wq, struct work_struct *work)
{
	return queue(wq, work, 0);
}

bool queue_delayed_work(struct workqueue_struct *wq, struct delayed_work *work,
			unsigned long delay)
{
	return queue(wq, &work->work, delay);
}

bool mod_delayed_work(struct workqueue_struct *wq, struct delayed_work *work,
		      unsigned long delay)
{
	bool pending;

	pthread_mutex_lock(&mutex);
	pending = work->work.pending;
	if (pending)
		work->work.due = now() + delay;
	pthread_cond_broadcast(&cond);
	pthread_mutex_unlock(&mutex);
	if (!pending)
		queue(wq, &work->work, delay);
	return pending;
}

static void rcu_work_ready(struct rcu_head *head)
{
	struct rcu_work *work = container_of(head, struct rcu_work, rcu);

	queue_work(work->wq, &work->work);
}

bool queue_rcu_work(struct workqueue_struct *wq, struct rcu_work *work)
{
	work->wq = wq;
	call_rcu(&work->rcu, rcu_work_ready);
	return true;
}

/* Threaded mode */

static void wait_for_change(void)
{
	host_sleep();
	pthread_cond_wait(&cond, &mutex);
	host_wake();
}

static void *worker(void *arg)
{
	struct host_run *run = arg;
	struct work_struct *work;
	struct timespec until;

	host_thread_enter();
	pthread_mutex_lock(&mutex);
	for (;;) {
		work = next_due();
		if (!work) {
			/* A tick, for what becomes due. */
			clock_gettime(CLOCK_REALTIME, &until);
			until.tv_nsec += 1000000000 / HZ;
			until.tv_sec += until.tv_nsec / 1000000000;
			until.tv_nsec %= 1000000000;
			host_sleep();
			pthread_cond_timedwait(&cond, &mutex, &until);
			host_wake();
			continue;
		}
		unlink_work(work);
		run->work = work;
		pthread_mutex_unlock(&mutex);
		work->func(work);
		host_might_sleep("end of work");
		pthread_mutex_lock(&mutex);
		run->work = NULL;
		pthread_cond_broadcast(&cond);
	}
	return NULL;
}

/* Manual mode */

static void *coroutine(void *arg)
{
	struct host_run *run = arg;
	struct work_struct *work;

	host_thread_enter();
	this_run = run;
	for (;;) {
		sem_wait(&run->go);
		work = (struct work_struct *)run->work;
		work->func(work);
		host_might_sleep("end of work");
		run->work = NULL;
		sem_post(&run->back);
	}
	return NULL;
}

static void start_thread(struct host_run *run, void *(*f)(void *))
{
	run->created = true;
	if (pthread_create(&run->thread, NULL, f, run))
		host_bug("no thread for work");
	pthread_detach(run->thread);
}

static void resume(struct host_run *run)
{
	if (host_works_whole) {
		run->work->func((struct work_struct *)run->work);
		run->work = NULL;
		return;
	}
	if (!run->created) {
		sem_init(&run->go, 0, 0);
		sem_init(&run->back, 0, 0);
		start_thread(run, coroutine);
	}
	sem_post(&run->go);
	while (sem_wait(&run->back))
		;
}

static void start(struct work_struct *work)
{
	struct host_run *run = run_of(NULL);

	if (!run)
		host_bug("too many works at once");
	unlink_work(work);
	run->work = work;
	resume(run);
}

void host_cond_resched(void)
{
	host_might_sleep("cond_resched()");
	if (!this_run)
		return;
	sem_post(&this_run->back);
	while (sem_wait(&this_run->go))
		;
}

bool host_work_step(unsigned int choice)
{
	struct work_struct *work = next_due();
	struct host_run *paused[MAX_RUNS];
	unsigned int i, n = 0;

	for (i = 0; i < MAX_RUNS; i++)
		if (runs[i].work)
			paused[n++] = &runs[i];
	if (!n && !work)
		return false;
	i = choice % (n + !!work);
	if (i < n)
		resume(paused[i]);
	else
		start(work);
	return true;
}

/* Let works go on that hold what the caller waits for. */
void host_yield_to_work(void)
{
	static unsigned int turn;
	struct host_run *run;

	if (this_run) {
		host_cond_resched();
		return;
	}
	run = &runs[turn++ % MAX_RUNS];
	if (run->work)
		resume(run);
}

void host_time_pass(unsigned long jiffies)
{
	__atomic_fetch_add(&passed, jiffies, __ATOMIC_RELAXED);
}

void host_time_begin(void)
{
	WRITE_ONCE(passed, 0);
}

/* Until nothing is left to do, not even later. */
void host_settle(void)
{
	bool more;

	do {
		host_time_pass(HZ);
		more = host_rcu_step();
		while (host_work_step(0))
			more = true;
	} while (more);
}

/* Both modes */

static bool is_busy(void)
{
	unsigned int i;

	if (next_due())
		return true;
	for (i = 0; i < MAX_RUNS; i++)
		if (runs[i].work)
			return true;
	return false;
}

static bool is_pending_or_runs(const struct work_struct *work)
{
	return work->pending || run_of(work);
}

/* As far as it was queued before; what it does may queue it again. */
bool flush_work(struct work_struct *work)
{
	bool waits;

	host_might_sleep("flush_work()");
	pthread_mutex_lock(&mutex);
	waits = is_pending_or_runs(work);
	while (is_pending_or_runs(work)) {
		if (!host_manual) {
			wait_for_change();
			continue;
		}
		pthread_mutex_unlock(&mutex);
		if (run_of(work))
			resume(run_of(work));
		else
			start(work);
		pthread_mutex_lock(&mutex);
	}
	pthread_mutex_unlock(&mutex);
	return waits;
}

static bool cancel(struct work_struct *work)
{
	bool pending;

	host_might_sleep("cancel_work_sync()");
	pthread_mutex_lock(&mutex);
	pending = work->pending;
	if (pending)
		unlink_work(work);
	work->cancelling++;
	while (run_of(work)) {
		if (!host_manual) {
			wait_for_change();
			continue;
		}
		pthread_mutex_unlock(&mutex);
		resume(run_of(work));
		pthread_mutex_lock(&mutex);
	}
	if (is_pending_or_runs(work))
		host_bug("cancelled work is still there");
	work->cancelling--;
	pthread_mutex_unlock(&mutex);
	return pending;
}

bool cancel_work_sync(struct work_struct *work)
{
	return cancel(work);
}

bool cancel_delayed_work_sync(struct delayed_work *work)
{
	return cancel(&work->work);
}

struct workqueue_struct *alloc_workqueue(const char *name, unsigned int flags,
					 int max_active)
{
	unsigned int i;

	if (!name || flags != WQ_UNBOUND || max_active)
		host_bug("alloc_workqueue(): more than this shim can");
	if (!host_manual && !threads_run) {
		threads_run = true;
		for (i = 0; i < THREADS; i++)
			start_thread(&runs[i], worker);
	}
	return calloc(1, sizeof(struct workqueue_struct));
}

void flush_workqueue(struct workqueue_struct *wq)
{
	if (!wq)
		host_bug("flush_workqueue(NULL)");
	host_might_sleep("flush_workqueue()");
	if (host_manual) {
		while (host_work_step(0))
			;
		return;
	}
	pthread_mutex_lock(&mutex);
	while (is_busy())
		wait_for_change();
	pthread_mutex_unlock(&mutex);
}

void destroy_workqueue(struct workqueue_struct *wq)
{
	flush_workqueue(wq);
	if (first)
		host_bug("destroy_workqueue() with work left");
	free(wq);
}
