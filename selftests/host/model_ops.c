// SPDX-License-Identifier: GPL-2.0-only
/* Operations on one key, on the table and on the array. */
#include <stdlib.h>
#include <string.h>

#include "core/internal.h"

#include "model.h"

#define MANY_MAX 80U

static unsigned char value_buf[SHARDMAP_MAX_VALUE_LEN + 8];

/* Is what shardmap_get() gave, with @room bytes of buffer, what @k has? */
static void compare_get(struct model *m, const struct okey *k,
			unsigned int room, int err,
			const struct shardmap_value *v)
{
	int wanted = !k->present ? -ENOENT : k->len > room ? -ENOBUFS : 0;

	if (err != wanted)
		model_wrong(m, "get returned %d, not %d", err, wanted);
	else if (k->present && v->len != k->len)
		model_wrong(m, "get found length %u, not %u", v->len, k->len);
	else if (!err && !value_is(v->buf, k->len, k->seed))
		model_wrong(m, "get found a wrong value");
	else if (!err && v->version != k->version)
		model_wrong(m, "get found a wrong version");
}

bool get_matches(struct model *m, const struct okey *k)
{
	struct shardmap_value v = { .buf = value_buf,
				    .len = sizeof(value_buf) };
	int err = shardmap_get(m->map, k->name, k->name_len, &v);

	compare_get(m, k, sizeof(value_buf), err, &v);
	return !m->wrong[0];
}

static int do_get(struct model *m, const struct op *op)
{
	const struct okey *k = &m->keys[op->key];
	struct shardmap_value v = { .len = op->len };
	int err;

	/* Of exact size, so that ASan sees a byte too many. */
	v.buf = malloc(op->len);
	err = shardmap_get(m->map, k->name, k->name_len, &v);
	compare_get(m, k, op->len, err, &v);
	free(v.buf);
	return err;
}

/* More keys than the core takes at a time, one of them with a bad length. */
static void do_get_many(struct model *m, const struct op *op)
{
	unsigned int i, n = op->seed % MANY_MAX, bad = op->seed % 61;
	struct shardmap_lookup gets[MANY_MAX];
	const struct okey *k;

	for (i = 0; i < n; i++) {
		k = &m->keys[(op->key + i * 7) % m->config->nr_keys];
		gets[i] = (struct shardmap_lookup){
			.key = k->name,
			.key_len = i == bad ? 0 : k->name_len,
			.value = { .buf = malloc(op->len), .len = op->len },
		};
	}
	shardmap_get_many(m->map, gets, n);
	for (i = 0; i < n; i++) {
		k = &m->keys[(op->key + i * 7) % m->config->nr_keys];
		if (i != bad)
			compare_get(m, k, op->len, gets[i].err, &gets[i].value);
		else if (gets[i].err != -EINVAL)
			model_wrong(m, "get_many took an empty key");
		free(gets[i].value.buf);
	}
}

/* What limits say to a new entry of @k. */
static int entry_wanted(struct model *m, const struct okey *k, unsigned int len,
			const struct op *op)
{
	long long bytes = entry_bytes(m, k->name_len, len, false);

	if (k->present && k->len == len && len == 8 && !k->expires)
		return room_wanted(m, 0, 0, 0, false);
	return room_wanted(m, !k->stored, bytes - stored_bytes(m, k), bytes,
			   !(op->how & HOW_ATOMIC));
}

static int put_wanted(struct model *m, const struct okey *k,
		      const struct op *op)
{
	enum shardmap_put_mode mode = op->how & HOW_MODE;

	if (op->len > value_limit(m))
		return -EMSGSIZE;
	if (op->len < value_min(m))
		return -EINVAL;
	if (k->present && mode == SHARDMAP_PUT_NOEXIST)
		return -EEXIST;
	if (!k->present && mode == SHARDMAP_PUT_EXIST)
		return -ENOENT;
	return entry_wanted(m, k, op->len, op);
}

static int do_put(struct model *m, const struct op *op)
{
	struct okey *k = &m->keys[op->key];
	int wanted = put_wanted(m, k, op);
	struct shardmap_result r = {};
	void *value = malloc(op->len);
	bool want_result = op->seed & 1;
	int err;

	make_value(value, op->len, op->seed);
	err = shardmap_put(m->map, k->name, k->name_len, value, op->len,
			   op->how & HOW_MODE, op_gfp(op),
			   want_result ? &r : NULL);
	free(value);
	if (err == -ENOMEM)
		return err;
	if (!is_wanted(m, err, wanted)) {
		model_wrong(m, "put returned %d, not %d", err, wanted);
		return err;
	}
	if (err)
		return err;
	if (!want_result) {
		struct shardmap_value v = { .buf = value_buf,
					    .len = sizeof(value_buf) };

		if (shardmap_get(m->map, k->name, k->name_len, &v))
			model_wrong(m, "get after put failed");
		r.version = v.version;
		r.inserted = !k->present;
	}
	if (r.inserted == k->present)
		model_wrong(m, "put inserted: %d", r.inserted);
	oracle_store(m, k, op->len, op->seed, r.version, 0);
	return 0;
}

