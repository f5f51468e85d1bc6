// SPDX-License-Identifier: GPL-2.0-only
/* What a watching descriptor is told, and in what pieces it is read. */
#include <sys/wait.h>

#include "batch.h"
#include "watch.h"

/* Keys of as many bytes as an inline table can have; values, too. */
enum { KEY_BYTES = 8, RECORD = RECORD_BYTES(KEY_BYTES) };

FIXTURE(watch)
{
	int dev;
	int fd;
	struct stream stream;
};

FIXTURE_VARIANT(watch)
{
	struct shardmap_create create;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(watch, tagged) {
	.create = { .max_key_len = 0 },
};

FIXTURE_VARIANT_ADD(watch, inlined) {
	.create = { .flags = SHARDMAP_CREATE_INLINE, .max_key_len = KEY_BYTES,
		    .max_value_len = 8 },
};
/* clang-format on */

FIXTURE_SETUP(watch)
{
	self->dev = open_device();
	ASSERT_LE(0, self->dev);
	self->fd = do_create(self->dev, &variant->create);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, set_nonblock(self->fd));
	self->stream.fd = self->fd;
}

FIXTURE_TEARDOWN(watch)
{
	EXPECT_EQ(0, close(self->fd));
	EXPECT_EQ(0, close(self->dev));
}

static int put_number(int fd, __u64 key, __u64 *version)
{
	return do_put(fd, 0, OBJ(key), OBJ(key), version);
}

TEST_F(watch, begins_once)
{
	static const __u32 bad[] = { 1,	   SMALL_RING / 2, SMALL_RING - 1,
				     5000, LARGE_RING - 1, LARGE_RING + 1,
				     ~0U,  LARGE_RING * 2, 3 * SMALL_RING };
	struct shardmap_watch arg = { .size = sizeof(arg) };
	char buf[64];
	unsigned int i;

	EXPECT_EQ(-EINVAL, do_read(self->fd, buf, sizeof(buf)));
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		test_err_watch(EINVAL, self->fd, bad[i]);
	arg.flags = 1;
	EXPECT_EQ(-EINVAL, do_ioctl(self->fd, SHARDMAP_IOC_WATCH, &arg));
	arg.flags = 0;
	arg.reserved = 1;
	EXPECT_EQ(-EINVAL, do_ioctl(self->fd, SHARDMAP_IOC_WATCH, &arg));
	test_err_watch(ENOTTY, self->dev, 0);
	/* All these have begun nothing. */
	EXPECT_EQ(-EINVAL, do_read(self->fd, buf, sizeof(buf)));
	test_cmd_watch(self->fd, 0);
	EXPECT_EQ(-EAGAIN, do_read(self->fd, buf, sizeof(buf)));
	test_err_watch(EBUSY, self->fd, 0);
	test_err_watch(EINVAL, self->fd, 5000);
}

TEST_F(watch, each_change_is_told_once_with_its_version)
{
	__u64 key = 1, other = 2, value = 5, version, last;
	char out[8];
	__u32 len = sizeof(out);

	test_cmd_put(self->fd, 0, OBJ(other), OBJ(value), NULL);
	test_cmd_watch(self->fd, 0);

	test_cmd_put(self->fd, 0, OBJ(key), OBJ(value), &version);
	EXPECT_EQ(0, check_change(&self->stream, SHARDMAP_CHANGE_INSERT,
				  OBJ(key), version));
	test_cmd_put(self->fd, 0, OBJ(key), OBJ(value), &version);
	EXPECT_EQ(0, check_change(&self->stream, SHARDMAP_CHANGE_UPDATE,
				  OBJ(key), version));
	test_cmd_add(self->fd, 0, OBJ(key), 3, 0, NULL, &last);
	EXPECT_EQ(0, check_change(&self->stream, SHARDMAP_CHANGE_UPDATE,
				  OBJ(key), last));
	/* What changes nothing is not told. */
	test_err_put(EEXIST, self->fd, SHARDMAP_NOEXIST, OBJ(key), OBJ(value),
		     NULL);
	test_cmd_get_or_put(self->fd, OBJ(key), OBJ(value), out, &len, NULL);
	test_cmd_get(self->fd, OBJ(key), out, &len, NULL);
	test_cmd_delete(self->fd, OBJ(key));
	EXPECT_EQ(0, check_change(&self->stream, SHARDMAP_CHANGE_DELETE,
				  OBJ(key), last));
	test_err_delete(ENOENT, self->fd, OBJ(key));
	test_cmd_add(self->fd, SHARDMAP_CREATE, OBJ(key), 3, 0, NULL, &version);
	EXPECT_EQ(0, check_change(&self->stream, SHARDMAP_CHANGE_INSERT,
				  OBJ(key), version));
	/* Also what there was before. */
	test_cmd_delete(self->fd, OBJ(other));
	EXPECT_EQ(0, check_change(&self->stream, SHARDMAP_CHANGE_DELETE,
				  OBJ(other), 0));
	EXPECT_EQ(0, check_no_change(&self->stream));
}

