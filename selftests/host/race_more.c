// SPDX-License-Identifier: GPL-2.0-only
/* Threads that do several keys at once, compare, take, watch, evict, expire, freeze. */
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include <linux/jiffies.h>
#include <linux/timekeeping.h>

#include "race.h"

#define ACCOUNTS 8U
#define QUEUE_KEYS 64U
#define WATCHED_KEYS 400U
#define TTL_NS ((u64)20 * NSEC_PER_SEC / HZ)

static u64 seen;

static u64 next_random(struct task *task)
{
	task->random =
		task->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return task->random >> 33;
}

/* An update of the number of a counter. */
static struct shardmap_request add_request(const u64 *key, u64 delta)
{
	return (struct shardmap_request){
		.verb = SHARDMAP_DO_ADD,
		.flags = SHARDMAP_REQ_CREATE,
		.key = key,
		.key_len = sizeof(*key),
		.delta = delta,
	};
}

/* Moves amounts between accounts; some transfers are called off. */
void mover(struct task *task)
{
	unsigned long i;

	for (i = 0; i < ops / 2; i++) {
		u64 amount = next_random(task);
		u64 keys[3] = { COUNTER_KEY + next_random(task) % ACCOUNTS, 0,
				COUNTER_KEY + ACCOUNTS };
		bool fails = !(i % 4);
		struct shardmap_request reqs[3];
		int err;

		keys[1] = COUNTER_KEY +
			  (keys[0] - COUNTER_KEY + 1 + i % 7) % ACCOUNTS;
		reqs[0] = add_request(&keys[0], amount);
		reqs[1] = add_request(&keys[1], -amount);
		reqs[2] = add_request(&keys[2], 1);
		/* Nobody makes this key. */
		reqs[2].flags = 0;
		err = shardmap_execute_all(map, reqs, 2 + fails, GFP_KERNEL);
		if (err != (fails ? -ECANCELED : 0))
			wrong("mover: an error");
	}
}

/* Lookups all at once see whole transfers. */
void auditor(struct task *task)
{
	while (READ_ONCE(writers_left)) {
		struct shardmap_request reqs[ACCOUNTS];
		u64 keys[ACCOUNTS], numbers[ACCOUNTS] = {}, sum = 0;
		unsigned int i;
		int err;

		for (i = 0; i < ACCOUNTS; i++) {
			keys[i] = COUNTER_KEY + i;
			reqs[i] = (struct shardmap_request){
				.key = &keys[i],
				.key_len = sizeof(keys[i]),
				.out = &numbers[i],
				.out_len = sizeof(numbers[i]),
			};
		}
		err = shardmap_execute_all(map, reqs, ACCOUNTS, GFP_KERNEL);
		if (err)
			wrong("auditor: an error");
		for (i = 0; i < ACCOUNTS; i++)
			sum += numbers[i];
		if (sum)
			wrong("auditor: half of a transfer");
		sched_yield();
	}
}

void open_accounts(void)
{
	u64 key;

	for (key = COUNTER_KEY; key < COUNTER_KEY + ACCOUNTS; key++) {
		struct shardmap_request req = add_request(&key, 0);

		if (shardmap_execute(map, &req, GFP_KERNEL))
			wrong("an account");
	}
}

/* A counter by get and compare-and-swap. */
void swapper(struct task *task)
{
	u64 key = COUNTER_KEY, number;
	unsigned long i;
	int err;

	for (i = 0; i < ops / 2; i++) {
		do {
			struct shardmap_value v = { .buf = &number, .len = 8 };

			if (shardmap_get(map, &key, sizeof(key), &v))
				wrong("swapper: get");
			number++;
			err = shardmap_cas(map, &key, sizeof(key), v.version,
					   &number, sizeof(number), GFP_KERNEL,
					   NULL);
			if (err && err != -ESTALE)
				wrong("swapper: an error");
		} while (err == -ESTALE && !READ_ONCE(wrongs));
		task->added++;
	}
}

/* Each number that is put is taken once: sums and counts must agree. */
void producer(struct task *task)
{
	unsigned long i;

	for (i = 0; i < ops; i++) {
		u64 key = SCRATCH_KEY + next_random(task) % QUEUE_KEYS;
		u64 number = next_random(task);
		int err = shardmap_put(map, &key, sizeof(key), &number,
				       sizeof(number), SHARDMAP_PUT_NOEXIST,
				       GFP_KERNEL, NULL);

		if (!err)
			task->added += number;
		else if (err != -EEXIST)
			wrong("producer: an error");
	}
}

int take_one(u64 key, u64 *number)
{
	struct shardmap_value v = { .buf = number, .len = sizeof(*number) };

	return shardmap_take(map, &key, sizeof(key), &v, GFP_KERNEL);
}

void taker(struct task *task)
{
	u64 number;

	while (READ_ONCE(writers_left)) {
		u64 key = SCRATCH_KEY + next_random(task) % QUEUE_KEYS;
		int err = take_one(key, &number);

		if (!err)
			task->added -= number;
		else if (err != -ENOENT)
			wrong("taker: an error");
	}
}

