// SPDX-License-Identifier: GPL-2.0-only
/* Batches that are carried out as a whole or not at all. */
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "batch.h"
#include "scan.h"

enum { ALL = SHARDMAP_ATOMIC_OPS_MAX };

FIXTURE(atomic)
{
	int dev;
	int fd;
	struct batch b;
};

FIXTURE_VARIANT(atomic)
{
	bool is_inline;
	__u32 nr_shards;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(atomic, tagged) { .nr_shards = 16 };
FIXTURE_VARIANT_ADD(atomic, one_shard) { .nr_shards = 1 };
FIXTURE_VARIANT_ADD(atomic, inlined) { .is_inline = true, .nr_shards = 16 };
/* clang-format on */

static int create_table(int dev, bool is_inline, __u32 shards, __u64 entries)
{
	struct shardmap_create how = {
		.flags = is_inline ? SHARDMAP_CREATE_INLINE : 0,
		.nr_shards = shards,
		.max_key_len = 8,
		.max_value_len = 8,
		.max_entries = entries,
	};

	return do_create(dev, &how);
}

FIXTURE_SETUP(atomic)
{
	self->dev = open_device();
	ASSERT_LE(0, self->dev);
	self->fd = create_table(self->dev, variant->is_inline,
				variant->nr_shards, 0);
	ASSERT_LE(0, self->fd);
	batch_init(&self->b, 1 << 16, 1 << 16);
}

FIXTURE_TEARDOWN(atomic)
{
	batch_free(&self->b);
	EXPECT_EQ(0, close(self->fd));
	EXPECT_EQ(0, close(self->dev));
}

#define NO_DONE 77

static int do_atomic(int fd, const struct batch *b, __u32 *done)
{
	struct shardmap_batch arg = batch_arg(b);
	int ret;

	arg.flags = SHARDMAP_BATCH_ATOMIC;
	arg.done = NO_DONE;
	ret = do_ioctl(fd, SHARDMAP_IOC_BATCH, &arg);
	*done = arg.done;
	return ret;
}

#define test_cmd_atomic(fd, b)                          \
	do {                                            \
		__u32 _done = 0;                        \
		ASSERT_EQ(0, do_atomic(fd, b, &_done)); \
		ASSERT_EQ((b)->nr, _done);              \
	} while (0)
#define test_err_atomic(_errno, fd, b)                          \
	do {                                                    \
		__u32 _done = 0;                                \
		EXPECT_EQ(-(_errno), do_atomic(fd, b, &_done)); \
		EXPECT_EQ(NO_DONE, _done);                      \
	} while (0)

static unsigned int count_status(const struct batch *b, int status)
{
	unsigned int n = 0;
	__u32 i;

	for (i = 0; i < b->nr; i++)
		n += b->ops[i].status == status;
	return n;
}

TEST_F(atomic, as_many_as_there_may_be)
{
	struct batch *b = &self->b;
	__u64 i, round;

	/* Each round 64 more, so that buckets fill up and the index grows. */
	for (round = 0; round < 100; round++) {
		batch_empty(b);
		for (i = round * ALL; i < (round + 1) * ALL; i++)
			batch_put(b, SHARDMAP_NOEXIST, OBJ(i), OBJ(i));
		test_cmd_atomic(self->fd, b);
		ASSERT_EQ(ALL, count_status(b, 0));
		for (i = 0; i < ALL; i++) {
			ASSERT_EQ(SHARDMAP_NOEXIST | SHARDMAP_INSERTED,
				  b->ops[i].flags);
			ASSERT_NE(0, b->ops[i].version);
		}
	}
	EXPECT_EQ(100 * ALL, count_entries(self->fd));
	for (i = 0; i < 100 * ALL; i++) {
		ASSERT_EQ(0, check_value(self->fd, OBJ(i), OBJ(i)));
	}
	for (round = 0; round < 100; round++) {
		batch_empty(b);
		for (i = round * ALL; i < (round + 1) * ALL; i++)
			batch_delete(b, OBJ(i));
		test_cmd_atomic(self->fd, b);
	}
	EXPECT_EQ(0, count_entries(self->fd));
}

TEST_F(atomic, each_operation_tells_what_it_found)
{
	struct batch *b = &self->b;
	struct shardmap_batch_op *op = b->ops;
	__u64 key[7] = { 1, 2, 3, 4, 5, 6, 7 }, n = 40, m = 7, version;

	test_cmd_put(self->fd, 0, OBJ(key[0]), OBJ(n), &version);
	test_cmd_put(self->fd, 0, OBJ(key[1]), OBJ(n), NULL);
	test_cmd_put(self->fd, 0, OBJ(key[2]), OBJ(n), NULL);
	test_cmd_put(self->fd, 0, OBJ(key[4]), OBJ(n), NULL);
	test_cmd_put(self->fd, 0, OBJ(key[5]), OBJ(n), NULL);
	batch_get(b, OBJ(key[0]), 8);
	batch_put(b, SHARDMAP_SWAP, OBJ(key[1]), OBJ(m));
	op[1].out_off = batch_output(b, 8);
	op[1].out_len = 8;
	batch_delete(b, OBJ(key[2]));
	batch_get_or_put(b, OBJ(key[3]), OBJ(m), 8);
	batch_add(b, 0, OBJ(key[4]), 2, 0);
	batch_op(b, SHARDMAP_OP_TAKE, OBJ(key[5]));
	op[5].out_off = batch_output(b, 8);
	op[5].out_len = 8;
	batch_add(b, SHARDMAP_CREATE, OBJ(key[6]), 2, 5);
	memset(b->out, '#', 64);
	test_cmd_atomic(self->fd, b);
	EXPECT_EQ(7, count_status(b, 0));
	EXPECT_EQ(version, op[0].version);
	EXPECT_EQ(n, *(__u64 *)(b->out + op[0].out_off));
	EXPECT_EQ(n, *(__u64 *)(b->out + op[1].out_off));
	EXPECT_EQ(8, op[1].out_len);
	EXPECT_EQ(0, op[2].version);
	EXPECT_EQ(SHARDMAP_INSERTED, op[3].flags);
	EXPECT_EQ(0, op[3].out_len);
	EXPECT_EQ('#', b->out[op[3].out_off]);
	EXPECT_EQ(40, op[4].old);
	EXPECT_EQ(n, *(__u64 *)(b->out + op[5].out_off));
	EXPECT_EQ(5, op[6].old);
	EXPECT_EQ(0, check_value(self->fd, OBJ(key[1]), OBJ(m)));
	EXPECT_EQ(0, check_value(self->fd, OBJ(key[3]), OBJ(m)));
	EXPECT_EQ(0, check_value(self->fd, OBJ(key[6]), OBJ(m)));
	EXPECT_EQ(5, count_entries(self->fd));
}

/* Eight operations that would all succeed, of kinds that change something. */
static void prepare_eight(struct batch *b)
{
	__u64 i, value = 9;

	batch_empty(b);
	for (i = 0; i < 8; i++) {
		switch (i % 4) {
		case 0:
			batch_put(b, 0, OBJ(i), OBJ(value));
			break;
		case 1:
			batch_delete(b, OBJ(i));
			break;
		case 2:
			batch_add(b, SHARDMAP_CREATE, OBJ(i), 5, 5);
			break;
		case 3:
			batch_get(b, OBJ(i), 8);
			break;
		}
	}
}

/* Make an operation one that fails, with what is returned. */
static int spoil(struct batch *b, __u32 i)
{
	struct shardmap_batch_op *op = &b->ops[i];
	__u64 key = 1000 + i;

	switch (i % 4) {
	case 0:
		op->flags = SHARDMAP_NOEXIST;
		return -EEXIST;
	case 1:
		op->flags = SHARDMAP_IF_VERSION;
		op->version = 12345678;
		return -ESTALE;
	case 2:
		op->flags = 0;
		op->initial = 0;
		op->key_off = batch_input(b, OBJ(key));
		return -ENOENT;
	}
	op->out_len = 7;
	return -ENOBUFS;
}

TEST_F(atomic, one_that_fails_cancels_all)
{
	struct batch *b = &self->b;
	struct snapshot before;
	__u32 first, second, i;

	ASSERT_EQ(0, store_numbers(self->fd, 0, 8));
	ASSERT_EQ(0, snapshot_take(self->fd, &before));
	/* At each place, and at each two. */
	for (first = 0; first < 8; first++) {
		for (second = first; second < 8; second++) {
			int status[8];

			prepare_eight(b);
			for (i = 0; i < 8; i++)
				status[i] = -ECANCELED;
			status[first] = spoil(b, first);
			if (second != first)
				status[second] = spoil(b, second);
			memset(b->out, '#', 64);
			test_err_atomic(ECANCELED, self->fd, b);
			for (i = 0; i < 8; i++) {
				EXPECT_EQ(status[i], b->ops[i].status);
				EXPECT_EQ(0,
					  b->ops[i].flags & SHARDMAP_INSERTED);
			}
			for (i = 0; i < 64; i++) {
				ASSERT_EQ('#', b->out[i]);
			}
			ASSERT_EQ(0, snapshot_check(self->fd, &before));
		}
	}
	prepare_eight(b);
	test_cmd_atomic(self->fd, b);
	EXPECT_NE(0, snapshot_check(self->fd, &before));
	snapshot_free(&before);
}

TEST_F(atomic, a_key_may_come_once)
{
	struct batch *b = &self->b;
	struct snapshot before;
	__u32 i, j;

	ASSERT_EQ(0, store_numbers(self->fd, 0, 8));
	ASSERT_EQ(0, snapshot_take(self->fd, &before));
	for (i = 0; i < 8; i++) {
		for (j = i + 1; j < 8; j++) {
			prepare_eight(b);
			/* The same bytes at another place. */
			memcpy(b->in + b->ops[j].key_off,
			       b->in + b->ops[i].key_off, 8);
			test_err_atomic(EINVAL, self->fd, b);
			ASSERT_EQ(8, count_status(b, NO_STATUS));
		}
	}
	EXPECT_EQ(0, snapshot_check(self->fd, &before));
	snapshot_free(&before);
}

TEST_F(atomic, not_more_than_there_may_be)
{
	struct batch *b = &self->b;
	__u64 i;

	test_err_atomic(EINVAL, self->fd, b);
	for (i = 0; i <= ALL; i++)
		batch_put(b, 0, OBJ(i), OBJ(i));
	test_err_atomic(EINVAL, self->fd, b);
	EXPECT_EQ(ALL + 1, count_status(b, NO_STATUS));
	EXPECT_EQ(0, count_entries(self->fd));
	b->nr = ALL;
	test_cmd_atomic(self->fd, b);
	EXPECT_EQ(ALL, count_entries(self->fd));
}

TEST_F(atomic, room_for_all_or_none)
{
	int fd = create_table(self->dev, variant->is_inline, variant->nr_shards,
			      10);
	struct batch *b = &self->b;
	struct snapshot before;
	__u64 i, n;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, store_numbers(fd, 0, 8));
	ASSERT_EQ(0, snapshot_take(fd, &before));
	for (n = 3; n < 20; n++) {
		batch_empty(b);
		for (i = 100; i < 100 + n; i++)
			batch_put(b, 0, OBJ(i), OBJ(i));
		test_err_atomic(ENOSPC, fd, b);
		EXPECT_EQ(n, count_status(b, NO_STATUS));
		ASSERT_EQ(0, snapshot_check(fd, &before));
	}
	/* What goes makes room for what comes, in whatever order they stand. */
	batch_empty(b);
	for (i = 0; i < 10; i++) {
		__u64 key = 100 + i;

		batch_put(b, 0, OBJ(key), OBJ(i));
	}
	for (i = 0; i < 8; i++)
		batch_delete(b, OBJ(i));
	test_cmd_atomic(fd, b);
	EXPECT_EQ(10, count_entries(fd));
	for (i = 0; i < 10; i++) {
		__u64 key = 100 + i;

		EXPECT_EQ(0, check_value(fd, OBJ(key), OBJ(i)));
	}
	snapshot_free(&before);
	close(fd);
}

