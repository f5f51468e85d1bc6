// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table at rest against what the children wrote down: for each there must be
 * one number of operations of its batch that accounts for all its cells.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kill.h"

/* What the table holds */
struct seen {
	uint64_t state[KILL_CHILDREN_MAX][KILL_CELLS];
	bool shared[KILL_SHARED];
	uint64_t records;
};

static void see_value(struct kill_test *test, struct seen *seen,
		      const struct kill_key *key,
		      const struct shardmap_record *record)
{
	const void *value = shardmap_record_value(record);
	uint64_t seq = kill_value_seq(test, key, value, record->value_len);
	unsigned int writer = seq % KILL_CHILDREN_MAX;

	if (!seq || writer >= test->config.children ||
	    seq > test->slots[writer].seq ||
	    (key->owner != KILL_EVERYBODY && key->owner != writer)) {
		test->totals.torn++;
		return;
	}
	if (key->owner != KILL_EVERYBODY)
		seen->state[key->owner][key->cell] = seq;
}

static void see_number(struct kill_test *test, struct seen *seen,
		       const struct kill_key *key,
		       const struct shardmap_record *record)
{
	uint64_t number;

	if (record->value_len != sizeof(number)) {
		test->totals.torn++;
		return;
	}
	memcpy(&number, shardmap_record_value(record), sizeof(number));
	if (key->owner != KILL_EVERYBODY) {
		seen->state[key->owner][key->cell] = number;
		return;
	}
	for (unsigned int child = 0; child < KILL_CHILDREN_MAX; child++)
		seen->state[child][key->cell] =
			number >> child * KILL_FIELD_BITS &
			((1u << KILL_FIELD_BITS) - 1);
}

static bool is_known(const struct kill_test *test, const struct kill_key *key)
{
	if (key->owner == KILL_EVERYBODY)
		return key->cell >= KILL_CELL_FIELD &&
		       key->cell < KILL_CELLS + KILL_SHARED;
	return key->owner < test->config.children &&
	       key->cell < KILL_CELL_FIELD;
}

/* Returns whether the key was seen before in this pass. */
static bool is_repeated(struct seen *seen, const struct kill_key *key)
{
	bool *shared;

	if (key->cell < KILL_CELLS)
		return seen->state[key->owner == KILL_EVERYBODY ? 0 : key->owner]
				  [key->cell];
	shared = &seen->shared[key->cell - KILL_CELLS];
	if (*shared)
		return true;
	*shared = true;
	return false;
}

static void see(struct kill_test *test, struct seen *seen,
		const struct shardmap_record *record)
{
	struct kill_key key;

	seen->records++;
	if (record->key_len != sizeof(key)) {
		test->totals.unexpected++;
		return;
	}
	memcpy(&key, shardmap_record_key(record), sizeof(key));
	if (!is_known(test, &key) || is_repeated(seen, &key))
		test->totals.unexpected++;
	else if (kill_is_number(key.cell))
		see_number(test, seen, &key, record);
	else
		see_value(test, seen, &key, record);
}

static int look(struct kill_test *test, struct seen *seen)
{
	struct shardmap_scanner *scanner = shardmap_scanner_new(test->table, 0);
	const struct shardmap_record *record;
	struct shardmap_info info;
	int err;

	if (!scanner)
		return -ENOMEM;
	while ((err = shardmap_scanner_next(scanner, &record)) > 0)
		see(test, seen, record);
	shardmap_scanner_free(scanner);
	if (!err)
		err = shardmap_info(test->table, &info);
	if (!err && info.entries != seen->records)
		test->totals.count_mismatch++;
	return err;
}

/* A cell speaks for each number of operations after which it is as seen. */
struct votes {
	int change[SHARDMAP_BATCH_OPS_MAX + 2];
	uint32_t since[KILL_CELLS]; /* operations that led to the cell's state */
};

static void vote(struct votes *votes, uint32_t from, uint32_t to)
{
	votes->change[from]++;
	votes->change[to + 1]--;
}

static void count_votes(struct votes *votes, const struct kill_slot *slot,
			const uint64_t *seen, uint32_t nr)
{
	uint64_t state[KILL_CELLS];

	memcpy(state, slot->state, sizeof(state));
	for (uint32_t i = 0; i < nr; i++) {
		const struct kill_op *op = &slot->log[i];

		if (op->cell >= KILL_CELLS)
			continue;
		if (op->before == seen[op->cell])
			vote(votes, votes->since[op->cell], i);
		votes->since[op->cell] = i + 1;
		state[op->cell] = op->after;
	}
	for (uint32_t cell = 0; cell < KILL_CELLS; cell++)
		if (state[cell] == seen[cell])
			vote(votes, votes->since[cell], nr);
}

/*
 * The least number of operations, from @least on, that all cells agree on, or -1.
 * Of an all-or-nothing batch it is 0 or @nr.
 */
static int agreed(const struct votes *votes, uint32_t least, uint32_t nr,
		  bool all_or_nothing)
{
	int cells = 0;

	for (uint32_t i = 0; i <= nr; i++) {
		cells += votes->change[i];
		if (cells == KILL_CELLS && i >= least &&
		    (!all_or_nothing || !i || i == nr))
			return i;
	}
	return -1;
}

static void tell(const struct kill_slot *slot, unsigned int child,
		 const struct votes *votes, uint32_t nr)
{
	int cells = 0, most = 0;
	uint32_t at = 0;

	for (uint32_t i = 0; i <= nr; i++) {
		cells += votes->change[i];
		if (cells > most) {
			most = cells;
			at = i;
		}
	}
	fprintf(stderr,
		"shardmap-stress: child %u: after %u of %u operations%s %d of %d "
		"cells are as they must be, and never more\n",
		child, at, nr, slot->all_or_nothing ? ", all or nothing," : "",
		most, KILL_CELLS);
}

static int check_child(struct kill_test *test, unsigned int child,
		       const uint64_t *seen)
{
	struct kill_slot *slot = &test->slots[child];
	enum kill_phase phase = atomic_load(&slot->phase);
	uint32_t nr = phase == KILL_IDLE ? 0 : slot->nr_ops;
	bool all_or_nothing = phase == KILL_BEGUN && slot->all_or_nothing;
	struct votes *votes = calloc(1, sizeof(*votes));
	int done;

	if (!votes)
		return -ENOMEM;
	count_votes(votes, slot, seen, nr);
	done = agreed(votes, phase == KILL_ENDED ? nr : 0, nr, all_or_nothing);
	if (done < 0) {
		test->totals.not_prefix++;
		tell(slot, child, votes, nr);
	}
	test->totals.begun += phase == KILL_BEGUN;
	test->totals.atomic_begun += all_or_nothing;
	test->totals.cut += phase == KILL_BEGUN && done > 0 &&
			    (uint32_t)done < nr;
	free(votes);
	/* Go on from what is there, good or bad. */
	memcpy(slot->state, seen, sizeof(slot->state));
	atomic_store(&slot->phase, KILL_IDLE);
	return 0;
}

int kill_check(struct kill_test *test)
{
	struct seen *seen = calloc(1, sizeof(*seen));
	int err = seen ? look(test, seen) : -ENOMEM;

	for (unsigned int child = 0; child < test->config.children && !err;
	     child++)
		err = check_child(test, child, seen->state[child]);
	free(seen);
	test->totals.checks++;
	return err;
}
