/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * shardmap-stress scan: passes over a table whose shards grow and shrink.
 *
 * scan -> scan_options
 *      -> scan_churn
 *      -> scan_pass
 *
 * Keys are numbers.  The stable ones are there throughout, so a pass must show each
 * of them once.  Behind them come those that two threads insert and delete in waves:
 * a pass may show each of these once.
 */
#ifndef STRESS_SCAN_H
#define STRESS_SCAN_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "machine.h"
#include "random.h"
#include "tool.h"

enum { SCAN_CHURNERS = 2, SCAN_BATCH = 64 };
enum scan_plant { SCAN_PLANT_NONE, SCAN_PLANT_SKIP, SCAN_PLANT_REPEAT };

struct scan_config {
	uint64_t keys; /* stable ones */
	uint64_t churn; /* the others */
	uint64_t passes;
	uint64_t one_record_every; /* passes; 0: never */
	uint64_t resume_every; /* passes; 0: never */
	uint64_t seed;
	bool json;
	enum scan_plant plant;
	struct shardmap_create create;
};

/* What passes have shown, all together */
struct scan_totals {
	uint64_t passes;
	uint64_t one_record_passes;
	uint64_t resumed_passes;
	uint64_t resumes; /* cursors that another process went on from */
	uint64_t records;
	uint64_t missed; /* stable keys not shown */
	uint64_t repeated; /* keys shown again in one pass */
	uint64_t wrong; /* records that nobody stored */
	uint64_t count_mismatch; /* entries when nothing changes any more */
	double one_record_seconds;
	double seconds;
};

/* One pass, in memory that processes share */
struct scan_pass {
	struct shardmap_cursor cursor;
	bool done;
	int error;
	uint64_t plant_at; /* record to plant a fault at, 0: none */
	uint64_t records;
	uint64_t repeated;
	uint64_t wrong;
	uint64_t seen[]; /* a bit per key */
};

struct scan_churner {
	struct scan_test *test;
	pthread_t thread;
	unsigned int index;
	uint64_t random;
	struct shardmap_batch_buffer *batch;
	uint64_t stable[2]; /* keys to store at first: from, to */
	uint64_t range[2]; /* keys to insert and delete */
	/* results, read when the thread has ended */
	uint64_t ops;
	uint64_t present; /* keys of its range that are there */
	int error;
};

struct scan_test {
	struct scan_config config;
	int table;
	struct scan_pass *pass;
	size_t pass_size;
	uint64_t random;
	_Atomic bool stop;
	pthread_barrier_t loaded;
	struct scan_churner churners[SCAN_CHURNERS];
	struct scan_totals totals;
	/* seen between passes */
	uint64_t buckets_least;
	uint64_t buckets_most;
};

/* scan.c */
enum tool_exit scan_main(int argc, char **argv);

/* scan_options.c: exits on a usage error */
void scan_options(int argc, char **argv, struct scan_config *config);

/* scan_churn.c: all return 0 or a negative errno */
int scan_churn_start(struct scan_test *test);
int scan_churn_stop(struct scan_test *test);

/* scan_pass.c: returns 0 or a negative errno */
int scan_pass_run(struct scan_test *test);

static inline uint64_t scan_all_keys(const struct scan_config *config)
{
	return config->keys + config->churn;
}

static inline uint64_t scan_value(const struct scan_config *config,
				  uint64_t key)
{
	return mix64(key ^ config->seed);
}

#endif /* STRESS_SCAN_H */
