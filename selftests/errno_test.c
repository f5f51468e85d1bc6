// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each operation, with each flag, made to fail with each errno that it may fail with.
 *
 * What these are stands in the tables of <shardmap_ops.h>.  An errno of the tables
 * that nothing here provokes fails the test, and so does one that is provoked and is
 * not in the tables.  After each failure all is as it was.
 */
#include "errno_scene.h"

/**
 * struct provoker - a way to make an operation fail
 * @err: what it fails with
 * @name: for the log
 * @provoke: spoils a scene
 * @arg: for @provoke
 * @room: what is left of room in the table
 * @takes: only for operations that take all of this
 * @takes_not: only for operations that take nothing of this
 * @needs: only for operations that need all of this
 * @flags: only with these flags
 * @flags_not: only without these flags
 * @opcodes: only for these, a bit for each; 0 is all
 * @tables: only for these
 */
struct provoker {
	int err;
	const char *name;
	void (*provoke)(struct scene *s, __u32 arg);
	__u32 arg;
	enum room room;
	__u32 takes;
	__u32 takes_not;
	__u32 needs;
	__u32 flags;
	__u32 flags_not;
	__u32 opcodes;
	enum { ANY_TABLE, TAGGED, INLINE } tables;
};

/* Errnos here are below this. */
enum { ERRNOS_END = 200 };

#define OPCODE(name) (1U << SHARDMAP_OP_##name)

static void short_key(struct scene *s, __u32 len)
{
	s->op->key_len = len;
}

static void long_key(struct scene *s, __u32 arg)
{
	s->op->key_len = KEY_LEN + 1;
}

static void short_value(struct scene *s, __u32 arg)
{
	s->op->value_len--;
}

static void long_value(struct scene *s, __u32 more)
{
	s->op->value_len = s->value_max + more;
}

static void long_expected(struct scene *s, __u32 arg)
{
	s->op->expected_len = s->value_max + 1;
}

static void add_flags(struct scene *s, __u32 flags)
{
	s->op->flags |= flags;
}

static void no_flags(struct scene *s, __u32 arg)
{
	s->op->flags = 0;
}

/* Members that the operation does not take. */
static void give(struct scene *s, __u32 what)
{
	struct shardmap_op *op = s->op;

	switch (what) {
	case SHARDMAP_TAKES_VALUE:
		op->value = to_u64(value);
		op->value_len = s->value_len;
		break;
	case SHARDMAP_TAKES_OUT:
		op->out = to_u64(out);
		op->out_len = s->value_len;
		break;
	case SHARDMAP_TAKES_EXPECTED:
		op->expected = to_u64(expected);
		op->expected_len = s->value_len;
		break;
	case SHARDMAP_TAKES_DELTA:
		op->delta = 1;
		break;
	case SHARDMAP_TAKES_INITIAL:
		op->initial = 1;
		break;
	case SHARDMAP_TAKES_TTL:
		op->ttl = 1;
		break;
	}
}

static void take_odd_key(struct scene *s, __u32 arg)
{
	s->op->key = to_u64(odd_key);
}

static void take_new_key(struct scene *s, __u32 arg)
{
	s->op->key = to_u64(new_key);
}

static void take_the_key(struct scene *s, __u32 arg)
{
	s->op->key = to_u64(the_key);
}

static void lead_nowhere(struct scene *s, __u32 what)
{
	s->hole = to_u64(unmapped_page());
	s->nowhere = NO_INPUT;
	switch (what) {
	case 0:
		s->op->key = s->hole;
		break;
	case SHARDMAP_TAKES_VALUE:
		s->op->value = s->hole;
		break;
	case SHARDMAP_TAKES_EXPECTED:
		s->op->expected = s->hole;
		break;
	case SHARDMAP_TAKES_OUT:
		s->op->out = s->hole;
		s->nowhere = NO_OUTPUT;
		break;
	}
}

static void make_read_only(struct scene *s, __u32 arg)
{
	s->nowhere = NO_STRUCT;
}

static void have_access(struct scene *s, __u32 access)
{
	s->use = do_handle(s->fd, access);
	s->access = access;
}

static void other_version(struct scene *s, __u32 arg)
{
	s->op->version++;
}

static void other_expected(struct scene *s, __u32 arg)
{
	expected[s->value_len - 1] ^= 1;
}

static void short_expected(struct scene *s, __u32 arg)
{
	s->op->expected_len--;
}

static void small_buffer(struct scene *s, __u32 arg)
{
	s->op->out_len--;
}

