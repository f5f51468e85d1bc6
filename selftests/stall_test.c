// SPDX-License-Identifier: GPL-2.0-only
/*
 * A command that waits for a page of its caller's memory, for ever, holds nobody up:
 * wherever it was to copy from or to, others can use the table meanwhile, the device,
 * and RCU.  It ends when its process is killed.
 */
#include "batch.h"
#include "names.h"
#include "pass_fd.h"
#include "scan.h"
#include "stall.h"
#include "watch.h"

/**
 * enum member - the memory that is not there
 * @STRUCT: the command's structure
 * @REPLY: the same, but it can be read
 * @KEY: a key, a name or a prefix
 * @VALUE: a value to store
 * @EXPECTED: a value that is expected
 * @OUT: where values or records go
 * @IN: a batch's input
 * @OPS: a batch's operations
 * @OPS_REPLY: the same, but they can be read
 */
enum member {
	STRUCT,
	REPLY,
	KEY,
	VALUE,
	EXPECTED,
	OUT,
	IN,
	OPS,
	OPS_REPLY,
};

/**
 * struct scene - a command and what it is given
 * @dev: the device
 * @fd: the table
 * @place: where it has to stall
 * @stall: the memory
 */
struct scene {
	int dev;
	int fd;
	const struct place *place;
	struct stall stall;
};

/**
 * struct place - where a command copies from or to
 * @name: for people
 * @call: carries the command out
 * @cmd: the command
 * @flags: of the operation, or of the command
 * @member: what memory
 */
struct place {
	const char *name;
	int (*call)(struct scene *s);
	unsigned int cmd;
	__u32 flags;
	enum member member;
};

static const char stall_name[] = "stall-test";

/* A member's place: the memory that is not there, or other memory. */
static __u64 at(struct scene *s, enum member member, const void *normal)
{
	return to_u64(s->place->member == member ? s->stall.absent : normal);
}

static int issue(struct scene *s, int fd, void *arg, size_t size)
{
	if (s->place->member == STRUCT)
		arg = s->stall.absent;
	if (s->place->member == REPLY) {
		int err = stall_freeze(&s->stall, arg, size);

		if (err)
			return err;
		arg = s->stall.frozen;
	}
	return do_ioctl(fd, s->place->cmd, arg);
}

static char normal[2 * PAGE];

static int call_op(struct scene *s)
{
	unsigned int cmd = s->place->cmd;
	__u32 flags = s->place->flags;
	struct shardmap_op op = {
		.size = sizeof(op),
		.flags = flags,
		.key = at(s, KEY, "key"),
		.key_len = 3,
	};

	if (cmd == SHARDMAP_IOC_PUT || cmd == SHARDMAP_IOC_CAS ||
	    cmd == SHARDMAP_IOC_GET_OR_PUT) {
		op.value = at(s, VALUE, "value");
		op.value_len = 5;
	}
	if (flags & SHARDMAP_IF_VALUE) {
		op.expected = at(s, EXPECTED, "a value");
		op.expected_len = 7;
	}
	if (cmd == SHARDMAP_IOC_GET || cmd == SHARDMAP_IOC_TAKE ||
	    cmd == SHARDMAP_IOC_GET_OR_PUT || flags & SHARDMAP_SWAP) {
		op.out = at(s, OUT, normal);
		op.out_len = 64;
	}
	return issue(s, s->fd, &op, sizeof(op));
}

/* What the flags of a batch's place say besides. */
#define GETS_ONLY (1U << 31)

static int call_batch(struct scene *s)
{
	struct shardmap_batch arg;
	struct batch b;
	int err = 0;

	batch_init(&b, PAGE, PAGE);
	batch_get(&b, STR("key"), 64);
	if (!(s->place->flags & GETS_ONLY)) {
		batch_put(&b, 0, STR("other"), STR("value"));
		batch_add(&b, SHARDMAP_CREATE, STR("number"), 1, 0);
	}
	arg = batch_arg(&b);
	arg.flags = s->place->flags & ~GETS_ONLY;
	arg.in = at(s, IN, b.in);
	arg.out = at(s, OUT, b.out);
	arg.ops = at(s, OPS, b.ops);
	if (s->place->member == OPS_REPLY) {
		err = stall_freeze(&s->stall, b.ops, b.nr * sizeof(*b.ops));
		arg.ops = to_u64(s->stall.frozen);
	}
	return err ?: issue(s, s->fd, &arg, sizeof(arg));
}

