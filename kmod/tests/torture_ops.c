// SPDX-License-Identifier: GPL-2.0-only
/* Operations on a table whose values stand for elements that age. */
#include <linux/sched.h>
#include <linux/string.h>

#include "torture.h"

static u32 build(const struct smt_torture *t, u64 key, u64 word, u8 *value)
{
	if (t->long_values)
		return smt_value_make(value, key, word);
	memcpy(value, &word, sizeof(word));
	return sizeof(word);
}

/* The element that a value stands for; false if it is not whole, or another key's. */
static bool parse(const struct smt_torture *t, u64 key, const void *value,
		  u32 len, u64 *word)
{
	if (t->long_values)
		return smt_value_good(value, len, key, word) &&
		       smt_word_good(*word, key);
	if (len != sizeof(*word))
		return false;
	memcpy(word, value, sizeof(*word));
	return smt_word_good(*word, key);
}

/* The same where the value is in the table, and a number may change. */
static bool parse_view(const struct smt_torture *t, u64 key,
		       const struct shardmap_view *view, u64 *word)
{
	if (view->key_len != sizeof(key) ||
	    memcmp(view->key, &key, sizeof(key)))
		return false;
	if (t->long_values)
		return parse(t, key, view->value, view->value_len, word);
	if (view->value_len != sizeof(*word))
		return false;
	shardmap_view_value(view, word);
	return smt_word_good(*word, key);
}

static bool is_inline(const struct smt_torture *t)
{
	return t->map->flags & SHARDMAP_INLINE;
}

/* Copies the value out. */
static int get(struct smt_torture *t, u64 key, u64 *word, u64 *version)
{
	u8 value[SMT_VALUE_MAX];
	struct shardmap_value found = { .buf = value, .len = sizeof(value) };
	int err = shardmap_get(t->map, &key, sizeof(key), &found);

	if (err)
		return err;
	if (version)
		*version = found.version;
	return parse(t, key, value, found.len, word) ? 0 : -EBADMSG;
}

static int find(struct smt_torture *t, u64 key, struct smt_sight *sight)
{
	int err;

	if (is_inline(t))
		return get(t, key, &sight->word, NULL);
	err = shardmap_find_rcu(t->map, &key, sizeof(key), &sight->view);
	if (err)
		return err;
	return parse_view(t, key, &sight->view, &sight->word) ? 0 : -EBADMSG;
}

/**
 * smt_torture_find() - Look for a value, where it stands if there is such a place.
 * @t: the table
 * @key: the key
 * @sight: out: the value; its word is 0 if there is none
 *
 * Context: RCU read-side critical section.
 * Return: NULL, or what is wrong.
 */
const char *smt_torture_find(struct smt_torture *t, u64 key,
			     struct smt_sight *sight)
{
	int err = find(t, key, sight);

	sight->key = key;
	if (!err)
		return smt_torture_check(t, sight);
	sight->word = 0;
	if (err == -EBADMSG)
		return "a value is torn or another key's";
	return err == -ENOENT ? NULL : "a lookup failed";
}

/**
 * smt_torture_check() - Are a value, and what it stands for, still what they must be?
 * @t: the table
 * @sight: the value, found by smt_torture_find() in this read-side critical section
 *
 * Return: NULL, or what is wrong.
 */
const char *smt_torture_check(struct smt_torture *t,
			      const struct smt_sight *sight)
{
	u64 word = sight->word;

	if (!word)
		return NULL;
	if (!is_inline(t)) {
		if (!parse_view(t, sight->key, &sight->view, &word))
			return "an entry that was found did not last";
		if (t->long_values && word != sight->word)
			return "an entry that was found has changed";
	}
	return smt_element_check(t->pool, sight->word, sight->key) ?:
		       smt_element_check(t->pool, word, sight->key);
}

/* Verbs, those that are to come oftener more than once. */
static const u16 storing[] = {
	SHARDMAP_DO_PUT, SHARDMAP_DO_PUT,	 SHARDMAP_DO_PUT,
	SHARDMAP_DO_CAS, SHARDMAP_DO_GET_OR_PUT,
};

