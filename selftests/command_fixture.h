/* SPDX-License-Identifier: GPL-2.0-only */
/* A fixture with a variant for every command. */
#ifndef _SHARDMAP_SELFTEST_COMMAND_FIXTURE_H
#define _SHARDMAP_SELFTEST_COMMAND_FIXTURE_H

#include "selftest.h"

static char key[] = "key";
static char value[8] = "value";
static char out[64];
static char scan_buf[4096];
static char name[32];
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

/*
 * A command, with how to make an argument with which it succeeds.
 *
 * @min_size: of its structure when it was first published, if that was smaller
 * @flags: known bits of the second member
 */
FIXTURE_VARIANT(command)
{
	unsigned int nr;
	size_t size;
	size_t min_size;
	bool on_device;
	void (*prepare)(int fd, void *arg);
	unsigned int flags;
	struct zeros zeros[12];
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

static void prepare_cas(int fd, void *arg)
{
	struct shardmap_op *op = arg;
	__u64 version;

	prepare_put(fd, arg);
	if (do_put(fd, 0, STR(key), OBJ(value), &version))
		errx(KSFT_FAIL, "cannot store a key");
	op->flags = SHARDMAP_IF_VERSION;
	op->version = version;
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

/* A table that is there just once, whoever else runs this test. */
static void prepare_name(int dev)
{
	struct shardmap_create how = { .mode = 0600, .name = to_u64(name) };
	int fd;

	how.name_len = sprintf(name, "selftest-%d", getpid());
	fd = do_create(dev, &how);
	if (fd < 0 && fd != -EEXIST)
		errx(KSFT_FAIL, "cannot make a named table");
	if (fd >= 0)
		close(fd);
}

static void prepare_open(int dev, void *arg)
{
	struct shardmap_open *open = arg;

	prepare_name(dev);
	open->access = SHARDMAP_READ;
	open->name = to_u64(name);
	open->name_len = strlen(name);
}

static void prepare_unlink(int dev, void *arg)
{
	struct shardmap_unlink *unlink = arg;

	prepare_name(dev);
	unlink->name = to_u64(name);
	unlink->name_len = strlen(name);
}

static void prepare_list(int dev, void *arg)
{
	struct shardmap_list *list = arg;

	list->buf = to_u64(scan_buf);
	list->buf_len = sizeof(scan_buf);
}

static void prepare_handle(int fd, void *arg)
{
	struct shardmap_handle *handle = arg;

	handle->access = SHARDMAP_READ;
}

/* clang-format off */
FIXTURE_VARIANT_ADD(command, create) {
	.nr = SHARDMAP_IOC_CREATE,
	.size = sizeof(struct shardmap_create),
	.min_size = offsetof(struct shardmap_create, name),
	.on_device = true,
	.prepare = prepare_none,
	.flags = SHARDMAP_CREATE_FAST_HASH | SHARDMAP_CREATE_INLINE |
		 SHARDMAP_CREATE_EVICT,
	.zeros = { ZERO(shardmap_create, mode), ZERO(shardmap_create, name),
		   ZERO(shardmap_create, name_len), ZERO(shardmap_create, reserved) },
};

FIXTURE_VARIANT_ADD(command, device_info) {
	.nr = SHARDMAP_IOC_DEVICE_INFO,
	.size = sizeof(struct shardmap_device_info),
	.min_size = offsetof(struct shardmap_device_info, max_atomic_ops),
	.on_device = true,
	.prepare = prepare_none,
	.zeros = { ZERO(shardmap_device_info, reserved) },
};

FIXTURE_VARIANT_ADD(command, open) {
	.nr = SHARDMAP_IOC_OPEN,
	.size = sizeof(struct shardmap_open),
	.on_device = true,
	.prepare = prepare_open,
	.flags = SHARDMAP_READ | SHARDMAP_WRITE,
	.zeros = { ZERO(shardmap_open, reserved) },
};

FIXTURE_VARIANT_ADD(command, unlink) {
	.nr = SHARDMAP_IOC_UNLINK,
	.size = sizeof(struct shardmap_unlink),
	.on_device = true,
	.prepare = prepare_unlink,
	.zeros = { ZERO(shardmap_unlink, flags), ZERO(shardmap_unlink, reserved) },
};

FIXTURE_VARIANT_ADD(command, list) {
	.nr = SHARDMAP_IOC_LIST,
	.size = sizeof(struct shardmap_list),
	.on_device = true,
	.prepare = prepare_list,
	.zeros = { ZERO(shardmap_list, flags) },
};

FIXTURE_VARIANT_ADD(command, info) {
	.nr = SHARDMAP_IOC_INFO,
	.size = sizeof(struct shardmap_info),
	.min_size = offsetof(struct shardmap_info, evicted),
	.prepare = prepare_none,
	.zeros = { ZERO(shardmap_info, reserved) },
};

FIXTURE_VARIANT_ADD(command, get) {
	.nr = SHARDMAP_IOC_GET,
	.size = sizeof(struct shardmap_op),
	.min_size = offsetof(struct shardmap_op, expected),
	.prepare = prepare_get,
	.flags = SHARDMAP_IF_CHANGED | SHARDMAP_NO_TOUCH,
	.zeros = { ZERO(shardmap_op, value), ZERO(shardmap_op, value_len),
		   ZERO(shardmap_op, delta), ZERO(shardmap_op, initial),
		   ZERO(shardmap_op, expected), ZERO(shardmap_op, expected_len),
		   ZERO(shardmap_op, ttl) },
};

FIXTURE_VARIANT_ADD(command, put) {
	.nr = SHARDMAP_IOC_PUT,
	.size = sizeof(struct shardmap_op),
	.min_size = offsetof(struct shardmap_op, expected),
	.prepare = prepare_put,
	/* NOEXIST would fail for another reason: the key is there. */
	.flags = SHARDMAP_EXIST | SHARDMAP_NOEXIST | SHARDMAP_SWAP,
	.zeros = { ZERO(shardmap_op, out), ZERO(shardmap_op, out_len),
		   ZERO(shardmap_op, delta), ZERO(shardmap_op, initial),
		   ZERO(shardmap_op, expected), ZERO(shardmap_op, expected_len) },
};

FIXTURE_VARIANT_ADD(command, delete) {
	.nr = SHARDMAP_IOC_DELETE,
	.size = sizeof(struct shardmap_op),
	.min_size = offsetof(struct shardmap_op, expected),
	.prepare = prepare_key,
	.flags = SHARDMAP_IF_VERSION | SHARDMAP_IF_VALUE,
	.zeros = { ZERO(shardmap_op, value), ZERO(shardmap_op, value_len),
		   ZERO(shardmap_op, out), ZERO(shardmap_op, out_len),
		   ZERO(shardmap_op, delta), ZERO(shardmap_op, initial),
		   ZERO(shardmap_op, expected), ZERO(shardmap_op, expected_len),
		   ZERO(shardmap_op, ttl) },
};

FIXTURE_VARIANT_ADD(command, get_or_put) {
	.nr = SHARDMAP_IOC_GET_OR_PUT,
	.size = sizeof(struct shardmap_op),
	.min_size = offsetof(struct shardmap_op, expected),
	.prepare = prepare_get_or_put,
	.zeros = { ZERO(shardmap_op, delta), ZERO(shardmap_op, initial),
		   ZERO(shardmap_op, expected), ZERO(shardmap_op, expected_len) },
};

FIXTURE_VARIANT_ADD(command, add) {
	.nr = SHARDMAP_IOC_ADD,
	.size = sizeof(struct shardmap_op),
	.min_size = offsetof(struct shardmap_op, expected),
	.prepare = prepare_add,
	.flags = SHARDMAP_CREATE,
	.zeros = { ZERO(shardmap_op, value), ZERO(shardmap_op, value_len),
		   ZERO(shardmap_op, out), ZERO(shardmap_op, out_len),
		   ZERO(shardmap_op, initial), ZERO(shardmap_op, expected),
		   ZERO(shardmap_op, expected_len), ZERO(shardmap_op, ttl) },
};

FIXTURE_VARIANT_ADD(command, cas) {
	.nr = SHARDMAP_IOC_CAS,
	.size = sizeof(struct shardmap_op),
	.min_size = offsetof(struct shardmap_op, expected),
	.prepare = prepare_cas,
	.flags = SHARDMAP_IF_VERSION | SHARDMAP_IF_VALUE,
	.zeros = { ZERO(shardmap_op, out), ZERO(shardmap_op, out_len),
		   ZERO(shardmap_op, delta), ZERO(shardmap_op, initial),
		   ZERO(shardmap_op, expected), ZERO(shardmap_op, expected_len) },
};

FIXTURE_VARIANT_ADD(command, take) {
	.nr = SHARDMAP_IOC_TAKE,
	.size = sizeof(struct shardmap_op),
	.min_size = offsetof(struct shardmap_op, expected),
	.prepare = prepare_get,
	.flags = SHARDMAP_IF_VERSION | SHARDMAP_IF_VALUE,
	.zeros = { ZERO(shardmap_op, value), ZERO(shardmap_op, value_len),
		   ZERO(shardmap_op, delta), ZERO(shardmap_op, initial),
		   ZERO(shardmap_op, expected), ZERO(shardmap_op, expected_len),
		   ZERO(shardmap_op, ttl) },
};

FIXTURE_VARIANT_ADD(command, batch) {
	.nr = SHARDMAP_IOC_BATCH,
	.size = sizeof(struct shardmap_batch),
	.prepare = prepare_batch,
	.flags = SHARDMAP_BATCH_ATOMIC,
	.zeros = { ZERO(shardmap_batch, reserved) },
};

FIXTURE_VARIANT_ADD(command, scan) {
	.nr = SHARDMAP_IOC_SCAN,
	.size = sizeof(struct shardmap_scan),
	.min_size = offsetof(struct shardmap_scan, prefix),
	.prepare = prepare_scan,
	.flags = SHARDMAP_SCAN_DRAIN,
	.zeros = { ZERO(shardmap_scan, prefix), ZERO(shardmap_scan, reserved) },
};

FIXTURE_VARIANT_ADD(command, clear) {
	.nr = SHARDMAP_IOC_CLEAR,
	.size = sizeof(struct shardmap_clear),
	.prepare = prepare_none,
	.zeros = { ZERO(shardmap_clear, flags) },
};

FIXTURE_VARIANT_ADD(command, handle) {
	.nr = SHARDMAP_IOC_HANDLE,
	.size = sizeof(struct shardmap_handle),
	.prepare = prepare_handle,
	.flags = SHARDMAP_READ | SHARDMAP_WRITE,
};

FIXTURE_VARIANT_ADD(command, freeze) {
	.nr = SHARDMAP_IOC_FREEZE,
	.size = sizeof(struct shardmap_freeze),
	.prepare = prepare_none,
	.zeros = { ZERO(shardmap_freeze, flags) },
};

FIXTURE_VARIANT_ADD(command, reserve) {
	.nr = SHARDMAP_IOC_RESERVE,
	.size = sizeof(struct shardmap_reserve),
	.prepare = prepare_none,
	.zeros = { ZERO(shardmap_reserve, flags) },
};

FIXTURE_VARIANT_ADD(command, watch) {
	.nr = SHARDMAP_IOC_WATCH,
	.size = sizeof(struct shardmap_watch),
	.prepare = prepare_none,
	.zeros = { ZERO(shardmap_watch, flags), ZERO(shardmap_watch, reserved) },
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
	if (name[0])
		do_unlink(self->dev, name, strlen(name));
	EXPECT_EQ(0, close(self->table));
	EXPECT_EQ(0, close(self->dev));
}

#endif /* _SHARDMAP_SELFTEST_COMMAND_FIXTURE_H */
