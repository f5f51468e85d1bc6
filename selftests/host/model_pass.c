// SPDX-License-Identifier: GPL-2.0-only
/* Operations on the whole table: scan, clear, count and comparing all. */
#include <stdlib.h>
#include <string.h>

#include "core/internal.h"

#include "model.h"
#include "table_check.h"

#define STOP (-EINTR)

static unsigned char buf[SHARDMAP_MAX_VALUE_LEN];

/**
 * struct pass - a scan and what it does with an entry
 * @m: the run
 * @shown: how many were shown
 * @stop: how many may be
 * @fresh: a pass of its own: compare with the array only
 * @change: delete or replace what is shown
 */
struct pass {
	struct model *m;
	unsigned int shown;
	unsigned int stop;
	bool fresh;
	bool change;
};

static bool view_is(const struct shardmap_view *view, const struct okey *k)
{
	bool equal;
	void *copy;

	if (view->value_len != k->len || view->version != k->version ||
	    view->expires != k->expires)
		return false;
	copy = malloc(k->len);
	shardmap_view_value(view, copy);
	make_value(buf, k->len, k->seed);
	equal = !memcmp(copy, buf, k->len);
	free(copy);
	return equal;
}

/* An entry stays readable while it is shown, whatever becomes of its key. */
static void change_shown(struct pass *pass, const struct shardmap_view *view,
			 struct okey *k)
{
	struct model *m = pass->m;
	struct okey before = *k;
	struct shardmap_result r = {};
	struct shardmap_value v = { .buf = buf };
	int err = 0;

	if (pass->shown % 2) {
		if (!shardmap_delete(m->map, view->key, view->key_len,
				     GFP_NOWAIT))
			oracle_remove(m, k);
		else
			model_wrong(m, "delete while scanning failed");
	} else if (value_limit(m) >= 24 && !m->quota &&
		   !(m->config->params.flags & SHARDMAP_EVICT) &&
		   !room_wanted(m, 0, 40, 0, false)) {
		make_value(buf, 24, k->seed + 1);
		err = shardmap_put(m->map, view->key, view->key_len, buf, 24,
				   SHARDMAP_PUT_EXIST, GFP_NOWAIT, &r);
		if (err)
			model_wrong(m, "put while scanning: %d", err);
		else
			oracle_store(m, k, 24, before.seed + 1, r.version, 0);
	}
	before.version = view->version;
	if (!view_is(view, &before))
		model_wrong(m, "an entry changed while it was shown");
	/* The next lookup is nested in the scan's RCU read lock. */
	v.len = sizeof(buf);
	err = shardmap_get(m->map, k->name, k->name_len, &v);
	if (err != (k->present ? 0 : -ENOENT))
		model_wrong(m, "get while scanning: %d", err);
}

static int show(const struct shardmap_view *view, void *arg)
{
	struct pass *pass = arg;
	struct model *m = pass->m;
	u64 hash = sm_hash(m->map, view->key, view->key_len);
	struct okey *k;

	if (pass->shown == pass->stop)
		return STOP;
	pass->shown++;
	k = oracle_find(m, view->key, view->key_len);
	if (!k || !k->present)
		model_wrong(m, "scan shows a key that is not there");
	else if (!view_is(view, k))
		model_wrong(m, "scan shows a wrong value");
	else if (!pass->fresh && k->scan_shown)
		model_wrong(m, "scan shows a key twice");
	else if (!pass->fresh && hash < m->last_shown)
		model_wrong(m, "scan goes back");
	if (m->wrong[0])
		return STOP;
	if (!pass->fresh) {
		k->scan_shown = true;
		m->last_shown = hash;
	}
	if (pass->change)
		change_shown(pass, view, k);
	return m->wrong[0] ? STOP : 0;
}

static bool scan_is_new(const struct model *m)
{
	return !m->scan.hash && !m->scan.tie;
}

