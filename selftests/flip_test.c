// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arguments that another thread changes while the kernel looks at them.
 *
 * A command may take any mixture of what was there, but has to stay with what it
 * took: a key hashed as one and stored as another would never be found again.
 */
#include "batch.h"
#include "scan.h"
#include "table.h"

#define HOUR 3600000000000ULL

enum { ROUNDS = 3000, RED_ZONE = 256 };

/**
 * struct flip - what two threads share
 * @fd: the table
 * @op: an operation
 * @flags: its flags
 * @batch: a batch
 * @ops: its operations
 * @in: keys and values
 * @out: output, and behind it what must not be written to
 * @stop: enough has been done
 * @strange: commands that ended in a way they should not
 * @good: commands, or operations of a batch, that succeeded
 * @bad: those that did not
 */
struct flip {
	int fd;
	struct shardmap_op op;
	__u32 flags;
	struct shardmap_batch batch;
	struct shardmap_batch_op *ops;
	unsigned char *in;
	unsigned char *out;
	bool stop;
	unsigned int strange;
	unsigned int good;
	unsigned int bad;
};

static bool stopped(const struct flip *f)
{
	return __atomic_load_n(&f->stop, __ATOMIC_RELAXED);
}

static void stop(struct flip *f)
{
	__atomic_store_n(&f->stop, true, __ATOMIC_RELAXED);
}

/* Never merged or dropped: the point is that each is seen. */
#define SET(place, value) (*(volatile __typeof__(place) *)&(place) = (value))

static void judge(struct flip *f, int ret)
{
	switch (ret) {
	case 0:
	case 1:
		f->good++;
		break;
	case -EINVAL:
	case -EMSGSIZE:
	case -EFAULT:
	case -ENOENT:
	case -EEXIST:
	case -ESTALE:
	case -ENOBUFS:
	case -ECANCELED:
		f->bad++;
		break;
	default:
		f->strange++;
	}
}

static int check_record(const struct shardmap_record *rec, void *arg)
{
	struct flip *f = arg;

	if (check_value(f->fd, record_key(rec), rec->key_len, record_value(rec),
			rec->value_len))
		f->strange++;
	return 0;
}

/* Each entry that a scan shows is found by its key, and is counted once. */
static int check_table(struct flip *f)
{
	struct snapshot snap;
	int ret = snapshot_take(f->fd, &snap);
	__u64 removed;

	if (ret)
		return ret;
	ret = scan_all(f->fd, SHARDMAP_VALUE_LEN_MAX * 2, check_record, f);
	if (!ret)
		ret = do_clear(f->fd, &removed);
	if (!ret && (removed != snap.entries || count_entries(f->fd)))
		ret = -EBADMSG;
	snapshot_free(&snap);
	return ret;
}

static void flip_op(struct flip *f)
{
	static const __u32 lens[] = { 8,    16, 0,	   1024,
				      2000, 9,	INT32_MAX, UINT32_MAX };
	unsigned int i;

	for (i = 0; !stopped(f); i++) {
		SET(f->op.key_len, lens[i % 8]);
		SET(f->op.value_len, lens[(i + 3) % 7]);
		SET(f->op.expected_len, lens[(i + 5) % 7]);
		SET(f->op.flags, i & 0xff);
		SET(f->op.ttl, HOUR);
		SET(f->op.version, i);
		memset(f->in, 'a' + i % 3, 16);
		memset(f->in + 4096, 'a' + i % 3, 16);
		SET(f->op.flags, f->flags);
		SET(f->op.ttl, 0);
		SET(f->op.key_len, 8);
		SET(f->op.value_len, f->op.value ? 8 : 0);
		SET(f->op.expected_len, f->op.expected ? 8 : 0);
	}
}

/* What it takes is given; the other thread makes it wrong. */
static void run_op(struct flip *f)
{
	static const struct {
		unsigned int nr;
		__u32 flags;
	} cmds[] = {
		{ SHARDMAP_IOC_PUT, 0 },
		{ SHARDMAP_IOC_PUT, SHARDMAP_SWAP },
		{ SHARDMAP_IOC_GET_OR_PUT, 0 },
		{ SHARDMAP_IOC_CAS, SHARDMAP_IF_VALUE },
		{ SHARDMAP_IOC_TAKE, SHARDMAP_IF_VALUE },
		{ SHARDMAP_IOC_DELETE, 0 },
	};
	__u64 deadline = time_budget();
	unsigned int i, j;

	for (i = 0; i < 10 * ROUNDS && now_ms() < deadline; i++) {
		unsigned int nr = cmds[i % ARRAY_SIZE(cmds)].nr;
		__u32 flags = cmds[i % ARRAY_SIZE(cmds)].flags;
		bool stores = nr != SHARDMAP_IOC_TAKE &&
			      nr != SHARDMAP_IOC_DELETE;
		bool finds = nr == SHARDMAP_IOC_TAKE ||
			     nr == SHARDMAP_IOC_GET_OR_PUT ||
			     flags & SHARDMAP_SWAP;

		SET(f->flags, flags);
		SET(f->op.flags, flags);
		SET(f->op.value, stores ? to_u64(f->in + 4096) : 0);
		SET(f->op.expected,
		    flags & SHARDMAP_IF_VALUE ? to_u64(f->in + 4096) : 0);
		SET(f->op.value_len, stores ? 8 : 0);
		SET(f->op.expected_len, f->op.expected ? 8 : 0);
		SET(f->op.out, finds ? to_u64(f->out) : 0);
		SET(f->op.out_len, finds ? 8 : 0);
		judge(f, do_ioctl(f->fd, nr, &f->op));
		/* No longer value than there was room for. */
		for (j = 8; j < RED_ZONE; j++)
			f->strange += f->out[j] != '#';
	}
	stop(f);
}

