// SPDX-License-Identifier: GPL-2.0-only
/*
 * One input: its records become system calls.  Each fails with an errno of the
 * interface and then has changed nothing, writes only where the caller said, and in the
 * end no table is left.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"
#include "fuzz_user.h"

#define LAST_FILE (FIRST_FILE + (int)RECORD_FILES - 1)
#define PARAMETERS "/sys/module/shardmap/parameters/"
#define TIME_STEP_NS 16000
#define LIST_BYTES 4096
/* Without a limit of its own an input may not have all memory there is. */
#define USER_BYTES_MAX (16U << 20)
/* How long a table may take to go, in ms: one that a child had may need the CPU. */
#define PATIENCE_MS 5000
/* To wait for tables to be gone takes longer than to run an input. */
#define CHECK_EVERY 16

struct totals *totals;

/* Limits of a user; what they are now */
static struct limit {
	const char *path;
	int fd;
	uint64_t value;
} limits[] = {
	{ PARAMETERS "max_user_tables", -1, UINT64_MAX },
	{ PARAMETERS "max_user_bytes", -1, UINT64_MAX },
};

static int device;

/* Goes on in a child; the rest of the input is not for the parent. */
static bool in_child, was_left;

/* Whether calls that fail are compared, which takes others */
static bool is_thorough;

static void set_limit(struct limit *limit, uint64_t value)
{
	char text[32];
	int len = snprintf(text, sizeof(text), "%" PRIu64, value);

	if (limit->value == value)
		return;
	if (pwrite(limit->fd, text, len, 0) != len)
		err(TOOL_EXIT_FAILED, "%s", limit->path);
	limit->value = value;
}

/* Then the module finds just as many free ones as the host's shims have. */
static void fill_descriptors(void)
{
	struct rlimit most = { LAST_FILE + 1, LAST_FILE + 1 };
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd < FIRST_FILE - 1);
	if (fd != FIRST_FILE - 1 || setrlimit(RLIMIT_NOFILE, &most))
		err(TOOL_EXIT_FAILED, "cannot use up the descriptors");
}

/* After all other descriptors are open. */
void run_init(void)
{
	unsigned int i;

	device = shardmap_open_device();
	if (device < 0) {
		tool_error("open " SHARDMAP_DEVICE_PATH, device);
		exit(TOOL_EXIT_FAILED);
	}
	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		limits[i].fd = open(limits[i].path, O_WRONLY | O_CLOEXEC);
		if (limits[i].fd < 0)
			err(TOOL_EXIT_FAILED, "%s", limits[i].path);
	}
	fill_descriptors();
}

static long make_ioctl(const struct call *call)
{
	int ret = ioctl(call->fd, call->number, call->arg);

	return ret < 0 ? -errno : ret;
}