enum { ACCOUNTS = 12, WEALTH = 1000 };

/* From one account to another and back, until the parent has seen enough. */
static void transfer(int fd, const bool *stop, unsigned int seed)
{
	struct batch b;
	__u32 done;

	batch_init(&b, 4096, 4096);
	while (!__atomic_load_n(stop, __ATOMIC_RELAXED)) {
		__u64 from = rand_r(&seed) % ACCOUNTS;
		__u64 to =
			(from + 1 + rand_r(&seed) % (ACCOUNTS - 1)) % ACCOUNTS;
		__u64 n = rand_r(&seed) % 100;

		batch_empty(&b);
		batch_add(&b, 0, OBJ(from), -n, 0);
		batch_add(&b, 0, OBJ(to), n, 0);
		if (do_atomic(fd, &b, &done))
			_exit(1);
	}
	_exit(0);
}

TEST_F(atomic, lookups_see_all_or_nothing)
{
	bool *stop = shared_pages(1);
	__u64 i, deadline, rounds, moved = 0, last = 0, sum = 0;
	struct batch *b = &self->b;
	int status, children = 0;

	for (i = 0; i < ACCOUNTS; i++) {
		ASSERT_EQ(0, store(self->fd, OBJ(i), OBJ((__u64){ WEALTH })));
	}
	for (; children < 2; children++) {
		pid_t pid = fork();

		ASSERT_LE(0, pid);
		if (!pid)
			transfer(self->fd, stop, children);
	}
	deadline = now_ms() + 2000;
	for (rounds = 0; now_ms() < deadline; rounds++) {
		batch_empty(b);
		for (i = 0; i < ACCOUNTS; i++)
			batch_get(b, OBJ(i), 8);
		test_cmd_atomic(self->fd, b);
		for (sum = 0, i = 0; i < ACCOUNTS; i++)
			sum += *(__u64 *)(b->out + b->ops[i].out_off);
		ASSERT_EQ(ACCOUNTS * WEALTH, sum);
		moved += *(__u64 *)b->out != last;
		last = *(__u64 *)b->out;
	}
	__atomic_store_n(stop, true, __ATOMIC_RELAXED);
	while (children--) {
		ASSERT_LT(0, wait(&status));
		EXPECT_EQ(0, status);
	}
	/* There was something to see. */
	EXPECT_LT(2, moved);
	EXPECT_LT(10, rounds);
}

