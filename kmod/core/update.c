// SPDX-License-Identifier: GPL-2.0-only
/* One update of one key: its steps in their order. */
#include <linux/kcsan-checks.h>
#include <linux/string.h>

#include "compat.h"
#include "find.h"
#include "hold.h"
#include "inline.h"
#include "update.h"

/* Does the request store a value that its caller gives? */
static bool gives_value(const struct shardmap_request *req)
{
	switch (req->verb) {
	case SHARDMAP_DO_PUT:
	case SHARDMAP_DO_GET_OR_PUT:
	case SHARDMAP_DO_CAS:
	case SM_DO_UPDATE:
		return true;
	}
	return false;
}

/**
 * sm_check_request() - Does the table take keys and values of these lengths?
 * @map: the table
 * @req: the request
 *
 * Context: Any context.
 * Return: 0; -EINVAL or -EMSGSIZE.
 */
int sm_check_request(const struct shardmap *map,
		     const struct shardmap_request *req)
{
	if (unlikely(req->key_len < map->min_key_len))
		return -EINVAL;
	if (unlikely(req->key_len > map->max_key_len))
		return -EMSGSIZE;
	if (gives_value(req) || req->verb == SHARDMAP_DO_ADD) {
		if (unlikely(sm_stored_len(req) > map->max_value_len))
			return -EMSGSIZE;
		if (unlikely(sm_stored_len(req) < map->min_value_len))
			return -EINVAL;
	}
	/* Cells have no place for an end of their time. */
	if (unlikely(req->ttl && sm_is_inline(map)))
		return -EINVAL;
	return 0;
}

/**
 * sm_update_init() - Begin an update, which needs sm_update_release() at its end.
 * @u: the update
 * @map: the table
 * @req: what is asked for, checked
 * @gfp: allocation flags
 *
 * Context: Any context but NMI.
 */
void sm_update_init(struct sm_update *u, struct shardmap *map,
		    struct shardmap_request *req, gfp_t gfp)
{
	u->map = map;
	u->req = req;
	u->gfp = gfp;
	u->hash = sm_hash(map, req->key, req->key_len);
	u->shard = &map->shards[sm_shard_index(map, u->hash)];
	u->reserve = false;
	if (sm_is_inline(map)) {
		sm_inline_prefetch_bucket(map, u->hash);
		u->key_word = sm_cell_word(req->key, req->key_len);
		if (gives_value(req) && req->verb != SM_DO_UPDATE)
			u->value_word =
				sm_cell_word(req->value, req->value_len);
		return;
	}
	sm_prefetch_line(map, u->hash);
	u->fresh = NULL;
	u->old = NULL;
}

/* Will the value take the place of another, in all likelihood? */
static bool is_likely_in_place(const struct sm_update *u)
{
	return u->req->value_len == sizeof(u64) && !u->req->ttl &&
	       !(u->req->flags & SHARDMAP_REQ_NOEXIST) &&
	       sm_is_likely(u->map, u->hash);
}

/**
 * sm_update_prepare() - Supply what the update needs in all likelihood.
 * @u: the update
 *
 * What is missing in the end, sm_update_plan() finds out.
 *
 * Context: Any context that the update's flags allow, no shard lock held.
 * Return: 0 or -ENOMEM.
 */
int sm_update_prepare(struct sm_update *u)
{
	const struct shardmap_request *req = u->req;

	if (sm_is_inline(u->map) || req->verb == SHARDMAP_DO_GET)
		return 0;
	if (gives_value(req) && !is_likely_in_place(u)) {
		u->fresh = sm_fresh_entry(u);
		if (!u->fresh)
			return -ENOMEM;
		u->reserve = req->verb != SHARDMAP_DO_GET_OR_PUT &&
			     !(req->flags & SHARDMAP_REQ_NOEXIST);
	} else if (req->verb == SHARDMAP_DO_DELETE ||
		   req->verb == SHARDMAP_DO_TAKE) {
		u->reserve = true;
	}
	/* What a sleeping writer does before it adds to the memory in flight. */
	might_sleep_if(gfpflags_allow_blocking(u->gfp));
	if (u->reserve && gfpflags_allow_blocking(u->gfp))
		sm_limbo_throttle(u->map);
	return 0;
}

/**
 * sm_make_room() - Make room under the table's limits, if that can be done.
 * @updates: updates of one table that have found no room
 * @nr: how many
 *
 * Entries whose time is over go first; in a table that evicts, others follow.
 *
 * Context: Any context that the updates' flags allow, no shard lock held.
 * Return: 0 if it is worth another try; -ENOSPC if not; -ENOMEM.
 */
int sm_make_room(const struct sm_update *updates, unsigned int nr)
{
	struct shardmap *map = updates->map;
	u64 bytes = 0;
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (!sm_is_inline(map) && updates[i].fresh)
			bytes += sm_entry_bytes(updates[i].fresh);
	/* No room is enough for them. */
	if (map->max_bytes && bytes > map->max_bytes)
		return -ENOSPC;
	if (gfpflags_allow_blocking(updates->gfp) && sm_expire(map))
		return 0;
	if (map->flags & SHARDMAP_EVICT)
		return sm_evict(updates, nr);
	return -ENOSPC;
}

