/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One operation that is going to fail, with all that must stay as it is: the table,
 * the caller's structure and buffers, and its neighbours in a batch.
 */
#ifndef _SHARDMAP_SELFTEST_ERRNO_SCENE_H
#define _SHARDMAP_SELFTEST_ERRNO_SCENE_H

#include <sys/fsuid.h>

#include <shardmap_ops.h>

#include "scan.h"
#include "users.h"

enum {
	KEY_LEN = 8,
	VALUE_LEN = 12,
	VALUE_MAX = 256,
	INLINE_LEN = 8,
	ARENA = 1024,
};

/* What is left of room in a table. */
enum room {
	ROOM,
	NO_ENTRIES,
	NO_BYTES,
	NO_QUOTA,
};

/* How an operation is called for. */
enum mode {
	SINGLE,
	BATCH,
	ATOMIC,
};

/* What a bad pointer is for. */
enum nowhere {
	ALL_THERE,
	NO_INPUT,
	NO_OUTPUT,
	NO_STRUCT,
};

/**
 * struct op_row - an operation, as the table of operations has it
 * @name: for the log
 * @cmd: its command
 * @access: enum shardmap_access that it needs
 * @takes: enum shardmap_takes
 * @flags: flags that it accepts
 * @one_of: of these it needs one
 * @errnos: what it may fail with, besides those of all
 */
struct op_row {
	const char *name;
	unsigned int cmd;
	__u32 access;
	__u32 takes;
	__u32 flags;
	__u32 one_of;
	int errnos[8];
};

/**
 * struct flag_row - a flag, as the table of flags has it
 * @name: for the log
 * @flag: the flag
 * @access: what it needs besides
 * @takes: what the operation takes besides
 * @errnos: what it may fail with besides
 */
struct flag_row {
	const char *name;
	__u32 flag;
	__u32 access;
	__u32 takes;
	int errnos[8];
};

#define ERRNOS(...)         \
	{                   \
		__VA_ARGS__ \
	}

#define OP_ROW(name, word, access, takes, flags, one_of, errnos)             \
	[SHARDMAP_OP_##                                                      \
		name] = { #name,  SHARDMAP_IOC_##name, access, takes, flags, \
			  one_of, ERRNOS errnos },

#define FLAG_ROW(name, access, takes, excludes, errnos) \
	{ #name, SHARDMAP_##name, access, takes, ERRNOS errnos },

static const struct op_row op_rows[SHARDMAP_OP_NR] = { SHARDMAP_OPS(OP_ROW) };
static const struct flag_row flag_rows[] = { SHARDMAP_OP_FLAGS(FLAG_ROW) };
static const int common_errnos[] = { SHARDMAP_OP_ERRNOS };

/**
 * struct scene - an operation on a table
 * @dev: the device
 * @fd: the table, for reading and writing
 * @use: the descriptor that the operation goes to
 * @is_inline: the table keeps entries in its bucket lines
 * @opcode: enum shardmap_opcode
 * @takes: enum shardmap_takes of the operation with its flags
 * @needs: enum shardmap_access of the same
 * @value_len: length of the value that the key has
 * @value_max: longest value of the table
 * @access: what @use may be used for
 * @nowhere: what leads to no memory
 * @hole: a pointer that leads to none
 * @op: the operation, in a page of its own
 */
struct scene {
	int dev;
	int fd;
	int use;
	bool is_inline;
	__u32 opcode;
	__u32 takes;
	__u32 needs;
	__u32 value_len;
	__u32 value_max;
	__u32 access;
	enum nowhere nowhere;
	__u64 hole;
	struct shardmap_op *op;
};

static char the_key[KEY_LEN + 8] = "the key", new_key[KEY_LEN + 8] = "newkey";
static const char left_key[KEY_LEN] = "left", right_key[KEY_LEN] = "right";
static const char odd_key[KEY_LEN] = "odd";
static char value[VALUE_MAX + 8] = "new value";
static const char old_value[VALUE_MAX] = "the value it has";
static char expected[VALUE_MAX + 8], out[VALUE_MAX + 8];

/* A table that counts to a user who may have no more than this. */
static int create_of_user(int dev, const struct shardmap_create *how,
			  __u64 bytes)
{
	static const char path[] =
		"/sys/module/shardmap/parameters/max_user_bytes";
	char text[32];
	int fd;

	snprintf(text, sizeof(text), "%llu", bytes);
	if (!write_file(path, text) || seteuid(ALICE))
		errx(KSFT_FAIL, "cannot limit a user");
	fd = do_create(dev, how);
	if (seteuid(0) || !write_file(path, "0"))
		errx(KSFT_FAIL, "cannot take back a limit");
	return fd;
}

/* Nothing fits any more, however small. */
static void fill(int fd, int wanted)
{
	static const __u32 lens[] = { VALUE_MAX, VALUE_LEN, 0 };
	__u64 n = 0;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < ARRAY_SIZE(lens); i++)
		do
			ret = store(fd, OBJ(n), value, lens[i]);
		while (!ret && n++ < 10000);
	if (ret != wanted)
		errx(KSFT_FAIL, "filling a table ended with %d", ret);
}

