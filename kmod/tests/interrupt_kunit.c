// SPDX-License-Identifier: GPL-2.0-only
/*
 * Updates from softirq context and lookups from hardirq context while threads
 * update the same shard.  A timer that each thread sets interrupts it at any
 * point, looks up, and raises a tasklet that updates.
 */
#include "kunit_util.h"

#define HOT_KEYS 8
#define STABLE_KEYS 40

/* An interrupt comes within this time, which is that of a few operations. */
#define DELAY_NS (IS_ENABLED(CONFIG_SMP) ? 300000 : 30000)

struct load;

/**
 * struct source - what interrupts one thread
 * @in: looks up in hardirq context, updates in softirq context
 * @load: what all have in common
 * @random: state of smt_random()
 * @step: number of the tasklet's run
 * @balance: entries that the tasklet inserted less those it removed
 * @lookups: lookups done
 * @updates: updates done
 */
struct source {
	struct smt_interrupt in;
	struct load *load;
	u64 random;
	u64 step;
	s64 balance;
	u64 lookups;
	u64 updates;
};

/**
 * struct load - threads and their interrupts at one table
 * @map: the table
 * @sum: for each hot key, what was added
 * @source: one per thread
 */
struct load {
	struct shardmap *map;
	atomic64_t sum[HOT_KEYS];
	struct source source[16];
};

static u64 stable_key(u64 number)
{
	return smt_mix(1ULL << 40 | number);
}

static void find_stable(struct source *s, u64 key)
{
	struct shardmap_view view;

	rcu_read_lock();
	if (shardmap_find_rcu(s->load->map, &key, sizeof(key), &view))
		s->in.problem = "a stable key has no entry in hardirq context";
	else if (!smt_value_good(view.value, view.value_len, key, NULL))
		s->in.problem = "an entry was torn in hardirq context";
	rcu_read_unlock();
}

static void look_up(struct smt_interrupt *in)
{
	struct source *s = container_of(in, struct source, in);
	u64 key = stable_key(smt_random(&s->random) % STABLE_KEYS);
	u8 value[SMT_VALUE_MAX];
	struct shardmap_value found = { .buf = value, .len = sizeof(value) };

	if (shardmap_get(s->load->map, &key, sizeof(key), &found))
		s->in.problem = "a stable key was not found in hardirq context";
	else if (!smt_value_good(value, found.len, key, NULL))
		s->in.problem = "a value was torn in hardirq context";
	find_stable(s, key);
	s->lookups += 2;
}

/* Memory may be short for GFP_ATOMIC; that alone is no error. */
static bool add_one(struct load *load, u64 id, gfp_t gfp, s64 *balance)
{
	struct shardmap_result result;
	u64 key = smt_mix(id), initial = 0;
	int err = shardmap_add(load->map, &key, sizeof(key), 1, &initial, gfp,
			       &result);

	if (err)
		return err == -ENOMEM;
	atomic64_inc(&load->sum[id]);
	*balance += result.inserted;
	return true;
}

static bool replace_stable(struct load *load, u64 *random, gfp_t gfp)
{
	u64 key = stable_key(smt_random(random) % STABLE_KEYS);
	u8 value[SMT_VALUE_MAX];
	u32 len = smt_value_make(value, key, smt_random(random));
	int err = shardmap_put(load->map, &key, sizeof(key), value, len,
			       SHARDMAP_PUT_EXIST, gfp, NULL);

	return !err || err == -ENOMEM;
}

/* A few keys come and go. */
static bool insert_or_delete(struct load *load, u64 *random, gfp_t gfp,
			     s64 *balance)
{
	u64 r = smt_random(random), key = smt_mix(1ULL << 41 | (r >> 8) % 30);
	struct shardmap_result result;
	int err;

	if (r & 1) {
		err = shardmap_delete(load->map, &key, sizeof(key), gfp);
		*balance -= !err;
		return !err || err == -ENOENT || err == -ENOMEM;
	}
	err = shardmap_put(load->map, &key, sizeof(key), &r, sizeof(r),
			   SHARDMAP_PUT_ANY, gfp, &result);
	*balance += !err && result.inserted;
	return !err || err == -ENOMEM;
}

static int decide(const struct shardmap_view *old, void *value, void *arg)
{
	u64 number = 1;

	memcpy(value, &number, sizeof(number));
	*(s64 *)arg = old ? -1 : 1;
	return old ? SHARDMAP_UPDATE_REMOVE : SHARDMAP_UPDATE_STORE;
}

/* Two keys that are inserted and deleted, one of them perhaps, or none. */
static int both(struct load *load, u64 key, u64 number, gfp_t gfp, s64 *change)
{
	u64 other = smt_mix(key);
	struct shardmap_request req[] = {
		SMT_REQUEST(PUT, &key, .value = &number,
			    .value_len = sizeof(number)),
		SMT_REQUEST(ADD, &other, .flags = SHARDMAP_REQ_CREATE,
			    .delta = 1),
	};
	int err;

	if (number & 1) {
		req[0].verb = SHARDMAP_DO_DELETE;
		req[1].verb = SHARDMAP_DO_DELETE;
	}
	err = shardmap_execute_all(load->map, req, 2, gfp);
	if (!err)
		*change = number & 1 ?
				  -2 :
				  !!(req[0].flags & SHARDMAP_REQ_INSERTED) +
					  !!(req[1].flags &
					     SHARDMAP_REQ_INSERTED);
	return err;
}

