// SPDX-License-Identifier: GPL-2.0-only
/* Pointers that lead nowhere: EFAULT, and nothing has happened. */
#include "batch.h"
#include "scan.h"
#include "selftest.h"

/* Each is too long for a pointer to the last byte of a page. */
static char key[16] = "the key";
static char new_key[16] = "a new key";
static char value[64] = "the value";
static char scan_buf[4096];

union arg {
	struct shardmap_op op;
	struct shardmap_batch batch;
	struct shardmap_scan scan;
	struct shardmap_clear clear;
	struct shardmap_info info;
};

static struct batch batch;

/* Arguments with which the commands succeed. */

static void prepare_get(union arg *arg)
{
	static char out[64];

	arg->op = key_op(OBJ(key));
	arg->op.out = to_u64(out);
	arg->op.out_len = sizeof(out);
}

static void prepare_put(union arg *arg)
{
	arg->op = key_op(OBJ(key));
	arg->op.value = to_u64(value);
	arg->op.value_len = sizeof(value) - 1;
}

static void prepare_put_new(union arg *arg)
{
	prepare_put(arg);
	arg->op.key = to_u64(new_key);
}

static void prepare_delete(union arg *arg)
{
	arg->op = key_op(OBJ(key));
}

static void prepare_get_or_put(union arg *arg)
{
	prepare_get(arg);
	arg->op.value = to_u64(value);
	arg->op.value_len = sizeof(value) - 1;
}

static void prepare_get_or_put_new(union arg *arg)
{
	prepare_get_or_put(arg);
	arg->op.key = to_u64(new_key);
}

static void prepare_add(union arg *arg)
{
	arg->op = key_op(OBJ(new_key));
	arg->op.flags = SHARDMAP_CREATE;
	arg->op.delta = 1;
}

/* The value that the key has is the expected one. */
static void prepare_cas(union arg *arg)
{
	prepare_put(arg);
	arg->op.flags = SHARDMAP_IF_VALUE;
	arg->op.expected = to_u64(value);
	arg->op.expected_len = sizeof(value);
}

static void prepare_swap(union arg *arg)
{
	static char out[64];

	prepare_put(arg);
	arg->op.flags = SHARDMAP_SWAP;
	arg->op.out = to_u64(out);
	arg->op.out_len = sizeof(out);
}

static void prepare_take(union arg *arg)
{
	prepare_get(arg);
	arg->op.flags = SHARDMAP_IF_VALUE;
	arg->op.expected = to_u64(value);
	arg->op.expected_len = sizeof(value);
}

static void prepare_delete_if(union arg *arg)
{
	prepare_delete(arg);
	arg->op.flags = SHARDMAP_IF_VALUE;
	arg->op.expected = to_u64(value);
	arg->op.expected_len = sizeof(value);
}

static void prepare_batch(union arg *arg)
{
	batch_empty(&batch);
	batch_put(&batch, 0, OBJ(new_key), OBJ(value));
	batch_get(&batch, OBJ(key), sizeof(value));
	batch_delete(&batch, OBJ(key));
	arg->batch = batch_arg(&batch);
}

/* Nothing but a look at one key. */
static void prepare_batch_get(union arg *arg)
{
	batch_empty(&batch);
	batch_get(&batch, OBJ(key), sizeof(value));
	arg->batch = batch_arg(&batch);
}

static void prepare_atomic_batch(union arg *arg)
{
	batch_empty(&batch);
	batch_put(&batch, 0, OBJ(new_key), OBJ(value));
	batch_get(&batch, OBJ(key), sizeof(value));
	arg->batch = batch_arg(&batch);
	arg->batch.flags = SHARDMAP_BATCH_ATOMIC;
}

static void prepare_scan(union arg *arg)
{
	arg->scan = (struct shardmap_scan){
		.size = sizeof(arg->scan),
		.buf = to_u64(scan_buf),
		.buf_len = sizeof(scan_buf),
	};
}

