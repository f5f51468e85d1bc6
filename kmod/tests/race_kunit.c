// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many threads at the same few keys.  Each case runs with several numbers of
 * threads, and ends with a check of the whole table.
 */
#include <linux/sched.h>

#include "kunit_util.h"

#define HOT_KEYS 16

/* Run a crew; when it is done the table is whole and holds what it should. */
static void run(struct kunit *test, struct smt_crew *crew, u64 before)
{
	crew->nr = smt_threads(test);
	crew->steps = smt_ops(smt_thread_counts());
	smt_crew_run(test, crew);
	smt_expect_sound(test, crew->map);
	KUNIT_EXPECT_EQ(test, before + crew->balance,
			shardmap_count(crew->map));
}

static struct shardmap *create(struct kunit *test, unsigned int nr_shards)
{
	struct shardmap_params params = { .nr_shards = nr_shards };

	return smt_create(test, &params);
}

static int put_value(struct shardmap *map, u64 key, u64 number,
		     enum shardmap_put_mode mode,
		     struct shardmap_result *result)
{
	u8 value[SMT_VALUE_MAX];
	u32 len = smt_value_make(value, key, number);

	return shardmap_put(map, &key, sizeof(key), value, len, mode,
			    GFP_KERNEL, result);
}

/* Look a key up; its value must be whole and its own. */
static const char *check_value(struct smt_worker *w, u64 key, bool stable)
{
	u8 value[SMT_VALUE_MAX];
	struct shardmap_value found = { .buf = value, .len = sizeof(value) };
	int err = shardmap_get(w->crew->map, &key, sizeof(key), &found);

	if (err == -ENOENT && !stable)
		return NULL;
	if (err)
		return smt_problem(w, "get: error %d", err);
	if (!smt_value_good(value, found.len, key, NULL))
		return "a value is torn or another key's";
	return found.version ? NULL : "a version is 0";
}

#define MANY 4U

/* Look several keys up at once, all of them stable. */
static const char *check_many(struct smt_worker *w)
{
	u8 value[MANY][SMT_VALUE_MAX];
	struct shardmap_lookup gets[MANY];
	u64 key[MANY];
	unsigned int i;

	for (i = 0; i < MANY; i++) {
		key[i] = smt_mix(smt_random(&w->random) % HOT_KEYS);
		gets[i] = (struct shardmap_lookup){
			.key = &key[i],
			.key_len = sizeof(key[i]),
			.value = { .buf = value[i], .len = SMT_VALUE_MAX },
		};
	}
	shardmap_get_many(w->crew->map, gets, MANY);
	w->extra_ops += MANY - 1;
	for (i = 0; i < MANY; i++) {
		if (gets[i].err)
			return smt_problem(w, "get_many: error %d",
					   gets[i].err);
		if (!smt_value_good(value[i], gets[i].value.len, key[i], NULL))
			return "a value is torn or another key's";
	}
	return NULL;
}

/* Thread 0 makes the table grow and shrink under the others. */
static const char *read_and_replace(struct smt_worker *w)
{
	u64 key = smt_mix(smt_random(&w->random) % HOT_KEYS);
	int err;

	if (!w->index)
		return smt_churn(w);
	switch (smt_random(&w->random) % 4) {
	case 0:
		return check_many(w);
	case 1:
		return check_value(w, key, true);
	}
	err = put_value(w->crew->map, key, smt_random(&w->random),
			SHARDMAP_PUT_ANY, NULL);
	return err ? smt_problem(w, "put: error %d", err) : NULL;
}

static void values_are_never_torn_nor_absent(struct kunit *test)
{
	struct smt_crew crew = {
		.map = create(test, 2),
		.step = read_and_replace,
	};
	unsigned int i;

	for (i = 0; i < HOT_KEYS; i++)
		KUNIT_ASSERT_EQ(test, 0,
				put_value(crew.map, smt_mix(i), i,
					  SHARDMAP_PUT_NOEXIST, NULL));
	run(test, &crew, HOT_KEYS);
}

#define STABLE_KEYS 20

