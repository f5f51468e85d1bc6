// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every byte that comes back is either the kernel's answer or as it was.
 *
 * Each command runs twice, over memory filled with zeros and with ones.  A byte
 * that was left over in kernel memory would show as neither.
 */
#include "batch.h"
#include "scan.h"
#include "table.h"
#include "watch.h"

static const unsigned char fills[] = { 0x00, 0xff };

/* The places where two answers differ other than by what was there before. */
static unsigned int leaks(const void *over_zeros, const void *over_ones,
			  size_t len)
{
	const unsigned char *a = over_zeros, *b = over_ones;
	unsigned int leaks = 0;
	size_t i;

	for (i = 0; i < len; i++)
		leaks += a[i] != b[i] && !(a[i] == 0x00 && b[i] == 0xff);
	return leaks;
}

/* How many bytes the kernel did write. */
static unsigned int written(const void *over_zeros, const void *over_ones,
			    size_t len)
{
	const unsigned char *a = over_zeros, *b = over_ones;
	unsigned int written = 0;
	size_t i;

	for (i = 0; i < len; i++)
		written += a[i] == b[i];
	return written;
}

/* Leave something in kernel memory that is recognized when it comes back. */
static void soil(int fd)
{
	static char secret[SHARDMAP_VALUE_LEN_MAX];
	__u32 len;

	memset(secret, 'S', sizeof(secret));
	for (len = 64; len <= sizeof(secret); len *= 2) {
		if (store(fd, STR("soil"), secret, len) ||
		    check_value(fd, STR("soil"), secret, len) ||
		    do_delete(fd, STR("soil")))
			errx(KSFT_FAIL, "soil");
	}
}

TEST_F(table, device_info)
{
	struct shardmap_device_info info[2];
	int i;

	for (i = 0; i < 2; i++) {
		memset(&info[i], fills[i], sizeof(info[i]));
		info[i].size = sizeof(info[i]);
		info[i].reserved = 0;
		ASSERT_EQ(0, do_ioctl(self->dev, SHARDMAP_IOC_DEVICE_INFO,
				      &info[i]));
	}
	EXPECT_EQ(0, memcmp(&info[0], &info[1], sizeof(info[0])));
	EXPECT_EQ(0, info[0].reserved);
}

TEST_F(table, info)
{
	struct shardmap_info info[2];
	int i;

	ASSERT_EQ(0, store(self->fd, STR("key"), STR("value")));
	for (i = 0; i < 2; i++) {
		memset(&info[i], fills[i], sizeof(info[i]));
		info[i].size = sizeof(info[i]);
		info[i].reserved = 0;
		ASSERT_EQ(0, do_ioctl(self->fd, SHARDMAP_IOC_INFO, &info[i]));
	}
	EXPECT_EQ(0, memcmp(&info[0], &info[1], sizeof(info[0])));
	EXPECT_EQ(0, info[0].reserved);
}

static char out[2][SHARDMAP_VALUE_LEN_MAX + 64];

/*
 * Run an operation over memory filled in one way.  On return the members are
 * gone that have to differ between two runs.
 */
static int run_op(int fd, unsigned int nr, struct shardmap_op *op, int i)
{
	bool has_out = op->out;
	bool writes = nr != SHARDMAP_IOC_GET;
	int ret;

	soil(fd);
	memset(&op->version, fills[i], sizeof(op->version));
	memset(&op->old, fills[i], sizeof(op->old));
	memset(out[i], fills[i], sizeof(out[i]));
	if (has_out)
		op->out = to_u64(out[i]);
	ret = do_ioctl(fd, nr, op);
	if (has_out)
		op->out = to_u64(out[0]);
	if (writes && !ret)
		op->version = 0;
	return ret;
}

