// SPDX-License-Identifier: GPL-2.0-only
/*
 * Updates of several keys at one moment.
 *
 * The locks of all shards concerned are taken, in the order of shards, so nothing else
 * can update their keys.  Then everything is decided, and if nothing fails, all of it
 * is applied.  Lookups take no lock: they may see some of it before the rest.
 */
#include <linux/export.h>
#include <linux/kcsan-checks.h>
#include <linux/slab.h>

#include "compat.h"
#include "run.h"

/**
 * struct multi - requests that are carried out together
 * @map: the table
 * @gfp: allocation flags of the caller
 * @nr: how many requests
 * @nr_shards: how many shards they concern
 * @short_of: update that must be supplied with something first, or NULL
 * @failed: some request fails
 * @err: what becomes of each request
 * @shard: the shards, in their order
 * @inserts: how many entries may come to each of them
 * @resize: bit per shard: it wants to be resized
 * @updates: the requests on their way
 */
struct multi {
	struct shardmap *map;
	gfp_t gfp;
	unsigned int nr;
	unsigned int nr_shards;
	struct sm_update *short_of;
	bool failed;
	int err[SHARDMAP_MAX_REQUESTS];
	struct sm_shard *shard[SHARDMAP_MAX_REQUESTS];
	unsigned int inserts[SHARDMAP_MAX_REQUESTS];
	u64 resize;
	struct sm_update updates[];
};

/*
 * The only place that holds two shard locks.  Bottom halves are disabled.  Sparse
 * cannot count what is locked in a loop: of that it is told multi_lock only.
 */
static void sm_shards_lock(struct multi *m) __acquires(&m->map->multi_lock)
{
	unsigned int i;

	spin_lock(&m->map->multi_lock);
	for (i = 0; i < m->nr_shards; i++) {
		spin_lock_nest_lock(&m->shard[i]->lock, &m->map->multi_lock);
		__release(&m->shard[i]->lock);
		sm_hold_begin(m->shard[i]);
		ASSERT_EXCLUSIVE_WRITER(m->shard[i]->count);
	}
}

static void sm_shards_unlock(struct multi *m) __releases(&m->map->multi_lock)
{
	unsigned int i;

	for (i = m->nr_shards; i--;) {
		if (sm_shard_wants_resize(m->shard[i]))
			m->resize |= BIT_ULL(i);
		sm_hold_end(m->shard[i]);
		__acquire(&m->shard[i]->lock);
		spin_unlock(&m->shard[i]->lock);
	}
	spin_unlock(&m->map->multi_lock);
}

static unsigned int find_shard(const struct multi *m,
			       const struct sm_shard *shard)
{
	unsigned int i = 0;

	while (i < m->nr_shards && m->shard[i] < shard)
		i++;
	return i;
}

static void add_shard(struct multi *m, struct sm_shard *shard)
{
	unsigned int i = find_shard(m, shard), at;

	if (i < m->nr_shards && m->shard[i] == shard)
		return;
	for (at = m->nr_shards++; at > i; at--)
		m->shard[at] = m->shard[at - 1];
	m->shard[i] = shard;
}

/* Is the key of update @i that of one before it? */
static bool is_repeated(const struct multi *m, unsigned int i)
{
	const struct sm_update *u = &m->updates[i], *other;

	for (other = m->updates; other < u; other++)
		if (other->hash == u->hash &&
		    other->req->key_len == u->req->key_len &&
		    !memcmp(other->req->key, u->req->key, u->req->key_len))
			return true;
	return false;
}

/* Returns -EINVAL if a key comes twice, -ENOMEM; or 0, with @failed if one is bad. */
static int multi_prepare(struct multi *m, struct shardmap_request *reqs)
{
	unsigned int i, nr = m->nr;
	int err = 0;

	m->nr = 0;
	for (i = 0; i < nr; i++) {
		m->err[i] = reqs[i].verb < SHARDMAP_VERBS ?
				    sm_check_request(m->map, &reqs[i],
						     reqs[i].verb) :
				    -EINVAL;
		if (m->err[i])
			m->failed = true;
	}
	for (i = 0; i < nr && !m->failed && !err; i++) {
		struct sm_update *u = &m->updates[i];

		sm_update_init(u, m->map, &reqs[i], reqs[i].verb, m->gfp);
		m->nr++;
		if (is_repeated(m, i))
			return -EINVAL;
		add_shard(m, u->shard);
		err = sm_update_prepare(u, reqs[i].verb);
		u->reserve = true;
	}
	return err;
}

static void plan_one(struct multi *m, unsigned int i)
{
	struct sm_update *u = &m->updates[i];
	int err;

	sm_update_find(u);
	err = sm_update_plan(u, u->req->verb);
	if (err == -EAGAIN) {
		m->short_of = u;
	} else if (err) {
		m->err[i] = err;
		m->failed = true;
	}
	if (u->entries > 0)
		m->inserts[find_shard(m, u->shard)]++;
}

/* Entries that come to one bucket may fill it: a spare line for each is enough. */
static void plan_lines(struct multi *m)
{
	unsigned int i;

	for (i = 0; i < m->nr && !m->short_of; i++) {
		struct sm_update *u = &m->updates[i];
		unsigned int inserts = m->inserts[find_shard(m, u->shard)];

		if (inserts < 2 || u->shard->spares >= inserts)
			continue;
		u->need = SM_NEED_LINE;
		m->short_of = u;
	}
}

