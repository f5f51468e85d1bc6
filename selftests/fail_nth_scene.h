/* SPDX-License-Identifier: GPL-2.0-only */
/* Tables of all kinds, and calls that are going to be made of them. */
#ifndef _SHARDMAP_SELFTEST_FAIL_NTH_SCENE_H
#define _SHARDMAP_SELFTEST_FAIL_NTH_SCENE_H

#include <malloc.h>

#include <shardmap_ops.h>

#include "batch.h"
#include "fail_nth.h"

enum {
	KEY_LEN = 8,
	OLD_KEYS = 8,
	NEW_KEYS = 24,
	VALUE_MAX = 9000,
	IN_BYTES = 1 << 19,
	OUT_BYTES = 1 << 17,
};

/**
 * struct kind - a kind of table
 * @flags: enum shardmap_create_flags
 * @value_len: length of all values
 * @max_entries: limit of entries, 0 if none
 * @ttl: for how many nanoseconds entries live, 0 for ever
 * @crowded: has not been told how many entries come, so that it is growing
 */
struct kind {
	__u32 flags;
	__u32 value_len;
	__u64 max_entries;
	__u64 ttl;
	bool crowded;
};

union any_arg {
	struct shardmap_op op;
	struct shardmap_batch batch;
	struct shardmap_scan scan;
	struct shardmap_clear clear;
	struct shardmap_handle handle;
	struct shardmap_freeze freeze;
	struct shardmap_reserve reserve;
	struct shardmap_watch watch;
	struct shardmap_info info;
	struct shardmap_create create;
	struct shardmap_open open;
	struct shardmap_unlink unlink;
	struct shardmap_list list;
	struct shardmap_device_info device_info;
};

struct call;

/**
 * struct scene - a table, and a call that is made once
 * @kind: what kind of table
 * @call: the call
 * @dev: the device
 * @table: the table
 * @watcher: a descriptor of it that is told of changes
 * @made: descriptor that the call made, or -1
 * @told: how many changes there were
 * @ret: what it returned
 * @arg: its structure
 * @given: the same before
 * @batch: operations of a batch; all scenes use the same memory
 * @given_ops: the same before
 * @out: where values, records and names go; also the same
 */
struct scene {
	const struct kind *kind;
	const struct call *call;
	int dev;
	int table;
	int watcher;
	int made;
	__s64 told;
	int ret;
	union any_arg arg;
	union any_arg given;
	struct batch batch;
	struct shardmap_batch_op given_ops[SHARDMAP_ATOMIC_OPS_MAX];
	char *out;
};

/**
 * struct call - a command with its arguments
 * @name: for the log
 * @cmd: the command
 * @on_device: it goes to the device
 * @late: EFAULT may come when all was done: the answer found no memory
 * @partial: a failure may leave some of it done
 * @opcode: enum shardmap_opcode
 * @flags: of the operation, the batch, the table to make
 * @takes: enum shardmap_takes
 * @new_key: the key is not there
 * @prepare: fills the structure, but for its size
 */
struct call {
	const char *name;
	unsigned int cmd;
	bool on_device;
	bool late;
	bool partial;
	__u32 opcode;
	__u32 flags;
	__u32 takes;
	bool new_key;
	void (*prepare)(struct scene *s, const struct call *call);
};

static char base_name[] = "fail-nth-base", made_name[] = "fail-nth-made";
static char old_keys[OLD_KEYS][KEY_LEN], new_keys[NEW_KEYS][KEY_LEN];
static char old_values[OLD_KEYS][VALUE_MAX], new_value[VALUE_MAX];

/* Memory that is there already: a page fault may fail, too. */
static struct batch the_batch;
static char the_out[OUT_BYTES];

static __attribute__((constructor)) void make_keys(void)
{
	unsigned int i;

	/* Nor is it got anew for each look at a table. */
	mallopt(M_MMAP_THRESHOLD, 1 << 30);
	batch_init(&the_batch, IN_BYTES, OUT_BYTES);
	memset(the_batch.in, '#', IN_BYTES);
	for (i = 0; i < OLD_KEYS; i++) {
		snprintf(old_keys[i], KEY_LEN, "old %u", i);
		memset(old_values[i], 'a' + i, VALUE_MAX);
	}
	for (i = 0; i < NEW_KEYS; i++)
		snprintf(new_keys[i], KEY_LEN, "new %u", i);
	memset(new_value, 'n', VALUE_MAX);
}

static void scene_fill(struct scene *s)
{
	unsigned int i;

	/* No index that grows behind our back, and has a say in what may fail. */
	if (!s->kind->crowded && do_reserve(s->table, OLD_KEYS + NEW_KEYS))
		errx(KSFT_FAIL, "cannot reserve");
	for (i = 0; i < OLD_KEYS; i++) {
		struct shardmap_op op = key_op(old_keys[i], KEY_LEN);

		op.value = to_u64(old_values[i]);
		op.value_len = s->kind->value_len;
		op.ttl = s->kind->ttl;
		if (do_op(s->table, SHARDMAP_IOC_PUT, &op) != 1)
			errx(KSFT_FAIL, "cannot fill a table");
	}
}

