// SPDX-License-Identifier: GPL-2.0-only
/* What signals do to the commands that take long. */
#include <signal.h>
#include <sys/time.h>

#include "batch_fixture.h"
#include "scan.h"

static volatile unsigned int alarms;

static void count_alarm(int sig)
{
	alarms++;
}

/* A thousand signals a second, or none. */
static void storm(bool on)
{
	struct itimerval every = {
		.it_interval.tv_usec = on ? 1000 : 0,
		.it_value.tv_usec = on ? 1000 : 0,
	};
	struct sigaction action = { .sa_handler = count_alarm };

	if (sigaction(SIGALRM, &action, NULL) ||
	    setitimer(ITIMER_REAL, &every, NULL))
		err(KSFT_FAIL, "storm");
}

enum { KEYS = 512, ROUNDS = 40, WANTED_CUTS = 10 };

/**
 * struct model - what the table has to hold
 * @there: the key is in the table
 * @number: its value
 * @next: what the next operation depends on
 */
struct model {
	bool there[KEYS];
	__u64 number[KEYS];
	__u32 next;
};

static void make_op(struct batch *b, __u32 n)
{
	__u64 number = n;
	__u32 key = n * 7 % KEYS;

	switch (n % 5) {
	case 0:
		batch_put(b, 0, OBJ(key), OBJ(number));
		break;
	case 1:
		batch_add(b, SHARDMAP_CREATE, OBJ(key), n, 1000);
		break;
	case 2:
		batch_get_or_put(b, OBJ(key), OBJ(number), sizeof(number));
		break;
	case 3:
		batch_put(b, SHARDMAP_EXIST, OBJ(key), OBJ(number));
		break;
	default:
		batch_delete(b, OBJ(key));
		break;
	}
}

/* Carry out operation @n in the model.  Returns the status it should have. */
static int model_op(struct model *m, __u32 n)
{
	__u32 key = n * 7 % KEYS;
	bool there = m->there[key];

	m->there[key] = n % 5 != 4;
	switch (n % 5) {
	case 0:
		m->number[key] = n;
		return 0;
	case 1:
		m->number[key] = (there ? m->number[key] : 1000) + n;
		return 0;
	case 2:
		if (!there)
			m->number[key] = n;
		return 0;
	case 3:
		m->there[key] = there;
		m->number[key] = n;
		return there ? 0 : -ENOENT;
	default:
		return there ? 0 : -ENOENT;
	}
}

static unsigned int model_differs(const struct model *m, int fd)
{
	unsigned int differs = 0;
	__u32 key;

	for (key = 0; key < KEYS; key++) {
		int ret = check_value(fd, OBJ(key), OBJ(m->number[key]));

		differs += ret != (m->there[key] ? 0 : -ENOENT);
	}
	return differs;
}

TEST_F(batch, done_tells_what_was_done)
{
	static struct model model;
	unsigned int round, cuts = 0, wrong = 0;
	__u64 deadline = time_budget();
	struct batch rest;
	__u32 done, i;

	storm(true);
	for (round = 0;
	     (round < ROUNDS || cuts < WANTED_CUTS) && now_ms() < deadline;
	     round++) {
		batch_empty(&self->b);
		for (i = 0; i < SHARDMAP_BATCH_OPS_MAX; i++)
			make_op(&self->b, model.next + i);
		rest = self->b;
		while (rest.nr) {
			int ret = do_batch(self->fd, &rest, &done);

			if (ret == -EINTR)
				continue;
			ASSERT_EQ(0, ret);
			ASSERT_LT(0, done);
			ASSERT_GE(rest.nr, done);
			cuts += done < rest.nr;
			for (i = 0; i < done; i++)
				wrong += rest.ops[i].status !=
					 model_op(&model, model.next++);
			rest.ops += done;
			rest.nr -= done;
		}
	}
	storm(false);
	EXPECT_EQ(0, wrong);
	EXPECT_EQ(0, model_differs(&model, self->fd));
	/* The signals did come, and some of them in the middle of a batch. */
	EXPECT_LT(0, alarms);
	EXPECT_LT(0, cuts);
}

TEST_F(batch, what_was_not_done_was_not_touched)
{
	__u64 deadline = time_budget();
	struct batch *b = &self->b;
	unsigned int cuts = 0;
	__u32 done, i;

	storm(true);
	while (cuts < WANTED_CUTS && now_ms() < deadline) {
		__u64 removed;

		batch_empty(b);
		for (i = 0; i < SHARDMAP_BATCH_OPS_MAX; i++)
			batch_put(b, SHARDMAP_NOEXIST, OBJ(i), OBJ(i));
		ASSERT_EQ(0, do_batch(self->fd, b, &done));
		cuts += done < b->nr;
		EXPECT_EQ(done, count_entries(self->fd));
		for (i = 0; i < b->nr; i++) {
			ASSERT_EQ(i < done ? 0 : NO_STATUS, b->ops[i].status);
		}
		test_cmd_clear(self->fd, &removed);
		ASSERT_EQ(done, removed);
	}
	storm(false);
	EXPECT_LT(0, cuts);
}