TEST_F(table, get)
{
	static const __u32 lens[] = { 0, 1, 7, 8, 9, 100, 4097, 65536 };
	static char value[SHARDMAP_VALUE_LEN_MAX];
	struct shardmap_op op[2];
	unsigned int i, j;

	memset(value, 'v', sizeof(value));
	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		ASSERT_EQ(0, store(self->fd, STR("key"), value, lens[i]));
		for (j = 0; j < 2; j++) {
			op[j] = key_op(STR("key"));
			op[j].out = to_u64(out);
			op[j].out_len = sizeof(out[0]);
			ASSERT_EQ(0, run_op(self->fd, SHARDMAP_IOC_GET, &op[j],
					    j));
		}
		EXPECT_EQ(0, leaks(&op[0], &op[1], sizeof(op[0])));
		EXPECT_EQ(0, leaks(out[0], out[1], sizeof(out[0])));
		EXPECT_EQ(lens[i], written(out[0], out[1], sizeof(out[0])));
	}
}

TEST_F(table, failing_get)
{
	static const char *const keys[] = { "key", "none" };
	struct shardmap_op op[2];
	unsigned int i, j;

	ASSERT_EQ(0, store(self->fd, STR("key"), STR("a long value")));
	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		for (j = 0; j < 2; j++) {
			op[j] = key_op(keys[i], strlen(keys[i]));
			op[j].out = to_u64(out);
			op[j].out_len = 11;
			EXPECT_EQ(i ? -ENOENT : -ENOBUFS,
				  run_op(self->fd, SHARDMAP_IOC_GET, &op[j],
					 j));
		}
		EXPECT_EQ(0, leaks(&op[0], &op[1], sizeof(op[0])));
		EXPECT_EQ(0, written(out[0], out[1], sizeof(out[0])));
	}
}

TEST_F(table, put_delete_and_add)
{
	static const unsigned int nrs[] = { SHARDMAP_IOC_PUT, SHARDMAP_IOC_ADD,
					    SHARDMAP_IOC_DELETE };
	struct shardmap_op op[2];
	__u64 number = 1;
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(nrs); i++) {
		for (j = 0; j < 2; j++) {
			ASSERT_EQ(0, store(self->fd, STR("n"), OBJ(number)));
			op[j] = key_op(STR("n"));
			if (nrs[i] == SHARDMAP_IOC_PUT) {
				op[j].value = to_u64(&number);
				op[j].value_len = sizeof(number);
			}
			ASSERT_EQ(0, run_op(self->fd, nrs[i], &op[j], j));
		}
		EXPECT_EQ(0, leaks(&op[0], &op[1], sizeof(op[0])));
		if (nrs[i] == SHARDMAP_IOC_ADD) {
			EXPECT_EQ(1, op[0].old);
		}
	}
}

TEST_F(table, cas)
{
	struct shardmap_op op[2];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, store(self->fd, STR("key"), STR("old")));
		op[i] = key_op(STR("key"));
		op[i].flags = SHARDMAP_IF_VALUE;
		op[i].value = to_u64("newer");
		op[i].value_len = 5;
		op[i].expected = to_u64("old");
		op[i].expected_len = 3;
		ASSERT_EQ(0, run_op(self->fd, SHARDMAP_IOC_CAS, &op[i], i));
	}
	EXPECT_EQ(0, leaks(&op[0], &op[1], sizeof(op[0])));
}

/* What returns the value that was there, and replaces or removes it. */
TEST_F(table, swap_and_take)
{
	static const unsigned int nrs[] = { SHARDMAP_IOC_PUT,
					    SHARDMAP_IOC_TAKE };
	struct shardmap_op op[2];
	unsigned int i, j, room;

	for (i = 0; i < ARRAY_SIZE(nrs); i++) {
		for (room = 4; room <= 100; room += 96) {
			for (j = 0; j < 2; j++) {
				ASSERT_EQ(0, store(self->fd, STR("key"),
						   STR("value")));
				op[j] = key_op(STR("key"));
				if (nrs[i] == SHARDMAP_IOC_PUT) {
					op[j].flags = SHARDMAP_SWAP;
					op[j].value = to_u64("newer");
					op[j].value_len = 5;
				}
				op[j].out = to_u64(out);
				op[j].out_len = room;
				EXPECT_EQ(room < 5 ? -ENOBUFS : 0,
					  run_op(self->fd, nrs[i], &op[j], j));
				EXPECT_EQ(5, op[j].out_len);
			}
			EXPECT_EQ(0, leaks(&op[0], &op[1], sizeof(op[0])));
			EXPECT_EQ(room < 5 ? 0 : 5,
				  written(out[0], out[1], sizeof(out[0])));
		}
	}
}

