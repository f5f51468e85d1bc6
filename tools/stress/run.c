// SPDX-License-Identifier: GPL-2.0-only
/*
 * Starts the workers as threads of one or several processes, lets them go
 * together, and waits for them.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "stress.h"

#define TICK_NS 2000000

static volatile sig_atomic_t interrupted;

struct crew {
	struct shared *shared;
	unsigned int first; /* worker of a single process */
	pthread_t *threads;
	pid_t *children;
	unsigned int started;
	bool lost_child;
	int timer; /* the parent looks around every TICK_NS */
};

/*
 * Neither workers nor parent use timed sleeps: those race, harmlessly, inside
 * the kernel's hrtimer_wakeup(), which KCSAN reports.
 */
void wait_for_go(struct shared *shared)
{
	while (!atomic_load(&shared->go))
		syscall(SYS_futex, &shared->go, FUTEX_WAIT, 0, NULL, NULL, 0);
}

static void let_go(struct shared *shared)
{
	atomic_store(&shared->go, 1);
	syscall(SYS_futex, &shared->go, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static int start_timer(void)
{
	struct itimerspec spec = { .it_value.tv_nsec = TICK_NS,
				   .it_interval.tv_nsec = TICK_NS };
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);

	if (fd < 0 || timerfd_settime(fd, 0, &spec, NULL))
		return -errno;
	return fd;
}

static void wait_for_tick(int timer)
{
	uint64_t ticks;

	/* A signal may end it early, for the caller to see. */
	if (read(timer, &ticks, sizeof(ticks)) < 0 && errno != EINTR)
		sched_yield();
}

static size_t line_up(size_t size)
{
	return (size + CACHE_LINE - 1) & ~(size_t)(CACHE_LINE - 1);
}

static void init_workers(struct shared *shared, int table)
{
	const struct config *config = &shared->config;
	unsigned int cpus[CPU_SETSIZE], nr_cpus = 0;
	cpu_set_t set;

	if (config->pin && !sched_getaffinity(0, sizeof(set), &set))
		for (unsigned int cpu = 0; cpu < CPU_SETSIZE; cpu++)
			if (CPU_ISSET(cpu, &set))
				cpus[nr_cpus++] = cpu;

	for (unsigned int i = 0; i < config->workers; i++) {
		struct worker *worker = &shared->workers[i];

		worker->shared = shared;
		worker->config = config;
		worker->index = i;
		worker->table = table;
		worker->cpu = nr_cpus ? (int)cpus[i % nr_cpus] : -1;
		worker->limit = config->ops / config->workers +
				(i < config->ops % config->workers);
	}
}

struct shared *shared_new(const struct config *config, int table)
{
	uint64_t slice = (config->keys + config->workers - 1) / config->workers;
	size_t head = line_up(sizeof(struct shared));
	size_t workers = config->workers * sizeof(struct worker);
	size_t keys = config->verify ? config->workers * slice *
					       sizeof(struct key_state) :
				       0;
	size_t counters = config->workers * config->counters *
			  sizeof(struct counter_share);
	size_t size = head + workers + line_up(keys) + counters;
	struct shared *shared;

	shared = mmap(NULL, size, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return NULL;
	shared->config = *config;
	shared->role = &stress_role;
	shared->slice = slice;
	shared->map_size = size;
	shared->workers = (void *)((char *)shared + head);
	shared->keys = (void *)((char *)shared->workers + workers);
	shared->counters = (void *)((char *)shared->keys + line_up(keys));
	init_workers(shared, table);
	return shared;
}

void shared_free(struct shared *shared)
{
	munmap(shared, shared->map_size);
}

static int start_threads(struct crew *crew)
{
	unsigned int nr = crew->shared->config.threads;
	int err;

	crew->started = 0;
	crew->threads = calloc(nr, sizeof(*crew->threads));
	if (!crew->threads)
		return -ENOMEM;
	for (; crew->started < nr; crew->started++) {
		err = pthread_create(
			&crew->threads[crew->started], NULL, worker_main,
			&crew->shared->workers[crew->first + crew->started]);
		if (err)
			return -err;
	}
	return 0;
}

static void join_threads(struct crew *crew)
{
	for (unsigned int i = 0; i < crew->started; i++)
		pthread_join(crew->threads[i], NULL);
	free(crew->threads);
}

static _Noreturn void child_main(struct crew *crew, unsigned int process)
{
	/* No child outlives a parent that was killed. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	crew->first = process * crew->shared->config.threads;
	if (start_threads(crew))
		_exit(TOOL_EXIT_FAILED);
	join_threads(crew);
	_exit(TOOL_EXIT_OK);
}

static int start_processes(struct crew *crew)
{
	unsigned int nr = crew->shared->config.processes;

	crew->children = calloc(nr, sizeof(*crew->children));
	if (!crew->children)
		return -ENOMEM;
	fflush(NULL);
	for (; crew->started < nr; crew->started++) {
		pid_t pid = fork();

		if (pid < 0)
			return -errno;
		if (!pid)
			child_main(crew, crew->started);
		crew->children[crew->started] = pid;
	}
	return 0;
}

static void kill_processes(struct crew *crew)
{
	for (unsigned int i = 0; crew->children && i < crew->started; i++)
		if (crew->children[i] > 0)
			kill(crew->children[i], SIGKILL);
}

/* Takes in children that have ended; one that failed has lost its workers. */
static void reap(struct crew *crew, int flags)
{
	int status;

	for (unsigned int i = 0; crew->children && i < crew->started; i++) {
		if (crew->children[i] <= 0 ||
		    waitpid(crew->children[i], &status, flags) <= 0)
			continue;
		if (WIFEXITED(status) && !WEXITSTATUS(status)) {
			crew->children[i] = 0;
			continue;
		}
		fprintf(stderr,
			"shardmap-stress: process %d ended with %s %d\n",
			(int)crew->children[i],
			WIFSIGNALED(status) ? "signal" : "status",
			WIFSIGNALED(status) ? WTERMSIG(status) :
					      WEXITSTATUS(status));
		crew->children[i] = 0;
		crew->lost_child = true;
	}
}

static void show_progress(const struct shared *shared, bool final)
{
	static uint64_t last_ns, last_ops;
	uint64_t now = now_ns(), ops = 0;

	if (!isatty(STDERR_FILENO))
		return;
	if (final) {
		fputs("\r\033[K", stderr);
		return;
	}
	if (now - last_ns < 500000000)
		return;
	for (unsigned int i = 0; i < shared->config.workers; i++)
		ops += atomic_load_explicit(&shared->workers[i].progress,
					    memory_order_relaxed);
	fprintf(stderr, "\r\033[K%.0f s, %" PRIu64 " operations, %.0f/s",
		(now - shared->start_ns) / 1e9, ops,
		(ops - last_ops) * 1e9 /
			(now - (last_ns ? last_ns : shared->start_ns)));
	fflush(stderr);
	last_ns = now;
	last_ops = ops;
}

/* Until @count is that of all workers; -EIO if some cannot come any more. */
static int wait_for(struct crew *crew, _Atomic unsigned int *count)
{
	struct shared *shared = crew->shared;
	double duration = shared->config.duration;
	uint64_t deadline = shared->start_ns + (uint64_t)(duration * 1e9);

	while (atomic_load(count) < shared->config.workers) {
		reap(crew, WNOHANG);
		if (crew->lost_child)
			return -EIO;
		wait_for_tick(crew->timer);
		if (interrupted)
			atomic_store(&shared->stop, true);
		if (!shared->start_ns)
			continue;
		if (duration && now_ns() >= deadline)
			atomic_store(&shared->stop, true);
		show_progress(shared, false);
	}
	return 0;
}

static void on_signal(int signal)
{
	(void)signal;
	interrupted = 1;
}

/* Only the parent is interrupted; it then stops the workers in good order. */
static int start(struct crew *crew, sigset_t *old)
{
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, old);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	return crew->shared->config.processes == 1 ? start_threads(crew) :
						     start_processes(crew);
}

int run(struct shared *shared)
{
	struct crew crew = { .shared = shared, .timer = start_timer() };
	sigset_t old;
	int err, ended;

	if (crew.timer < 0)
		return crew.timer;
	err = start(&crew, &old);
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (!err)
		err = wait_for(&crew, &shared->ready);
	if (!err)
		err = faults_begin(&shared->config.faults);
	if (!err) {
		shared->start_ns = now_ns();
		let_go(shared);
		err = wait_for(&crew, &shared->finished);
	}
	ended = faults_end(&shared->config.faults, &shared->injected);
	err = err ? err : ended;
	show_progress(shared, true);
	if (err) {
		/* Threads that were started must not wait for those that were not. */
		atomic_store(&shared->stop, true);
		let_go(shared);
		kill_processes(&crew);
	}
	reap(&crew, 0);
	if (crew.threads)
		join_threads(&crew);
	free(crew.children);
	close(crew.timer);
	return err;
}
