/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * shardmap-stress torture: many writers at the same keys of a table that grows,
 * shrinks and is cleared, with every reader's finding held against its age.
 *
 * torture -> torture_options
 *         -> { run, worker } -> torture_load -> torture_call -> torture_age
 *         -> torture_final -> torture_call
 *         -> torture_report
 *
 * A value tells its key and a number that nobody stored under this key before: it is
 * an element.  Who knows that an element has left the table says so in memory that all
 * processes share, together with the time.  No call that began later may find it.
 */
#ifndef STRESS_TORTURE_H
#define STRESS_TORTURE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "random.h"
#include "stress.h"

/* Elements of a key that are remembered one by one */
#define TORTURE_SLOTS 64
#define TORTURE_VALUE_MAX 160
#define TORTURE_BATCH 16

enum torture_plant {
	TORTURE_PLANT_NONE,
	TORTURE_PLANT_STALE,
	TORTURE_PLANT_TORN,
	TORTURE_PLANT_LOST,
	TORTURE_PLANT_NR
};

enum torture_state {
	TORTURE_FAILED, /* was not stored */
	TORTURE_NEW, /* may have been stored */
	TORTURE_STORED, /* was, as far as its writer knows */
	TORTURE_GONE, /* has left */
};

struct torture_slot {
	_Atomic uint64_t
		tag; /* number of the element << 2 | enum torture_state */
	_Atomic uint64_t gone; /* time when that was known; 0: not yet */
	_Atomic uint64_t
		told; /* last element that somebody was told to have got */
	_Atomic uint64_t ends; /* ns of CLOCK_BOOTTIME; 0: never */
	/* begun when it was about to be stored; UINT64_MAX: some were going on */
	_Atomic uint64_t removals;
	_Atomic uint64_t clears;
};

struct torture_key {
	_Atomic uint64_t next; /* number of the last element */
	/* of calls after which there may be nothing */
	_Atomic uint64_t removals_begun;
	_Atomic uint64_t removals_ended;
	_Atomic uint64_t
		forgotten; /* latest time of an element without a slot */
	struct torture_slot slots[TORTURE_SLOTS];
};

/* What is known of all elements, in memory that the processes share */
struct torture_age {
	_Atomic uint64_t clock; /* counts what became known */
	_Atomic uint64_t clears_begun;
	_Atomic uint64_t clears_ended;
	bool evicts; /* an entry may leave at any time */
	struct torture_key keys[];
};

struct torture_totals {
	uint64_t ops;
	uint64_t found; /* elements that were looked at */
	uint64_t batches;
	uint64_t passes; /* scans of the whole table */
	uint64_t clears;
	uint64_t stored;
	uint64_t left; /* elements replaced or removed, by updates of their key */
	uint64_t cleared;
	uint64_t failed; /* for want of memory or room */
	uint64_t forgotten; /* elements found of which too little was known */
	uint64_t resizes;
	uint64_t evicted;
	uint64_t expired;
	/* faults */
	uint64_t torn;
	uint64_t wrong_key;
	uint64_t stale; /* found by a call that began after it was known to be gone */
	uint64_t outlived; /* found after its time */
	uint64_t twice; /* taken out by two calls */
	uint64_t unexpected; /* never stored */
	uint64_t missing; /* nothing found, though nobody can have removed it */
	uint64_t repeated; /* keys shown twice by one pass */
	uint64_t wrong_status;
	uint64_t lost; /* entries more or less than all results add up to */
	uint64_t count_mismatch; /* INFO, scan and lookups differ */
	uint64_t left_over; /* memory of the empty table */
};

struct torture_config {
	struct config load; /* threads, keys, values, and so on */
	uint64_t ttl; /* longest, in ns; 0: none */
	enum torture_plant plant;
};

/* One call on one key: what was known when it began, and what came of it */
struct torture_call {
	uint64_t key;
	enum shardmap_opcode opcode;
	unsigned int flags;
	uint64_t mine; /* element to store, or 0 */
	uint64_t expected; /* element that must be there, by the flags */
	uint64_t version; /* the same */
	uint64_t ttl;
	/* what was known when it began */
	uint64_t start;
	uint64_t start_ns; /* of CLOCK_BOOTTIME */
	bool removes; /* there may be nothing after it */
	uint64_t before[TORTURE_SLOTS]; /* tags of elements stored, or 0 */
	/* results */
	int status;
	bool inserted;
	uint64_t found; /* element, or 0 */
	uint64_t found_version;
	const unsigned char *out; /* the value found */
	unsigned int out_len;
	unsigned char value[TORTURE_VALUE_MAX];
	unsigned char expect[TORTURE_VALUE_MAX];
	unsigned char room[TORTURE_VALUE_MAX];
};

/* One thread's */
struct torture_worker {
	struct worker *worker;
	const struct torture_config *config;
	struct torture_age *age;
	struct torture_call calls[TORTURE_BATCH];
	struct shardmap_batch_buffer *batch;
	uint64_t steps;
	struct torture_call planted; /* a value that is to come back */
	uint64_t *all_before; /* for clears: the tags of all slots */
	bool *seen; /* for passes, by key */
	unsigned char scratch[TORTURE_VALUE_MAX];
};

/* What all processes share besides struct shared */
struct torture {
	struct torture_config config;
	struct torture_age *age;
	struct torture_totals *totals; /* by worker, and those of the end */
	struct torture_worker *workers;
	size_t age_size;
	size_t totals_size;
};

/* torture.c */
enum tool_exit torture_main(int argc, char **argv);

/* torture_options.c: exits on a usage error */
void torture_options(int argc, char **argv, struct torture_config *config);

/*
 * torture_age.c.  torture_age_begin() returns false if an element cannot be had; then
 * there was no call.  Between the two the call is made.
 */
bool torture_age_begin(struct torture_age *age, struct torture_call *call);
void torture_age_end(struct torture_age *age, struct torture_call *call,
		     struct torture_totals *totals);
/* An element was found by a call that began as @call says. */
void torture_age_found(struct torture_age *age, const struct torture_call *call,
		       uint64_t element, struct torture_totals *totals);
void torture_age_now(const struct torture_age *age, struct torture_call *call);
/* Around a call that removes all that is there.  @before: TORTURE_SLOTS per key */
void torture_age_clear_begin(struct torture_age *age, uint64_t keys,
			     uint64_t *before);
void torture_age_clear_end(struct torture_age *age, uint64_t keys,
			   const uint64_t *before, bool all);

/*
 * torture_call.c.  The functions that can fail other than by faults return 0 or a
 * negative errno.
 */
void torture_call_one(struct torture_worker *w, struct torture_call *call,
		      struct torture_totals *totals);
/* The first @nr of w->calls; all or nothing if @atomic */
int torture_call_batch(struct torture_worker *w, unsigned int nr, bool atomic,
		       struct torture_totals *totals);
/* A whole pass; returns records, or a negative errno. */
int64_t torture_call_scan(struct torture_worker *w,
			  struct torture_totals *totals);

/* torture_load.c */
extern const struct role torture_role;
int torture_worker_init(struct torture_worker *w, struct worker *worker);
void torture_worker_free(struct torture_worker *w);

/*
 * torture_final.c: what is in the table, and that its memory comes back when it is
 * cleared.  Returns 0 or a negative errno.
 */
int torture_final(struct worker *worker, uint64_t index_bytes,
		  struct torture_totals *totals);

/* torture_report.c */
uint64_t torture_failures(const struct torture_totals *totals);
int torture_report(const struct torture *torture, const struct shared *shared,
		   const struct torture_totals *totals);

#endif /* STRESS_TORTURE_H */
