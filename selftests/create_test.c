// SPDX-License-Identifier: GPL-2.0-only
/* Making tables, sharing them between processes, and their end. */
#include <sys/resource.h>
#include <sys/socket.h>

#include "batch.h"
#include "pass_fd.h"
#include "table.h"

TEST_F(table, default_limits)
{
	struct shardmap_info info;

	test_cmd_info(self->fd, &info);
	EXPECT_LT(0, info.id);
	EXPECT_EQ(0, info.flags);
	EXPECT_LT(0, info.nr_shards);
	EXPECT_GE(SHARDMAP_SHARDS_MAX, info.nr_shards);
	EXPECT_EQ(0, info.nr_shards & (info.nr_shards - 1));
	EXPECT_EQ(SHARDMAP_KEY_LEN_MAX, info.max_key_len);
	EXPECT_EQ(SHARDMAP_VALUE_LEN_MAX, info.max_value_len);
	EXPECT_EQ(0, info.max_entries);
	EXPECT_EQ(0, info.max_bytes);
	EXPECT_EQ(0, info.entries);
	EXPECT_EQ(0, info.entry_bytes);
	EXPECT_LT(0, info.index_bytes);
	EXPECT_LE(info.nr_shards, info.buckets);
	EXPECT_EQ(0, info.evicted);
	EXPECT_EQ(0, info.expired);
	EXPECT_EQ(SHARDMAP_READ | SHARDMAP_WRITE, info.access);
	EXPECT_EQ(0, info.state);
	EXPECT_EQ(1, info.descriptors);
	EXPECT_EQ(0, info.name[0]);
}

TEST_F(table, device_info_tells_what_there_is)
{
	struct shardmap_device_info info;

	test_cmd_device_info(self->dev, &info);
	EXPECT_EQ(SHARDMAP_CREATE_FAST_HASH | SHARDMAP_CREATE_INLINE |
			  SHARDMAP_CREATE_EVICT,
		  info.create_flags);
	EXPECT_EQ((1 << SHARDMAP_OP_NR) - 1, info.opcodes);
	EXPECT_EQ(SHARDMAP_KEY_LEN_MAX, info.max_key_len);
	EXPECT_EQ(SHARDMAP_VALUE_LEN_MAX, info.max_value_len);
	EXPECT_EQ(SHARDMAP_SHARDS_MAX, info.max_shards);
	EXPECT_EQ(SHARDMAP_BATCH_OPS_MAX, info.max_batch_ops);
	EXPECT_EQ(SHARDMAP_ATOMIC_OPS_MAX, info.max_atomic_ops);
	EXPECT_EQ(SHARDMAP_NAME_LEN_MAX, info.max_name_len);
	EXPECT_LE(1, info.tables);
}

static const struct shardmap_create good[] = {
	{ .nr_shards = 1 },
	{ .nr_shards = 2 },
	{ .nr_shards = 64 },
	{ .nr_shards = SHARDMAP_SHARDS_MAX },
	{ .max_key_len = 1 },
	{ .max_key_len = SHARDMAP_KEY_LEN_MAX },
	{ .max_value_len = 1 },
	{ .max_value_len = SHARDMAP_VALUE_LEN_MAX },
	{ .max_entries = 1 },
	{ .max_entries = UINT32_MAX + 1ULL },
	{ .max_entries = INT64_MAX },
	{ .max_entries = UINT64_MAX },
	{ .max_bytes = 1 << 20 },
	{ .max_bytes = INT64_MAX },
	{ .max_bytes = UINT64_MAX },
	{ .flags = SHARDMAP_CREATE_FAST_HASH },
	{ .flags = SHARDMAP_CREATE_FAST_HASH,
	  .nr_shards = 1,
	  .max_key_len = 3,
	  .max_value_len = 5,
	  .max_entries = 1000,
	  .max_bytes = 1 << 20 },
	{ .flags = SHARDMAP_CREATE_INLINE,
	  .max_key_len = 1,
	  .max_value_len = 1,
	  .max_entries = 1000 },
	{ .flags = SHARDMAP_CREATE_EVICT, .max_entries = 1000 },
	{ .flags = SHARDMAP_CREATE_EVICT, .max_bytes = 1 << 20 },
	{ .flags = SHARDMAP_CREATE_EVICT | SHARDMAP_CREATE_FAST_HASH,
	  .max_entries = 1000,
	  .max_bytes = 1 << 20 },
};

