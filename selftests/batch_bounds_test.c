// SPDX-License-Identifier: GPL-2.0-only
/* How a batch takes offsets, sizes and members that are wrong. */
#include <shardmap_ops.h>

#include "batch_fixture.h"

TEST_F(batch, offsets_beyond_the_arenas)
{
	/* Offset and length relative to an arena of 100 bytes. */
	static const struct {
		__u32 off, len;
		int status;
	} place[] = {
		{ 0, 100, 0 },
		{ 99, 1, 0 },
		{ 0, 101, -EINVAL },
		{ 99, 2, -EINVAL },
		{ 100, 1, -EINVAL },
		{ 101, 1, -EINVAL },
		{ UINT32_MAX, 1, -EINVAL },
		{ UINT32_MAX - 7, 8, -EINVAL },
		{ UINT32_MAX - 7, 9, -EINVAL },
		{ UINT32_MAX - 7, 108, -EINVAL },
		{ 1U << 31, 100, -EINVAL },
	};
	struct batch *b = &self->b;
	__u32 i;

	memset(b->in, 'k', 100);
	for (i = 0; i < ARRAY_SIZE(place); i++) {
		struct shardmap_batch_op *op = b->ops;

		b->nr = 3;
		b->in_len = 100;
		b->out_len = 100;
		memset(op, 0, 3 * sizeof(*op));
		op[0].opcode = SHARDMAP_OP_PUT;
		op[0].key_off = place[i].off;
		op[0].key_len = place[i].len;
		op[0].value_len = 10;
		op[1].opcode = SHARDMAP_OP_PUT;
		op[1].key_len = 10;
		op[1].value_off = place[i].off;
		op[1].value_len = place[i].len;
		op[2].opcode = SHARDMAP_OP_GET;
		op[2].key_len = 10;
		op[2].out_off = place[i].off;
		op[2].out_len = place[i].len;
		ASSERT_EQ(0, store(self->fd, b->in, 10, "", 0));
		test_cmd_batch(self->fd, b);
		EXPECT_EQ(place[i].status, op[0].status)
		{
			TH_LOG("key at place[%u]", i);
		}
		EXPECT_EQ(place[i].status, op[1].status)
		{
			TH_LOG("value at place[%u]", i);
		}
		EXPECT_EQ(place[i].status, op[2].status)
		{
			TH_LOG("output at place[%u]", i);
		}
	}
}

TEST_F(batch, nothing_stands_nowhere)
{
	struct batch *b = &self->b;
	struct shardmap_batch_op *op = b->ops;

	/* Zero bytes fit at the end of an arena, but not behind it. */
	batch_put(b, 0, STR("key"), "", 0);
	batch_put(b, 0, STR("key"), "", 0);
	batch_get(b, STR("key"), 0);
	batch_get(b, STR("key"), 0);
	op[0].value_off = b->in_len;
	op[1].value_off = b->in_len + 1;
	b->out_len = 8;
	op[2].out_off = 8;
	op[3].out_off = 9;
	test_cmd_batch(self->fd, b);
	EXPECT_EQ(0, op[0].status);
	EXPECT_EQ(-EINVAL, op[1].status);
	EXPECT_EQ(0, op[2].status);
	EXPECT_EQ(-EINVAL, op[3].status);
}

TEST_F(batch, arenas_may_be_absent)
{
	struct shardmap_batch arg;
	struct batch *b = &self->b;

	batch_put(b, 0, STR("key"), STR("value"));
	batch_delete(b, STR("key"));
	arg = batch_arg(b);
	arg.out = 0;
	ASSERT_EQ(0, do_ioctl(self->fd, SHARDMAP_IOC_BATCH, &arg));
	EXPECT_EQ(0, b->ops[0].status);
	EXPECT_EQ(0, b->ops[1].status);

	/* No input: no operation can have a key. */
	arg.in = 0;
	arg.in_len = 0;
	ASSERT_EQ(0, do_ioctl(self->fd, SHARDMAP_IOC_BATCH, &arg));
	EXPECT_EQ(2, arg.done);
	EXPECT_EQ(-EINVAL, b->ops[0].status);
	EXPECT_EQ(-EINVAL, b->ops[1].status);
}

