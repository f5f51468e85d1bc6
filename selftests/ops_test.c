// SPDX-License-Identifier: GPL-2.0-only
/*
 * What operations with conditions do, and all that they tell: version, flags, length
 * and value.  Each in each way that there is to call for it, on either kind of table.
 */
#include "how.h"
#include "scan.h"

FIXTURE(ops)
{
	int dev;
	int fd;
};

FIXTURE_VARIANT(ops)
{
	enum how how;
	bool is_inline;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(ops, singly) { .how = SINGLY };
FIXTURE_VARIANT_ADD(ops, in_batch) { .how = IN_BATCH };
FIXTURE_VARIANT_ADD(ops, all_or_nothing) { .how = ALL_OR_NOTHING };
FIXTURE_VARIANT_ADD(ops, inline_singly) { .how = SINGLY, .is_inline = true };
FIXTURE_VARIANT_ADD(ops, inline_in_batch) { .how = IN_BATCH, .is_inline = true };
FIXTURE_VARIANT_ADD(ops, inline_all_or_nothing) {
	.how = ALL_OR_NOTHING,
	.is_inline = true,
};
/* clang-format on */

/* Both kinds of tables take these. */
static const __u64 key = 0x7965656b, other = 2;
static const __u64 one = 1, two = 2, three = 3;

static char out[64];

FIXTURE_SETUP(ops)
{
	struct shardmap_create how = {
		.flags = variant->is_inline ? SHARDMAP_CREATE_INLINE : 0,
		.max_key_len = 8,
		.max_value_len = variant->is_inline ? 8 : 64,
	};

	self->dev = open_device();
	ASSERT_LE(0, self->dev);
	self->fd = do_create(self->dev, &how);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, store(self->fd, OBJ(other), OBJ(three)));
}

FIXTURE_TEARDOWN(ops)
{
	EXPECT_EQ(0, check_value(self->fd, OBJ(other), OBJ(three)));
	EXPECT_EQ(0, close(self->fd));
	EXPECT_EQ(0, close(self->dev));
}

static struct shardmap_op value_op(__u32 flags, const __u64 *value)
{
	struct shardmap_op op = key_op(OBJ(key));

	op.flags = flags;
	if (value) {
		op.value = to_u64(value);
		op.value_len = sizeof(*value);
	}
	return op;
}

/* With a buffer that is seen to be written to or not. */
static void want_value(struct shardmap_op *op)
{
	memset(out, '#', sizeof(out));
	op->out = to_u64(out);
	op->out_len = 16;
}

static void expect(struct shardmap_op *op, const __u64 *value)
{
	op->flags |= SHARDMAP_IF_VALUE;
	op->expected = to_u64(value);
	op->expected_len = sizeof(*value);
}

/* What is in the buffer: this value, or nothing at all. */
static bool got(const __u64 *value)
{
	unsigned int i;

	if (value && memcmp(out, value, sizeof(*value)))
		return false;
	for (i = value ? sizeof(*value) : 0; i < sizeof(out); i++)
		if (out[i] != '#')
			return false;
	return true;
}

/* A look at the key that has nothing to do with how the others are done. */
static __u64 version_now(int fd)
{
	struct shardmap_op op = key_op(OBJ(key));
	__u64 buf;

	op.out = to_u64(&buf);
	op.out_len = sizeof(buf);
	return do_ioctl(fd, SHARDMAP_IOC_GET, &op) ? 0 : op.version;
}

static __u64 put(int fd, const __u64 *value)
{
	__u64 version;

	return do_put(fd, 0, OBJ(key), OBJ(*value), &version) < 0 ? 0 : version;
}

TEST_F(ops, swap_returns_what_was_there)
{
	struct shardmap_op op = value_op(SHARDMAP_SWAP, &one);
	__u64 first;

	want_value(&op);
	EXPECT_EQ(0, do_how(variant->how, self->fd, SHARDMAP_OP_PUT, &op));
	EXPECT_EQ(SHARDMAP_SWAP | SHARDMAP_INSERTED, op.flags);
	EXPECT_EQ(0, op.out_len);
	EXPECT_EQ(version_now(self->fd), op.version);
	EXPECT_TRUE(got(NULL));
	first = op.version;

	op = value_op(SHARDMAP_SWAP, &two);
	want_value(&op);
	EXPECT_EQ(0, do_how(variant->how, self->fd, SHARDMAP_OP_PUT, &op));
	EXPECT_EQ(SHARDMAP_SWAP, op.flags);
	EXPECT_EQ(8, op.out_len);
	EXPECT_EQ(version_now(self->fd), op.version);
	EXPECT_NE(first, op.version);
	EXPECT_TRUE(got(&one));

	op = value_op(SHARDMAP_SWAP | SHARDMAP_EXIST, &three);
	want_value(&op);
	EXPECT_EQ(0, do_how(variant->how, self->fd, SHARDMAP_OP_PUT, &op));
	EXPECT_EQ(SHARDMAP_SWAP | SHARDMAP_EXIST, op.flags);
	EXPECT_TRUE(got(&two));
	EXPECT_EQ(0, check_value(self->fd, OBJ(key), OBJ(three)));
}

