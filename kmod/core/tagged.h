/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Updates of tagged lines, whose slots point to entries; line.h has the protocol.
 *
 * @verb is that of the request: a constant where an operation is compiled on its own.
 */
#ifndef _SHARDMAP_CORE_TAGGED_H
#define _SHARDMAP_CORE_TAGGED_H

#include "compat.h"
#include "decide.h"
#include "find.h"
#include "line.h"
#include "update.h"

/**
 * sm_tagged_place() - Find the key's entry, or else where it could go.
 * @u: the update, with the array
 *
 * Context: Shard lock held.
 */
static __always_inline void sm_tagged_place(struct sm_update *u)
{
	struct sm_line *line =
		&u->array->lines[sm_line_index(u->map, u->hash, u->array->bits)];
	unsigned long tag = sm_tag(u->hash);

	lockdep_assert_held(&u->shard->lock);
	u->line = NULL;
	u->entry = NULL;
	for (;;) {
		unsigned long match = sm_match(line->tags, tag);
		unsigned long free = sm_free(line->tags);
		struct sm_line *link;

		for (; match; match &= match - 1) {
			unsigned int slot = sm_next_slot(match);
			struct sm_entry *e =
				sm_slot_locked(u->shard, line, slot);

			if (e && !sm_slot_kind(e) &&
			    sm_entry_is(e, u->hash, u->req->key,
					u->req->key_len)) {
				u->entry = e;
				u->line = line;
				u->slot = slot;
				return;
			}
		}
		if (!u->line && free) {
			u->line = line;
			u->slot = sm_next_slot(free);
		}
		link = sm_line_link_locked(u->shard, line);
		if (!link)
			break;
		line = link;
	}
	if (!u->line) {
		u->line = line;
		u->slot = SM_SLOTS;
	}
}

/**
 * sm_tagged_find() - Find the key's place, and what it has.
 * @u: the update, with the array
 *
 * Context: Shard lock held.
 */
static __always_inline void sm_tagged_find(struct sm_update *u)
{
	struct sm_state *state = &u->state;
	const struct sm_entry *e;

	lockdep_assert_held(&u->shard->lock);
	sm_tagged_place(u);
	e = u->entry;
	state->there = e && !sm_entry_is_over(e);
	if (!state->there)
		return;
	state->version = atomic64_read(&e->version);
	state->value = sm_entry_value(e);
	state->value_len = e->value_len;
	state->expires = e->flags & SM_ENTRY_EXPIRES ? *sm_entry_expires(e) : 0;
	if (e->value_len == sizeof(u64)) {
		state->number = atomic64_read((const atomic64_t *)state->value);
		state->value = &state->number;
	}
}

/* A number takes the place of another: no entry is made, and none removed. */
static __always_inline bool sm_is_in_place(const struct sm_update *u,
					   unsigned int verb)
{
	if (!u->state.there || u->state.value_len != sizeof(u64))
		return false;
	/* An addition leaves the entry its time; what else is stored has its own. */
	if (verb == SHARDMAP_DO_ADD)
		return true;
	return u->req->value_len == sizeof(u64) && !u->state.expires &&
	       !u->req->ttl;
}

static __always_inline enum sm_need sm_plan_store(struct sm_update *u,
						  unsigned int verb)
{
	if (sm_is_in_place(u, verb))
		return SM_NEED_NOTHING;
	if (!u->fresh)
		return SM_NEED_ENTRY;
	u->bytes = sm_entry_bytes(u->fresh);
	if (u->entry) {
		u->bytes -= sm_entry_bytes(u->entry);
		return u->reserve ? SM_NEED_NOTHING : SM_NEED_LIMBO;
	}
	u->entries = 1;
	if (u->slot == SM_SLOTS && !u->shard->spare)
		return SM_NEED_LINE;
	return SM_NEED_NOTHING;
}

/**
 * sm_tagged_plan() - Decide, and see what that needs.
 * @u: the update, with the key's place
 * @verb: the request's
 *
 * Context: Shard lock held.
 * Return: 0; -EAGAIN if something must be supplied first; an errno of the operation.
 */
static __always_inline int sm_tagged_plan(struct sm_update *u,
					  unsigned int verb)
{
	int effect;

	lockdep_assert_held(&u->shard->lock);
	u->need = SM_NEED_NOTHING;
	u->entries = 0;
	u->bytes = 0;
	/* What decides is called only when it has a place to write to. */
	if (verb == SM_DO_UPDATE && !u->fresh)
		u->need = SM_NEED_ENTRY;
	else if (verb == SM_DO_UPDATE && !u->reserve)
		u->need = SM_NEED_LIMBO;
	if (u->need)
		return -EAGAIN;
	effect = sm_decide(u, verb, u->fresh ? sm_entry_value(u->fresh) : NULL);
	if (effect < 0)
		return effect;
	u->effect = effect;
	if (effect == SM_EFFECT_STORE) {
		u->need = sm_plan_store(u, verb);
	} else if (effect == SM_EFFECT_REMOVE) {
		u->entries = -1;
		u->bytes = -(long)sm_entry_bytes(u->entry);
		u->need = u->reserve ? SM_NEED_NOTHING : SM_NEED_LIMBO;
	}
	return u->need ? -EAGAIN : 0;
}