TEST_F(batch, lengths_beyond_the_limits)
{
	struct batch *b = &self->b;
	struct shardmap_batch_op *op = b->ops;
	static char bytes[SHARDMAP_VALUE_LEN_MAX + 1];

	batch_put(b, 0, bytes, 0, STR("v"));
	batch_put(b, 0, bytes, SHARDMAP_KEY_LEN_MAX, STR("v"));
	batch_put(b, 0, bytes, SHARDMAP_KEY_LEN_MAX + 1, STR("v"));
	batch_put(b, 0, STR("key"), bytes, SHARDMAP_VALUE_LEN_MAX);
	batch_put(b, 0, STR("key"), bytes, SHARDMAP_VALUE_LEN_MAX + 1);
	batch_get_or_put(b, STR("key"), bytes, SHARDMAP_VALUE_LEN_MAX + 1, 0);
	batch_delete(b, bytes, SHARDMAP_KEY_LEN_MAX + 1);
	batch_get(b, bytes, 0, 0);
	test_cmd_batch(self->fd, b);
	EXPECT_EQ(-EINVAL, op[0].status);
	EXPECT_EQ(0, op[1].status);
	EXPECT_EQ(-EMSGSIZE, op[2].status);
	EXPECT_EQ(0, op[3].status);
	EXPECT_EQ(-EMSGSIZE, op[4].status);
	EXPECT_EQ(-EMSGSIZE, op[5].status);
	EXPECT_EQ(-EMSGSIZE, op[6].status);
	EXPECT_EQ(-EINVAL, op[7].status);
	EXPECT_EQ(2, count_entries(self->fd));
}

/* Members that an operation takes or not, and what takes them. */
static const struct {
	__u32 takes;
	size_t offset, len;
} members[] = {
#define MEMBER(what, member)                                            \
	{                                                               \
		SHARDMAP_TAKES_##what,                                  \
			offsetof(struct shardmap_batch_op, member),     \
			sizeof(((struct shardmap_batch_op *)0)->member) \
	}
	MEMBER(VALUE, value_off),
	MEMBER(VALUE, value_len),
	MEMBER(OUT, out_off),
	MEMBER(OUT, out_len),
	MEMBER(EXPECTED, expected_off),
	MEMBER(EXPECTED, expected_len),
	MEMBER(DELTA, delta),
	MEMBER(INITIAL, initial),
	MEMBER(TTL, ttl),
#undef MEMBER
};