static void no_buffer(struct scene *s, __u32 arg)
{
	s->op->out = 0;
	s->op->out_len = 0;
}

static void freeze(struct scene *s, __u32 new)
{
	if (new)
		take_new_key(s, 0);
	if (do_freeze(s->fd))
		errx(KSFT_FAIL, "cannot freeze a table");
}

/* clang-format off */
#define UNASKED(what)							\
	{ EINVAL, #what " unasked for", .provoke = give, .arg = SHARDMAP_TAKES_##what,	\
	  .takes_not = SHARDMAP_TAKES_##what }
#define NOWHERE(what)							\
	{ EFAULT, #what " nowhere", .provoke = lead_nowhere, .arg = SHARDMAP_TAKES_##what, \
	  .takes = SHARDMAP_TAKES_##what }
/* Operations that may store a new key, and those that may find it there. */
#define FOR_INSERTS							\
	.opcodes = OPCODE(PUT) | OPCODE(GET_OR_PUT), .flags_not = SHARDMAP_EXIST
#define FOR_CREATION .opcodes = OPCODE(ADD), .flags = SHARDMAP_CREATE
#define FOR_REPLACEMENT							\
	.opcodes = OPCODE(PUT) | OPCODE(CAS), .flags_not = SHARDMAP_NOEXIST, \
	.tables = TAGGED

static const struct provoker provokers[] = {
	{ EINVAL, "empty key", .provoke = short_key, .arg = 0 },
	{ EINVAL, "unknown flag", .provoke = add_flags, .arg = 1 << 13 },
	{ EINVAL, "out only flag", .provoke = add_flags, .arg = SHARDMAP_INSERTED },
	UNASKED(VALUE),
	UNASKED(OUT),
	UNASKED(EXPECTED),
	UNASKED(DELTA),
	UNASKED(INITIAL),
	UNASKED(TTL),
	{ EINVAL, "new and not", .provoke = add_flags, .arg = SHARDMAP_EXIST,
	  .flags = SHARDMAP_NOEXIST },
	{ EINVAL, "swap of nothing", .provoke = add_flags, .arg = SHARDMAP_SWAP,
	  .flags = SHARDMAP_NOEXIST },
	{ EINVAL, "two conditions", .provoke = add_flags, .arg = SHARDMAP_IF_VALUE,
	  .flags = SHARDMAP_IF_VERSION },
	{ EINVAL, "no condition", .provoke = no_flags, .opcodes = OPCODE(CAS) },
	{ EINVAL, "no number", .provoke = take_odd_key, .opcodes = OPCODE(ADD),
	  .tables = TAGGED },
	{ EINVAL, "short key", .provoke = short_key, .arg = KEY_LEN - 1, .tables = INLINE },
	{ EINVAL, "short value", .provoke = short_value, .takes = SHARDMAP_TAKES_VALUE,
	  .tables = INLINE },
	{ EINVAL, "time to live", .provoke = give, .arg = SHARDMAP_TAKES_TTL,
	  .takes = SHARDMAP_TAKES_TTL, .tables = INLINE },
	{ EFAULT, "key nowhere", .provoke = lead_nowhere, .arg = 0 },
	NOWHERE(VALUE),
	NOWHERE(EXPECTED),
	NOWHERE(OUT),
	{ EFAULT, "read-only structure", .provoke = make_read_only },
	{ EMSGSIZE, "long key", .provoke = long_key },
	{ EMSGSIZE, "long value", .provoke = long_value, .arg = 1, .takes = SHARDMAP_TAKES_VALUE },
	{ EMSGSIZE, "long expected value", .provoke = long_expected,
	  .takes = SHARDMAP_TAKES_EXPECTED },
	{ EACCES, "no reading", .provoke = have_access, .arg = SHARDMAP_WRITE,
	  .needs = SHARDMAP_READ },
	{ EACCES, "no writing", .provoke = have_access, .arg = SHARDMAP_READ,
	  .needs = SHARDMAP_WRITE },
	{ ENOENT, "new key", .provoke = take_new_key, .flags_not = SHARDMAP_CREATE,
	  .opcodes = OPCODE(GET) | OPCODE(DELETE) | OPCODE(TAKE) | OPCODE(CAS) |
		     OPCODE(ADD) },
	{ ENOENT, "new key", .provoke = take_new_key, .flags = SHARDMAP_EXIST },
	{ EEXIST, "known key", .provoke = take_the_key, .flags = SHARDMAP_NOEXIST },
	{ ESTALE, "version", .provoke = other_version, .flags = SHARDMAP_IF_VERSION },
	{ ESTALE, "value", .provoke = other_expected, .flags = SHARDMAP_IF_VALUE },
	{ ESTALE, "length", .provoke = short_expected, .flags = SHARDMAP_IF_VALUE },
	{ ENOBUFS, "small buffer", .provoke = small_buffer, .takes = SHARDMAP_TAKES_OUT },
	{ ENOBUFS, "no buffer", .provoke = no_buffer, .takes = SHARDMAP_TAKES_OUT },
	{ ENOSPC, "entries", .provoke = take_new_key, .room = NO_ENTRIES, FOR_INSERTS },
	{ ENOSPC, "entries", .provoke = take_new_key, .room = NO_ENTRIES, FOR_CREATION },
	{ ENOSPC, "bytes", .provoke = take_new_key, .room = NO_BYTES, FOR_INSERTS,
	  .tables = TAGGED },
	{ ENOSPC, "bytes", .provoke = take_new_key, .room = NO_BYTES, FOR_CREATION,
	  .tables = TAGGED },
	{ ENOSPC, "larger", .provoke = long_value, .room = NO_BYTES, FOR_REPLACEMENT },
	{ EDQUOT, "quota", .provoke = take_new_key, .room = NO_QUOTA, FOR_INSERTS },
	{ EDQUOT, "quota", .provoke = take_new_key, .room = NO_QUOTA, FOR_CREATION },
	{ EDQUOT, "larger", .provoke = long_value, .room = NO_QUOTA, FOR_REPLACEMENT },
	{ EROFS, "frozen", .provoke = freeze, .needs = SHARDMAP_WRITE },
	{ EROFS, "frozen, new key", .provoke = freeze, .arg = 1, .needs = SHARDMAP_WRITE },
};
/* clang-format on */

/* Which table, and how the operations are called for. */
FIXTURE(errnos)
{
	struct scene scene;
	/* By opcode, flag of flag_rows (the last is for none), and errno. */
	bool provoked[SHARDMAP_OP_NR][ARRAY_SIZE(flag_rows) + 1][ERRNOS_END];
};

FIXTURE_VARIANT(errnos)
{
	bool is_inline;
	enum mode mode;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(errnos, single) { .mode = SINGLE };
FIXTURE_VARIANT_ADD(errnos, batch) { .mode = BATCH };
FIXTURE_VARIANT_ADD(errnos, atomic) { .mode = ATOMIC };
FIXTURE_VARIANT_ADD(errnos, inline_single) { .is_inline = true, .mode = SINGLE };
FIXTURE_VARIANT_ADD(errnos, inline_batch) { .is_inline = true, .mode = BATCH };
FIXTURE_VARIANT_ADD(errnos, inline_atomic) { .is_inline = true, .mode = ATOMIC };
/* clang-format on */

FIXTURE_SETUP(errnos)
{
	if (geteuid())
		SKIP(return, "only root can give others a quota");
	self->scene.is_inline = variant->is_inline;
	self->scene.dev = open_device();
	ASSERT_LE(0, self->scene.dev);
	self->scene.op = guarded_pages(1);
}

FIXTURE_TEARDOWN(errnos)
{
	close(self->scene.dev);
}

/* What cannot be provoked from here, and why. */
static bool is_exempt(__u32 opcode, int err, bool is_inline)
{
	/* Allocations of the kernel fail in tests of the core on the host. */
	if (err == ENOMEM)
		return true;
	/* A value takes the place of another of its size there. */
	return is_inline && opcode == SHARDMAP_OP_CAS &&
	       (err == ENOSPC || err == EDQUOT);
}

static bool has_errno(const int *errnos, size_t n, int err)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (errnos[i] == err)
			return true;
	return false;
}

/* @flag: NULL for none */
static bool is_documented(__u32 opcode, const struct flag_row *flag, int err)
{
	return has_errno(common_errnos, ARRAY_SIZE(common_errnos), err) ||
	       has_errno(op_rows[opcode].errnos, 8, err) ||
	       (flag && has_errno(flag->errnos, 8, err));
}

static bool applies(const struct provoker *p, const struct scene *s,
		    __u32 flags)
{
	if (p->opcodes && !(p->opcodes & 1U << s->opcode))
		return false;
	if (p->tables && (p->tables == INLINE) != s->is_inline)
		return false;
	return !(p->takes & ~s->takes) && !(p->takes_not & s->takes) &&
	       !(p->needs & ~s->needs) && !(p->flags & ~flags) &&
	       !(p->flags_not & flags);
}

typedef bool provoked_t[SHARDMAP_OP_NR][ARRAY_SIZE(flag_rows) + 1][ERRNOS_END];

static unsigned int complain(__u32 opcode, const char *flag, int err)
{
	ksft_print_msg("%s %s: nothing provokes %s\n", op_rows[opcode].name,
		       flag, strerror(err));
	return 1;
}

/* Those of an operation with any flag, those of a flag with that one. */
static unsigned int count_unprovoked(provoked_t provoked, bool is_inline)
{
	unsigned int missing = 0;
	__u32 opcode, f;
	int err;

	for (opcode = 0; opcode < SHARDMAP_OP_NR; opcode++) {
		for (err = 1; err < ERRNOS_END; err++) {
			bool any = is_exempt(opcode, err, is_inline);

			for (f = 0; f <= ARRAY_SIZE(flag_rows); f++)
				any |= provoked[opcode][f][err];
			if (!any && is_documented(opcode, NULL, err))
				missing += complain(opcode, "", err);
			for (f = 0; f < ARRAY_SIZE(flag_rows); f++)
				if (op_rows[opcode].flags & flag_rows[f].flag &&
				    has_errno(flag_rows[f].errnos, 8, err) &&
				    !provoked[opcode][f][err])
					missing += complain(
						opcode, flag_rows[f].name, err);
		}
	}
	return missing;
}

/* The operation with a flag, or with none; false if it does not go with that. */
static bool set_operation(struct scene *s, __u32 opcode,
			  const struct flag_row *flag)
{
	const struct op_row *row = &op_rows[opcode];

	if (flag ? !(row->flags & flag->flag) : row->one_of)
		return false;
	scene_init(s, opcode, flag ? flag->flag : 0);
	return true;
}

static const struct flag_row *nth_flag(__u32 n)
{
	return n < ARRAY_SIZE(flag_rows) ? &flag_rows[n] : NULL;
}

/* Returns what there is to complain of, or NULL. */
static const char *provoke(struct scene *s, const struct flag_row *flag,
			   enum mode mode, const struct provoker *p)
{
	const char *complaint;

	scene_begin(s, flag ? flag->flag : 0, p ? p->room : ROOM);
	if (p)
		p->provoke(s, p->arg);
	complaint = scene_run(s, mode, p ? -p->err : 0);
	if (!complaint && p && !is_documented(s->opcode, flag, p->err))
		complaint = "not documented";
	scene_end(s);
	return complaint;
}

TEST_F(errnos, each_provoked_and_nothing_changed)
{
	struct scene *s = &self->scene;
	__u32 opcode, f, i;

	for (opcode = 0; opcode < SHARDMAP_OP_NR; opcode++) {
		for (f = 0; f <= ARRAY_SIZE(flag_rows); f++) {
			const struct flag_row *flag = nth_flag(f);

			if (!set_operation(s, opcode, flag))
				continue;
			for (i = 0; i < ARRAY_SIZE(provokers); i++) {
				const struct provoker *p = &provokers[i];
				const char *complaint;

				scene_init(s, opcode, flag ? flag->flag : 0);
				if (!applies(p, s, flag ? flag->flag : 0))
					continue;
				complaint = provoke(s, flag, variant->mode, p);
				EXPECT_EQ(NULL, complaint)
				{
					TH_LOG("%s %s, %s %s: %s",
					       op_rows[opcode].name,
					       flag ? flag->name : "",
					       strerror(p->err), p->name,
					       complaint);
				}
				self->provoked[opcode][f][p->err] = true;
			}
		}
	}
	EXPECT_EQ(0, count_unprovoked(self->provoked, s->is_inline));
}

/* Else the other test could be satisfied by some other mistake. */
TEST_F(errnos, none_without_a_provocation)
{
	struct scene *s = &self->scene;
	__u32 opcode, f;

	for (opcode = 0; opcode < SHARDMAP_OP_NR; opcode++) {
		for (f = 0; f <= ARRAY_SIZE(flag_rows); f++) {
			const struct flag_row *flag = nth_flag(f);
			const char *complaint;

			if (!set_operation(s, opcode, flag))
				continue;
			complaint = provoke(s, flag, variant->mode, NULL);
			EXPECT_EQ(NULL, complaint)
			{
				TH_LOG("%s %s: %s", op_rows[opcode].name,
				       flag ? flag->name : "", complaint);
			}
		}
	}
}

TEST_HARNESS_MAIN
