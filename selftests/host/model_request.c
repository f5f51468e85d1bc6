// SPDX-License-Identifier: GPL-2.0-only
/* Requests with all that they can ask for, one by one and all or nothing. */
#include <stdlib.h>
#include <string.h>

#include <linux/jiffies.h>

#include "core/internal.h"

#include "model.h"

#define TICK_NS ((u64)NSEC_PER_SEC / HZ)

static unsigned char wanted_buf[SHARDMAP_MAX_VALUE_LEN + 8];

/**
 * struct todo - a request and what must become of it
 * @k: its key
 * @before: key as it was before
 * @req: the request
 * @asked: copy of the request as it was made
 * @seed: seed of the value
 * @err: what it must return, but for limits
 * @store: it stores a value
 * @remove: it removes its key
 * @reads: it copies the value out
 * @in_place: a number takes the place of another
 * @len: length of what it stores
 * @number: seed of what it stores
 * @expires: when that ends
 */
struct todo {
	struct okey *k;
	struct okey before;
	struct shardmap_request req;
	struct shardmap_request asked;
	u64 seed;
	int err;
	bool store;
	bool remove;
	bool reads;
	bool in_place;
	unsigned int len;
	u64 number;
	u64 expires;
};

gfp_t op_gfp(const struct op *op)
{
	return op->how & HOW_ATOMIC ? GFP_NOWAIT : GFP_KERNEL;
}

bool value_is(const void *buf, unsigned int len, u64 seed)
{
	make_value(wanted_buf, len, seed);
	return !memcmp(buf, wanted_buf, len);
}

static unsigned int pick(u64 *state, unsigned int n)
{
	return next_random(state) % n;
}

static unsigned int pick_flags(unsigned int verb, u64 *state)
{
	static const unsigned int conditions[] = {
		0, SHARDMAP_REQ_IF_VERSION, SHARDMAP_REQ_IF_VALUE,
		SHARDMAP_REQ_IF_VERSION | SHARDMAP_REQ_IF_VALUE
	};
	static const unsigned int modes[] = { 0, SHARDMAP_REQ_NOEXIST,
					      SHARDMAP_REQ_EXIST };

	switch (verb) {
	case SHARDMAP_DO_GET:
		return pick(state, 2) * SHARDMAP_REQ_IF_CHANGED |
		       pick(state, 2) * SHARDMAP_REQ_NO_TOUCH;
	case SHARDMAP_DO_PUT:
		return modes[pick(state, 3)] |
		       pick(state, 2) * SHARDMAP_REQ_SWAP;
	case SHARDMAP_DO_ADD:
		return pick(state, 2) * SHARDMAP_REQ_CREATE;
	case SHARDMAP_DO_GET_OR_PUT:
		return 0;
	}
	return conditions[pick(state, 4)];
}

static u64 pick_ttl(const struct model *m, u64 *state)
{
	if (m->config->params.flags & SHARDMAP_INLINE)
		return !pick(state, 64);
	if (!m->config->ttl || pick(state, 2))
		return 0;
	return pick(state, 16) ? (1 + pick(state, 200)) * TICK_NS :
				 U64_MAX - pick(state, 2);
}

/* What the request must do, as its flags and its key have it. */
static int decide(struct todo *t)
{
	const struct shardmap_request *req = &t->asked;
	const struct okey *k = t->k;
	bool swap = req->flags & SHARDMAP_REQ_SWAP;
	bool small = k->present && k->len > req->out_len;

	switch (req->verb) {
	case SHARDMAP_DO_GET:
		if (!k->present)
			return -ENOENT;
		if (req->flags & SHARDMAP_REQ_IF_CHANGED &&
		    req->version == k->version)
			return 0;
		t->reads = true;
		return small ? -ENOBUFS : 0;
	case SHARDMAP_DO_PUT:
		if (k->present && req->flags & SHARDMAP_REQ_NOEXIST)
			return -EEXIST;
		if (!k->present && req->flags & SHARDMAP_REQ_EXIST)
			return -ENOENT;
		t->reads = swap && k->present;
		t->store = true;
		return swap && small ? -ENOBUFS : 0;
	case SHARDMAP_DO_GET_OR_PUT:
		t->reads = k->present;
		t->store = !k->present;
		return small ? -ENOBUFS : 0;
	case SHARDMAP_DO_ADD:
		t->store = true;
		if (!k->present)
			return req->flags & SHARDMAP_REQ_CREATE ? 0 : -ENOENT;
		return k->len == sizeof(u64) ? 0 : -EINVAL;
	}
	if (!k->present)
		return -ENOENT;
	if ((req->flags & SHARDMAP_REQ_IF_VERSION &&
	     req->version != k->version) ||
	    (req->flags & SHARDMAP_REQ_IF_VALUE &&
	     (req->expected_len != k->len ||
	      !value_is(req->expected, k->len, k->seed))))
		return -ESTALE;
	t->store = req->verb == SHARDMAP_DO_CAS;
	t->remove = !t->store;
	t->reads = req->verb == SHARDMAP_DO_TAKE;
	return t->reads && small ? -ENOBUFS : 0;
}

