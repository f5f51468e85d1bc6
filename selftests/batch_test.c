// SPDX-License-Identifier: GPL-2.0-only
/* What a batch does: operations in order, each with its own end. */
#include "batch_fixture.h"

TEST_F(batch, every_operation_has_its_own_status)
{
	struct batch *b = &self->b;
	struct shardmap_batch_op *op = b->ops;
	__u64 number = 40;
	__u32 i;

	test_cmd_put(self->fd, 0, STR("there"), STR("value"), NULL);
	test_cmd_put(self->fd, 0, STR("number"), OBJ(number), NULL);

	batch_get(b, STR("absent"), 0);
	batch_get(b, STR("there"), 5);
	batch_put(b, SHARDMAP_NOEXIST, STR("there"), STR("x"));
	batch_put(b, SHARDMAP_EXIST, STR("absent"), STR("x"));
	batch_put(b, SHARDMAP_NOEXIST | SHARDMAP_EXIST, STR("a"), STR("x"));
	batch_put(b, 0, STR("new"), STR("new value"));
	batch_delete(b, STR("absent"));
	batch_add(b, 0, STR("number"), 2, 0);
	batch_add(b, 0, STR("there"), 2, 0);
	batch_add(b, 0, STR("absent"), 2, 0);
	batch_add(b, SHARDMAP_CREATE, STR("n2"), 2, 5);
	batch_get_or_put(b, STR("new"), STR("other"), 20);
	batch_get_or_put(b, STR("newer"), STR("newer value"), 20);
	batch_delete(b, STR("there"));
	test_cmd_batch(self->fd, b);

	EXPECT_EQ(-ENOENT, op[0].status);
	EXPECT_EQ(0, op[1].status);
	EXPECT_EQ(5, op[1].out_len);
	EXPECT_NE(0, op[1].version);
	EXPECT_EQ(0, memcmp(b->out + op[1].out_off, "value", 5));
	EXPECT_EQ(-EEXIST, op[2].status);
	EXPECT_EQ(-ENOENT, op[3].status);
	EXPECT_EQ(-EINVAL, op[4].status);
	EXPECT_EQ(0, op[5].status);
	EXPECT_EQ(-ENOENT, op[6].status);
	EXPECT_EQ(0, op[7].status);
	EXPECT_EQ(40, op[7].old);
	EXPECT_EQ(-EINVAL, op[8].status);
	EXPECT_EQ(-ENOENT, op[9].status);
	EXPECT_EQ(0, op[10].status);
	EXPECT_EQ(5, op[10].old);
	EXPECT_EQ(0, op[11].status);
	EXPECT_EQ(9, op[11].out_len);
	EXPECT_EQ(0, memcmp(b->out + op[11].out_off, "new value", 9));
	EXPECT_EQ(op[5].version, op[11].version);
	EXPECT_EQ(0, op[12].status);
	EXPECT_EQ(0, op[13].status);
	EXPECT_EQ(0, op[13].version);
	for (i = 0; i < b->nr; i++) {
		EXPECT_EQ(i == 5 || i == 10 || i == 12,
			  !!(op[i].flags & SHARDMAP_INSERTED));
	}

	number = 42;
	EXPECT_EQ(0, check_value(self->fd, STR("number"), OBJ(number)));
	number = 7;
	EXPECT_EQ(0, check_value(self->fd, STR("n2"), OBJ(number)));
	EXPECT_EQ(0, check_value(self->fd, STR("new"), STR("new value")));
	EXPECT_EQ(0, check_value(self->fd, STR("newer"), STR("newer value")));
	EXPECT_EQ(4, count_entries(self->fd));
}