static void prepare_drain(union arg *arg)
{
	prepare_scan(arg);
	arg->scan.flags = SHARDMAP_SCAN_DRAIN;
	arg->scan.prefix = to_u64(key);
	arg->scan.prefix_len = sizeof(key);
}

static void prepare_clear(union arg *arg)
{
	arg->clear = (struct shardmap_clear){ .size = sizeof(arg->clear) };
}

static void prepare_info(union arg *arg)
{
	arg->info = (struct shardmap_info){ .size = sizeof(arg->info) };
}

/**
 * struct target - a pointer that a command follows
 * @name: for the log
 * @nr: the command
 * @prepare: makes an argument
 * @offset: where the pointer stands in it
 */
struct target {
	const char *name;
	unsigned int nr;
	void (*prepare)(union arg *arg);
	size_t offset;
};

#define OP(cmd, prepare, member)                                   \
	{                                                          \
#prepare " " #member, SHARDMAP_IOC_##cmd, prepare, \
			offsetof(struct shardmap_op, member)       \
	}
#define BATCH(prepare, member)                                     \
	{                                                          \
#prepare " " #member, SHARDMAP_IOC_BATCH, prepare, \
			offsetof(struct shardmap_batch, member)    \
	}

static const struct target targets[] = {
	OP(GET, prepare_get, key),
	OP(GET, prepare_get, out),
	OP(PUT, prepare_put, key),
	OP(PUT, prepare_put, value),
	OP(PUT, prepare_put_new, value),
	OP(DELETE, prepare_delete, key),
	OP(GET_OR_PUT, prepare_get_or_put, key),
	OP(GET_OR_PUT, prepare_get_or_put, value),
	OP(GET_OR_PUT, prepare_get_or_put, out),
	OP(GET_OR_PUT, prepare_get_or_put_new, key),
	OP(GET_OR_PUT, prepare_get_or_put_new, value),
	OP(ADD, prepare_add, key),
	OP(CAS, prepare_cas, key),
	OP(CAS, prepare_cas, value),
	OP(CAS, prepare_cas, expected),
	OP(PUT, prepare_swap, key),
	OP(PUT, prepare_swap, value),
	OP(PUT, prepare_swap, out),
	OP(TAKE, prepare_take, key),
	OP(TAKE, prepare_take, out),
	OP(TAKE, prepare_take, expected),
	OP(DELETE, prepare_delete_if, key),
	OP(DELETE, prepare_delete_if, expected),
	BATCH(prepare_batch, ops),
	BATCH(prepare_batch, in),
	BATCH(prepare_batch, out),
	BATCH(prepare_batch_get, ops),
	BATCH(prepare_batch_get, in),
	BATCH(prepare_batch_get, out),
	BATCH(prepare_atomic_batch, ops),
	BATCH(prepare_atomic_batch, in),
	BATCH(prepare_atomic_batch, out),
	{ "scan buf", SHARDMAP_IOC_SCAN, prepare_scan,
	  offsetof(struct shardmap_scan, buf) },
	{ "drain buf", SHARDMAP_IOC_SCAN, prepare_drain,
	  offsetof(struct shardmap_scan, buf) },
	{ "drain prefix", SHARDMAP_IOC_SCAN, prepare_drain,
	  offsetof(struct shardmap_scan, prefix) },
};

/* A table with some entries, and how it looked at first. */
FIXTURE(stage)
{
	int dev;
	int fd;
	struct snapshot before;
};

FIXTURE_SETUP(stage)
{
	self->dev = open_device();
	ASSERT_LE(0, self->dev);
	self->fd = do_create(self->dev, NULL);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, store(self->fd, OBJ(key), OBJ(value)));
	ASSERT_EQ(0, store_numbers(self->fd, 0, 5));
	ASSERT_EQ(0, snapshot_take(self->fd, &self->before));
	batch_init(&batch, 4096, 4096);
}

