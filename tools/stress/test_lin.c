// SPDX-License-Identifier: GPL-2.0-only
/* Histories made by hand, and random ones that are known to be good. */
#undef NDEBUG
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lin.h"
#include "random.h"

#define OPS_MAX 2000

static struct lin_checker checker;
static struct lin_op ops[LIN_THREADS_MAX][OPS_MAX];
static unsigned int nr_ops[LIN_THREADS_MAX];
static struct lin_state start;

static struct lin_value word(uint64_t number)
{
	return (struct lin_value){ number, LIN_WORD };
}

static struct lin_value longer(uint64_t number)
{
	return (struct lin_value){ number, LIN_LONG };
}

/* An absent key, or one with a value of version 1 */
static void begin(struct lin_value value)
{
	memset(nr_ops, 0, sizeof(nr_ops));
	start = (struct lin_state){ value, value.form != LIN_ABSENT };
}

static struct lin_op *op(unsigned int thread, uint64_t from, uint64_t to,
			 enum lin_kind kind, int status)
{
	struct lin_op *new = &ops[thread][nr_ops[thread]++];

	*new = (struct lin_op){ .invoke = from,
				.response = to,
				.kind = kind,
				.status = status,
				.next = LIN_NONE };
	if (nr_ops[thread] > 1)
		new[-1].next = nr_ops[thread] - 1;
	return new;
}

static void get(unsigned int thread, uint64_t from, uint64_t to,
		struct lin_value found)
{
	struct lin_op *new = op(thread, from, to, LIN_GET,
				found.form == LIN_ABSENT ? -ENOENT : 0);

	new->found = found;
	new->version = found.number;
}

/* The version is the number that is stored. */
static void store(unsigned int thread, uint64_t from, uint64_t to,
		  enum lin_kind kind, struct lin_value value, bool inserted)
{
	struct lin_op *new = op(thread, from, to, kind, 0);

	new->store = value;
	new->version = value.number;
	new->inserted = inserted;
}

static void add(unsigned int thread, uint64_t from, uint64_t to, uint64_t delta,
		uint64_t before)
{
	struct lin_op *new = op(thread, from, to, LIN_ADD, 0);

	new->delta = delta;
	new->found = word(before);
	new->version = before + delta;
}

static struct lin_history history(void)
{
	struct lin_history made = { .slots = LIN_THREADS_MAX, .start = start };

	for (unsigned int i = 0; i < LIN_THREADS_MAX; i++) {
		made.ops[i] = ops[i];
		made.first[i] = nr_ops[i] ? 0 : LIN_NONE;
	}
	return made;
}

static bool good(void)
{
	struct lin_history made = history();
	int ret = lin_check(&checker, &made);

	assert(ret >= 0);
	return ret;
}

static const struct lin_value nothing = { .form = LIN_ABSENT };

static void check_reads(void)
{
	/* A put and gets at the same time: before and after it */
	begin(word(1));
	store(0, 10, 50, LIN_PUT, word(2), false);
	get(1, 15, 20, word(1));
	get(1, 25, 30, word(2));
	assert(good());

	/* ... but not back again */
	begin(word(1));
	store(0, 10, 50, LIN_PUT, word(2), false);
	get(1, 15, 20, word(2));
	get(2, 25, 30, word(1));
	assert(!good());

	/* Stale: the put had returned */
	begin(word(1));
	store(0, 10, 20, LIN_PUT, word(2), false);
	get(1, 30, 40, word(1));
	assert(!good());

	/* Returned and called at the same time: either order */
	begin(word(1));
	store(0, 10, 30, LIN_PUT, word(2), false);
	get(1, 30, 40, word(1));
	assert(good());

	/* From the future, never stored, torn */
	begin(word(1));
	get(1, 10, 20, word(2));
	store(0, 30, 40, LIN_PUT, word(2), false);
	assert(!good());
	begin(word(1));
	get(0, 10, 20, word(3));
	assert(!good());
	begin(longer(1));
	get(0, 10, 20, (struct lin_value){ 1, LIN_TORN });
	assert(!good());

	/* The number of a word as that of a long value */
	begin(longer(1));
	get(0, 10, 20, longer(1));
	assert(good());
	get(0, 30, 40, word(1));
	assert(!good());
}

/* Two readers see two puts in different order. */
static void check_order(void)
{
	begin(nothing);
	store(0, 10, 100, LIN_PUT, word(1), true);
	store(1, 10, 100, LIN_PUT, word(2), false);
	get(2, 20, 30, word(1));
	get(2, 40, 50, word(2));
	assert(good());
	get(3, 60, 70, word(1));
	assert(!good());

	/* A get between two puts of one thread */
	begin(nothing);
	store(0, 10, 20, LIN_PUT, word(1), true);
	store(0, 30, 40, LIN_PUT, word(2), false);
	get(1, 15, 35, word(1));
	assert(good());
	get(1, 36, 60, word(1));
	assert(good());
	get(1, 61, 70, word(2));
	assert(good());
	get(1, 71, 80, nothing);
	assert(!good());
}