static bool gives_value(unsigned int verb)
{
	return verb == SHARDMAP_DO_PUT || verb == SHARDMAP_DO_CAS ||
	       verb == SHARDMAP_DO_GET_OR_PUT;
}

static int check_lengths(const struct model *m, const struct todo *t)
{
	bool add = t->asked.verb == SHARDMAP_DO_ADD;
	unsigned int len = add ? sizeof(u64) : t->asked.value_len;

	if (!add && !gives_value(t->asked.verb))
		return 0;
	if (len > value_limit(m))
		return -EMSGSIZE;
	if (len < value_min(m))
		return -EINVAL;
	return t->asked.ttl && m->config->params.flags & SHARDMAP_INLINE ?
		       -EINVAL :
		       0;
}

static void predict(struct model *m, struct todo *t)
{
	const struct shardmap_request *req = &t->asked;
	const struct okey *k = t->k;
	bool add = req->verb == SHARDMAP_DO_ADD;
	u64 now = host_boottime_ns(false);

	t->store = t->remove = t->reads = false;
	t->before = *k;
	t->len = add ? sizeof(u64) : req->value_len;
	t->number = add ? (k->present ? k->seed : req->initial) + req->delta :
			  t->seed;
	t->in_place = k->present && k->len == sizeof(u64) &&
		      t->len == sizeof(u64) &&
		      (add || (!k->expires && !req->ttl));
	if (add && k->present)
		t->expires = k->expires;
	else if (!req->ttl)
		t->expires = 0;
	else
		t->expires = req->ttl < S64_MAX - now ? now + req->ttl :
							S64_MAX;
	t->err = check_lengths(m, t) ?: decide(t);
}

static void free_todo(struct todo *t)
{
	free((void *)t->asked.value);
	free((void *)t->asked.expected);
	free(t->asked.out);
}

static void make_value_of(struct todo *t, unsigned int len)
{
	t->req.value_len = len;
	t->req.value = realloc((void *)t->req.value, len);
	make_value((void *)t->req.value, len, t->seed);
	t->asked = t->req;
}

static void make_todo(struct model *m, struct todo *t, unsigned int index,
		      unsigned int len, u64 *state)
{
	struct okey *k = &m->keys[index];
	bool right = pick(state, 3);
	unsigned int expected_len = right ? k->len : pick(state, 20);
	unsigned int verb = pick(state, SHARDMAP_VERBS);

	*t = (struct todo){ .k = k, .seed = next_random(state) };
	t->req = (struct shardmap_request){
		.verb = verb,
		.flags = pick_flags(verb, state),
		.key = k->name,
		.key_len = k->name_len,
		.expected_len = expected_len,
		.expected = malloc(expected_len),
		.out_len = pick(state, 4)	    ? k->len :
			   k->len && pick(state, 2) ? k->len - 1 :
						      k->len + pick(state, 9),
		.err = 1,
		.version = pick(state, 4) ? k->version : pick(state, 9),
		.delta = next_random(state),
		.initial = next_random(state),
		.old = 77,
		.ttl = pick_ttl(m, state),
	};
	t->req.out = malloc(t->req.out_len);
	make_value((void *)t->req.expected, expected_len,
		   k->seed + (right && !pick(state, 3)));
	make_value_of(t, len);
	predict(m, t);
}

