// SPDX-License-Identifier: GPL-2.0-only
/* Waiting for changes: who is woken, by what, and who gets which. */
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "table.h"
#include "watch.h"

/* Longer than anything takes that should happen. */
enum { LONG_MS = 60000, RECORD = RECORD_BYTES(sizeof(__u64)) };

static int put_number(int fd, __u64 key)
{
	return store(fd, OBJ(key), OBJ(key));
}

static int poll_for(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = ~0 };
	int ret = poll(&p, 1, ms);

	return ret <= 0 ? ret : p.revents;
}

/* A process that puts a key after a while, to wake this one. */
static pid_t put_later(int fd, __u64 key)
{
	pid_t pid = fork();

	if (!pid) {
		usleep(200000);
		_exit(!!put_number(fd, key));
	}
	return pid;
}

static int status_of(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid ? status : -errno;
}

TEST_F(table, poll_tells_when_there_is_something)
{
	char buf[256];
	pid_t pid;

	EXPECT_EQ(0, poll_for(self->fd, 0));
	test_cmd_watch(self->fd, 0);
	EXPECT_EQ(0, poll_for(self->fd, 0));
	ASSERT_EQ(0, put_number(self->fd, 1));
	ASSERT_EQ(0, put_number(self->fd, 2));
	EXPECT_EQ(POLLIN | POLLRDNORM, poll_for(self->fd, 0));
	EXPECT_EQ(RECORD, do_read(self->fd, buf, RECORD));
	EXPECT_EQ(POLLIN | POLLRDNORM, poll_for(self->fd, 0));
	EXPECT_EQ(RECORD, do_read(self->fd, buf, RECORD));
	EXPECT_EQ(0, poll_for(self->fd, 0));
	pid = put_later(self->fd, 3);
	EXPECT_EQ(POLLIN | POLLRDNORM, poll_for(self->fd, LONG_MS));
	EXPECT_EQ(0, status_of(pid));
}

TEST_F(table, poll_tells_of_a_gap)
{
	static char buf[SMALL_RING];
	__u64 i;

	test_cmd_watch(self->fd, SMALL_RING);
	for (i = 0; i < 1000; i++)
		ASSERT_EQ(0, put_number(self->fd, i));
	/* All changes but not what tells of those that are missing. */
	EXPECT_EQ(SMALL_RING / RECORD * RECORD,
		  do_read(self->fd, buf, SMALL_RING / RECORD * RECORD));
	EXPECT_EQ(POLLIN | POLLRDNORM, poll_for(self->fd, 0));
	EXPECT_EQ(HEAD_BYTES, do_read(self->fd, buf, sizeof(buf)));
	EXPECT_EQ(0, poll_for(self->fd, 0));
}

static int epoll_add(int fd, unsigned int events)
{
	struct epoll_event event = { .events = events };
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	if (epoll >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
		err(KSFT_FAIL, "epoll_ctl");
	return epoll;
}

static int epoll_for(int epoll, int ms)
{
	struct epoll_event event;
	int ret = epoll_wait(epoll, &event, 1, ms);

	return ret <= 0 ? ret : (int)event.events;
}

TEST_F(table, epoll_by_level)
{
	int epoll = epoll_add(self->fd, EPOLLIN), i;
	char buf[RECORD];
	pid_t pid;

	ASSERT_LE(0, epoll);
	test_cmd_watch(self->fd, 0);
	EXPECT_EQ(0, epoll_for(epoll, 0));
	pid = put_later(self->fd, 1);
	EXPECT_EQ(EPOLLIN, epoll_for(epoll, LONG_MS));
	EXPECT_EQ(0, status_of(pid));
	ASSERT_EQ(0, put_number(self->fd, 2));
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(EPOLLIN, epoll_for(epoll, 0));
		EXPECT_EQ(RECORD, do_read(self->fd, buf, sizeof(buf)));
	}
	EXPECT_EQ(0, epoll_for(epoll, 0));
	close(epoll);
}

TEST_F(table, epoll_by_edge)
{
	int epoll = epoll_add(self->fd, EPOLLIN | EPOLLET), i;
	char buf[RECORD];
	pid_t pid;

	ASSERT_LE(0, epoll);
	ASSERT_EQ(0, set_nonblock(self->fd));
	/* It was added before there was anything to wait for. */
	test_cmd_watch(self->fd, 0);
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(0, epoll_for(epoll, 0));
		pid = put_later(self->fd, 1);
		EXPECT_EQ(EPOLLIN, epoll_for(epoll, LONG_MS));
		EXPECT_EQ(0, status_of(pid));
		/* Told once, though there is something. */
		EXPECT_EQ(0, epoll_for(epoll, 0));
		ASSERT_EQ(0, put_number(self->fd, 2));
		EXPECT_EQ(RECORD, do_read(self->fd, buf, sizeof(buf)));
		EXPECT_EQ(RECORD, do_read(self->fd, buf, sizeof(buf)));
		EXPECT_EQ(-EAGAIN, do_read(self->fd, buf, sizeof(buf)));
		epoll_for(epoll, 0);
	}
	close(epoll);
}