FIXTURE_TEARDOWN(stage)
{
	batch_free(&batch);
	snapshot_free(&self->before);
	EXPECT_EQ(0, close(self->fd));
	EXPECT_EQ(0, close(self->dev));
}

TEST_F(stage, targets_are_right_as_they_are)
{
	unsigned int i;

	/* Else the other tests could be satisfied by some other mistake. */
	for (i = 0; i < ARRAY_SIZE(targets); i++) {
		union arg arg;

		ASSERT_EQ(0, store(self->fd, OBJ(key), OBJ(value)));
		do_delete(self->fd, OBJ(new_key));
		targets[i].prepare(&arg);
		EXPECT_EQ(0, do_ioctl(self->fd, targets[i].nr, &arg))
		{
			TH_LOG("%s", targets[i].name);
		}
	}
	EXPECT_NE(0, snapshot_check(self->fd, &self->before));
}

static int try_pointer(int fd, const struct target *target, __u64 pointer)
{
	union arg arg;

	target->prepare(&arg);
	memcpy((char *)&arg + target->offset, &pointer, sizeof(pointer));
	return do_ioctl(fd, target->nr, &arg);
}

TEST_F(stage, bad_pointers)
{
	char *guarded = guarded_pages(1);
	const __u64 bad[] = {
		0,
		1,
		to_u64(unmapped_page()),
		to_u64(guarded + PAGE - 1),
		to_u64(guarded + PAGE),
		/* Where x86-64 has its own memory, text and module data. */
		0xffff888000000000,
		0xffff888000100000,
		0xffffffff81000000,
		0xffffffffa0000000,
		/* The end of user space, and where no memory can be. */
		0x00007ffffffff000,
		0x0000800000000000,
		0x8000000000000000,
		0xfffffffffffff000,
		UINT64_MAX,
		/* Right, if the upper half were lost. */
		to_u64(key) | 1ULL << 63,
		sizeof(long) == 4 ? to_u64(value) | 1ULL << 32 : 0,
	};
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(targets); i++) {
		for (j = 0; j < ARRAY_SIZE(bad); j++) {
			EXPECT_EQ(-EFAULT,
				  try_pointer(self->fd, &targets[i], bad[j]))
			{
				TH_LOG("%s is %#llx", targets[i].name, bad[j]);
			}
		}
		ASSERT_EQ(0, snapshot_check(self->fd, &self->before))
		{
			TH_LOG("%s", targets[i].name);
		}
	}
}

TEST_F(stage, read_only_output)
{
	char *page = guarded_pages(1);
	union arg arg;

	ASSERT_EQ(0, mprotect(page, PAGE, PROT_READ));
	prepare_get(&arg);
	arg.op.out = to_u64(page);
	EXPECT_EQ(-EFAULT, do_ioctl(self->fd, SHARDMAP_IOC_GET, &arg));
	prepare_get_or_put(&arg);
	arg.op.out = to_u64(page);
	EXPECT_EQ(-EFAULT, do_ioctl(self->fd, SHARDMAP_IOC_GET_OR_PUT, &arg));
	prepare_swap(&arg);
	arg.op.out = to_u64(page);
	EXPECT_EQ(-EFAULT, do_ioctl(self->fd, SHARDMAP_IOC_PUT, &arg));
	prepare_take(&arg);
	arg.op.out = to_u64(page);
	EXPECT_EQ(-EFAULT, do_ioctl(self->fd, SHARDMAP_IOC_TAKE, &arg));
	prepare_scan(&arg);
	arg.scan.buf = to_u64(page);
	EXPECT_EQ(-EFAULT, do_ioctl(self->fd, SHARDMAP_IOC_SCAN, &arg));
	prepare_drain(&arg);
	arg.scan.buf = to_u64(page);
	EXPECT_EQ(-EFAULT, do_ioctl(self->fd, SHARDMAP_IOC_SCAN, &arg));
	EXPECT_EQ(0, snapshot_check(self->fd, &self->before));
}