/* Add one to all of 64 numbers. */
static void prepare_ticks(struct batch *b)
{
	__u64 i;

	batch_empty(b);
	for (i = 0; i < ALL; i++)
		batch_add(b, SHARDMAP_CREATE, OBJ(i), 1, 0);
}

/* All numbers are the same: returned, or -1 if they are not. */
static __s64 ticks(int fd)
{
	__u64 first = 0, number, i;

	for (i = 0; i < ALL; i++) {
		__u32 len = sizeof(number);

		number = 0;
		if (do_get(fd, OBJ(i), &number, &len, NULL) && first)
			return -1;
		if (!i)
			first = number;
		if (number != first)
			return -1;
	}
	return first;
}

static volatile unsigned int alarms;

static void on_alarm(int sig)
{
	alarms++;
}

TEST_F(atomic, signals_do_not_split_it)
{
	const struct itimerval often = { { 0, 1000 }, { 0, 1000 } };
	const struct itimerval off = {};
	struct sigaction action = { .sa_handler = on_alarm };
	__u64 deadline = now_ms() + 1500;
	struct batch *b = &self->b;
	__s64 n = 0;

	ASSERT_EQ(0, sigaction(SIGALRM, &action, NULL));
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &often, NULL));
	for (; now_ms() < deadline; n++) {
		prepare_ticks(b);
		test_cmd_atomic(self->fd, b);
		ASSERT_EQ(ALL, count_status(b, 0));
	}
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &off, NULL));
	EXPECT_EQ(n, ticks(self->fd));
	EXPECT_LT(100, alarms);
}

TEST_F(atomic, a_kill_does_not_split_it)
{
	unsigned int i, seed = 1;
	__s64 n = 0, before;
	__u32 done;

	for (i = 0; i < 30; i++) {
		pid_t pid = fork();

		ASSERT_LE(0, pid);
		while (!pid) {
			prepare_ticks(&self->b);
			if (do_atomic(self->fd, &self->b, &done))
				_exit(1);
		}
		usleep(5000 + rand_r(&seed) % 20000);
		ASSERT_EQ(0, kill(pid, SIGKILL));
		ASSERT_EQ(pid, waitpid(pid, NULL, 0));
		before = n;
		n = ticks(self->fd);
		ASSERT_LE(before, n);
	}
	EXPECT_LT(0, n);
}

TEST_HARNESS_MAIN