static long make_read(const struct call *call)
{
	ssize_t n = read(call->fd, (void *)USER_OUT, call->arg);

	return n < 0 ? -errno : n;
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static bool is_table(long fd)
{
	return fd >= FIRST_FILE && fd <= LAST_FILE;
}

/* What was taken out because its time was over, or for others, has another reason. */
static void check_unchanged(const struct call *call,
			    const struct shardmap_info *before)
{
	struct shardmap_info after = {};

	if (shardmap_info(call->fd, &after))
		found("INFO fails behind a call that failed");
	if (before->expired == after.expired &&
	    before->evicted == after.evicted &&
	    (before->entries != after.entries ||
	     before->entry_bytes != after.entry_bytes))
		found("ioctl %#x failed with %ld and has changed the table",
		      call->number, call->ret);
}

static void make_checked(const struct record *r, struct call *call)
{
	memory_watch();
	fault_make(r, call);
	totals->ioctls++;
	if (!call->shared && !memory_is_kept())
		found("ioctl %#x wrote beside what the caller gave",
		      call->number);
	host_user_disallow();
	if (call->ret < 0 ? !record_is_errno(call->ret) :
			    call->ret && !is_table(call->ret))
		found("ioctl %#x returned %ld", call->number, call->ret);
}

static void do_ioctl(const struct record *r, int fd, unsigned int number)
{
	struct call call = {
		.make = make_ioctl,
		.fd = fd,
		.number = number,
		.arg = user_make(r, number),
	};
	struct shardmap_info before = {};
	bool compare = is_thorough && fd != device &&
		       number != SHARDMAP_IOC_CLEAR &&
		       !shardmap_info(fd, &before);

	user_allow(number, call.arg);
	make_checked(r, &call);
	if (compare && call.ret < 0 && !call.loose)
		check_unchanged(&call, &before);
}

static void do_bad_number(const struct record *r, int fd)
{
	unsigned int number = record_bad_number(r);
	struct call call = {
		.make = make_ioctl,
		.fd = is_open(fd) ? fd : device,
		.number = number ^ 1U << r->y % 32,
		.arg = user_make(r, number),
	};

	/* Another command has another structure; the size in a number says nothing. */
	if (r->y % 32 < _IOC_TYPESHIFT)
		host_user_allow(HOST_USER_BASE, HOST_USER_BYTES);
	else if (r->y % 32 >= _IOC_SIZESHIFT && r->y % 32 < _IOC_DIRSHIFT)
		user_allow(number, call.arg);
	make_checked(r, &call);
}

static void do_read(const struct record *r, int fd)
{
	struct call call = {
		.make = make_read,
		.fd = fd,
		.arg = r->x * 16,
	};

	fcntl(fd, F_SETFL, O_NONBLOCK);
	host_user_allow(USER_OUT, call.arg);
	memory_watch();
	fault_make(r, &call);
	if (!call.shared && !memory_is_kept())
		found("read() wrote beside what the caller gave");
	host_user_disallow();
	/* EBADF is for a descriptor that may not read. */
	if (call.ret < 0 ? !record_is_errno(call.ret) && call.ret != -EBADF :
			   call.ret > (long)call.arg)
		found("read() returned %ld", call.ret);
}

static void do_fdinfo(int fd)
{
	char path[64], text[1024];
	int info;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = open(path, O_RDONLY | O_CLOEXEC);
	if (info < 0)
		return;
	if (read(info, text, sizeof(text)) <= 0)
		found("no fdinfo of a table");
	close(info);
}

/* In a user namespace of its own there is no way back: a child does the rest. */
static void do_leave(void)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		err(TOOL_EXIT_FAILED, "fork");
	if (!pid) {
		in_child = true;
		fault_leave();
		caller_leave();
		return;
	}
	was_left = true;
	if (waitpid(pid, &status, 0) != pid)
		err(TOOL_EXIT_FAILED, "waitpid");
	if (!WIFEXITED(status))
		found("a child was killed by signal %d", WTERMSIG(status));
	if (WEXITSTATUS(status))
		exit(WEXITSTATUS(status));
}

static void do_caller(const struct record *r)
{
	if (r->x >> 7 && !in_child)
		do_leave();
	if (!was_left)
		caller_become(r->x % 3, r->x / 4 % 3, r->x & 64);
}

static void do_time(const struct record *r)
{
	struct timespec time = { .tv_nsec = r->x * TIME_STEP_NS };

	nanosleep(&time, NULL);
}

/* The bytes of a visit: what is left of the record */
static long make_visit(const struct call *call)
{
	const struct record *r = (const struct record *)call->arg;
	unsigned char bytes[3 + EDITS_MAX * EDIT_BYTES] = { r->target, r->x,
							    r->y };

	memcpy(bytes + 3, r->edits, r->nr_edits * EDIT_BYTES);
	return coverage_visit(bytes, 3 + r->nr_edits * EDIT_BYTES);
}

static void do_visit(const struct record *r)
{
	struct call call = { .make = make_visit, .arg = (unsigned long)r };

	fault_make(r, &call);
	if (call.ret < 0 && call.ret != -ENOMEM && call.ret != -EFAULT &&
	    call.ret != -EINTR)
		found("the door returned %ld", call.ret);
}

