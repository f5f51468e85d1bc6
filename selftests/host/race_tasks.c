// SPDX-License-Identifier: GPL-2.0-only
/* What the threads of the race test do and check. */
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "core/line.h"
#include "race.h"

/* More than the core takes at a time. */
#define GROUP 40U

/* A value carries its key, a number and a checksum of both. */
struct value {
	u64 key;
	u64 number;
	u64 sum;
	u64 padding[5];
};

struct shardmap *map;
u64 hot_keys[HOT_KEYS_MAX];
unsigned int line_keys;
unsigned long ops = 20000;
unsigned long wrongs;
unsigned int writers_left;

void wrong(const char *what)
{
	if (!__atomic_fetch_add(&wrongs, 1, __ATOMIC_RELAXED))
		printf("# %s\n", what);
}

static u64 next_random(struct task *task)
{
	task->random =
		task->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return task->random >> 33;
}

static u64 checksum(u64 key, u64 number)
{
	return (key ^ number * 0x9e3779b97f4a7c15ULL) + 1;
}

/* The length follows from the number: entries of many sizes. */
static u32 length_of(u64 number)
{
	return 24 + number % 41;
}

/* An inline value has room for the number and half of the checksum. */
static u64 inline_value(u64 key, u64 number)
{
	return (u32)number | checksum(key, (u32)number) << 32;
}

int put(u64 key, u64 number, enum shardmap_put_mode mode)
{
	u64 word = inline_value(key, number);
	struct value v = { .key = key,
			   .number = number,
			   .sum = checksum(key, number) };

	if (sm_is_inline(map))
		return shardmap_put(map, &key, sizeof(key), &word, sizeof(word),
				    mode, GFP_KERNEL, NULL);
	memset(v.padding, number, sizeof(v.padding));
	return shardmap_put(map, &key, sizeof(key), &v, length_of(number), mode,
			    GFP_KERNEL, NULL);
}

static bool value_is_whole(u64 key, const struct value *v, u32 len)
{
	const unsigned char *p = (const void *)v->padding;
	u32 i;

	if (sm_is_inline(map))
		return len == sizeof(v->key) &&
		       v->key == inline_value(key, v->key);
	if (v->key != key || v->sum != checksum(key, v->number) ||
	    len != length_of(v->number))
		return false;
	for (i = 0; i < len - 24; i++)
		if (p[i] != (unsigned char)v->number)
			return false;
	return true;
}

static int get(u64 key)
{
	struct value v;
	struct shardmap_value value = { .buf = &v, .len = sizeof(v) };
	int err = shardmap_get(map, &key, sizeof(key), &value);

	if (!err && !value_is_whole(key, &v, value.len))
		wrong("get: a torn value");
	if (err && err != -ENOENT)
		wrong("get: an error");
	return err;
}

/* Several keys at once, which must be as good as one by one. */
static void get_many(struct task *task)
{
	u64 keys[GROUP];
	struct value values[GROUP];
	struct shardmap_lookup gets[GROUP];
	unsigned int i;

	for (i = 0; i < GROUP; i++) {
		keys[i] = next_random(task) % KEYS;
		gets[i] = (struct shardmap_lookup){
			.key = &keys[i],
			.key_len = sizeof(keys[i]),
			.value = { .buf = &values[i],
				   .len = sizeof(values[i]) },
		};
	}
	shardmap_get_many(map, gets, GROUP);
	for (i = 0; i < GROUP; i++) {
		if (!gets[i].err &&
		    !value_is_whole(keys[i], &values[i], gets[i].value.len))
			wrong("get_many: a torn value");
		if (gets[i].err &&
		    (gets[i].err != -ENOENT || keys[i] < STABLE_KEYS))
			wrong("get_many: an error, or a stable key is missing");
	}
}

void reader(struct task *task)
{
	unsigned long i;
	u64 key;

	for (i = 0; i < ops || READ_ONCE(writers_left); i++) {
		key = next_random(task) % KEYS;
		if (get(key) && key < STABLE_KEYS)
			wrong("get: a stable key is missing");
		if (!(i % GROUP))
			get_many(task);
	}
}

/* Puts, replaces and deletes; stable keys are replaced only. */
void writer(struct task *task)
{
	unsigned long i;

	for (i = 0; i < ops; i++) {
		u64 key = next_random(task) % KEYS;
		u64 number = next_random(task);
		int err;

		if (key < STABLE_KEYS)
			err = put(key, number, SHARDMAP_PUT_EXIST);
		else if (number & 3)
			err = put(key, number, SHARDMAP_PUT_ANY);
		else
			err = shardmap_delete(map, &key, sizeof(key),
					      GFP_KERNEL);
		if (err && (err != -ENOENT || key < STABLE_KEYS))
			wrong("writer: an error");
	}
}

