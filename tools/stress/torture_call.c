// SPDX-License-Identifier: GPL-2.0-only
/* Calls on the table: alone, in batches, and passes of scans. */
#include <errno.h>
#include <string.h>

#include "torture.h"

#define SCAN_BYTES 4096

static bool has_condition(const struct torture_call *call)
{
	return call->flags & (SHARDMAP_IF_VERSION | SHARDMAP_IF_VALUE);
}

static bool fetches(const struct torture_call *call)
{
	return call->opcode == SHARDMAP_OP_GET ||
	       call->opcode == SHARDMAP_OP_TAKE ||
	       call->opcode == SHARDMAP_OP_GET_OR_PUT ||
	       call->flags & SHARDMAP_SWAP;
}

static struct shardmap_op make_op(struct torture_worker *w,
				  struct torture_call *call)
{
	const struct config *config = &w->config->load;
	struct shardmap_op op = {
		.flags = call->flags,
		.key = (uintptr_t)&call->key,
		.key_len = sizeof(call->key),
		.ttl = call->ttl,
	};

	if (call->mine) {
		op.value = (uintptr_t)call->value;
		op.value_len =
			value_build(config, call->key, call->mine, call->value);
	}
	if (fetches(call)) {
		op.out = (uintptr_t)call->room;
		op.out_len = config->value_max;
	}
	if (call->flags & SHARDMAP_IF_VERSION)
		op.version = call->version;
	if (call->flags & SHARDMAP_IF_VALUE) {
		op.expected = (uintptr_t)call->expect;
		op.expected_len = value_build(config, call->key, call->expected,
					      call->expect);
	}
	return op;
}

static bool parse(struct torture_worker *w, uint64_t key,
		  const unsigned char *value, unsigned int len,
		  uint64_t *element, struct torture_totals *totals)
{
	enum value_fault fault = VALUE_TORN;

	if (len <= w->config->load.value_max)
		fault = value_check(&w->config->load, key, value, len,
				    w->scratch, element);
	totals->torn += fault == VALUE_TORN;
	totals->wrong_key += fault == VALUE_WRONG_KEY;
	return fault == VALUE_OK;
}

/* The element that was found, or taken out */
static void learn(struct torture_worker *w, struct torture_call *call,
		  struct torture_totals *totals)
{
	call->found = 0;
	if (call->status || call->inserted)
		return;
	if (fetches(call)) {
		if (!parse(w, call->key, call->out, call->out_len, &call->found,
			   totals))
			call->found = 0;
	} else if (has_condition(call)) {
		call->found = call->expected;
	}
}

static void count(struct torture_call *call, struct torture_totals *totals)
{
	bool found =
		call->opcode == SHARDMAP_OP_GET ||
		(call->opcode == SHARDMAP_OP_GET_OR_PUT && !call->inserted);

	if (call->status || found)
		return;
	totals->stored += call->mine != 0;
	totals->left += !call->inserted;
}

/* Is it one of the errnos that the operation may fail with? */
static bool is_expected(const struct torture_call *call)
{
	unsigned int flags = call->flags;

	switch (call->status) {
	case 0:
		return call->inserted ? !(flags & SHARDMAP_EXIST) :
					!(flags & SHARDMAP_NOEXIST);
	case -ENOENT:
		return call->opcode != SHARDMAP_OP_GET_OR_PUT &&
		       (call->opcode != SHARDMAP_OP_PUT ||
			flags & SHARDMAP_EXIST);
	case -EEXIST:
		return flags & SHARDMAP_NOEXIST;
	case -ESTALE:
		return has_condition(call);
	case -ENOMEM:
	case -ENOSPC:
	case -ECANCELED:
		return true;
	}
	return false;
}

/* Results are in @call; what they tell is noted, and held against what is known. */
static void finish(struct torture_worker *w, struct torture_call *call,
		   struct torture_totals *totals)
{
	totals->ops++;
	totals->failed += call->status == -ENOMEM || call->status == -ENOSPC;
	totals->wrong_status += !is_expected(call);
	learn(w, call, totals);
	count(call, totals);
	torture_age_end(w->age, call, totals);
}

void torture_call_one(struct torture_worker *w, struct torture_call *call,
		      struct torture_totals *totals)
{
	struct shardmap_op op;

