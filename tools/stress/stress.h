/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * shardmap-stress: load on one table from many threads and processes, checked.
 *
 * main -> options -> run -> worker -> { workload, backend, verify -> value }
 *                  -> final, report, klog
 *
 * Each key has one worker that may write it (its owner), and a state in shared
 * memory that the owner keeps.  A reader takes the state before its lookup and
 * after it, and what it found must fit in between.  Counters are added to by
 * everybody; their sums must be right at the end.
 */
#ifndef STRESS_H
#define STRESS_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "faults.h"
#include "histogram.h"
#include "machine.h"
#include "tool.h"
#include "zipf.h"

#define KEY_SIZE_MIN 8
#define VALUE_SIZE_MIN 8
#define COUNTER_INITIAL (UINT64_MAX - 1000) /* so that sums wrap around */
#define CACHE_LINE 64

enum plant { PLANT_NONE, PLANT_TORN, PLANT_LOST };
enum klog_mode { KLOG_AUTO, KLOG_ON, KLOG_OFF };

struct config {
	unsigned int threads;
	unsigned int processes;
	unsigned int workers; /* threads * processes */
	double duration; /* seconds; 0: no limit */
	uint64_t ops; /* of all workers; 0: no limit */
	unsigned int mix[SHARDMAP_OP_NR];
	uint64_t keys;
	uint64_t counters;
	unsigned int prefill; /* percent of the keys */
	double theta; /* of Zipf; 0: uniform */
	unsigned int batch;
	unsigned int key_size;
	unsigned int value_min;
	unsigned int value_max;
	uint64_t seed;
	bool verify;
	bool pin;
	bool growth;
	bool json;
	enum klog_mode klog;
	enum plant plant;
	struct fault_rates faults;
	int fd;
	struct shardmap_create create;
};

/*
 * State of one key.  A write takes the next sequence number; what is stored
 * tells its own.  @begun and @deleted are set before a write begins, @done
 * after it has ended.  Only the owner stores; @version is the owner's alone.
 */
struct key_state {
	_Atomic uint64_t done; /* sequence << 1 | present */
	_Atomic uint64_t begun; /* highest sequence that may be visible */
	_Atomic uint64_t deleted; /* sequence of the last deletion begun */
	uint64_t version;
};

/* One worker's part of one counter */
struct counter_share {
	_Atomic uint64_t sum; /* of the additions carried out */
	_Atomic uint64_t adds; /* their number */
	uint64_t least; /* over the initial value, seen so far */
};

struct op {
	enum shardmap_opcode opcode;
	unsigned int flags;
	bool counter; /* @id is a counter's, not a key's */
	bool own; /* the worker is the key's owner */
	uint64_t id;
	uint64_t seq; /* of what a write stores */
	uint64_t before; /* a get's key_state.done at its beginning */
	uint64_t delta;
	unsigned char *key;
	unsigned char *value;
	unsigned int value_len;
	unsigned char *out; /* room for the value found */
	/* results */
	int status;
	bool inserted;
	uint64_t old;
	uint64_t version;
	const unsigned char *found;
	unsigned int found_len;
};

/* What is wrong, by kind; all but @checked must be zero. */
struct verdict {
	uint64_t checked;
	uint64_t torn; /* no value that was ever stored */
	uint64_t wrong_key; /* a whole value of another key */
	uint64_t stale; /* older than one known to be in place */
	uint64_t missing; /* not there, though nobody deleted it */
	uint64_t unexpected; /* there, though deleted or never stored */
	uint64_t version; /* version not that of the write */
	uint64_t sum_mismatch; /* counters */
	uint64_t count_mismatch; /* INFO, scan and expectation differ */
};

struct shared;
struct worker;

/* What workers are there for; the threads are started and stopped alike. */
struct role {
	int (*begin)(struct worker *worker); /* 0 or a negative errno */
	void (*load)(struct worker *worker); /* until shared->stop */
	void (*end)(struct worker *worker);
};

