/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One update of one key: its steps in their order.
 *
 * All of it is inlined where an operation is compiled, with @verb a constant: what
 * the others need then costs nothing.
 */
#ifndef _SHARDMAP_CORE_RUN_H
#define _SHARDMAP_CORE_RUN_H

#include <linux/kcsan-checks.h>
#include <linux/sched.h>

#include "compat.h"
#include "find.h"
#include "hold.h"
#include "inline_update.h"
#include "tagged.h"
#include "update.h"

/* Does an operation store a value that its caller gives? */
static __always_inline bool sm_gives_value(unsigned int verb)
{
	switch (verb) {
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
 * @verb: its verb
 *
 * Context: Any context.
 * Return: 0; -EINVAL or -EMSGSIZE.
 */
static __always_inline int sm_check_request(const struct shardmap *map,
					    const struct shardmap_request *req,
					    unsigned int verb)
{
	u32 value_len = sm_stored_len(req, verb);

	if (unlikely(req->key_len < map->min_key_len))
		return -EINVAL;
	if (unlikely(req->key_len > map->max_key_len))
		return -EMSGSIZE;
	if (sm_gives_value(verb) || verb == SHARDMAP_DO_ADD) {
		if (unlikely(value_len > map->max_value_len))
			return -EMSGSIZE;
		if (unlikely(value_len < map->min_value_len))
			return -EINVAL;
		/* Cells have no place for an end of their time. */
		if (unlikely(req->ttl && sm_is_inline(map)))
			return -EINVAL;
	}
	return 0;
}

/**
 * sm_update_init() - Begin an update, which needs sm_update_release() at its end.
 * @u: the update
 * @map: the table
 * @req: what is asked for, checked
 * @verb: the request's
 * @gfp: allocation flags
 *
 * Context: Any context but NMI.
 */
static __always_inline void sm_update_init(struct sm_update *u,
					   struct shardmap *map,
					   struct shardmap_request *req,
					   unsigned int verb, gfp_t gfp)
{
	u->map = map;
	u->req = req;
	u->gfp = gfp;
	u->hash = sm_hash(map, req->key, req->key_len);
	u->shard = &map->shards[sm_shard_index(map, u->hash)];
	u->reserve = false;
	u->swept = false;
	u->expires = 0;
	if (sm_is_inline(map)) {
		sm_inline_prefetch_bucket(map, u->hash);
		u->key_word = sm_cell_word(req->key, req->key_len);
		if (sm_gives_value(verb) && verb != SM_DO_UPDATE)
			u->value_word =
				sm_cell_word(req->value, req->value_len);
		return;
	}
	u->fresh = NULL;
	u->old = NULL;
	/* A value of 8 bytes will take the place of another, in all likelihood. */
	u->in_place = sm_peek(
		map, u->hash,
		sm_gives_value(verb) && req->value_len == sizeof(u64) &&
			!req->ttl && !(req->flags & SHARDMAP_REQ_NOEXIST));
}

/**
 * sm_update_prepare() - Supply what the update needs in all likelihood.
 * @u: the update
 * @verb: the request's
 *
 * What is missing in the end, sm_update_plan() finds out.
 *
 * Context: Any context that the update's flags allow, no shard lock held.
 * Return: 0 or -ENOMEM.
 */
static __always_inline int sm_update_prepare(struct sm_update *u,
					     unsigned int verb)
{
	const struct shardmap_request *req = u->req;

	if (sm_is_inline(u->map) || verb == SHARDMAP_DO_GET)
		return 0;
	if (sm_gives_value(verb) && !u->in_place) {
		u->fresh = sm_fresh_entry(u);
		if (!u->fresh)
			return -ENOMEM;
		u->reserve = verb != SHARDMAP_DO_GET_OR_PUT &&
			     !(req->flags & SHARDMAP_REQ_NOEXIST);
	} else if (verb == SHARDMAP_DO_DELETE || verb == SHARDMAP_DO_TAKE) {
		u->reserve = true;
	}
	/* What a sleeping writer does before it adds to the memory in flight. */
	might_sleep_if(gfpflags_allow_blocking(u->gfp));
	if (u->reserve && gfpflags_allow_blocking(u->gfp))
		sm_limbo_throttle(u->map);
	return 0;
}

/**
 * sm_update_find() - Find the key's place, and what it has.
 * @u: the update
 *
 * Context: Shard lock held.
 */
static __always_inline void sm_update_find(struct sm_update *u)
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
 * @verb: the request's
 *
 * Context: Shard lock held.
 * Return: 0; -EAGAIN if something must be supplied first; an errno of the operation.
 */
static __always_inline int sm_update_plan(struct sm_update *u,
					  unsigned int verb)
{
	return sm_is_inline(u->map) ? sm_inline_plan(u, verb) :
				      sm_tagged_plan(u, verb);
}

/**
 * sm_update_apply() - Do what was planned.
 * @u: the update, with what it takes held
 * @verb: the request's
 *
 * Context: Shard lock held.
 */
static __always_inline void sm_update_apply(struct sm_update *u,
					    unsigned int verb)
{
	const struct shardmap_request *req = u->req;

	if (sm_is_inline(u->map))
		sm_inline_apply(u, verb);
	else
		sm_tagged_apply(u, verb);
	if (u->effect == SM_EFFECT_NONE)
		return;
	if (u->effect == SM_EFFECT_REMOVE)
		sm_notify(u->map, SHARDMAP_EVENT_DELETE, req->key, req->key_len,
			  u->state.version);
	else
		sm_notify(u->map,
			  u->state.there ? SHARDMAP_EVENT_UPDATE :
					   SHARDMAP_EVENT_INSERT,
			  req->key, req->key_len, u->version);
	sm_account(u->shard, u->entries, u->bytes);
}

/**
 * sm_update_release() - Free what an update was supplied with and did not use.
 * @u: the update
 *
 * Context: Any context but NMI, no shard lock held.
 */
static __always_inline void sm_update_release(struct sm_update *u)
{
	if (!sm_is_inline(u->map) && unlikely(u->fresh))
		sm_entry_free(u->fresh);
}

static __always_inline int sm_update_locked(struct sm_update *u,
					    unsigned int verb)
{
	int err;

	lockdep_assert_held(&u->shard->lock);
	ASSERT_EXCLUSIVE_WRITER(u->shard->count);
	u->array = sm_shard_array(u->map, u->shard, u->hash, &u->finished);
	sm_update_find(u);
	err = sm_update_plan(u, verb);
	if (err)
		return err;
	err = sm_hold(u->map, u->entries, u->bytes);
	if (!err) {
		sm_update_apply(u, verb);
	} else if (err == -ENOSPC) {
		u->need = SM_NEED_ROOM;
		err = -EAGAIN;
	}
	return err;
}

/* Returns -EAGAIN, with nothing done, if something must be supplied first. */
static __always_inline int sm_update_once(struct sm_update *u,
					  unsigned int verb)
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
	err = sm_update_locked(u, verb);
	resize = sm_shard_wants_resize(shard);
	sm_shard_unlock(shard);

	if (!sm_is_inline(map) && u->old)
		sm_limbo_add(map, u->old, sm_entry_bytes(u->old));
	local_bh_enable();
	if (err != -EAGAIN)
		sm_finish(u, verb, err);
	rcu_read_unlock();
	if (unlikely(u->expires))
		sm_expire_arm(map, u->expires);
	sm_array_retire(u->finished);
	if (unlikely(resize))
		sm_resize_kick(map, shard - map->shards);
	return err;
}

/**
 * sm_update_run() - Carry out a request that may change the table.
 * @map: the table
 * @req: the request
 * @verb: its verb
 * @gfp: allocation flags
 *
 * Context: Process or softirq context, as @gfp allows.  Takes and releases a
 * shard lock.
 * Return: 0 or what shardmap_execute() says.
 */
static __always_inline int sm_update_run(struct shardmap *map,
					 struct shardmap_request *req,
					 unsigned int verb, gfp_t gfp)
{
	/* Each step sets what later ones read. */
	struct sm_update u __uninitialized;
	int err;

	err = sm_check_request(map, req, verb);
	if (unlikely(err))
		return err;
	sm_update_init(&u, map, req, verb, gfp);
	err = sm_update_prepare(&u, verb);
	if (unlikely(err))
		return err;
	do {
		err = sm_update_once(&u, verb);
		/* Without a need it is what the caller's function returned. */
	} while (unlikely(err == -EAGAIN) &&
		 (verb != SM_DO_UPDATE || u.need != SM_NEED_NOTHING) &&
		 !(err = sm_update_supply(&u)));
	sm_update_release(&u);
	return err;
}

#endif /* _SHARDMAP_CORE_RUN_H */
