// SPDX-License-Identifier: GPL-2.0-only
/* What a thread does: which calls, on which keys, and now and then the whole table. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "torture.h"

/* Every other call is on one of these. */
#define HOT_KEYS 16

/* More is stored than removed for so long, then more is removed. */
#define WAVE_SHIFT 27 /* 134 ms */

#define PLANT_STEPS 64

static struct torture *torture_of(const struct worker *worker)
{
	return worker->shared->arg;
}

static uint64_t pick_key(struct torture_worker *w)
{
	uint64_t keys = w->config->load.keys;

	if (keys > HOT_KEYS && random_below(&w->worker->random, 2))
		keys = HOT_KEYS;
	return random_below(&w->worker->random, keys);
}

static bool is_falling(void)
{
	return now_ns() >> WAVE_SHIFT & 1;
}

static void plan_store(struct torture_worker *w, struct torture_call *call)
{
	static const unsigned int flags[] = {
		SHARDMAP_SWAP,	  SHARDMAP_SWAP, SHARDMAP_SWAP, 0,
		SHARDMAP_NOEXIST, SHARDMAP_EXIST
	};
	uint64_t *random = &w->worker->random;

	call->opcode = SHARDMAP_OP_PUT;
	if (!random_below(random, 4))
		call->opcode = SHARDMAP_OP_GET_OR_PUT;
	else
		call->flags = flags[random_below(random, ARRAY_SIZE(flags))];
	if (w->config->ttl && !random_below(random, 4))
		call->ttl = 1 + random_below(random, w->config->ttl);
}

static void plan(struct torture_worker *w, struct torture_call *call)
{
	uint64_t *random = &w->worker->random;

	*call = (struct torture_call){ .key = pick_key(w) };
	switch (random_below(random, 8)) {
	case 0 ... 3:
		call->opcode = SHARDMAP_OP_GET;
		return;
	case 4:
		call->opcode = random_below(random, 4) ? SHARDMAP_OP_TAKE :
							 SHARDMAP_OP_DELETE;
		return;
	case 5:
		if (is_falling()) {
			call->opcode = SHARDMAP_OP_TAKE;
			return;
		}
		break;
	}
	plan_store(w, call);
}

/* A look at a key, then a change if it is the same still */
static void compare(struct torture_worker *w, struct torture_totals *totals)
{
	uint64_t *random = &w->worker->random;
	struct torture_call *look = &w->calls[0], *change = &w->calls[1];

	*look = (struct torture_call){ .opcode = SHARDMAP_OP_GET,
				       .key = pick_key(w) };
	torture_call_one(w, look, totals);
	if (!look->found)
		return;
	*change = (struct torture_call){
		.opcode = random_below(random, 3) ? SHARDMAP_OP_CAS :
						    SHARDMAP_OP_DELETE,
		.flags = random_below(random, 2) ? SHARDMAP_IF_VERSION :
						   SHARDMAP_IF_VALUE,
		.key = look->key,
		.expected = look->found,
		.version = look->found_version,
	};
	torture_call_one(w, change, totals);
}

/* Gets alone, or all kinds; or keys next to each other, all of them or none. */
static int batch(struct torture_worker *w, struct torture_totals *totals)
{
	uint64_t *random = &w->worker->random;
	unsigned int kind = random_below(random, 3);
	uint64_t keys = w->config->load.keys;

	for (unsigned int i = 0; i < TORTURE_BATCH; i++) {
		plan(w, &w->calls[i]);
		if (kind == 0)
			w->calls[i] = (struct torture_call){
				.opcode = SHARDMAP_OP_GET,
				.key = w->calls[i].key,
			};
		if (kind == 1)
			w->calls[i].key = (w->calls[0].key + i) % keys;
	}
	return torture_call_batch(w,
				  keys < TORTURE_BATCH ? keys : TORTURE_BATCH,
				  kind == 1, totals);
}

static int clear(struct torture_worker *w, struct torture_totals *totals)
{
	uint64_t removed = 0;
	int err;

	torture_age_clear_begin(w->age, w->config->load.keys, w->all_before);
	err = shardmap_clear(w->worker->table, &removed);
	torture_age_clear_end(w->age, w->config->load.keys, w->all_before,
			      !err);
	totals->cleared += removed;
	totals->clears++;
	return err;
}

