// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is known of elements, and what may be found by whom.
 *
 * A key holds one element.  So who has seen one there, or nothing, knows of all others
 * that they are gone, if they had been stored before he began.  Time is a count that
 * goes on with each such finding; all accesses are sequentially consistent.
 */
#include <errno.h>
#include <time.h>

#include "torture.h"

#define STATE_BITS 2
#define STATE_MASK ((1u << STATE_BITS) - 1)

static uint64_t tag(uint64_t element, enum torture_state state)
{
	return element << STATE_BITS | state;
}

static uint64_t tag_element(uint64_t tag)
{
	return tag >> STATE_BITS;
}

static enum torture_state tag_state(uint64_t tag)
{
	return tag & STATE_MASK;
}

static struct torture_slot *slot_of(struct torture_key *key, uint64_t element)
{
	return &key->slots[element % TORTURE_SLOTS];
}

static uint64_t boot_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

static void raise_to(_Atomic uint64_t *p, uint64_t value)
{
	uint64_t old = atomic_load(p);

	while (old < value && !atomic_compare_exchange_weak(p, &old, value))
		;
}

/* The slot's last element must be known to be gone, and to everybody. */
static bool claim(struct torture_age *age, struct torture_key *key,
		  struct torture_call *call)
{
	uint64_t element = atomic_fetch_add(&key->next, 1) + 1;
	struct torture_slot *slot = slot_of(key, element);
	uint64_t old = atomic_load(&slot->tag);
	uint64_t gone = atomic_load(&slot->gone), ended, clears_ended;

	call->mine = 0;
	if (old &&
	    (!gone || tag_state(old) == TORTURE_NEW ||
	     tag_state(old) == TORTURE_STORED || tag_element(old) > element))
		return false;
	raise_to(&key->forgotten, gone);
	if (!atomic_compare_exchange_strong(&slot->tag, &old,
					    tag(element, TORTURE_NEW)))
		return false;
	atomic_store(&slot->gone, 0);
	atomic_store(&slot->ends, 0);
	/* None goes on if as many have ended as have begun by now. */
	ended = atomic_load(&key->removals_ended);
	clears_ended = atomic_load(&age->clears_ended);
	atomic_store(&slot->clears, atomic_load(&age->clears_begun));
	atomic_store(&slot->removals, atomic_load(&key->removals_begun));
	if (ended != atomic_load(&slot->removals) ||
	    clears_ended != atomic_load(&slot->clears))
		atomic_store(&slot->removals, UINT64_MAX);
	call->mine = element;
	return true;
}

static void note_stored(struct torture_key *key, uint64_t *before)
{
	for (unsigned int i = 0; i < TORTURE_SLOTS; i++) {
		uint64_t now = atomic_load(&key->slots[i].tag);

		before[i] = tag_state(now) == TORTURE_STORED ? now : 0;
	}
}

static bool stores(const struct torture_call *call)
{
	return call->opcode == SHARDMAP_OP_PUT ||
	       call->opcode == SHARDMAP_OP_CAS ||
	       call->opcode == SHARDMAP_OP_GET_OR_PUT;
}

static bool removes(const struct torture_call *call)
{
	return call->opcode == SHARDMAP_OP_DELETE ||
	       call->opcode == SHARDMAP_OP_TAKE || call->ttl;
}

void torture_age_now(const struct torture_age *age, struct torture_call *call)
{
	call->start = atomic_load(&age->clock);
	call->start_ns = boot_ns();
}

bool torture_age_begin(struct torture_age *age, struct torture_call *call)
{
	struct torture_key *key = &age->keys[call->key];

	call->mine = 0;
	if (stores(call) && !claim(age, key, call))
		return false;
	call->removes = removes(call);
	if (call->removes)
		atomic_fetch_add(&key->removals_begun, 1);
	note_stored(key, call->before);
	torture_age_now(age, call);
	return true;
}

/* Elements stored before are gone, except the one that is there. */
static void note_gone(struct torture_age *age, struct torture_key *key,
		      const uint64_t *before, uint64_t there)
{
	uint64_t now = 0;

	for (unsigned int i = 0; i < TORTURE_SLOTS; i++) {
		uint64_t old = before[i];
		struct torture_slot *slot = &key->slots[i];

		if (!old || tag_element(old) == there ||
		    !atomic_compare_exchange_strong(&slot->tag, &old,
						    tag(tag_element(old),
							TORTURE_GONE)))
			continue;
		if (!now)
			now = atomic_fetch_add(&age->clock, 1) + 1;
		atomic_store(&slot->gone, now);
	}
}

static void found_in_slot(const struct torture_call *call, uint64_t now,
			  uint64_t gone, uint64_t ends,
			  struct torture_totals *totals)
{
	if (tag_state(now) == TORTURE_FAILED)
		totals->unexpected++;
	else if (tag_state(now) == TORTURE_GONE && gone && gone <= call->start)
		totals->stale++;
	else if (ends && ends < call->start_ns)
		totals->outlived++;
}