TEST_F(ops, take_hands_over)
{
	struct shardmap_op op = value_op(0, NULL);
	__u64 version = put(self->fd, &one);

	want_value(&op);
	EXPECT_EQ(0, do_how(variant->how, self->fd, SHARDMAP_OP_TAKE, &op));
	EXPECT_EQ(0, op.flags);
	EXPECT_EQ(8, op.out_len);
	EXPECT_EQ(version, op.version);
	EXPECT_TRUE(got(&one));
	EXPECT_EQ(1, count_entries(self->fd));

	op = value_op(0, NULL);
	want_value(&op);
	EXPECT_EQ(-ENOENT,
		  do_how(variant->how, self->fd, SHARDMAP_OP_TAKE, &op));
	EXPECT_TRUE(got(NULL));
}

TEST_F(ops, cas_by_version)
{
	struct shardmap_op op = value_op(SHARDMAP_IF_VERSION, &two);
	__u64 version = put(self->fd, &one);

	op.version = version;
	EXPECT_EQ(0, do_how(variant->how, self->fd, SHARDMAP_OP_CAS, &op));
	EXPECT_EQ(SHARDMAP_IF_VERSION, op.flags);
	EXPECT_EQ(version_now(self->fd), op.version);
	EXPECT_NE(version, op.version);
	EXPECT_EQ(0, op.out_len);
	EXPECT_EQ(0, check_value(self->fd, OBJ(key), OBJ(two)));

	/* With the version that it returned it goes on. */
	op.value = to_u64(&three);
	EXPECT_EQ(0, do_how(variant->how, self->fd, SHARDMAP_OP_CAS, &op));
	op.version = version;
	EXPECT_EQ(-ESTALE,
		  do_how(variant->how, self->fd, SHARDMAP_OP_CAS, &op));
	/* No entry has version 0. */
	op.version = 0;
	EXPECT_EQ(-ESTALE,
		  do_how(variant->how, self->fd, SHARDMAP_OP_CAS, &op));
	EXPECT_EQ(0, check_value(self->fd, OBJ(key), OBJ(three)));

	/* The same value again is another version. */
	version = version_now(self->fd);
	put(self->fd, &three);
	op.version = version;
	EXPECT_EQ(-ESTALE,
		  do_how(variant->how, self->fd, SHARDMAP_OP_CAS, &op));
}

TEST_F(ops, cas_by_value)
{
	struct shardmap_op op = value_op(0, &two);
	__u64 version = put(self->fd, &one);

	expect(&op, &one);
	/* Not looked at without its flag. */
	op.version = 12345;
	EXPECT_EQ(0, do_how(variant->how, self->fd, SHARDMAP_OP_CAS, &op));
	EXPECT_EQ(version_now(self->fd), op.version);
	EXPECT_NE(version, op.version);
	EXPECT_EQ(-ESTALE,
		  do_how(variant->how, self->fd, SHARDMAP_OP_CAS, &op));
	EXPECT_EQ(0, check_value(self->fd, OBJ(key), OBJ(two)));

	/* What went away and came back is expected all the same. */
	put(self->fd, &three);
	put(self->fd, &two);
	op = value_op(0, &one);
	expect(&op, &two);
	EXPECT_EQ(0, do_how(variant->how, self->fd, SHARDMAP_OP_CAS, &op));
	EXPECT_EQ(0, check_value(self->fd, OBJ(key), OBJ(one)));
}