/* The first thread does this now and then. */
static int upheave(struct torture_worker *w, struct torture_totals *totals)
{
	uint64_t *random = &w->worker->random;
	int table = w->worker->table;

	switch (random_below(random, 8)) {
	case 0:
		return clear(w, totals);
	case 1:
		return shardmap_reserve(table, w->config->load.keys);
	case 2:
		return shardmap_reserve(table, 0);
	}
	return 0;
}

/* What no writer knows of: a damaged value, an old one again, or nothing. */
static void plant_fault(struct torture_worker *w)
{
	int table = w->worker->table;
	struct torture_call *call = &w->planted;
	size_t len = sizeof(call->room);
	uint64_t key = pick_key(w), version;

	switch (w->config->plant) {
	case TORTURE_PLANT_LOST:
		shardmap_delete(table, &key, sizeof(key));
		return;
	case TORTURE_PLANT_STALE:
		/* The one of last time, which is gone by now, or will be. */
		if (call->out_len)
			shardmap_put(table, &call->key, sizeof(call->key),
				     call->room, call->out_len, 0);
		call->out_len = 0;
		break;
	default:
		break;
	}
	if (shardmap_get(table, &key, sizeof(key), call->room, &len, &version))
		return;
	call->key = key;
	call->out_len = len;
	if (w->config->plant != TORTURE_PLANT_TORN)
		return;
	call->room[len - 1] ^= 1;
	shardmap_put(table, &key, sizeof(key), call->room, len, 0);
}

static int step(struct torture_worker *w, struct torture_totals *totals)
{
	bool first = !w->worker->index;
	int64_t records;

	if (first && w->config->plant && w->steps % PLANT_STEPS == 0)
		plant_fault(w);
	switch (random_below(&w->worker->random, 256)) {
	case 0:
		records = torture_call_scan(w, totals);
		return records < 0 ? records : 0;
	case 1:
		return first ? upheave(w, totals) : 0;
	case 2 ... 40:
		compare(w, totals);
		return 0;
	case 41 ... 60:
		return batch(w, totals);
	default:
		plan(w, &w->calls[0]);
		torture_call_one(w, &w->calls[0], totals);
		return 0;
	}
}

int torture_worker_init(struct torture_worker *w, struct worker *worker)
{
	struct torture *torture = torture_of(worker);
	uint64_t keys = torture->config.load.keys;

	w->worker = worker;
	w->config = &torture->config;
	w->age = torture->age;
	worker->random =
		mix64(torture->config.load.seed ^ mix64(worker->index + 1));
	w->batch = shardmap_batch_new(TORTURE_BATCH);
	w->seen = calloc(keys, sizeof(*w->seen));
	w->all_before = calloc(keys * TORTURE_SLOTS, sizeof(*w->all_before));
	return w->batch && w->seen && w->all_before ? 0 : -ENOMEM;
}

void torture_worker_free(struct torture_worker *w)
{
	shardmap_batch_free(w->batch);
	free(w->seen);
	free(w->all_before);
}

static int begin(struct worker *worker)
{
	return torture_worker_init(&torture_of(worker)->workers[worker->index],
				   worker);
}

static void load(struct worker *worker)
{
	struct torture *torture = torture_of(worker);
	struct torture_worker *w = &torture->workers[worker->index];
	struct torture_totals *totals = &torture->totals[worker->index];
	int err = 0;

	while (!err && !totals->wrong_status &&
	       !atomic_load_explicit(&worker->shared->stop,
				     memory_order_relaxed) &&
	       (!worker->limit || totals->ops < worker->limit)) {
		err = step(w, totals);
		/* With faults, or few bytes, any call may fail for that. */
		if (err == -ENOMEM || err == -EDQUOT)
			err = 0;
		w->steps++;
		atomic_store_explicit(&worker->progress, totals->ops,
				      memory_order_relaxed);
	}
	worker->error = err;
}

static void end(struct worker *worker)
{
	torture_worker_free(&torture_of(worker)->workers[worker->index]);
}

const struct role torture_role = { begin, load, end };
