// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads that rely on what operations compare, hand over, and do together, while the
 * table grows and shrinks.
 */
#include <linux/string.h>

#include "compat.h"
#include "kunit_util.h"

static struct shardmap *create(struct kunit *test, unsigned int flags)
{
	struct shardmap_params params = {
		.flags = flags,
		.nr_shards = 2,
		.max_key_len = sizeof(u64),
		.max_value_len = flags & SHARDMAP_INLINE ? sizeof(u64) :
							   SMT_VALUE_MAX,
	};

	return smt_create(test, &params);
}

static void run(struct kunit *test, struct smt_crew *crew, u64 before)
{
	crew->nr = smt_threads(test);
	crew->steps = smt_ops(4 * smt_thread_counts());
	smt_crew_run(test, crew);
	smt_expect_sound(test, crew->map);
	KUNIT_EXPECT_EQ(test, before + crew->balance,
			shardmap_count(crew->map));
}

/* Keys of counters: a number by version, a number by value, a text by version. */
#define COUNTERS 3U
#define TEXT_LEN 40U

/**
 * struct counters - what threads have counted
 * @sum: for each counter, how often it was increased
 * @stale: how often somebody else was first
 */
struct counters {
	atomic64_t sum[COUNTERS];
	atomic64_t stale;
};

/* Increase a counter that nobody else changes meanwhile; else -ESTALE. */
static int count_once(struct smt_worker *w, u64 id)
{
	struct shardmap *map = w->crew->map;
	u64 key = smt_mix(id);
	u8 value[TEXT_LEN], expected[TEXT_LEN];
	struct shardmap_value found = { .buf = value, .len = sizeof(value) };
	struct shardmap_request req =
		SMT_REQUEST(CAS, &key, .value = value, .expected = expected);
	u64 number;
	int err = shardmap_get(map, &key, sizeof(key), &found);

	if (err)
		return err;
	memcpy(expected, value, found.len);
	memcpy(&number, value, sizeof(number));
	number++;
	memcpy(value, &number, sizeof(number));
	if (smt_random(&w->random) % 4 == 0)
		smt_yield(w);
	req.flags = id == 1 ? SHARDMAP_REQ_IF_VALUE : SHARDMAP_REQ_IF_VERSION;
	req.version = found.version;
	req.value_len = found.len;
	req.expected_len = found.len;
	return shardmap_execute(map, &req, GFP_KERNEL);
}

static int add_one(const struct shardmap_view *old, void *value, void *arg)
{
	u64 number;

	if (!old)
		return -ENOENT;
	memcpy(value, old->value, old->value_len);
	memcpy(&number, value, sizeof(number));
	number++;
	memcpy(value, &number, sizeof(number));
	return SHARDMAP_UPDATE_STORE;
}

static const char *count_up(struct smt_worker *w)
{
	struct counters *counters = w->crew->arg;
	u64 id = smt_random(&w->random) %
		 (w->crew->map->flags & SHARDMAP_INLINE ? 2 : COUNTERS);
	u64 key = smt_mix(id);
	int err;

	if (!w->index && w->step & 1)
		return smt_churn(w);
	w->extra_ops++;
	if (smt_random(&w->random) % 4)
		err = count_once(w, id);
	else
		err = shardmap_update(w->crew->map, &key, sizeof(key),
				      id == 2 ? TEXT_LEN : sizeof(u64), add_one,
				      NULL, GFP_KERNEL, NULL);
	if (err == -ESTALE)
		atomic64_inc(&counters->stale);
	else if (err)
		return smt_problem(w, "error %d", err);
	else
		atomic64_inc(&counters->sum[id]);
	return NULL;
}