TEST_F(table, takes_and_reports_every_limit)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		const struct shardmap_create *how = &good[i];
		struct shardmap_info info;
		int fd = do_create(self->dev, how);

		ASSERT_LE(0, fd)
		{
			TH_LOG("good[%u]", i);
		}
		test_cmd_info(fd, &info);
		EXPECT_EQ(how->flags, info.flags);
		if (how->nr_shards) {
			EXPECT_EQ(how->nr_shards, info.nr_shards);
		}
		EXPECT_EQ(how->max_key_len ?: SHARDMAP_KEY_LEN_MAX,
			  info.max_key_len);
		EXPECT_EQ(how->max_value_len ?: SHARDMAP_VALUE_LEN_MAX,
			  info.max_value_len);
		EXPECT_EQ(how->max_entries, info.max_entries);
		EXPECT_EQ(how->max_bytes, info.max_bytes);
		EXPECT_EQ(0, store(fd, STR("k"), STR("v")));
		EXPECT_EQ(0, check_value(fd, STR("k"), STR("v")));
		close(fd);
	}
}

TEST_F(table, refuses_what_is_beyond_a_limit)
{
	const struct shardmap_create bad[] = {
		{ .nr_shards = 3 },
		{ .nr_shards = 6 },
		{ .nr_shards = SHARDMAP_SHARDS_MAX - 1 },
		{ .nr_shards = SHARDMAP_SHARDS_MAX + 1 },
		{ .nr_shards = SHARDMAP_SHARDS_MAX * 2 },
		{ .nr_shards = 1U << 31 },
		{ .nr_shards = UINT32_MAX },
		{ .max_key_len = SHARDMAP_KEY_LEN_MAX + 1 },
		{ .max_key_len = 1U << 16 },
		{ .max_key_len = 1U << 31 },
		{ .max_key_len = UINT32_MAX },
		{ .max_value_len = SHARDMAP_VALUE_LEN_MAX + 1 },
		{ .max_value_len = INT32_MAX },
		{ .max_value_len = UINT32_MAX },
		{ .flags = SHARDMAP_CREATE_EVICT << 1 },
		{ .flags = SHARDMAP_CREATE_EVICT },
		{ .flags = SHARDMAP_CREATE_EVICT | SHARDMAP_CREATE_INLINE,
		  .max_key_len = 8,
		  .max_value_len = 8,
		  .max_entries = 1000 },
		{ .flags = SHARDMAP_CREATE_INLINE },
		{ .flags = SHARDMAP_CREATE_INLINE, .max_key_len = 8 },
		{ .flags = SHARDMAP_CREATE_INLINE, .max_value_len = 8 },
		{ .flags = SHARDMAP_CREATE_INLINE,
		  .max_key_len = SHARDMAP_INLINE_LEN_MAX + 1,
		  .max_value_len = 8 },
		{ .flags = SHARDMAP_CREATE_INLINE,
		  .max_key_len = 8,
		  .max_value_len = SHARDMAP_INLINE_LEN_MAX + 1 },
		{ .flags = SHARDMAP_CREATE_INLINE,
		  .max_key_len = 8,
		  .max_value_len = 8,
		  .max_bytes = 1 << 20 },
		{ .mode = 0600 },
		{ .name_len = 1 },
		{ .name = to_u64("n") },
		{ .name = to_u64("n"), .name_len = 1, .mode = 0700 },
		{ .name = to_u64("n"), .name_len = SHARDMAP_NAME_LEN_MAX + 1 },
		{ .name = to_u64("a/b"), .name_len = 3 },
		{ .name = to_u64("a\nb"), .name_len = 3 },
		{ .name = to_u64("a"), .name_len = 2 },
		{ .reserved = 1 },
	};
	__s64 tables = count_tables(self->dev);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		test_err_create(EINVAL, self->dev, &bad[i])
		{
			TH_LOG("bad[%u]", i);
		}
	}
	EXPECT_EQ(tables, count_tables(self->dev));
}

