// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls of functions that the module exports, which no ioctl reaches, made of bytes: the
 * first makes a table, then come three for each call.
 */
#include <linux/bottom_half.h>
#include <linux/err.h>
#include <linux/rcupdate.h>
#include <linux/shardmap.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "tests/coverage.h"

#define VALUE_MAX 4096U
#define TOGETHER_MAX 8U
#define ENTRIES_MAX 20U
#define INLINE_LEN 8U

/**
 * struct visit - one write to the door
 * @map: its table
 * @watcher: told of changes, if it is linked
 * @gfp: allocation flags of the calls; GFP_NOWAIT with bottom halves disabled
 * @is_inline: keys and values have one length
 * @is_watched: @watcher is in use
 * @op: what the call is, and how
 * @key: its key
 * @key_len: length of that
 * @n: what it is about otherwise
 * @value: a value
 * @out: where a value goes
 */
struct visit {
	struct shardmap *map;
	struct shardmap_watcher watcher;
	gfp_t gfp;
	bool is_inline;
	bool is_watched;
	u8 op;
	u64 key[4];
	u32 key_len;
	u8 n;
	u8 value[VALUE_MAX];
	u8 out[VALUE_MAX];
};

static u32 value_len(const struct visit *v)
{
	static const u32 lens[] = { 8, 8, 8, 0, 24, 100, 600, VALUE_MAX };

	return v->is_inline ? INLINE_LEN : lens[v->n % ARRAY_SIZE(lens)];
}

/* Few, so that they are met again, of several lengths */
static void set_key(struct visit *v, u8 byte)
{
	static const u32 lens[] = { 8, 8, 3, 24 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(v->key); i++)
		v->key[i] = byte % 16;
	v->key_len = v->is_inline ? INLINE_LEN : lens[byte >> 6];
}

/* Keeps, stores, removes, or fails. */
static int decide(const struct shardmap_view *old, void *value, void *arg)
{
	const struct visit *v = arg;

	if (v->n >> 6 == 3)
		return -EDOM;
	memcpy(value, v->value, value_len(v));
	return v->n >> 6;
}

static int stop_after(const struct shardmap_view *view, void *arg)
{
	u8 *left = arg;

	return *left ? (*left)--, 0 : -ECANCELED;
}

static void ignore(struct shardmap_watcher *watcher,
		   const struct shardmap_event *event)
{
}

static void do_find(struct visit *v)
{
	struct shardmap_view view;

	rcu_read_lock();
	if (!shardmap_find_rcu(v->map, v->key, v->key_len, &view) &&
	    view.value_len == sizeof(u64))
		shardmap_view_value(&view, v->out);
	rcu_read_unlock();
}

static void do_get_many(struct visit *v)
{
	struct shardmap_lookup gets[TOGETHER_MAX];
	u64 keys[TOGETHER_MAX];
	unsigned int i, nr = 1 + v->n % TOGETHER_MAX;

	for (i = 0; i < nr; i++) {
		keys[i] = v->key[0] + i;
		gets[i] = (struct shardmap_lookup){
			.key = &keys[i],
			/* All of one length, or not */
			.key_len = sizeof(u64) - (v->n >> 7 & i),
			.value = { .buf = v->out + 256 * i,
				   .len = v->n & 64 ? 4 : 256 },
		};
	}
	shardmap_get_many(v->map, gets, nr);
}

static void do_all(struct visit *v)
{
	struct shardmap_request reqs[TOGETHER_MAX];
	u64 keys[TOGETHER_MAX];
	unsigned int i, nr = 1 + v->n % TOGETHER_MAX;

	for (i = 0; i < nr; i++) {
		keys[i] = v->key[0] + i;
		reqs[i] = (struct shardmap_request){
			.verb = (v->n / 8 + i * (v->n >> 7)) %
				(SHARDMAP_VERBS + 1),
			.key = &keys[i],
			.key_len = sizeof(u64),
			.value = v->value,
			.value_len = value_len(v),
			.out = v->out,
			.out_len = sizeof(v->out),
			/* It is over when the next call comes. */
			.ttl = v->n & 64 && !v->is_inline ? 1 : 0,
		};
	}
	if (nr == 1)
		shardmap_execute(v->map, reqs, v->gfp);
	else if (shardmap_execute_all(v->map, reqs, nr, v->gfp))
		return;
}

/* So many that shards grow, and with the next call shrink again. */
static void do_fill(struct visit *v)
{
	struct shardmap_result result;
	unsigned int i;
	u64 key;

	for (i = 0; i < v->n * 2U; i++) {
		key = v->key[0] + i;
		if (shardmap_put(v->map, &key, sizeof(key), v->value,
				 value_len(v), SHARDMAP_PUT_ANY, v->gfp,
				 &result))
			return;
	}
}

static void do_empty(struct visit *v)
{
	unsigned int i;
	u64 key;

	for (i = 0; i < v->n * 2U; i++) {
		key = v->key[0] + i;
		shardmap_delete(v->map, &key, sizeof(key), v->gfp);
	}
}