TEST_F(watch, batch_and_clear_are_told)
{
	enum { N = 500 };
	bool seen[N] = {};
	struct batch b;
	__u64 i, removed;
	__u32 done;

	test_cmd_watch(self->fd, 0);
	batch_init(&b, N * 16, 0);
	for (i = 0; i < N; i++)
		batch_put(&b, 0, OBJ(i), OBJ(i));
	ASSERT_EQ(0, do_batch(self->fd, &b, &done));
	for (i = 0; i < N; i++)
		ASSERT_EQ(0, check_change(&self->stream, SHARDMAP_CHANGE_INSERT,
					  OBJ(i), b.ops[i].version));
	EXPECT_EQ(0, check_no_change(&self->stream));
	test_cmd_clear(self->fd, &removed);
	EXPECT_EQ(N, removed);
	for (i = 0; i < N; i++) {
		const struct shardmap_change *c = next_change(&self->stream);
		__u64 key;

		ASSERT_NE(NULL, c);
		ASSERT_EQ(SHARDMAP_CHANGE_DELETE, c->op);
		memcpy(&key, change_key(c), sizeof(key));
		ASSERT_GT(N, key);
		EXPECT_EQ(b.ops[key].version, c->version);
		EXPECT_FALSE(seen[key]);
		seen[key] = true;
	}
	EXPECT_EQ(0, check_no_change(&self->stream));
	batch_free(&b);
}

TEST_F(watch, as_many_as_fit_are_read)
{
	char buf[RECORD * 4];
	__u64 i;

	test_cmd_watch(self->fd, 0);
	for (i = 0; i < 10; i++)
		ASSERT_EQ(1, put_number(self->fd, i, NULL));
	/* Too small for one: nothing is lost. */
	for (i = 0; i < RECORD; i++)
		EXPECT_EQ(-EINVAL, do_read(self->fd, buf, i));
	EXPECT_EQ(RECORD, do_read(self->fd, buf, RECORD));
	EXPECT_EQ(RECORD, do_read(self->fd, buf, RECORD * 2 - 1));
	EXPECT_EQ(3 * RECORD, do_read(self->fd, buf, RECORD * 4 - 1));
	EXPECT_EQ(4 * RECORD, do_read(self->fd, buf, RECORD * 4));
	EXPECT_EQ(0, check_change(&self->stream, SHARDMAP_CHANGE_INSERT,
				  &(__u64){ 9 }, KEY_BYTES, 0));
	EXPECT_EQ(0, check_no_change(&self->stream));
	/* Such a buffer is for nothing, so there is nothing to wait for. */
	EXPECT_EQ(-EINVAL, do_read(self->fd, buf, 0));
	EXPECT_EQ(-EINVAL, do_read(self->fd, buf, HEAD_BYTES - 1));
}

/* Put numbered keys; returns the number behind the last one. */
static __u64 fill(int fd, __u64 from, __u64 to)
{
	for (; from < to; from++)
		if (put_number(fd, from, NULL) < 0)
			return 0;
	return from;
}

TEST_F(watch, what_finds_no_room_is_counted)
{
	enum { N = 1000, ROOM = SMALL_RING / RECORD };
	__u64 i;

	test_cmd_watch(self->fd, SMALL_RING);
	ASSERT_EQ(N, fill(self->fd, 0, N));
	for (i = 0; i < ROOM; i++)
		ASSERT_EQ(0, check_change(&self->stream, SHARDMAP_CHANGE_INSERT,
					  OBJ(i), 0));
	EXPECT_EQ(0, check_change(&self->stream, SHARDMAP_CHANGE_LOST, NULL, 0,
				  N - ROOM));
	EXPECT_EQ(0, check_no_change(&self->stream));
	/* It is told once. */
	ASSERT_EQ(0, put_number(self->fd, 3, NULL));
	EXPECT_EQ(0, check_change(&self->stream, SHARDMAP_CHANGE_UPDATE,
				  &(__u64){ 3 }, KEY_BYTES, 0));
	EXPECT_EQ(0, check_no_change(&self->stream));
}