/* DELETE and TAKE, by version and by value: with the wrong one nothing goes. */
TEST_F(ops, conditional_removal)
{
	static const __u16 opcodes[] = { SHARDMAP_OP_DELETE, SHARDMAP_OP_TAKE };
	unsigned int i, by_value, right;

	for (i = 0; i < 8; i++) {
		__u16 opcode = opcodes[i & 1];
		bool takes = opcode == SHARDMAP_OP_TAKE;
		__u64 version = put(self->fd, &one);
		struct shardmap_op op = value_op(0, NULL);

		by_value = i & 2;
		right = i & 4;
		if (takes)
			want_value(&op);
		if (by_value) {
			expect(&op, right ? &one : &two);
		} else {
			op.flags = SHARDMAP_IF_VERSION;
			op.version = right ? version : version + 1;
		}
		EXPECT_EQ(right ? 0 : -ESTALE,
			  do_how(variant->how, self->fd, opcode, &op))
		{
			TH_LOG("opcode %u, by %s", opcode,
			       by_value ? "value" : "version");
		}
		if (takes) {
			EXPECT_TRUE(got(right ? &one : NULL));
		}
		if (!right) {
			EXPECT_EQ(version, version_now(self->fd));
			continue;
		}
		EXPECT_EQ(takes ? version : 0, op.version);
		EXPECT_EQ(takes ? 8 : 0, op.out_len);
		EXPECT_EQ(1, count_entries(self->fd));
	}
}

TEST_F(ops, get_if_changed)
{
	struct shardmap_op op = value_op(SHARDMAP_IF_CHANGED, NULL);
	__u64 version = put(self->fd, &one);

	want_value(&op);
	op.version = version;
	EXPECT_EQ(0, do_how(variant->how, self->fd, SHARDMAP_OP_GET, &op));
	EXPECT_EQ(SHARDMAP_IF_CHANGED | SHARDMAP_UNCHANGED, op.flags);
	EXPECT_EQ(version, op.version);
	EXPECT_EQ(0, op.out_len);
	EXPECT_TRUE(got(NULL));

	/* A buffer that is not needed may be too small. */
	op = value_op(SHARDMAP_IF_CHANGED, NULL);
	op.version = version;
	EXPECT_EQ(0, do_how(variant->how, self->fd, SHARDMAP_OP_GET, &op));
	EXPECT_EQ(SHARDMAP_IF_CHANGED | SHARDMAP_UNCHANGED, op.flags);

	version = put(self->fd, &two);
	op = value_op(SHARDMAP_IF_CHANGED, NULL);
	want_value(&op);
	op.version = version - 1;
	EXPECT_EQ(0, do_how(variant->how, self->fd, SHARDMAP_OP_GET, &op));
	EXPECT_EQ(SHARDMAP_IF_CHANGED, op.flags);
	EXPECT_EQ(version, op.version);
	EXPECT_EQ(8, op.out_len);
	EXPECT_TRUE(got(&two));

	/* Removed and stored again it is another one, whatever its value. */
	test_cmd_delete(self->fd, OBJ(key));
	EXPECT_EQ(-ENOENT,
		  do_how(variant->how, self->fd, SHARDMAP_OP_GET, &op));
	put(self->fd, &two);
	op = value_op(SHARDMAP_IF_CHANGED, NULL);
	want_value(&op);
	op.version = version;
	EXPECT_EQ(0, do_how(variant->how, self->fd, SHARDMAP_OP_GET, &op));
	EXPECT_EQ(SHARDMAP_IF_CHANGED, op.flags);
	EXPECT_TRUE(got(&two));
}

TEST_F(ops, get_without_a_touch_is_a_get)
{
	static const __u32 flags[] = { 0, SHARDMAP_NO_TOUCH };
	__u64 version = put(self->fd, &one);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		struct shardmap_op op = value_op(flags[i], NULL);

		want_value(&op);
		op.version = 99;
		EXPECT_EQ(0,
			  do_how(variant->how, self->fd, SHARDMAP_OP_GET, &op));
		EXPECT_EQ(flags[i], op.flags);
		EXPECT_EQ(version, op.version);
		EXPECT_EQ(8, op.out_len);
		EXPECT_TRUE(got(&one));
	}
}

TEST_F(ops, get_or_put_and_add_tell_who_was_first)
{
	struct shardmap_op op;
	int i;

	for (i = 0; i < 2; i++) {
		op = value_op(0, i ? &two : &one);
		want_value(&op);
		EXPECT_EQ(0, do_how(variant->how, self->fd,
				    SHARDMAP_OP_GET_OR_PUT, &op));
		EXPECT_EQ(i ? 0 : SHARDMAP_INSERTED, op.flags);
		EXPECT_EQ(i ? 8 : 0, op.out_len);
		EXPECT_EQ(version_now(self->fd), op.version);
		EXPECT_TRUE(got(i ? &one : NULL));
	}
	test_cmd_delete(self->fd, OBJ(key));
	for (i = 0; i < 2; i++) {
		op = value_op(SHARDMAP_CREATE, NULL);
		op.delta = 3;
		op.initial = 10;
		EXPECT_EQ(0,
			  do_how(variant->how, self->fd, SHARDMAP_OP_ADD, &op));
		EXPECT_EQ(SHARDMAP_CREATE | (i ? 0 : SHARDMAP_INSERTED),
			  op.flags);
		EXPECT_EQ(i ? 13 : 10, op.old);
		EXPECT_EQ(0, op.out_len);
		EXPECT_EQ(version_now(self->fd), op.version);
	}
}