static const u16 removing[] = {
	SHARDMAP_DO_TAKE,
	SHARDMAP_DO_TAKE,
	SHARDMAP_DO_DELETE,
};

static u16 choose(const struct smt_torture *t, u64 r)
{
	/* One in four does the other. */
	if (READ_ONCE(t->shrinking) == (r % 4 != 0))
		return removing[(r >> 8) % ARRAY_SIZE(removing)];
	return storing[(r >> 8) % ARRAY_SIZE(storing)];
}

/* What the entry must be for the update is what it is now. */
static int expect(struct smt_torture *t, struct smt_change *c, u64 r)
{
	struct shardmap_request *req = &c->req;
	int err = get(t, c->key, &c->old, &req->version);

	if (err)
		return err;
	if (r & 1) {
		req->flags |= SHARDMAP_REQ_IF_VERSION;
	} else {
		req->flags |= SHARDMAP_REQ_IF_VALUE;
		req->expected = c->expected;
		req->expected_len = build(t, c->key, c->old, c->expected);
	}
	return 0;
}

static bool stores(const struct smt_change *c)
{
	return c->req.verb != SHARDMAP_DO_TAKE &&
	       c->req.verb != SHARDMAP_DO_DELETE;
}

static int prepare_value(struct smt_writer *w, struct smt_change *c, u64 r)
{
	struct smt_torture *t = w->t;
	struct shardmap_request *req = &c->req;

	c->e = smt_element_new(t->pool, c->key);
	if (!c->e) {
		atomic64_inc(&t->skipped);
		return -EAGAIN;
	}
	c->word = smt_element_word(t->pool, c->e);
	req->value = c->value;
	req->value_len = build(t, c->key, c->word, c->value);
	if (req->verb == SHARDMAP_DO_PUT && r & 2)
		req->flags |= SHARDMAP_REQ_SWAP;
	if (t->ttl && r & 4)
		req->ttl = 1 + smt_random(&w->random) % t->ttl;
	return 0;
}

static int prepare(struct smt_writer *w, struct smt_change *c, u64 key)
{
	u64 r = smt_random(&w->random);
	u16 verb = choose(w->t, r >> 16);
	int err = 0;

	c->key = key;
	c->e = NULL;
	c->old = 0;
	c->req = (struct shardmap_request){
		.verb = verb,
		.key = &c->key,
		.key_len = sizeof(c->key),
	};
	if (verb == SHARDMAP_DO_CAS || (verb == SHARDMAP_DO_DELETE && r & 8))
		err = expect(w->t, c, r);
	if (!err && stores(c))
		err = prepare_value(w, c, r);
	if (verb == SHARDMAP_DO_TAKE || verb == SHARDMAP_DO_GET_OR_PUT ||
	    c->req.flags & SHARDMAP_REQ_SWAP) {
		c->req.out = c->out;
		c->req.out_len = sizeof(c->out);
	}
	return err;
}

/* The value that the update took out, or found; 0 if it does not tell. */
static bool learn_old(struct smt_torture *t, struct smt_change *c)
{
	if (c->old || !c->req.out)
		return true;
	if (c->req.flags & SHARDMAP_REQ_INSERTED)
		return true;
	return parse(t, c->key, c->out, c->req.out_len, &c->old);
}

static const char *finish(struct smt_torture *t, struct smt_change *c)
{
	bool inserted = c->req.flags & SHARDMAP_REQ_INSERTED;
	bool found = c->req.verb == SHARDMAP_DO_GET_OR_PUT && !inserted;

	if (!learn_old(t, c))
		return "an update found a value that is torn or another key's";
	if (stores(c) && !found) {
		atomic64_inc(&t->stored);
		smt_element_stored(t->pool, c->word);
	} else if (c->e) {
		smt_element_unused(t->pool, c->e);
	}
	if (inserted || found)
		return NULL;
	atomic64_inc(&t->left);
	if (c->old)
		smt_element_gone(t->pool, c->old);
	return NULL;
}

