/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Planted bugs.  Each has a file of its own, with a buggy and a fixed variant.
 * Functions that a report names begin with the name of the case.
 */
#ifndef _SHARDMAP_CASES_H
#define _SHARDMAP_CASES_H

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/printk.h>
#include <linux/types.h>

/**
 * struct sm_case_run - one run of a case
 * @buggy: run the bug, not the cure
 * @text: what came out, for who reads the case's file
 * @len: length of @text in bytes
 */
struct sm_case_run {
	bool buggy;
	char text[192];
	size_t len;
};

/**
 * struct sm_case - a bug and its cure
 * @name: name of its file in debugfs
 * @run: does it; returns a negative errno if it could not
 * @read: copies to user space, in place of &sm_case_run.text
 * @exit: called when the module is unloaded, if the case has run
 */
struct sm_case {
	const char *name;
	int (*run)(struct sm_case_run *run);
	ssize_t (*read)(const struct sm_case_run *run, char __user *to,
			size_t len);
	void (*exit)(void);
};

/* main.c */
void sm_case_tell(struct sm_case_run *run, const char *format, ...)
	__printf(2, 3);
int sm_case_tell_lost(struct sm_case_run *run, u64 lost, u64 total,
		      const char *what);

#define SM_CASE_THREADS 2

/**
 * struct sm_case_race - two threads, each on a CPU of its own
 * @step: what both do time and again; @thread is 0 or 1, @round counts from 0
 * @arg: for @step's own use
 * @rounds: how often at most; 0 is until the time is up
 * @in_step: a round begins for both threads at the same time
 * @done: out: rounds of each thread
 * @arrived: race.c: beginnings of rounds
 * @stopped: race.c: one thread has stopped
 * @deadline: race.c: when to stop, in jiffies
 */
struct sm_case_race {
	void (*step)(struct sm_case_race *race, unsigned int thread, u64 round);
	void *arg;
	u64 rounds;
	bool in_step;
	u64 done[SM_CASE_THREADS];

	atomic64_t arrived;
	bool stopped;
	unsigned long deadline;
};

/* race.c */
int sm_case_race(struct sm_case_race *race);

extern const struct sm_case sm_case_array_bounds;
extern const struct sm_case sm_case_cache_not_empty;
extern const struct sm_case sm_case_call_rcu_twice;
extern const struct sm_case sm_case_counter_race;
extern const struct sm_case sm_case_double_close;
extern const struct sm_case sm_case_double_free;
extern const struct sm_case sm_case_eexist_leak;
extern const struct sm_case sm_case_field_spanning;
extern const struct sm_case sm_case_first_write;
extern const struct sm_case sm_case_free_flood;
extern const struct sm_case sm_case_heap_overflow;
extern const struct sm_case sm_case_lazy_init;
extern const struct sm_case sm_case_lock_not_held;
extern const struct sm_case sm_case_lock_order;
extern const struct sm_case sm_case_long_reader;
extern const struct sm_case sm_case_map_write;
extern const struct sm_case sm_case_pooled_request;
extern const struct sm_case sm_case_publish_without_release;
extern const struct sm_case sm_case_raw_nesting;
extern const struct sm_case sm_case_rcu_list;
extern const struct sm_case sm_case_request_counter;
extern const struct sm_case sm_case_shift_width;
extern const struct sm_case sm_case_sleep_under_lock;
extern const struct sm_case sm_case_softirq_lock;
extern const struct sm_case sm_case_stale_tail;
extern const struct sm_case sm_case_torn_value;
extern const struct sm_case sm_case_two_writers;
extern const struct sm_case sm_case_use_after_free;
extern const struct sm_case sm_case_usercopy;

/* Looks inside the table, which kernels for tests allow. */
extern const struct sm_case sm_case_publish_plainly;

/* Compiled and never called. */
struct sm_case_message;
struct sm_case_rcu_slot;

long sm_case_double_fetch(struct sm_case_message *to,
			  const struct sm_case_message __user *from);
u64 sm_case_rcu_pointer(const struct sm_case_rcu_slot *slot);
long sm_case_user_pointer(const u32 __user *len);

#endif /* _SHARDMAP_CASES_H */