TEST_F(batch, operations_are_done_in_order)
{
	struct batch *b = &self->b;
	struct shardmap_batch_op *op = b->ops;
	__u64 i;

	batch_get(b, STR("k"), 16);
	batch_put(b, 0, STR("k"), STR("first"));
	batch_get(b, STR("k"), 16);
	batch_put(b, 0, STR("k"), STR("2nd"));
	batch_get(b, STR("k"), 16);
	batch_delete(b, STR("k"));
	batch_get(b, STR("k"), 16);
	for (i = 0; i < 1000; i++)
		batch_add(b, SHARDMAP_CREATE, STR("sum"), i, 0);
	test_cmd_batch(self->fd, b);
	EXPECT_EQ(-ENOENT, op[0].status);
	EXPECT_EQ(5, op[2].out_len);
	EXPECT_EQ(op[1].version, op[2].version);
	EXPECT_EQ(0, memcmp(b->out + op[2].out_off, "first", 5));
	EXPECT_EQ(3, op[4].out_len);
	EXPECT_EQ(op[3].version, op[4].version);
	EXPECT_EQ(0, memcmp(b->out + op[4].out_off, "2nd", 3));
	EXPECT_EQ(-ENOENT, op[6].status);
	for (i = 0; i < 1000; i++) {
		ASSERT_EQ(i * (i - !!i) / 2, op[7 + i].old);
	}
}

TEST_F(batch, a_large_batch_does_it_all)
{
	struct batch *b = &self->b;
	__u32 i;

	for (i = 0; i < SHARDMAP_BATCH_OPS_MAX; i++)
		batch_put(b, SHARDMAP_NOEXIST, OBJ(i), OBJ(i));
	test_cmd_batch(self->fd, b);
	for (i = 0; i < SHARDMAP_BATCH_OPS_MAX; i++) {
		ASSERT_EQ(0, b->ops[i].status);
	}
	EXPECT_EQ(SHARDMAP_BATCH_OPS_MAX, count_entries(self->fd));

	batch_empty(b);
	for (i = SHARDMAP_BATCH_OPS_MAX; i--;)
		batch_get(b, OBJ(i), sizeof(i));
	test_cmd_batch(self->fd, b);
	for (i = 0; i < SHARDMAP_BATCH_OPS_MAX; i++) {
		ASSERT_EQ(0, b->ops[i].status);
		ASSERT_EQ(4, b->ops[i].out_len);
		ASSERT_EQ(0, memcmp(b->in + b->ops[i].key_off,
				    b->out + b->ops[i].out_off, 4));
	}
}

TEST_F(batch, a_short_buffer_fails_its_operation_alone)
{
	struct batch *b = &self->b;
	struct shardmap_batch_op *op = b->ops;

	test_cmd_put(self->fd, 0, STR("key"), STR("a long value"), NULL);
	memset(b->out, '#', 64);
	batch_get(b, STR("key"), 11);
	batch_get(b, STR("key"), 0);
	batch_get_or_put(b, STR("key"), STR("x"), 1);
	batch_get(b, STR("key"), 12);
	test_cmd_batch(self->fd, b);
	EXPECT_EQ(-ENOBUFS, op[0].status);
	EXPECT_EQ(12, op[0].out_len);
	EXPECT_EQ(-ENOBUFS, op[1].status);
	EXPECT_EQ(12, op[1].out_len);
	EXPECT_EQ(-ENOBUFS, op[2].status);
	EXPECT_EQ(12, op[2].out_len);
	EXPECT_EQ(0, op[3].status);
	EXPECT_EQ(0, memcmp(b->out + 12, "a long value####", 16));
	EXPECT_EQ(0, check_value(self->fd, STR("key"), STR("a long value")));
}

TEST_F(batch, a_full_table_fails_single_operations)
{
	struct shardmap_create how = { .max_entries = 2 };
	int fd = do_create(self->dev, &how);
	struct batch *b = &self->b;

	ASSERT_LE(0, fd);
	batch_put(b, 0, STR("a"), STR("v"));
	batch_put(b, 0, STR("b"), STR("v"));
	batch_put(b, 0, STR("c"), STR("v"));
	batch_delete(b, STR("a"));
	batch_put(b, 0, STR("d"), STR("v"));
	test_cmd_batch(fd, b);
	EXPECT_EQ(0, b->ops[1].status);
	EXPECT_EQ(-ENOSPC, b->ops[2].status);
	EXPECT_EQ(0, b->ops[3].status);
	EXPECT_EQ(0, b->ops[4].status);
	close(fd);
}

TEST_HARNESS_MAIN