TEST_F(table, list)
{
	static const char name[] = "selftest-leak";
	struct shardmap_create how = { .name = to_u64(name), .name_len = 13 };
	struct shardmap_list list[2];
	int fd, i;

	fd = do_create(self->dev, &how);
	ASSERT_LE(0, fd);
	for (i = 0; i < 2; i++) {
		soil(self->fd);
		memset(out[i], fills[i], sizeof(out[i]));
		memset(&list[i], fills[i], sizeof(list[i]));
		list[i].size = sizeof(list[i]);
		list[i].flags = 0;
		list[i].after = 0;
		list[i].buf = to_u64(out[i]);
		list[i].buf_len = sizeof(out[i]);
		EXPECT_EQ(0, do_ioctl(self->dev, SHARDMAP_IOC_LIST, &list[i]));
		list[i].buf = 0;
	}
	EXPECT_EQ(0, do_unlink(self->dev, STR(name)));
	close(fd);
	EXPECT_LT(0, list[0].records);
	EXPECT_EQ(0, memcmp(&list[0], &list[1], sizeof(list[0])));
	EXPECT_EQ(0, leaks(out[0], out[1], sizeof(out[0])));
	EXPECT_EQ(list[0].used, written(out[0], out[1], sizeof(out[0])));
}

TEST_F(table, get_or_put)
{
	static const __u32 sizes[] = { 0, 8, 100, sizeof(out[0]) };
	struct shardmap_op op[2];
	unsigned int i, j, there;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		/* A new key leaves all of the buffer as it was. */
		for (there = 0; there < 2; there++) {
			for (j = 0; j < 2; j++) {
				if (!there) {
					do_delete(self->fd, STR("key"));
				}
				op[j] = key_op(STR("key"));
				op[j].value = to_u64("value");
				op[j].value_len = there ? 5 : 0;
				op[j].out = to_u64(out);
				op[j].out_len = sizes[i];
				ASSERT_EQ(0, run_op(self->fd,
						    SHARDMAP_IOC_GET_OR_PUT,
						    &op[j], j));
				EXPECT_EQ(there ? 0 : SHARDMAP_INSERTED,
					  op[j].flags);
			}
			EXPECT_EQ(0, leaks(&op[0], &op[1], sizeof(op[0])));
			EXPECT_EQ(0, written(out[0], out[1], sizeof(out[0])));
		}
	}
}

TEST_F(table, batch)
{
	static unsigned char ops[2][10 * sizeof(struct shardmap_batch_op)];
	struct batch b;
	unsigned int i, j;

	ASSERT_EQ(0, store(self->fd, STR("key"), STR("a value")));
	batch_init(&b, 4096, 4096);
	for (i = 0; i < 2; i++) {
		soil(self->fd);
		memset(b.out, fills[i], b.out_size);
		batch_empty(&b);
		batch_get(&b, STR("key"), 7);
		batch_get(&b, STR("absent"), 100);
		batch_get(&b, STR("key"), 6);
		batch_get_or_put(&b, STR("key"), STR("x"), 200);
		batch_put(&b, SHARDMAP_NOEXIST, STR("key"), STR("x"));
		batch_delete(&b, STR("absent"));
		batch_add(&b, 0, STR("key"), 1, 0);
		batch_op(&b, SHARDMAP_OP_NR, STR("key"));
		batch_get(&b, STR("key"), 7);
		b.out_len = b.out_size;
		for (j = 0; j < b.nr; j++) {
			memset(&b.ops[j].status, fills[i], 4);
			memset(&b.ops[j].version, fills[i], 8);
			memset(&b.ops[j].old, fills[i], 8);
		}
		test_cmd_batch(self->fd, &b);
		memcpy(ops[i], b.ops, b.nr * sizeof(*b.ops));
		memcpy(out[i], b.out, b.out_size);
	}
	EXPECT_EQ(0, leaks(ops[0], ops[1], b.nr * sizeof(*b.ops)));
	EXPECT_EQ(0, leaks(out[0], out[1], b.out_size));
	/* Of the output only the values found are written. */
	EXPECT_EQ(3 * strlen("a value"), written(out[0], out[1], b.out_size));
	batch_free(&b);
}