/* All but one look up keys that stay, while that one resizes the table. */
static const char *read_stable(struct smt_worker *w)
{
	u64 number = smt_random(&w->random) % STABLE_KEYS, value;
	int err;

	if (!w->index)
		return smt_churn(w);
	err = smt_get(w->crew->map, smt_mix(number), &value);
	if (err)
		return smt_problem(w, "get of a stable key: error %d", err);
	err = smt_get(w->crew->map, smt_mix(number + STABLE_KEYS), &value);
	return err == -ENOENT ? NULL : "an absent key is there";
}

static void stable_keys_are_found_during_resizes(struct kunit *test)
{
	struct smt_crew crew = {
		.map = create(test, 1),
		.step = read_stable,
	};
	struct shardmap_stats before, after;

	smt_fill(test, crew.map, 0, 0, STABLE_KEYS);
	smt_settle(crew.map);
	shardmap_get_stats(crew.map, &before);
	run(test, &crew, STABLE_KEYS);
	shardmap_get_stats(crew.map, &after);
	KUNIT_EXPECT_GE(test, after.resizes, before.resizes + 2);
}

static const char *delete_and_reinsert(struct smt_worker *w)
{
	u64 key = smt_mix(smt_random(&w->random) % HOT_KEYS);
	struct shardmap_result result;
	int err = 0;

	switch (smt_random(&w->random) % 4) {
	case 0:
		err = put_value(w->crew->map, key, w->step,
				SHARDMAP_PUT_NOEXIST, &result);
		w->balance += !err;
		return err && err != -EEXIST ? "put: odd error" : NULL;
	case 1:
		err = put_value(w->crew->map, key, w->step, SHARDMAP_PUT_EXIST,
				&result);
		return err && err != -ENOENT ? "put: odd error" : NULL;
	case 2:
		err = smt_delete(w->crew->map, key);
		w->balance -= !err;
		return err && err != -ENOENT ? "delete: odd error" : NULL;
	default:
		return check_value(w, key, false);
	}
}

/* The keys share one bucket, so that slots pass from key to key. */
static void slots_pass_from_key_to_key(struct kunit *test)
{
	struct smt_crew crew = {
		.map = create(test, 1),
		.step = delete_and_reinsert,
	};

	run(test, &crew, 0);
}

/**
 * struct counters - what the adders know
 * @sum: for each key, what was added by those whose add succeeded
 */
struct counters {
	atomic64_t sum[HOT_KEYS];
};

static const char *add_or_read(struct smt_worker *w)
{
	u64 id = smt_random(&w->random) % HOT_KEYS, key = smt_mix(id);
	u64 delta = smt_random(&w->random), initial = 0;
	struct counters *counters = w->crew->arg;
	struct shardmap_result result;
	int err;

	if (!w->index && w->step & 1)
		return smt_churn(w);
	err = shardmap_add(w->crew->map, &key, sizeof(key), delta, &initial,
			   GFP_KERNEL, &result);
	if (err)
		return smt_problem(w, "add: error %d", err);
	w->balance += result.inserted;
	atomic64_add(delta, &counters->sum[id]);
	if (result.new != result.old + delta)
		return "an add's numbers do not add up";
	if (result.inserted && result.old)
		return "a new number did not start from its initial value";
	return NULL;
}

static void sums_are_exact(struct kunit *test)
{
	struct counters *counters =
		kunit_kzalloc(test, sizeof(*counters), GFP_KERNEL);
	struct smt_crew crew = {
		.map = create(test, 2),
		.arg = counters,
		.step = add_or_read,
	};
	unsigned int i;
	u64 value;

	KUNIT_ASSERT_NOT_NULL(test, counters);
	run(test, &crew, 0);
	for (i = 0; i < HOT_KEYS; i++) {
		KUNIT_EXPECT_EQ(test, 0, smt_get(crew.map, smt_mix(i), &value));
		KUNIT_EXPECT_EQ(test, atomic64_read(&counters->sum[i]), value);
	}
}