TEST_F(watch, a_gap_is_told_where_it_is)
{
	/* The bytes left over have room for what tells of a gap. */
	enum { ROOM = SMALL_RING / RECORD };
	char buf[RECORD];
	__u64 i;

	test_cmd_watch(self->fd, SMALL_RING);
	ASSERT_EQ(ROOM + 5, fill(self->fd, 0, ROOM + 5));
	EXPECT_EQ(RECORD, do_read(self->fd, buf, RECORD));
	ASSERT_EQ(ROOM + 8, fill(self->fd, ROOM + 5, ROOM + 8));
	for (i = 1; i < ROOM; i++)
		ASSERT_EQ(0, check_change(&self->stream, SHARDMAP_CHANGE_INSERT,
					  OBJ(i), 0));
	EXPECT_EQ(0, check_change(&self->stream, SHARDMAP_CHANGE_LOST, NULL, 0,
				  5));
	i = ROOM + 5;
	EXPECT_EQ(0, check_change(&self->stream, SHARDMAP_CHANGE_INSERT, OBJ(i),
				  0));
	EXPECT_EQ(0, check_change(&self->stream, SHARDMAP_CHANGE_LOST, NULL, 0,
				  2));
	EXPECT_EQ(0, check_no_change(&self->stream));
}

TEST_F(watch, a_bad_address_loses_nothing)
{
	char *page = guarded_pages(1), *end = page + PAGE;
	__u64 i;

	test_cmd_watch(self->fd, 0);
	ASSERT_EQ(10, fill(self->fd, 0, 10));
	EXPECT_EQ(-EFAULT, do_read(self->fd, unmapped_page(), PAGE));
	EXPECT_EQ(-EFAULT, do_read(self->fd, end - RECORD + 8, PAGE));
	/* Those that stand in memory as a whole are read, and they alone. */
	EXPECT_EQ(2 * RECORD, do_read(self->fd, end - 3 * RECORD + 1, PAGE));
	for (i = 0; i < 2; i++) {
		struct shardmap_change c;
		__u64 key;

		memcpy(&c, end - 3 * RECORD + 1 + i * RECORD, sizeof(c));
		memcpy(&key, end - 3 * RECORD + 1 + i * RECORD + sizeof(c), 8);
		EXPECT_EQ(RECORD, c.record_len);
		EXPECT_EQ(i, key);
	}
	for (; i < 10; i++)
		EXPECT_EQ(0, check_change(&self->stream, SHARDMAP_CHANGE_INSERT,
					  OBJ(i), 0));
	EXPECT_EQ(0, check_no_change(&self->stream));
}

/* The same for records that stand at the end and at the beginning of the ring. */
TEST_F(watch, a_bad_address_where_the_ring_ends)
{
	char *end = (char *)guarded_pages(1) + PAGE;
	__u64 turn = SMALL_RING / RECORD + 1, n;

	test_cmd_watch(self->fd, SMALL_RING);
	for (n = 0; n < turn * (RECORD - 1); n++) {
		ASSERT_EQ(n + 1, fill(self->fd, n, n + 1));
		ASSERT_EQ(-EFAULT,
			  do_read(self->fd, end - 1 - n / turn, RECORD));
		ASSERT_EQ(0, check_change(&self->stream, SHARDMAP_CHANGE_INSERT,
					  OBJ(n), 0));
	}
}

TEST_F(watch, duplicates_and_children_read_from_one_ring)
{
	int copy = dup(self->fd), status;
	struct stream *copied = shared_pages(sizeof(*copied) / PAGE + 1);
	__u64 i;
	pid_t pid;

	ASSERT_LE(0, copy);
	test_cmd_watch(self->fd, 0);
	test_err_watch(EBUSY, copy, 0);
	ASSERT_EQ(3, fill(self->fd, 0, 3));
	copied->fd = copy;
	copied->size = RECORD;
	i = 0;
	EXPECT_EQ(0, check_change(copied, SHARDMAP_CHANGE_INSERT, OBJ(i), 0));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		i = 1;
		_exit(!!check_change(copied, SHARDMAP_CHANGE_INSERT, OBJ(i),
				     0));
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	i = 2;
	EXPECT_EQ(0, check_change(&self->stream, SHARDMAP_CHANGE_INSERT, OBJ(i),
				  0));
	EXPECT_EQ(0, check_no_change(&self->stream));
	/* Watching goes on until the last of them is closed. */
	EXPECT_EQ(0, close(copy));
	ASSERT_EQ(4, fill(self->fd, 3, 4));
	i = 3;
	EXPECT_EQ(0, check_change(&self->stream, SHARDMAP_CHANGE_INSERT, OBJ(i),
				  0));
}