/* Many keys come, then all go: each shard grows and shrinks again. */
void grower(struct task *task)
{
	u64 i, key, n = ops / 2;

	for (i = 0; i < n; i++) {
		key = PRIVATE_KEY + task->index * n + i;
		if (put(key, i, SHARDMAP_PUT_NOEXIST) || get(key))
			wrong("grower: a new key");
	}
	for (i = 0; i < n; i++) {
		key = PRIVATE_KEY + task->index * n + i;
		if (get(key) ||
		    shardmap_delete(map, &key, sizeof(key), GFP_KERNEL) ||
		    !get(key))
			wrong("grower: an old key");
	}
}

void adder(struct task *task)
{
	struct shardmap_result r;
	unsigned long i;
	u64 zero = 0, seen[COUNTERS] = {};

	for (i = 0; i < ops; i++) {
		unsigned int n = next_random(task) % COUNTERS;
		u64 key = COUNTER_KEY + n, number = 0;
		struct shardmap_value v = { .buf = &number, .len = 8 };

		if (shardmap_add(map, &key, sizeof(key), i, &zero, GFP_KERNEL,
				 &r) ||
		    r.new != r.old + i)
			wrong("add: an error");
		task->added += i;
		if (shardmap_get(map, &key, sizeof(key), &v) ||
		    number < r.new || number < seen[n] || v.version < r.version)
			wrong("add: a number goes back");
		seen[n] = number;
	}
}

struct pass {
	unsigned char shown[KEYS];
	unsigned int stable;
	unsigned int left;
};

static int show(const struct shardmap_view *view, void *arg)
{
	struct pass *pass = arg;
	struct value v;
	u64 key;

	if (!pass->left--)
		return -EINTR;
	memcpy(&key, view->key, sizeof(key));
	if (view->value_len == 8)
		shardmap_view_value(view, &v);
	else
		memcpy(&v, view->value, view->value_len);
	if (key >= COUNTER_KEY && key < COUNTER_KEY + COUNTERS)
		return 0;
	if (!value_is_whole(key, &v, view->value_len))
		wrong("scan: a torn value");
	if (key >= KEYS)
		return 0;
	if (pass->shown[key]++)
		wrong("scan: a key twice");
	pass->stable += key < STABLE_KEYS;
	return 0;
}

void scanner(struct task *task)
{
	static struct pass passes[MAX_THREADS];
	struct pass *pass = &passes[task->index];
	unsigned int n = 0;

	while (READ_ONCE(writers_left) || n < 3) {
		struct shardmap_position pos = {};
		int ret;

		memset(pass, 0, sizeof(*pass));
		do {
			pass->left = next_random(task) % 50;
			ret = shardmap_scan(map, &pos, show, pass);
		} while (!ret || ret == -EINTR);
		if (ret != 1)
			wrong("scan: an error");
		if (pass->stable != STABLE_KEYS)
			wrong("scan: not every stable key");
		n++;
	}
}

void figures(struct task *task)
{
	struct shardmap_stats stats;

	while (READ_ONCE(writers_left)) {
		shardmap_get_stats(map, &stats);
		if (stats.entries < STABLE_KEYS)
			wrong("stats: fewer entries than there always are");
	}
}

void hot_reader(struct task *task)
{
	unsigned long i;

	for (i = 0; i < ops || READ_ONCE(writers_left); i++) {
		unsigned int n = next_random(task) % (line_keys + 2);

		if (get(hot_keys[n]) && n < line_keys)
			wrong("get: a key of the full line is missing");
	}
}

/* Shows every hot key but the last two, whatever becomes of their bucket. */
static int show_hot(const struct shardmap_view *view, void *arg)
{
	unsigned int i, *shown = arg;
	struct value v;

	if (view->value_len == 8)
		shardmap_view_value(view, &v);
	else
		memcpy(&v, view->value, view->value_len);
	for (i = 0; i < line_keys + 2; i++) {
		if (memcmp(view->key, &hot_keys[i], sizeof(u64)))
			continue;
		*shown += i < line_keys;
		if (!value_is_whole(hot_keys[i], &v, view->value_len))
			wrong("scan: a torn value");
	}
	return 0;
}

