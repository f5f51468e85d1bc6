/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What all tests share: a wrapper per command, the fixture with one table,
 * memory with an end, and threads that run on different CPUs.
 *
 * do_x() returns what the command returned, a negative errno if it failed, or 1
 * if it made a new entry.  test_cmd_x() is for calls that must succeed and ends
 * the test if they do not; test_err_x() names the errno and goes on.
 */
#ifndef _SHARDMAP_SELFTEST_H
#define _SHARDMAP_SELFTEST_H

#include <err.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <time.h>

#include <linux/shardmap.h>

#include "kselftest_harness.h"

/* An emulated kernel with detectors is a hundred times slower than a real one. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 120

/* A string literal as the pair of arguments pointer, length. */
#define STR(s) (s), (sizeof(s) - 1)

/* An object as the pair of arguments pointer, length. */
#define OBJ(x) (&(x)), (sizeof(x))

static inline __u64 to_u64(const void *p)
{
	return (uintptr_t)p;
}

static inline __u64 now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ULL + ts.tv_nsec / 1000000;
}

/* Rounds of a test go on until then: an emulated kernel may be very slow. */
static inline __u64 time_budget(void)
{
	return now_ms() + 20000;
}

/* For what happens some time after a command, such as freeing a table. */
static inline bool poll_until(bool (*condition)(void *arg), void *arg)
{
	__u64 deadline = now_ms() + 60000;

	while (!condition(arg)) {
		if (now_ms() > deadline)
			return false;
		usleep(1000);
	}
	return true;
}

static inline bool returns_descriptor(unsigned int cmd)
{
	return _IOC_NR(cmd) == _IOC_NR(SHARDMAP_IOC_CREATE) ||
	       _IOC_NR(cmd) == _IOC_NR(SHARDMAP_IOC_OPEN) ||
	       _IOC_NR(cmd) == _IOC_NR(SHARDMAP_IOC_HANDLE);
}

static inline int do_ioctl(int fd, unsigned int cmd, void *arg)
{
	int ret = ioctl(fd, cmd, arg);

	if (ret < 0)
		return -errno;
	if (ret && !returns_descriptor(cmd))
		return -EPROTO;
	return ret;
}

/* The device and its tables */

static inline int open_device(void)
{
	return open(SHARDMAP_DEVICE_PATH, O_RDWR | O_CLOEXEC);
}

static inline int do_create(int dev, const struct shardmap_create *how)
{
	struct shardmap_create arg = {};

	if (how)
		arg = *how;
	arg.size = sizeof(arg);
	return do_ioctl(dev, SHARDMAP_IOC_CREATE, &arg);
}

#define test_err_create(_errno, dev, how) \
	EXPECT_EQ(-(_errno), do_create(dev, how))

static inline int do_device_info(int dev, struct shardmap_device_info *info)
{
	*info = (struct shardmap_device_info){ .size = sizeof(*info) };
	return do_ioctl(dev, SHARDMAP_IOC_DEVICE_INFO, info);
}

#define test_cmd_device_info(dev, info) ASSERT_EQ(0, do_device_info(dev, info))

static inline __s64 count_tables(int dev)
{
	struct shardmap_device_info info;
	int ret = do_device_info(dev, &info);

	return ret ? ret : (__s64)info.tables;
}

static inline int do_info(int fd, struct shardmap_info *info)
{
	*info = (struct shardmap_info){ .size = sizeof(*info) };
	return do_ioctl(fd, SHARDMAP_IOC_INFO, info);
}

#define test_cmd_info(fd, info) ASSERT_EQ(0, do_info(fd, info))

static inline __s64 count_entries(int fd)
{
	struct shardmap_info info;
	int ret = do_info(fd, &info);

	return ret ? ret : (__s64)info.entries;
}

/* Operations on one key */

static inline struct shardmap_op key_op(const void *key, __u32 key_len)
{
	return (struct shardmap_op){
		.size = sizeof(struct shardmap_op),
		.key = to_u64(key),
		.key_len = key_len,
	};
}

static inline int do_op(int fd, unsigned int cmd, struct shardmap_op *op)
{
	int ret = do_ioctl(fd, cmd, op);

	return ret ? ret : !!(op->flags & SHARDMAP_INSERTED);
}

/* @out_len: in: size of @out; out: length of the value, also with ENOBUFS */
static inline int do_get(int fd, const void *key, __u32 key_len, void *out,
			 __u32 *out_len, __u64 *version)
{
	struct shardmap_op op = key_op(key, key_len);
	int ret;

	op.out = to_u64(out);
	op.out_len = *out_len;
	ret = do_op(fd, SHARDMAP_IOC_GET, &op);
	*out_len = op.out_len;
	if (version)
		*version = op.version;
	return ret;
}

#define test_cmd_get(...) ASSERT_EQ(0, do_get(__VA_ARGS__))
#define test_err_get(_errno, ...) EXPECT_EQ(-(_errno), do_get(__VA_ARGS__))

static inline int do_put(int fd, __u32 flags, const void *key, __u32 key_len,
			 const void *value, __u32 value_len, __u64 *version)
{
	struct shardmap_op op = key_op(key, key_len);
	int ret;

	op.flags = flags;
	op.value = to_u64(value);
	op.value_len = value_len;
	ret = do_op(fd, SHARDMAP_IOC_PUT, &op);
	if (version)
		*version = op.version;
	return ret;
}

#define test_cmd_put(...) ASSERT_LE(0, do_put(__VA_ARGS__))
#define test_err_put(_errno, ...) EXPECT_EQ(-(_errno), do_put(__VA_ARGS__))