u64 take_the_rest(void)
{
	u64 key, number, sum = 0;

	for (key = SCRATCH_KEY; key < SCRATCH_KEY + QUEUE_KEYS; key++)
		if (!take_one(key, &number))
			sum += number;
	return sum;
}

/* Tells which number it has seen; with counting(), that is the version too. */
void teller(struct task *task)
{
	u64 key = COUNTER_KEY, number;

	while (READ_ONCE(writers_left)) {
		struct shardmap_value v = { .buf = &number, .len = 8 };

		if (!shardmap_get(map, &key, sizeof(key), &v))
			smp_store_release(&seen, number);
	}
	WRITE_ONCE(seen, 0);
}

/* What somebody has seen change before is not unchanged. */
void asker(struct task *task)
{
	u64 key = COUNTER_KEY, number, version = 0;

	while (READ_ONCE(writers_left)) {
		struct shardmap_request req = {
			.flags = SHARDMAP_REQ_IF_CHANGED,
			.key = &key,
			.key_len = sizeof(key),
			.out = &number,
			.out_len = sizeof(number),
			.version = version,
		};
		u64 before = smp_load_acquire(&seen);

		if (shardmap_execute(map, &req, GFP_KERNEL))
			continue;
		if (req.flags & SHARDMAP_REQ_UNCHANGED && version < before)
			wrong("asker: unchanged, though another saw it change");
		version = req.version;
	}
}

static int put_for(u64 key, u64 ttl)
{
	char value[20] = "some value to expire";
	struct shardmap_request req = {
		.verb = SHARDMAP_DO_PUT,
		.key = &key,
		.key_len = sizeof(key),
		.value = value,
		.value_len = sizeof(value),
		.ttl = ttl,
	};

	return shardmap_execute(map, &req, GFP_KERNEL);
}

/* What was stored is there until its time is over. */
void mortal(struct task *task)
{
	unsigned long i;

	for (i = 0; i < ops / 4; i++) {
		u64 key = SCRATCH_KEY + (task->index << 16) +
			  next_random(task) % 300;
		struct shardmap_value v = {};
		u64 begin = ktime_get_boottime_ns();
		int err;

		if (put_for(key, TTL_NS))
			wrong("mortal: put");
		err = shardmap_get(map, &key, sizeof(key), &v);
		if (err != -ENOBUFS && ktime_get_boottime_ns() - begin < TTL_NS)
			wrong("mortal: gone before its time");
	}
}

/* What is shown has time left. */
void mourner(struct task *task)
{
	struct shardmap_view view;

	while (READ_ONCE(writers_left)) {
		u64 key = SCRATCH_KEY + (next_random(task) % 4 << 16) +
			  next_random(task) % 300;
		u64 now = ktime_get_boottime_ns();

		rcu_read_lock();
		if (!shardmap_find_rcu(map, &key, sizeof(key), &view) &&
		    (!view.expires || view.expires <= now))
			wrong("mourner: shown after its time");
		rcu_read_unlock();
	}
}

void clock_mover(struct task *task)
{
	while (READ_ONCE(writers_left)) {
		host_time_pass(1 + next_random(task) % 3);
		sched_yield();
	}
}

/* Puts must never be refused where others are evicted. */
void evicting(struct task *task)
{
	char value[100] = {};
	unsigned long i;

	for (i = 0; i < ops; i++) {
		u64 key = next_random(task) % KEYS;
		int err = shardmap_put(map, &key, sizeof(key), value,
				       next_random(task) % sizeof(value),
				       SHARDMAP_PUT_ANY, GFP_KERNEL, NULL);

		if (err && (err != -EROFS || !shardmap_is_frozen(map)))
			wrong("evicting: a put is refused");
	}
}

void limit_watcher(struct task *task)
{
	while (READ_ONCE(writers_left)) {
		if ((map->max_entries &&
		     (u64)atomic64_read(&map->entries_held) >
			     map->max_entries) ||
		    (map->max_bytes &&
		     (u64)atomic64_read(&map->bytes_held) > map->max_bytes))
			wrong("more than the limit");
		sched_yield();
	}
}

/**
 * struct sight - what a pass shows, in one number
 * @sum: of keys and versions
 * @nr: number of entries
 */
struct sight {
	u64 sum;
	u64 nr;
};

static int sum_up(const struct shardmap_view *view, void *arg)
{
	struct sight *sight = arg;
	u64 key;

	memcpy(&key, view->key, sizeof(key));
	sight->sum = sight->sum * 31 + (key ^ view->version << 20);
	sight->nr++;
	return 0;
}

static struct sight look(void)
{
	struct shardmap_position pos = {};
	struct sight sight = {};

	while (!shardmap_scan(map, &pos, sum_up, &sight))
		;
	return sight;
}

