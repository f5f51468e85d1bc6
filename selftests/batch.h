/* SPDX-License-Identifier: GPL-2.0-only */
/* Building batches. */
#ifndef _SHARDMAP_SELFTEST_BATCH_H
#define _SHARDMAP_SELFTEST_BATCH_H

#include "selftest.h"

/* No operation ends with this. */
#define NO_STATUS 0x5a5a5a5a

/**
 * struct batch - operations with their arenas
 * @ops: the operations
 * @in: keys and values
 * @out: values found
 * @nr: number of operations
 * @in_len: bytes of @in in use
 * @out_len: bytes of @out in use
 * @in_size: bytes of @in there are
 * @out_size: bytes of @out there are
 */
struct batch {
	struct shardmap_batch_op *ops;
	char *in;
	char *out;
	__u32 nr;
	__u32 in_len;
	__u32 out_len;
	__u32 in_size;
	__u32 out_size;
};

static inline void batch_init(struct batch *b, __u32 in_size, __u32 out_size)
{
	*b = (struct batch){ .in_size = in_size, .out_size = out_size };
	b->ops = calloc(SHARDMAP_BATCH_OPS_MAX, sizeof(*b->ops));
	b->in = calloc(1, in_size ?: 1);
	b->out = calloc(1, out_size ?: 1);
	if (!b->ops || !b->in || !b->out)
		err(KSFT_FAIL, "batch_init");
}

static inline void batch_empty(struct batch *b)
{
	b->nr = 0;
	b->in_len = 0;
	b->out_len = 0;
}

static inline void batch_free(struct batch *b)
{
	free(b->ops);
	free(b->in);
	free(b->out);
}

static inline __u32 batch_input(struct batch *b, const void *data, __u32 len)
{
	__u32 off = b->in_len;

	if (len > b->in_size - off)
		errx(KSFT_FAIL, "batch input overflows");
	memcpy(b->in + off, data, len);
	b->in_len += len;
	return off;
}

static inline __u32 batch_output(struct batch *b, __u32 len)
{
	__u32 off = b->out_len;

	if (len > b->out_size - off)
		errx(KSFT_FAIL, "batch output overflows");
	b->out_len += len;
	return off;
}

static inline struct shardmap_batch_op *batch_op(struct batch *b, __u16 opcode,
						 const void *key, __u32 key_len)
{
	struct shardmap_batch_op *op;

	if (b->nr == SHARDMAP_BATCH_OPS_MAX)
		errx(KSFT_FAIL, "batch overflows");
	op = &b->ops[b->nr++];
	*op = (struct shardmap_batch_op){
		.opcode = opcode,
		.status = NO_STATUS,
		.key_off = batch_input(b, key, key_len),
		.key_len = key_len,
	};
	return op;
}

static inline struct shardmap_batch_op *
batch_get(struct batch *b, const void *key, __u32 key_len, __u32 out_len)
{
	struct shardmap_batch_op *op =
		batch_op(b, SHARDMAP_OP_GET, key, key_len);

	op->out_off = batch_output(b, out_len);
	op->out_len = out_len;
	return op;
}

static inline struct shardmap_batch_op *
batch_put(struct batch *b, __u16 flags, const void *key, __u32 key_len,
	  const void *value, __u32 value_len)
{
	struct shardmap_batch_op *op =
		batch_op(b, SHARDMAP_OP_PUT, key, key_len);

	op->flags = flags;
	op->value_off = batch_input(b, value, value_len);
	op->value_len = value_len;
	return op;
}

static inline struct shardmap_batch_op *
batch_delete(struct batch *b, const void *key, __u32 key_len)
{
	return batch_op(b, SHARDMAP_OP_DELETE, key, key_len);
}

static inline struct shardmap_batch_op *
batch_get_or_put(struct batch *b, const void *key, __u32 key_len,
		 const void *value, __u32 value_len, __u32 out_len)
{
	struct shardmap_batch_op *op =
		batch_op(b, SHARDMAP_OP_GET_OR_PUT, key, key_len);

	op->value_off = batch_input(b, value, value_len);
	op->value_len = value_len;
	op->out_off = batch_output(b, out_len);
	op->out_len = out_len;
	return op;
}

static inline struct shardmap_batch_op *batch_add(struct batch *b, __u16 flags,
						  const void *key,
						  __u32 key_len, __u64 delta,
						  __u64 initial)
{
	struct shardmap_batch_op *op =
		batch_op(b, SHARDMAP_OP_ADD, key, key_len);

	op->flags = flags;
	op->delta = delta;
	op->initial = initial;
	return op;
}

static inline struct shardmap_batch batch_arg(const struct batch *b)
{
	return (struct shardmap_batch){
		.size = sizeof(struct shardmap_batch),
		.ops = to_u64(b->ops),
		.nr_ops = b->nr,
		.op_size = sizeof(*b->ops),
		.in = to_u64(b->in),
		.out = to_u64(b->out),
		.in_len = b->in_len,
		.out_len = b->out_len,
	};
}

static inline int do_batch(int fd, const struct batch *b, __u32 *done)
{
	struct shardmap_batch arg = batch_arg(b);
	int ret = do_ioctl(fd, SHARDMAP_IOC_BATCH, &arg);

	*done = arg.done;
	return ret;
}

#define test_cmd_batch(fd, b)                          \
	do {                                           \
		__u32 _done = 0;                       \
		ASSERT_EQ(0, do_batch(fd, b, &_done)); \
		ASSERT_EQ((b)->nr, _done);             \
	} while (0)
#define test_err_batch(_errno, fd, b)                          \
	do {                                                   \
		__u32 _done = 0;                               \
		EXPECT_EQ(-(_errno), do_batch(fd, b, &_done)); \
		EXPECT_EQ(0, _done);                           \
	} while (0)

/* Repeat what a signal cut off.  0, or the first error of any operation. */
static inline int batch_all(int fd, struct batch *b)
{
	struct batch rest = *b;
	__u32 done, i;

	while (rest.nr) {
		int ret = do_batch(fd, &rest, &done);

		if (ret == -EINTR)
			continue;
		if (ret)
			return ret;
		for (i = 0; i < done; i++)
			if (rest.ops[i].status)
				return rest.ops[i].status;
		rest.ops += done;
		rest.nr -= done;
	}
	return 0;
}

/* Numbered keys: the value of key n is n * 3. */

static inline int store_numbers(int fd, __u64 first, __u64 n)
{
	__u64 end = first + n;
	struct batch b;
	int ret = 0;

	batch_init(&b, SHARDMAP_BATCH_OPS_MAX * 16, 0);
	while (first < end && !ret) {
		batch_empty(&b);
		for (; first < end && b.nr < SHARDMAP_BATCH_OPS_MAX; first++) {
			__u64 value = first * 3;

			batch_put(&b, 0, OBJ(first), OBJ(value));
		}
		ret = batch_all(fd, &b);
	}
	batch_free(&b);
	return ret;
}

static inline int delete_numbers(int fd, __u64 first, __u64 n)
{
	__u64 end = first + n;
	struct batch b;
	int ret = 0;

	batch_init(&b, SHARDMAP_BATCH_OPS_MAX * 8, 0);
	while (first < end && !ret) {
		batch_empty(&b);
		for (; first < end && b.nr < SHARDMAP_BATCH_OPS_MAX; first++)
			batch_delete(&b, OBJ(first));
		ret = batch_all(fd, &b);
	}
	batch_free(&b);
	return ret;
}

#endif /* _SHARDMAP_SELFTEST_BATCH_H */