/* The index of an inline table that must not grow even once. */
static int create_with_tight_index(int dev, const struct shardmap_create *how)
{
	struct shardmap_info info = {};
	int fd = do_create(dev, how);

	if (fd < 0 || do_info(fd, &info))
		errx(KSFT_FAIL, "cannot make a table");
	close(fd);
	return create_of_user(dev, how, info.index_bytes + 1);
}

/* Nothing refuses the index, but with it over the quota there is no new entry. */
static void fill_index(int fd)
{
	__u64 deadline = now_ms() + 60000, n = 0;
	int ret;

	/* It grows some time after it should. */
	while (!(ret = store(fd, OBJ(n), OBJ(n))) && now_ms() < deadline)
		n++;
	if (ret != -EDQUOT)
		errx(KSFT_FAIL, "filling an index ended with %d", ret);
}

static int scene_create(const struct scene *s, enum room room)
{
	struct shardmap_create how = {
		.flags = s->is_inline ? SHARDMAP_CREATE_INLINE : 0,
		.nr_shards = 1,
		.max_key_len = KEY_LEN,
		.max_value_len = s->value_max,
		.max_entries = room == NO_ENTRIES ? 4 : 0,
		.max_bytes = room == NO_BYTES ? 16384 : 0,
	};

	if (room != NO_QUOTA)
		return do_create(s->dev, &how);
	return s->is_inline ? create_with_tight_index(s->dev, &how) :
			      create_of_user(s->dev, &how, 65536);
}

/* Four entries, and then no room for a fifth if it shall be so. */
static void scene_fill(const struct scene *s, enum room room)
{
	__u32 len = s->is_inline ? INLINE_LEN : VALUE_LEN;

	if (store(s->fd, the_key, KEY_LEN, old_value, s->value_len) ||
	    store(s->fd, left_key, KEY_LEN, old_value, len) ||
	    store(s->fd, right_key, KEY_LEN, old_value, len) ||
	    store(s->fd, odd_key, KEY_LEN, old_value, len))
		errx(KSFT_FAIL, "cannot fill a table");
	if (room == NO_BYTES)
		fill(s->fd, -ENOSPC);
	if (room != NO_QUOTA)
		return;
	if (s->is_inline)
		return fill_index(s->fd);
	/* No index that grows behind our back. */
	if (do_reserve(s->fd, 400))
		errx(KSFT_FAIL, "cannot reserve");
	fill(s->fd, -EDQUOT);
}

/* An operation with which nothing is wrong. */
static void scene_op(struct scene *s, __u32 flags)
{
	struct shardmap_op *op = s->op;
	char buf[VALUE_MAX];
	__u32 len = sizeof(buf);
	__u64 version;

	if (do_get(s->fd, the_key, KEY_LEN, buf, &len, &version))
		errx(KSFT_FAIL, "the key is not there");
	*op = key_op(flags & SHARDMAP_NOEXIST ? new_key : the_key, KEY_LEN);
	op->flags = flags;
	if (s->takes & SHARDMAP_TAKES_VALUE) {
		op->value = to_u64(value);
		op->value_len = s->value_len;
	}
	if (s->takes & SHARDMAP_TAKES_OUT) {
		op->out = to_u64(out);
		op->out_len = s->value_len;
	}
	if (s->takes & SHARDMAP_TAKES_EXPECTED) {
		memcpy(expected, old_value, sizeof(old_value));
		op->expected = to_u64(expected);
		op->expected_len = s->value_len;
	}
	if (flags & SHARDMAP_IF_VERSION)
		op->version = version;
	if (s->takes & SHARDMAP_TAKES_DELTA)
		op->delta = 1;
	if (s->takes & SHARDMAP_TAKES_INITIAL)
		op->initial = 5;
}

