/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One call with each of its allocations and copies failing in turn.  What fails has
 * changed nothing, and it succeeds on the same table when nothing is left to fail; what
 * does not fail for a fault has done all that it does otherwise.
 *
 * A lookup that fails may have written a part of its buffer: buffers are looked at when
 * a call has not failed.
 */
#ifndef _SHARDMAP_SELFTEST_FAIL_NTH_SWEEP_H
#define _SHARDMAP_SELFTEST_FAIL_NTH_SWEEP_H

#include "fail_nth_scene.h"

/* Sites in one call; there are ends to everything. */
#define NTH_MAX 5000

/**
 * struct sweep - one call, made again and again
 * @dev: the device
 * @kind: kind of table
 * @call: the call
 * @done: what it does when nothing fails
 * @before: the table and the world before that
 * @after: and after that
 * @ops: results of a batch
 * @out: what was written
 * @scene: the table at which it fails
 * @ready: that has been made
 * @now: what is in it
 * @faults: what was made to fail
 */
struct sweep {
	int dev;
	const struct kind *kind;
	const struct call *call;
	struct scene done;
	struct state before;
	struct state after;
	struct shardmap_batch_op ops[SHARDMAP_ATOMIC_OPS_MAX];
	char out[OUT_BYTES];
	struct scene scene;
	bool ready;
	struct state now;
	unsigned int faults;
};

static bool is_batch(const struct call *call)
{
	return call->cmd == SHARDMAP_IOC_BATCH;
}

/* An operation of a batch, also one of a caller that knows fewer members */
static struct shardmap_batch_op op_at(const struct scene *s, unsigned int i)
{
	struct shardmap_batch_op op = {};
	__u32 size = s->arg.batch.op_size;

	memcpy(&op, (const char *)s->batch.ops + i * size, size);
	return op;
}

/* Has an operation of a batch failed alone? */
static bool is_left_out(const struct sweep *w, const struct scene *s,
			unsigned int i)
{
	return is_batch(s->call) && op_at(s, i).status == -ENOMEM &&
	       w->ops[i].status != -ENOMEM;
}

static bool was_left_out(const struct sweep *w, const struct scene *s,
			 const struct shardmap_record *rec)
{
	unsigned int i;

	for (i = 0; i < s->batch.nr; i++) {
		struct shardmap_batch_op op = op_at(s, i);

		if (rec->key_len == op.key_len &&
		    !memcmp(record_key(rec), s->batch.in + op.key_off,
			    op.key_len) &&
		    is_left_out(w, s, i))
			return true;
	}
	return false;
}

static unsigned int count_left_out(const struct sweep *w, const struct scene *s)
{
	unsigned int i, n = 0;

	for (i = 0; i < s->batch.nr; i++)
		n += is_left_out(w, s, i);
	return n;
}

/* Is one key as it is when nothing fails, or as it was if its operation failed? */
static bool key_is_done(const struct sweep *w, const struct scene *s,
			const struct state *before, const struct state *now,
			const struct shardmap_record *like)
{
	const struct shardmap_record *was = state_find(before, like);
	const struct shardmap_record *is = state_find(now, like);
	const struct shardmap_record *model_was = state_find(&w->before, like);
	const struct shardmap_record *model = state_find(&w->after, like);

	if (was_left_out(w, s, like))
		return was ? same_record(was, is) : !is;
	if (!model || !is)
		return model == is;
	if (!same_value(is, model))
		return false;
	if (model_was && model_was->version == model->version)
		return same_record(was, is);
	return !was || was->version != is->version;
}

/* Which entry goes to make room for another is not the same in two tables. */
static bool may_be_gone(const struct scene *s)
{
	return s->kind->flags & SHARDMAP_CREATE_EVICT;
}