/**
 * sm_update_supply() - Supply what was missing.
 * @u: the update
 *
 * Context: Any context that the update's flags allow, no shard lock held.
 * Return: 0; -ENOMEM; -ENOSPC if there is no room to be made.
 */
int sm_update_supply(struct sm_update *u)
{
	switch (u->need) {
	case SM_NEED_ENTRY:
		u->fresh = sm_fresh_entry(u);
		return u->fresh ? 0 : -ENOMEM;
	case SM_NEED_LIMBO:
		u->reserve = true;
		return 0;
	case SM_NEED_LINE:
		return sm_spare_refill(u->map, u->shard, u->gfp);
	case SM_NEED_ROOM:
		return sm_make_room(u, 1);
	case SM_NEED_NOTHING:
		break;
	}
	return 0;
}

/**
 * sm_update_find() - Find the key's place, and what it has.
 * @u: the update
 *
 * Context: Shard lock held.
 */
void sm_update_find(struct sm_update *u)
{
	lockdep_assert_held(&u->shard->lock);
	if (sm_is_inline(u->map))
		sm_inline_find_key(u);
	else
		sm_tagged_find(u);
}

/**
 * sm_update_plan() - Decide, and see what that needs.
 * @u: the update, with the key's place
 *
 * Context: Shard lock held.
 * Return: 0; -EAGAIN if something must be supplied first; an errno of the operation.
 */
int sm_update_plan(struct sm_update *u)
{
	return sm_is_inline(u->map) ? sm_inline_plan(u) : sm_tagged_plan(u);
}

/**
 * sm_update_apply() - Do what was planned.
 * @u: the update, with what it takes held
 *
 * Context: Shard lock held.
 */
void sm_update_apply(struct sm_update *u)
{
	if (sm_is_inline(u->map))
		sm_inline_apply(u);
	else
		sm_tagged_apply(u);
}

/**
 * sm_update_release() - Free what an update was supplied with and did not use.
 * @u: the update
 *
 * Context: Any context but NMI, no shard lock held.
 */
void sm_update_release(struct sm_update *u)
{
	if (!sm_is_inline(u->map) && u->fresh)
		sm_entry_free(u->fresh);
}

static int update_locked(struct sm_update *u)
{
	int err;

	lockdep_assert_held(&u->shard->lock);
	ASSERT_EXCLUSIVE_WRITER(u->shard->count);
	u->array = sm_shard_array(u->map, u->shard, u->hash, &u->finished);
	sm_update_find(u);
	err = sm_update_plan(u);
	if (!err)
		err = sm_hold(u->map, u->entries, u->bytes);
	if (!err) {
		sm_update_apply(u);
	} else if (err == -ENOSPC) {
		u->need = SM_NEED_ROOM;
		err = -EAGAIN;
	}
	return err;
}

/* Returns -EAGAIN, with nothing done, if something must be supplied first. */
static int update_once(struct sm_update *u)
{
	struct shardmap *map = u->map;
	struct sm_shard *shard = u->shard;
	bool resize;
	int err;

	if (u->reserve) {
		err = sm_limbo_reserve(map, 1, u->gfp);
		if (err)
			return err;
	} else {
		local_bh_disable();
	}
	/* What the caller gets of an entry is copied when the lock is dropped. */
	rcu_read_lock();
	/* The lock is not held while memory is waited for. */
	if (!sm_is_inline(map))
		sm_prefetch_entry(map, u->hash);
	sm_shard_lock(shard);
	err = update_locked(u);
	resize = sm_shard_wants_resize(shard);
	sm_shard_unlock(shard);

	if (!sm_is_inline(map) && u->old)
		sm_limbo_add(map, u->old, sm_entry_bytes(u->old));
	local_bh_enable();
	if (err != -EAGAIN)
		sm_finish(u, err);
	rcu_read_unlock();
	if (!err && u->req->ttl && u->effect == SM_EFFECT_STORE)
		sm_expire_arm(map, sm_expiry(u->req->ttl));
	sm_array_retire(u->finished);
	if (unlikely(resize))
		sm_resize_kick(map, shard - map->shards);
	return err;
}

/**
 * sm_update() - Carry out a request that may change the table.
 * @map: the table
 * @req: the request
 * @gfp: allocation flags
 *
 * Context: Process or softirq context, as @gfp allows.  Takes and releases a
 * shard lock.
 * Return: 0 or what shardmap_execute() says.
 */
int sm_update(struct shardmap *map, struct shardmap_request *req, gfp_t gfp)
{
	struct sm_update u;
	int err;

	err = sm_check_request(map, req);
	if (err)
		return err;
	sm_update_init(&u, map, req, gfp);
	err = sm_update_prepare(&u);
	if (err)
		return err;
	do {
		err = update_once(&u);
	} while (err == -EAGAIN && !(err = sm_update_supply(&u)));
	sm_update_release(&u);
	return err;
}
