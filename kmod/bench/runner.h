/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of the runner share. */
#ifndef _SHARDMAP_BENCH_RUNNER_H
#define _SHARDMAP_BENCH_RUNNER_H

#include <linux/bits.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "bench.h"

/* What a work needs and how it is counted. */
#define WORK_PER_ENTRY BIT(0) /* one operation per entry, not @ops of them */
#define WORK_WRITES BIT(1) /* slow backends do fewer of these */
#define WORK_DEL BIT(2)
#define WORK_BATCH BIT(3)
#define WORK_ZIPF BIT(4) /* also with skewed draws, if asked for */
#define WORK_FRESH BIT(5) /* begins with an empty map */
#define WORK_TIMED BIT(6) /* times every operation: by name only */

struct bench_work;

/**
 * struct bench_run - one work on one map
 * @backend: the map's operations
 * @payload: sizes of keys and values
 * @work: what is done
 * @map: the map
 * @draws: for each thread @ops entry numbers, the same for all backends of a round
 * @hists: for each thread where a timed work counts; NULL for others
 * @entries: number of entries
 * @ops: operations of one thread
 * @threads: number of threads
 * @round: number of the round
 */
struct bench_run {
	const struct bench_backend *backend;
	const struct bench_payload *payload;
	const struct bench_work *work;
	void *map;
	u32 *const *draws;
	struct bench_hist *hists;
	u64 entries;
	unsigned int ops;
	unsigned int threads;
	unsigned int round;
};

/**
 * struct bench_work - something to measure
 * @name: as reported
 * @fn: one thread's part; returns how many results were wrong
 * @flags: WORK_...
 */
struct bench_work {
	const char *name;
	u64 (*fn)(const struct bench_run *run, unsigned int thread);
	unsigned int flags;
};

/* Log-linear: 32 buckets per power of two, up to 2^40 ns. */
#define HIST_SUB_BITS 5
#define HIST_BUCKETS (36 << HIST_SUB_BITS)

/**
 * struct bench_hist - latencies
 * @count: number of operations
 * @max: the longest, in ns
 * @buckets: operations by length
 */
struct bench_hist {
	u64 count;
	u64 max;
	u32 buckets[HIST_BUCKETS];
};

/**
 * struct bench_memory - what the kernel says is in use
 * @used: bytes that are not free
 * @slab: bytes of slab pages that cannot be reclaimed
 */
struct bench_memory {
	s64 used;
	s64 slab;
};

/**
 * struct bench_line - a line of JSON in the making
 * @len: length of @text
 * @text: the line
 */
struct bench_line {
	int len;
	char text[800];
};

static inline u64 bench_mix(u64 x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9ULL;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

/* Key number @i; those from the number of entries on are in no table. */
static inline void bench_key(u64 *key, u64 i)
{
	key[0] = bench_mix(i + 1);
	key[1] = key[0] * 0x9e3779b97f4a7c15ULL;
}

/* The top bit is 0, which gets that depend on each other rely on. */
static inline u64 bench_value_word(u64 i)
{
	return bench_mix(i + 77) >> 1;
}

static inline void bench_value(u64 *value, u64 i)
{
	memset(value, 0, BENCH_VALUE_MAX);
	value[0] = bench_value_word(i);
}

/* runner.c */
enum { BENCH_UNIFORM, BENCH_ZIPF, BENCH_NR_DISTS };

/* Not one work but a fill and a delete, with memory read before and after. */
#define BENCH_MEMORY_WORK "memory_after_delete"

/**
 * struct bench_config - what the module's parameters say
 * @works: names of the works wanted; all of a sort if empty
 * @ops: operations of one thread
 * @threads: number of threads
 * @draws: for each distribution wanted and each thread the entries it takes
 * @hists: for each thread where timed works count
 */
struct bench_config {
	const char *works;
	unsigned int ops;
	unsigned int threads;
	u32 **draws[BENCH_NR_DISTS];
	struct bench_hist *hists;
};

extern struct bench_config bench_config;
extern const char *const bench_dists[BENCH_NR_DISTS];
bool bench_listed(const char *list, const char *name);

/* plan.c */
int bench_run_backend(struct bench_run *run);

/* works.c */
extern const struct bench_work bench_works[];
extern const unsigned int bench_nr_works;
extern const struct bench_work bench_delete_most;
extern const struct bench_work bench_delete_most_random;
u64 bench_verify(const struct bench_run *run, unsigned int thread);

/* timed.c */
u64 bench_insert_latency(const struct bench_run *run, unsigned int thread);
u64 bench_mix90_latency(const struct bench_run *run, unsigned int thread);
void bench_clock_calibrate(void);
u64 bench_clock_ns(void);

/* draws.c */
int bench_zipf_prepare(u64 entries);
void bench_zipf_free(void);
void bench_zipf_report(unsigned int nr, u64 entries);
void bench_draw(u32 *draws, unsigned int nr, u64 entries, u64 seed, bool zipf);
void bench_shuffle(u32 *order, u64 nr, u64 seed);

/* crew.c */
s64 bench_measure(const struct bench_run *run, u64 *wrong);

/* hist.c */
void bench_hist_add(struct bench_hist *hist, u64 ns);
void bench_hist_merge(struct bench_hist *into, const struct bench_hist *from);
u64 bench_hist_percentile(const struct bench_hist *hist, u32 ppm);

/* memory.c */
void bench_memory_read(struct bench_memory *memory);

/* settle.c */
void bench_memory_settle(const struct bench_run *run);

/* line.c */
void bench_line_start(struct bench_line *line, const struct bench_run *run);
void bench_line_add(struct bench_line *line, const char *name, u64 value);
void bench_line_text(struct bench_line *line, const char *name,
		     const char *value);
void bench_line_memory(struct bench_line *line, const struct bench_run *run,
		       const struct bench_memory *before);
void bench_line_hist(struct bench_line *line, const struct bench_hist *hist);
void bench_line_print(struct bench_line *line);

/* hold.c: how long shardmap's locks are held, in modules built for that only */
void bench_hold_start(void);
void bench_line_hold(struct bench_line *line, const struct bench_run *run);

/* none.c */
extern const struct bench_backend bench_none;

/* The floors and the empty loop have no right results and no memory to speak of. */
static inline bool bench_is_map(const struct bench_backend *backend)
{
	return backend->del && backend != &bench_none;
}

#endif /* _SHARDMAP_BENCH_RUNNER_H */