static void scene_init(struct scene *s, __u32 opcode, __u32 flags)
{
	unsigned int i;

	s->opcode = opcode;
	s->takes = op_rows[opcode].takes;
	s->needs = op_rows[opcode].access;
	for (i = 0; i < ARRAY_SIZE(flag_rows); i++) {
		if (!(flags & flag_rows[i].flag))
			continue;
		s->takes |= flag_rows[i].takes;
		s->needs |= flag_rows[i].access;
	}
	s->value_len = s->is_inline || opcode == SHARDMAP_OP_ADD ? 8 :
								   VALUE_LEN;
	s->value_max = s->is_inline ? INLINE_LEN : VALUE_MAX;
	s->access = READ_WRITE;
	s->nowhere = ALL_THERE;
}

static void scene_begin(struct scene *s, __u32 flags, enum room room)
{
	s->fd = scene_create(s, room);
	if (s->fd < 0)
		errx(KSFT_FAIL, "cannot make a table: %d", s->fd);
	s->use = s->fd;
	scene_fill(s, room);
	scene_op(s, flags);
	memset(out, '#', sizeof(out));
}

static void scene_end(struct scene *s)
{
	if (s->use != s->fd)
		close(s->use);
	close(s->fd);
}

/* Each returns what it has to complain of, or NULL. */

static const char *run_single(struct scene *s, int wanted)
{
	struct shardmap_op before = *s->op;
	int ret;

	if (s->nowhere == NO_STRUCT)
		mprotect(s->op, PAGE, PROT_READ);
	ret = do_ioctl(s->use, op_rows[s->opcode].cmd, s->op);
	mprotect(s->op, PAGE, PROT_READ | PROT_WRITE);
	if (ret != wanted)
		return strerror(-ret);
	if (!wanted)
		return NULL;
	if (wanted == -ENOBUFS)
		before.out_len = s->value_len;
	return memcmp(&before, s->op, sizeof(before)) ? "structure" : NULL;
}

/**
 * struct trio - a batch of the operation between two lookups
 * @arg: the batch
 * @ops: its operations, in a page of their own
 * @in: input
 * @in_len: how much of it
 * @out: output
 */
struct trio {
	struct shardmap_batch arg;
	struct shardmap_batch_op *ops;
	char in[ARENA];
	__u32 in_len;
	char out[ARENA];
};

static __u32 trio_input(struct trio *t, __u64 data, __u32 len, __u64 hole)
{
	__u32 off = t->in_len;

	if (!data || !len || data == hole)
		return 0;
	memcpy(t->in + off, (const void *)(uintptr_t)data, len);
	t->in_len += len;
	return off;
}

static struct shardmap_batch_op lookup(struct trio *t, const char *key,
				       __u32 out_off)
{
	return (struct shardmap_batch_op){
		.opcode = SHARDMAP_OP_GET,
		.status = 0x5a5a,
		.key_off = trio_input(t, to_u64(key), KEY_LEN, 0),
		.key_len = KEY_LEN,
		.out_off = out_off,
		.out_len = VALUE_LEN,
	};
}

static void trio_init(struct trio *t, const struct scene *s, enum mode mode)
{
	const struct shardmap_op *op = s->op;

	t->ops = guarded_pages(1);
	t->in_len = 0;
	memset(t->out, '#', sizeof(t->out));
	t->ops[0] = lookup(t, left_key, 0);
	t->ops[1] = (struct shardmap_batch_op){
		.opcode = s->opcode,
		.flags = op->flags,
		.status = 0x5a5a,
		.key_off = trio_input(t, op->key, op->key_len, s->hole),
		.key_len = op->key_len,
		.value_off = trio_input(t, op->value, op->value_len, s->hole),
		.value_len = op->value_len,
		.out_off = op->out ? 2 * VALUE_LEN : 0,
		.out_len = op->out_len,
		.version = op->version,
		.delta = op->delta,
		.initial = op->initial,
		.expected_off =
			trio_input(t, op->expected, op->expected_len, s->hole),
		.expected_len = op->expected_len,
		.ttl = op->ttl,
	};
	t->ops[2] = lookup(t, right_key, VALUE_LEN);
	t->arg = (struct shardmap_batch){
		.size = sizeof(t->arg),
		.flags = mode == ATOMIC ? SHARDMAP_BATCH_ATOMIC : 0,
		.ops = to_u64(t->ops),
		.nr_ops = 3,
		.op_size = sizeof(*t->ops),
		.in = to_u64(t->in),
		.out = to_u64(t->out),
		.in_len = t->in_len,
		.out_len = sizeof(t->out),
		.done = 77,
	};
	if (s->nowhere == NO_INPUT)
		t->arg.in = s->hole;
	if (s->nowhere == NO_OUTPUT)
		t->arg.out = s->hole;
}