static void check_presence(void)
{
	/* Double insertion */
	begin(nothing);
	store(0, 10, 40, LIN_PUT_NOEXIST, word(1), true);
	op(1, 20, 30, LIN_PUT_NOEXIST, -EEXIST);
	assert(good());
	begin(nothing);
	store(0, 10, 40, LIN_PUT_NOEXIST, word(1), true);
	store(1, 20, 30, LIN_PUT_NOEXIST, word(2), true);
	assert(!good());
	/* ... with a deletion in between */
	op(2, 20, 30, LIN_DELETE, 0);
	assert(good());

	/* Double deletion */
	begin(word(1));
	op(0, 10, 40, LIN_DELETE, 0);
	op(1, 10, 40, LIN_DELETE, 0);
	assert(!good());
	begin(word(1));
	op(0, 10, 40, LIN_DELETE, 0);
	op(1, 10, 40, LIN_DELETE, -ENOENT);
	assert(good());

	/* A key that was gone for a moment */
	begin(word(1));
	store(0, 10, 40, LIN_PUT, word(2), false);
	get(1, 20, 30, nothing);
	assert(!good());
	begin(word(1));
	store(0, 10, 40, LIN_PUT_EXIST, word(2), false);
	op(1, 20, 30, LIN_PUT_EXIST, -ENOENT);
	assert(!good());

	/* An insertion that claims to have replaced */
	begin(nothing);
	store(0, 10, 20, LIN_PUT, word(1), false);
	assert(!good());

	begin(nothing);
	store(0, 10, 40, LIN_GET_OR_PUT, longer(7), true);
	op(1, 20, 30, LIN_GET_OR_PUT, 0)->found = longer(7);
	ops[1][0].version = 7;
	assert(good());
	ops[1][0].version = 6;
	assert(!good());
	ops[1][0].version = 7;
	ops[1][0].found.number = 8;
	assert(!good());
}

static void check_additions(void)
{
	begin(word(100));
	add(0, 10, 40, 5, 100);
	add(1, 10, 40, 7, 105);
	get(2, 50, 60, word(112));
	assert(good());

	/* Lost update: both found the same */
	begin(word(100));
	add(0, 10, 40, 5, 100);
	add(1, 10, 40, 7, 100);
	assert(!good());

	/* Lost update: a put in between is gone */
	begin(word(100));
	add(0, 10, 60, 5, 100);
	store(1, 20, 50, LIN_PUT, word(300), false);
	get(2, 70, 80, word(105));
	assert(!good());
	get(2, 70, 80, word(300));
	assert(!good());

	/* Against the order of time */
	begin(word(100));
	add(0, 10, 20, 5, 107);
	add(1, 30, 40, 7, 100);
	assert(!good());

	/* To nothing, to a long value, and with an initial value */
	begin(nothing);
	op(0, 10, 20, LIN_ADD, -ENOENT);
	store(0, 30, 40, LIN_ADD_CREATE, word(50), true);
	ops[0][1].delta = 3;
	ops[0][1].found = word(50);
	get(0, 50, 60, word(53));
	store(0, 70, 80, LIN_PUT, longer(60), false);
	op(0, 90, 100, LIN_ADD, -EINVAL);
	op(0, 110, 120, LIN_ADD_CREATE, -EINVAL);
	assert(good());
	ops[0][1].found = word(49);
	assert(!good());

	/* Modulo 2^64 */
	begin(word(UINT64_MAX));
	add(0, 10, 20, 2, UINT64_MAX);
	get(0, 30, 40, word(1));
	assert(good());
}

/* Conditions, and values that are given back */
static void check_exchanges(void)
{
	begin(nothing);
	store(0, 10, 20, LIN_SWAP, longer(5), true);
	store(0, 30, 40, LIN_SWAP, word(6), false);
	ops[0][1].found = longer(5);
	op(0, 50, 60, LIN_CAS_VALUE, -ESTALE)->expect = word(7);
	store(0, 70, 80, LIN_CAS_VALUE, word(8), false);
	ops[0][3].expect = word(6);
	op(0, 90, 100, LIN_DELETE_VERSION, -ESTALE)->expect_version = 6;
	store(0, 110, 120, LIN_CAS_VERSION, word(9), false);
	ops[0][5].expect_version = 8;
	op(0, 130, 140, LIN_DELETE_VALUE, -ESTALE)->expect = word(8);
	op(0, 150, 160, LIN_TAKE, 0)->found = word(9);
	ops[0][7].version = 9;
	op(0, 170, 180, LIN_TAKE, -ENOENT);
	op(0, 190, 200, LIN_CAS_VALUE, -ENOENT);
	op(0, 210, 220, LIN_CAS_VERSION, -ENOENT);
	assert(good());

	/* Both compared with the same value and won */
	begin(word(1));
	store(0, 10, 40, LIN_CAS_VALUE, word(2), false);
	store(1, 10, 40, LIN_CAS_VALUE, word(3), false);
	ops[0][0].expect = word(1);
	ops[1][0].expect = word(1);
	assert(!good());

	/* Both took it */
	begin(word(1));
	op(0, 10, 40, LIN_TAKE, 0)->found = word(1);
	ops[0][0].version = 1;
	assert(good());
	op(1, 10, 40, LIN_TAKE, 0)->found = word(1);
	ops[1][0].version = 1;
	assert(!good());
}

