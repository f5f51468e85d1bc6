/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What each operation means: from the request and what its key has, to what is done
 * and what is told.  Nothing here depends on where entries are kept.
 *
 * @verb is that of the request: a constant where an operation is compiled on its own.
 */
#ifndef _SHARDMAP_CORE_DECIDE_H
#define _SHARDMAP_CORE_DECIDE_H

#include <linux/string.h>

#include "update.h"

static inline bool sm_value_fits(const struct sm_update *u)
{
	return u->state.value_len <= u->req->out_len;
}

static inline bool sm_is_as_expected(const struct sm_update *u)
{
	const struct shardmap_request *req = u->req;
	const struct sm_state *state = &u->state;

	if (req->flags & SHARDMAP_REQ_IF_VERSION &&
	    state->version != req->version)
		return false;
	if (req->flags & SHARDMAP_REQ_IF_VALUE &&
	    (state->value_len != req->expected_len ||
	     memcmp(state->value, req->expected, req->expected_len)))
		return false;
	return true;
}

/* Is the caller of a get told only that its version is the newest? */
static inline bool sm_is_unchanged(const struct sm_update *u)
{
	return u->req->flags & SHARDMAP_REQ_IF_CHANGED &&
	       u->state.version == u->req->version;
}

static __always_inline int sm_decide_get(const struct sm_update *u)
{
	if (!u->state.there)
		return -ENOENT;
	if (sm_is_unchanged(u))
		return SM_EFFECT_NONE;
	return sm_value_fits(u) ? SM_EFFECT_NONE : -ENOBUFS;
}

static __always_inline int sm_decide_put(const struct sm_update *u)
{
	unsigned int flags = u->req->flags;

	if (u->state.there && flags & SHARDMAP_REQ_NOEXIST)
		return -EEXIST;
	if (!u->state.there && flags & SHARDMAP_REQ_EXIST)
		return -ENOENT;
	if (u->state.there && flags & SHARDMAP_REQ_SWAP && !sm_value_fits(u))
		return -ENOBUFS;
	return SM_EFFECT_STORE;
}

static __always_inline int sm_decide_get_or_put(const struct sm_update *u)
{
	if (!u->state.there)
		return SM_EFFECT_STORE;
	return sm_value_fits(u) ? SM_EFFECT_NONE : -ENOBUFS;
}

static __always_inline int sm_decide_add(const struct sm_update *u)
{
	if (!u->state.there)
		return u->req->flags & SHARDMAP_REQ_CREATE ? SM_EFFECT_STORE :
							     -ENOENT;
	return u->state.value_len == sizeof(u64) ? SM_EFFECT_STORE : -EINVAL;
}

static __always_inline int sm_decide_remove(const struct sm_update *u,
					    unsigned int verb)
{
	if (!u->state.there)
		return -ENOENT;
	if (!sm_is_as_expected(u))
		return -ESTALE;
	if (verb == SHARDMAP_DO_TAKE && !sm_value_fits(u))
		return -ENOBUFS;
	return SM_EFFECT_REMOVE;
}

static __always_inline int sm_decide_cas(const struct sm_update *u)
{
	if (!u->state.there)
		return -ENOENT;
	return sm_is_as_expected(u) ? SM_EFFECT_STORE : -ESTALE;
}

static inline int sm_decide_update(const struct sm_update *u, void *value)
{
	struct sm_call *call = container_of(u->req, struct sm_call, req);
	const struct sm_state *state = &u->state;
	struct shardmap_view view = {
		.key = u->req->key,
		.key_len = u->req->key_len,
		.value = state->value,
		.value_len = state->value_len,
		.version = state->version,
		.expires = state->expires,
	};
	int action = call->fn(state->there ? &view : NULL, value, call->arg);

	switch (action) {
	case SHARDMAP_UPDATE_STORE:
		return SM_EFFECT_STORE;
	case SHARDMAP_UPDATE_REMOVE:
		return state->there ? SM_EFFECT_REMOVE : SM_EFFECT_NONE;
	}
	return min(action, 0);
}

/**
 * sm_decide() - What is to be done to a key?
 * @u: the update, with the key's state
 * @verb: the request's
 * @value: shardmap_update(): where the new value goes
 *
 * Context: Shard lock held.
 * Return: enum sm_effect, or an errno of the operation.
 */
static __always_inline int sm_decide(struct sm_update *u, unsigned int verb,
				     void *value)
{
	lockdep_assert_held(&u->shard->lock);
	if (verb == SHARDMAP_DO_GET)
		return sm_decide_get(u);
	if (unlikely(READ_ONCE(u->map->frozen)))
		return -EROFS;
	switch (verb) {
	case SHARDMAP_DO_PUT:
		return sm_decide_put(u);
	case SHARDMAP_DO_GET_OR_PUT:
		return sm_decide_get_or_put(u);
	case SHARDMAP_DO_ADD:
		return sm_decide_add(u);
	case SHARDMAP_DO_CAS:
		return sm_decide_cas(u);
	case SHARDMAP_DO_DELETE:
	case SHARDMAP_DO_TAKE:
		return sm_decide_remove(u, verb);
	case SM_DO_UPDATE:
		return sm_decide_update(u, value);
	}
	return -EINVAL;
}

/**
 * sm_reads_value() - Does the caller get the value that was there?
 * @u: the update, decided
 * @verb: the request's
 *
 * Context: Any context.
 * Return: true if sm_finish() is going to copy it.
 */
static __always_inline bool sm_reads_value(const struct sm_update *u,
					   unsigned int verb)
{
	if (!u->state.there)
		return false;
	switch (verb) {
	case SHARDMAP_DO_GET:
		return !sm_is_unchanged(u);
	case SHARDMAP_DO_PUT:
		return u->req->flags & SHARDMAP_REQ_SWAP;
	case SHARDMAP_DO_GET_OR_PUT:
	case SHARDMAP_DO_TAKE:
		return true;
	}
	return false;
}

/**
 * sm_finish() - Tell what an update did.
 * @u: the update
 * @verb: the request's
 * @err: what became of it
 *
 * Copies out the value that was there; at -ENOBUFS its length alone is told.
 *
 * Context: RCU read-side critical section that began under the shard lock, with
 * the lock dropped.
 */
static __always_inline void sm_finish(struct sm_update *u, unsigned int verb,
				      int err)
{
	struct shardmap_request *req = u->req;
	const struct sm_state *state = &u->state;

	req->err = err;
	if (err) {
		if (err == -ENOBUFS)
			req->out_len = state->value_len;
		return;
	}
	req->out_len = 0;
	if (sm_reads_value(u, verb)) {
		req->out_len = state->value_len;
		memcpy(req->out, state->value, state->value_len);
	} else if (verb == SHARDMAP_DO_GET) {
		req->flags |= SHARDMAP_REQ_UNCHANGED;
	}
	switch (u->effect) {
	case SM_EFFECT_NONE:
		req->version = state->there ? state->version : 0;
		break;
	case SM_EFFECT_STORE:
		req->version = u->version;
		if (!state->there)
			req->flags |= SHARDMAP_REQ_INSERTED;
		if (verb == SHARDMAP_DO_ADD)
			req->old = state->there ? state->number : req->initial;
		break;
	case SM_EFFECT_REMOVE:
		/* Of what is handed over it is good to know the version. */
		req->version = verb == SHARDMAP_DO_TAKE ? state->version : 0;
		break;
	}
}

#endif /* _SHARDMAP_CORE_DECIDE_H */