/* What did not come about must leave the request as it was, but for its err. */
static void check_untouched(struct model *m, const struct todo *t)
{
	struct shardmap_request as_was = t->asked;

	as_was.err = t->req.err;
	if (t->req.err == -ENOBUFS)
		as_was.out_len = t->before.len;
	if (memcmp(&as_was, &t->req, sizeof(as_was)))
		model_wrong(m, "a request that fails is changed");
}

static void check_done(struct model *m, const struct todo *t)
{
	const struct shardmap_request *req = &t->req;
	const struct okey *k = &t->before;
	unsigned int flags = t->asked.flags;

	if (t->store && !k->present)
		flags |= SHARDMAP_REQ_INSERTED;
	if (req->verb == SHARDMAP_DO_GET && !t->reads)
		flags |= SHARDMAP_REQ_UNCHANGED;
	if (req->err)
		model_wrong(m, "a request's err");
	else if (req->flags != flags)
		model_wrong(m, "a request's flags: %x, not %x", req->flags,
			    flags);
	else if (req->out_len != (t->reads ? k->len : 0))
		model_wrong(m, "a request's out_len: %u", req->out_len);
	else if (t->reads && !value_is(req->out, k->len, k->seed))
		model_wrong(m, "verb %u reads a wrong value", req->verb);
	else if (t->remove &&
		 req->version !=
			 (req->verb == SHARDMAP_DO_TAKE ? k->version : 0))
		model_wrong(m, "verb %u: a wrong version", req->verb);
	else if (!t->remove && !t->store && req->version != k->version)
		model_wrong(m, "verb %u reads a wrong version", req->verb);
	else if (req->old != (req->verb != SHARDMAP_DO_ADD ? 77 :
			      k->present		   ? k->seed :
							     t->asked.initial))
		model_wrong(m, "add: the number before");
	if (m->wrong[0])
		return;
	if (t->store)
		oracle_store(m, t->k, t->len, t->number, req->version,
			     t->expires);
	else if (t->remove)
		oracle_remove(m, t->k);
}

/* What the limits say to all of them together. */
static int wanted_of_all(struct model *m, const struct todo *todos,
			 unsigned int nr, const struct op *op)
{
	long long entries = 0, bytes = 0;
	u64 fresh = 0;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		const struct todo *t = &todos[i];
		u64 size = entry_bytes(m, t->k->name_len, t->len, t->expires);

		if (t->store && !t->in_place) {
			entries += !t->k->stored;
			bytes += size - stored_bytes(m, t->k);
			fresh += size;
		} else if (t->remove) {
			entries--;
			bytes -= stored_bytes(m, t->k);
		}
	}
	return room_wanted(m, entries, bytes, fresh, !(op->how & HOW_ATOMIC));
}

int do_request(struct model *m, const struct op *op)
{
	u64 state = op->seed;
	struct todo t;
	int err, wanted;

	make_todo(m, &t, op->key, op->len, &state);
	wanted = t.err ?: wanted_of_all(m, &t, 1, op);
	err = shardmap_execute(m->map, &t.req, op_gfp(op));
	if (err != t.req.err)
		model_wrong(m, "execute returns another err");
	else if (err != -ENOMEM && !is_wanted(m, err, wanted))
		model_wrong(m, "verb %u flags %x returned %d, not %d",
			    t.asked.verb, t.asked.flags, err, wanted);
	else if (err)
		check_untouched(m, &t);
	else
		check_done(m, &t);
	free_todo(&t);
	return err;
}

/* Sizes of all entries that may be made, also such as are not needed in the end. */
static u64 most_fresh(const struct model *m, const struct todo *todos,
		      unsigned int nr)
{
	u64 bytes = 0;
	unsigned int i;

	for (i = 0; i < nr; i++)
		bytes += entry_bytes(m, todos[i].k->name_len, todos[i].len,
				     todos[i].asked.ttl);
	return bytes;
}

