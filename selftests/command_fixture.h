/* SPDX-License-Identifier: GPL-2.0-only */
/* A fixture with a variant for every command. */
#ifndef _SHARDMAP_SELFTEST_COMMAND_FIXTURE_H
#define _SHARDMAP_SELFTEST_COMMAND_FIXTURE_H

#include "selftest.h"

static char key[] = "key";
static char value[8] = "value";
static char out[64];
static char scan_buf[4096];
static struct shardmap_batch_op batch_op;

/* Bytes of the argument that have to be zero. */
struct zeros {
	unsigned short offset;
	unsigned short len;
};

#define ZERO(type, member)                                 \
	{                                                  \
		offsetof(struct type, member),             \
			sizeof(((struct type *)0)->member) \
	}

/*
 * One command.
 *
 * @dev: the device
 * @table: a table
 * @fd: that of the two which the command goes to
 * @other: that which it does not
 * @arg: three pages for the argument, followed by an unmapped one
 */
FIXTURE(command)
{
	int dev;
	int table;
	int fd;
	int other;
	unsigned char *arg;
};

/* A command, with how to make an argument with which it succeeds. */
FIXTURE_VARIANT(command)
{
	unsigned int nr;
	size_t size;
	bool on_device;
	void (*prepare)(int fd, void *arg);
	unsigned int flags;
	struct zeros zeros[8];
};

static void prepare_none(int fd, void *arg)
{
}

static void prepare_key(int fd, void *arg)
{
	struct shardmap_op *op = arg;

	if (store(fd, STR(key), OBJ(value)))
		errx(KSFT_FAIL, "cannot store a key");
	op->key = to_u64(key);
	op->key_len = sizeof(key) - 1;
}

static void prepare_get(int fd, void *arg)
{
	struct shardmap_op *op = arg;

	prepare_key(fd, arg);
	op->out = to_u64(out);
	op->out_len = sizeof(out);
}

static void prepare_put(int fd, void *arg)
{
	struct shardmap_op *op = arg;

	prepare_key(fd, arg);
	op->value = to_u64(value);
	op->value_len = sizeof(value);
}

static void prepare_get_or_put(int fd, void *arg)
{
	prepare_put(fd, arg);
	prepare_get(fd, arg);
}

static void prepare_add(int fd, void *arg)
{
	struct shardmap_op *op = arg;

	prepare_key(fd, arg);
	op->delta = 1;
}

static void prepare_batch(int fd, void *arg)
{
	struct shardmap_batch *batch = arg;

	batch_op = (struct shardmap_batch_op){
		.opcode = SHARDMAP_OP_DELETE,
		.key_len = sizeof(key) - 1,
	};
	batch->ops = to_u64(&batch_op);
	batch->nr_ops = 1;
	batch->op_size = sizeof(batch_op);
	batch->in = to_u64(key);
	batch->in_len = sizeof(key) - 1;
}

static void prepare_scan(int fd, void *arg)
{
	struct shardmap_scan *scan = arg;

	scan->buf = to_u64(scan_buf);
	scan->buf_len = sizeof(scan_buf);
}

/* clang-format off */
FIXTURE_VARIANT_ADD(command, create) {
	.nr = SHARDMAP_IOC_CREATE,
	.size = sizeof(struct shardmap_create),
	.on_device = true,
	.prepare = prepare_none,
	.flags = SHARDMAP_CREATE_FAST_HASH | SHARDMAP_CREATE_INLINE,
	.zeros = { ZERO(shardmap_create, reserved) },
};

FIXTURE_VARIANT_ADD(command, device_info) {
	.nr = SHARDMAP_IOC_DEVICE_INFO,
	.size = sizeof(struct shardmap_device_info),
	.on_device = true,
	.prepare = prepare_none,
	.zeros = { ZERO(shardmap_device_info, reserved) },
};

FIXTURE_VARIANT_ADD(command, info) {
	.nr = SHARDMAP_IOC_INFO,
	.size = sizeof(struct shardmap_info),
	.prepare = prepare_none,
	.zeros = { ZERO(shardmap_info, reserved) },
};

