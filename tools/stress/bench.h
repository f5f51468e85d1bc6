/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * shardmap-stress bench: what a key costs a user program, on a table and on BPF's
 * hash map.
 *
 * bench -> bench_options, bench_plan
 *       -> bench_crew -> { bench_ioctl, bench_bpf, bench_syscall } -> bench_data
 *       -> bench_report
 *
 * A row is one figure: a work on a backend.  Every repeat measures every row of a
 * payload once, those of a work side by side, so that a machine that is slow for a
 * while is slow for all.
 */
#ifndef STRESS_BENCH_H
#define STRESS_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tool.h"

#define BENCH_BATCH_MAX 256
#define BENCH_THREADS_MAX 64
#define BENCH_KEY_WORDS 2
#define BENCH_VALUE_WORDS 8
#define BENCH_RECORD_WORDS                                      \
	(sizeof(struct shardmap_record) / 8 + BENCH_KEY_WORDS + \
	 BENCH_VALUE_WORDS)

enum bench_work {
	BENCH_GET,
	BENCH_PUT,
	BENCH_MIX90,
	BENCH_GET_BATCH32,
	BENCH_GET_BATCH256,
	BENCH_PUT_BATCH32,
	BENCH_PUT_BATCH256,
	BENCH_ITERATE_BATCH,
	BENCH_GETPPID,
	BENCH_IOCTL_NOP,
	BENCH_WORK_NR
};

enum bench_dist { BENCH_UNIFORM, BENCH_ZIPF, BENCH_DIST_NR };
enum { BENCH_PAYLOAD_NR = 2, BENCH_BACKEND_NR = 6 };

/* Lengths are multiples of 8. */
struct bench_payload {
	const char *name;
	unsigned int key_len;
	unsigned int value_len;
};

/* Choices are bit masks over the tables of names. */
struct bench_config {
	const char *bed;
	bool json;
	uint64_t entries;
	uint64_t ops; /* keys per row, repeat and thread */
	unsigned int repeats;
	unsigned int nr_threads;
	unsigned int threads[BENCH_THREADS_MAX]; /* numbers of threads */
	unsigned int payloads;
	unsigned int dists;
	unsigned int works;
	unsigned int backends;
	uint64_t seed;
};

/*
 * One thread's share of one row.  Keys are made beforehand and stand one after
 * another, as both interfaces can take them.
 */
struct bench_job {
	int fd;
	const struct bench_payload *payload;
	enum bench_work work;
	unsigned int batch; /* keys per call */
	uint64_t entries;
	uint64_t ops;
	const uint64_t *keys; /* of all ops, one after another */
	const uint8_t *writes; /* for each of ops: mix90 stores */
	uint64_t in[BENCH_BATCH_MAX * (BENCH_KEY_WORDS + BENCH_VALUE_WORDS)];
	uint64_t out[BENCH_BATCH_MAX * BENCH_VALUE_WORDS];
	uint64_t records[BENCH_BATCH_MAX * BENCH_RECORD_WORDS];
	struct shardmap_batch_op batch_ops[BENCH_BATCH_MAX];
	/* results */
	uint64_t done; /* keys */
	uint64_t wrong; /* values that are not those of their keys */
	int error;
	uint64_t start_ns;
	uint64_t end_ns;
};

/**
 * struct bench_backend - something to measure
 * @name: its name in tables and JSON
 * @works: bit mask of what it can do
 * @flags: of the table or map that it makes
 * @max_len: longest key and value in bytes, 0 if any will do
 * @reuses: a reader may be shown an entry that has been used again meanwhile, so
 *	wrong values are told of and are no failure
 * @probe: may be NULL; a negative errno if this kernel does not have it
 * @open: makes an empty table or map of @entries; returns a descriptor or a
 *	negative errno
 * @run: does job->work
 */
