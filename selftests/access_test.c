// SPDX-License-Identifier: GPL-2.0-only
/* What a descriptor may be used for, and giving others away. */
#include <sys/socket.h>

#include "batch.h"
#include "names.h"
#include "pass_fd.h"

/*
 * A table with one entry, and a descriptor of it with the access of the variant.
 *
 * @fd: for reading and writing
 * @limited: the other one
 */
FIXTURE(access)
{
	int dev;
	int fd;
	int limited;
};

FIXTURE_VARIANT(access)
{
	__u32 access;
	int flags;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(access, read) {
	.access = SHARDMAP_READ,
	.flags = O_RDONLY,
};

FIXTURE_VARIANT_ADD(access, write) {
	.access = SHARDMAP_WRITE,
	.flags = O_WRONLY,
};

FIXTURE_VARIANT_ADD(access, read_write) {
	.access = READ_WRITE,
	.flags = O_RDWR,
};
/* clang-format on */

static const char long_key[100] = "a key that is too long for short ways";
static const __u64 number = 42;

FIXTURE_SETUP(access)
{
	self->dev = open_device();
	ASSERT_LE(0, self->dev);
	self->fd = do_create(self->dev, NULL);
	ASSERT_LE(0, self->fd);
	self->limited = do_handle(self->fd, variant->access);
	ASSERT_LE(0, self->limited);
	ASSERT_EQ(0, store(self->fd, STR("key"), OBJ(number)));
	ASSERT_EQ(0, store(self->fd, OBJ(long_key), OBJ(number)));
}

FIXTURE_TEARDOWN(access)
{
	EXPECT_EQ(0, close(self->limited));
	EXPECT_EQ(0, close(self->fd));
	EXPECT_EQ(0, close(self->dev));
}

/**
 * struct use - an operation with what it needs
 * @opcode: enum shardmap_opcode
 * @flags: enum shardmap_op_flags
 * @needs: enum shardmap_access
 */
struct use {
	__u32 opcode;
	__u32 flags;
	__u32 needs;
};

static const struct use uses[] = {
	{ SHARDMAP_OP_GET, 0, SHARDMAP_READ },
	{ SHARDMAP_OP_GET, SHARDMAP_IF_CHANGED, SHARDMAP_READ },
	{ SHARDMAP_OP_GET, SHARDMAP_NO_TOUCH, SHARDMAP_READ },
	{ SHARDMAP_OP_PUT, 0, SHARDMAP_WRITE },
	{ SHARDMAP_OP_PUT, SHARDMAP_NOEXIST, SHARDMAP_WRITE },
	{ SHARDMAP_OP_PUT, SHARDMAP_EXIST, SHARDMAP_WRITE },
	{ SHARDMAP_OP_PUT, SHARDMAP_SWAP, READ_WRITE },
	{ SHARDMAP_OP_DELETE, 0, SHARDMAP_WRITE },
	{ SHARDMAP_OP_DELETE, SHARDMAP_IF_VERSION, SHARDMAP_WRITE },
	{ SHARDMAP_OP_DELETE, SHARDMAP_IF_VALUE, READ_WRITE },
	{ SHARDMAP_OP_GET_OR_PUT, 0, READ_WRITE },
	{ SHARDMAP_OP_ADD, 0, READ_WRITE },
	{ SHARDMAP_OP_ADD, SHARDMAP_CREATE, READ_WRITE },
	{ SHARDMAP_OP_CAS, SHARDMAP_IF_VERSION, SHARDMAP_WRITE },
	{ SHARDMAP_OP_CAS, SHARDMAP_IF_VALUE, READ_WRITE },
	{ SHARDMAP_OP_TAKE, 0, READ_WRITE },
	{ SHARDMAP_OP_TAKE, SHARDMAP_IF_VERSION, READ_WRITE },
	{ SHARDMAP_OP_TAKE, SHARDMAP_IF_VALUE, READ_WRITE },
};

static const unsigned int commands[SHARDMAP_OP_NR] = {
	[SHARDMAP_OP_GET] = SHARDMAP_IOC_GET,
	[SHARDMAP_OP_PUT] = SHARDMAP_IOC_PUT,
	[SHARDMAP_OP_DELETE] = SHARDMAP_IOC_DELETE,
	[SHARDMAP_OP_GET_OR_PUT] = SHARDMAP_IOC_GET_OR_PUT,
	[SHARDMAP_OP_ADD] = SHARDMAP_IOC_ADD,
	[SHARDMAP_OP_CAS] = SHARDMAP_IOC_CAS,
	[SHARDMAP_OP_TAKE] = SHARDMAP_IOC_TAKE,
};

static bool stores(__u32 opcode)
{
	return opcode == SHARDMAP_OP_PUT || opcode == SHARDMAP_OP_GET_OR_PUT ||
	       opcode == SHARDMAP_OP_CAS;
}

static bool finds(const struct use *use)
{
	return use->opcode == SHARDMAP_OP_GET ||
	       use->opcode == SHARDMAP_OP_GET_OR_PUT ||
	       use->opcode == SHARDMAP_OP_TAKE || use->flags & SHARDMAP_SWAP;
}

/* The version is one that no entry has. */
static int do_use(int fd, const struct use *use, const void *key, __u32 key_len)
{
	struct shardmap_op op = key_op(key, key_len);
	char out[64];

	op.flags = use->flags;
	if (stores(use->opcode)) {
		op.value = to_u64(&number);
		op.value_len = sizeof(number);
	}
	if (finds(use)) {
		op.out = to_u64(out);
		op.out_len = sizeof(out);
	}
	if (use->flags & SHARDMAP_IF_VALUE) {
		op.expected = to_u64(&number);
		op.expected_len = sizeof(number);
	}
	if (use->flags & (SHARDMAP_IF_VERSION | SHARDMAP_IF_CHANGED))
		op.version = UINT64_MAX;
	return do_op(fd, commands[use->opcode], &op);
}

static void batch_use(struct batch *b, const struct use *use)
{
	struct shardmap_batch_op *op = batch_op(b, use->opcode, STR("key"));

	op->flags = use->flags;
	if (stores(use->opcode)) {
		op->value_off = batch_input(b, OBJ(number));
		op->value_len = sizeof(number);
	}
	if (finds(use)) {
		op->out_off = batch_output(b, 64);
		op->out_len = 64;
	}
	if (use->flags & SHARDMAP_IF_VALUE) {
		op->expected_off = batch_input(b, OBJ(number));
		op->expected_len = sizeof(number);
	}
	if (use->flags & (SHARDMAP_IF_VERSION | SHARDMAP_IF_CHANGED))
		op->version = UINT64_MAX;
}

/* Neither is an entry gone nor has one been written. */
static __u64 versions(int fd)
{
	__u64 sum = count_entries(fd), version = 0;
	char out[64];
	__u32 len = sizeof(out);

	if (!do_get(fd, STR("key"), out, &len, &version))
		sum += version;
	len = sizeof(out);
	if (!do_get(fd, OBJ(long_key), out, &len, &version))
		sum += version;
	return sum;
}

TEST_F(access, of_each_operation)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(uses); i++) {
		const struct use *use = &uses[i];
		bool allowed = !(use->needs & ~variant->access);
		__u64 before;
		int a, b;

		ASSERT_EQ(0, store(self->fd, STR("key"), OBJ(number)));
		ASSERT_EQ(0, store(self->fd, OBJ(long_key), OBJ(number)));
		before = versions(self->fd);
		a = do_use(self->limited, use, STR("key"));
		b = do_use(self->limited, use, OBJ(long_key));
		EXPECT_EQ(!allowed, a == -EACCES)
		{
			TH_LOG("opcode %u, flags %#x: %d", use->opcode,
			       use->flags, a);
		}
		EXPECT_EQ(!allowed, b == -EACCES);
		if (!allowed) {
			EXPECT_EQ(before, versions(self->fd));
		}
	}
}