void torture_age_found(struct torture_age *age, const struct torture_call *call,
		       uint64_t element, struct torture_totals *totals)
{
	struct torture_key *key = &age->keys[call->key];
	struct torture_slot *slot = slot_of(key, element);
	uint64_t now = atomic_load(&slot->tag);
	uint64_t gone = atomic_load(&slot->gone);
	uint64_t ends = atomic_load(&slot->ends);

	totals->found++;
	if (atomic_load(&slot->tag) != now)
		now = atomic_load(&slot->tag);
	if (!element || element > atomic_load(&key->next) ||
	    tag_element(now) < element) {
		totals->unexpected++;
	} else if (tag_element(now) == element) {
		found_in_slot(call, now, gone, ends, totals);
	} else if (atomic_load(&key->forgotten) <= call->start) {
		/* All that has no slot any more was gone by then. */
		totals->stale++;
	} else {
		totals->forgotten++;
	}
}

static void note_told(struct torture_age *age, const struct torture_call *call,
		      struct torture_totals *totals)
{
	struct torture_slot *slot = slot_of(&age->keys[call->key], call->found);

	if (atomic_exchange(&slot->told, call->found) == call->found)
		totals->twice++;
}

/* Something was stored before that nobody can have removed since. */
static bool must_be_there(struct torture_age *age,
			  const struct torture_call *call)
{
	struct torture_key *key = &age->keys[call->key];
	uint64_t removals = atomic_load(&key->removals_begun);
	uint64_t clears = atomic_load(&age->clears_begun);

	for (unsigned int i = 0; i < TORTURE_SLOTS && !age->evicts; i++) {
		struct torture_slot *slot = &key->slots[i];
		bool same = call->before[i] &&
			    atomic_load(&slot->removals) == removals &&
			    atomic_load(&slot->clears) == clears;

		/* If the slot is another element's, it tells nothing. */
		if (same && tag_element(atomic_load(&slot->tag)) ==
				    tag_element(call->before[i]))
			return true;
	}
	return false;
}

static bool has_stored(const struct torture_call *call)
{
	return call->mine && !call->status &&
	       (call->opcode != SHARDMAP_OP_GET_OR_PUT || call->inserted);
}

static void end_mine(struct torture_age *age, const struct torture_call *call)
{
	struct torture_slot *slot = slot_of(&age->keys[call->key], call->mine);
	bool stored = has_stored(call);

	if (stored && call->ttl)
		atomic_store(&slot->ends, boot_ns() + call->ttl);
	if (!stored)
		atomic_store(&slot->gone, atomic_fetch_add(&age->clock, 1) + 1);
	atomic_store(&slot->tag,
		     tag(call->mine, stored ? TORTURE_STORED : TORTURE_FAILED));
}

/* What was there when the call had its effect; false if it does not tell. */
static bool knows_what_is_there(const struct torture_call *call,
				uint64_t *there)
{
	*there = 0;
	if (call->status)
		return call->status == -ENOENT;
	if (has_stored(call))
		*there = call->mine;
	else if (!call->removes || call->ttl)
		*there = call->found;
	return true;
}

/* Has the call taken the element that it found out of the table? */
static bool took_out(const struct torture_call *call)
{
	return call->found && !call->status &&
	       (call->opcode == SHARDMAP_OP_TAKE ||
		call->opcode == SHARDMAP_OP_DELETE ||
		call->opcode == SHARDMAP_OP_CAS ||
		call->opcode == SHARDMAP_OP_PUT);
}

void torture_age_end(struct torture_age *age, struct torture_call *call,
		     struct torture_totals *totals)
{
	struct torture_key *key = &age->keys[call->key];
	uint64_t there;

	if (call->found && !call->status)
		torture_age_found(age, call, call->found, totals);
	if (took_out(call))
		note_told(age, call, totals);
	if (call->status == -ENOENT && !call->removes)
		totals->missing += must_be_there(age, call);
	if (call->mine)
		end_mine(age, call);
	if (knows_what_is_there(call, &there))
		note_gone(age, key, call->before, there);
	if (call->removes)
		atomic_fetch_add(&key->removals_ended, 1);
}

void torture_age_clear_begin(struct torture_age *age, uint64_t keys,
			     uint64_t *before)
{
	atomic_fetch_add(&age->clears_begun, 1);
	for (uint64_t i = 0; i < keys; i++)
		note_stored(&age->keys[i], before + i * TORTURE_SLOTS);
}

void torture_age_clear_end(struct torture_age *age, uint64_t keys,
			   const uint64_t *before, bool all)
{
	for (uint64_t i = 0; i < keys && all; i++)
		note_gone(age, &age->keys[i], before + i * TORTURE_SLOTS, 0);
	atomic_fetch_add(&age->clears_ended, 1);
}