static int do_get_or_put(struct model *m, const struct op *op)
{
	struct okey *k = &m->keys[op->key];
	unsigned int room = op->seed % 3 ? SHARDMAP_MAX_VALUE_LEN :
					   op->seed % 97;
	struct shardmap_value found = { .len = room, .buf = malloc(room) };
	struct shardmap_result r = {};
	int err, wanted = 0;

	if (op->len > value_limit(m))
		wanted = -EMSGSIZE;
	else if (op->len < value_min(m))
		wanted = -EINVAL;
	else if (k->present && k->len > room)
		wanted = -ENOBUFS;
	else if (!k->present)
		wanted = entry_wanted(m, k, op->len, op);
	make_value(value_buf, op->len, op->seed);
	err = shardmap_get_or_put(m->map, k->name, k->name_len, value_buf,
				  op->len, &found, op_gfp(op), &r);
	if (err == -ENOMEM)
		goto out;
	if (!is_wanted(m, err, wanted))
		model_wrong(m, "get_or_put returned %d, not %d", err, wanted);
	else if (err == -ENOBUFS && found.len != k->len)
		model_wrong(m, "get_or_put found length %u", found.len);
	else if (!err && r.inserted == k->present)
		model_wrong(m, "get_or_put inserted: %d", r.inserted);
	else if (!err && found.version != r.version)
		model_wrong(m, "get_or_put gave two versions");
	else if (!err && !r.inserted)
		compare_get(m, k, room, 0, &found);
	else if (!err)
		oracle_store(m, k, op->len, op->seed, r.version, 0);
out:
	free(found.buf);
	return err;
}

static int do_delete(struct model *m, const struct op *op)
{
	struct okey *k = &m->keys[op->key];
	int wanted = k->present ? 0 : -ENOENT;
	int err = shardmap_delete(m->map, k->name, k->name_len, op_gfp(op));

	if (err == -ENOMEM)
		return err;
	if (err != wanted)
		model_wrong(m, "delete returned %d, not %d", err, wanted);
	else if (!err)
		oracle_remove(m, k);
	return err;
}

static int add_wanted(struct model *m, const struct okey *k,
		      const struct op *op, bool has_initial)
{
	if (value_limit(m) < sizeof(u64))
		return -EMSGSIZE;
	if (k->present)
		return k->len == sizeof(u64) ? 0 : -EINVAL;
	if (!has_initial)
		return -ENOENT;
	return entry_wanted(m, k, sizeof(u64), op);
}

static int do_add(struct model *m, const struct op *op)
{
	struct okey *k = &m->keys[op->key];
	bool has_initial = op->how & HOW_MODE;
	int err, wanted = add_wanted(m, k, op, has_initial);
	u64 initial = ~op->seed, old = k->present ? k->seed : initial;
	struct shardmap_result r = {};

	err = shardmap_add(m->map, k->name, k->name_len, op->seed,
			   has_initial ? &initial : NULL, op_gfp(op), &r);
	if (err == -ENOMEM)
		return err;
	if (!is_wanted(m, err, wanted))
		model_wrong(m, "add returned %d, not %d", err, wanted);
	else if (!err && (r.old != old || r.new != old + op->seed))
		model_wrong(m, "add gave wrong numbers");
	else if (!err && r.inserted == k->present)
		model_wrong(m, "add inserted: %d", r.inserted);
	else if (!err)
		oracle_store(m, k, 8, old + op->seed, r.version,
			     k->present ? k->expires : 0);
	return err;
}

static void wanted_err(struct model *m, const char *what, int err, int wanted)
{
	if (err != wanted)
		model_wrong(m, "%s returned %d, not %d", what, err, wanted);
}