/* Returns what all of them together must, but for limits; each must have @err. */
static int predict_all(struct model *m, struct todo *todos, unsigned int nr,
		       bool twice)
{
	bool bad = false, failed = false;
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (check_lengths(m, &todos[i]))
			bad = true;
	if (twice && !bad)
		return -EINVAL;
	for (i = 0; i < nr; i++) {
		if (bad)
			todos[i].err = check_lengths(m, &todos[i]);
		failed |= todos[i].err;
	}
	return failed ? -ECANCELED : 0;
}

static void check_all_done(struct model *m, struct todo *todos, unsigned int nr,
			   int err)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		int wanted = err;

		if (err == -ECANCELED && todos[i].err)
			wanted = todos[i].err;
		/* Without memory to begin with nothing is told. */
		if (todos[i].req.err != wanted && err != -ENOMEM)
			model_wrong(m, "execute_all: %u has err %d, not %d", i,
				    todos[i].req.err, wanted);
		else if (err)
			check_untouched(m, &todos[i]);
		else
			check_done(m, &todos[i]);
	}
}

int do_all(struct model *m, const struct op *op)
{
	struct shardmap_request reqs[SHARDMAP_MAX_REQUESTS + 1] = {};
	struct todo todos[SHARDMAP_MAX_REQUESTS];
	u64 state = op->seed;
	unsigned int i, nr = 1 + pick(&state, pick(&state, 8) ? 6 : 64);
	bool nice = pick(&state, 5), twice = !pick(&state, 20);
	bool evicts = m->config->params.flags & SHARDMAP_EVICT;
	int err, wanted;

	nr = min(nr, m->config->nr_keys);
	twice = twice && nr > 1;
	for (i = 0; i < nr; i++) {
		struct todo *t = &todos[i];

		make_todo(m, t, (op->key + i) % m->config->nr_keys,
			  i ? value_min(m) ?: pick(&state, 2) * 8 : op->len,
			  &state);
		if (nice && t->err) {
			/* Nothing of this can fail. */
			t->req.verb = SHARDMAP_DO_PUT;
			t->req.flags = t->req.ttl = 0;
			make_value_of(t, value_min(m));
			predict(m, t);
		}
		t->k->written = true;
		reqs[i] = t->req;
	}
	if (twice)
		reqs[nr - 1].key = reqs[0].key,
			  reqs[nr - 1].key_len = reqs[0].key_len;
	wanted = predict_all(m, todos, nr, twice);
	if (!wanted)
		wanted = wanted_of_all(m, todos, nr, op);
	err = shardmap_execute_all(m->map, reqs, nr, op_gfp(op));
	if (twice)
		reqs[nr - 1].key = todos[nr - 1].req.key,
			  reqs[nr - 1].key_len = todos[nr - 1].req.key_len;
	for (i = 0; i < nr; i++) {
		todos[i].req = reqs[i];
		todos[i].k->written = false;
	}
	if (err != -ENOMEM && !is_wanted(m, err, wanted) &&
	    !(evicts && err == -ENOSPC && !wanted &&
	      most_fresh(m, todos, nr) > m->config->params.max_bytes))
		model_wrong(m, "execute_all of %u returned %d, not %d", nr, err,
			    wanted);
	else
		check_all_done(m, todos, nr, err);
	if (shardmap_execute_all(m->map, reqs, 0, GFP_KERNEL) != -EINVAL ||
	    shardmap_execute_all(m->map, reqs, SHARDMAP_MAX_REQUESTS + 1,
				 GFP_KERNEL) != -EINVAL)
		model_wrong(m, "execute_all of too few or too many");
	for (i = 0; i < nr; i++)
		free_todo(&todos[i]);
	return err;
}

/**
 * struct call - what the function of an update must see and do
 * @m: the run
 * @op: the operation
 * @action: what it decides
 * @calls: how often it was called
 */
struct call {
	struct model *m;
	const struct op *op;
	int action;
	unsigned int calls;
};

