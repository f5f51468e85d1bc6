/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * shardmap-stress lin: is every key linearizable?
 *
 * lin -> lin_options
 *     -> lin_run -> { lin_call -> value, lin_churn, lin_check -> lin_model }
 *     -> lin_show, lin_report
 *
 * Threads work on a few keys and record when each operation was called, when it
 * returned and what it gave.  Afterwards the checker looks, for each key on its
 * own, for an order of its operations that explains all results.  Other threads
 * make the table grow and shrink meanwhile.
 */
#ifndef STRESS_LIN_H
#define STRESS_LIN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "faults.h"
#include "tool.h"

#define LIN_THREADS_MAX 16
#define LIN_SLOTS (LIN_THREADS_MAX + 1) /* one for the read at the end */
#define LIN_KEYS_MAX 1024
#define LIN_ROUND_OPS 8192 /* of each thread */
#define LIN_LONG_MIN 9
#define LIN_LONG_MAX 160
#define LIN_NONE UINT32_MAX /* no next operation */

enum lin_kind {
	LIN_GET,
	LIN_PUT,
	LIN_PUT_NOEXIST,
	LIN_PUT_EXIST,
	LIN_GET_OR_PUT,
	LIN_ADD,
	LIN_ADD_CREATE,
	LIN_DELETE,
	LIN_SWAP,
	LIN_TAKE,
	LIN_CAS_VALUE,
	LIN_CAS_VERSION,
	LIN_DELETE_VALUE,
	LIN_DELETE_VERSION,
	LIN_KIND_NR
};

/* What a key may hold.  Torn is a value that nobody stored: it fits no state. */
enum lin_form { LIN_ABSENT, LIN_WORD, LIN_LONG, LIN_TORN };

/* A long value is made from its number alone. */
struct lin_value {
	uint64_t number;
	uint32_t form;
};

struct lin_state {
	struct lin_value value;
	uint64_t version; /* 0: absent */
};

/* One operation as it was recorded */
struct lin_op {
	uint64_t invoke;
	uint64_t response;
	struct lin_value store; /* an addition with CREATE: what it starts from */
	struct lin_value expect; /* what a conditional operation wants to find */
	struct lin_value found; /* an addition: the number before it */
	uint64_t delta;
	uint64_t expect_version;
	uint64_t version; /* out */
	uint32_t next; /* of the thread on the same key, or LIN_NONE */
	int16_t status;
	uint8_t kind;
	bool inserted;
	bool hidden; /* lin_show: not needed */
};

/**
 * struct lin_model - what an operation does to a key
 * @name: its name in reports
 * @opcode: of the table's operation
 * @flags: of enum shardmap_op_flags
 * @stores: takes a value to store
 * @fetches: gives the value found
 * @reads: leaves the key alone whatever it finds
 * @weight: how often it is done, among all
 * @step: whether @op could have had its result on a key in @state, which it then
 *	turns into the state after it
 */
struct lin_model {
	const char *name;
	enum shardmap_opcode opcode;
	unsigned int flags;
	bool stores;
	bool fetches;
	bool reads;
	unsigned int weight;
	bool (*step)(const struct lin_op *op, struct lin_state *state);
};

/* lin_model.c */
extern const struct lin_model lin_models[LIN_KIND_NR];
/* Whether the key is as before after it */
bool lin_is_read(const struct lin_op *op);
/* What it left in the key; of form LIN_ABSENT also if nothing */
struct lin_value lin_left(const struct lin_op *op);

static inline bool lin_same(struct lin_value a, struct lin_value b)
{
	return a.form == b.form && a.number == b.number;
}

/*
 * lin_check.c: one key.  A configuration is a state that the key may be in, and
 * which of the operations going on have had their effect.  Operations take
 * effect as late as possible: just before one returns.
 */
struct lin_config {
	struct lin_state state;
	uint32_t done; /* by slot, of those going on */
};

struct lin_set {
	struct lin_config *items;
	unsigned int nr;
	unsigned int room;
	uint32_t *index; /* a hash table of twice the room */
	uint32_t *stamps;
	uint32_t stamp;
};

