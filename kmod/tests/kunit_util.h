/* SPDX-License-Identifier: GPL-2.0-only */
/* What the suites share: tables, keys, values, and crews of threads. */
#ifndef _SHARDMAP_TESTS_KUNIT_UTIL_H
#define _SHARDMAP_TESTS_KUNIT_UTIL_H

#include <kunit/test.h>
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/semaphore.h>
#include <linux/shardmap.h>
#include <linux/types.h>

#include "core/internal.h"

/* suites.c */
int smt_suite_init(struct kunit_suite *suite);
void smt_suite_exit(struct kunit_suite *suite);
void smt_count_ops(u64 n);
u64 smt_ops(unsigned int parts);

extern struct kunit_suite smt_table_suite;
extern struct kunit_suite smt_entry_suite;
extern struct kunit_suite smt_model_suite;
extern struct kunit_suite smt_hash_suite;
extern struct kunit_suite smt_line_suite;
extern struct kunit_suite smt_state_suite;
extern struct kunit_suite smt_resize_suite;
extern struct kunit_suite smt_move_suite;
extern struct kunit_suite smt_scan_suite;
extern struct kunit_suite smt_inline_suite;
extern struct kunit_suite smt_limits_suite;
extern struct kunit_suite smt_race_suite;
extern struct kunit_suite smt_interrupt_suite;

/* kunit_util.c: tables */
struct shardmap *smt_create(struct kunit *test,
			    const struct shardmap_params *params);
struct shardmap *smt_create_chosen(struct kunit *test, unsigned int nr_shards);
void smt_destroy(struct kunit *test, struct shardmap *map);
void smt_settle(struct shardmap *map);
void smt_drain(struct shardmap *map);
const void *smt_hash_gen_params(const void *prev, char *desc);
unsigned int smt_hash_flags(struct kunit *test);

/* kunit_util.c: keys and values */
u64 smt_mix(u64 n);
u64 smt_random(u64 *state);
int smt_put(struct shardmap *map, u64 key, u64 value);
int smt_get(struct shardmap *map, u64 key, u64 *value);
int smt_delete(struct shardmap *map, u64 key);
void smt_fill(struct kunit *test, struct shardmap *map, u64 seed, u64 from,
	      u64 to);
void smt_empty(struct kunit *test, struct shardmap *map, u64 seed, u64 from,
	       u64 to);
u64 smt_missing(struct shardmap *map, u64 seed, u64 from, u64 to);

/**
 * struct smt_chosen - a key whose hash the test chooses
 * @zero: makes the fast hash forget @tie
 * @tie: tells keys of equal hash apart
 * @one: makes the fast hash pass @hash through
 * @hash: the hash, in tables of smt_create_chosen()
 */
struct smt_chosen {
	__le64 zero;
	__le64 tie;
	__le64 one;
	__le64 hash;
};

struct smt_chosen smt_chosen(u64 hash, u64 tie);
int smt_put_chosen(struct shardmap *map, u64 hash, u64 tie);
bool smt_has_chosen(struct shardmap *map, u64 hash, u64 tie);
int smt_delete_chosen(struct shardmap *map, u64 hash, u64 tie);

/* Longest value of smt_value_make(), which tells key and number by itself. */
#define SMT_VALUE_MAX 160

u32 smt_value_make(void *buf, u64 key, u64 number);
bool smt_value_good(const void *buf, u32 len, u64 key, u64 *number);

/* check.c */
void smt_expect_sound(struct kunit *test, struct shardmap *map);
u64 smt_walk_count(struct shardmap *map);

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
const char *smt_churn(struct smt_worker *w);
const char *smt_problem(struct smt_worker *w, const char *format, ...)
	__printf(2, 3);

#endif /* _SHARDMAP_TESTS_KUNIT_UTIL_H */