static void no_increase_is_lost(struct kunit *test)
{
	unsigned int kind, i;

	for (kind = 0; kind < 2; kind++) {
		struct counters counters = {};
		unsigned int nr = kind ? 2 : COUNTERS;
		struct smt_crew crew = {
			.map = create(test, kind ? SHARDMAP_INLINE : 0),
			.arg = &counters,
			.step = count_up,
		};

		for (i = 0; i < nr; i++) {
			u8 value[TEXT_LEN] = {};
			u64 key = smt_mix(i);

			KUNIT_ASSERT_EQ(
				test, 0,
				shardmap_put(crew.map, &key, sizeof(key), value,
					     i == 2 ? TEXT_LEN : sizeof(u64),
					     SHARDMAP_PUT_ANY, GFP_KERNEL,
					     NULL));
		}
		run(test, &crew, nr);
		KUNIT_EXPECT_GT(test, atomic64_read(&counters.stale), 0);
		for (i = 0; i < nr; i++) {
			u64 key = smt_mix(i), number;
			u8 value[TEXT_LEN];
			struct shardmap_value found = { .buf = value,
							.len = TEXT_LEN };

			KUNIT_EXPECT_EQ(test, 0,
					shardmap_get(crew.map, &key,
						     sizeof(key), &found));
			memcpy(&number, value, sizeof(number));
			KUNIT_EXPECT_EQ(test, atomic64_read(&counters.sum[i]),
					number);
		}
	}
}

/**
 * struct queue - what went in and came out
 * @made: numbers put in
 * @in: sum of them
 * @out: sum of what was taken
 */
struct queue {
	atomic64_t made;
	atomic64_t in;
	atomic64_t out;
};

#define PLACES 64U

/* Each place holds a number or none; who takes it has it alone. */
static const char *put_or_take(struct smt_worker *w)
{
	struct queue *queue = w->crew->arg;
	struct shardmap *map = w->crew->map;
	u64 key = smt_mix(smt_random(&w->random) % PLACES);
	u8 value[SMT_VALUE_MAX];
	struct shardmap_value taken = { .buf = value, .len = sizeof(value) };
	u64 number;
	u32 len;
	int err;

	if (!w->index && w->step & 1)
		return smt_churn(w);
	if (smt_random(&w->random) & 1) {
		number = atomic64_inc_return(&queue->made);
		len = smt_value_make(value, key, number);
		err = shardmap_put(map, &key, sizeof(key), value, len,
				   SHARDMAP_PUT_NOEXIST, GFP_KERNEL, NULL);
		if (!err) {
			atomic64_add(smt_mix(number), &queue->in);
			w->balance++;
		}
		return err && err != -EEXIST ? smt_problem(w, "put: %d", err) :
					       NULL;
	}
	err = shardmap_take(map, &key, sizeof(key), &taken, GFP_KERNEL);
	if (err)
		return err == -ENOENT ? NULL : smt_problem(w, "take: %d", err);
	w->balance--;
	if (!smt_value_good(value, taken.len, key, &number))
		return "a value that was taken is torn or another key's";
	atomic64_add(smt_mix(number), &queue->out);
	return NULL;
}

static void what_is_taken_is_taken_once(struct kunit *test)
{
	struct queue queue = {};
	struct smt_crew crew = {
		.map = create(test, 0),
		.arg = &queue,
		.step = put_or_take,
	};
	unsigned int i;

	run(test, &crew, 0);
	for (i = 0; i < PLACES; i++) {
		u64 key = smt_mix(i), number;
		u8 value[SMT_VALUE_MAX];
		struct shardmap_value taken = { .buf = value,
						.len = sizeof(value) };

		if (shardmap_take(crew.map, &key, sizeof(key), &taken,
				  GFP_KERNEL))
			continue;
		KUNIT_ASSERT_TRUE(test, smt_value_good(value, taken.len, key,
						       &number));
		atomic64_add(smt_mix(number), &queue.out);
	}
	KUNIT_EXPECT_EQ(test, atomic64_read(&queue.in),
			atomic64_read(&queue.out));
}

#define ACCOUNTS 12U
#define MONEY 1000U