/* Thirteen that overlap: all orders that matter are tried, each once. */
static void check_many(void)
{
	begin(word(0));
	for (unsigned int i = 0; i < 12; i++)
		store(i, 10, 1000 + i, LIN_PUT, word(i + 1), false);
	for (unsigned int i = 12; i > 0; i--)
		get(12, 50 * (13 - i), 50 * (13 - i) + 40, word(i));
	get(12, 1300, 1400, word(1));
	assert(good());
	ops[12][12].found = word(2);
	assert(!good());
}

/* One after another on a key, each called and told of at random around it */
static void make_random(uint64_t seed, unsigned int threads)
{
	struct lin_state state = {};

	begin(nothing);
	for (unsigned int i = 0; i < threads * (OPS_MAX / 4); i++) {
		unsigned int thread = i % threads;
		uint64_t at = 1000 * (uint64_t)(i + threads);
		uint64_t around = 490 * threads;
		uint64_t from = at - random_below(&seed, around);
		uint64_t to = at + random_below(&seed, around);

		if (random_below(&seed, 2)) {
			get(thread, from, to, state.value);
		} else if (state.value.form == LIN_WORD &&
			   random_below(&seed, 2)) {
			add(thread, from, to, 1000000, state.value.number);
			state.value.number += 1000000;
		} else if (state.value.form != LIN_ABSENT &&
			   random_below(&seed, 3) == 0) {
			op(thread, from, to, LIN_DELETE, 0);
			state.value = nothing;
		} else {
			struct lin_value value = {
				i + 1, LIN_WORD + random_below(&seed, 2)
			};

			store(thread, from, to, LIN_PUT, value,
			      state.value.form == LIN_ABSENT);
			state.value = value;
		}
	}
}

/* Good ones stay good; a value read that was overwritten long ago is found. */
static void check_random(void)
{
	for (uint64_t seed = 1; seed <= 40; seed++) {
		unsigned int threads = 1 + seed % 8;
		unsigned int middle = OPS_MAX / 8;
		struct lin_op *op = &ops[0][middle], *old = ops[0];

		make_random(seed, threads);
		assert(good());
		while (op->kind != LIN_GET || op->status)
			op++;
		while (old->kind != LIN_PUT)
			old++;
		op->found = old->store;
		op->version = old->version;
		assert(!good());
	}
}

/* What is shown: the put, the addition that overwrote it, and the get */
static void check_show(void)
{
	struct lin_history made;
	char *text = NULL;
	size_t size = 0, lines = 0;
	FILE *to = open_memstream(&text, &size);

	begin(word(100));
	for (unsigned int i = 0; i < 20; i++)
		get(3, 10 + i, 11 + i, word(100));
	add(0, 1000, 1600, 5, 100);
	store(1, 1200, 1500, LIN_PUT, word(300), false);
	get(3, 1210, 1220, word(100));
	get(2, 1700, 1800, word(105));
	get(2, 1900, 2000, word(105));
	made = history();
	assert(!good() && to && !lin_show(to, 7, &made));
	fclose(to);
	for (const char *c = text; *c; c++)
		lines += *c == '\n';
	fputs(text, stdout);
	assert(lines == 6);
	assert(strstr(text, "key 7: no order of 3 operations"));
	assert(strstr(text, "add +5 -> found 0x64"));
	assert(strstr(text, "get -> found 0x69, version 105 <- not explained"));
	free(text);
}

/* A value of long ago: what went on since then is not shown. */
static void check_show_old(void)
{
	struct lin_history made;
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);

	begin(nothing);
	for (unsigned int i = 1; i <= 1000; i++)
		store(0, 10 * i, 10 * i + 5, LIN_PUT, word(i), i == 1);
	get(1, 10001, 10020, word(2));
	made = history();
	assert(!good() && to && !lin_show(to, 7, &made));
	fclose(to);
	assert(strstr(text, "key 7: no order of 2 operations"));
	assert(strstr(text, "at the start the key has 0x3e7"));
	free(text);
}

int main(void)
{
	assert(!lin_checker_init(&checker));
	check_reads();
	check_order();
	check_presence();
	check_additions();
	check_exchanges();
	check_many();
	check_random();
	check_show();
	check_show_old();
	lin_checker_free(&checker);
	puts("lin: ok");
	return 0;
}