/* What may sleep, with nothing that forbids it */
static int do_slow(struct visit *v)
{
	struct shardmap_position pos = {};
	struct shardmap_stats stats;
	u64 removed = 0;
	u8 left = v->n;

	switch (v->op % 8) {
	case 0:
		shardmap_position_after(v->map, v->key, v->key_len, &pos);
		fallthrough;
	case 1:
		return shardmap_scan(v->map, &pos, stop_after, &left);
	case 2:
		return shardmap_clear_step(v->map, &pos, &removed);
	case 3:
		return shardmap_reserve(v->map, v->n * 16);
	case 4:
		shardmap_get_stats(v->map, &stats);
		return stats.entries != shardmap_count(v->map);
	case 5:
		if (v->is_watched)
			shardmap_unwatch(v->map, &v->watcher);
		else
			shardmap_watch(v->map, &v->watcher);
		v->is_watched = !v->is_watched;
		return 0;
	case 6:
		if (v->n < 32)
			shardmap_freeze(v->map);
		return shardmap_is_frozen(v->map);
	}
	return 0;
}

static int do_quick(struct visit *v)
{
	struct shardmap_value out = { v->out, v->n & 1 ? 4 : VALUE_MAX };
	struct shardmap_result result, *where = v->n & 2 ? &result : NULL;
	u32 len = v->key_len, value = value_len(v);
	const u64 initial = v->n;

	switch (v->op % 16) {
	case 0:
		return shardmap_get(v->map, v->key, len, &out);
	case 1:
		return shardmap_put(v->map, v->key, len, v->value, value,
				    v->n % 3, v->gfp, where);
	case 2:
		return shardmap_get_or_put(v->map, v->key, len, v->value, value,
					   &out, v->gfp, where);
	case 3:
		return shardmap_delete(v->map, v->key, len, v->gfp);
	case 4:
		return shardmap_add(v->map, v->key, len, 1,
				    v->n & 1 ? &initial : NULL, v->gfp, where);
	case 5:
		return shardmap_cas(v->map, v->key, len, 1 + v->n / 8 % 4,
				    v->value, value, v->gfp, where);
	case 6:
		return shardmap_take(v->map, v->key, len, &out, v->gfp);
	case 7:
		return shardmap_update(v->map, v->key, len, value, decide, v,
				       v->gfp, where);
	case 8:
		do_find(v);
		return 0;
	case 9:
		do_get_many(v);
		return 0;
	case 10:
		do_all(v);
		return 0;
	case 11:
		do_fill(v);
		return 0;
	case 12:
		do_empty(v);
		return 0;
	case 13:
		/* Lengths that no table takes */
		return shardmap_put(v->map, v->key, v->n & 1 ? 0 : len,
				    v->value, v->n & 2 ? SZ_1M : value,
				    SHARDMAP_PUT_ANY, v->gfp, where);
	}
	return 0;
}

static int make_table(struct visit *v, u8 how)
{
	struct shardmap_params params = {
		.flags = how & (SHARDMAP_FAST_HASH | SHARDMAP_ACCOUNT |
				SHARDMAP_INLINE),
		.nr_shards = 1U << (how >> 4 & 3),
		.max_entries = how & 8 ? ENTRIES_MAX : 0,
	};

	v->is_inline = params.flags & SHARDMAP_INLINE;
	if (v->is_inline) {
		params.max_key_len = INLINE_LEN;
		params.max_value_len = INLINE_LEN;
	} else if (how & 8) {
		params.max_bytes = how >> 7 ? SZ_4K : 0;
		if (!(how & SHARDMAP_ACCOUNT))
			params.flags |= SHARDMAP_EVICT;
	}
	v->gfp = how & 64 ? GFP_NOWAIT : GFP_KERNEL;
	v->watcher.changed = ignore;
	memset(v->value, how, sizeof(v->value));
	if (how >> 7)
		params.quota = shardmap_quota_create(SZ_16K);
	v->map = shardmap_create(&params);
	if (how >> 7)
		shardmap_quota_put(params.quota);
	return PTR_ERR_OR_ZERO(v->map);
}

static void do_calls(struct visit *v, const u8 *bytes, size_t len)
{
	for (; len >= 3; bytes += 3, len -= 3) {
		v->op = bytes[0];
		set_key(v, bytes[1]);
		v->n = bytes[2];
		if (v->op & 64) {
			do_slow(v);
			continue;
		}
		if (v->gfp == GFP_NOWAIT)
			local_bh_disable();
		do_quick(v);
		if (v->gfp == GFP_NOWAIT)
			local_bh_enable();
	}
}

/**
 * sm_visit() - Make a table, call functions on it, and destroy it.
 * @bytes: which, see above
 * @len: how many, at least one
 *
 * Context: Process context.
 * Return: 0 or -ENOMEM.
 */
int sm_visit(const u8 *bytes, size_t len)
{
	struct visit *v = kzalloc(sizeof(*v), GFP_KERNEL);

	if (!v)
		return -ENOMEM;
	/* That there is no memory for one is no failure of the fuzzer's. */
	if (!make_table(v, bytes[0])) {
		do_calls(v, bytes + 1, len - 1);
		if (v->is_watched)
			shardmap_unwatch(v->map, &v->watcher);
		shardmap_destroy(v->map);
	}
	kfree(v);
	return 0;
}