/*
 * Readers find the entry from the store of its tag on, complete and in its slot.
 * Pairs with sm_load_tags() and sm_slot_rcu() in sm_find_from() and gather_line().
 */
static inline void sm_publish_entry(struct sm_line *line, unsigned int slot,
				    struct sm_entry *e)
{
	rcu_assign_pointer(line->slot[slot], e);
	sm_publish_tags(line, line->tags | sm_tag(e->hash) << (8 * slot));
}

static inline void sm_tagged_insert(struct sm_update *u)
{
	lockdep_assert_held(&u->shard->lock);
	if (u->slot == SM_SLOTS) {
		u->line = sm_add_overflow(u->shard, u->line);
		u->slot = 1;
	}
	sm_publish_entry(u->line, u->slot, u->fresh);
}

/* The key is never absent: its slot goes from one entry to the other. */
static inline void sm_tagged_replace(struct sm_update *u)
{
	lockdep_assert_held(&u->shard->lock);
	/* Pairs with sm_slot_rcu() in sm_find_from() and gather_line(). */
	rcu_assign_pointer(u->line->slot[u->slot], u->fresh);
	u->old = u->entry;
}

/* The tag goes first, so that a reader rarely looks at the empty slot. */
static inline void sm_remove_slot(struct sm_line *line, unsigned int slot)
{
	sm_publish_tags(line, line->tags & ~(0xffUL << (8 * slot)));
	RCU_INIT_POINTER(line->slot[slot], NULL);
}

static inline void sm_store_in_place(struct sm_update *u, u64 number)
{
	struct sm_entry *e = u->entry;

	lockdep_assert_held(&u->shard->lock);
	atomic64_set(&e->version, u->state.version | SM_VERSION_BUSY);
	/*
	 * Both pair with the acquires in entry_read() and sm_entry_show(); the first,
	 * for the busy mark before it, also with the one in get_request().
	 */
	atomic64_set_release((atomic64_t *)sm_entry_value(e), number);
	atomic64_set_release(&e->version, u->version);
	if (e->flags & SM_ENTRY_TRACKED)
		WRITE_ONCE(e->used, 1);
}

static __always_inline u64 sm_number_to_store(const struct sm_update *u,
					      unsigned int verb)
{
	if (verb == SHARDMAP_DO_ADD)
		return u->state.number + u->req->delta;
	if (verb == SM_DO_UPDATE)
		return *(const u64 *)sm_entry_value(u->fresh);
	return get_unaligned((const u64 *)u->req->value);
}

static __always_inline void sm_tagged_store(struct sm_update *u,
					    unsigned int verb)
{
	struct sm_shard *shard = u->shard;
	struct sm_entry *e = u->fresh;

	lockdep_assert_held(&shard->lock);
	u->version = ++shard->version;
	if (sm_is_in_place(u, verb)) {
		sm_store_in_place(u, sm_number_to_store(u, verb));
		return;
	}
	if (e->flags & SM_ENTRY_EXPIRES) {
		u->expires = *sm_entry_expires(e);
		if (u->expires < shard->expire_at)
			WRITE_ONCE(shard->expire_at, u->expires);
	}
	atomic64_set(&e->version, u->version);
	if (u->entry)
		sm_tagged_replace(u);
	else
		sm_tagged_insert(u);
	u->fresh = NULL;
}

/**
 * sm_tagged_apply() - Do to the line what was planned.
 * @u: the update, with what it takes held
 * @verb: the request's
 *
 * Context: Shard lock held.
 */
static __always_inline void sm_tagged_apply(struct sm_update *u,
					    unsigned int verb)
{
	const struct shardmap_request *req = u->req;

	lockdep_assert_held(&u->shard->lock);
	if (u->effect == SM_EFFECT_NONE) {
		if (u->state.there && !(req->flags & SHARDMAP_REQ_NO_TOUCH))
			sm_entry_use(u->entry);
		return;
	}
	/* What it takes the place of had ended, as far as anybody can tell. */
	if (u->entry && !u->state.there) {
		WRITE_ONCE(u->shard->expired, u->shard->expired + 1);
		sm_notify(u->map, SHARDMAP_EVENT_EXPIRE, req->key, req->key_len,
			  atomic64_read(&u->entry->version));
	}
	if (u->effect == SM_EFFECT_STORE) {
		sm_tagged_store(u, verb);
	} else {
		sm_remove_slot(u->line, u->slot);
		u->old = u->entry;
	}
}

#endif /* _SHARDMAP_CORE_TAGGED_H */
