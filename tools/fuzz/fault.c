// SPDX-License-Identifier: GPL-2.0-only
/*
 * What goes wrong during a call: an allocation or a copy fails, a signal comes, another
 * thread changes the caller's memory or makes the same call.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"
#include "fuzz_user.h"

/* Beside those of the host: bits of a record's fault that mean nothing there */
enum { FAULT_TWICE = 1, FAULT_WORKER = 2 };

#define STACK_BYTES (64U << 10)
#define SIGNAL_STEP_US 30U
#define CHANGED_BYTES 1024U

/* Of this thread; -1 if the kernel cannot inject faults */
static int nth_fd = -1;
static int slab_fd = -1;

/* The other thread, what it is to do, and what for */
static bool has_other;
static sem_t other_go, other_done;
static atomic_bool other_stop;
static struct call *other_call;
static bool other_changes;
static unsigned int other_mask;

/* A child that is killed has the parent's memory, but not its stack. */
static char child_stack[STACK_BYTES] __attribute__((aligned(16)));
static useconds_t child_delay;

static void write_number(int fd, unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	if (write(fd, text, len) != len)
		err(TOOL_EXIT_FAILED, "cannot prepare a fault");
}

static bool was_hit(void)
{
	char text[16] = "";

	if (pread(nth_fd, text, sizeof(text) - 1, 0) <= 0)
		err(TOOL_EXIT_FAILED, "cannot read fail-nth");
	return !atoi(text);
}

/* The nth of what can fail in the call does. */
static void fail_nth(const struct record *r, struct call *call)
{
	caller_raise();
	write_number(nth_fd, 1 + record_fault_nth(r));
	caller_lower();
	call->ret = call->make(call);
	totals->faults += was_hit();
	/* A copy that failed may have been that of the answer. */
	call->loose = call->ret == -EFAULT;
	caller_raise();
	write_number(nth_fd, 0);
	caller_lower();
}

/* Workers have no count of their own: whatever the module allocates fails. */
static void fail_all(struct call *call)
{
	write_number(slab_fd, 100);
	call->ret = call->make(call);
	call->loose = call->ret == -EFAULT;
	sched_yield();
	write_number(slab_fd, 0);
}

static void set_alarm(useconds_t us)
{
	struct itimerval timer = { .it_value = { .tv_usec = us } };

	if (setitimer(ITIMER_REAL, &timer, NULL))
		err(TOOL_EXIT_FAILED, "setitimer");
}

static void on_alarm(int sig)
{
	(void)sig;
}

static int child(void *arg)
{
	struct call *call = arg;

	signal(SIGALRM, SIG_DFL);
	set_alarm(child_delay);
	call->ret = call->make(call);
	set_alarm(0);
	_exit(0);
}

/* A process that shares memory and descriptors is killed. */
static void kill_meanwhile(struct call *call)
{
	int flags = CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD, status;
	pid_t pid;

	call->ret = -EINTR;
	pid = clone(child, child_stack + STACK_BYTES, flags, call);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		err(TOOL_EXIT_FAILED, "clone");
	totals->interrupted += WIFSIGNALED(status);
}

static void interrupt(const struct record *r, struct call *call)
{
	unsigned int n = record_fault_nth(r);

	call->loose = true;
	child_delay = 1 + n / 2 * SIGNAL_STEP_US;
	if (n & 1) {
		kill_meanwhile(call);
		return;
	}
	set_alarm(child_delay);
	call->ret = call->make(call);
	set_alarm(0);
	totals->interrupted += call->ret == -EINTR;
}

static void change_memory(void)
{
	static const unsigned long parts[] = { USER_ARG, USER_OPS, USER_IN };
	unsigned char *byte;
	unsigned int i, at;

	while (!atomic_load(&other_stop))
		for (i = 0; i < ARRAY_SIZE(parts); i++) {
			byte = host_user_memory + (parts[i] - HOST_USER_BASE);
			for (at = other_mask % 4; at < CHANGED_BYTES; at += 4)
				byte[at] ^= other_mask >> 8 & 255;
		}
}

static void *other(void *unused)
{
	for (;;) {
		while (sem_wait(&other_go))
			;
		if (other_changes)
			change_memory();
		else
			other_call->make(other_call);
		sem_post(&other_done);
	}
	return unused;
}

static void with_other(const struct record *r, struct call *call, bool changes)
{
	call->shared = true;
	call->loose = true;
	other_changes = changes;
	other_mask = r->x | r->y << 8;
	other_call = call;
	atomic_store(&other_stop, false);
	sem_post(&other_go);
	call->ret = call->make(call);
	atomic_store(&other_stop, true);
	while (sem_wait(&other_done))
		;
}

/* Makes @call, with what the record says going wrong, as far as that can be done. */
void fault_make(const struct record *r, struct call *call)
{
	unsigned int kind = record_fault(r);

	call->shared = false;
	call->loose = false;
	if (nth_fd >= 0 && (kind == FAULT_ALLOCATION || kind == FAULT_USER))
		fail_nth(r, call);
	else if (slab_fd >= 0 && kind == FAULT_WORKER)
		fail_all(call);
	else if (kind == FAULT_SIGNAL)
		interrupt(r, call);
	else if (has_other && (kind == FAULT_CHANGE || kind == FAULT_TWICE))
		with_other(r, call, kind == FAULT_CHANGE);
	else
		call->ret = call->make(call);
}

void fault_init(void)
{
	struct sigaction action = { .sa_handler = on_alarm };
	pthread_t thread;

	sigaction(SIGALRM, &action, NULL);
	if (sem_init(&other_go, 0, 0) || sem_init(&other_done, 0, 0) ||
	    pthread_create(&thread, NULL, other, NULL))
		err(TOOL_EXIT_FAILED, "cannot make a thread");
	has_other = true;
	nth_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (nth_fd >= 0)
		slab_fd = open("/sys/kernel/debug/failslab/probability",
			       O_WRONLY | O_CLOEXEC);
}

/* fail-nth takes a right that the namespace does not give. */
void fault_leave(void)
{
	has_other = false;
	nth_fd = -1;
	slab_fd = -1;
}