static const char *contents_done(const struct sweep *w, const struct scene *s,
				 const struct state *before,
				 const struct state *now)
{
	unsigned int i;

	for (i = 0; i < w->after.nr; i++)
		if (!may_be_gone(s) &&
		    !key_is_done(w, s, before, now, w->after.record[i]))
			return "record not as it should become";
	for (i = 0; i < before->nr; i++)
		if (!may_be_gone(s) &&
		    !key_is_done(w, s, before, now, before->record[i]))
			return "record not as it should become";
	for (i = 0; i < now->nr; i++)
		if (!state_find(&w->after, now->record[i]) &&
		    !state_find(before, now->record[i]))
			return "record of an unknown key";
	return now->nr == (__u64)now->count[ENTRIES] ? NULL : "INFO's entries";
}

/* Was all done that is done when nothing fails?  NULL if so. */
static const char *all_done(const struct sweep *w, const struct scene *s,
			    const struct state *before, const struct state *now)
{
	unsigned int i;

	/* Where an operation failed alone the figures are others. */
	for (i = 0; !count_left_out(w, s) && i < NR_COUNTS; i++)
		if (now->count[i] - before->count[i] !=
		    w->after.count[i] - w->before.count[i])
			return count_names[i];
	return contents_done(w, s, before, now);
}

static const char *op_answer(const struct sweep *w, const struct scene *s)
{
	const struct shardmap_op *op = &s->arg.op, *model = &w->done.arg.op;

	if (op->flags != model->flags || op->out_len != model->out_len ||
	    op->old != model->old || !op->version != !model->version)
		return "result";
	return memcmp(s->out, w->out, OUT_BYTES) ? "value found" : NULL;
}

static const char *batch_answer(const struct sweep *w, const struct scene *s)
{
	unsigned int i, left_out = count_left_out(w, s);

	if (s->arg.batch.done != w->done.arg.batch.done)
		return "operations done";
	for (i = 0; i < s->batch.nr; i++) {
		struct shardmap_batch_op op = op_at(s, i), model = w->ops[i];

		if (is_left_out(w, s, i))
			continue;
		if (op.status != model.status || op.flags != model.flags ||
		    op.out_len != model.out_len || op.old != model.old ||
		    !op.version != !model.version)
			return "result of an operation";
	}
	if (left_out > 1)
		return "one fault, but several operations failed";
	return !left_out && memcmp(s->batch.out, w->out, OUT_BYTES) ?
		       "values found" :
		       NULL;
}

static int record_is_known(const struct shardmap_record *rec, void *arg)
{
	return same_record(state_find(arg, rec), rec) ? 0 : -EBADMSG;
}

static const char *scan_answer(const struct sweep *w, const struct scene *s,
			       const struct state *before)
{
	const struct shardmap_scan *scan = &s->arg.scan;

	if (scan->records != w->done.arg.scan.records ||
	    scan->done != w->done.arg.scan.done)
		return "number of records";
	if (for_each_record(scan, s->out, record_is_known, (void *)before))
		return "record returned";
	return NULL;
}

/* Is the answer that of when nothing fails? */
static const char *answer(const struct sweep *w, const struct scene *s,
			  const struct state *before)
{
	if (s->call->prepare == prepare_op)
		return op_answer(w, s);
	if (is_batch(s->call))
		return batch_answer(w, s);
	if (s->call->cmd == SHARDMAP_IOC_SCAN)
		return scan_answer(w, s, before);
	return NULL;
}

/* A failure has left the caller's structures alone, but for results of lookups. */
static bool structure_is_kept(const struct scene *s)
{
	if (s->call->prepare == prepare_gets)
		return true;
	return !memcmp(&s->arg, &s->given, sizeof(s->arg)) &&
	       !memcmp(s->batch.ops, s->given_ops,
		       s->batch.nr * sizeof(*s->batch.ops));
}

/* What is left is as it was, and what is gone was told of if the answer came. */
static const char *partly_done(const struct scene *s,
			       const struct state *before,
			       const struct state *now)
{
	unsigned int i;

	for (i = 0; i < now->nr; i++)
		if (!same_record(state_find(before, now->record[i]),
				 now->record[i]))
			return "record left over";
	if (s->ret != -EFAULT && s->call->cmd == SHARDMAP_IOC_CLEAR &&
	    before->nr - now->nr != s->arg.clear.removed)
		return "number of removed entries";
	return NULL;
}