TEST_F(table, read_waits_for_another_process)
{
	static struct stream stream;
	__u64 key = 7;
	pid_t pid;

	stream.fd = self->fd;
	test_cmd_watch(self->fd, 0);
	pid = put_later(self->fd, key);
	EXPECT_EQ(0,
		  check_change(&stream, SHARDMAP_CHANGE_INSERT, OBJ(key), 0));
	EXPECT_EQ(0, status_of(pid));
	/* What can hold no record is not waited for. */
	EXPECT_EQ(-EINVAL, do_read(self->fd, stream.buf, HEAD_BYTES - 1));
	ASSERT_EQ(0, set_nonblock(self->fd));
	EXPECT_EQ(0, check_no_change(&stream));
}

static void on_alarm(int signal)
{
}

TEST_F(table, a_signal_ends_waiting)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval soon = { .it_value.tv_usec = 200000 };
	char buf[256];

	test_cmd_watch(self->fd, 0);
	ASSERT_EQ(0, sigaction(SIGALRM, &action, NULL));
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &soon, NULL));
	EXPECT_EQ(-EINTR, do_read(self->fd, buf, sizeof(buf)));
	EXPECT_EQ(0, put_number(self->fd, 1));
	EXPECT_EQ(RECORD, do_read(self->fd, buf, sizeof(buf)));
}

TEST_F(table, who_is_killed_while_waiting_takes_nothing)
{
	static struct stream stream;
	__u64 key = 7;
	pid_t pid;

	stream.fd = self->fd;
	test_cmd_watch(self->fd, 0);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		next_change(&stream);
		_exit(0);
	}
	usleep(200000);
	ASSERT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(SIGKILL, status_of(pid));
	ASSERT_EQ(0, put_number(self->fd, key));
	EXPECT_EQ(0,
		  check_change(&stream, SHARDMAP_CHANGE_INSERT, OBJ(key), 0));
}

/* Watchers come and die while the table is written to. */
TEST_F(table, watching_processes_are_killed)
{
	__u64 deadline = time_budget(), i, n = 0;
	int round;

	for (round = 0; round < 50 && now_ms() < deadline; round++) {
		pid_t pid = fork();

		ASSERT_LE(0, pid);
		if (!pid) {
			static struct stream stream;

			stream.fd = do_handle(self->fd, SHARDMAP_READ);
			if (do_watch(stream.fd, SMALL_RING))
				_exit(1);
			while (next_change(&stream))
				;
			_exit(1);
		}
		for (i = 0; i < 2000; i++)
			ASSERT_EQ(0, put_number(self->fd, n++));
		ASSERT_EQ(0, kill(pid, SIGKILL));
		EXPECT_EQ(SIGKILL, status_of(pid));
	}
	EXPECT_EQ(n, count_entries(self->fd));
}

enum { CHANGES = 20000, READERS = 3 };

/**
 * struct watched - what writers and readers of one descriptor share
 * @fd: the descriptor
 * @told: changes that were read, and those that were told to be lost
 * @times: for each key, how often it was read
 * @wrong: what should not have happened
 */
struct watched {
	int fd;
	__u64 told;
	unsigned char times[CHANGES];
	unsigned int wrong;
};

static void wrong(struct watched *w)
{
	__atomic_add_fetch(&w->wrong, 1, __ATOMIC_RELAXED);
}

static __u64 told(struct watched *w)
{
	return __atomic_load_n(&w->told, __ATOMIC_RELAXED);
}

static void count_change(struct watched *w, const struct shardmap_change *c)
{
	__u64 key;

	if (c->op == SHARDMAP_CHANGE_LOST) {
		__atomic_add_fetch(&w->told, c->version, __ATOMIC_RELAXED);
		return;
	}
	memcpy(&key, change_key(c), sizeof(key));
	if (key >= CHANGES ||
	    __atomic_fetch_add(&w->times[key], 1, __ATOMIC_RELAXED))
		wrong(w);
	__atomic_add_fetch(&w->told, 1, __ATOMIC_RELAXED);
}

static void write_all(struct watched *w)
{
	__u64 i;

	for (i = 0; i < CHANGES; i++)
		if (put_number(w->fd, i))
			wrong(w);
}

/* Read what there is, a few records at a time; false if something is wrong. */
static bool drain(struct watched *w, struct stream *s)
{
	const struct shardmap_change *c;

	while ((c = next_change(s)))
		count_change(w, c);
	return s->err == -EAGAIN;
}

