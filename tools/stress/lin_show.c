// SPDX-License-Identifier: GPL-2.0-only
/*
 * The few operations that show a violation: from the last moment at which the
 * state of the key is certain, before the operation that nothing explains and the
 * one whose value it found, without the reads that are not needed.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lin.h"

#define WINDOW_MAX 4096 /* operations, of which reads are looked at */
#define SHOWN_MAX 40
#define FAR 200 /* operations */

/* A moment in a history, at which all configurations have the same state */
struct moment {
	struct lin_cursor cursor;
	struct lin_config *configs;
	unsigned int nr_configs;
	uint32_t mask; /* slots of what is going on */
	struct lin_op *going_on[LIN_SLOTS];
};

struct item {
	struct lin_op *op;
	unsigned int slot;
	bool tried; /* hidden for now */
};

struct window {
	const struct lin_history *history;
	struct lin_checker checker;
	struct moment start;
	struct lin_event bad; /* the return that nothing explains */
	struct item *items; /* by the time of their call */
	unsigned int nr;
};

static int start_over(struct window *window)
{
	struct lin_config start = { .state = window->history->start };

	lin_checker_start(&window->checker);
	return lin_checker_add(&window->checker, &start);
}

/* Goes on until the result that nothing explains. */
static int find_bad(struct window *window)
{
	struct lin_cursor cursor;
	int ret = start_over(window);

	if (ret)
		return ret;
	lin_cursor_init(&cursor, window->history);
	while (lin_cursor_next(&cursor, &window->bad)) {
		ret = lin_checker_event(&window->checker, &window->bad);
		if (ret <= 0)
			return ret;
	}
	return -EINVAL;
}

/*
 * When the value was stored that the bad operation found; UINT64_MAX if that is
 * not known, or too long ago to be shown
 */
static uint64_t origin(const struct window *window)
{
	const struct lin_op *bad = window->bad.op;
	uint64_t last = UINT64_MAX;
	struct lin_cursor cursor;
	struct lin_event event;
	unsigned int since = 0;

	if (bad->status || bad->found.form == LIN_ABSENT)
		return last;
	lin_cursor_init(&cursor, window->history);
	while (lin_cursor_next(&cursor, &event)) {
		if (event.op->invoke > bad->response)
			break;
		since += !event.returns;
		if (event.returns || event.op == bad ||
		    !lin_same(lin_left(event.op), bad->found))
			continue;
		last = event.op->invoke;
		since = 0;
	}
	return since > FAR ? UINT64_MAX : last;
}

static bool is_certain(const struct lin_set *set)
{
	for (unsigned int i = 1; i < set->nr; i++)
		if (!lin_same(set->items[i].state.value,
			      set->items[0].state.value) ||
		    set->items[i].state.version != set->items[0].state.version)
			return false;
	return true;
}

static int keep_moment(struct window *window, const struct lin_cursor *cursor)
{
	const struct lin_checker *checker = &window->checker;
	struct moment *start = &window->start;
	size_t size = checker->now.nr * sizeof(*start->configs);
	struct lin_config *configs;

	if (!is_certain(&checker->now))
		return 0;
	configs = realloc(start->configs, size);
	if (!configs)
		return -ENOMEM;
	memcpy(configs, checker->now.items, size);
	start->configs = configs;
	start->nr_configs = checker->now.nr;
	start->cursor = *cursor;
	start->mask = checker->mask;
	memcpy(start->going_on, checker->going_on, sizeof(checker->going_on));
	return 0;
}

/* The last moment with a certain state before both of them were called */
static int find_start(struct window *window)
{
	uint64_t limit = window->bad.op->invoke, stored = origin(window);
	struct lin_cursor cursor;
	struct lin_event event;
	int ret = start_over(window);

	if (ret)
		return ret;
	if (stored < limit)
		limit = stored;
	lin_cursor_init(&cursor, window->history);
	ret = keep_moment(window, &cursor);
	while (!ret && lin_cursor_next(&cursor, &event)) {
		if ((event.returns ? event.op->response : event.op->invoke) >=
		    limit)
			break;
		ret = lin_checker_event(&window->checker, &event);
		if (ret <= 0)
			return ret;
		ret = keep_moment(window, &cursor);
	}
	return ret;
}

static int add_item(struct window *window, struct lin_op *op, unsigned int slot)
{
	struct item *items = window->items;

	/* Grows at each power of two. */
	if (!(window->nr & (window->nr - 1))) {
		size_t room = window->nr ? 2 * (size_t)window->nr : 1;

		items = realloc(items, room * sizeof(*items));
		if (!items)
			return -ENOMEM;
		window->items = items;
	}
	items[window->nr++] = (struct item){ .op = op, .slot = slot };
	return 0;
}

static int collect(struct window *window)
{
	struct lin_cursor cursor = window->start.cursor;
	struct lin_event event;
	int err = 0;

	for (unsigned int slot = 0; !err && slot < LIN_SLOTS; slot++)
		if (window->start.mask & 1u << slot)
			err = add_item(window, window->start.going_on[slot],
				       slot);
	while (!err && lin_cursor_next(&cursor, &event)) {
		if (event.returns && event.op == window->bad.op)
			break;
		if (!event.returns)
			err = add_item(window, event.op, event.slot);
	}
	return err;
}