TEST_F(access, of_each_operation_in_a_batch)
{
	struct batch b;
	unsigned int i;

	batch_init(&b, 4096, 4096);
	for (i = 0; i < ARRAY_SIZE(uses); i++) {
		const struct use *use = &uses[i];
		bool allowed = !(use->needs & ~variant->access);
		__u64 before;

		ASSERT_EQ(0, store(self->fd, STR("key"), OBJ(number)));
		before = versions(self->fd);
		batch_empty(&b);
		batch_use(&b, use);
		test_cmd_batch(self->limited, &b);
		EXPECT_EQ(!allowed, b.ops[0].status == -EACCES)
		{
			TH_LOG("opcode %u, flags %#x: %d", use->opcode,
			       use->flags, b.ops[0].status);
		}
		if (!allowed) {
			EXPECT_EQ(before, versions(self->fd));
		}
	}
	batch_free(&b);
}

/* One that is refused does not stop the others. */
TEST_F(access, of_a_mixed_batch)
{
	bool reads = variant->access & SHARDMAP_READ;
	bool writes = variant->access & SHARDMAP_WRITE;
	int get = reads ? 0 : -EACCES, put = writes ? 0 : -EACCES;
	struct batch b;
	unsigned int i;

	batch_init(&b, 4096, 4096);
	for (i = 0; i < 40; i++) {
		if (i % 5 == 3)
			batch_put(&b, 0, STR("key"), OBJ(number));
		else
			batch_get(&b, STR("key"), 64);
	}
	test_cmd_batch(self->limited, &b);
	for (i = 0; i < 40; i++) {
		EXPECT_EQ(i % 5 == 3 ? put : get, b.ops[i].status);
	}
	batch_empty(&b);
	for (i = 0; i < 40; i++)
		batch_get(&b, STR("key"), 64);
	memset(b.out, 0, 4096);
	test_cmd_batch(self->limited, &b);
	for (i = 0; i < 40; i++) {
		EXPECT_EQ(get, b.ops[i].status);
		EXPECT_EQ(reads ? number : 0, *(__u64 *)(b.out + i * 64));
	}
	batch_free(&b);
}

