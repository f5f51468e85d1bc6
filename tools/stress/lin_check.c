// SPDX-License-Identifier: GPL-2.0-only
/*
 * Linearizability of one key, after Wing and Gong (1993), with the states that
 * were seen remembered (Lowe, 2017): the history is read once, in order of time,
 * and the checker keeps every configuration that the key may be in.  An operation
 * that returns must have had its effect, so all others that are going on are tried
 * before it, in every order.  When none is going on, a configuration is a state
 * alone: what came before needs no memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lin.h"
#include "random.h"

#define ROOM_MIN 16
#define QUICK_NS 100000 /* preempted, if longer */

static int set_resize(struct lin_set *set, unsigned int room)
{
	struct lin_config *items =
		realloc(set->items, room * sizeof(*set->items));

	if (!items)
		return -ENOMEM;
	set->items = items;
	free(set->index);
	free(set->stamps);
	set->index = calloc(2 * room, sizeof(*set->index));
	set->stamps = calloc(2 * room, sizeof(*set->stamps));
	if (!set->index || !set->stamps)
		return -ENOMEM;
	set->room = room;
	set->stamp = 1;
	return 0;
}

static void set_free(struct lin_set *set)
{
	free(set->items);
	free(set->index);
	free(set->stamps);
}

static void set_clear(struct lin_set *set)
{
	set->nr = 0;
	if (!++set->stamp) {
		memset(set->stamps, 0, 2 * set->room * sizeof(*set->stamps));
		set->stamp = 1;
	}
}

static bool same_config(const struct lin_config *a, const struct lin_config *b)
{
	return a->done == b->done && a->state.version == b->state.version &&
	       lin_same(a->state.value, b->state.value);
}

/* Where @config is, or the free place for it */
static unsigned int set_find(const struct lin_set *set,
			     const struct lin_config *config)
{
	unsigned int mask = 2 * set->room - 1;
	unsigned int at = mix64(config->state.value.number ^
				mix64(config->state.version + config->done)) &
			  mask;

	while (set->stamps[at] == set->stamp &&
	       !same_config(&set->items[set->index[at]], config))
		at = (at + 1) & mask;
	return at;
}

static void set_enter(struct lin_set *set, unsigned int at, unsigned int item)
{
	set->stamps[at] = set->stamp;
	set->index[at] = item;
}

static int set_grow(struct lin_set *set)
{
	int err = set_resize(set, 2 * set->room);

	for (unsigned int i = 0; !err && i < set->nr; i++)
		set_enter(set, set_find(set, &set->items[i]), i);
	return err;
}

/* Nothing if it is there already */
static int set_add(struct lin_set *set, const struct lin_config *config)
{
	unsigned int at = set_find(set, config);

	if (set->stamps[at] == set->stamp)
		return 0;
	if (set->nr == set->room) {
		int err = set_grow(set);

		if (err)
			return err;
		at = set_find(set, config);
	}
	set_enter(set, at, set->nr);
	set->items[set->nr++] = *config;
	return 0;
}

int lin_checker_init(struct lin_checker *checker)
{
	int err;

	*checker = (struct lin_checker){};
	err = set_resize(&checker->now, ROOM_MIN);
	return err ? err : set_resize(&checker->next, ROOM_MIN);
}

void lin_checker_free(struct lin_checker *checker)
{
	set_free(&checker->now);
	set_free(&checker->next);
}

void lin_checker_start(struct lin_checker *checker)
{
	checker->mask = 0;
	checker->quick = 0;
	checker->overlapping = 0;
	checker->overlapping_quick = 0;
	set_clear(&checker->now);
}

int lin_checker_add(struct lin_checker *checker,
		    const struct lin_config *config)
{
	return set_add(&checker->now, config);
}

