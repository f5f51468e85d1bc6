// SPDX-License-Identifier: GPL-2.0-only
/* How a batch takes offsets, sizes and members that are wrong. */
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

/* Every member, not used by an opcode, that must be zero, and unknown bits. */
TEST_F(batch, members_that_an_opcode_does_not_use)
{
	static const struct {
		__u16 opcode;
		size_t offset, len;
	} bad[] = {
#define UNUSED(opcode, member)                                              \
	{ SHARDMAP_OP_##opcode, offsetof(struct shardmap_batch_op, member), \
	  sizeof(self->b.ops->member) }
		UNUSED(GET, value_off),	   UNUSED(GET, value_len),
		UNUSED(GET, delta),	   UNUSED(GET, initial),
		UNUSED(PUT, out_off),	   UNUSED(PUT, out_len),
		UNUSED(PUT, delta),	   UNUSED(PUT, initial),
		UNUSED(DELETE, value_off), UNUSED(DELETE, value_len),
		UNUSED(DELETE, out_off),   UNUSED(DELETE, out_len),
		UNUSED(DELETE, delta),	   UNUSED(DELETE, initial),
		UNUSED(GET_OR_PUT, delta), UNUSED(GET_OR_PUT, initial),
		UNUSED(ADD, value_off),	   UNUSED(ADD, value_len),
		UNUSED(ADD, out_off),	   UNUSED(ADD, out_len),
		UNUSED(ADD, initial),
#undef UNUSED
	};
	struct batch *b = &self->b;
	__u32 i;

	/* A value 1 is within the arenas: only the rule refuses it. */
	b->out_len = 100;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		struct shardmap_batch_op *op =
			batch_op(b, bad[i].opcode, STR("key"));

		memset((char *)op + bad[i].offset, 0, bad[i].len);
		*((char *)op + bad[i].offset) = 1;
	}
	test_cmd_batch(self->fd, b);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, b->ops[i].status)
		{
			TH_LOG("bad[%u]", i);
		}
	}
	EXPECT_EQ(0, count_entries(self->fd));
}

TEST_F(batch, unknown_opcodes_and_flags)
{
	static const __u16 known[SHARDMAP_OP_NR] = {
		[SHARDMAP_OP_GET] = SHARDMAP_IF_CHANGED | SHARDMAP_NO_TOUCH,
		[SHARDMAP_OP_PUT] = SHARDMAP_NOEXIST | SHARDMAP_EXIST |
				    SHARDMAP_SWAP,
		[SHARDMAP_OP_DELETE] = SHARDMAP_IF_VERSION | SHARDMAP_IF_VALUE,
		[SHARDMAP_OP_ADD] = SHARDMAP_CREATE,
		[SHARDMAP_OP_CAS] = SHARDMAP_IF_VERSION | SHARDMAP_IF_VALUE,
		[SHARDMAP_OP_TAKE] = SHARDMAP_IF_VERSION | SHARDMAP_IF_VALUE,
	};
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
		HEADER(op_size, sizeof(struct shardmap_batch_op) - 1),
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