FIXTURE_VARIANT_ADD(command, get) {
	.nr = SHARDMAP_IOC_GET,
	.size = sizeof(struct shardmap_op),
	.prepare = prepare_get,
	.zeros = { ZERO(shardmap_op, reserved), ZERO(shardmap_op, value),
		   ZERO(shardmap_op, value_len), ZERO(shardmap_op, delta),
		   ZERO(shardmap_op, initial) },
};

FIXTURE_VARIANT_ADD(command, put) {
	.nr = SHARDMAP_IOC_PUT,
	.size = sizeof(struct shardmap_op),
	.prepare = prepare_put,
	/* NOEXIST would fail for another reason: the key is there. */
	.flags = SHARDMAP_EXIST | SHARDMAP_NOEXIST,
	.zeros = { ZERO(shardmap_op, reserved), ZERO(shardmap_op, out),
		   ZERO(shardmap_op, out_len), ZERO(shardmap_op, delta),
		   ZERO(shardmap_op, initial) },
};

FIXTURE_VARIANT_ADD(command, delete) {
	.nr = SHARDMAP_IOC_DELETE,
	.size = sizeof(struct shardmap_op),
	.prepare = prepare_key,
	.zeros = { ZERO(shardmap_op, reserved), ZERO(shardmap_op, value),
		   ZERO(shardmap_op, value_len), ZERO(shardmap_op, out),
		   ZERO(shardmap_op, out_len), ZERO(shardmap_op, delta),
		   ZERO(shardmap_op, initial) },
};

FIXTURE_VARIANT_ADD(command, get_or_put) {
	.nr = SHARDMAP_IOC_GET_OR_PUT,
	.size = sizeof(struct shardmap_op),
	.prepare = prepare_get_or_put,
	.zeros = { ZERO(shardmap_op, reserved), ZERO(shardmap_op, delta),
		   ZERO(shardmap_op, initial) },
};

FIXTURE_VARIANT_ADD(command, add) {
	.nr = SHARDMAP_IOC_ADD,
	.size = sizeof(struct shardmap_op),
	.prepare = prepare_add,
	.flags = SHARDMAP_CREATE,
	.zeros = { ZERO(shardmap_op, reserved), ZERO(shardmap_op, value),
		   ZERO(shardmap_op, value_len), ZERO(shardmap_op, out),
		   ZERO(shardmap_op, out_len), ZERO(shardmap_op, initial) },
};

FIXTURE_VARIANT_ADD(command, batch) {
	.nr = SHARDMAP_IOC_BATCH,
	.size = sizeof(struct shardmap_batch),
	.prepare = prepare_batch,
	.zeros = { ZERO(shardmap_batch, flags),
		   ZERO(shardmap_batch, reserved) },
};

FIXTURE_VARIANT_ADD(command, scan) {
	.nr = SHARDMAP_IOC_SCAN,
	.size = sizeof(struct shardmap_scan),
	.prepare = prepare_scan,
	.zeros = { ZERO(shardmap_scan, flags) },
};

FIXTURE_VARIANT_ADD(command, clear) {
	.nr = SHARDMAP_IOC_CLEAR,
	.size = sizeof(struct shardmap_clear),
	.prepare = prepare_none,
	.zeros = { ZERO(shardmap_clear, flags) },
};
/* clang-format on */

FIXTURE_SETUP(command)
{
	self->dev = open_device();
	ASSERT_LE(0, self->dev);
	self->table = do_create(self->dev, NULL);
	ASSERT_LE(0, self->table);
	self->fd = variant->on_device ? self->dev : self->table;
	self->other = variant->on_device ? self->table : self->dev;
	self->arg = guarded_pages(3);
}

FIXTURE_TEARDOWN(command)
{
	EXPECT_EQ(0, close(self->table));
	EXPECT_EQ(0, close(self->dev));
}

#endif /* _SHARDMAP_SELFTEST_COMMAND_FIXTURE_H */