static int call_scan(struct scene *s)
{
	struct shardmap_scan arg = {
		.size = sizeof(arg),
		.flags = s->place->flags,
		.buf = at(s, OUT, normal),
		.buf_len = PAGE,
		.prefix = at(s, KEY, "k"),
		.prefix_len = 1,
	};

	return issue(s, s->fd, &arg, sizeof(arg));
}

static int call_clear(struct scene *s)
{
	struct shardmap_clear arg = { .size = sizeof(arg) };

	return issue(s, s->fd, &arg, sizeof(arg));
}

static int call_info(struct scene *s)
{
	struct shardmap_info arg = { .size = sizeof(arg) };

	return issue(s, s->fd, &arg, sizeof(arg));
}

static int call_device_info(struct scene *s)
{
	struct shardmap_device_info arg = { .size = sizeof(arg) };

	return issue(s, s->dev, &arg, sizeof(arg));
}

static int call_create(struct scene *s)
{
	struct shardmap_create arg = {
		.size = sizeof(arg),
		.name = at(s, KEY, stall_name),
		.name_len = strlen(stall_name),
	};

	return issue(s, s->dev, &arg, sizeof(arg));
}

static int call_open(struct scene *s)
{
	struct shardmap_open arg = {
		.size = sizeof(arg),
		.access = READ_WRITE,
		.name = at(s, KEY, stall_name),
		.name_len = strlen(stall_name),
	};

	return issue(s, s->dev, &arg, sizeof(arg));
}

static int call_unlink(struct scene *s)
{
	struct shardmap_unlink arg = {
		.size = sizeof(arg),
		.name = at(s, KEY, stall_name),
		.name_len = strlen(stall_name),
	};

	return issue(s, s->dev, &arg, sizeof(arg));
}

static int call_list(struct scene *s)
{
	struct shardmap_list arg = {
		.size = sizeof(arg),
		.buf = at(s, OUT, normal),
		.buf_len = PAGE,
	};

	return issue(s, s->dev, &arg, sizeof(arg));
}

/* Changes are read from a descriptor of its own. */
static int call_read(struct scene *s)
{
	int fd = do_handle(s->fd, READ_WRITE);
	int err = fd < 0 ? fd : do_watch(fd, SMALL_RING);

	return err					     ?:
		       store(fd, STR("key"), STR("a value")) ?:
		       do_read(fd, s->stall.absent, PAGE);
}

#define OP(_cmd, _flags, _member)                                             \
	{                                                                     \
#_cmd " " #_flags " " #_member, call_op, SHARDMAP_IOC_##_cmd, \
			_flags, _member                                       \
	}
#define BATCH(_flags, _member)                                                 \
	{                                                                      \
		"BATCH " #_flags " " #_member, call_batch, SHARDMAP_IOC_BATCH, \
			_flags, _member                                        \
	}
#define WHOLE(_cmd, _call, _flags, _member)                                 \
	{                                                                   \
#_cmd " " #_flags " " #_member, _call, SHARDMAP_IOC_##_cmd, \
			_flags, _member                                     \
	}

static const struct place op_places[] = {
	OP(GET, 0, STRUCT),
	OP(GET, 0, REPLY),
	OP(GET, 0, KEY),
	OP(GET, 0, OUT),
	OP(GET, SHARDMAP_NO_TOUCH, OUT),
	OP(PUT, 0, STRUCT),
	OP(PUT, 0, REPLY),
	OP(PUT, 0, KEY),
	OP(PUT, 0, VALUE),
	OP(PUT, SHARDMAP_SWAP, OUT),
	OP(DELETE, 0, KEY),
	OP(GET_OR_PUT, 0, VALUE),
	OP(GET_OR_PUT, 0, OUT),
	OP(ADD, SHARDMAP_CREATE, REPLY),
	OP(CAS, SHARDMAP_IF_VALUE, EXPECTED),
	OP(TAKE, 0, OUT),
};