/* Some keys are taken, compared, decided on, and changed two at a time. */
static bool do_other(struct load *load, u64 *random, gfp_t gfp, s64 *balance)
{
	u64 r = smt_random(random), key = smt_mix(1ULL << 42 | (r >> 8) % 30),
	    number;
	struct shardmap_value found = { .buf = &number, .len = sizeof(number) };
	s64 change = 0;
	int err;

	switch (r % 4) {
	case 0:
		err = shardmap_take(load->map, &key, sizeof(key), &found, gfp);
		change = -1;
		break;
	case 1:
		err = shardmap_get(load->map, &key, sizeof(key), &found);
		err = err   ?:
			      shardmap_cas(load->map, &key, sizeof(key),
					   found.version, &r, sizeof(r), gfp,
					   NULL);
		break;
	case 2:
		err = shardmap_update(load->map, &key, sizeof(key), sizeof(u64),
				      decide, &change, gfp, NULL);
		break;
	default:
		err = both(load, key, r >> 40, gfp, &change);
	}
	if (!err)
		*balance += change;
	return !err || err == -ENOENT || err == -ESTALE || err == -ENOMEM ||
	       err == -ECANCELED;
}

static void update_in_softirq(struct smt_interrupt *in)
{
	struct source *s = container_of(in, struct source, in);
	bool good = true;

	good &= add_one(s->load, s->step++ % HOT_KEYS, GFP_ATOMIC, &s->balance);
	good &= replace_stable(s->load, &s->random, GFP_ATOMIC);
	good &= insert_or_delete(s->load, &s->random, GFP_ATOMIC, &s->balance);
	good &= do_other(s->load, &s->random, GFP_ATOMIC, &s->balance);
	if (!good)
		s->in.problem = "an update failed in softirq context";
	s->updates += 4;
}

static const char *update_in_thread(struct smt_worker *w)
{
	struct load *load = w->crew->arg;
	struct source *s = &load->source[w->index];
	bool good;

	smt_interrupt_arm(&s->in, DELAY_NS, &w->random);
	switch (w->step % 5) {
	case 0:
		good = add_one(load, smt_random(&w->random) % HOT_KEYS,
			       GFP_KERNEL, &w->balance);
		break;
	case 1:
		good = replace_stable(load, &w->random, GFP_KERNEL);
		break;
	case 2:
		good = insert_or_delete(load, &w->random, GFP_KERNEL,
					&w->balance);
		break;
	case 3:
		good = do_other(load, &w->random, GFP_KERNEL, &w->balance);
		break;
	default:
		return smt_churn(w);
	}
	return good ? NULL : "an update failed in a thread";
}

static struct load *new_load(struct kunit *test, struct shardmap *map)
{
	struct load *load = kunit_kzalloc(test, sizeof(*load), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, load);
	load->map = map;
	for (i = 0; i < ARRAY_SIZE(load->source); i++) {
		struct source *s = &load->source[i];

		s->load = load;
		s->random = smt_mix(1000 + i);
		smt_interrupt_init(&s->in, look_up, update_in_softirq);
	}
	return load;
}

static s64 stop_interrupts(struct kunit *test, struct load *load)
{
	u64 lookups = 0, updates = 0;
	s64 balance = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(load->source); i++) {
		struct source *s = &load->source[i];

		smt_interrupt_stop(test, &s->in);
		balance += s->balance;
		lookups += s->lookups;
		updates += s->updates;
	}
	KUNIT_EXPECT_GT(test, lookups, 0);
	KUNIT_EXPECT_GT(test, updates, 0);
	smt_count_ops(lookups + updates);
	return balance;
}

static void interrupts_and_threads_share_a_shard(struct kunit *test)
{
	struct shardmap_params params = { .nr_shards = 1 };
	struct shardmap *map = smt_create(test, &params);
	struct load *load = new_load(test, map);
	struct smt_crew crew = {
		.map = map,
		.arg = load,
		.step = update_in_thread,
		.nr = smt_threads(test),
		.steps = smt_ops(smt_thread_counts()),
	};
	u64 i, key, value;
	u32 len;

	for (i = 0; i < STABLE_KEYS; i++) {
		u8 buf[SMT_VALUE_MAX];

		key = stable_key(i);
		len = smt_value_make(buf, key, i);
		KUNIT_ASSERT_EQ(test, 0,
				shardmap_put(map, &key, sizeof(key), buf, len,
					     SHARDMAP_PUT_ANY, GFP_KERNEL,
					     NULL));
	}
	smt_crew_run(test, &crew);
	crew.balance += stop_interrupts(test, load);
	smt_expect_sound(test, map);
	KUNIT_EXPECT_EQ(test, STABLE_KEYS + crew.balance, shardmap_count(map));
	for (i = 0; i < HOT_KEYS; i++) {
		KUNIT_EXPECT_EQ(test, 0, smt_get(map, smt_mix(i), &value));
		KUNIT_EXPECT_EQ(test, atomic64_read(&load->sum[i]), value);
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(interrupts_and_threads_share_a_shard,
			 smt_threads_gen_params),
	{}
};

struct kunit_suite smt_interrupt_suite = {
	.name = "shardmap_interrupt",
	.suite_init = smt_suite_init,
	.suite_exit = smt_suite_exit,
	.test_cases = cases,
};
