// SPDX-License-Identifier: GPL-2.0-only
#undef NDEBUG
#include <assert.h>
#include <stdio.h>

#include "bench.h"

#define NUMBERS 100000

static void check_values(unsigned int key_len, unsigned int value_len)
{
	unsigned int last = value_len / 8 - 1;
	uint64_t key[2], other[2], value[8];

	for (uint64_t number = 0; number < 1000; number++) {
		bench_key(number, key, key_len);
		bench_key(number + 1, other, key_len);
		bench_value(key, value, value_len);
		assert(key[0] != other[0]);
		assert(bench_value_is(key, value, value_len));
		assert(!bench_value_is(other, value, value_len));
		value[last]++;
		assert(!bench_value_is(key, value, value_len));
	}
}

static void check_stream(enum bench_dist dist, uint64_t entries,
			 uint64_t first_min, uint64_t first_max)
{
	static uint64_t keys[NUMBERS];
	static uint8_t writes[NUMBERS];
	uint64_t nr_writes = 0, nr_first = 0, first;

	bench_key(0, &first, sizeof(first));
	bench_stream(keys, writes, NUMBERS, 8, entries, dist, 1);
	for (unsigned int i = 0; i < NUMBERS; i++) {
		nr_writes += writes[i];
		nr_first += keys[i] == first;
	}
	/* One in ten, within six standard deviations */
	assert(nr_writes > NUMBERS / 10 - 570);
	assert(nr_writes < NUMBERS / 10 + 570);
	assert(nr_first >= first_min && nr_first <= first_max);
}

static void check_lists(void)
{
	static const char *const names[] = { "get", "get_batch32", "put" };

	assert(bench_parse_list("get", names, 3) == 1);
	assert(bench_parse_list("get_batch32", names, 3) == 2);
	assert(bench_parse_list("put,get", names, 3) == 5);
	assert(bench_parse_list("", names, 3) < 0);
	assert(bench_parse_list("get,", names, 3) < 0);
	assert(bench_parse_list("pu", names, 3) < 0);
	assert(bench_parse_list("puts", names, 3) < 0);
}

/* What is compared stands side by side; works without keys have one row. */
static void check_plan(void)
{
	struct bench_config config = { .repeats = 3,
				       .nr_threads = 2,
				       .threads = { 1, 2 },
				       .payloads = 2,
				       .dists = -1,
				       .works = 1 << BENCH_GET |
						1 << BENCH_ITERATE_BATCH |
						1 << BENCH_GETPPID,
				       .backends = -1 };
	struct bench_plan plan;
	unsigned int get = 0, iterate = 0, getppid = 0;

	assert(!bench_plan_make(&plan, &config));
	for (size_t i = 0; i < plan.nr; i++) {
		const struct bench_row *row = &plan.rows[i];

		assert(row->payload == 1);
		assert(row->ns == plan.ns + i * config.repeats);
		get += row->work == BENCH_GET;
		iterate += row->work == BENCH_ITERATE_BATCH;
		getppid += row->work == BENCH_GETPPID;
		if (row->work != BENCH_GET)
			assert(row->dist == BENCH_UNIFORM);
	}
	assert(plan.rows[0].work == plan.rows[3].work);
	assert(plan.rows[0].target != plan.rows[3].target);
	/* Four maps and a syscall, two distributions, two numbers of threads */
	assert(get == 4 * 2 * 2 && iterate == 4 * 2 && getppid == 2);
	bench_plan_free(&plan);
}

int main(void)
{
	static const double odd[] = { 1, 2, 30 }, even[] = { 1, 2, 4, 50 };

	check_values(8, 8);
	check_values(16, 64);
	check_stream(BENCH_UNIFORM, 1000, 40, 160);
	/* The first rank has 1 / sum(k^-0.99) of the weight, 12.9 % of 1000. */
	check_stream(BENCH_ZIPF, 1000, 12000, 14000);
	check_stream(BENCH_UNIFORM, 1, NUMBERS, NUMBERS);
	check_lists();
	check_plan();
	assert(bench_median(odd, 3) == 2 && bench_median(even, 4) == 3);
	assert(bench_median(odd, 1) == 1);
	puts("bench: ok");
	return 0;
}