/* The version a thread sees of a number is never newer than the number. */
static const char *add_one_or_read(struct smt_worker *w)
{
	u64 key = 1, number = 0;
	struct shardmap_value found = { .buf = &number, .len = sizeof(number) };
	struct shardmap_result result;
	int err;

	if (w->index & 1) {
		err = shardmap_add(w->crew->map, &key, sizeof(key), 1, NULL,
				   GFP_KERNEL, &result);
		if (err || result.version != result.new)
			return "an add lost its version";
		return NULL;
	}
	err = shardmap_get(w->crew->map, &key, sizeof(key), &found);
	if (err)
		return smt_problem(w, "get: error %d", err);
	if (found.version > number)
		return "a version is newer than its number";
	if (found.version < w->seen[0] || number < w->seen[1])
		return "a number or its version went back";
	w->seen[0] = found.version;
	w->seen[1] = number;
	return NULL;
}

static void numbers_only_go_forward(struct kunit *test)
{
	struct smt_crew crew = {
		.map = create(test, 1),
		.step = add_one_or_read,
	};

	/* From here on number and version are the same. */
	KUNIT_ASSERT_EQ(test, 0, smt_put(crew.map, 1, 1));
	run(test, &crew, 1);
}

static const char *get_or_put_in_turn(struct smt_worker *w)
{
	struct shardmap_result result;
	u64 key = smt_mix(w->step), mine = w->index + 1, theirs = 0;
	struct shardmap_value found = { .buf = &theirs, .len = sizeof(theirs) };
	int err;

	err = shardmap_get_or_put(w->crew->map, &key, sizeof(key), &mine,
				  sizeof(mine), &found, GFP_KERNEL, &result);
	if (err)
		return smt_problem(w, "get_or_put: error %d", err);
	w->balance += result.inserted;
	if (result.inserted)
		theirs = mine;
	else if (!theirs || theirs > w->crew->nr || theirs == mine)
		return "the winner is nobody else";
	/* Whoever won, it stays so. */
	err = smt_get(w->crew->map, key, &mine);
	w->extra_ops++;
	return err || mine != theirs ? "the winner changed" : NULL;
}

static void get_or_put_has_one_winner(struct kunit *test)
{
	struct smt_crew crew = {
		.map = create(test, 4),
		.step = get_or_put_in_turn,
	};

	/* The count tells that each key had one. */
	run(test, &crew, 0);
	KUNIT_EXPECT_EQ(test, crew.balance, smt_walk_count(crew.map));
}

/**
 * struct locks - keys used as locks
 * @owner: for each key, who holds it, 0 for nobody
 */
struct locks {
	atomic_t owner[HOT_KEYS];
};

/* Who inserts a key owns it until he deletes it. */
static const char *lock_and_unlock(struct smt_worker *w)
{
	u64 id = smt_random(&w->random) % 4, key = smt_mix(id);
	struct locks *locks = w->crew->arg;
	struct shardmap_result result;
	int err;

	if (!w->index && w->step & 1)
		return smt_churn(w);
	err = put_value(w->crew->map, key, w->step, SHARDMAP_PUT_NOEXIST,
			&result);
	if (err == -EEXIST)
		return NULL;
	if (err)
		return smt_problem(w, "put: error %d", err);
	if (atomic_cmpxchg(&locks->owner[id], 0, w->index + 1))
		return "a key was inserted while it was there";
	smt_yield(w);
	if (atomic_cmpxchg(&locks->owner[id], w->index + 1, 0) != w->index + 1)
		return "a key had two owners";
	w->extra_ops++;
	err = smt_delete(w->crew->map, key);
	return err ? smt_problem(w, "delete: error %d", err) : NULL;
}

static void insertion_is_exclusive(struct kunit *test)
{
	struct locks *locks = kunit_kzalloc(test, sizeof(*locks), GFP_KERNEL);
	struct smt_crew crew = {
		.map = create(test, 1),
		.arg = locks,
		.step = lock_and_unlock,
	};

	KUNIT_ASSERT_NOT_NULL(test, locks);
	run(test, &crew, 0);
}