struct bench_backend {
	const char *name;
	unsigned int works;
	unsigned int flags;
	unsigned int max_len;
	bool reuses;
	int (*probe)(void);
	int (*open)(const struct bench_backend *backend,
		    const struct bench_payload *payload, uint64_t entries);
	int (*run)(struct bench_job *job);
};

struct bench_row {
	const struct bench_backend *backend;
	unsigned int target; /* index of the backend */
	unsigned int payload;
	enum bench_dist dist;
	enum bench_work work;
	unsigned int threads;
	double *ns; /* per key, by repeat; sorted by the report */
};

struct bench_plan {
	struct bench_row *rows;
	size_t nr;
	double *ns; /* of all rows */
};

/* bench.c */
enum tool_exit bench_main(int argc, char **argv);

/* bench_options.c: exits on a usage error */
void bench_options(int argc, char **argv, struct bench_config *config);
/* Bits of the comma-separated @list that names has; -1 for an unknown name */
int bench_parse_list(const char *list, const char *const *names,
		     unsigned int nr);
extern const char *const bench_work_names[BENCH_WORK_NR];
extern const char *const bench_dist_names[BENCH_DIST_NR];
extern const struct bench_payload bench_payloads[BENCH_PAYLOAD_NR];
extern const struct bench_backend *const bench_backends[BENCH_BACKEND_NR];

/* bench_plan.c */
bool bench_takes(const struct bench_backend *backend,
		 const struct bench_payload *payload);
int bench_plan_make(struct bench_plan *plan, const struct bench_config *config);
void bench_plan_free(struct bench_plan *plan);
unsigned int bench_batch_of(enum bench_work work);

/* bench_data.c */
void bench_key(uint64_t number, uint64_t *key, unsigned int key_len);
void bench_value(const uint64_t *key, uint64_t *value, unsigned int value_len);
void bench_values(const uint64_t *keys, uint64_t *values, unsigned int nr,
		  const struct bench_payload *payload);
void bench_stream(uint64_t *keys, uint8_t *writes, uint64_t nr,
		  unsigned int key_len, uint64_t entries, enum bench_dist dist,
		  uint64_t seed);

/* Cheap: the first word and the last. */
static inline bool bench_value_is(const uint64_t *key, const uint64_t *value,
				  unsigned int value_len)
{
	unsigned int last = value_len / 8 - 1;

	return value[0] == ~key[0] && value[last] == ~key[0] + last;
}

/* The keys of the next call */
static inline const uint64_t *bench_keys(const struct bench_job *job)
{
	return job->keys + job->done * (job->payload->key_len / 8);
}

/* Their number */
static inline unsigned int bench_next(const struct bench_job *job)
{
	uint64_t left = job->ops - job->done;

	return left < job->batch ? left : job->batch;
}

/* bench_crew.c */
struct bench_crew;
struct bench_crew *bench_crew_new(const struct bench_config *config);
void bench_crew_free(struct bench_crew *crew);
void bench_crew_streams(struct bench_crew *crew, const struct bench_row *row,
			unsigned int repeat);
/* Returns 0 or a negative errno. */
int bench_crew_load(struct bench_crew *crew,
		    const struct bench_backend *backend,
		    const struct bench_payload *payload, int fd);
int bench_crew_measure(struct bench_crew *crew, const struct bench_row *row,
		       int fd, double *ns);
/* Of a backend, in all measurements so far */
uint64_t bench_crew_wrong(const struct bench_crew *crew, unsigned int target);

/* bench_report.c */
double bench_median(const double *sorted, unsigned int nr);
int bench_report(const struct bench_config *config, struct bench_plan *plan);

/* bench_ioctl.c, bench_bpf.c, bench_syscall.c */
extern const struct bench_backend bench_ioctl, bench_ioctl_siphash;
extern const struct bench_backend bench_ioctl_inline;
extern const struct bench_backend bench_bpf_prealloc, bench_bpf_noprealloc;
extern const struct bench_backend bench_syscall;

#endif /* STRESS_BENCH_H */