static void op_work(unsigned int nth, void *arg)
{
	if (nth)
		flip_op(arg);
	else
		run_op(arg);
}

TEST_F(table, an_operation_reads_each_member_once)
{
	struct flip f = { .fd = self->fd };

	/* Lengths beyond the pages end in EFAULT, not in someone's memory. */
	f.in = guarded_pages(2);
	f.out = guarded_pages(1);
	memset(f.out, '#', PAGE);
	f.op = key_op(f.in, 8);
	run_crew(2, op_work, &f);
	EXPECT_EQ(0, check_table(&f));
	EXPECT_EQ(0, f.strange);
	EXPECT_LT(0, f.good);
	EXPECT_LT(0, f.bad);
}

enum { OPS = 64, ARENA = OPS * 32 };

/* Fill in operations, all valid.  In an all-or-nothing batch each has its own key. */
static void renew_ops(struct flip *f)
{
	static const __u16 opcodes[] = { SHARDMAP_OP_PUT, SHARDMAP_OP_GET,
					 SHARDMAP_OP_GET_OR_PUT,
					 SHARDMAP_OP_CAS, SHARDMAP_OP_TAKE };
	bool atomic = f->batch.flags & SHARDMAP_BATCH_ATOMIC;
	unsigned int i;

	for (i = 0; i < OPS; i++) {
		struct shardmap_batch_op op = {
			.opcode = opcodes[atomic ? i % 2 * 2 : i % 5],
			.status = NO_STATUS,
			.key_off = (atomic ? i : i / 5) * 32,
			.key_len = 8,
		};

		if (op.opcode != SHARDMAP_OP_GET &&
		    op.opcode != SHARDMAP_OP_TAKE) {
			op.value_off = i * 32 + 8;
			op.value_len = 24;
		}
		if (op.opcode == SHARDMAP_OP_CAS) {
			op.flags = SHARDMAP_IF_VALUE;
			op.expected_off = i * 32 + 8;
			op.expected_len = 24;
		} else if (op.opcode != SHARDMAP_OP_PUT) {
			op.out_off = i * 32;
			op.out_len = 32;
		}
		f->ops[i] = op;
		/* They may have been made equal. */
		if (atomic)
			memcpy(f->in + op.key_off, &i, sizeof(i));
	}
}

static void flip_batch_op(struct flip *f)
{
	static const __u32 wild[] = { 0,	 ARENA - 1, ARENA,
				      ARENA + 1, 1U << 31,  UINT32_MAX - 7,
				      16,	 UINT32_MAX };
	unsigned int i;

	for (i = 0; !stopped(f); i++) {
		struct shardmap_batch_op *op = &f->ops[i * 7 % OPS];
		struct shardmap_batch_op was = *op;

		SET(op->key_off, wild[i % 8]);
		SET(op->key_len, wild[(i / 2) % 8]);
		SET(op->value_off, wild[(i / 3) % 8]);
		SET(op->value_len, wild[(i / 5) % 8]);
		SET(op->out_off, wild[(i / 7) % 8]);
		SET(op->out_len, wild[(i / 9) % 8]);
		SET(op->expected_off, wild[(i / 4) % 8]);
		SET(op->expected_len, wild[(i / 11) % 8]);
		SET(op->ttl, HOUR);
		SET(op->opcode, i % (SHARDMAP_OP_NR + 2));
		memset(f->in + i % (ARENA - 8), i, 8);
		SET(op->opcode, was.opcode);
		SET(op->key_off, was.key_off);
		SET(op->key_len, 8);
		SET(op->value_off, was.value_off);
		SET(op->value_len, was.value_len);
		SET(op->out_off, was.out_off);
		SET(op->out_len, was.out_len);
		SET(op->expected_off, was.expected_off);
		SET(op->expected_len, was.expected_len);
		SET(op->ttl, 0);
	}
}