static void scene_prepare(struct scene *s)
{
	memset(&s->arg, 0, sizeof(s->arg));
	memset(s->out, '#', OUT_BYTES);
	batch_empty(&s->batch);
	s->call->prepare(s, s->call);
	/* All begin with it. */
	s->arg.op.size = _IOC_SIZE(s->call->cmd);
	s->given = s->arg;
	memcpy(s->given_ops, s->batch.ops, s->batch.nr * sizeof(*s->batch.ops));
}

static void scene_begin(struct scene *s, int dev, const struct kind *kind,
			const struct call *call)
{
	struct shardmap_create how = {
		.flags = kind->flags,
		.nr_shards = 1,
		.max_entries = kind->max_entries,
		.mode = 0600,
		.name = to_u64(base_name),
		.name_len = strlen(base_name),
	};

	if (kind->flags & SHARDMAP_CREATE_INLINE)
		how.max_key_len = how.max_value_len = KEY_LEN;
	*s = (struct scene){
		.kind = kind,
		.call = call,
		.dev = dev,
		.made = -1,
		.batch = the_batch,
		.out = the_out,
	};
	/* A test that was ended early has left its table. */
	unlink_named(dev, base_name);
	s->table = do_create(dev, &how);
	if (s->table < 0)
		errx(KSFT_FAIL, "cannot make a table: %d", s->table);
	scene_fill(s);
	s->watcher = do_handle(s->table, SHARDMAP_READ);
	if (s->watcher < 0 || set_nonblock(s->watcher) ||
	    do_watch(s->watcher, 0))
		errx(KSFT_FAIL, "cannot watch a table");
	scene_prepare(s);
}

static void scene_end(struct scene *s)
{
	unlink_named(s->dev, base_name);
	unlink_named(s->dev, made_name);
	if (s->made >= 0)
		close(s->made);
	close(s->watcher);
	close(s->table);
}

/* Make the call, with the nth of what can fail in it failing; true if that was met. */
static bool scene_call(struct scene *s, unsigned int n)
{
	int fd = s->call->on_device ? s->dev : s->table;
	bool hit = false;

	if (n)
		nth_arm(n);
	s->ret = do_ioctl(fd, s->call->cmd, &s->arg);
	if (n)
		hit = nth_disarm();
	if (makes_descriptor(s->call->cmd) && s->ret >= 0) {
		s->made = s->ret;
		s->ret = 0;
	}
	return hit;
}

static void scene_state(struct scene *s, struct state *state)
{
	state_take(s->dev, s->table, s->watcher, &s->told, state);
}

/* Operations on one key */

static struct shardmap_op make_op(struct scene *s, const struct call *call,
				  const void *key)
{
	struct shardmap_op op = key_op(key, KEY_LEN);
	__u32 len = s->kind->value_len;

	op.flags = call->flags;
	if (call->takes & SHARDMAP_TAKES_VALUE) {
		op.value = to_u64(new_value);
		op.value_len = len;
	}
	if (call->takes & SHARDMAP_TAKES_OUT) {
		op.out = to_u64(s->out);
		op.out_len = len;
	}
	if (call->takes & SHARDMAP_TAKES_EXPECTED) {
		op.expected = to_u64(old_values[1]);
		op.expected_len = len;
	}
	if (call->takes & SHARDMAP_TAKES_DELTA)
		op.delta = 1;
	if (call->takes & SHARDMAP_TAKES_INITIAL)
		op.initial = 5;
	if (call->takes & SHARDMAP_TAKES_TTL)
		op.ttl = s->kind->ttl;
	if (call->flags & SHARDMAP_IF_VERSION)
		do_get(s->table, old_keys[1], KEY_LEN, s->out, &(__u32){ len },
		       &op.version);
	return op;
}

static void prepare_op(struct scene *s, const struct call *call)
{
	s->arg.op = make_op(s, call, call->new_key ? new_keys[0] : old_keys[1]);
	memset(s->out, '#', OUT_BYTES);
}

/* Batches */

static void batch_append(struct batch *b, __u32 opcode,
			 const struct shardmap_op *op)
{
	struct shardmap_batch_op *bop =
		batch_op(b, opcode, (void *)(uintptr_t)op->key, op->key_len);

	bop->flags = op->flags;
	if (op->value)
		bop->value_off = batch_input(b, (void *)(uintptr_t)op->value,
					     op->value_len);
	bop->value_len = op->value_len;
	if (op->expected)
		bop->expected_off = batch_input(
			b, (void *)(uintptr_t)op->expected, op->expected_len);
	bop->expected_len = op->expected_len;
	if (op->out)
		bop->out_off = batch_output(b, op->out_len);
	bop->out_len = op->out_len;
	bop->version = op->version;
	bop->delta = op->delta;
	bop->initial = op->initial;
	bop->ttl = op->ttl;
}

static void finish_batch(struct scene *s, const struct call *call)
{
	memset(s->batch.out, '#', OUT_BYTES);
	s->arg.batch = batch_arg(&s->batch);
	s->arg.batch.flags = call->flags;
}

