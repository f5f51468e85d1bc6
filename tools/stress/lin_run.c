// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rounds: all threads record, all wait for each other, then each checks some of
 * the keys.  Whoever checks a key reads it first, which no other thread disturbs,
 * and at last gives it a state from which the next round starts.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "lin.h"
#include "random.h"
#include "stress.h"

#define MOMENT_SHIFT 15 /* of 33 microseconds */
#define KEY_BASE 0x1000000000000000ull /* watched keys, apart from the others */

struct run;

struct member {
	struct run *run;
	pthread_t thread;
	unsigned int index;
	struct lin_caller caller;
	struct lin_checker checker;
	struct lin_churner *churner; /* NULL: it records */
	struct lin_op *ops;
	uint32_t *first; /* by key, in @ops */
	uint32_t *last;
	struct lin_state *seen; /* by key */
	uint64_t random;
	uint64_t sequence; /* of values */
	int error;
	bool failed; /* while it recorded */
	struct lin_result result;
};

struct run {
	const struct lin_options *options;
	int table;
	struct member *members;
	unsigned int nr_members;
	pthread_barrier_t barrier;
	struct lin_state *starts; /* by key */
	enum lin_kind choices[256];
	unsigned int nr_choices;
	uint64_t rounds;
	_Atomic unsigned int recording; /* threads not yet at the end */
	_Atomic unsigned int next_key; /* to be checked */
	_Atomic bool stop; /* set by checks alone, looked at before a round */
	pthread_mutex_t show; /* one violation at a time */
};

static uint64_t key_of(unsigned int key)
{
	return KEY_BASE + key;
}

/*
 * Unlike any other's but by many additions, which the models follow anyway: a
 * thread in the top byte, then a count, then room for what is added.
 */
static struct lin_value new_value(struct member *member)
{
	bool word = member->run->options->create.flags &
			    SHARDMAP_CREATE_INLINE ||
		    random_below(&member->random, 3);

	return (struct lin_value){
		.number = (uint64_t)(member->index + 1) << 56 |
			  ++member->sequence << 16,
		.form = word ? LIN_WORD : LIN_LONG,
	};
}

static void plan(struct member *member, unsigned int key, struct lin_op *op)
{
	const struct run *run = member->run;
	const struct lin_model *model;

	*op = (struct lin_op){
		.kind = run->choices[random_below(&member->random,
						  run->nr_choices)],
		.next = LIN_NONE,
	};
	model = &lin_models[op->kind];
	if (model->opcode == SHARDMAP_OP_ADD)
		op->delta = 1 + random_below(&member->random, 15);
	if (model->stores || op->kind == LIN_ADD_CREATE)
		op->store = new_value(member);
	if (op->kind == LIN_ADD_CREATE)
		op->store.form = LIN_WORD;
	if (model->flags & SHARDMAP_IF_VALUE)
		op->expect = member->seen[key].value;
	if (model->flags & SHARDMAP_IF_VERSION)
		op->expect_version = member->seen[key].version;
}

/* What the thread knows of the key, for conditions that are often met */
static void remember(struct member *member, unsigned int key,
		     const struct lin_op *op)
{
	struct lin_value left = lin_left(op);

	if (op->status)
		return;
	if (left.form == LIN_ABSENT)
		left = op->found;
	if (left.form != LIN_ABSENT)
		member->seen[key] = (struct lin_state){ left, op->version };
}

/*
 * Mostly that of the moment, the same for all threads, or else any: so operations
 * on one key meet although there are other keys.
 */
static unsigned int pick_key(struct member *member, uint64_t now)
{
	unsigned int keys = member->run->options->keys;

	if (random_below(&member->random, 4))
		return mix64(now >> MOMENT_SHIFT) % keys;
	return random_below(&member->random, keys);
}

static void link_op(struct member *member, unsigned int key, uint32_t at)
{
	if (member->first[key] == LIN_NONE)
		member->first[key] = at;
	else
		member->ops[member->last[key]].next = at;
	member->last[key] = at;
}

/* What the models know may be wrong; anything else is no matter of order. */
static bool is_failure(const struct lin_op *op)
{
	return op->status && op->status != -ENOENT && op->status != -EEXIST &&
	       op->status != -EINVAL && op->status != -ESTALE;
}

static bool is_planted(const struct member *member, const struct lin_op *op)
{
	return member->run->options->plant == LIN_PLANT_LOST_UPDATE &&
	       member->index == 0 && op->kind == LIN_ADD;
}