static void called(struct lin_checker *checker, const struct lin_event *event)
{
	struct lin_op *op = event->op;
	uint32_t bit = 1u << event->slot;

	checker->going_on[event->slot] = op;
	if (checker->mask)
		checker->overlapping |= checker->mask | bit;
	checker->mask |= bit;
	if (op->response - op->invoke >= QUICK_NS)
		return;
	if (checker->quick)
		checker->overlapping_quick |= checker->quick | bit;
	checker->quick |= bit;
}

/* For the figures */
static void ended(struct lin_checker *checker, uint32_t bit)
{
	checker->overlapped += !!(checker->overlapping & bit);
	checker->overlapped_quick += !!(checker->overlapping_quick & bit);
	checker->overlapping &= ~bit;
	checker->overlapping_quick &= ~bit;
	checker->mask &= ~bit;
	checker->quick &= ~bit;
}

/* All that may come of @config, by one operation that is going on */
static int take_effect(struct lin_checker *checker,
		       const struct lin_config *config, unsigned int returning)
{
	uint32_t left = checker->mask & ~config->done;
	int err = 0;

	while (left && !err) {
		unsigned int slot = __builtin_ctz(left);
		const struct lin_op *op = checker->going_on[slot];
		struct lin_config after = *config;

		left &= left - 1;
		if (!lin_models[op->kind].step(op, &after.state))
			continue;
		if (slot == returning) {
			err = set_add(&checker->next, &after);
		} else {
			after.done |= 1u << slot;
			err = set_add(&checker->now, &after);
		}
	}
	return err;
}

/* Leaves the configurations in which the operation of @slot had its effect. */
static int returned(struct lin_checker *checker, unsigned int slot)
{
	uint32_t bit = 1u << slot;
	struct lin_set swap;

	set_clear(&checker->next);
	/* The set grows meanwhile, by what is reached. */
	for (unsigned int i = 0; i < checker->now.nr; i++) {
		struct lin_config config = checker->now.items[i];
		int err;

		if (config.done & bit) {
			config.done &= ~bit;
			err = set_add(&checker->next, &config);
		} else {
			err = take_effect(checker, &config, slot);
		}
		if (err)
			return err;
	}
	ended(checker, bit);
	swap = checker->now;
	checker->now = checker->next;
	checker->next = swap;
	return checker->now.nr > 0;
}

int lin_checker_event(struct lin_checker *checker,
		      const struct lin_event *event)
{
	if (event->returns)
		return returned(checker, event->slot);
	called(checker, event);
	return 1;
}

void lin_cursor_init(struct lin_cursor *cursor,
		     const struct lin_history *history)
{
	cursor->history = history;
	cursor->inside = 0;
	memcpy(cursor->at, history->first, sizeof(cursor->at));
}

/* At the same time, calls come before returns: then they overlap. */
bool lin_cursor_next(struct lin_cursor *cursor, struct lin_event *event)
{
	uint64_t first = UINT64_MAX;

	event->op = NULL;
	for (unsigned int i = 0; i < cursor->history->slots; i++) {
		struct lin_op *op;
		bool returns = cursor->inside & 1u << i;
		uint64_t time;

		if (cursor->at[i] == LIN_NONE)
			continue;
		op = &cursor->history->ops[i][cursor->at[i]];
		time = returns ? op->response : op->invoke;
		if (event->op && (time > first ||
				  (time == first && returns >= event->returns)))
			continue;
		first = time;
		*event = (struct lin_event){ op, i, returns };
	}
	if (!event->op)
		return false;
	cursor->inside ^= 1u << event->slot;
	if (event->returns)
		cursor->at[event->slot] = event->op->next;
	return true;
}

int lin_check(struct lin_checker *checker, const struct lin_history *history)
{
	struct lin_config start = { .state = history->start };
	struct lin_cursor cursor;
	struct lin_event event;
	int ret;

	lin_checker_start(checker);
	ret = lin_checker_add(checker, &start);
	if (ret)
		return ret;
	lin_cursor_init(&cursor, history);
	while (lin_cursor_next(&cursor, &event)) {
		ret = lin_checker_event(checker, &event);
		if (ret <= 0)
			return ret;
	}
	return 1;
}