#define OP_CALL(_name, _word, _access, _takes, _flags, _one_of, _errnos) \
	{                                                                \
		.name = #_name,                                          \
		.cmd = SHARDMAP_IOC_##_name,                             \
		.opcode = SHARDMAP_OP_##_name,                           \
		.takes = _takes,                                         \
		.late = true,                                            \
		.prepare = prepare_op,                                   \
	},

static const struct call op_calls[] = { SHARDMAP_OPS(OP_CALL) };

/* All operations, each on a key of its own, with new keys between them. */
static void prepare_mixed(struct scene *s, const struct call *call)
{
	unsigned int i;

	for (i = 0; i < NEW_KEYS; i++) {
		struct call one = op_calls[i % ARRAY_SIZE(op_calls)];
		struct shardmap_op op;

		if (one.opcode == SHARDMAP_OP_CAS) {
			one.flags = SHARDMAP_IF_VALUE;
			one.takes |= SHARDMAP_TAKES_EXPECTED;
		}
		if (i < ARRAY_SIZE(op_calls)) {
			op = make_op(s, &one, old_keys[i]);
			if (one.opcode == SHARDMAP_OP_CAS)
				op.expected = to_u64(old_values[i]);
			batch_append(&s->batch, one.opcode, &op);
		}
		one = op_calls[SHARDMAP_OP_PUT];
		op = make_op(s, &one, new_keys[i]);
		batch_append(&s->batch, one.opcode, &op);
	}
	finish_batch(s, call);
}

static void prepare_gets(struct scene *s, const struct call *call)
{
	unsigned int i;

	for (i = 0; i < OLD_KEYS; i++)
		batch_get(&s->batch, old_keys[i], KEY_LEN, s->kind->value_len);
	batch_get(&s->batch, new_keys[0], KEY_LEN, s->kind->value_len);
	finish_batch(s, call);
}

/* As a caller that knows fewer members has them */
static void prepare_short_ops(struct scene *s, const struct call *call)
{
	const __u32 size = offsetof(struct shardmap_batch_op, expected_off);
	struct shardmap_batch_op ops[8];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ops); i++)
		batch_put(&s->batch, 0, new_keys[i], KEY_LEN, new_value,
			  s->kind->value_len);
	memcpy(ops, s->batch.ops, sizeof(ops));
	for (i = 0; i < ARRAY_SIZE(ops); i++)
		memcpy((char *)s->batch.ops + i * size, &ops[i], size);
	finish_batch(s, call);
	s->arg.batch.op_size = size;
}

/* Commands for a whole table */

static void prepare_scan(struct scene *s, const struct call *call)
{
	s->arg.scan.flags = call->flags;
	s->arg.scan.buf = to_u64(s->out);
	s->arg.scan.buf_len = OUT_BYTES;
}

static void prepare_prefix(struct scene *s, const struct call *call)
{
	prepare_scan(s, call);
	s->arg.scan.prefix = to_u64(old_keys[0]);
	s->arg.scan.prefix_len = 3;
}

static void prepare_small(struct scene *s, const struct call *call)
{
	prepare_scan(s, call);
	s->arg.scan.buf_len = 8;
}

static void prepare_none(struct scene *s, const struct call *call)
{
}

static void prepare_reserve(struct scene *s, const struct call *call)
{
	s->arg.reserve.entries = 2000;
}

static void prepare_handle(struct scene *s, const struct call *call)
{
	s->arg.handle.access = SHARDMAP_READ;
}

static void prepare_large_ring(struct scene *s, const struct call *call)
{
	s->arg.watch.ring_bytes = 1 << 20;
}

/* Commands for the device */

static void prepare_create(struct scene *s, const struct call *call)
{
	s->arg.create.flags = call->flags;
	if (call->flags & SHARDMAP_CREATE_EVICT)
		s->arg.create.max_entries = 100;
	if (call->flags & SHARDMAP_CREATE_INLINE)
		s->arg.create.max_key_len = s->arg.create.max_value_len = 8;
}

static void prepare_create_named(struct scene *s, const struct call *call)
{
	s->arg.create.nr_shards = 4;
	s->arg.create.mode = 0600;
	s->arg.create.name = to_u64(made_name);
	s->arg.create.name_len = strlen(made_name);
}

static void prepare_create_taken(struct scene *s, const struct call *call)
{
	prepare_create_named(s, call);
	s->arg.create.name = to_u64(base_name);
	s->arg.create.name_len = strlen(base_name);
}

static void prepare_open(struct scene *s, const struct call *call)
{
	s->arg.open.access = SHARDMAP_READ;
	s->arg.open.name = to_u64(base_name);
	s->arg.open.name_len = strlen(base_name);
}

static void prepare_unlink(struct scene *s, const struct call *call)
{
	s->arg.unlink.name = to_u64(base_name);
	s->arg.unlink.name_len = strlen(base_name);
}

static void prepare_list(struct scene *s, const struct call *call)
{
	s->arg.list.buf = to_u64(s->out);
	s->arg.list.buf_len = 4096;
}

#endif /* _SHARDMAP_SELFTEST_FAIL_NTH_SCENE_H */
