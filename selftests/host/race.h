/* SPDX-License-Identifier: GPL-2.0-only */
/* The threads of the race test, and what they share. */
#ifndef _HOST_RACE_H
#define _HOST_RACE_H

#include <pthread.h>

#include "core/internal.h"

#define MAX_THREADS 8U

/* Keys below are always there, those above come and go. */
#define STABLE_KEYS 500U
#define KEYS 4000U
#define COUNTERS 16U

/* One instant of so many lasts longer; see compiler.h. */
#define WINDOW_EVERY 100U

/* Tells counters and private keys from the others. */
#define COUNTER_KEY (1ULL << 32)
#define PRIVATE_KEY (2ULL << 32)
#define SCRATCH_KEY (3ULL << 32)

/* Keys of one bucket: as many as fit one line of either kind, and two too many. */
#define HOT_KEYS_MAX 9U

struct task {
	pthread_t thread;
	void (*work)(struct task *task);
	unsigned int index;
	u64 random;
	u64 added;
};

extern struct shardmap *map;
extern u64 hot_keys[HOT_KEYS_MAX];

/* Keys that fit one line. */
extern unsigned int line_keys;

/* Operations of each thread. */
extern unsigned long ops;

/* Things that must not be; the first is told. */
extern unsigned long wrongs;

/* Threads that others wait for to end. */
extern unsigned int writers_left;

/* race_tasks.c */
void wrong(const char *what);
int put(u64 key, u64 number, enum shardmap_put_mode mode);
void reader(struct task *task);
void writer(struct task *task);
void grower(struct task *task);
void adder(struct task *task);
void scanner(struct task *task);
void figures(struct task *task);
void hot_reader(struct task *task);
void hot_scanner(struct task *task);
void heater(struct task *task);
void planted(struct task *task);
void clearer(struct task *task);
void put_and_take(struct task *task);
void failing(struct task *task);
void careless_writer(struct task *task);
void counting(struct task *task);
void version_reader(struct task *task);

/* race_more.c */
void open_accounts(void);
void mover(struct task *task);
void auditor(struct task *task);
void swapper(struct task *task);
void producer(struct task *task);
void taker(struct task *task);
int take_one(u64 key, u64 *number);
u64 take_the_rest(void);
void teller(struct task *task);
void asker(struct task *task);
void mortal(struct task *task);
void mourner(struct task *task);
void clock_mover(struct task *task);
void evicting(struct task *task);
void limit_watcher(struct task *task);
void freezer(struct task *task);
void stopped(struct task *task);
void reserver(struct task *task);
void watch_all(void);
void compare_all(void);
void onlooker(struct task *task);
void watched(struct task *task);

#endif /* _HOST_RACE_H */