TEST_F(batch, values_found_stay_when_a_batch_goes_on)
{
	__u64 deadline = time_budget();
	struct batch *b = &self->b;
	unsigned int cuts = 0, wrong = 0;
	__u32 done, i;

	for (i = 0; i < SHARDMAP_BATCH_OPS_MAX; i++)
		batch_put(b, 0, OBJ(i), OBJ(i));
	ASSERT_EQ(0, batch_all(self->fd, b));
	storm(true);
	while (cuts < WANTED_CUTS && now_ms() < deadline) {
		struct batch rest;

		batch_empty(b);
		memset(b->out, 0xff, b->out_size);
		for (i = 0; i < SHARDMAP_BATCH_OPS_MAX; i++)
			batch_get(b, OBJ(i), sizeof(i));
		/* The rest goes to the same output, part by part. */
		for (rest = *b; rest.nr; rest.nr -= done, rest.ops += done) {
			ASSERT_EQ(0, do_batch(self->fd, &rest, &done));
			ASSERT_LT(0, done);
			cuts += done < rest.nr;
		}
		for (i = 0; i < SHARDMAP_BATCH_OPS_MAX; i++)
			wrong += b->ops[i].status || b->ops[i].out_len != 4 ||
				 memcmp(b->out + b->ops[i].out_off, &i, 4);
	}
	storm(false);
	EXPECT_EQ(0, wrong);
	EXPECT_LT(0, cuts);
}

TEST_F(batch, all_or_nothing_batches_are_whole)
{
	__u64 deadline = time_budget();
	struct batch *b = &self->b;
	unsigned int wrong = 0, i;
	__u64 round;

	storm(true);
	for (round = 1; (round < 3000 || alarms < 100) && now_ms() < deadline;
	     round++) {
		struct shardmap_batch arg;
		int ret;

		batch_empty(b);
		for (i = 0; i < SHARDMAP_ATOMIC_OPS_MAX; i++)
			batch_add(b, SHARDMAP_CREATE, OBJ(i), 1, 0);
		arg = batch_arg(b);
		arg.flags = SHARDMAP_BATCH_ATOMIC;
		/* No signal ends it in the middle, nor begins it anew. */
		do {
			ret = do_ioctl(self->fd, SHARDMAP_IOC_BATCH, &arg);
		} while (ret == -EINTR);
		ASSERT_EQ(0, ret);
		ASSERT_EQ(b->nr, arg.done);
		for (i = 0; i < b->nr; i++)
			wrong += b->ops[i].status || b->ops[i].old != round - 1;
	}
	storm(false);
	EXPECT_EQ(0, wrong);
	EXPECT_LE(100, alarms);
}

static int count_record(const struct shardmap_record *rec, void *arg)
{
	__u64 key;

	memcpy(&key, record_key(rec), sizeof(key));
	((unsigned char *)arg)[key]++;
	return 0;
}

TEST_F(batch, a_scan_misses_nothing)
{
	enum { MANY = 20000 };
	static unsigned char times[MANY];
	__u64 deadline = time_budget();
	unsigned int pass, wrong = 0, i;

	ASSERT_EQ(0, store_numbers(self->fd, 0, MANY));
	storm(true);
	for (pass = 0; pass < 10 && now_ms() < deadline; pass++) {
		memset(times, 0, sizeof(times));
		ASSERT_EQ(0, scan_all(self->fd, 1 << 20, count_record, times));
		for (i = 0; i < MANY; i++)
			wrong += times[i] != 1;
	}
	storm(false);
	EXPECT_EQ(0, wrong);
	EXPECT_LT(0, alarms);
}

TEST_F(batch, a_clear_is_not_cut_off)
{
	__u64 deadline = time_budget(), removed;
	unsigned int round;

	for (round = 0; round < 10 && now_ms() < deadline; round++) {
		ASSERT_EQ(0, store_numbers(self->fd, 0, 20000));
		storm(true);
		test_cmd_clear(self->fd, &removed);
		storm(false);
		EXPECT_EQ(20000, removed);
	}
	EXPECT_LT(0, alarms);
}

/* Keep the table busy until killed.  Says so once it has begun. */
static void work_for_ever(int fd, struct batch *b, int pipe_end)
{
	__u32 done, i;
	__u64 removed;

	batch_empty(b);
	for (i = 0; i < SHARDMAP_BATCH_OPS_MAX; i++)
		batch_put(b, 0, OBJ(i), OBJ(i));
	if (do_batch(fd, b, &done) || write(pipe_end, "x", 1) != 1)
		_exit(1);
	for (;;) {
		if (do_batch(fd, b, &done) || do_clear(fd, &removed))
			_exit(1);
	}
}

TEST_F(batch, a_killed_process_leaves_a_sound_table)
{
	__u64 deadline = time_budget();
	unsigned int round;
	int status, ends[2];
	__u32 key;
	char byte;

	ASSERT_EQ(0, pipe(ends));
	for (round = 0; round < 20 && now_ms() < deadline; round++) {
		__u64 begun;
		pid_t pid = fork();

		ASSERT_LE(0, pid);
		if (!pid)
			work_for_ever(self->fd, &self->b, ends[1]);
		ASSERT_EQ(1, read(ends[0], &byte, 1));
		begun = now_ms();
		ASSERT_EQ(0, kill(pid, SIGKILL));
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT_EQ(SIGKILL, WTERMSIG(status));
		/* Far more than a step takes, far less than for ever. */
		EXPECT_GT(10000, now_ms() - begun);
		for (key = 0; key < SHARDMAP_BATCH_OPS_MAX; key += 11) {
			int ret = check_value(self->fd, OBJ(key), OBJ(key));

			EXPECT_TRUE(!ret || ret == -ENOENT);
		}
	}
	EXPECT_EQ(0, store_numbers(self->fd, 0, 100));
}

TEST_HARNESS_MAIN