/* All accounts at one moment: their sum never changes. */
static const char *audit(struct smt_worker *w, struct shardmap_request *req,
			 u64 *key, u64 *money)
{
	u64 sum = 0;
	unsigned int i;
	int err;

	for (i = 0; i < ACCOUNTS; i++) {
		key[i] = smt_mix(i);
		req[i] = SMT_REQUEST(GET, &key[i], .out = &money[i],
				     .out_len = sizeof(u64));
	}
	err = shardmap_execute_all(w->crew->map, req, ACCOUNTS, GFP_KERNEL);
	if (err)
		return smt_problem(w, "lookups together: error %d", err);
	for (i = 0; i < ACCOUNTS; i++)
		sum += money[i];
	if (sum != ACCOUNTS * MONEY)
		return smt_problem(w, "%llu is there", sum);
	return NULL;
}

/* From one account to two others, by addition. */
static int transfer(struct smt_worker *w, struct shardmap_request *req,
		    u64 *key)
{
	u64 from = smt_random(&w->random) % ACCOUNTS;
	u64 amount = smt_random(&w->random) % 100;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		key[i] = smt_mix((from + i * (1 + amount % 5)) % ACCOUNTS);
		req[i] = SMT_REQUEST(ADD, &key[i],
				     .delta = i ? amount : -2 * amount);
	}
	return shardmap_execute_all(w->crew->map, req, 3, GFP_KERNEL);
}

/* Two are exchanged if both are what the audit saw; in any event neither is alone. */
static int exchange(struct smt_worker *w, struct shardmap_request *req,
		    u64 *key, u64 *money)
{
	u64 a = smt_random(&w->random) % ACCOUNTS, b = (a + 5) % ACCOUNTS;
	u64 version[2] = { req[a].version, req[b].version };
	u64 both[2] = { key[a], key[b] }, value[2] = { money[b], money[a] };
	unsigned int i;

	for (i = 0; i < 2; i++)
		req[i] = SMT_REQUEST(CAS, &both[i],
				     .flags = SHARDMAP_REQ_IF_VERSION,
				     .value = &value[i],
				     .value_len = sizeof(u64),
				     .version = version[i]);
	return shardmap_execute_all(w->crew->map, req, 2, GFP_KERNEL);
}

static const char *move_money(struct smt_worker *w)
{
	struct shardmap_request req[ACCOUNTS];
	u64 key[ACCOUNTS], money[ACCOUNTS];
	const char *problem;
	int err;

	if (!w->index && w->step & 1)
		return smt_churn(w);
	if (w->step % 3) {
		err = transfer(w, req, key);
		return err ? smt_problem(w, "transfer: error %d", err) : NULL;
	}
	problem = audit(w, req, key, money);
	if (problem)
		return problem;
	w->extra_ops++;
	err = exchange(w, req, key, money);
	if (!err || (err == -ECANCELED &&
		     (req[0].err == -ESTALE || req[1].err == -ESTALE)))
		return NULL;
	return smt_problem(w, "exchange: error %d", err);
}

static void money_is_neither_made_nor_lost(struct kunit *test)
{
	unsigned int kind, i;
	u64 sum, money;

	for (kind = 0; kind < 2; kind++) {
		struct smt_crew crew = {
			.map = create(test, kind ? SHARDMAP_INLINE : 0),
			.step = move_money,
		};

		for (i = 0; i < ACCOUNTS; i++)
			KUNIT_ASSERT_EQ(test, 0,
					smt_put(crew.map, smt_mix(i), MONEY));
		run(test, &crew, ACCOUNTS);
		for (i = 0, sum = 0; i < ACCOUNTS; i++) {
			KUNIT_EXPECT_EQ(test, 0,
					smt_get(crew.map, smt_mix(i), &money));
			sum += money;
		}
		KUNIT_EXPECT_EQ(test, ACCOUNTS * MONEY, sum);
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(no_increase_is_lost, smt_threads_gen_params),
	KUNIT_CASE_PARAM(what_is_taken_is_taken_once, smt_threads_gen_params),
	KUNIT_CASE_PARAM(money_is_neither_made_nor_lost,
			 smt_threads_gen_params),
	{}
};

struct kunit_suite smt_together_suite = {
	.name = "shardmap_together",
	.suite_init = smt_suite_init,
	.suite_exit = smt_suite_exit,
	.test_cases = cases,
};