	if (!torture_age_begin(w->age, call))
		return;
	op = make_op(w, call);
	call->status = shardmap_execute(w->worker->table, call->opcode, &op);
	call->inserted = op.flags & SHARDMAP_INSERTED;
	call->found_version = op.version;
	call->out = call->room;
	call->out_len = op.out_len;
	finish(w, call, totals);
}

static void take_result(struct torture_worker *w, struct torture_call *call,
			unsigned int index)
{
	const struct shardmap_batch_op *result =
		shardmap_batch_result(w->batch, index);

	call->status = result->status;
	call->inserted = result->flags & SHARDMAP_INSERTED;
	call->found_version = result->version;
	call->out_len = result->out_len;
	if (fetches(call))
		call->out = shardmap_batch_value(w->batch, index);
}

static int run_batch(struct torture_worker *w, bool atomic)
{
	int table = w->worker->table, err;

	if (!atomic)
		return shardmap_batch_run(table, w->batch);
	err = shardmap_batch_run_atomic(table, w->batch);
	return err == -ECANCELED ? 0 : err;
}

/* Those that were not carried out have failed for the same reason. */
static void take_results(struct torture_worker *w, struct torture_call **begun,
			 unsigned int nr, int err)
{
	unsigned int done = err ? shardmap_batch_done(w->batch) : nr;

	for (unsigned int i = 0; i < nr; i++) {
		if (i < done)
			take_result(w, begun[i], i);
		else
			begun[i]->status = err;
	}
}

/*
 * The first @nr of the worker's calls as a batch.  Each is one of its own, so that all
 * begin when the batch begins, and end when it ends.
 */
int torture_call_batch(struct torture_worker *w, unsigned int nr, bool atomic,
		       struct torture_totals *totals)
{
	struct torture_call *begun[TORTURE_BATCH];
	unsigned int added = 0;
	int err = 0;

	shardmap_batch_reset(w->batch);
	for (unsigned int i = 0; i < nr && err >= 0; i++) {
		struct shardmap_op op;

		if (!torture_age_begin(w->age, &w->calls[i]))
			continue;
		op = make_op(w, &w->calls[i]);
		begun[added++] = &w->calls[i];
		err = shardmap_batch_op(w->batch, w->calls[i].opcode, &op);
	}
	if (err >= 0)
		err = added ? run_batch(w, atomic) : 0;
	take_results(w, begun, added, err);
	totals->batches++;
	for (unsigned int i = 0; i < added; i++)
		finish(w, begun[i], totals);
	return err == -ENOMEM ? 0 : err;
}

static void look_at(struct torture_worker *w, struct torture_call *call,
		    const struct shardmap_record *record,
		    struct torture_totals *totals)
{
	uint64_t element;

	if (record->key_len == sizeof(call->key))
		memcpy(&call->key, shardmap_record_key(record),
		       sizeof(call->key));
	if (record->key_len != sizeof(call->key) ||
	    call->key >= w->config->load.keys) {
		totals->unexpected++;
		return;
	}
	totals->repeated += w->seen[call->key];
	w->seen[call->key] = true;
	if (parse(w, call->key, shardmap_record_value(record),
		  record->value_len, &element, totals))
		torture_age_found(w->age, call, element, totals);
}

static int scan_step(struct torture_worker *w, struct shardmap_scan *scan,
		     struct torture_totals *totals)
{
	uint64_t buffer[SCAN_BYTES / sizeof(uint64_t)];
	struct torture_call call = { .opcode = SHARDMAP_OP_GET };
	uint32_t offset = 0;
	int err;

	scan->buf = (uintptr_t)buffer;
	scan->buf_len = sizeof(buffer);
	torture_age_now(w->age, &call);
	err = shardmap_scan(w->worker->table, scan);
	if (err)
		return err;
	while (offset < scan->used) {
		const void *record = (const char *)buffer + offset;

		look_at(w, &call, record, totals);
		offset += ((const struct shardmap_record *)record)->record_len;
	}
	return 0;
}

int64_t torture_call_scan(struct torture_worker *w,
			  struct torture_totals *totals)
{
	struct shardmap_scan scan = {};
	int64_t records = 0;
	int err = 0;

	memset(w->seen, 0, w->config->load.keys * sizeof(*w->seen));
	while (!err && !scan.done) {
		err = scan_step(w, &scan, totals);
		records += scan.records;
	}
	totals->passes++;
	return err ? err : records;
}