/* 0: there is still no explanation without what is left out. */
static int check_window(struct window *window)
{
	struct lin_checker *checker = &window->checker;
	struct lin_cursor cursor = window->start.cursor;
	struct lin_event event;
	uint32_t mask = window->start.mask;
	int ret = 0;

	for (unsigned int slot = 0; slot < LIN_SLOTS; slot++)
		if (mask & 1u << slot && window->start.going_on[slot]->hidden)
			mask &= ~(1u << slot);
	lin_checker_start(checker);
	for (unsigned int i = 0; !ret && i < window->start.nr_configs; i++) {
		struct lin_config config = window->start.configs[i];

		config.done &= mask;
		ret = lin_checker_add(checker, &config);
	}
	if (ret)
		return ret;
	checker->mask = mask;
	memcpy(checker->going_on, window->start.going_on,
	       sizeof(checker->going_on));
	while (lin_cursor_next(&cursor, &event)) {
		if (event.op->hidden)
			continue;
		ret = lin_checker_event(checker, &event);
		if (ret <= 0 || (event.returns && event.op == window->bad.op))
			return ret;
	}
	return 1;
}

/* Hides the reads among so many items, if there is no explanation without them. */
static int try_without(struct window *window, unsigned int from,
		       unsigned int nr)
{
	unsigned int tried = 0;
	int ret;

	for (unsigned int i = from; i < from + nr && i < window->nr; i++) {
		struct item *item = &window->items[i];

		item->tried = item->op != window->bad.op && !item->op->hidden &&
			      lin_is_read(item->op);
		item->op->hidden |= item->tried;
		tried += item->tried;
	}
	ret = tried ? check_window(window) : 0;
	for (unsigned int i = from; i < from + nr && i < window->nr; i++)
		if (ret && window->items[i].tried)
			window->items[i].op->hidden = false;
	return ret < 0 ? ret : 0;
}

/*
 * An order that explains some operations explains them without a read, too.  So
 * what has no explanation without the read has none with it.  Many are tried at
 * once, then fewer.
 */
static int reduce(struct window *window)
{
	if (window->nr > WINDOW_MAX)
		return 0;
	for (unsigned int nr = window->nr; nr; nr /= 2)
		for (unsigned int i = 0; i < window->nr; i += nr) {
			int err = try_without(window, i, nr);

			if (err)
				return err;
		}
	return 0;
}

static void print_value(FILE *to, const char *what, struct lin_value value)
{
	static const char *const forms[] = {
		[LIN_WORD] = "",
		[LIN_LONG] = "long ",
	};

	if (value.form == LIN_ABSENT)
		fprintf(to, " %snothing", what);
	else if (value.form == LIN_TORN)
		fprintf(to, " %sa value that nobody stored", what);
	else
		fprintf(to, " %s%s0x%" PRIx64, what, forms[value.form],
			value.number);
}

static void print_result(FILE *to, const struct lin_op *op)
{
	const char *name = strerrorname_np(-op->status);

	fputs(" ->", to);
	if (op->status) {
		fprintf(to, " %s", name ? name : "an unknown error");
		return;
	}
	if (op->inserted)
		fputs(" inserted", to);
	if (op->found.form != LIN_ABSENT)
		print_value(to, "found ", op->found);
	else if (!op->inserted)
		fputs(" done", to);
	if (op->version)
		fprintf(to, ", version %" PRIu64, op->version);
}

static void print_item(FILE *to, const struct window *window,
		       const struct item *item, uint64_t zero)
{
	const struct lin_op *op = item->op;
	const struct lin_model *model = &lin_models[op->kind];

	fprintf(to, "  %6u %9" PRIu64 " %9" PRIu64 "  %s", item->slot,
		op->invoke - zero, op->response - zero, model->name);
	if (op->store.form != LIN_ABSENT)
		print_value(to, "", op->store);
	if (op->delta)
		fprintf(to, " +%" PRIu64, op->delta);
	if (op->expect.form != LIN_ABSENT)
		print_value(to, "if ", op->expect);
	if (op->expect_version)
		fprintf(to, " if version %" PRIu64, op->expect_version);
	print_result(to, op);
	if (window->start.mask & 1u << item->slot &&
	    window->start.going_on[item->slot] == op)
		fputs(" (was going on at the start)", to);
	if (op == window->bad.op)
		fputs(" <- not explained", to);
	fputc('\n', to);
}

static void print(FILE *to, unsigned int key, const struct window *window)
{
	const struct lin_state *state = &window->start.configs[0].state;
	unsigned int kept = 0, skip = 0;
	uint64_t zero = UINT64_MAX;

	for (unsigned int i = 0; i < window->nr; i++) {
		kept += !window->items[i].op->hidden;
		if (window->items[i].op->invoke < zero)
			zero = window->items[i].op->invoke;
	}
	fprintf(to,
		"shardmap-stress: key %u: no order of %u operations explains "
		"their results (times in ns)\n  at the start the key has",
		key, kept);
	print_value(to, "", state->value);
	fprintf(to, "\n  %6s %9s %9s\n", "thread", "called", "returned");
	if (kept > SHOWN_MAX) {
		skip = kept - SHOWN_MAX;
		fprintf(to, "  (the first %u are not shown)\n", skip);
	}
	for (unsigned int i = 0; i < window->nr; i++) {
		if (window->items[i].op->hidden)
			continue;
		if (skip)
			skip--;
		else
			print_item(to, window, &window->items[i], zero);
	}
}

int lin_show(FILE *to, unsigned int key, const struct lin_history *history)
{
	struct window window = { .history = history };
	int err = lin_checker_init(&window.checker);

	if (!err)
		err = find_bad(&window);
	if (!err)
		err = find_start(&window);
	if (!err)
		err = collect(&window);
	if (!err)
		err = reduce(&window);
	if (!err)
		print(to, key, &window);
	free(window.start.configs);
	free(window.items);
	lin_checker_free(&window.checker);
	return err;
}
