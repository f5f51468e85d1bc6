// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory of a table is charged to the memory cgroup of its creator, also what
 * others store and what the resize work allocates.  What the cgroup has no room for
 * is refused; nobody is killed for it, and nobody else notices.
 */
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
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

#define FLOOD_MAX (64 << 20)
#define FLOOD_VALUE 4000U

/* The number behind a word in memory.events, or -1. */
static __s64 memory_event(const char *word)
{
	char text[512] = "", *at;
	int fd = open(GROUP "/memory.events", O_RDONLY);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return -1;
	close(fd);
	at = strstr(text, word);
	return at ? strtoll(at + strlen(word), NULL, 10) : -1;
}

/* The first error; *@n is how many entries there are then. */
static int flood(int fd, __u64 *n)
{
	static char value[FLOOD_VALUE];
	int err;

	for (*n = 0; *n < FLOOD_MAX / FLOOD_VALUE * 2; ++*n) {
		memcpy(value, n, sizeof(*n));
		err = store(fd, n, sizeof(*n), value, sizeof(value));
		if (err)
			return err;
	}
	return 0;
}

static bool memory_is_back(void *arg)
{
	return read_number(GROUP "/memory.current") < *(__s64 *)arg + (2 << 20);
}

static int write_at_start(int fd, const char *text)
{
	return pwrite(fd, text, strlen(text), 0) < 0 ? -errno : 0;
}

/* In a cgroup of 64 MiB.  Returns the line that failed, or 0. */
static int flood_in_cgroup(int dev)
{
	static char value[FLOOD_VALUE];
	__s64 before = read_number(GROUP "/memory.current");
	int limit = open(GROUP "/memory.max", O_WRONLY);
	int fd = do_create(dev, NULL), round;
	struct shardmap_info info;
	__u64 n, i, removed;

	/*
	 * While the cgroup is full, a page or a file of this process would be
	 * what it is killed for: it must need none.
	 */
	if (limit < 0 || mlockall(MCL_CURRENT | MCL_FUTURE) ||
	    write_at_start(limit, "64M"))
		return __LINE__;
	for (round = 0; round < 3; round++) {
		if (flood(fd, &n) != -ENOMEM)
			return __LINE__;
		/* What was refused has changed nothing, what was not is there. */
		if (do_info(fd, &info) || info.entries != n ||
		    info.entry_bytes < FLOOD_MAX / 2 ||
		    info.entry_bytes > FLOOD_MAX)
			return __LINE__;
		/* To look at a long value takes memory of who looks. */
		if (write_at_start(limit, "max"))
			return __LINE__;
		for (i = 0; i < n; i += 7) {
			memcpy(value, &i, sizeof(i));
			if (check_value(fd, OBJ(i), value, sizeof(value)))
				return __LINE__;
		}
		/* Room can be made, and is there again. */
		if (do_clear(fd, &removed) || removed != n)
			return __LINE__;
		if (!poll_until(memory_is_back, &before) ||
		    write_at_start(limit, "64M"))
			return __LINE__;
	}
	if (memory_event("oom_kill ") || memory_event("max ") <= 0)
		return __LINE__;
	close(fd);
	close(limit);
	return 0;
}

static void flood_child(int dev, int end)
{
	int line = -1;

	if (!enter_cgroup())
		line = flood_in_cgroup(dev);
	if (write(end, &line, sizeof(line)) != sizeof(line))
		_exit(1);
	_exit(0);
}

TEST_F(table, a_flood_fails_alone)
{
	int ends[2], status, line = -2;
	pid_t pid, got;
	__u64 key = 0;

	ASSERT_EQ(0, pipe(ends));
	pid = fork();
	if (!pid)
		flood_child(self->dev, ends[1]);
	ASSERT_LT(0, pid);
	close(ends[1]);
	/* Outside there is room, at all times. */
	while (!(got = waitpid(pid, &status, WNOHANG))) {
		int err = store(self->fd, OBJ(key), OBJ(key)) ?:
				  check_value(self->fd, OBJ(key), OBJ(key));

		if (err) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
		}
		ASSERT_EQ(0, err);
		key = (key + 1) % 10000;
	}
	ASSERT_EQ(pid, got);
	/* It was not killed, and got as far as to say so. */
	EXPECT_EQ(0, status);
	ASSERT_EQ((int)sizeof(line), read(ends[0], &line, sizeof(line)));
	EXPECT_EQ(0, line)
	{
		TH_LOG("the flood failed in line %d", line);
	}
	close(ends[0]);
	leave_no_cgroup();
}

TEST_HARNESS_MAIN