struct worker {
	alignas(CACHE_LINE) _Atomic uint64_t progress; /* read by the parent */
	alignas(CACHE_LINE) struct shared *shared;
	const struct config *config;
	unsigned int index;
	int cpu; /* pinned to, or -1 */
	int table;
	uint64_t limit; /* operations to do; 0: no limit */
	uint64_t random;
	uint64_t own_keys;
	struct zipf all_ranks;
	struct zipf own_ranks;
	uint64_t wave; /* --growth: position in the slice */
	bool falling; /* --growth: deleting */
	struct op *ops; /* a batch of them */
	unsigned char *arena; /* of their keys and values */
	unsigned char *scratch; /* a value to compare with */
	struct shardmap_batch_buffer *batch;
	/* results, read when the worker has ended */
	uint64_t end_ns;
	uint64_t hits; /* gets that found something */
	uint64_t failed; /* ENOMEM and ENOSPC */
	uint64_t untold; /* EFAULT, with --faults */
	int error; /* any other, which ends the worker */
	enum shardmap_opcode error_opcode;
	struct verdict verdict;
	struct histogram latency[SHARDMAP_OP_NR];
};

/* One mapping that all processes share */
struct shared {
	_Atomic unsigned int ready;
	_Atomic unsigned int finished;
	_Atomic uint32_t go; /* a futex */
	_Atomic bool stop;
	uint64_t start_ns; /* set before @go */
	uint64_t injected; /* faults */
	struct config config;
	const struct role *role;
	void *arg; /* of the role */
	uint64_t slice; /* key states per owner */
	struct key_state *keys; /* by owner, then by number in its slice */
	struct counter_share *counters; /* by worker, then by counter */
	struct worker *workers;
	size_t map_size;
};

struct klog {
	int fd; /* -1: not checked */
	unsigned int reports;
	unsigned int lost; /* times that messages were overwritten */
};

/* options.c: exits on a usage error */
void parse_options(int argc, char **argv, struct config *config);
extern const char *const opcode_names[SHARDMAP_OP_NR];

/* run.c */
struct shared *shared_new(const struct config *config, int table);
void shared_free(struct shared *shared);
int run(struct shared *shared);
void wait_for_go(struct shared *shared);

/* worker.c */
extern const struct role stress_role;
void *worker_main(void *worker);
/* The first error that ended a worker, after it was printed, or 0 */
int workers_error(const struct shared *shared);

/* workload.c */
int workload_init(struct worker *worker);
void workload_free(struct worker *worker);
void workload_next(struct worker *worker, struct op *op);
void workload_put(struct worker *worker, struct op *op, uint64_t number);

/* backend.c */
int backend_open(struct worker *worker);
void backend_close(struct worker *worker);
void backend_execute(struct worker *worker, struct op *ops, unsigned int nr);
void backend_execute_one(struct worker *worker, struct op *op);

/* value.c */
enum value_fault { VALUE_OK, VALUE_TORN, VALUE_WRONG_KEY };
void key_build(const struct config *config, uint64_t id, bool counter,
	       unsigned char *key);
bool key_parse(const struct config *config, const unsigned char *key,
	       unsigned int len, uint64_t *id, bool *counter);
unsigned int value_build(const struct config *config, uint64_t id, uint64_t seq,
			 unsigned char *value);
/* @scratch: room for a value of config->value_max */
enum value_fault value_check(const struct config *config, uint64_t id,
			     const unsigned char *value, unsigned int len,
			     unsigned char *scratch, uint64_t *seq);

/* verify.c */
void verify_begin(struct worker *worker, struct op *op);
void verify_end(struct worker *worker, struct op *op);
/* Instead, for those of @ops whose results did not come back */
void verify_untold(struct worker *worker, struct op *ops, unsigned int nr);
void plant(struct worker *worker);

/* final.c: the whole table against the states.  Returns 0 or a negative errno. */
int verify_table(struct shared *shared, int table, struct verdict *verdict);
bool verdict_is_good(const struct verdict *verdict);

/* report.c */
int report(const struct shared *shared, const struct verdict *verdict,
	   const struct klog *klog);

/* klog.c */
int klog_open(struct klog *klog, enum klog_mode mode);
void klog_check(struct klog *klog);

static inline uint64_t key_owner(const struct shared *shared, uint64_t id)
{
	return id % shared->config.workers;
}

static inline struct key_state *key_state(const struct shared *shared,
					  uint64_t id)
{
	return shared->keys + key_owner(shared, id) * shared->slice +
	       id / shared->config.workers;
}

static inline struct counter_share *
counter_share(const struct shared *shared, unsigned int worker, uint64_t id)
{
	return shared->counters + worker * shared->config.counters + id;
}

#endif /* STRESS_H */