/* Keys that no table takes, or not this one. */
static void do_bad_length(struct model *m, const struct op *op)
{
	bool inlined = m->config->params.flags & SHARDMAP_INLINE;
	bool few = op->key % 2;
	unsigned int len = !few	   ? key_limit(m) + 1 :
			   inlined ? key_limit(m) - 1 :
				     0;
	int wanted = few ? -EINVAL : -EMSGSIZE;
	struct shardmap_value v = { .buf = value_buf, .len = 8 };
	struct shardmap_result r;
	void *key = calloc(1, len);
	u64 initial = 0;

	wanted_err(m, "get", shardmap_get(m->map, key, len, &v), wanted);
	wanted_err(m, "put",
		   shardmap_put(m->map, key, len, "", 0, SHARDMAP_PUT_ANY,
				op_gfp(op), &r),
		   wanted);
	wanted_err(m, "get_or_put",
		   shardmap_get_or_put(m->map, key, len, "", 0, &v, op_gfp(op),
				       &r),
		   wanted);
	wanted_err(m, "delete", shardmap_delete(m->map, key, len, op_gfp(op)),
		   wanted);
	wanted_err(m, "add",
		   shardmap_add(m->map, key, len, 1, &initial, op_gfp(op), &r),
		   wanted);
	free(key);
}

static int do_op_of_key(struct model *m, const struct op *op)
{
	switch (op->kind) {
	case OP_PUT:
		return do_put(m, op);
	case OP_GET:
		return do_get(m, op);
	case OP_GET_OR_PUT:
		return do_get_or_put(m, op);
	case OP_DELETE:
		return do_delete(m, op);
	case OP_REQUEST:
		return do_request(m, op);
	case OP_UPDATE:
		return do_update(m, op);
	case OP_ALL:
		return do_all(m, op);
	case OP_RESERVE:
		return do_reserve(m, op);
	default:
		return do_add(m, op);
	}
}

static int do_key_op(struct model *m, const struct op *op)
{
	const struct shardmap_params *p = &m->config->params;
	struct okey *k = &m->keys[op->key];
	int err;

	m->need_entries = 0;
	m->need_bytes = 0;
	m->hopeless = false;
	m->left_entries = 0;
	m->left_bytes = 0;
	k->written = true;
	err = do_op_of_key(m, op);
	k->written = false;
	if ((p->max_entries && m->count > p->max_entries) ||
	    (p->max_bytes && m->bytes > p->max_bytes))
		model_wrong(m, "more than the limit");
	return err;
}

/*
 * Each allocation of the operation fails once: it must say so and change nothing,
 * but that room may have been made.  The last time nothing fails.
 */
static void do_with_faults(struct model *m, const struct op *op)
{
	unsigned int n;
	int err;

	for (n = 0; !m->wrong[0]; n++) {
		host_fail_after(n, op->seed % 2);
		m->failing = true;
		err = do_key_op(m, op);
		m->failing = false;
		if (!host_fail_none()) {
			if (err == -ENOMEM)
				model_wrong(m, "ENOMEM without a failure");
			return;
		}
		/* Making room may go another way; compacting is left out. */
		if (err != -ENOMEM && !m->config->ttl && op->kind != OP_RESERVE)
			model_wrong(m, "failed allocation %u: returned %d", n,
				    err);
		get_matches(m, &m->keys[op->key]);
		if (m->config->faults)
			check_all(m);
	}
}

static void do_work(struct model *m, const struct op *op)
{
	/* Worker's allocations may fail too, which only puts things off. */
	if (op->how & HOW_FAULTS) {
		host_fail_after(op->len % 3, true);
		m->worker_failed = true;
	}
	host_work_step(op->key);
	host_fail_none();
}

void do_op(struct model *m, const struct op *op)
{
	switch (op->kind) {
	case OP_PUT:
	case OP_GET:
	case OP_GET_OR_PUT:
	case OP_DELETE:
	case OP_ADD:
	case OP_REQUEST:
	case OP_UPDATE:
	case OP_ALL:
	case OP_RESERVE:
		if (op->how & HOW_FAULTS || m->config->faults)
			do_with_faults(m, op);
		else if (do_key_op(m, op) == -ENOMEM)
			model_wrong(m, "ENOMEM without a failure");
		break;
	case OP_GET_MANY:
		do_get_many(m, op);
		break;
	case OP_FIND:
		do_find(m, op);
		break;
	case OP_NEXT:
		do_next(m, op);
		break;
	case OP_DRAIN:
		do_drain(m, op);
		break;
	case OP_SCAN:
		do_scan(m, op);
		break;
	case OP_SCAN_CHANGE:
		do_scan_change(m, op);
		break;
	case OP_CLEAR:
		do_clear(m, op);
		break;
	case OP_BAD_LENGTH:
		do_bad_length(m, op);
		break;
	case OP_WORK:
		do_work(m, op);
		break;
	case OP_RCU:
		host_rcu_step();
		break;
	case OP_TIME:
		host_time_pass(op->len);
		oracle_time(m);
		break;
	case OP_STATS:
		check_stats(m);
		break;
	default:
		check_all(m);
	}
}