/* A buffer that turns out not to be needed may be bad, but not half-way. */
TEST_F(stage, get_or_put_stores_all_or_nothing)
{
	char *page = guarded_pages(1);
	const __u64 bad[] = { 0, to_u64(page), to_u64(page + PAGE - 1),
			      to_u64(unmapped_page()), 0xffff888000000000 };
	unsigned int i;

	ASSERT_EQ(0, mprotect(page, PAGE, PROT_READ));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		union arg arg;
		int ret;

		prepare_get_or_put_new(&arg);
		arg.op.out = bad[i];
		ret = do_ioctl(self->fd, SHARDMAP_IOC_GET_OR_PUT, &arg);
		if (!ret) {
			test_cmd_delete(self->fd, OBJ(new_key));
		} else {
			EXPECT_EQ(-EFAULT, ret);
		}
		EXPECT_EQ(0, snapshot_check(self->fd, &self->before));
	}
}

TEST_F(stage, input_may_be_read_only)
{
	char *page = guarded_pages(1);
	union arg arg;

	memcpy(page, key, sizeof(key));
	ASSERT_EQ(0, mprotect(page, PAGE, PROT_READ));
	prepare_put(&arg);
	arg.op.key = to_u64(page);
	arg.op.value = to_u64(page);
	ASSERT_EQ(0, do_ioctl(self->fd, SHARDMAP_IOC_PUT, &arg));
	EXPECT_EQ(0, check_value(self->fd, OBJ(key), page, sizeof(value) - 1));

	/* Input that ends where memory ends is not read beyond. */
	page += PAGE - sizeof(key);
	arg.op.key = to_u64(page);
	arg.op.value = to_u64(page);
	arg.op.value_len = sizeof(key);
	EXPECT_EQ(0, do_ioctl(self->fd, SHARDMAP_IOC_PUT, &arg));
}

TEST_F(stage, output_may_end_where_memory_ends)
{
	char *end = (char *)guarded_pages(1) + PAGE;
	__u32 len = sizeof(value);
	struct shardmap_scan scan = {};
	struct snapshot snap = {};

	test_cmd_get(self->fd, OBJ(key), end - len, &len, NULL);
	EXPECT_EQ(0, memcmp(end - len, value, len));
	while (!scan.done) {
		test_cmd_scan(self->fd, &scan, end - 200, 200);
		ASSERT_EQ(0, for_each_record(&scan, end - 200, snapshot_add,
					     &snap));
	}
	EXPECT_EQ(self->before.len, snap.len);
	snapshot_free(&snap);
}

/* A batch of three pages of operations or output, the last page read-only. */
TEST_F(stage, read_only_output_stops_a_batch_before_it_begins)
{
	enum { PAGES = 3, OPS = PAGES * PAGE / sizeof(*batch.ops) };
	char *pages = guarded_pages(PAGES);
	struct shardmap_batch_op *ops = batch.ops;
	unsigned int i;
	union arg arg;

	for (i = 0; i < OPS; i++)
		batch_put(&batch, 0, OBJ(i), OBJ(i));
	arg.batch = batch_arg(&batch);
	memcpy(pages, ops, OPS * sizeof(*ops));
	ASSERT_EQ(0, mprotect(pages + (PAGES - 1) * PAGE, PAGE, PROT_READ));
	arg.batch.ops = to_u64(pages);
	EXPECT_EQ(-EFAULT, do_ioctl(self->fd, SHARDMAP_IOC_BATCH, &arg));
	EXPECT_EQ(0, snapshot_check(self->fd, &self->before));
	EXPECT_EQ(0, memcmp(pages, ops, OPS * sizeof(*ops)));

	prepare_batch(&arg);
	arg.batch.out = to_u64(pages);
	arg.batch.out_len = PAGES * PAGE;
	EXPECT_EQ(-EFAULT, do_ioctl(self->fd, SHARDMAP_IOC_BATCH, &arg));
	EXPECT_EQ(0, snapshot_check(self->fd, &self->before));

	/* With all of it writable the same goes through. */
	ASSERT_EQ(0, mprotect(pages, PAGES * PAGE, PROT_READ | PROT_WRITE));
	EXPECT_EQ(0, do_ioctl(self->fd, SHARDMAP_IOC_BATCH, &arg));
	EXPECT_NE(0, snapshot_check(self->fd, &self->before));
}