/* A wakeup that is lost leaves a reader waiting for ever. */
static void poll_work(unsigned int nth, void *arg)
{
	struct watched *w = arg;
	struct stream *s = calloc(1, sizeof(*s));

	if (!nth) {
		write_all(w);
	} else {
		s->fd = w->fd;
		s->size = RECORD * nth;
		while (told(w) < CHANGES) {
			/* The others may have taken the last one. */
			int ret = poll_for(w->fd, 2000);

			if ((!ret && poll_for(w->fd, 0)) || ret < 0 ||
			    !drain(w, s))
				wrong(w);
		}
	}
	free(s);
}

TEST_F(table, pollers_get_each_change_once)
{
	struct watched *w = calloc(1, sizeof(*w));

	w->fd = self->fd;
	ASSERT_EQ(0, set_nonblock(self->fd));
	test_cmd_watch(self->fd, LARGE_RING);
	run_crew(1 + READERS, poll_work, w);
	EXPECT_EQ(0, w->wrong);
	EXPECT_EQ(CHANGES, w->told);
	free(w);
}

static void edge_work(unsigned int nth, void *arg)
{
	struct watched *w = arg;
	struct stream *s = calloc(1, sizeof(*s));
	int epoll = epoll_add(w->fd, EPOLLIN | EPOLLET);

	if (!nth) {
		write_all(w);
	} else {
		s->fd = w->fd;
		while (!w->wrong && told(w) < CHANGES)
			if (epoll_for(epoll, LONG_MS) != EPOLLIN ||
			    !drain(w, s))
				wrong(w);
	}
	close(epoll);
	free(s);
}

/* With a small ring there are gaps, too. */
TEST_F(table, an_edge_is_never_missed)
{
	struct watched *w = calloc(1, sizeof(*w));

	w->fd = self->fd;
	ASSERT_EQ(0, set_nonblock(self->fd));
	test_cmd_watch(self->fd, SMALL_RING);
	run_crew(2, edge_work, w);
	EXPECT_EQ(0, w->wrong);
	EXPECT_EQ(CHANGES, w->told);
	free(w);
}

static void read_work(unsigned int nth, void *arg)
{
	struct watched *w = arg;
	struct stream *s = calloc(1, sizeof(*s));
	const struct shardmap_change *c;
	__u64 end, last = 0;

	if (!nth) {
		write_all(w);
		/* One key more for each reader ends it. */
		for (end = CHANGES; end < CHANGES + READERS; end++)
			if (put_number(w->fd, end))
				wrong(w);
		free(s);
		return;
	}
	s->fd = w->fd;
	s->size = RECORD;
	while ((c = next_change(s))) {
		__u64 key;

		memcpy(&key, change_key(c), sizeof(key));
		if (key >= CHANGES)
			break;
		/* One writer, so each reader gets later and later changes. */
		if (last && key <= last)
			wrong(w);
		last = key;
		count_change(w, c);
	}
	if (!c)
		wrong(w);
	free(s);
}

TEST_F(table, readers_get_each_change_once)
{
	struct watched *w = calloc(1, sizeof(*w));

	w->fd = self->fd;
	test_cmd_watch(self->fd, LARGE_RING);
	run_crew(1 + READERS, read_work, w);
	EXPECT_EQ(0, w->wrong);
	EXPECT_EQ(CHANGES, w->told);
	free(w);
}

enum { HOT_KEYS = 4, ADDS = 5000, WRITERS = 2 };

static void order_work(unsigned int nth, void *arg)
{
	struct watched *w = arg;
	struct stream *s = calloc(1, sizeof(*s));
	__u64 last[HOT_KEYS] = {}, key, value, version;
	const struct shardmap_change *c;
	unsigned int i;

	s->fd = w->fd;
	for (i = 0; nth && i < ADDS; i++) {
		key = i % HOT_KEYS;
		if (do_add(w->fd, SHARDMAP_CREATE, OBJ(key), 1, 0, NULL, NULL) <
		    0)
			wrong(w);
	}
	for (i = 0; !nth && i < ADDS * WRITERS && (c = next_change(s)); i++) {
		__u32 len = sizeof(value);

		memcpy(&key, change_key(c), sizeof(key));
		if (key >= HOT_KEYS || c->version <= last[key] ||
		    c->op != (last[key] ? SHARDMAP_CHANGE_UPDATE :
					  SHARDMAP_CHANGE_INSERT))
			wrong(w);
		else
			last[key] = c->version;
		/* Who was told of a change finds it made. */
		if (do_get(w->fd, OBJ(key), &value, &len, &version) ||
		    version < c->version)
			wrong(w);
		w->told++;
	}
	free(s);
}

TEST_F(table, changes_of_a_key_are_told_in_order_and_when_made)
{
	struct watched *w = calloc(1, sizeof(*w));

	w->fd = self->fd;
	test_cmd_watch(self->fd, LARGE_RING);
	run_crew(1 + WRITERS, order_work, w);
	EXPECT_EQ(0, w->wrong);
	EXPECT_EQ(ADDS * WRITERS, w->told);
	free(w);
}

TEST_HARNESS_MAIN