/* What each operation takes without flags, or with those that it cannot lack. */
static const struct {
	__u32 takes;
	__u32 flags;
} takes[SHARDMAP_OP_NR] = {
#define TAKES(name, word, access, members, flags, one_of, errnos) \
	[SHARDMAP_OP_##name] = { members, (one_of)&SHARDMAP_IF_VERSION },
	SHARDMAP_OPS(TAKES)
#undef TAKES
};

TEST_F(batch, members_that_an_opcode_does_not_use)
{
	struct batch *b = &self->b;
	__u32 opcode, i;

	/* A value 1 is within the arenas: only the rule refuses it. */
	b->out_len = 100;
	for (opcode = 0; opcode < SHARDMAP_OP_NR; opcode++) {
		for (i = 0; i < ARRAY_SIZE(members); i++) {
			struct shardmap_batch_op *op;

			if (takes[opcode].takes & members[i].takes)
				continue;
			op = batch_op(b, opcode, STR("key"));
			op->flags = takes[opcode].flags;
			memset((char *)op + members[i].offset, 0,
			       members[i].len);
			*((char *)op + members[i].offset) = 1;
		}
	}
	ASSERT_LT(SHARDMAP_OP_NR, b->nr);
	test_cmd_batch(self->fd, b);
	for (i = 0; i < b->nr; i++) {
		EXPECT_EQ(-EINVAL, b->ops[i].status)
		{
			TH_LOG("operation %u, opcode %u", i, b->ops[i].opcode);
		}
	}
	EXPECT_EQ(0, count_entries(self->fd));
}

TEST_F(batch, unknown_opcodes_and_flags)
{
#define KNOWN(name, word, access, takes, flags, ...) \
	[SHARDMAP_OP_##name] = flags,
	static const __u16 known[SHARDMAP_OP_NR] = { SHARDMAP_OPS(KNOWN) };
#undef KNOWN
	struct batch *b = &self->b;
	__u32 opcode, flag, i;

	for (opcode = 0; opcode < SHARDMAP_OP_NR; opcode++) {
		for (flag = 1; flag <= UINT16_MAX; flag *= 2) {
			if (!(flag & known[opcode]))
				batch_op(b, opcode, STR("key"))->flags = flag;
		}
	}
	for (opcode = SHARDMAP_OP_NR; opcode < UINT16_MAX; opcode *= 2)
		batch_op(b, opcode, STR("key"));
	batch_op(b, SHARDMAP_OP_NR + 1, STR("key"));
	batch_op(b, UINT16_MAX, STR("key"));
	test_cmd_batch(self->fd, b);
	for (i = 0; i < b->nr; i++) {
		EXPECT_EQ(-EINVAL, b->ops[i].status)
		{
			TH_LOG("opcode %u, flags %#x", b->ops[i].opcode,
			       b->ops[i].flags);
		}
	}
	EXPECT_EQ(0, count_entries(self->fd));
}

/* Size of an operation when it was first published */
#define FIRST_OP_SIZE offsetof(struct shardmap_batch_op, expected_off)

TEST_F(batch, header_beyond_the_limits)
{
	static const struct {
		size_t offset;
		__u32 value;
	} bad[] = {
#define HEADER(member, value) { offsetof(struct shardmap_batch, member), value }
		HEADER(nr_ops, 0),
		HEADER(nr_ops, SHARDMAP_BATCH_OPS_MAX + 1),
		HEADER(nr_ops, 1U << 26),
		HEADER(nr_ops, UINT32_MAX),
		HEADER(op_size, 0),
		HEADER(op_size, FIRST_OP_SIZE - 1),
		HEADER(flags, SHARDMAP_BATCH_ATOMIC << 1),
		HEADER(in_len, SHARDMAP_BATCH_BYTES_MAX + 1),
		HEADER(in_len, UINT32_MAX),
		HEADER(out_len, SHARDMAP_BATCH_BYTES_MAX + 1),
		HEADER(out_len, UINT32_MAX),
#undef HEADER
	};
	struct batch *b = &self->b;
	__u32 i;

	batch_put(b, 0, STR("key"), STR("value"));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		struct shardmap_batch arg = batch_arg(b);

		memcpy((char *)&arg + bad[i].offset, &bad[i].value,
		       sizeof(bad[i].value));
		EXPECT_EQ(-EINVAL, do_ioctl(self->fd, SHARDMAP_IOC_BATCH, &arg))
		{
			TH_LOG("bad[%u]", i);
		}
		EXPECT_EQ(NO_STATUS, b->ops[0].status);
	}
	EXPECT_EQ(0, count_entries(self->fd));
}

/* An operation as a later kernel may have it. */
struct longer_op {
	struct shardmap_batch_op op;
	__u64 tail[2];
};

TEST_F(batch, operations_may_be_longer)
{
	struct batch *b = &self->b;
	struct shardmap_batch arg;
	struct longer_op ops[3] = {};
	int i;

	for (i = 0; i < 3; i++)
		ops[i].op = *batch_put(b, 0, OBJ(i), OBJ(i));
	arg = batch_arg(b);
	arg.ops = to_u64(ops);
	arg.op_size = sizeof(ops[0]);
	ASSERT_EQ(0, do_ioctl(self->fd, SHARDMAP_IOC_BATCH, &arg));
	EXPECT_EQ(3, arg.done);
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(0, ops[i].op.status);
		EXPECT_NE(0, ops[i].op.version);
		EXPECT_EQ(0, ops[i].tail[0] | ops[i].tail[1]);
		EXPECT_EQ(0, check_value(self->fd, OBJ(i), OBJ(i)));
		test_cmd_delete(self->fd, OBJ(i));
		ops[i].op.flags = 0;
	}

	ops[2].tail[1] = 1ULL << 63;
	EXPECT_EQ(-E2BIG, do_ioctl(self->fd, SHARDMAP_IOC_BATCH, &arg));
	EXPECT_EQ(0, count_entries(self->fd));
	arg.op_size = PAGE + 1;
	EXPECT_EQ(-E2BIG, do_ioctl(self->fd, SHARDMAP_IOC_BATCH, &arg));
	arg.op_size = UINT32_MAX;
	EXPECT_EQ(-E2BIG, do_ioctl(self->fd, SHARDMAP_IOC_BATCH, &arg));
}

