// SPDX-License-Identifier: GPL-2.0-only
/*
 * Checks of single operations, see the top of stress.h.
 *
 * verify_begin() of all operations of a batch runs before the batch, and
 * verify_end() after it, in order.  The worker has a full fence on either side
 * of the batch, which pairs with those of the other workers: who sees a value
 * sees the @begun that was stored before it, and who sees a @done finds at
 * least that value in the table.
 */
#include <errno.h>
#include <string.h>

#include "stress.h"

static uint64_t load(const _Atomic uint64_t *p)
{
	return atomic_load_explicit(p, memory_order_acquire);
}

static void store(_Atomic uint64_t *p, uint64_t value)
{
	atomic_store_explicit(p, value, memory_order_release);
}

void verify_begin(struct worker *worker, struct op *op)
{
	struct key_state *state;

	if (op->counter)
		return;
	state = key_state(worker->shared, op->id);
	if (op->opcode == SHARDMAP_OP_GET) {
		op->before = load(&state->done);
		return;
	}
	op->seq = load(&state->begun) + 1;
	if (op->opcode == SHARDMAP_OP_DELETE)
		store(&state->deleted, op->seq);
	else
		op->value_len =
			value_build(worker->config, op->id, op->seq, op->value);
	store(&state->begun, op->seq);
}

/* Counts a fault in the value found; sets @seq if there is none. */
static bool value_is_good(struct worker *worker, const struct op *op,
			  uint64_t *seq)
{
	enum value_fault fault = VALUE_TORN;

	if (op->found_len <= worker->config->value_max)
		fault = value_check(worker->config, op->id, op->found,
				    op->found_len, worker->scratch, seq);
	worker->verdict.torn += fault == VALUE_TORN;
	worker->verdict.wrong_key += fault == VALUE_WRONG_KEY;
	return fault == VALUE_OK;
}

/* The owner knows which value there is, and its version. */
static void check_own(struct worker *worker, const struct op *op)
{
	const struct key_state *state = key_state(worker->shared, op->id);
	struct verdict *verdict = &worker->verdict;
	uint64_t done = load(&state->done), seq;

	if (op->status == -ENOENT) {
		verdict->missing += done & 1;
		return;
	}
	if (!value_is_good(worker, op, &seq))
		return;
	if (!(done & 1) || seq > done >> 1)
		verdict->unexpected++;
	else if (seq < done >> 1)
		verdict->stale++;
	else
		verdict->version += op->version != state->version;
}

/* Others can tell a range: from what was done before to what has begun since. */
static void check_foreign(struct worker *worker, const struct op *op)
{
	const struct key_state *state = key_state(worker->shared, op->id);
	struct verdict *verdict = &worker->verdict;
	uint64_t begun = load(&state->begun), deleted = load(&state->deleted);
	uint64_t done = op->before >> 1, seq;
	bool present = op->before & 1;

	if (op->status == -ENOENT) {
		verdict->missing += present && deleted <= done;
		return;
	}
	if (!value_is_good(worker, op, &seq))
		return;
	if (seq > begun || (seq <= done && !present))
		verdict->unexpected++;
	else if (seq < done)
		verdict->stale++;
}

/* @value: of a counter, as this operation left or found it */
static void check_counter(struct worker *worker, const struct op *op,
			  uint64_t value)
{
	struct counter_share *share =
		counter_share(worker->shared, worker->index, op->id);
	uint64_t sum = value - COUNTER_INITIAL;

	worker->verdict.stale += sum < share->least;
	share->least = sum;
}

static void end_counter_get(struct worker *worker, const struct op *op)
{
	struct counter_share *share =
		counter_share(worker->shared, worker->index, op->id);
	uint64_t value;

	if (op->status == -ENOENT) {
		worker->verdict.missing += share->least != 0;
	} else if (op->found_len != sizeof(value)) {
		worker->verdict.torn++;
	} else {
		memcpy(&value, op->found, sizeof(value));
		check_counter(worker, op, value);
	}
}

static void end_add(struct worker *worker, const struct op *op)
{
	struct counter_share *share =
		counter_share(worker->shared, worker->index, op->id);

	check_counter(worker, op, op->old);
	share->least += op->delta;
	store(&share->sum, load(&share->sum) + op->delta);
	store(&share->adds, load(&share->adds) + 1);
}

/* A put, or a get-or-put that found nothing, has stored @op's value. */
static void end_store(struct worker *worker, const struct op *op)
{
	struct key_state *state = key_state(worker->shared, op->id);
	struct verdict *verdict = &worker->verdict;
	bool present = load(&state->done) & 1;

	if (op->inserted && present)
		verdict->missing++;
	if ((!op->inserted && !present) ||
	    (present && (op->flags & SHARDMAP_NOEXIST)) ||
	    (!present && (op->flags & SHARDMAP_EXIST)))
		verdict->unexpected++;
	verdict->version += !op->version || op->version == state->version;
	state->version = op->version;
	store(&state->done, op->seq << 1 | 1);
}

static void end_delete(struct worker *worker, const struct op *op)
{
	struct key_state *state = key_state(worker->shared, op->id);

	worker->verdict.unexpected += !(load(&state->done) & 1);
	store(&state->done, op->seq << 1);
}

/* A write that failed, as it should or for want of memory. */
static void end_failed_write(struct worker *worker, const struct op *op)
{
	const struct key_state *state = key_state(worker->shared, op->id);
	bool present = load(&state->done) & 1;

	if (op->status == -ENOENT)
		worker->verdict.missing += present;
	else if (op->status == -EEXIST)
		worker->verdict.unexpected += !present;
}