/* Of a batch that is cancelled nothing comes back but why, and lengths. */
TEST_F(table, cancelled_batch)
{
	struct batch b;
	unsigned int i, j;

	ASSERT_EQ(0, store(self->fd, STR("key"), STR("a value")));
	ASSERT_EQ(0, store(self->fd, STR("other"), STR("a value")));
	batch_init(&b, 4096, 4096);
	for (i = 0; i < 2; i++) {
		struct shardmap_batch arg;

		soil(self->fd);
		memset(b.out, fills[i], b.out_size);
		batch_empty(&b);
		batch_get(&b, STR("key"), 7);
		batch_op(&b, SHARDMAP_OP_TAKE, STR("other"));
		batch_put(&b, 0, STR("new"), STR("value"));
		batch_get_or_put(&b, STR("newer"), STR("x"), 200);
		batch_add(&b, SHARDMAP_CREATE, STR("number"), 1, 0);
		b.out_len = b.out_size;
		for (j = 0; j < b.nr; j++) {
			memset(&b.ops[j].status, fills[i], 4);
			memset(&b.ops[j].version, fills[i], 8);
			memset(&b.ops[j].old, fills[i], 8);
		}
		arg = batch_arg(&b);
		arg.flags = SHARDMAP_BATCH_ATOMIC;
		EXPECT_EQ(-ECANCELED,
			  do_ioctl(self->fd, SHARDMAP_IOC_BATCH, &arg));
		EXPECT_EQ(-ENOBUFS, b.ops[1].status);
		EXPECT_EQ(7, b.ops[1].out_len);
		for (j = 0; j < b.nr; j++) {
			b.ops[j].status = 0;
		}
		memcpy(out[i], b.out, b.out_size);
		memcpy(out[i] + b.out_size, b.ops, b.nr * sizeof(*b.ops));
	}
	EXPECT_EQ(0, leaks(out[0], out[1], b.out_size + b.nr * sizeof(*b.ops)));
	EXPECT_EQ(0, written(out[0], out[1], b.out_size));
	batch_free(&b);
}

TEST_F(table, scan)
{
	struct shardmap_scan scan[2];
	static char key[40];
	__u32 len;
	int i;

	for (len = 1; len < sizeof(key); len++) {
		struct shardmap_op op = key_op(key, len);

		op.value = to_u64(key);
		op.value_len = 39 - len;
		op.ttl = len % 2 * 3600000000000ULL;
		ASSERT_EQ(0, do_ioctl(self->fd, SHARDMAP_IOC_PUT, &op));
	}
	for (i = 0; i < 2; i++) {
		soil(self->fd);
		memset(out[i], fills[i], sizeof(out[i]));
		memset(&scan[i], fills[i], sizeof(scan[i]));
		memset(&scan[i].cursor, 0, sizeof(scan[i].cursor));
		scan[i].flags = 0;
		scan[i].prefix = 0;
		scan[i].prefix_len = 0;
		scan[i].reserved = 0;
		test_cmd_scan(self->fd, &scan[i], out[i], sizeof(out[i]));
		EXPECT_EQ(0, for_each_record(&scan[i], out[i],
					     record_padding_is_zero, NULL));
		scan[i].buf = 0;
	}
	EXPECT_LT(0, scan[0].records);
	EXPECT_EQ(0, memcmp(&scan[0], &scan[1], sizeof(scan[0])));
	EXPECT_EQ(0, leaks(out[0], out[1], sizeof(out[0])));
	EXPECT_EQ(scan[0].used, written(out[0], out[1], sizeof(out[0])));
}

