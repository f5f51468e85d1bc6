/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * shardmap-stress kill: children change a table in large batches and are killed
 * meanwhile; what is left must be the beginning of each batch, and whole.
 *
 * kill -> kill_options
 *      -> kill_child -> { kill_batch, kill_group } -> kill_value
 *      -> kill_check -> kill_value
 *      -> kill_report
 *
 * What a child alone changes are its cells: keys, and numbers.  Before a batch it
 * writes down, in memory that outlives it, what each operation makes of its cell.
 * A number that all children add to has a field of bits for each of them, so that
 * it tells each one's part.
 */
#ifndef STRESS_KILL_H
#define STRESS_KILL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "machine.h"
#include "random.h"
#include "tool.h"

enum {
	KILL_CHILDREN_MAX = 4,
	KILL_KEYS = 1024,
	KILL_GROUP = 48, /* keys that are stored together */
	KILL_NUMBERS = SHARDMAP_ATOMIC_OPS_MAX - KILL_GROUP,
	KILL_FIELDS = 16, /* numbers of all children */
	KILL_SHARED = 256, /* keys of all children */
};

/* Numbers of cells */
enum {
	KILL_CELL_GROUP = KILL_KEYS,
	KILL_CELL_NUMBER = KILL_CELL_GROUP + KILL_GROUP,
	KILL_CELL_FIELD = KILL_CELL_NUMBER + KILL_NUMBERS,
	KILL_CELLS = KILL_CELL_FIELD + KILL_FIELDS,
	/* From here on: keys of all children, whose states nobody keeps */
};

#define KILL_VALUE_WORDS 8
#define KILL_FIELD_BITS 16
#define KILL_FIELD_MAX ((1u << (KILL_FIELD_BITS - 1)) - 1)
#define KILL_EVERYBODY UINT32_MAX

enum kill_plant {
	KILL_PLANT_NONE,
	KILL_PLANT_LOST,
	KILL_PLANT_TORN,
	KILL_PLANT_SPLIT,
	KILL_PLANT_NR
};

struct kill_config {
	uint64_t kills;
	unsigned int children;
	unsigned int ops; /* most of a batch */
	uint64_t delay; /* most us from a batch's begin to the kill; 0: by its time */
	uint64_t seed;
	bool json;
	enum kill_plant plant;
	struct shardmap_create create;
};

struct kill_key {
	uint32_t owner; /* child, or KILL_EVERYBODY */
	uint32_t cell;
};

/*
 * What an operation does.  The state of a cell is the sequence number of its value
 * or the number itself, 0 if the key is absent.
 */
struct kill_op {
	uint32_t cell;
	int32_t status; /* expected, unless others use the key, too */
	uint64_t before;
	uint64_t after;
};

enum kill_phase { KILL_IDLE, KILL_BEGUN, KILL_ENDED };

/* One child's, in memory that the processes share */
struct kill_slot {
	_Atomic enum kill_phase phase; /* of the batch */
	_Atomic uint64_t started; /* batches, in all lives */
	bool all_or_nothing;
	unsigned int nr_ops;
	uint64_t seq; /* last that may have been stored */
	uint64_t batch_ns; /* time of the last batch that ended */
	uint64_t ops; /* done in batches that ended */
	uint64_t wrong_status;
	uint64_t looks; /* at another child's group */
	uint64_t split; /* of these, ones that saw a part of a batch */
	int error; /* that the child ended with */
	uint64_t state[KILL_CELLS]; /* before the batch */
	struct kill_op log[SHARDMAP_BATCH_OPS_MAX];
};

struct kill_totals {
	uint64_t kills;
	uint64_t checks;
	uint64_t ops;
	uint64_t cut; /* batches carried out in part */
	uint64_t begun; /* batches at whose time the kill came */
	uint64_t atomic_begun; /* of these, all-or-nothing ones */
	uint64_t looks; /* all-or-nothing lookups of a group */
	/* faults */
	uint64_t torn; /* values that nobody stored */
	uint64_t not_prefix; /* what is there is not the beginning of a batch */
	uint64_t wrong_status;
	uint64_t split; /* lookups that saw a part of an all-or-nothing batch */
	uint64_t unexpected; /* unknown or repeated keys */
	uint64_t count_mismatch; /* INFO and scan differ */
	uint64_t left_over; /* memory of the empty table */
};

struct kill_test {
	struct kill_config config;
	int table;
	bool atomic; /* the kernel knows all-or-nothing batches */
	bool planted;
	uint64_t random;
	struct kill_slot *slots;
	pid_t pids[KILL_CHILDREN_MAX];
	struct kill_totals totals;
	double seconds;
};

/* A batch under construction, in the child */
struct kill_batch {
	struct kill_test *test;
	struct kill_slot *slot;
	unsigned int child;
	bool groups; /* in this life only these, which are short */
	uint64_t random;
	unsigned int in_len;
	uint64_t next[KILL_CELLS]; /* states behind the operations so far */
	struct shardmap_batch_op ops[SHARDMAP_BATCH_OPS_MAX];
	uint64_t in[SHARDMAP_BATCH_OPS_MAX * (1 + KILL_VALUE_WORDS)];
	uint64_t out[SHARDMAP_BATCH_OPS_MAX * KILL_VALUE_WORDS];
};

/* kill.c */
enum tool_exit kill_main(int argc, char **argv);

/* kill_options.c: exits on a usage error */
void kill_options(int argc, char **argv, struct kill_config *config);

/* kill_child.c */
_Noreturn void kill_child(struct kill_test *test, unsigned int child);
/* Whether the kernel takes batches with this flag */
bool kill_has_atomic(int table);

/* kill_batch.c */
void kill_batch_make(struct kill_batch *batch);

/* kill_group.c: returns 0 or a negative errno */
int kill_group_look(const struct kill_batch *batch);

/* kill_check.c: the table against the slots.  Returns 0 or a negative errno. */
int kill_check(struct kill_test *test);

/* kill_report.c */
uint64_t kill_failures(const struct kill_test *test);
int kill_report(const struct kill_test *test);

/* kill_value.c */
unsigned int kill_value_build(const struct kill_test *test,
			      const struct kill_key *key, uint64_t seq,
			      uint64_t *value);
/* The sequence number of a whole value, or 0 */
uint64_t kill_value_seq(const struct kill_test *test,
			const struct kill_key *key, const void *value,
			unsigned int len);

static inline struct kill_key kill_key(unsigned int child, uint32_t cell)
{
	return (struct kill_key){
		.owner = cell < KILL_CELL_FIELD ? child : KILL_EVERYBODY,
		.cell = cell,
	};
}

static inline bool kill_is_number(uint32_t cell)
{
	return cell >= KILL_CELL_NUMBER && cell < KILL_CELLS;
}

#endif /* STRESS_KILL_H */
