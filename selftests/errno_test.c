// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every errno that an operation may fail with, by uapi/shardmap_ops.h: it does, alone
 * and in a batch, with each of its flags, and then has changed nothing.
 */
#include <shardmap_ops.h>

#include "batch.h"
#include "scan.h"

enum { KEY_MAX = 16, VALUE_MAX = 4096, ERRNOS_MAX = 16 };

static const __u64 number = 7;
static char out[64];
static char large[VALUE_MAX];

/* A row of the description; the list of errnos ends with 0. */
struct rule {
	__u32 access;
	__u32 takes;
	__u32 flags;
	__u32 one_of;
	int errnos[ERRNOS_MAX];
};

#define LIST(...) __VA_ARGS__

static const struct rule rules[SHARDMAP_OP_NR] = {
#define RULE(name, word, access, takes, flags, one_of, errnos) \
	[SHARDMAP_OP_##name] = { access,                       \
				 takes,                        \
				 flags,                        \
				 one_of,                       \
				 { SHARDMAP_OP_ERRNOS, LIST errnos, 0 } },
	SHARDMAP_OPS(RULE)
#undef RULE
};

static const struct flag_rule {
	__u32 flag;
	__u32 access;
	__u32 takes;
	int errnos[ERRNOS_MAX];
} flag_rules[] = {
#define RULE(name, access, takes, excludes, errnos) \
	{ SHARDMAP_##name, access, takes, { LIST errnos, 0 } },
	SHARDMAP_OP_FLAGS(RULE)
#undef RULE
};

static const unsigned int commands[SHARDMAP_OP_NR] = {
#define COMMAND(name, ...) [SHARDMAP_OP_##name] = SHARDMAP_IOC_##name,
	SHARDMAP_OPS(COMMAND)
#undef COMMAND
};

/**
 * struct attempt - an operation that is to fail in one way
 * @opcode: enum shardmap_opcode
 * @wanted: the errno
 * @takes: enum shardmap_takes, with its flags
 * @access: enum shardmap_access, with its flags
 * @op: the operation
 * @fd: the descriptor to use
 */
struct attempt {
	__u32 opcode;
	int wanted;
	__u32 takes;
	__u32 access;
	struct shardmap_op op;
	int fd;
};

/*
 * @table: a table with a key that is a number
 * @full: the same with no room for anything else
 */
FIXTURE(errnos)
{
	int dev;
	int table;
	int full;
};

FIXTURE_VARIANT(errnos)
{
	__u32 opcode;
};

/* clang-format off */
#define VARIANT(name, ...) \
	FIXTURE_VARIANT_ADD(errnos, name) { .opcode = SHARDMAP_OP_##name };
SHARDMAP_OPS(VARIANT)
#undef VARIANT
/* clang-format on */

FIXTURE_SETUP(errnos)
{
	struct shardmap_create how = { .max_key_len = KEY_MAX,
				       .max_value_len = VALUE_MAX };

	self->dev = open_device();
	ASSERT_LE(0, self->dev);
	self->table = do_create(self->dev, &how);
	ASSERT_LE(0, self->table);
	how.max_entries = 1;
	how.max_bytes = VALUE_MAX / 4;
	self->full = do_create(self->dev, &how);
	ASSERT_LE(0, self->full);
	ASSERT_EQ(0, store(self->table, STR("key"), OBJ(number)));
	ASSERT_EQ(0, store(self->full, STR("key"), OBJ(number)));
}

FIXTURE_TEARDOWN(errnos)
{
	EXPECT_EQ(0, close(self->full));
	EXPECT_EQ(0, close(self->table));
	EXPECT_EQ(0, close(self->dev));
}

/* An operation that would succeed, but for the flags that want the key absent. */
static struct attempt make_attempt(int fd, __u32 opcode, __u32 flags)
{
	struct attempt a = { .opcode = opcode,
			     .takes = rules[opcode].takes,
			     .access = rules[opcode].access,
			     .op = key_op(STR("key")),
			     .fd = fd };
	__u32 len = sizeof(out);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(flag_rules); i++) {
		if (flags & flag_rules[i].flag) {
			a.takes |= flag_rules[i].takes;
			a.access |= flag_rules[i].access;
		}
	}
	a.op.flags = flags;
	if (a.takes & SHARDMAP_TAKES_VALUE) {
		a.op.value = to_u64(&number);
		a.op.value_len = sizeof(number);
	}
	if (a.takes & SHARDMAP_TAKES_OUT) {
		a.op.out = to_u64(out);
		a.op.out_len = sizeof(out);
	}
	if (a.takes & SHARDMAP_TAKES_EXPECTED) {
		a.op.expected = to_u64(&number);
		a.op.expected_len = sizeof(number);
	}
	if (flags & SHARDMAP_IF_VERSION)
		do_get(fd, STR("key"), out, &len, &a.op.version);
	return a;
}

/* Changes the attempt so that it fails as wanted; false if that cannot be had. */
static bool provoke(struct attempt *a)
{
	struct shardmap_op *op = &a->op;
	bool new_key = op->flags & (SHARDMAP_NOEXIST | SHARDMAP_CREATE) ||
		       a->opcode == SHARDMAP_OP_GET_OR_PUT;

	switch (a->wanted) {
	case EINVAL:
		op->key_len = 0;
		return true;
	case EFAULT:
		op->key = to_u64(unmapped_page());
		return true;
	case EMSGSIZE:
		op->key = to_u64(large);
		op->key_len = KEY_MAX + 1;
		return true;
	case EACCES:
		a->fd = do_handle(a->fd, a->access & SHARDMAP_WRITE ?
						 SHARDMAP_READ :
						 SHARDMAP_WRITE);
		return a->fd >= 0;
	case EROFS:
		return !do_freeze(a->fd);
	case ENOENT:
		op->key = to_u64("none");
		op->key_len = 4;
		return !(op->flags & SHARDMAP_CREATE);
	case EEXIST:
		return true;
	case ESTALE:
		if (a->takes & SHARDMAP_TAKES_EXPECTED)
			op->expected_len--;
		op->version++;
		return true;
	case ENOBUFS:
		op->out_len = sizeof(number) - 1;
		return true;
	case ENOSPC:
		if (new_key) {
			op->key = to_u64("new");
			return true;
		}
		op->value = to_u64(large);
		op->value_len = sizeof(large);
		return true;
	}
	/* ENOMEM takes a shortage, and EDQUOT has a test of its own. */
	return false;
}

/* The same operation as the only one of a batch. */
static int in_batch(const struct attempt *a)
{
	const struct shardmap_op *op = &a->op;
	struct shardmap_batch_op *entry;
	__u32 done = 0;
	struct batch b;
	int ret;

	batch_init(&b, 2 * VALUE_MAX, sizeof(out));
	entry = batch_op(&b, a->opcode, (void *)(uintptr_t)op->key,
			 op->key_len);
	entry->flags = op->flags;
	entry->version = op->version;
	if (op->value_len) {
		entry->value_off = batch_input(&b, (void *)(uintptr_t)op->value,
					       op->value_len);
		entry->value_len = op->value_len;
	}
	if (op->expected_len) {
		entry->expected_off = batch_input(
			&b, (void *)(uintptr_t)op->expected, op->expected_len);
		entry->expected_len = op->expected_len;
	}
	entry->out_len = op->out_len;
	entry->out_off = batch_output(&b, op->out_len);
	ret = do_batch(a->fd, &b, &done);
	if (!ret)
		ret = done == 1 ? entry->status : -EPROTO;
	batch_free(&b);
	return ret;
}

/* NULL, or what is wrong. */
static const char *try(int fd, __u32 opcode, __u32 flags, int wanted, int *got)
{
	struct attempt a = make_attempt(fd, opcode, flags);
	struct snapshot before;
	const char *wrong = NULL;
	struct shardmap_op op;

	*got = 0;
	a.wanted = wanted;
	if (snapshot_take(fd, &before))
		return "no snapshot";
	if (!provoke(&a)) {
		snapshot_free(&before);
		return wanted == EROFS ? "cannot freeze" : NULL;
	}
	op = a.op;
	*got = do_op(a.fd, commands[opcode], &op);
	if (*got != -wanted)
		wrong = "alone";
	/* A batch has no pointers. */
	if (!wrong && wanted != EFAULT) {
		*got = in_batch(&a);
		if (*got != -wanted)
			wrong = "in a batch";
	}
	if (!wrong && snapshot_check(fd, &before))
		wrong = "changed something";
	snapshot_free(&before);
	if (a.fd != fd)
		close(a.fd);
	return wrong;
}

/* All errnos of a list; freezing comes last, for nothing else fails after it. */
static unsigned int try_list(int table, int full, __u32 opcode, __u32 flags,
			     const int *errnos, bool last)
{
	unsigned int failures = 0;
	const char *wrong;
	int got;

	for (; *errnos; errnos++) {
		if ((*errnos == EROFS) != last)
			continue;
		wrong = try(*errnos == ENOSPC ? full : table, opcode, flags,
			    *errnos, &got);
		if (!wrong)
			continue;
		ksft_print_msg("opcode %u, flags %#x, errno %d: %s: %d\n",
			       opcode, flags, *errnos, wrong, got);
		failures++;
	}
	return failures;
}

TEST_F(errnos, each_is_returned_and_changes_nothing)
{
	const struct rule *rule = &rules[variant->opcode];
	__u32 needed = rule->one_of & -rule->one_of;
	unsigned int i, last;

	for (last = 0; last < 2; last++) {
		EXPECT_EQ(0, try_list(self->table, self->full, variant->opcode,
				      needed, rule->errnos, last));
		for (i = 0; i < ARRAY_SIZE(flag_rules); i++) {
			const struct flag_rule *flag = &flag_rules[i];

			if (!(flag->flag & rule->flags))
				continue;
			EXPECT_EQ(0, try_list(self->table, self->full,
					      variant->opcode, flag->flag,
					      rule->errnos, last));
			EXPECT_EQ(0, try_list(self->table, self->full,
					      variant->opcode, flag->flag,
					      flag->errnos, last));
		}
	}
}

TEST_HARNESS_MAIN