static void scan_begin(struct model *m)
{
	unsigned int i;

	m->last_shown = 0;
	for (i = 0; i < m->config->nr_keys; i++) {
		m->keys[i].scan_stable = m->keys[i].present;
		m->keys[i].scan_shown = false;
	}
}

static void scan_end(struct model *m)
{
	struct pass pass = { .m = m, .fresh = true };
	unsigned int i;

	for (i = 0; i < m->config->nr_keys; i++)
		if (m->keys[i].scan_stable && !m->keys[i].scan_shown)
			model_wrong(m, "scan left key %u out", i);
	/* Whoever goes on calling gets the end again. */
	if (shardmap_scan(m->map, &m->scan, show, &pass) != 1 || pass.shown)
		model_wrong(m, "scan does not stay at its end");
	m->scan = (struct shardmap_position){};
}

static void scan_step(struct model *m, struct pass *pass)
{
	struct shardmap_position before = m->scan;
	int ret;

	if (scan_is_new(m))
		scan_begin(m);
	ret = shardmap_scan(m->map, &m->scan, show, pass);
	if (m->wrong[0])
		return;
	if (ret == STOP ? pass->shown != pass->stop : ret != 0 && ret != 1)
		model_wrong(m, "scan returned %d", ret);
	if (m->scan.hash < before.hash)
		model_wrong(m, "the position goes back");
	if (!ret && m->scan.hash == before.hash && m->scan.tie <= before.tie)
		model_wrong(m, "scan does not go on");
	if (ret == 1)
		scan_end(m);
}

void do_scan(struct model *m, const struct op *op)
{
	struct pass pass = { .m = m, .stop = op->key };

	scan_step(m, &pass);
}

void do_scan_change(struct model *m, const struct op *op)
{
	struct pass pass = { .m = m, .stop = op->key % 8, .change = true };

	scan_step(m, &pass);
}

static bool is_gone(const struct model *m, const struct okey *k)
{
	struct shardmap_value v = {};

	return shardmap_get(m->map, k->name, k->name_len, &v) == -ENOENT;
}

static u64 oracle_clear(struct model *m, u64 from, u64 to, int ret)
{
	u64 gone = 0;
	unsigned int i;

	for (i = 0; i < m->config->nr_keys; i++) {
		struct okey *k = &m->keys[i];
		u64 hash;

		/* Of what is over only the watcher knows that it has gone. */
		if (k->stored && !k->present && !k->told) {
			oracle_remove(m, k);
			gone++;
		}
		if (!k->present)
			continue;
		hash = sm_hash(m->map, k->name, k->name_len);
		if (is_gone(m, k)) {
			oracle_remove(m, k);
			gone++;
		} else if (hash >= from && (hash < to || ret == 1)) {
			model_wrong(m, "clear left key %u behind it", i);
		}
	}
	return gone;
}

void do_clear(struct model *m, const struct op *op)
{
	struct shardmap_position before = m->clear;
	u64 removed = 0;
	unsigned int i, n;
	int ret = 0;

	if (!m->clear.hash)
		for (i = 0; i < m->config->nr_keys; i++)
			m->keys[i].clear_stable = m->keys[i].present;
	if (op->how & HOW_FAULTS || m->config->faults) {
		/* Only room in the limbo can be short, so 2 are enough. */
		for (n = 0; n < 2; n++) {
			host_fail_after(0, true);
			ret = shardmap_clear_step(m->map, &m->clear, &removed);
			if (!host_fail_none())
				goto done;
			if (ret != -ENOMEM || removed ||
			    m->clear.hash != before.hash)
				model_wrong(m, "clear: ENOMEM");
		}
	}
	ret = shardmap_clear_step(m->map, &m->clear, &removed);
done:
	if (ret != 0 && ret != 1)
		model_wrong(m, "clear returned %d", ret);
	if (m->clear.hash < before.hash)
		model_wrong(m, "clear goes back");
	if (!ret && m->clear.hash == before.hash && !removed)
		model_wrong(m, "clear does not go on");
	if (oracle_clear(m, before.hash, m->clear.hash, ret) != removed)
		model_wrong(m, "clear counts wrong");
	if (ret == 1) {
		for (i = 0; i < m->config->nr_keys; i++)
			if (m->keys[i].clear_stable && m->keys[i].present)
				model_wrong(m, "clear left key %u", i);
		m->clear = (struct shardmap_position){};
	}
}