/* What the operation lacks is zero, and what is behind it is left alone. */
TEST_F(batch, operations_may_be_shorter)
{
	char ops[3 * FIRST_OP_SIZE + 8] __attribute__((aligned(8)));
	struct batch *b = &self->b;
	struct shardmap_batch arg;
	struct shardmap_batch_op op;
	int i;

	memset(ops, 0x5a, sizeof(ops));
	for (i = 0; i < 3; i++)
		memcpy(ops + i * FIRST_OP_SIZE, batch_put(b, 0, OBJ(i), OBJ(i)),
		       FIRST_OP_SIZE);
	arg = batch_arg(b);
	arg.ops = to_u64(ops);
	arg.op_size = FIRST_OP_SIZE;
	ASSERT_EQ(0, do_ioctl(self->fd, SHARDMAP_IOC_BATCH, &arg));
	EXPECT_EQ(3, arg.done);
	for (i = 0; i < 3; i++) {
		memcpy(&op, ops + i * FIRST_OP_SIZE, FIRST_OP_SIZE);
		EXPECT_EQ(0, op.status);
		EXPECT_NE(0, op.version);
		EXPECT_EQ(0, check_value(self->fd, OBJ(i), OBJ(i)));
	}
	for (i = 3 * FIRST_OP_SIZE; i < (int)sizeof(ops); i++) {
		EXPECT_EQ(0x5a, ops[i]);
	}
}

TEST_F(batch, arenas_as_large_as_they_may_be)
{
	static char value[SHARDMAP_VALUE_LEN_MAX];
	const __u32 last = SHARDMAP_BATCH_BYTES_MAX - sizeof(value);
	struct batch b;

	/* The last byte of either arena is within reach. */
	memset(value, 'x', sizeof(value));
	batch_init(&b, SHARDMAP_BATCH_BYTES_MAX, SHARDMAP_BATCH_BYTES_MAX);
	batch_put(&b, 0, STR("key"), "", 0);
	memcpy(b.in + last, value, sizeof(value));
	b.in_len = SHARDMAP_BATCH_BYTES_MAX;
	b.ops[0].value_off = last;
	b.ops[0].value_len = sizeof(value);
	test_cmd_batch(self->fd, &b);
	EXPECT_EQ(0, b.ops[0].status);
	EXPECT_EQ(0, check_value(self->fd, STR("key"), OBJ(value)));

	batch_empty(&b);
	batch_get(&b, STR("key"), sizeof(value));
	b.out_len = SHARDMAP_BATCH_BYTES_MAX;
	b.ops[0].out_off = last;
	test_cmd_batch(self->fd, &b);
	EXPECT_EQ(0, b.ops[0].status);
	EXPECT_EQ(0, memcmp(b.out + last, value, sizeof(value)));
	batch_free(&b);
}

TEST_HARNESS_MAIN