TEST_F(stage, a_read_only_structure_changes_nothing)
{
	static const struct {
		unsigned int nr;
		void (*prepare)(union arg *arg);
	} cmds[] = {
		{ SHARDMAP_IOC_INFO, prepare_info },
		{ SHARDMAP_IOC_GET, prepare_get },
		{ SHARDMAP_IOC_PUT, prepare_put },
		{ SHARDMAP_IOC_PUT, prepare_put_new },
		{ SHARDMAP_IOC_DELETE, prepare_delete },
		{ SHARDMAP_IOC_GET_OR_PUT, prepare_get_or_put },
		{ SHARDMAP_IOC_GET_OR_PUT, prepare_get_or_put_new },
		{ SHARDMAP_IOC_ADD, prepare_add },
		{ SHARDMAP_IOC_CAS, prepare_cas },
		{ SHARDMAP_IOC_PUT, prepare_swap },
		{ SHARDMAP_IOC_TAKE, prepare_take },
		{ SHARDMAP_IOC_DELETE, prepare_delete_if },
		{ SHARDMAP_IOC_BATCH, prepare_batch },
		{ SHARDMAP_IOC_BATCH, prepare_atomic_batch },
		{ SHARDMAP_IOC_BATCH, prepare_batch_get },
		{ SHARDMAP_IOC_SCAN, prepare_scan },
		{ SHARDMAP_IOC_SCAN, prepare_drain },
		{ SHARDMAP_IOC_CLEAR, prepare_clear },
	};
	union arg *arg = guarded_pages(1);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cmds); i++) {
		cmds[i].prepare(arg);
		ASSERT_EQ(0, mprotect(arg, PAGE, PROT_READ));
		EXPECT_EQ(-EFAULT, do_ioctl(self->fd, cmds[i].nr, arg))
		{
			TH_LOG("cmds[%u]", i);
		}
		ASSERT_EQ(0, snapshot_check(self->fd, &self->before))
		{
			TH_LOG("cmds[%u]", i);
		}
		ASSERT_EQ(0, mprotect(arg, PAGE, PROT_READ | PROT_WRITE));
	}
}

TEST_F(stage, memory_need_not_be_there_yet)
{
	enum { PAGES = 32 };
	char *in = guarded_pages(PAGES), *out = guarded_pages(PAGES);
	static char zeros[PAGES * PAGE / 2];
	struct shardmap_scan scan = {};
	__u32 len = PAGES * PAGE;

	/* Pages never touched: the kernel faults each of them in. */
	test_cmd_put(self->fd, 0, in, 100, in + PAGE, sizeof(zeros), NULL);
	test_cmd_get(self->fd, zeros, 100, out, &len, NULL);
	ASSERT_EQ(sizeof(zeros), len);
	EXPECT_EQ(0, memcmp(out, zeros, sizeof(zeros)));

	ASSERT_EQ(0, madvise(out, PAGES * PAGE, MADV_DONTNEED));
	while (!scan.done) {
		test_cmd_scan(self->fd, &scan, out, PAGES * PAGE);
	}
	ASSERT_EQ(0, madvise(out, PAGES * PAGE, MADV_DONTNEED));
	prepare_batch(&(union arg){});
	free(batch.out);
	batch.out = out;
	test_cmd_batch(self->fd, &batch);
	EXPECT_EQ(0, memcmp(out + batch.ops[1].out_off, value, sizeof(value)));
	batch.out = NULL;
}

TEST_HARNESS_MAIN