static void do_other(const struct record *r, int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	totals->calls++;
	switch (r->call % NR_OTHER_CALLS) {
	case CALL_READ:
		if (is_open(fd))
			do_read(r, fd);
		return;
	case CALL_POLL:
		poll(&poll_fd, 1, 0);
		return;
	case CALL_FDINFO:
		if (is_open(fd))
			do_fdinfo(fd);
		return;
	case CALL_CLOSE:
		close(fd);
		return;
	case CALL_CALLER:
		do_caller(r);
		return;
	case CALL_WORK:
		sched_yield();
		return;
	case CALL_RCU:
		do_visit(r);
		return;
	case CALL_TIME:
		do_time(r);
		return;
	default:
		do_bad_number(r, fd);
	}
}

static void do_record(const struct record *r)
{
	int fd = FIRST_FILE + (int)(r->target % RECORD_FILES);
	unsigned int number = record_number(r);

	if (!number)
		do_other(r, fd);
	else if (record_on_device(r))
		do_ioctl(r, device, number);
	else if (is_open(fd))
		do_ioctl(r, fd, number);
}

static void begin(const unsigned char *data)
{
	const struct record first = { .x = data[0] & 127, .y = data[1] };
	uint64_t max_bytes = data[2] / 16 * 4096;

	set_limit(&limits[0], data[2] % 16 ?: 1024);
	set_limit(&limits[1], max_bytes ?: USER_BYTES_MAX);
	caller_become(0, 0, false);
	user_init();
	do_ioctl(&first, device, SHARDMAP_IOC_CREATE);
}

/* Edits may have made any name. */
static void unlink_all(void)
{
	static unsigned char buf[LIST_BYTES];
	struct shardmap_list list = { .size = sizeof(list) };
	const struct shardmap_list_record *record;
	uint32_t off;

	do {
		list.buf = (uintptr_t)buf;
		list.buf_len = sizeof(buf);
		if (ioctl(device, SHARDMAP_IOC_LIST, &list))
			found("LIST fails at the end: %s", strerror(errno));
		for (off = 0; off < list.used; off += record->record_len) {
			record = (const void *)(buf + off);
			struct shardmap_unlink name = {
				.size = sizeof(name),
				.name = (uintptr_t)(record + 1),
				.name_len = record->name_len,
			};

			if (ioctl(device, SHARDMAP_IOC_UNLINK, &name))
				found("UNLINK fails at the end: %s",
				      strerror(errno));
		}
	} while (!list.done);
}

/* Tables go when a grace period has ended. */
static void check_no_table(void)
{
	struct timespec pause = { .tv_nsec = 1000000 };
	struct shardmap_device_info info;
	unsigned int i;

	for (i = 0; i < PATIENCE_MS; i++) {
		if (shardmap_device_info(device, &info))
			found("DEVICE_INFO fails at the end");
		if (!info.tables)
			return;
		nanosleep(&pause, NULL);
	}
	found("%" PRIu64 " tables are left at the end", (uint64_t)info.tables);
}

static void end(void)
{
	if (in_child) {
		caller_become(0, 0, true);
		unlink_all();
		_exit(0);
	}
	caller_reset();
	close_range(FIRST_FILE, LAST_FILE, 0);
	unlink_all();
	if (totals->inputs % CHECK_EVERY == 0)
		check_no_table();
}

void run_input(const struct input *input)
{
	const unsigned char *data = input->data;
	size_t size = input->len, used;
	struct record r;
	unsigned int i;

	if (size < INPUT_HEAD)
		return;
	totals->inputs++;
	was_left = false;
	is_thorough = input->len % 4 == 0;
	begin(data);
	data += INPUT_HEAD;
	size -= INPUT_HEAD;
	for (i = 0; i < RECORDS_MAX && !was_left; i++) {
		used = record_decode(&r, data, size);
		if (!used)
			break;
		do_record(&r);
		data += used;
		size -= used;
	}
	end();
}

/* What can be looked at when all inputs have been run */
void run_end(void)
{
	check_no_table();
}