static const struct place batch_places[] = {
	BATCH(0, STRUCT),
	BATCH(0, REPLY),
	BATCH(0, IN),
	BATCH(0, OUT),
	BATCH(0, OPS),
	BATCH(0, OPS_REPLY),
	BATCH(GETS_ONLY, REPLY),
	BATCH(GETS_ONLY, IN),
	BATCH(GETS_ONLY, OUT),
	BATCH(GETS_ONLY, OPS),
	BATCH(GETS_ONLY, OPS_REPLY),
	BATCH(SHARDMAP_BATCH_ATOMIC, REPLY),
	BATCH(SHARDMAP_BATCH_ATOMIC, IN),
	BATCH(SHARDMAP_BATCH_ATOMIC, OUT),
	BATCH(SHARDMAP_BATCH_ATOMIC, OPS_REPLY),
};

static const struct place whole_places[] = {
	WHOLE(SCAN, call_scan, 0, KEY),
	WHOLE(SCAN, call_scan, 0, OUT),
	WHOLE(SCAN, call_scan, 0, REPLY),
	WHOLE(SCAN, call_scan, SHARDMAP_SCAN_DRAIN, OUT),
	WHOLE(SCAN, call_scan, SHARDMAP_SCAN_DRAIN, REPLY),
	WHOLE(CLEAR, call_clear, 0, REPLY),
	WHOLE(INFO, call_info, 0, REPLY),
	WHOLE(WATCH, call_read, 0, OUT),
};

static const struct place device_places[] = {
	WHOLE(DEVICE_INFO, call_device_info, 0, REPLY),
	WHOLE(CREATE, call_create, 0, STRUCT),
	WHOLE(CREATE, call_create, 0, KEY),
	WHOLE(OPEN, call_open, 0, KEY),
	WHOLE(UNLINK, call_unlink, 0, KEY),
	WHOLE(LIST, call_list, 0, OUT),
	WHOLE(LIST, call_list, 0, REPLY),
};

/* What others do meanwhile, in a process that can be given up */

enum { SINGLES = 500, NUMBERS = 4096 };

static bool single_operations(int fd)
{
	__u64 i, number = 7;

	for (i = 0; i < SINGLES; i++)
		CHECK(!store(fd, OBJ(i), OBJ(number)));
	return true;
}

/* All shards of the table grow, and one of them has the key in question. */
static bool same_table(int fd)
{
	struct shardmap_info info;
	struct snapshot snap;

	CHECK(!store(fd, STR("key"), STR("a value")));
	CHECK(!check_value(fd, STR("key"), STR("a value")));
	CHECK(single_operations(fd));
	CHECK(!store_numbers(fd, 0, NUMBERS));
	CHECK(!do_info(fd, &info) && info.entries >= NUMBERS);
	CHECK(!snapshot_take(fd, &snap));
	snapshot_free(&snap);
	CHECK(!delete_numbers(fd, 0, NUMBERS));
	return true;
}

static bool whole_device(int dev)
{
	int fd = do_create_named(dev, "stall-other", 0600), again;

	CHECK(fd >= 0);
	again = open_named(dev, "stall-other", READ_WRITE);
	CHECK(again >= 0);
	CHECK(count_listed(dev, "stall-other") == 1);
	CHECK(!unlink_named(dev, "stall-other"));
	CHECK(single_operations(fd));
	CHECK(!close(fd) && !close(again));
	return true;
}

/* synchronize_rcu(), to which a reader that waits would be fatal */
#define WAIT_FOR_READERS 1

static bool others(void *arg)
{
	const struct scene *s = arg;
	__u64 removed;

	CHECK(same_table(s->fd));
	CHECK(whole_device(s->dev));
	CHECK(!syscall(SYS_membarrier, WAIT_FOR_READERS, 0, 0));
	CHECK(!do_clear(s->fd, &removed));
	return true;
}

/* The child; its page fault goes to whoever has the other end of @sock. */
static void stall_for_ever(struct scene *s, struct fuse_file *fuse,
			   unsigned int page, int sock)
{
	int err = fuse ? stall_with_fuse(&s->stall, fuse, page) :
			 stall_with_uffd(&s->stall);

	if (!err)
		err = send_fd(sock, s->stall.event);
	if (!err)
		err = s->place->call(s);
	printf("# %s: not stalled, but %d\n", s->place->name, err);
	fflush(stdout);
	_exit(KSFT_FAIL);
}