/* Versions differ between two runs: they are looked at no further. */
static void forget_versions(char *buf, __u32 used)
{
	__u32 off = 0;

	while (off < used) {
		struct shardmap_record *rec = (void *)(buf + off);

		rec->version = 0;
		off += rec->record_len;
	}
}

TEST_F(table, drain)
{
	struct shardmap_scan scan[2];
	static char key[40];
	__u32 len;
	int i;

	for (i = 0; i < 2; i++) {
		for (len = 1; len < sizeof(key); len++) {
			ASSERT_EQ(0, store(self->fd, key, len, key, 39 - len));
		}
		soil(self->fd);
		memset(out[i], fills[i], sizeof(out[i]));
		memset(&scan[i], fills[i], sizeof(scan[i]));
		memset(&scan[i].cursor, 0, sizeof(scan[i].cursor));
		scan[i].flags = SHARDMAP_SCAN_DRAIN;
		scan[i].prefix = to_u64(key);
		scan[i].prefix_len = 2;
		scan[i].reserved = 0;
		test_cmd_scan(self->fd, &scan[i], out[i], sizeof(out[i]));
		EXPECT_EQ(0, for_each_record(&scan[i], out[i],
					     record_padding_is_zero, NULL));
		forget_versions(out[i], scan[i].used);
		scan[i].buf = 0;
	}
	EXPECT_LT(0, scan[0].records);
	EXPECT_EQ(0, memcmp(&scan[0], &scan[1], sizeof(scan[0])));
	EXPECT_EQ(0, leaks(out[0], out[1], sizeof(out[0])));
	EXPECT_EQ(scan[0].used, written(out[0], out[1], sizeof(out[0])));
}

TEST_F(table, watch)
{
	static char key[40];
	ssize_t used[2];
	int fd[2], i;
	__u32 len;

	/* Two watch the same changes. */
	for (i = 0; i < 2; i++) {
		fd[i] = do_handle(self->fd, SHARDMAP_READ | SHARDMAP_WRITE);
		ASSERT_LE(0, fd[i]);
		test_cmd_watch(fd[i], LARGE_RING);
	}
	soil(self->fd);
	for (len = 1; len < sizeof(key); len++) {
		ASSERT_EQ(0, store(self->fd, key, len, key, len));
	}
	for (i = 0; i < 2; i++) {
		memset(out[i], fills[i], sizeof(out[i]));
		used[i] = do_read(fd[i], out[i], sizeof(out[i]));
		close(fd[i]);
	}
	ASSERT_LT((ssize_t)(39 * HEAD_BYTES), used[0]);
	EXPECT_EQ(used[0], used[1]);
	EXPECT_EQ(0, leaks(out[0], out[1], sizeof(out[0])));
	EXPECT_EQ((unsigned int)used[0],
		  written(out[0], out[1], sizeof(out[0])));
}

TEST_F(table, clear)
{
	struct shardmap_clear clear[2];
	int i;

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, store(self->fd, STR("key"), STR("value")));
		memset(&clear[i], fills[i], sizeof(clear[i]));
		clear[i].size = sizeof(clear[i]);
		clear[i].flags = 0;
		ASSERT_EQ(0, do_ioctl(self->fd, SHARDMAP_IOC_CLEAR, &clear[i]));
		EXPECT_EQ(1, clear[i].removed);
	}
}

TEST_HARNESS_MAIN