static void record(struct member *member)
{
	uint64_t now = now_ns();

	for (unsigned int key = 0; key < member->run->options->keys; key++)
		member->first[key] = LIN_NONE;
	for (uint32_t i = 0; i < LIN_ROUND_OPS && !member->error; i++) {
		unsigned int key = pick_key(member, now);
		struct lin_op *op = &member->ops[i];

		plan(member, key, op);
		link_op(member, key, i);
		if (is_planted(member, op))
			lin_call_lost_update(&member->caller, key_of(key), op);
		else
			lin_call(&member->caller, key_of(key), op);
		remember(member, key, op);
		now = op->response;
		if (is_failure(op))
			member->error = op->status;
		member->result.by_kind[op->kind]++;
		member->result.ops++;
	}
	atomic_fetch_sub(&member->run->recording, 1);
}

static void churn(struct member *member)
{
	while (atomic_load_explicit(&member->run->recording,
				    memory_order_relaxed)) {
		int ret = lin_churn(member->churner);

		if (ret < 0) {
			member->error = ret;
			break;
		}
		member->result.churn_ops += ret;
	}
}

/* Every other time the key is absent at first. */
static void restart(struct member *member, unsigned int key)
{
	struct lin_op op = { .kind = LIN_PUT, .next = LIN_NONE };
	struct lin_state *start = &member->run->starts[key];

	if (random_below(&member->random, 2))
		op.kind = LIN_DELETE;
	op.store = new_value(member);
	lin_call(&member->caller, key_of(key), &op);
	if (op.status && (op.kind != LIN_DELETE || op.status != -ENOENT))
		member->error = op.status;
	*start = (struct lin_state){};
	if (op.kind == LIN_PUT)
		*start = (struct lin_state){ op.store, op.version };
}

static int examine(struct member *member, unsigned int key,
		   const struct lin_history *history)
{
	struct run *run = member->run;
	int ret = lin_check(&member->checker, history);

	if (ret)
		return ret < 0 ? ret : 0;
	member->result.violations++;
	pthread_mutex_lock(&run->show);
	ret = lin_show(stderr, key, history);
	pthread_mutex_unlock(&run->show);
	return ret;
}

static void check_key(struct member *member, unsigned int key)
{
	struct run *run = member->run;
	struct lin_op last = { .kind = LIN_GET, .next = LIN_NONE };
	struct lin_history history = { .slots = run->options->threads + 1,
				       .start = run->starts[key] };
	int err;

	lin_call(&member->caller, key_of(key), &last);
	for (unsigned int i = 0; i < run->options->threads; i++) {
		history.ops[i] = run->members[i].ops;
		history.first[i] = run->members[i].first[key];
	}
	history.ops[history.slots - 1] = &last;
	err = examine(member, key, &history);
	if (err)
		member->error = err;
	restart(member, key);
}

static void check(struct member *member)
{
	struct run *run = member->run;

	for (;;) {
		unsigned int key = atomic_fetch_add(&run->next_key, 1);

		if (key >= run->options->keys)
			return;
		check_key(member, key);
	}
}

/* One of the threads, while all others wait */
static void prepare_round(struct run *run)
{
	atomic_store(&run->recording, run->options->threads);
	atomic_store(&run->next_key, 0);
}

static void meet(struct run *run, bool before_round)
{
	if (pthread_barrier_wait(&run->barrier) ==
		    PTHREAD_BARRIER_SERIAL_THREAD &&
	    before_round)
		prepare_round(run);
	if (before_round)
		pthread_barrier_wait(&run->barrier);
}

/* A history is of no use if a thread could not go on. */
static bool has_failed(const struct run *run)
{
	for (unsigned int i = 0; i < run->nr_members; i++)
		if (run->members[i].failed)
			return true;
	return false;
}

static void rounds(struct member *member)
{
	struct run *run = member->run;

	for (uint64_t round = 0; round < run->rounds; round++) {
		uint64_t end;

		meet(run, true);
		if (atomic_load(&run->stop))
			return;
		if (member->churner)
			churn(member);
		else
			record(member);
		member->failed = member->error;
		meet(run, false);
		end = now_ns();
		member->result.rounds++;
		if (!has_failed(run))
			check(member);
		if (member->error || member->result.violations)
			atomic_store(&run->stop, true);
		/* A round's check ends when the slowest thread is through. */
		meet(run, false);
		member->result.check_seconds += (now_ns() - end) / 1e9;
	}
}

static void *work(void *arg)
{
	struct member *member = arg;

	rounds(member);
	return NULL;
}