/* A lookup may find out that it cannot tell all when it has told some. */
static bool may_tell_some(const struct scene *s, int wanted)
{
	return s->opcode == SHARDMAP_OP_GET && wanted == -EFAULT;
}

/* What the command fails with, if not just the operation. */
static int command_errno(const struct scene *s, enum mode mode, int wanted)
{
	if (!wanted || s->nowhere != ALL_THERE)
		return wanted;
	if (mode == BATCH)
		return 0;
	return wanted == -ENOSPC || wanted == -EDQUOT ? wanted : -ECANCELED;
}

static const char *check_statuses(const struct scene *s, const struct trio *t,
				  const struct shardmap_batch_op *before,
				  int ret, int wanted)
{
	struct shardmap_batch_op op = before[1];
	int beside = s->access & SHARDMAP_READ ? ret : -EACCES;

	if (ret && ret != -ECANCELED)
		beside = before[0].status;
	else
		op.status = wanted;
	if (wanted == -ENOBUFS)
		op.out_len = s->value_len;
	if (memcmp(&op, &t->ops[1], sizeof(op)))
		return "operation in a batch";
	if (t->ops[0].status != beside || t->ops[2].status != beside)
		return "operation beside it";
	return NULL;
}

static const char *run_batch(struct scene *s, enum mode mode, int wanted)
{
	int ret, fails = command_errno(s, mode, wanted);
	struct shardmap_batch_op before[3];
	static struct trio t;
	struct shardmap_batch arg;
	const char *complaint = NULL;
	unsigned int i;

	trio_init(&t, s, mode);
	arg = t.arg;
	memcpy(before, t.ops, sizeof(before));
	if (s->nowhere == NO_STRUCT)
		mprotect(t.ops, PAGE, PROT_READ);
	ret = do_ioctl(s->use, SHARDMAP_IOC_BATCH, &t.arg);
	mprotect(t.ops, PAGE, PROT_READ | PROT_WRITE);
	if (ret != fails)
		return strerror(-ret);
	if (!ret)
		arg.done = 3;
	if (memcmp(&arg, &t.arg, sizeof(arg)))
		return "batch's structure";
	if (!wanted)
		return t.ops[1].status ? strerror(-t.ops[1].status) : NULL;
	if (may_tell_some(s, wanted))
		goto unmap;
	complaint = check_statuses(s, &t, before, ret, wanted);
	/* Only those beside it have written something. */
	for (i = ret ? 0 : 2 * VALUE_LEN; i < sizeof(t.out); i++)
		if (t.out[i] != '#')
			complaint = "batch's output";
unmap:
	munmap(t.ops, 2 * PAGE);
	return complaint;
}

/* Have it fail, and see that nothing but that has happened.  0 has it succeed. */
static const char *scene_run(struct scene *s, enum mode mode, int wanted)
{
	struct shardmap_info before, after;
	struct snapshot snap;
	const char *complaint;
	unsigned int i;

	if (snapshot_take(s->fd, &snap) || do_info(s->fd, &before))
		return "snapshot";
	complaint = mode == SINGLE ? run_single(s, wanted) :
				     run_batch(s, mode, wanted);
	if (!complaint && wanted && snapshot_check(s->fd, &snap))
		complaint = "contents";
	if (do_info(s->fd, &after))
		complaint = "info";
	if (!complaint && wanted && before.entry_bytes != after.entry_bytes)
		complaint = "entry_bytes";
	for (i = 0; wanted && !may_tell_some(s, wanted) && i < sizeof(out); i++)
		if (out[i] != '#')
			complaint = "buffer";
	snapshot_free(&snap);
	return complaint;
}

#endif /* _SHARDMAP_SELFTEST_ERRNO_SCENE_H */