TEST_F(table, works_with_any_number_of_shards)
{
	__u32 shards, flags;

	for (shards = 1; shards <= SHARDMAP_SHARDS_MAX; shards *= 8) {
		for (flags = 0; flags <= SHARDMAP_CREATE_FAST_HASH; flags++) {
			struct shardmap_create how = { .flags = flags,
						       .nr_shards = shards };
			int fd = do_create(self->dev, &how);
			__u64 n;

			ASSERT_LE(0, fd);
			ASSERT_EQ(0, store_numbers(fd, 0, 3000));
			EXPECT_EQ(3000, count_entries(fd));
			for (n = 0; n < 3000; n += 7) {
				__u64 value = n * 3;

				EXPECT_EQ(0,
					  check_value(fd, OBJ(n), OBJ(value)));
			}
			close(fd);
		}
	}
}

TEST_F(table, tables_are_separate)
{
	int other = do_create(self->dev, NULL);
	struct shardmap_info a, b;
	__u32 len = 0;

	ASSERT_LE(0, other);
	test_cmd_put(self->fd, 0, STR("key"), STR("mine"), NULL);
	test_err_get(ENOENT, other, STR("key"), NULL, &len, NULL);
	test_cmd_put(other, 0, STR("key"), STR("its"), NULL);
	EXPECT_EQ(0, check_value(self->fd, STR("key"), STR("mine")));
	test_cmd_info(self->fd, &a);
	test_cmd_info(other, &b);
	EXPECT_NE(a.id, b.id);
	close(other);
	EXPECT_EQ(0, check_value(self->fd, STR("key"), STR("mine")));
}

TEST_F(table, ids_are_never_used_again)
{
	struct shardmap_info info;
	__u64 ids[100];
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		int fd = do_create(self->dev, NULL);

		ASSERT_LE(0, fd);
		test_cmd_info(fd, &info);
		close(fd);
		ids[i] = info.id;
		for (j = 0; j < i; j++) {
			ASSERT_NE(ids[j], ids[i]);
		}
	}
}

TEST_F(table, structure_may_be_read_only)
{
	struct shardmap_create *how = guarded_pages(1);
	int fd;

	/* CREATE answers with its return value alone. */
	how->size = sizeof(*how);
	ASSERT_EQ(0, mprotect(how, PAGE, PROT_READ));
	fd = do_ioctl(self->dev, SHARDMAP_IOC_CREATE, how);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, count_entries(fd));
	close(fd);
}

TEST_F(table, a_failing_create_leaves_no_table_and_no_descriptor)
{
	struct rlimit limit, low;
	__s64 tables = count_tables(self->dev);
	int next = dup(self->dev), i;

	ASSERT_LE(0, next);
	close(next);
	for (i = 0; i < 100; i++) {
		void *bad = i % 2 ? unmapped_page() : NULL;

		EXPECT_EQ(-EFAULT,
			  do_ioctl(self->dev, SHARDMAP_IOC_CREATE, bad));
	}
	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &limit));
	low = limit;
	low.rlim_cur = next;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &low));
	for (i = 0; i < 100; i++) {
		test_err_create(EMFILE, self->dev, NULL);
	}
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_EQ(tables, count_tables(self->dev));
	i = dup(self->dev);
	EXPECT_EQ(next, i);
	close(i);
}

TEST_F(table, descriptor_is_close_on_exec)
{
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->fd, F_GETFD));
	EXPECT_EQ(O_RDWR, fcntl(self->fd, F_GETFL) & O_ACCMODE);
}

TEST_F(table, closed_descriptors_are_bad)
{
	int fd = do_create(self->dev, NULL);
	struct shardmap_info info;
	__u32 len = 0;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, close(fd));
	EXPECT_EQ(-EBADF, do_info(fd, &info));
	test_err_get(EBADF, fd, STR("key"), NULL, &len, NULL);
	test_err_create(EBADF, -1, NULL);
}

TEST_F(table, table_lives_until_the_last_descriptor)
{
	__s64 tables = count_tables(self->dev);
	int fd = do_create(self->dev, NULL), copy;

	ASSERT_LE(0, fd);
	EXPECT_EQ(tables + 1, count_tables(self->dev));
	test_cmd_put(fd, 0, STR("key"), STR("value"), NULL);
	copy = dup(fd);
	ASSERT_LE(0, copy);
	close(fd);
	EXPECT_EQ(tables + 1, count_tables(self->dev));
	EXPECT_EQ(0, check_value(copy, STR("key"), STR("value")));
	close(copy);
	EXPECT_EQ(tables, count_tables(self->dev));
}