static bool is_expected(int err)
{
	return err == -ENOENT || err == -ESTALE || err == -ENOMEM ||
	       err == -ECANCELED;
}

static const char *conclude(struct smt_torture *t, struct smt_change *c,
			    int err)
{
	if (!err)
		return finish(t, c);
	if (c->e)
		smt_element_unused(t->pool, c->e);
	return is_expected(err) ? NULL : "an update failed";
}

static const char *write_two(struct smt_writer *w, gfp_t gfp)
{
	struct smt_change *c = w->change;
	struct shardmap_request reqs[] = { c[0].req, c[1].req };
	const char *problem;
	int err = shardmap_execute_all(w->t->map, reqs, 2, gfp);

	c[0].req = reqs[0];
	c[1].req = reqs[1];
	w->ops += 2;
	problem = conclude(w->t, &c[0], err);
	return conclude(w->t, &c[1], err) ?: problem;
}

/**
 * smt_torture_write() - Update a key, or two keys at once, in some way.
 * @w: who does it
 * @key: the key
 * @other: another key, to be updated together with it, or @key
 * @gfp: allocation flags
 *
 * Context: Process or softirq context, as @gfp allows.
 * Return: NULL, or what is wrong.
 */
const char *smt_torture_write(struct smt_writer *w, u64 key, u64 other,
			      gfp_t gfp)
{
	struct smt_change *c = w->change;
	int err = prepare(w, &c[0], key);

	if (err)
		return err == -EBADMSG ? "a value is torn or another key's" :
					 NULL;
	if (other != key && !prepare(w, &c[1], other))
		return write_two(w, gfp);
	w->ops++;
	return conclude(w->t, &c[0],
			shardmap_execute(w->t->map, &c[0].req, gfp));
}

/**
 * smt_torture_sweep() - Find out whether a stored element is gone.
 * @t: the table
 * @e: any element
 *
 * Not all that leaves a table is told to somebody: what a put replaces, and what is
 * cleared, evicted or over.  A lookup that begins when a value is known to be stored,
 * and does not find it, proves that it has left.
 *
 * Return: NULL, or what is wrong.
 */
const char *smt_torture_sweep(struct smt_torture *t, struct smt_element *e)
{
	u64 key, word, found;
	int err = 0;

	rcu_read_lock();
	word = smt_element_stored_word(t->pool, e, &key);
	if (word)
		err = get(t, key, &found, NULL);
	if (word && (err || found != word || t->forgetful))
		smt_element_gone(t->pool, word);
	rcu_read_unlock();
	return err && err != -ENOENT ?
		       "a lookup failed, or found a torn value" :
		       NULL;
}

static int scan_one(const struct shardmap_view *view, void *arg)
{
	struct smt_torture *t = arg;
	u64 key, word;

	memcpy(&key, view->key, sizeof(key));
	if (!parse_view(t, key, view, &word))
		return -EBADMSG;
	return smt_element_check(t->pool, word, key) ? -EBADMSG : 0;
}

/**
 * smt_torture_scan() - Look at some entries in hash order.
 * @t: the table
 * @pos: where to begin; moved on, to the beginning at the end
 *
 * Return: NULL, or what is wrong.
 */
const char *smt_torture_scan(struct smt_torture *t,
			     struct shardmap_position *pos)
{
	int done = shardmap_scan(t->map, pos, scan_one, t);

	if (done)
		*pos = (struct shardmap_position){};
	return done < 0 ? "a scan showed a value that it must not" : NULL;
}

/**
 * smt_torture_in_table() - Count the elements that are in the table.
 * @t: the table, which nobody uses
 *
 * Return: Their number; all others are known to be gone.
 */
u64 smt_torture_in_table(struct smt_torture *t)
{
	struct smt_element *e = t->pool->element;
	u64 key, sum = 0;

	for (; e < t->pool->element + SMT_ELEMENTS; e++) {
		smt_torture_sweep(t, e);
		rcu_read_lock();
		sum += smt_element_stored_word(t->pool, e, &key) != 0;
		rcu_read_unlock();
		cond_resched();
	}
	return sum;
}
