// SPDX-License-Identifier: GPL-2.0-only
/* The table when all threads have ended: its contents, then its memory. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "memory.h"
#include "torture.h"

/* A look at each key; returns how many are there. */
static uint64_t look_up_all(struct torture_worker *w,
			    struct torture_totals *totals)
{
	uint64_t present = 0;

	for (uint64_t key = 0; key < w->config->load.keys; key++) {
		struct torture_call *call = &w->calls[0];

		*call = (struct torture_call){ .opcode = SHARDMAP_OP_GET,
					       .key = key };
		torture_call_one(w, call, totals);
		present += !call->status;
	}
	return present;
}

/* What is over is there until its memory is taken back. */
static int wait_for_ends(const struct torture_worker *w,
			 struct shardmap_info *info, uint64_t present)
{
	uint64_t deadline = now_ns() + MEMORY_BACK_NS;
	int err;

	do
		err = shardmap_info(w->worker->table, info);
	while (!err && w->config->ttl && info->entries != present &&
	       now_ns() < deadline && !usleep(1000));
	return err;
}

static int check_contents(struct torture_worker *w,
			  struct torture_totals *totals)
{
	struct shardmap_info info;
	uint64_t present;
	int64_t records, surplus;
	int err;

	/* Nothing may end while it is counted. */
	usleep(w->config->ttl / 1000 + 1);
	present = look_up_all(w, totals);
	records = torture_call_scan(w, totals);
	err = records < 0 ? (int)records : wait_for_ends(w, &info, present);
	if (err)
		return err;
	totals->count_mismatch += (uint64_t)records != present;
	totals->count_mismatch += info.entries != present;
	totals->resizes = info.resizes;
	totals->evicted = info.evicted;
	totals->expired = info.expired;
	surplus = present - (totals->stored - totals->left - totals->cleared -
			     info.evicted - info.expired);
	totals->lost = llabs(surplus);
	return 0;
}

/*
 * The table has to grow once more: lines that a shard keeps for chains that it may need
 * are freed when a resize ends.
 */
static int check_memory(struct torture_worker *w, uint64_t index_bytes,
			struct torture_totals *totals)
{
	int table = w->worker->table, err = shardmap_reserve(table, 0);
	uint64_t value = 0;

	for (uint64_t key = 0; key < w->config->load.keys && !err; key++)
		err = shardmap_put(table, &key, sizeof(key), &value,
				   sizeof(value), 0);
	if (!err || err == -ENOSPC || err == -EDQUOT)
		err = shardmap_clear(table, NULL);
	return err ? err :
		     memory_wait_empty(table, index_bytes, &totals->left_over);
}

int torture_final(struct worker *worker, uint64_t index_bytes,
		  struct torture_totals *totals)
{
	struct torture_worker *w = calloc(1, sizeof(*w));
	int err = w ? torture_worker_init(w, worker) : -ENOMEM;

	if (!err)
		err = check_contents(w, totals);
	if (!err)
		err = check_memory(w, index_bytes, totals);
	if (w)
		torture_worker_free(w);
	free(w);
	return err;
}