static int called(const struct shardmap_view *old, void *value, void *arg)
{
	struct call *call = arg;
	const struct okey *k = &call->m->keys[call->op->key];

	call->calls++;
	if (!old != !k->present)
		model_wrong(call->m, "update: is the key there?");
	else if (old &&
		 (old->key_len != k->name_len ||
		  memcmp(old->key, k->name, k->name_len) ||
		  old->value_len != k->len ||
		  !value_is(old->value, k->len, k->seed) ||
		  old->version != k->version || old->expires != k->expires))
		model_wrong(call->m, "update shows a wrong entry");
	if (call->action == SHARDMAP_UPDATE_STORE)
		make_value(value, call->op->len, call->op->seed);
	return call->action;
}

static int update_wanted(struct model *m, const struct op *op, int action)
{
	const struct okey *k = &m->keys[op->key];
	long long bytes = entry_bytes(m, k->name_len, op->len, false);

	if (op->len > value_limit(m))
		return -EMSGSIZE;
	if (op->len < value_min(m))
		return -EINVAL;
	if (action < 0 || action != SHARDMAP_UPDATE_STORE)
		return min(action, 0);
	if (k->present && k->len == 8 && op->len == 8 && !k->expires)
		return 0;
	return room_wanted(m, !k->stored, bytes - stored_bytes(m, k), bytes,
			   !(op->how & HOW_ATOMIC));
}

int do_update(struct model *m, const struct op *op)
{
	struct okey *k = &m->keys[op->key];
	struct call call = { .m = m, .op = op };
	struct shardmap_result r = {};
	bool stores;
	int err, wanted;

	call.action = op->seed % 13 ? (int)(op->how & HOW_MODE) : -EPERM;
	stores = call.action == SHARDMAP_UPDATE_STORE;
	wanted = update_wanted(m, op, call.action);
	err = shardmap_update(m->map, k->name, k->name_len, op->len, called,
			      &call, op_gfp(op), &r);
	if (err == -ENOMEM)
		return err;
	if (!is_wanted(m, err, wanted))
		model_wrong(m, "update returned %d, not %d", err, wanted);
	else if (!err && !call.calls)
		model_wrong(m, "update calls nothing");
	else if (!err && r.inserted != (stores && !k->present))
		model_wrong(m, "update inserted: %d", r.inserted);
	if (err || m->wrong[0])
		return err;
	if (stores)
		oracle_store(m, k, op->len, op->seed, r.version, 0);
	else if (call.action == SHARDMAP_UPDATE_KEEP &&
		 r.version != (k->present ? k->version : 0))
		model_wrong(m, "update keeps another version");
	else if (call.action == SHARDMAP_UPDATE_REMOVE && k->present)
		oracle_remove(m, k);
	return 0;
}

/* From now on nothing but the clock changes the table. */
void check_frozen(struct model *m)
{
	struct shardmap_position pos = {};
	struct op op = { .len = value_min(m) };
	u64 state = m->config->seed, removed = 0;
	unsigned int i;

	shardmap_freeze(m->map);
	if (!shardmap_is_frozen(m->map))
		model_wrong(m, "not frozen");
	if (shardmap_clear_step(m->map, &pos, &removed) != -EROFS || removed)
		model_wrong(m, "a frozen table is cleared");
	for (i = 0; i < 300 && !m->wrong[0]; i++) {
		struct call call = { .m = m, .op = &op };
		struct shardmap_request *req;
		struct todo t;
		int wanted;

		op.key = pick(&state, m->config->nr_keys);
		make_todo(m, &t, op.key, op.len, &state);
		req = &t.req;
		wanted = check_lengths(m, &t) ?: -EROFS;
		if (req->verb == SHARDMAP_DO_GET)
			wanted = t.err;
		if (!(i % 2 && wanted))
			shardmap_execute(m->map, req, GFP_KERNEL);
		else if (shardmap_execute_all(m->map, req, 1, GFP_KERNEL) !=
			 -ECANCELED)
			model_wrong(m, "frozen: execute_all");
		if (req->err != wanted)
			model_wrong(m, "frozen: verb %u returned %d, not %d",
				    req->verb, req->err, wanted);
		if (shardmap_update(m->map, t.k->name, t.k->name_len, op.len,
				    called, &call, GFP_KERNEL,
				    NULL) != -EROFS ||
		    call.calls)
			model_wrong(m, "frozen: update");
		free_todo(&t);
	}
	host_settle();
	oracle_time(m);
	check_all(m);
}