TEST_F(table, table_lives_without_the_device)
{
	int dev = open_device(), fd;

	ASSERT_LE(0, dev);
	fd = do_create(dev, NULL);
	ASSERT_LE(0, fd);
	close(dev);
	EXPECT_EQ(0, store(fd, STR("key"), STR("value")));
	EXPECT_EQ(0, check_value(fd, STR("key"), STR("value")));
	close(fd);
}

/* Run in a child, which says by its status whether all went well. */
static int in_child(int (*fn)(int fd), int fd)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (!pid)
		_exit(fn(fd) ? 1 : 0);
	if (waitpid(pid, &status, 0) != pid)
		return -errno;
	return status;
}

static int child_uses_table(int fd)
{
	return check_value(fd, STR("key"), STR("from the parent")) ?:
		       store(fd, STR("answer"), STR("from the child"));
}

TEST_F(table, a_child_inherits_the_table)
{
	__s64 tables = count_tables(self->dev);

	test_cmd_put(self->fd, 0, STR("key"), STR("from the parent"), NULL);
	ASSERT_EQ(0, in_child(child_uses_table, self->fd));
	EXPECT_EQ(tables, count_tables(self->dev));
	EXPECT_EQ(0,
		  check_value(self->fd, STR("answer"), STR("from the child")));
}

static int child_makes_table(int sock)
{
	int dev = open_device(), fd = do_create(dev, NULL);

	return store(fd, STR("key"), STR("by the maker")) ?: send_fd(sock, fd);
}

TEST_F(table, a_table_outlives_its_maker)
{
	__s64 tables = count_tables(self->dev);
	int pair[2], fd;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	ASSERT_EQ(0, in_child(child_makes_table, pair[1]));
	EXPECT_EQ(tables + 1, count_tables(self->dev));
	fd = receive_fd(pair[0]);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, check_value(fd, STR("key"), STR("by the maker")));
	EXPECT_EQ(0, store(fd, STR("key"), STR("by the heir")));
	close(fd);
	EXPECT_EQ(tables, count_tables(self->dev));
}

static bool is_count(void *arg)
{
	const __s64 *wanted = arg;

	return count_tables(wanted[0]) == wanted[1];
}

TEST_F(table, a_table_on_its_way_dies_with_the_socket)
{
	__s64 wanted[] = { self->dev, count_tables(self->dev) };
	int pair[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	ASSERT_EQ(0, in_child(child_makes_table, pair[1]));
	EXPECT_EQ(wanted[1] + 1, count_tables(self->dev));
	close(pair[0]);
	close(pair[1]);
	EXPECT_TRUE(poll_until(is_count, wanted));
}

enum { PROCESSES = 4, ADDS = 5000 };

/* Each adds to a common number and stores keys of its own. */
static int write_much(int fd, unsigned int nth)
{
	unsigned int i;

	pin_to_cpu(nth);
	for (i = 0; i < ADDS; i++) {
		unsigned int key[] = { nth, i };

		if (do_add(fd, SHARDMAP_CREATE, STR("sum"), 1, 0, NULL, NULL) <
			    0 ||
		    do_put(fd, SHARDMAP_NOEXIST, OBJ(key), OBJ(nth), NULL) != 1)
			return 1;
	}
	return 0;
}

TEST_F(table, processes_write_one_table)
{
	__u64 sum = (__u64)PROCESSES * ADDS;
	unsigned int nth, i;
	int status;

	for (nth = 0; nth < PROCESSES; nth++) {
		pid_t pid = fork();

		ASSERT_LE(0, pid);
		if (!pid)
			_exit(write_much(self->fd, nth));
	}
	for (nth = 0; nth < PROCESSES; nth++) {
		ASSERT_LT(0, wait(&status));
		EXPECT_EQ(0, status);
	}
	EXPECT_EQ(PROCESSES * ADDS + 1, count_entries(self->fd));
	EXPECT_EQ(0, check_value(self->fd, STR("sum"), OBJ(sum)));
	for (nth = 0; nth < PROCESSES; nth++) {
		for (i = 0; i < ADDS; i += 97) {
			unsigned int key[] = { nth, i };

			EXPECT_EQ(0, check_value(self->fd, OBJ(key), OBJ(nth)));
		}
	}
}

TEST_HARNESS_MAIN