static int compare_versions(const void *a, const void *b)
{
	__u64 x = *(const __u64 *)a, y = *(const __u64 *)b;

	return x < y ? -1 : x > y;
}

TEST_F(ops, no_version_comes_twice)
{
	enum { ROUNDS = 60, WRITES = 4 };
	static __u64 seen[ROUNDS * WRITES];
	__u64 *version = seen, removed;
	unsigned int i;

	/* The index grows meanwhile, and all kinds of removal come in turn. */
	for (i = 0; i < ROUNDS; i++) {
		struct shardmap_op op = value_op(SHARDMAP_NOEXIST, &one);

		ASSERT_EQ(0, store_numbers(self->fd, 1000 + i * 50, 50));
		ASSERT_EQ(0,
			  do_how(variant->how, self->fd, SHARDMAP_OP_PUT, &op));
		*version++ = op.version;
		op.flags = SHARDMAP_IF_VERSION;
		ASSERT_EQ(0,
			  do_how(variant->how, self->fd, SHARDMAP_OP_CAS, &op));
		*version++ = op.version;
		op = value_op(SHARDMAP_SWAP, &one);
		want_value(&op);
		ASSERT_EQ(0,
			  do_how(variant->how, self->fd, SHARDMAP_OP_PUT, &op));
		*version++ = op.version;
		op = value_op(0, NULL);
		ASSERT_EQ(0,
			  do_how(variant->how, self->fd, SHARDMAP_OP_ADD, &op));
		*version++ = op.version;
		op = value_op(SHARDMAP_IF_VERSION, NULL);
		op.version = version[-1];
		switch (i % 3) {
		case 0:
			ASSERT_EQ(0, do_how(variant->how, self->fd,
					    SHARDMAP_OP_DELETE, &op));
			break;
		case 1:
			want_value(&op);
			ASSERT_EQ(0, do_how(variant->how, self->fd,
					    SHARDMAP_OP_TAKE, &op));
			break;
		case 2:
			test_cmd_clear(self->fd, &removed);
			break;
		}
	}
	qsort(seen, ROUNDS * WRITES, sizeof(seen[0]), compare_versions);
	EXPECT_NE(0, seen[0]);
	for (i = 1; i < ROUNDS * WRITES; i++) {
		ASSERT_NE(seen[i - 1], seen[i]);
	}
	ASSERT_EQ(0, store(self->fd, OBJ(other), OBJ(three)));
}

enum { INCREMENTS = 1000, CONTESTS = 100 };

/* What threads do to one number, each in its own way. */
struct contest {
	int fd;
	enum how how;
	int error;
	unsigned int stale;
};

static int increment(struct contest *c, bool by_value)
{
	struct shardmap_op op = value_op(0, NULL);
	__u64 now, next;
	int ret;

	op.out = to_u64(&now);
	op.out_len = sizeof(now);
	ret = do_ioctl(c->fd, SHARDMAP_IOC_GET, &op);
	if (ret)
		return ret;
	next = now + 1;
	op.out = 0;
	op.out_len = 0;
	op.value = to_u64(&next);
	op.value_len = sizeof(next);
	op.flags = SHARDMAP_IF_VERSION;
	if (by_value) {
		op.flags = 0;
		expect(&op, &now);
	}
	return do_how(c->how, c->fd, SHARDMAP_OP_CAS, &op);
}

static void increment_work(unsigned int nth, void *arg)
{
	struct contest *c = arg;
	unsigned int done = 0;

	while (done < INCREMENTS && !c->error) {
		int ret = increment(c, nth % 2);

		if (!ret)
			done++;
		else if (ret == -ESTALE)
			__atomic_fetch_add(&c->stale, 1, __ATOMIC_RELAXED);
		else
			c->error = ret;
	}
}

TEST_F(ops, cas_loses_no_increment)
{
	struct contest c = { .fd = self->fd, .how = variant->how };
	unsigned int i;
	__u64 sum = 1;

	ASSERT_NE(0, put(self->fd, &one));
	/* Until they meet, which may take a while on a busy machine. */
	for (i = 0; i < CONTESTS && !c.stale && !c.error; i++) {
		run_crew(4, increment_work, &c);
		sum += 4 * INCREMENTS;
	}
	EXPECT_EQ(0, c.error);
	EXPECT_EQ(0, check_value(self->fd, OBJ(key), OBJ(sum)));
	EXPECT_LT(0, c.stale);
}

TEST_HARNESS_MAIN