static int init_member(struct run *run, unsigned int index)
{
	const struct lin_options *options = run->options;
	struct member *member = &run->members[index];

	member->run = run;
	member->index = index;
	member->caller.table = run->table;
	member->caller.persists = options->faults.on;
	member->random = mix64(options->seed ^ mix64(index + 1));
	if (index >= options->threads) {
		member->churner = lin_churner_new(run->table,
						  (index + 1) * options->churn,
						  options->churn,
						  options->faults.on);
		if (!member->churner)
			return -ENOMEM;
	}
	member->ops = calloc(LIN_ROUND_OPS, sizeof(*member->ops));
	member->first = calloc(options->keys, sizeof(*member->first));
	member->last = calloc(options->keys, sizeof(*member->last));
	member->seen = calloc(options->keys, sizeof(*member->seen));
	if (!member->ops || !member->first || !member->last || !member->seen)
		return -ENOMEM;
	return lin_checker_init(&member->checker);
}

static void free_members(struct run *run)
{
	for (unsigned int i = 0; run->members && i < run->nr_members; i++) {
		struct member *member = &run->members[i];

		lin_churner_free(member->churner);
		lin_checker_free(&member->checker);
		free(member->ops);
		free(member->first);
		free(member->last);
		free(member->seen);
	}
	free(run->members);
	free(run->starts);
}

/* Operations that the kernel does not have are left out. */
static void choose(struct run *run)
{
	for (enum lin_kind kind = 0; kind < LIN_KIND_NR; kind++) {
		if (!lin_is_known(&run->members[0].caller, kind))
			continue;
		for (unsigned int i = 0; i < lin_models[kind].weight; i++)
			run->choices[run->nr_choices++] = kind;
	}
}

static int init(struct run *run)
{
	const struct lin_options *options = run->options;
	uint64_t round = (uint64_t)options->threads * LIN_ROUND_OPS;
	int err = 0;

	run->nr_members = options->threads + options->churners;
	run->rounds = (options->ops + round - 1) / round;
	run->members = calloc(run->nr_members, sizeof(*run->members));
	run->starts = calloc(options->keys, sizeof(*run->starts));
	if (!run->members || !run->starts)
		return -ENOMEM;
	for (unsigned int i = 0; !err && i < run->nr_members; i++)
		err = init_member(run, i);
	if (!err)
		choose(run);
	return err;
}

static void sum_up(struct run *run, struct lin_result *result)
{
	for (unsigned int i = 0; i < run->nr_members; i++) {
		const struct member *member = &run->members[i];

		result->ops += member->result.ops;
		for (unsigned int kind = 0; kind < LIN_KIND_NR; kind++)
			result->by_kind[kind] += member->result.by_kind[kind];
		result->overlapped += member->checker.overlapped;
		result->overlapped_quick += member->checker.overlapped_quick;
		result->churn_ops += member->result.churn_ops;
		result->violations += member->result.violations;
	}
	result->rounds = run->members[0].result.rounds;
	result->check_seconds = run->members[0].result.check_seconds;
}

/*
 * Threads that cannot be made would leave the others at the barrier, so that ends
 * the program.
 */
static int run_threads(struct run *run)
{
	int err = 0;

	pthread_barrier_init(&run->barrier, NULL, run->nr_members);
	for (unsigned int i = 0; i < run->nr_members; i++) {
		struct member *member = &run->members[i];

		if (pthread_create(&member->thread, NULL, work, member)) {
			tool_error("pthread_create", -EAGAIN);
			exit(TOOL_EXIT_FAILED);
		}
	}
	for (unsigned int i = 0; i < run->nr_members; i++) {
		pthread_join(run->members[i].thread, NULL);
		err = err ? err : run->members[i].error;
	}
	pthread_barrier_destroy(&run->barrier);
	return err;
}

int lin_run(const struct lin_options *options, int table,
	    struct lin_result *result)
{
	struct run run = { .options = options,
			   .table = table,
			   .show = PTHREAD_MUTEX_INITIALIZER };
	struct shardmap_info before, after;
	uint64_t start;
	int err, ended;

	err = shardmap_info(table, &before);
	if (!err)
		err = init(&run);
	if (!err)
		err = faults_begin(&options->faults);
	if (!err) {
		start = now_ns();
		err = run_threads(&run);
		ended = faults_end(&options->faults, &result->injected);
		err = err ? err : ended;
		result->seconds = (now_ns() - start) / 1e9;
		sum_up(&run, result);
	}
	if (!err)
		err = shardmap_info(table, &after);
	if (!err)
		result->resizes = after.resizes - before.resizes;
	free_members(&run);
	return err;
}