static inline int do_delete(int fd, const void *key, __u32 key_len)
{
	struct shardmap_op op = key_op(key, key_len);

	return do_op(fd, SHARDMAP_IOC_DELETE, &op);
}

#define test_cmd_delete(...) ASSERT_EQ(0, do_delete(__VA_ARGS__))
#define test_err_delete(_errno, ...) \
	EXPECT_EQ(-(_errno), do_delete(__VA_ARGS__))

static inline int do_get_or_put(int fd, const void *key, __u32 key_len,
				const void *value, __u32 value_len, void *out,
				__u32 *out_len, __u64 *version)
{
	struct shardmap_op op = key_op(key, key_len);
	int ret;

	op.value = to_u64(value);
	op.value_len = value_len;
	op.out = to_u64(out);
	op.out_len = *out_len;
	ret = do_op(fd, SHARDMAP_IOC_GET_OR_PUT, &op);
	*out_len = op.out_len;
	if (version)
		*version = op.version;
	return ret;
}

#define test_cmd_get_or_put(...) ASSERT_LE(0, do_get_or_put(__VA_ARGS__))
#define test_err_get_or_put(_errno, ...) \
	EXPECT_EQ(-(_errno), do_get_or_put(__VA_ARGS__))

static inline int do_add(int fd, __u32 flags, const void *key, __u32 key_len,
			 __u64 delta, __u64 initial, __u64 *old, __u64 *version)
{
	struct shardmap_op op = key_op(key, key_len);
	int ret;

	op.flags = flags;
	op.delta = delta;
	op.initial = initial;
	ret = do_op(fd, SHARDMAP_IOC_ADD, &op);
	if (old)
		*old = op.old;
	if (version)
		*version = op.version;
	return ret;
}

#define test_cmd_add(...) ASSERT_LE(0, do_add(__VA_ARGS__))
#define test_err_add(_errno, ...) EXPECT_EQ(-(_errno), do_add(__VA_ARGS__))

/* Put without caring what was there, for setting a stage. */
static inline int store(int fd, const void *key, __u32 key_len,
			const void *value, __u32 value_len)
{
	int ret = do_put(fd, 0, key, key_len, value, value_len, NULL);

	return ret < 0 ? ret : 0;
}

/* 0 if the key has just this value. */
static inline int check_value(int fd, const void *key, __u32 key_len,
			      const void *value, __u32 value_len)
{
	static __thread char out[SHARDMAP_VALUE_LEN_MAX];
	__u32 out_len = sizeof(out);
	int ret = do_get(fd, key, key_len, out, &out_len, NULL);

	if (ret)
		return ret;
	if (out_len != value_len || memcmp(out, value, value_len))
		return -EBADMSG;
	return 0;
}

/* Operations on the whole table */

static inline int do_clear(int fd, __u64 *removed)
{
	struct shardmap_clear arg = { .size = sizeof(arg) };
	int ret = do_ioctl(fd, SHARDMAP_IOC_CLEAR, &arg);

	*removed = arg.removed;
	return ret;
}

#define test_cmd_clear(fd, removed) ASSERT_EQ(0, do_clear(fd, removed))

/* Memory */

#define PAGE 4096U

/* @pages readable and writable pages, followed by one that is not mapped. */
static inline void *guarded_pages(unsigned int pages)
{
	char *p = mmap(NULL, (pages + 1) * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || mprotect(p + pages * PAGE, PAGE, PROT_NONE))
		err(KSFT_FAIL, "guarded_pages");
	return p;
}

static inline void *unmapped_page(void)
{
	void *p =
		mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || munmap(p, PAGE))
		err(KSFT_FAIL, "unmapped_page");
	return p;
}

/* Memory that forked processes have in common. */
static inline void *shared_pages(unsigned int pages)
{
	void *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		err(KSFT_FAIL, "shared_pages");
	return p;
}

/* Threads */

static cpu_set_t start_cpus;

static __attribute__((constructor)) void note_start_cpus(void)
{
	if (sched_getaffinity(0, sizeof(start_cpus), &start_cpus))
		err(KSFT_FAIL, "sched_getaffinity");
}

/* Two threads that the scheduler leaves on one CPU would never race. */
static inline void pin_to_cpu(unsigned int nth)
{
	unsigned int cpu = 0;
	cpu_set_t one;

	nth %= CPU_COUNT(&start_cpus);
	while (!CPU_ISSET(cpu, &start_cpus) || nth--)
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		err(KSFT_FAIL, "sched_setaffinity");
}

struct crew {
	pthread_barrier_t start;
	void (*work)(unsigned int nth, void *arg);
	void *arg;
};

struct crew_member {
	pthread_t thread;
	unsigned int nth;
	struct crew *crew;
};

static inline void *crew_thread(void *arg)
{
	struct crew_member *member = arg;
	struct crew *crew = member->crew;

	pin_to_cpu(member->nth);
	pthread_barrier_wait(&crew->start);
	crew->work(member->nth, crew->arg);
	return NULL;
}

/* Run work() in @n threads that start together on different CPUs. */
static inline void
run_crew(unsigned int n, void (*work)(unsigned int nth, void *arg), void *arg)
{
	struct crew crew = { .work = work, .arg = arg };
	struct crew_member member[n];
	unsigned int i;

	pthread_barrier_init(&crew.start, NULL, n);
	for (i = 0; i < n; i++) {
		member[i].nth = i;
		member[i].crew = &crew;
		if (pthread_create(&member[i].thread, NULL, crew_thread,
				   &member[i]))
			errx(KSFT_FAIL, "cannot start a thread");
	}
	for (i = 0; i < n; i++)
		pthread_join(member[i].thread, NULL);
	pthread_barrier_destroy(&crew.start);
}

#endif /* _SHARDMAP_SELFTEST_H */