/* One update of a kind by chance; out: its version, 0 if it changed nothing. */
static int update_somehow(struct smt_worker *w, u64 key, u64 *version)
{
	struct shardmap *map = w->crew->map;
	struct shardmap_result result = {};
	u64 number = w->step;
	struct shardmap_value found = { .buf = &number, .len = sizeof(number) };
	int err;

	switch (smt_random(&w->random) % 5) {
	case 0:
		err = shardmap_put(map, &key, sizeof(key), &number,
				   sizeof(number), SHARDMAP_PUT_ANY, GFP_KERNEL,
				   &result);
		break;
	case 1:
		err = shardmap_add(map, &key, sizeof(key), 1, &number,
				   GFP_KERNEL, &result);
		break;
	case 2:
		err = shardmap_get_or_put(map, &key, sizeof(key), &number,
					  sizeof(number), &found, GFP_KERNEL,
					  &result);
		break;
	case 3:
		err = shardmap_get(map, &key, sizeof(key), &found);
		result.version = found.version;
		break;
	default:
		err = smt_delete(map, key);
		w->balance -= !err;
	}
	w->balance += !err && result.inserted;
	*version = err ? 0 : result.version;
	return err;
}

static const char *mix_on_hot_keys(struct smt_worker *w)
{
	u64 id = smt_random(&w->random) % HOT_KEYS, version;
	int err = update_somehow(w, smt_mix(id), &version);

	if (err && err != -ENOENT)
		return smt_problem(w, "error %d", err);
	/* One after another, operations see a key's versions grow. */
	if (version && version < w->seen[id])
		return smt_problem(w, "version %llu after %llu", version,
				   w->seen[id]);
	if (version)
		w->seen[id] = version;
	return NULL;
}

static void versions_only_grow(struct kunit *test)
{
	struct smt_crew crew = {
		.map = create(test, 2),
		.step = mix_on_hot_keys,
	};

	run(test, &crew, 0);
}

/* Thread 0 clears all the time; w->seen[0] is what it has come to. */
static const char *clear_some(struct smt_worker *w)
{
	struct shardmap_position pos = { .hash = w->seen[0] };
	u64 removed = 0;
	int done = shardmap_clear_step(w->crew->map, &pos, &removed);

	if (done < 0)
		return smt_problem(w, "clear: error %d", done);
	w->balance -= removed;
	w->seen[0] = done ? 0 : pos.hash;
	return NULL;
}

static const char *clear_or_write(struct smt_worker *w)
{
	u64 id = (u64)w->index << 32 | smt_random(&w->random) % 500;
	u64 key = smt_mix(id), number = 0;
	struct shardmap_result result;
	int err;

	if (!w->index)
		return clear_some(w);
	err = shardmap_put(w->crew->map, &key, sizeof(key), &w->step,
			   sizeof(w->step), SHARDMAP_PUT_ANY, GFP_KERNEL,
			   &result);
	if (err)
		return smt_problem(w, "put: error %d", err);
	w->balance += result.inserted;
	w->extra_ops++;
	err = smt_get(w->crew->map, key, &number);
	if (err == -ENOENT)
		return NULL;
	return err || number != w->step ? "a value is not the one put" : NULL;
}

static void clear_and_writers_lose_nothing(struct kunit *test)
{
	struct smt_crew crew = {
		.map = create(test, 4),
		.step = clear_or_write,
	};
	struct shardmap_position pos = {};
	u64 removed = 0;

	run(test, &crew, 0);
	while (!shardmap_clear_step(crew.map, &pos, &removed))
		cond_resched();
	KUNIT_EXPECT_EQ(test, crew.balance, removed);
	KUNIT_EXPECT_EQ(test, 0, shardmap_count(crew.map));
}

#define RACE_CASE(name) KUNIT_CASE_PARAM(name, smt_threads_gen_params)

static struct kunit_case cases[] = {
	RACE_CASE(values_are_never_torn_nor_absent),
	RACE_CASE(stable_keys_are_found_during_resizes),
	RACE_CASE(slots_pass_from_key_to_key),
	RACE_CASE(sums_are_exact),
	RACE_CASE(numbers_only_go_forward),
	RACE_CASE(get_or_put_has_one_winner),
	RACE_CASE(insertion_is_exclusive),
	RACE_CASE(versions_only_grow),
	RACE_CASE(clear_and_writers_lose_nothing),
	{}
};

struct kunit_suite smt_race_suite = {
	.name = "shardmap_race",
	.suite_init = smt_suite_init,
	.suite_exit = smt_suite_exit,
	.test_cases = cases,
};