/* Only all or nothing may fail as a whole, and what succeeds has no other status. */
static void judge_batch(struct flip *f, int ret)
{
	bool atomic = f->batch.flags & SHARDMAP_BATCH_ATOMIC;
	unsigned int i;

	if (ret && !atomic)
		f->strange++;
	if (atomic)
		judge(f, ret);
	for (i = 0; i < OPS && !ret; i++) {
		if (!atomic)
			judge(f, f->ops[i].status);
		else if (f->ops[i].status)
			f->strange++;
	}
}

static void run_batch_ops(struct flip *f)
{
	__u64 deadline = time_budget();
	unsigned int round, i;

	for (round = 0; round < ROUNDS && now_ms() < deadline; round++) {
		renew_ops(f);
		judge_batch(f, do_ioctl(f->fd, SHARDMAP_IOC_BATCH, &f->batch));
		for (i = 0; i < RED_ZONE; i++)
			f->strange += f->out[ARENA + i] != '#';
	}
	stop(f);
}

static void batch_op_work(unsigned int nth, void *arg)
{
	if (nth)
		flip_batch_op(arg);
	else
		run_batch_ops(arg);
}

static void flip_init(struct flip *f, int fd)
{
	*f = (struct flip){ .fd = fd };
	f->in = guarded_pages(ARENA / PAGE + 1);
	f->out = guarded_pages(ARENA / PAGE + 1);
	memset(f->out + ARENA, '#', RED_ZONE);
	f->ops = guarded_end(OPS * sizeof(*f->ops));
	f->batch = (struct shardmap_batch){
		.size = sizeof(f->batch),
		.ops = to_u64(f->ops),
		.nr_ops = OPS,
		.op_size = sizeof(*f->ops),
		.in = to_u64(f->in),
		.out = to_u64(f->out),
		.in_len = ARENA,
		.out_len = ARENA,
	};
}

TEST_F(table, a_batch_reads_each_operation_once)
{
	struct flip f;

	flip_init(&f, self->fd);
	run_crew(2, batch_op_work, &f);
	EXPECT_EQ(0, check_table(&f));
	EXPECT_EQ(0, f.strange);
	EXPECT_LT(0, f.good);
	EXPECT_LT(0, f.bad);
}

TEST_F(table, an_all_or_nothing_batch_reads_each_operation_once)
{
	struct flip f;

	flip_init(&f, self->fd);
	f.batch.flags = SHARDMAP_BATCH_ATOMIC;
	run_crew(2, batch_op_work, &f);
	EXPECT_EQ(0, check_table(&f));
	EXPECT_EQ(0, f.strange);
	EXPECT_LT(0, f.good);
	EXPECT_LT(0, f.bad);
}

static void flip_header(struct flip *f)
{
	struct shardmap_batch was = f->batch;
	unsigned int i;

	for (i = 0; !stopped(f); i++) {
		SET(f->batch.flags, i % 2 ? SHARDMAP_BATCH_ATOMIC : 0);
		SET(f->batch.nr_ops, i % 3 ? SHARDMAP_BATCH_OPS_MAX : 1);
		SET(f->batch.in_len, i % 3 * (ARENA / 2));
		SET(f->batch.out_len, i % 5 * (ARENA / 4));
		SET(f->batch.op_size, sizeof(*f->ops) - 8 + i % 3 * 8);
		SET(f->batch.flags, was.flags);
		SET(f->batch.nr_ops, was.nr_ops);
		SET(f->batch.in_len, was.in_len);
		SET(f->batch.out_len, was.out_len);
		SET(f->batch.op_size, was.op_size);
	}
}

static void run_header(struct flip *f)
{
	__u64 deadline = time_budget();
	unsigned int round, i;

	for (round = 0; round < ROUNDS && now_ms() < deadline; round++) {
		int ret;

		renew_ops(f);
		ret = do_ioctl(f->fd, SHARDMAP_IOC_BATCH, &f->batch);
		/* Operations taken at the wrong distance are odd ones. */
		if (ret == -E2BIG)
			ret = -EINVAL;
		judge(f, ret);
		for (i = 0; i < RED_ZONE; i++)
			f->strange += f->out[ARENA + i] != '#';
	}
	stop(f);
}

static void header_work(unsigned int nth, void *arg)
{
	if (nth)
		flip_header(arg);
	else
		run_header(arg);
}

TEST_F(table, a_batch_reads_its_header_once)
{
	struct flip f;

	flip_init(&f, self->fd);
	run_crew(2, header_work, &f);
	EXPECT_EQ(0, check_table(&f));
	EXPECT_EQ(0, f.strange);
	EXPECT_LT(0, f.good);
	EXPECT_LT(0, f.bad);
}

TEST_HARNESS_MAIN