/* In the middle of their work the writers find the table frozen. */
void freezer(struct task *task)
{
	unsigned int i, n = next_random(task) % 2000;
	struct sight before, after;

	for (i = 0; i < n; i++)
		sched_yield();
	shardmap_freeze(map);
	before = look();
	do {
		after = look();
		if (before.sum != after.sum || before.nr != after.nr)
			wrong("freezer: a frozen table changes");
	} while (READ_ONCE(writers_left));
}

/* Puts and deletes until the table is frozen, two keys at a time too. */
void stopped(struct task *task)
{
	unsigned long i;

	for (i = 0; i < ops; i++) {
		u64 keys[2] = { next_random(task) % KEYS, KEYS + i % KEYS };
		struct shardmap_request reqs[2] = {
			add_request(&keys[0], 1),
			add_request(&keys[1], 1),
		};

		int err;

		if (i % 3)
			err = shardmap_execute_all(map, reqs, 2, GFP_KERNEL);
		else
			err = shardmap_delete(map, &keys[0], sizeof(keys[0]),
					      GFP_KERNEL);
		if (err && err != -ENOENT && !shardmap_is_frozen(map))
			wrong("stopped: an error");
	}
}

/* Memory is not short here, so each reservation is made. */
void reserver(struct task *task)
{
	do {
		if (shardmap_reserve(map, next_random(task) % 40000) ||
		    shardmap_reserve(map, 0))
			wrong("reserver: an error");
	} while (READ_ONCE(writers_left));
}

/**
 * struct mirror - what a watcher is told: a table of its own
 * @watcher: told of changes
 * @on: it may be called
 * @calls: how often it was, with other shards' locks held
 * @version: for each key, 0 if it is not there; the shard's lock is held
 */
struct mirror {
	struct shardmap_watcher watcher;
	bool on;
	unsigned long calls;
	u64 version[WATCHED_KEYS];
};

static struct mirror whole;

static void changed(struct shardmap_watcher *watcher,
		    const struct shardmap_event *event)
{
	struct mirror *mirror = container_of(watcher, struct mirror, watcher);
	u64 key;

	memcpy(&key, event->key, sizeof(key));
	__atomic_fetch_add(&mirror->calls, 1, __ATOMIC_RELAXED);
	if (!READ_ONCE(mirror->on))
		wrong("watcher: called when it is off");
	if (key >= WATCHED_KEYS)
		return;
	if (mirror == &whole && event->kind != SHARDMAP_EVENT_INSERT &&
	    !mirror->version[key])
		wrong("watcher: a change of a key that is not there");
	if (event->kind == SHARDMAP_EVENT_INSERT ||
	    event->kind == SHARDMAP_EVENT_UPDATE) {
		if (event->version <= mirror->version[key])
			wrong("watcher: an old version");
		mirror->version[key] = event->version;
	} else {
		mirror->version[key] = 0;
	}
}

void watch_all(void)
{
	memset(&whole, 0, sizeof(whole));
	whole.watcher.changed = changed;
	whole.on = true;
	shardmap_watch(map, &whole.watcher);
}

/* With the writers gone the mirror is as the table. */
void compare_all(void)
{
	u64 key;

	for (key = 0; key < WATCHED_KEYS; key++) {
		char buf[128];
		struct shardmap_value v = { .buf = buf, .len = sizeof(buf) };
		int err = shardmap_get(map, &key, sizeof(key), &v);

		if (err ? whole.version[key] : whole.version[key] != v.version)
			wrong("watcher: the mirror is not as the table");
	}
	shardmap_unwatch(map, &whole.watcher);
	WRITE_ONCE(whole.on, false);
}

/* Comes and goes; its memory is freed as soon as it is off. */
void onlooker(struct task *task)
{
	while (READ_ONCE(writers_left)) {
		struct mirror *mirror = calloc(1, sizeof(*mirror));
		unsigned int i, n = next_random(task) % 50;

		mirror->watcher.changed = changed;
		mirror->on = true;
		shardmap_watch(map, &mirror->watcher);
		for (i = 0; i < n; i++)
			sched_yield();
		shardmap_unwatch(map, &mirror->watcher);
		WRITE_ONCE(mirror->on, false);
		free(mirror);
	}
}

/* Changes of watched keys, singly and two at a time. */
void watched(struct task *task)
{
	unsigned long i;

	for (i = 0; i < ops / 2; i++) {
		u64 keys[2] = { next_random(task) % WATCHED_KEYS, 0 };
		struct shardmap_request reqs[2];

		keys[1] = (keys[0] + 1 + i % 9) % WATCHED_KEYS;
		reqs[0] = add_request(&keys[0], i);
		reqs[1] = add_request(&keys[1], i);
		if (i % 2)
			reqs[1].verb = SHARDMAP_DO_DELETE;
		if (i % 5)
			shardmap_execute(map, &reqs[1], GFP_KERNEL);
		else if (shardmap_execute_all(map, reqs, 2, GFP_KERNEL) &&
			 reqs[1].err != -ENOENT)
			wrong("watched: an error");
	}
}