/*
 * A number that was not used has not been visible, so it can be taken back, unless a
 * later write of this batch counts from it.
 */
static void take_back(struct worker *worker, const struct op *op)
{
	struct key_state *state = key_state(worker->shared, op->id);
	uint64_t done = load(&state->done) >> 1;

	if (done != op->seq && load(&state->begun) == op->seq)
		store(&state->begun, done);
}

static void end_write(struct worker *worker, const struct op *op)
{
	if (op->status)
		end_failed_write(worker, op);
	else if (op->opcode == SHARDMAP_OP_DELETE)
		end_delete(worker, op);
	else if (op->opcode == SHARDMAP_OP_GET_OR_PUT && !op->inserted)
		check_own(worker, op);
	else
		end_store(worker, op);
	take_back(worker, op);
}

void verify_end(struct worker *worker, struct op *op)
{
	bool is_get = op->opcode == SHARDMAP_OP_GET;

	if (op->status && !(is_get && op->status == -ENOENT)) {
		if (!op->counter && !is_get)
			end_write(worker, op);
		return;
	}
	worker->verdict.checked++;
	if (op->counter && is_get)
		end_counter_get(worker, op);
	else if (op->counter)
		end_add(worker, op);
	else if (!is_get)
		end_write(worker, op);
	else if (op->own)
		check_own(worker, op);
	else
		check_foreign(worker, op);
}

/*
 * EFAULT leaves open whether an operation was carried out: perhaps only its results
 * found no way back.  Nobody else writes a worker's keys and, with --faults, its
 * counters, so a lookup tells.
 */
static bool is_untold(const struct op *op)
{
	return op->status == -EFAULT && op->opcode != SHARDMAP_OP_GET;
}

/* Lookups fail, too. */
static void look_up(struct worker *worker, const struct op *op, struct op *seen)
{
	*seen = *op;
	seen->opcode = SHARDMAP_OP_GET;
	seen->flags = 0;
	do
		backend_execute_one(worker, seen);
	while (seen->status == -EFAULT || seen->status == -ENOMEM);
}

/* What is in a counter besides what its owner knows to be there */
static uint64_t counter_excess(struct worker *worker, const struct op *seen)
{
	const struct counter_share *share =
		counter_share(worker->shared, worker->index, seen->id);
	uint64_t value = COUNTER_INITIAL;

	if (!seen->status)
		memcpy(&value, seen->found, sizeof(value));
	return value - COUNTER_INITIAL - load(&share->sum);
}

/* Each operation of a batch adds another power of two. */
static void settle_add(struct worker *worker, const struct op *op,
		       const struct op *seen)
{
	struct counter_share *share =
		counter_share(worker->shared, worker->index, op->id);

	if (!(counter_excess(worker, seen) & op->delta))
		return;
	share->least += op->delta;
	store(&share->sum, load(&share->sum) + op->delta);
	store(&share->adds, load(&share->adds) + 1);
}

static void settle_write(struct worker *worker, const struct op *op,
			 const struct op *seen)
{
	struct key_state *state = key_state(worker->shared, op->id);
	uint64_t seq;

	if (op->opcode == SHARDMAP_OP_DELETE) {
		if (seen->status == -ENOENT && load(&state->done) & 1)
			store(&state->done, op->seq << 1);
	} else if (!seen->status && value_is_good(worker, seen, &seq) &&
		   seq == op->seq) {
		worker->verdict.version += seen->version == state->version;
		state->version = seen->version;
		store(&state->done, op->seq << 1 | 1);
	}
	take_back(worker, op);
}

/* Then all is as it was, or as one of the operations has left it. */
static void check_settled(struct worker *worker, const struct op *seen)
{
	struct verdict *verdict = &worker->verdict;
	const struct counter_share *share;

	verdict->checked++;
	if (seen->status && seen->status != -ENOENT) {
		worker->error = seen->status;
		worker->error_opcode = seen->opcode;
	} else if (!seen->counter) {
		check_own(worker, seen);
	} else {
		share = counter_share(worker->shared, worker->index, seen->id);
		verdict->sum_mismatch += counter_excess(worker, seen) != 0;
		verdict->missing += seen->status && load(&share->adds);
	}
}

void verify_untold(struct worker *worker, struct op *ops, unsigned int nr)
{
	struct op seen;

	for (unsigned int i = 0; i < nr; i++) {
		if (!is_untold(&ops[i]))
			continue;
		look_up(worker, &ops[i], &seen);
		if (ops[i].counter)
			settle_add(worker, &ops[i], &seen);
		else
			settle_write(worker, &ops[i], &seen);
	}
	for (unsigned int i = 0; i < nr; i++) {
		if (!is_untold(&ops[i]))
			continue;
		look_up(worker, &ops[i], &seen);
		check_settled(worker, &seen);
	}
}

/*
 * Damages the first key on purpose, to show that verification finds it.  Its
 * owner does not write it again.
 */
void plant(struct worker *worker)
{
	struct op *op = worker->ops;

	workload_put(worker, op, 0);
	verify_begin(worker, op);
	op->status = 0;
	if (worker->config->plant == PLANT_TORN) {
		op->value[op->value_len - 1] ^= 1;
		backend_execute(worker, op, 1);
	}
	store(&key_state(worker->shared, op->id)->done, op->seq << 1 | 1);
}
