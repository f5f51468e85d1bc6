// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keys that come and go, all of a slice and then none, so that the table grows and
 * shrinks around the keys that are watched.
 */
#include <errno.h>
#include <stdlib.h>

#include "lin.h"

#define BATCH 32

struct lin_churner {
	struct shardmap_batch_buffer *batch;
	int table;
	uint64_t first;
	uint64_t keys;
	uint64_t at;
	bool falling;
	bool lenient;
};

struct lin_churner *lin_churner_new(int table, uint64_t first, uint64_t keys,
				    bool lenient)
{
	struct lin_churner *churner = calloc(1, sizeof(*churner));

	if (!churner)
		return NULL;
	churner->table = table;
	churner->first = first;
	churner->keys = keys;
	churner->lenient = lenient;
	churner->batch = shardmap_batch_new(BATCH);
	if (!churner->batch) {
		free(churner);
		return NULL;
	}
	return churner;
}

void lin_churner_free(struct lin_churner *churner)
{
	if (!churner)
		return;
	shardmap_batch_free(churner->batch);
	free(churner);
}

static int add_next(struct lin_churner *churner)
{
	uint64_t key = churner->first + churner->at;
	int ret;

	ret = churner->falling ?
		      shardmap_batch_delete(churner->batch, &key, sizeof(key)) :
		      shardmap_batch_put(churner->batch, &key, sizeof(key),
					 &key, sizeof(key), 0);
	if (++churner->at == churner->keys) {
		churner->at = 0;
		churner->falling = !churner->falling;
	}
	return ret;
}

/* What was not inserted for want of memory cannot be deleted. */
static int judge(const struct lin_churner *churner, int ret)
{
	return churner->lenient && (ret == -ENOMEM || ret == -ENOENT) ? 0 : ret;
}

int lin_churn(struct lin_churner *churner)
{
	int ret;

	shardmap_batch_reset(churner->batch);
	for (unsigned int i = 0; i < BATCH; i++) {
		ret = add_next(churner);
		if (ret < 0)
			return ret;
	}
	ret = shardmap_batch_run(churner->table, churner->batch);
	for (unsigned int i = 0; !ret && i < BATCH; i++)
		ret = judge(churner,
			    shardmap_batch_result(churner->batch, i)->status);
	ret = judge(churner, ret);
	return ret ? ret : BATCH;
}