void hot_scanner(struct task *task)
{
	while (READ_ONCE(writers_left)) {
		struct shardmap_position pos = {};
		unsigned int shown = 0;

		/* All hot keys are near the beginning. */
		do {
			if (shardmap_scan(map, &pos, show_hot, &shown) < 0)
				wrong("scan: an error");
		} while (!(pos.hash >> 54));
		if (shown != line_keys)
			wrong("scan: a key of the full line is missing");
	}
}

/*
 * The hot keys' line gets its overflow line, and is rid of it when the shard
 * grows and shrinks for the sake of other keys.
 */
void heater(struct task *task)
{
	unsigned long i, n;
	u64 key;

	for (i = 0; i < ops / 100; i++) {
		/* Two keys in turn where the other was just before. */
		for (n = 0; n < 50; n++) {
			key = hot_keys[line_keys + n % 2];
			if (put(key, n, SHARDMAP_PUT_NOEXIST) ||
			    shardmap_delete(map, &key, sizeof(key), GFP_KERNEL))
				wrong("heater: an error");
		}
		for (key = SCRATCH_KEY; key < SCRATCH_KEY + 100; key++)
			if (put(key, i, SHARDMAP_PUT_NOEXIST))
				wrong("heater: put");
		for (key = SCRATCH_KEY; key < SCRATCH_KEY + 100; key++)
			if (shardmap_delete(map, &key, sizeof(key), GFP_KERNEL))
				wrong("heater: delete");
	}
}

/* A plain store to a tag word in use: what TSan must report. */
void planted(struct task *task)
{
	struct sm_shard *shard = &map->shards[0];
	unsigned long i;

	for (i = 0; i < ops; i++) {
		struct sm_line *line;

		spin_lock_bh(&shard->lock);
		line = &shard->array->lines[i % (1UL << shard->array->bits)];
		*(volatile unsigned long *)&line->tags = line->tags;
		spin_unlock_bh(&shard->lock);
	}
}

void clearer(struct task *task)
{
	struct shardmap_position pos = {};
	u64 removed = 0;

	while (READ_ONCE(writers_left)) {
		int ret = shardmap_clear_step(map, &pos, &removed);

		if (ret < 0)
			wrong("clear: an error");
		if (ret == 1)
			pos = (struct shardmap_position){};
	}
	task->added = removed;
}

/* Each key that went in comes out just once: by its delete or by a clear. */
void put_and_take(struct task *task)
{
	unsigned long i;

	for (i = 0; i < ops; i++) {
		u64 key = SCRATCH_KEY + (task->index << 16) +
			  next_random(task) % 3000;
		int err = put(key, i, SHARDMAP_PUT_NOEXIST);

		if (!err)
			task->added--;
		else if (err != -EEXIST)
			wrong("put: an error");
		if (i % 3)
			continue;
		err = shardmap_delete(map, &key, sizeof(key), GFP_KERNEL);
		if (!err)
			task->added++;
	}
}

/* Allocation failures at random places: nothing may get lost or stay locked. */
void failing(struct task *task)
{
	while (READ_ONCE(writers_left)) {
		host_fail_after(next_random(task) % 50, false);
		sched_yield();
	}
	host_fail_none();
}

void careless_writer(struct task *task)
{
	unsigned long i;

	for (i = 0; i < ops; i++) {
		u64 key = SCRATCH_KEY + next_random(task) % 3000;
		int err = next_random(task) & 1 ?
				  put(key, i, SHARDMAP_PUT_ANY) :
				  shardmap_delete(map, &key, sizeof(key),
						  GFP_NOWAIT);

		if (err && err != -ENOENT && err != -ENOMEM)
			wrong("put or delete: an error");
	}
}

/* Alone in a table of one shard: each add raises number and version by one. */
void counting(struct task *task)
{
	u64 key = COUNTER_KEY, zero = 0;
	struct shardmap_result r;
	unsigned long i;

	for (i = 0; i < ops; i++)
		if (shardmap_add(map, &key, sizeof(key), 1, &zero, GFP_KERNEL,
				 &r) ||
		    r.new != i + 1 || r.version != r.new)
			wrong("counting: an error");
}

/* So a version that is higher than the number is newer than it. */
void version_reader(struct task *task)
{
	u64 key = COUNTER_KEY, number = 0;

	while (READ_ONCE(writers_left)) {
		struct shardmap_value v = { .buf = &number, .len = 8 };

		if (!shardmap_get(map, &key, sizeof(key), &v) &&
		    v.version > number)
			wrong("get: a version newer than the number");
	}
}