TEST_F(watch, each_watcher_is_told)
{
	int writer = do_handle(self->fd, SHARDMAP_WRITE);
	struct stream other = {
		.fd = do_handle(self->fd, SHARDMAP_READ),
	};
	__u64 i;

	ASSERT_LE(0, writer);
	ASSERT_LE(0, other.fd);
	ASSERT_EQ(0, set_nonblock(other.fd));
	test_cmd_watch(self->fd, SMALL_RING);
	ASSERT_EQ(10, fill(writer, 0, 10));
	test_cmd_watch(other.fd, SMALL_RING);
	ASSERT_EQ(20, fill(writer, 10, 20));
	for (i = 0; i < 20; i++)
		EXPECT_EQ(0, check_change(&self->stream, SHARDMAP_CHANGE_INSERT,
					  OBJ(i), 0));
	/* One goes, the other stays. */
	EXPECT_EQ(0, close(self->fd));
	self->fd = writer;
	ASSERT_EQ(30, fill(writer, 20, 30));
	for (i = 10; i < 30; i++)
		EXPECT_EQ(0, check_change(&other, SHARDMAP_CHANGE_INSERT,
					  OBJ(i), 0));
	EXPECT_EQ(0, check_no_change(&other));
	EXPECT_EQ(0, close(other.fd));
}

TEST_F(watch, needs_read_access)
{
	int writer = do_handle(self->fd, SHARDMAP_WRITE);
	char buf[64];

	ASSERT_LE(0, writer);
	test_err_watch(EACCES, writer, 0);
	ASSERT_EQ(1, fill(writer, 0, 1));
	EXPECT_EQ(-EBADF, do_read(writer, buf, sizeof(buf)));
	EXPECT_EQ(0, close(writer));
}

/* A short record does not slip past a gap that there is no room to tell of. */
TEST(nothing_passes_a_gap)
{
	enum { ROOM = SMALL_RING / RECORD, LONG = 16 };
	static struct stream stream;
	int dev = open_device();
	char buf[RECORD], key[LONG] = "a longer key";
	__u64 i;

	stream.fd = do_create(dev, NULL);
	ASSERT_LE(0, stream.fd);
	ASSERT_EQ(0, set_nonblock(stream.fd));
	test_cmd_watch(stream.fd, SMALL_RING);
	ASSERT_EQ(ROOM + 1, fill(stream.fd, 0, ROOM + 1));
	ASSERT_EQ(RECORD, do_read(stream.fd, buf, RECORD));
	/* There would be room for it alone. */
	ASSERT_EQ(1, do_put(stream.fd, 0, OBJ(key), STR(""), NULL));
	for (i = 1; i < ROOM; i++)
		ASSERT_EQ(0, check_change(&stream, SHARDMAP_CHANGE_INSERT,
					  OBJ(i), 0));
	EXPECT_EQ(0, check_change(&stream, SHARDMAP_CHANGE_LOST, NULL, 0, 2));
	EXPECT_EQ(0, check_no_change(&stream));
	close(stream.fd);
	close(dev);
}

/* Records of all lengths go round the ring some times, a few at a time. */
TEST(keys_of_all_lengths)
{
	static char key[SHARDMAP_KEY_LEN_MAX];
	static struct stream stream;
	int dev = open_device();
	unsigned int len, from;
	__u64 version[4];

	stream.fd = do_create(dev, NULL);
	ASSERT_LE(0, stream.fd);
	ASSERT_EQ(0, set_nonblock(stream.fd));
	test_cmd_watch(stream.fd, SMALL_RING);
	for (len = 0; len < sizeof(key); len++)
		key[len] = 'a' + len % 23;
	for (from = 1; from <= sizeof(key); from = len) {
		/* At most three of the longest fit. */
		for (len = from; len < from + 3 && len <= sizeof(key); len++)
			ASSERT_EQ(1, do_put(stream.fd, 0, key, len, STR("v"),
					    &version[len - from]));
		for (len = from; len < from + 3 && len <= sizeof(key); len++)
			ASSERT_EQ(0,
				  check_change(&stream, SHARDMAP_CHANGE_INSERT,
					       key, len, version[len - from]));
	}
	EXPECT_EQ(0, check_no_change(&stream));
	close(stream.fd);
	close(dev);
}

TEST_HARNESS_MAIN
