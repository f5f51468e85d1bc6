// SPDX-License-Identifier: GPL-2.0-only
/* Operations on the whole table that know keys: find, next, drain, reserve. */
#include <stdlib.h>
#include <string.h>

#include <linux/sched/signal.h>

#include "core/internal.h"

#include "model.h"

#define DRAIN_MAX 64U

/* Also from an NMI, where another function reads the clock. */
void do_find(struct model *m, const struct op *op)
{
	const struct okey *k = &m->keys[op->key];
	bool inlined = m->config->params.flags & SHARDMAP_INLINE;
	int err, wanted = k->present ? 0 : -ENOENT;
	struct shardmap_view view;
	void *copy;

	host_in_nmi = op->seed % 2;
	rcu_read_lock();
	err = shardmap_find_rcu(m->map, k->name, k->name_len, &view);
	if (err != (inlined ? -EOPNOTSUPP : wanted))
		model_wrong(m, "find returned %d", err);
	if (!err) {
		copy = malloc(view.value_len);
		shardmap_view_value(&view, copy);
		if (view.key_len != k->name_len ||
		    memcmp(view.key, k->name, k->name_len) ||
		    view.value_len != k->len ||
		    !value_is(copy, k->len, k->seed) ||
		    view.version != k->version || view.expires != k->expires)
			model_wrong(m, "find shows a wrong entry");
		free(copy);
	}
	if (!inlined &&
	    (shardmap_find_rcu(m->map, k->name, 0, &view) != -EINVAL ||
	     shardmap_find_rcu(m->map, k->name, key_limit(m) + 1, &view) !=
		     -EMSGSIZE))
		model_wrong(m, "find takes a bad length");
	rcu_read_unlock();
	get_matches(m, k);
	host_in_nmi = false;
}

static bool is_before(const struct model *m, const struct okey *a,
		      const struct okey *b)
{
	u64 x = sm_hash(m->map, a->name, a->name_len);
	u64 y = sm_hash(m->map, b->name, b->name_len);

	if (x != y)
		return x < y;
	return sm_siphash13(a->name, a->name_len, &m->map->secret.tie) <
	       sm_siphash13(b->name, b->name_len, &m->map->secret.tie);
}

/* The key that comes behind @k, or first of all. */
static struct okey *next_key(const struct model *m, const struct okey *k)
{
	struct okey *next = NULL;
	unsigned int i;

	for (i = 0; i < m->config->nr_keys; i++) {
		struct okey *other = &m->keys[i];

		if (!other->present || (k && !is_before(m, k, other)))
			continue;
		if (!next || is_before(m, other, next))
			next = other;
	}
	return next;
}

/**
 * struct one - the first entry that a scan shows
 * @m: the run
 * @k: its key, NULL if none was shown
 * @version: its version
 */
struct one {
	struct model *m;
	struct okey *k;
	u64 version;
};

static int show_one(const struct shardmap_view *view, void *arg)
{
	struct one *one = arg;

	if (one->k)
		return -EINTR;
	one->k = oracle_find(one->m, view->key, view->key_len);
	one->version = view->version;
	return one->k ? 0 : -EINTR;
}

static struct one scan_one(struct model *m, struct shardmap_position *pos)
{
	struct one one = { .m = m };

	while (!one.k && !shardmap_scan(m->map, pos, show_one, &one))
		;
	return one;
}

/* Where does a scan go on behind a key, whether that is there or not? */
void do_next(struct model *m, const struct op *op)
{
	const struct okey *k = &m->keys[op->key];
	struct shardmap_position pos;

	shardmap_position_after(m->map, k->name, k->name_len, &pos);
	if (scan_one(m, &pos).k != next_key(m, k))
		model_wrong(m, "a scan behind key %u shows another", op->key);
}

/* Take keys out in their order, each as it was shown. */
void do_drain(struct model *m, const struct op *op)
{
	struct shardmap_position pos = {};
	unsigned int i;

	for (i = 0; i < DRAIN_MAX && !m->wrong[0]; i++) {
		struct okey *first = next_key(m, NULL);
		struct one one = scan_one(m, &pos);
		struct shardmap_request req = {
			.verb = SHARDMAP_DO_DELETE,
			.flags = SHARDMAP_REQ_IF_VERSION,
			.version = one.version,
		};

		if (one.k != first)
			model_wrong(m, "drain: not the first key");
		if (!one.k || m->wrong[0])
			return;
		req.key = one.k->name;
		req.key_len = one.k->name_len;
		if (shardmap_execute(m->map, &req, GFP_KERNEL))
			model_wrong(m, "drain: delete returned %d", req.err);
		else
			oracle_remove(m, one.k);
		shardmap_position_after(m->map, req.key, req.key_len, &pos);
	}
}

/* Does the index alone take more than all of the quota? */
static bool is_beyond_quota(const struct model *m, u64 entries)
{
	unsigned int bits = entries ? sm_array_bits(m->map, entries) : 0;

	return m->quota &&
	       (u64)sm_array_bytes(m->map, bits) * m->config->params.nr_shards >
		       m->config->quota;
}

int do_reserve(struct model *m, const struct op *op)
{
	u64 entries = op->seed % 3 ? op->seed % (2 * m->config->nr_keys) : 0;
	unsigned int before = m->map->reserved_bits, i;
	int err;

	if (shardmap_reserve(m->map, SHARDMAP_MAX_RESERVE + 1) != -EINVAL)
		model_wrong(m, "reserve takes too much");
	host_fatal_signal = !(op->seed % 16);
	err = shardmap_reserve(m->map, entries);
	if (err == -EINTR && !host_fatal_signal)
		model_wrong(m, "reserve: a signal that was not");
	host_fatal_signal = false;
	if (err == -ENOMEM)
		m->worker_failed = true;
	else if ((err && err != -EINTR && err != -EDQUOT) ||
		 (err == -EDQUOT) != is_beyond_quota(m, entries))
		model_wrong(m, "reserve returned %d", err);
	if (err && m->map->reserved_bits != before)
		model_wrong(m, "a reservation that failed stays");
	for (i = 0; i < m->config->params.nr_shards && !err; i++) {
		const struct sm_array *array = m->map->shards[i].array;

		if (entries && array->bits < sm_array_bits(m->map, entries))
			model_wrong(m, "shard %u without what was reserved", i);
	}
	return err;
}