/* Returns 0, -EAGAIN with @short_of, or -ECANCELED with @err. */
static int multi_plan(struct multi *m)
{
	long entries = 0, bytes = 0;
	unsigned int i;
	int err;

	m->short_of = NULL;
	memset(m->inserts, 0, sizeof(m->inserts));
	/* Moving takes spare lines, so it comes before they are counted on. */
	for (i = 0; i < m->nr; i++) {
		struct sm_update *u = &m->updates[i];

		u->array =
			sm_shard_array(m->map, u->shard, u->hash, &u->finished);
	}
	for (i = 0; i < m->nr; i++) {
		plan_one(m, i);
		entries += m->updates[i].entries;
		bytes += m->updates[i].bytes;
	}
	if (m->failed)
		return -ECANCELED;
	plan_lines(m);
	if (m->short_of)
		return -EAGAIN;
	err = sm_hold(m->map, entries, bytes);
	if (err == -ENOSPC) {
		m->updates[0].need = SM_NEED_ROOM;
		m->short_of = &m->updates[0];
		return -EAGAIN;
	}
	return err;
}

static void multi_apply(struct multi *m)
{
	unsigned int i;

	for (i = 0; i < m->nr; i++) {
		struct sm_update *u = &m->updates[i];

		/* Those before it may have filled its place, or moved its entry. */
		if (sm_is_inline(m->map))
			sm_inline_place(u);
		else
			sm_tagged_place(u);
		sm_update_apply(u, u->req->verb);
	}
}

static void multi_end(struct multi *m)
{
	unsigned int i;

	for (i = 0; i < m->nr; i++)
		sm_array_retire(m->updates[i].finished);
	for (i = 0; i < m->nr_shards; i++)
		if (m->resize & BIT_ULL(i))
			sm_resize_kick(m->map, m->shard[i] - m->map->shards);
}

static void retire_old(struct multi *m)
{
	unsigned int i;

	if (sm_is_inline(m->map))
		return;
	for (i = 0; i < m->nr; i++) {
		struct sm_update *u = &m->updates[i];

		if (u->old)
			sm_limbo_add(m->map, u->old, sm_entry_bytes(u->old));
	}
}

/* If one has failed, those that could have been carried out were not either. */
static void multi_finish(struct multi *m, int err)
{
	unsigned int i;

	for (i = 0; i < m->nr; i++) {
		struct sm_update *u = &m->updates[i];

		if (err && !m->err[i])
			m->err[i] = err;
		sm_finish(u, u->req->verb, m->err[i]);
	}
}

/* Returns -EAGAIN, with nothing done, if something must be supplied first. */
static int multi_once(struct multi *m)
{
	int err;

	err = sm_limbo_reserve(m->map, m->nr, m->gfp);
	if (err)
		return err;
	m->resize = 0;
	rcu_read_lock();
	sm_shards_lock(m);
	err = multi_plan(m);
	if (!err)
		multi_apply(m);
	sm_shards_unlock(m);
	if (!err)
		retire_old(m);
	local_bh_enable();
	if (!err || err == -ECANCELED)
		multi_finish(m, err);
	rcu_read_unlock();
	multi_end(m);
	return err;
}

static void arm_expiry(const struct multi *m)
{
	unsigned int i;

	for (i = 0; i < m->nr; i++)
		if (m->updates[i].expires)
			sm_expire_arm(m->map, m->updates[i].expires);
}

/* A retry for want of room is one of the first update: no other key may go either. */
static int multi_supply(struct multi *m)
{
	struct sm_update *u = m->short_of;

	if (u->need != SM_NEED_ROOM)
		return sm_update_supply(u);
	return sm_make_room(m->updates, m->nr);
}

static int multi_run(struct multi *m)
{
	int err;

	do {
		err = m->failed ? -ECANCELED : multi_once(m);
	} while (err == -EAGAIN && !(err = multi_supply(m)));
	if (!err)
		arm_expiry(m);
	return err;
}

static void tell(const struct multi *m, struct shardmap_request *reqs,
		 unsigned int nr, int err)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (err == -ECANCELED)
			reqs[i].err = m->err[i] ?: -ECANCELED;
		else
			reqs[i].err = err;
	}
}

/**
 * shardmap_execute_all() - Carry out all of some requests, or none.
 * @map: the table
 * @reqs: the requests, each on a key of its own
 * @nr: how many, 1 to SHARDMAP_MAX_REQUESTS
 * @gfp: allocation flags, as for shardmap_execute()
 *
 * No update and no other such call comes between them.  Lookups and scans take no
 * lock, and may see some of the changes before the rest; lookups among @reqs see all of
 * another call's changes or none.
 *
 * Context: Process or softirq context, as @gfp allows.  Takes and releases the locks of
 * all shards concerned.
 * Return: 0; -ECANCELED with nothing done if one of @reqs fails: its err tells why, and
 * is -ECANCELED for those that did not; -EINVAL if @nr is out of bounds or a key comes
 * twice; -ENOSPC or -EDQUOT if there is no room for all of them; -ENOMEM.
 */
int shardmap_execute_all(struct shardmap *map, struct shardmap_request *reqs,
			 unsigned int nr, gfp_t gfp)
{
	struct multi *m;
	unsigned int i;
	int err;

	if (!nr || nr > SHARDMAP_MAX_REQUESTS)
		return -EINVAL;
	m = kvzalloc(struct_size(m, updates, nr), gfp);
	if (!m)
		return -ENOMEM;
	m->map = map;
	m->gfp = gfp;
	m->nr = nr;
	err = multi_prepare(m, reqs);
	if (!err)
		err = multi_run(m);
	for (i = 0; i < m->nr; i++)
		sm_update_release(&m->updates[i]);
	tell(m, reqs, nr, err);
	kvfree(m);
	return err;
}
SHARDMAP_EXPORT(shardmap_execute_all);
