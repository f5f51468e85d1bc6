/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Updates of inline lines; inline.h has the protocol.
 *
 * No update allocates or frees anything, but for an overflow line.
 *
 * @verb is that of the request: a constant where an operation is compiled on its own.
 */
#ifndef _SHARDMAP_CORE_INLINE_UPDATE_H
#define _SHARDMAP_CORE_INLINE_UPDATE_H

#include "decide.h"
#include "inline.h"
#include "update.h"

/**
 * sm_inline_place() - Find the key's cell, or else where it could go.
 * @u: the update, with the array
 *
 * Context: Shard lock held.
 * Return: true if the key is there.
 */
static __always_inline bool sm_inline_place(struct sm_update *u)
{
	struct sm_inline_line *line =
		sm_inline_bucket(u->map, u->array, u->hash);
	struct sm_inline_line *link;

	lockdep_assert_held(&u->shard->lock);
	u->cells = NULL;
	for (;; line = link) {
		u32 match = sm_inline_match(line, line->used, u->key_word);
		u32 free = sm_inline_free(line->used);

		if (match) {
			u->cells = line;
			u->slot = __ffs(match);
			return true;
		}
		if (!u->cells && free) {
			u->cells = line;
			u->slot = __ffs(free);
		}
		link = sm_inline_link_locked(u->array, line);
		if (!link)
			break;
	}
	if (!u->cells) {
		u->cells = line;
		u->slot = SM_CELLS;
	}
	return false;
}

/**
 * sm_inline_find_key() - Find the key's place, and what it has.
 * @u: the update, with the array
 *
 * Context: Shard lock held.
 */
static __always_inline void sm_inline_find_key(struct sm_update *u)
{
	struct sm_state *state = &u->state;

	state->there = sm_inline_place(u);
	if (!state->there)
		return;
	state->version = atomic64_read(&u->cells->version[u->slot]);
	state->number = atomic64_read(&u->cells->value[u->slot]);
	state->value = &state->number;
	state->value_len = u->map->max_value_len;
	state->expires = 0;
}

/**
 * sm_inline_plan() - Decide, and see what that needs.
 * @u: the update, with the key's place
 * @verb: the request's
 *
 * Context: Shard lock held.
 * Return: 0; -EAGAIN if a spare line must be supplied first; an errno of the operation.
 */
static __always_inline int sm_inline_plan(struct sm_update *u,
					  unsigned int verb)
{
	int effect;

	lockdep_assert_held(&u->shard->lock);
	u->need = SM_NEED_NOTHING;
	u->entries = 0;
	u->bytes = 0;
	if (verb == SM_DO_UPDATE)
		u->value_word = 0;
	effect = sm_decide(u, verb, &u->value_word);
	if (effect < 0)
		return effect;
	u->effect = effect;
	if (effect == SM_EFFECT_REMOVE)
		u->entries = -1;
	if (effect != SM_EFFECT_STORE || u->state.there)
		return 0;
	u->entries = 1;
	if (u->slot < SM_CELLS || u->shard->spare)
		return 0;
	u->need = SM_NEED_LINE;
	return -EAGAIN;
}

/* Put a key into a free cell that readers may have seen in use. */
static inline void sm_fill_cell(struct sm_inline_line *line, unsigned int cell,
				u64 key, u64 value, u64 version)
{
	sm_inline_fill_begin(line);
	WRITE_ONCE(line->key[cell], key);
	atomic64_set(&line->value[cell], value);
	atomic64_set(&line->version[cell], version);
	sm_inline_publish(line, line->used | BIT(cell));
}

static inline void sm_inline_insert(struct sm_update *u)
{
	struct sm_inline_line *over;

	lockdep_assert_held(&u->shard->lock);
	if (u->slot < SM_CELLS) {
		sm_fill_cell(u->cells, u->slot, u->key_word, u->value_word,
			     u->version);
		return;
	}
	over = sm_inline_add_line(u->shard, u->array, u->cells);
	sm_cell_fill_hidden(over, 0, u->key_word, u->value_word, u->version);
	/* Pairs with the acquire of @used in sm_inline_try(), sm_inline_copy(). */
	sm_inline_publish(u->cells, u->cells->used | SM_CELL_LINK);
}

static __always_inline void sm_inline_store(struct sm_update *u,
					    unsigned int verb)
{
	const struct shardmap_request *req = u->req;

	lockdep_assert_held(&u->shard->lock);
	if (verb == SHARDMAP_DO_ADD)
		u->value_word = req->delta + (u->state.there ? u->state.number :
							       req->initial);
	u->version = ++u->shard->version;
	if (u->state.there)
		sm_cell_store(u->cells, u->slot, u->value_word, u->version);
	else
		sm_inline_insert(u);
}

/**
 * sm_inline_apply() - Do to the line what was planned.
 * @u: the update, with what it takes held
 * @verb: the request's
 *
 * Context: Shard lock held.
 */
static __always_inline void sm_inline_apply(struct sm_update *u,
					    unsigned int verb)
{
	lockdep_assert_held(&u->shard->lock);
	if (u->effect == SM_EFFECT_STORE)
		sm_inline_store(u, verb);
	else if (u->effect == SM_EFFECT_REMOVE)
		sm_inline_publish(u->cells, u->cells->used & ~BIT(u->slot));
}

#endif /* _SHARDMAP_CORE_INLINE_UPDATE_H */