TEST_F(access, of_commands_to_the_whole_table)
{
	int no_read = variant->access & SHARDMAP_READ ? 0 : -EACCES;
	int no_write = variant->access & SHARDMAP_WRITE ? 0 : -EACCES;
	char buf[4096];
	struct shardmap_scan scan = {
		.size = sizeof(scan),
		.buf = to_u64(buf),
		.buf_len = sizeof(buf),
	};
	struct shardmap_watch watch = { .size = sizeof(watch) };
	struct shardmap_info info;
	__u64 removed;

	test_cmd_info(self->limited, &info);
	EXPECT_EQ(variant->access, info.access);
	EXPECT_EQ(2, info.descriptors);
	EXPECT_EQ(2, info.entries);
	EXPECT_EQ(no_read, do_ioctl(self->limited, SHARDMAP_IOC_SCAN, &scan));
	if (variant->access != READ_WRITE) {
		scan = (struct shardmap_scan){
			.size = sizeof(scan),
			.flags = SHARDMAP_SCAN_DRAIN,
			.buf = to_u64(buf),
			.buf_len = sizeof(buf),
		};
		EXPECT_EQ(-EACCES,
			  do_ioctl(self->limited, SHARDMAP_IOC_SCAN, &scan));
		EXPECT_EQ(2, count_entries(self->fd));
	}
	EXPECT_EQ(no_write, do_clear(self->limited, &removed));
	EXPECT_EQ(no_write ? 2 : 0, count_entries(self->fd));
	EXPECT_EQ(no_read, do_ioctl(self->limited, SHARDMAP_IOC_WATCH, &watch));
	EXPECT_EQ(no_write, do_reserve(self->limited, 1000));
	EXPECT_EQ(no_write, do_freeze(self->limited));
	test_cmd_info(self->limited, &info);
	EXPECT_EQ(no_write ? 0 : SHARDMAP_FROZEN, info.state);
}

TEST_F(access, is_never_more_than_that_of_the_giver)
{
	__u32 access;

	for (access = 1; access <= READ_WRITE; access++) {
		struct shardmap_info info;
		int fd = do_handle(self->limited, access);

		if (access & ~variant->access) {
			EXPECT_EQ(-EACCES, fd);
			continue;
		}
		ASSERT_LE(0, fd);
		EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
		test_cmd_info(fd, &info);
		EXPECT_EQ(access, info.access);
		EXPECT_EQ(3, info.descriptors);
		close(fd);
	}
	test_err_handle(EINVAL, self->limited, 0);
	test_err_handle(EINVAL, self->limited, READ_WRITE + 1);
	test_err_handle(EINVAL, self->limited, 1U << 31);
}

TEST_F(access, stays_with_the_duplicates)
{
	int copy = dup(self->limited), own;
	struct shardmap_info info;
	char path[64];

	ASSERT_LE(0, copy);
	test_cmd_info(copy, &info);
	EXPECT_EQ(variant->access, info.access);
	EXPECT_EQ(2, info.descriptors);
	EXPECT_EQ(variant->flags, fcntl(copy, F_GETFL) & O_ACCMODE);
	/* Another open file would be one that nobody has limited. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", copy);
	own = open(path, O_RDWR);
	EXPECT_EQ(-1, own);
	close(copy);
}

TEST_F(access, keeps_the_table)
{
	__s64 tables = count_tables(self->dev);
	int fd = do_create(self->dev, NULL), handle;
	struct shardmap_info info;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, store(fd, STR("key"), STR("value")));
	handle = do_handle(fd, variant->access);
	ASSERT_LE(0, handle);
	close(fd);
	EXPECT_EQ(tables + 1, count_tables(self->dev));
	test_cmd_info(handle, &info);
	EXPECT_EQ(1, info.entries);
	EXPECT_EQ(1, info.descriptors);
	close(handle);
	EXPECT_EQ(tables, count_tables(self->dev));
}

struct guest {
	int sock;
	__u32 access;
};

/* Has nothing but the socket, and gets no more than it was given. */
static bool guest_tries_all(void *arg)
{
	struct guest *guest = arg;
	int fd = receive_fd(guest->sock);
	int can_read = guest->access & SHARDMAP_READ ? 0 : -EACCES;
	int can_write = guest->access & SHARDMAP_WRITE ? 0 : -EACCES;

	CHECK(fd >= 0);
	CHECK(check_value(fd, STR("key"), OBJ(number)) == can_read);
	CHECK(store(fd, STR("key"), OBJ(number)) == can_write);
	CHECK((do_handle(fd, READ_WRITE) >= 0) ==
	      (guest->access == READ_WRITE));
	return true;
}

TEST_F(access, goes_over_a_socket)
{
	struct guest guest = { .access = variant->access };
	int pair[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	guest.sock = pair[1];
	ASSERT_EQ(0, send_fd(pair[0], self->limited));
	/* The child closes what it inherited of the table, as a stranger would. */
	fcntl(pair[1], F_SETFD, 0);
	EXPECT_EQ(0, in_child(guest_tries_all, &guest));
	close(pair[0]);
	close(pair[1]);
}

TEST_HARNESS_MAIN