/* Returns how many things were not as they should be. */
static unsigned int check_place(struct scene *s, struct fuse_file *fuse,
				unsigned int page)
{
	int sock[2], event, status = -1;
	unsigned int wrong = 0;
	pid_t staller, other;

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, sock))
		err(KSFT_FAIL, "socketpair");
	if (store(s->fd, STR("key"), STR("a value")))
		errx(KSFT_FAIL, "store");
	fflush(NULL);
	staller = fork();
	if (!staller)
		stall_for_ever(s, fuse, page, sock[1]);
	close(sock[1]);
	event = receive_fd(sock[0]);
	if (event < 0 || !stall_seen(event, TOO_LONG_MS)) {
		printf("# %s: does not stall\n", s->place->name);
		wrong++;
	}
	other = fork();
	if (!other)
		_exit(others(s) ? 0 : 1);
	if (!is_gone(other, &status, TOO_LONG_MS)) {
		printf("# %s: holds others up\n", s->place->name);
		wrong++;
	} else if (status) {
		printf("# %s: others failed, %#x\n", s->place->name, status);
		wrong++;
	}
	kill(staller, SIGKILL);
	if (!is_gone(staller, &status, TOO_LONG_MS) || !WIFSIGNALED(status)) {
		printf("# %s: is not ended by SIGKILL\n", s->place->name);
		wrong++;
	}
	kill(other, SIGKILL);
	waitpid(other, &status, 0);
	close(event);
	close(sock[0]);
	return wrong;
}

FIXTURE(stall)
{
	struct scene scene;
	int named;
};

FIXTURE_SETUP(stall)
{
	self->scene.dev = open_device();
	ASSERT_LE(0, self->scene.dev);
	self->scene.fd = do_create(self->scene.dev, NULL);
	ASSERT_LE(0, self->scene.fd);
	self->named = do_create_named(self->scene.dev, stall_name, 0600);
	ASSERT_LE(0, self->named);
}

FIXTURE_TEARDOWN(stall)
{
	do_unlink(self->scene.dev, STR(stall_name));
	EXPECT_EQ(0, close(self->named));
	EXPECT_EQ(0, close(self->scene.fd));
	EXPECT_EQ(0, close(self->scene.dev));
}

static unsigned int check_places(struct scene *s, const struct place *places,
				 unsigned int nr, struct fuse_file *fuse)
{
	/* Pages apart from each other, whatever is read ahead */
	static unsigned int page = 8;
	unsigned int i, wrong = 0;

	/* What a fault waits for is the same to the module, so some will do. */
	for (i = 0; i < nr; i += fuse ? 3 : 1, page += 8) {
		s->place = &places[i];
		/* Only a userfaultfd knows readers from writers. */
		if (fuse && (s->place->member == REPLY ||
			     s->place->member == OPS_REPLY))
			continue;
		wrong += check_place(s, fuse, page);
	}
	return wrong;
}

#define CHECK_PLACES(places, fuse)                                          \
	EXPECT_EQ(0, check_places(&self->scene, places, ARRAY_SIZE(places), \
				  fuse))

TEST_F(stall, operations_on_a_userfaultfd)
{
	CHECK_PLACES(op_places, NULL);
}

TEST_F(stall, batches_on_a_userfaultfd)
{
	CHECK_PLACES(batch_places, NULL);
}

TEST_F(stall, commands_to_the_table_on_a_userfaultfd)
{
	CHECK_PLACES(whole_places, NULL);
}

TEST_F(stall, commands_to_the_device_on_a_userfaultfd)
{
	CHECK_PLACES(device_places, NULL);
}

TEST_F(stall, all_on_fuse)
{
	struct fuse_file fuse;

	ASSERT_EQ(0, fuse_mount(&fuse))
	{
		TH_LOG("cannot mount with /dev/fuse: is the module loaded?");
	}
	CHECK_PLACES(op_places, &fuse);
	CHECK_PLACES(batch_places, &fuse);
	CHECK_PLACES(whole_places, &fuse);
	CHECK_PLACES(device_places, &fuse);
	fuse_unmount(&fuse);
}

TEST_HARNESS_MAIN