struct lin_checker {
	struct lin_set now;
	struct lin_set next;
	struct lin_op *going_on[LIN_SLOTS];
	uint32_t mask; /* slots in use */
	uint32_t quick; /* those that were hardly preempted */
	uint32_t overlapping; /* those that were not alone all the time */
	uint32_t overlapping_quick; /* the same among the quick ones alone */
	/* how many were not, among those that returned */
	uint64_t overlapped;
	uint64_t overlapped_quick;
};

/* One key's operations: a chain through the array of each thread */
struct lin_history {
	unsigned int slots;
	struct lin_op *ops[LIN_SLOTS];
	uint32_t first[LIN_SLOTS];
	struct lin_state start;
};

struct lin_cursor {
	const struct lin_history *history;
	uint32_t at[LIN_SLOTS];
	uint32_t inside; /* slots whose operation at @at has been called */
};

struct lin_event {
	struct lin_op *op;
	unsigned int slot;
	bool returns;
};

int lin_checker_init(struct lin_checker *checker);
void lin_checker_free(struct lin_checker *checker);
void lin_checker_start(struct lin_checker *checker);
/* A configuration that the key may start from */
int lin_checker_add(struct lin_checker *checker,
		    const struct lin_config *config);
/* 1: goes on; 0: nothing explains the results; or a negative errno */
int lin_checker_event(struct lin_checker *checker,
		      const struct lin_event *event);

void lin_cursor_init(struct lin_cursor *cursor,
		     const struct lin_history *history);
/* In order of time; false at the end */
bool lin_cursor_next(struct lin_cursor *cursor, struct lin_event *event);
/* 1: linearizable; 0: not; or a negative errno */
int lin_check(struct lin_checker *checker, const struct lin_history *history);

/* lin_show.c: the few operations that a violation is about */
int lin_show(FILE *to, unsigned int key, const struct lin_history *history);

enum lin_plant { LIN_PLANT_NONE, LIN_PLANT_LOST_UPDATE };

struct lin_options {
	unsigned int threads;
	unsigned int churners;
	uint64_t ops;
	unsigned int keys;
	uint64_t churn; /* keys that come and go */
	uint64_t seed;
	bool json;
	enum lin_plant plant;
	struct fault_rates faults;
	struct shardmap_create create;
};

/* lin_options.c: exits on a usage error */
void lin_options(int argc, char **argv, struct lin_options *options);

/* lin_call.c: from and to the table */
struct lin_caller {
	int table;
	bool persists; /* calls again what fails with ENOMEM */
	unsigned char value[LIN_LONG_MAX];
	unsigned char expected[LIN_LONG_MAX];
	unsigned char out[LIN_LONG_MAX];
	unsigned char scratch[LIN_LONG_MAX];
};

/* Fills in the results and the times.  @key: number of the key */
void lin_call(struct lin_caller *caller, uint64_t key, struct lin_op *op);
/* Whether the kernel has it */
bool lin_is_known(struct lin_caller *caller, enum lin_kind kind);
/* The planted bug: an addition made of a get and a put */
void lin_call_lost_update(struct lin_caller *caller, uint64_t key,
			  struct lin_op *op);

struct lin_result {
	uint64_t ops;
	uint64_t by_kind[LIN_KIND_NR];
	uint64_t overlapped;
	uint64_t overlapped_quick;
	uint64_t rounds;
	uint64_t resizes;
	uint64_t churn_ops;
	uint64_t injected; /* faults */
	unsigned int
		violations; /* keys; the run ends after the first round with any */
	double seconds;
	double check_seconds; /* of that */
};

/* lin_churn.c */
struct lin_churner;
/* @lenient: keys may be left out for want of memory */
struct lin_churner *lin_churner_new(int table, uint64_t first, uint64_t keys,
				    bool lenient);
void lin_churner_free(struct lin_churner *churner);
/* A batch of insertions or deletions; returns their number or a negative errno */
int lin_churn(struct lin_churner *churner);

/* lin_run.c: returns 0 or a negative errno */
int lin_run(const struct lin_options *options, int table,
	    struct lin_result *result);

/* lin_report.c */
int lin_report(const struct lin_options *options,
	       const struct lin_result *result);

/* lin.c */
enum tool_exit lin_main(int argc, char **argv);

#endif /* STRESS_LIN_H */
