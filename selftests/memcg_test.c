// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory of a table is charged to the memory cgroup of its creator, also what
 * others store and what the resize work allocates.
 */
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "pass_fd.h"
#include "table.h"

#define MOUNT "/sys/fs/cgroup"
#define GROUP MOUNT "/creator"

/* An inline table has no entries: all its memory is arrays. */
#define KEYS 100000U
#define BYTES_MIN (KEYS * 24ULL)

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	int ret = fd < 0 || write(fd, text, strlen(text)) < 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return ret;
}

static __s64 read_number(const char *path)
{
	char text[32] = "";
	int fd = open(path, O_RDONLY);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return -1;
	close(fd);
	return strtoll(text, NULL, 10);
}

static int enter_cgroup(void)
{
	mkdir(MOUNT, 0700);
	if (mount("none", MOUNT, "cgroup2", 0, NULL) && errno != EBUSY)
		return -errno;
	if (write_file(MOUNT "/cgroup.subtree_control", "+memory"))
		return -errno;
	if (mkdir(GROUP, 0700) && errno != EEXIST)
		return -errno;
	return write_file(GROUP "/cgroup.procs", "0");
}

static int fill_inline_table(int dev)
{
	struct shardmap_create how = {
		.flags = SHARDMAP_CREATE_INLINE,
		.max_key_len = 8,
		.max_value_len = 8,
	};
	int fd = do_create(dev, &how);
	__u64 key;

	for (key = 0; fd >= 0 && key < KEYS; key++)
		if (store(fd, OBJ(key), OBJ(key)))
			return -1;
	return fd;
}

static void leave_no_cgroup(void)
{
	rmdir(GROUP);
	umount(MOUNT);
	rmdir(MOUNT);
}

TEST_F(table, arrays_are_charged_to_the_creator)
{
	struct shardmap_info info;
	__s64 before, full;
	int fd, status;
	pid_t pid;

	pid = fork();
	if (!pid) {
		if (enter_cgroup())
			_exit(KSFT_SKIP);
		before = read_number(GROUP "/memory.current");
		fd = fill_inline_table(self->dev);
		if (fd < 0 || do_info(fd, &info))
			_exit(2);
		/* The resize work may still be at it. */
		do {
			full = read_number(GROUP "/memory.current");
			sched_yield();
		} while (full - before < (__s64)BYTES_MIN);
		_exit(info.index_bytes < BYTES_MIN);
	}
	ASSERT_LT(0, pid);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	leave_no_cgroup();
	if (WIFEXITED(status) && WEXITSTATUS(status) == KSFT_SKIP)
		SKIP(return, "no memory controller of version 2");
	EXPECT_EQ(0, status);
}

/* Makes a table in a cgroup of its own; the descriptor goes through @sock. */
static int make_table_in_cgroup(int dev, int sock)
{
	int fd, err = enter_cgroup();

	if (err)
		return KSFT_SKIP;
	fd = do_create(dev, NULL);
	if (fd < 0)
		return 1;
	return send_fd(sock, fd) ? 2 : 0;
}

TEST_F(table, entries_of_others_are_charged_to_the_creator)
{
	static char value[1024];
	int sock[2], fd, status, err = 0;
	__s64 before, full;
	__u64 key;
	pid_t pid;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_DGRAM, 0, sock));
	pid = fork();
	if (!pid)
		_exit(make_table_in_cgroup(self->dev, sock[1]));
	ASSERT_LT(0, pid);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	if (WIFEXITED(status) && WEXITSTATUS(status) == KSFT_SKIP)
		SKIP(return, "no memory controller of version 2");
	ASSERT_EQ(0, status);
	fd = receive_fd(sock[0]);
	ASSERT_LE(0, fd);

	before = read_number(GROUP "/memory.current");
	for (key = 0; key < 4096 && !err; key++)
		err = store(fd, OBJ(key), OBJ(value));
	EXPECT_EQ(0, err);
	full = read_number(GROUP "/memory.current");
	EXPECT_LT(4096 * 1024 - (128 << 10), full - before);
	EXPECT_EQ(0, close(fd));
	close(sock[0]);
	close(sock[1]);
	/* The dead table's memory keeps the group from going at once. */
	while (rmdir(GROUP) && errno == EBUSY)
		usleep(1000);
	leave_no_cgroup();
}

TEST_HARNESS_MAIN