/* The same call once more, with nothing that fails. */
static const char *make_again(const struct sweep *w, struct scene *s,
			      const struct state *before)
{
	struct state now;
	const char *complaint;

	scene_prepare(s);
	scene_call(s, 0);
	scene_state(s, &now);
	if (s->ret != w->done.ret)
		complaint = strerror(-s->ret);
	else
		complaint = all_done(w, s, before, &now);
	state_free(&now);
	return complaint;
}

static const char *judge(const struct sweep *w, struct scene *s,
			 const struct state *before, const struct state *now)
{
	const char *complaint;

	if (s->ret == w->done.ret)
		return all_done(w, s, before, now) ?: answer(w, s, before);
	if (s->ret != -ENOMEM && s->ret != -EFAULT)
		return "errno";
	if (s->call->partial) {
		complaint = partly_done(s, before, now);
		return complaint ?: make_again(w, s, before);
	}
	complaint = state_differs(before, now);
	if (complaint && s->ret == -EFAULT && s->call->late)
		return all_done(w, s, before, now);
	if (complaint)
		return complaint;
	return structure_is_kept(s) ? NULL : "structure";
}

/* A failure that has changed nothing leaves the table to the next one. */
static const char *try_nth(struct sweep *w, unsigned int n, bool *hit)
{
	struct scene *s = &w->scene;
	const char *complaint;
	struct state now;

	if (w->ready) {
		scene_prepare(s);
	} else {
		scene_begin(s, w->dev, w->kind, w->call);
		scene_state(s, &w->now);
	}
	*hit = scene_call(s, n);
	scene_state(s, &now);
	complaint = judge(w, s, &w->now, &now);
	if (!*hit && s->ret != w->done.ret)
		complaint = strerror(-s->ret);
	if (complaint) {
		printf("# %s: fault %u, returned %d\n", w->call->name, n,
		       s->ret);
		fflush(stdout);
	}
	w->ready = s->ret && !complaint && !s->call->partial &&
		   !state_differs(&w->now, &now);
	state_free(&now);
	if (!w->ready) {
		state_free(&w->now);
		scene_end(s);
	}
	return complaint;
}

/* What the call does when nothing fails */
static void sweep_begin(struct sweep *w, int dev, const struct kind *kind,
			const struct call *call)
{
	unsigned int i;

	*w = (struct sweep){ .dev = dev, .kind = kind, .call = call };
	scene_begin(&w->done, dev, kind, call);
	scene_state(&w->done, &w->before);
	scene_call(&w->done, 0);
	scene_state(&w->done, &w->after);
	for (i = 0; i < w->done.batch.nr; i++)
		w->ops[i] = op_at(&w->done, i);
	memcpy(w->out, is_batch(call) ? w->done.batch.out : w->done.out,
	       OUT_BYTES);
	scene_end(&w->done);
}

static void sweep_end(struct sweep *w)
{
	if (w->ready) {
		state_free(&w->now);
		scene_end(&w->scene);
	}
	state_free(&w->before);
	state_free(&w->after);
}

/* Each fault in its turn, until there is none to be had. */
static const char *sweep(int dev, const struct kind *kind,
			 const struct call *call, unsigned int *faults)
{
	static struct sweep w;
	const char *complaint = NULL;
	bool hit = true;
	unsigned int n;

	sweep_begin(&w, dev, kind, call);
	for (n = 1; hit && !complaint && n <= NTH_MAX; n++) {
		complaint = try_nth(&w, n, &hit);
		w.faults += hit;
	}
	if (!complaint && !w.faults)
		complaint = "nothing failed";
	if (!complaint && hit)
		complaint = "no end";
	*faults += w.faults;
	sweep_end(&w);
	return complaint;
}

#endif /* _SHARDMAP_SELFTEST_FAIL_NTH_SWEEP_H */