void check_stats(struct model *m)
{
	struct shardmap_stats s;

	shardmap_get_stats(m->map, &s);
	if (shardmap_count(m->map) != m->count || s.entries != m->count)
		model_wrong(m, "count");
	else if (s.entry_bytes != m->bytes)
		model_wrong(m, "entry bytes");
	else if (s.nr_shards != m->config->params.nr_shards)
		model_wrong(m, "number of shards");
	else if (s.max_key_len != key_limit(m) ||
		 s.max_value_len != value_limit(m))
		model_wrong(m, "limits");
	else if (s.resizes < m->resizes)
		model_wrong(m, "resizes");
	else if (s.buckets < s.nr_shards << SM_MIN_BITS)
		model_wrong(m, "buckets");
	m->resizes = s.resizes;
}

void check_all(struct model *m)
{
	struct pass pass = { .m = m, .stop = ~0U, .fresh = true };
	struct shardmap_position pos = {};
	const char *wrong = table_check(m->map);
	unsigned int i, present = 0;
	int ret = 0;

	if (wrong)
		model_wrong(m, "%s", wrong);
	for (i = 0; i < m->config->nr_keys && !m->wrong[0]; i++)
		get_matches(m, &m->keys[i]);
	for (i = 0; i < m->config->nr_keys; i++) {
		const struct okey *k = &m->keys[i];

		present += k->present;
		if (k->told != k->stored ||
		    (k->told && k->told_version != k->version))
			model_wrong(m, "key %u is not as watchers were told",
				    i);
	}
	while (!ret && !m->wrong[0])
		ret = shardmap_scan(m->map, &pos, show, &pass);
	if (!m->wrong[0] && (ret != 1 || pass.shown != present))
		model_wrong(m, "a fresh scan shows %u of %u keys", pass.shown,
			    present);
	check_stats(m);
}

/* After failed allocations it takes an update to wake the worker. */
static void touch_all_shards(struct model *m)
{
	u32 len = min(key_limit(m), (unsigned int)sizeof(u64));
	u64 key;

	for (key = ~0ULL; key > ~0ULL - 400; key--)
		if (shardmap_delete(m->map, &key, len, GFP_KERNEL) != -ENOENT)
			model_wrong(m, "deleted a key that was never there");
}

/* At the end all that was put off must get done, and then memory come back. */
static void check_settled(struct model *m)
{
	const char *wrong;
	unsigned int i;

	if (m->worker_failed)
		touch_all_shards(m);
	host_settle();
	oracle_time(m);
	check_all(m);
	wrong = table_check_settled(m->map);
	if (wrong)
		model_wrong(m, "%s", wrong);
	for (i = 0; i < m->config->nr_keys && !m->wrong[0]; i++) {
		struct okey *k = &m->keys[i];

		if (k->present &&
		    shardmap_delete(m->map, k->name, k->name_len, GFP_KERNEL))
			model_wrong(m, "the last delete failed");
		else if (k->present)
			oracle_remove(m, k);
	}
	host_settle();
	oracle_time(m);
	wrong = table_check_settled(m->map);
	if (wrong)
		model_wrong(m, "when empty: %s", wrong);
	check_all(m);
}

/* The last checks.  Some tables go as they are, in the middle of everything. */
void model_end(struct model *m)
{
	if (m->config->seed % 7 == 3)
		check_frozen(m);
	else if (m->config->seed % 3)
		check_settled(m);
	if (!m->wrong[0])
		model_destroy(m);
}
