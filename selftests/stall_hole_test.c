// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who touches a page of shared memory while it is being punched out waits until all of
 * the hole is made.  With large holes, again and again, any user can make commands of
 * his stall; others must not notice.
 */
#include <sys/mman.h>

#include "stall.h"
#include "table.h"

#define FILE_BYTES (64UL << 20)

enum { STALLS_WANTED = 5, OPS = 20 };

/**
 * struct hole - what the processes and threads share
 * @memfd: the memory
 * @fd: the table
 * @calls: commands that have ended
 * @stop: enough has been seen
 */
struct hole {
	int memfd;
	int fd;
	unsigned int calls;
	bool stop;
};

static void *punch(void *arg)
{
	struct hole *h = arg;

	while (!__atomic_load_n(&h->stop, __ATOMIC_ACQUIRE)) {
		if (fallocate(h->memfd, 0, 0, FILE_BYTES) ||
		    fallocate(h->memfd,
			      FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
			      FILE_BYTES))
			err(KSFT_FAIL, "fallocate");
	}
	return NULL;
}

/* Value and what it replaces are both in the last page to go. */
static void swap_for_ever(struct hole *h)
{
	char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
			  h->memfd, FILE_BYTES - PAGE);

	if (page == MAP_FAILED)
		_exit(KSFT_FAIL);
	for (;;) {
		struct shardmap_op op = key_op(STR("key"));
		int ret;

		op.flags = SHARDMAP_SWAP;
		op.value = to_u64(page);
		op.value_len = 500;
		op.out = to_u64(page + 1000);
		op.out_len = 500;
		ret = do_op(h->fd, SHARDMAP_IOC_PUT, &op);
		if (ret < 0)
			_exit(KSFT_FAIL);
		__atomic_add_fetch(&h->calls, 1, __ATOMIC_RELEASE);
	}
}

/* Sleeping in shmem_fault(), or shmem_falloc_wait() on newer kernels. */
static bool waits(pid_t pid)
{
	char path[64], text[64] = "";
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/wchan", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		err(KSFT_FAIL, "%s", path);
	close(fd);
	return !strncmp(text, "shmem_fa", 8);
}

/* Returns the first error. */
static int use_table(int fd, int other)
{
	char value[500] = "";
	int i, err = 0;

	for (i = 0; i < OPS && !err; i++)
		err = store(fd, STR("key"), value, sizeof(value)) ?:
			      store(other, OBJ(i), OBJ(i))	  ?:
			      check_value(other, OBJ(i), OBJ(i));
	return err;
}

TEST_F(table, a_hole_stalls_nobody_else)
{
	struct hole *h = shared_pages(1);
	__u64 deadline = time_budget();
	unsigned int stalls = 0, calls;
	pthread_t puncher;
	int other, status;
	pid_t pid;

	other = do_create(self->dev, NULL);
	ASSERT_LE(0, other);
	h->fd = self->fd;
	h->memfd = memfd_create("hole", MFD_CLOEXEC);
	ASSERT_LE(0, h->memfd);
	ASSERT_EQ(0, ftruncate(h->memfd, FILE_BYTES));
	ASSERT_EQ(0, use_table(self->fd, other));
	pid = fork();
	if (!pid)
		swap_for_ever(h);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, pthread_create(&puncher, NULL, punch, h));
	while (stalls < STALLS_WANTED && now_ms() < deadline) {
		calls = __atomic_load_n(&h->calls, __ATOMIC_ACQUIRE);
		if (!waits(pid))
			continue;
		ASSERT_EQ(0, use_table(self->fd, other));
		/* All of that while one and the same command waited. */
		stalls += waits(pid) &&
			  calls == __atomic_load_n(&h->calls, __ATOMIC_ACQUIRE);
	}
	EXPECT_EQ(STALLS_WANTED, stalls);
	/* It did go on in between. */
	EXPECT_LT(0, h->calls);
	kill(pid, SIGKILL);
	EXPECT_TRUE(is_gone(pid, &status, TOO_LONG_MS));
	EXPECT_TRUE(WIFSIGNALED(status));
	__atomic_store_n(&h->stop, true, __ATOMIC_RELEASE);
	pthread_join(puncher, NULL);
	close(h->memfd);
	close(other);
}

TEST_HARNESS_MAIN
