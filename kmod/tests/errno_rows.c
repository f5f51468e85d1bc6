// SPDX-License-Identifier: GPL-2.0-only
/*
 * One row for each errno of each verb.  That none is missing, and none is there that
 * uapi/shardmap_ops.h does not have, is checked at the end.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/shardmap.h>
#include <uapi/linux/shardmap.h>
#include <uapi/shardmap_ops.h>

#include "errno_rows.h"

/* Aligned by hand. */
/* clang-format off */

#define ROW(_verb, _err, _tables, ...)						\
	{ .verb = SHARDMAP_DO_##_verb, .err = -(_err), .tables = (_tables),	\
	  __VA_ARGS__ }

/* What all verbs have in common. */
#define KEY_ROWS(_verb, ...)							\
	ROW(_verb, EINVAL, BOTH, .key = NUMBER, .key_len = -1, __VA_ARGS__),	\
	ROW(_verb, EINVAL, INLINE, .key = NUMBER, .key_len = 7, __VA_ARGS__),	\
	ROW(_verb, EMSGSIZE, BOTH, .key = NUMBER, .key_len = 9, __VA_ARGS__)

#define FROZEN_ROW(_verb, ...)							\
	ROW(_verb, EROFS, BOTH, .key = NUMBER, .state = FROZEN, __VA_ARGS__)

/* What all that store a given value have in common. */
#define VALUE_ROWS(_verb, ...)							\
	ROW(_verb, EMSGSIZE, TAGGED, .key = NUMBER, .value_len = VALUE_MAX + 1,	\
	    __VA_ARGS__),							\
	ROW(_verb, EMSGSIZE, INLINE, .key = NUMBER, .value_len = 9, __VA_ARGS__), \
	ROW(_verb, EINVAL, INLINE, .key = NUMBER, .value_len = 7, __VA_ARGS__),	\
	ROW(_verb, EINVAL, INLINE, .key = NUMBER, .ttl = 1, __VA_ARGS__)

/* A new key has no room. */
#define INSERT_ROWS(_verb, ...)							\
	ROW(_verb, ENOSPC, BOTH, .key = ABSENT, .state = FULL, __VA_ARGS__),	\
	ROW(_verb, EDQUOT, BOTH, .key = ABSENT, .state = OVER_QUOTA, __VA_ARGS__), \
	ROW(_verb, ENOMEM, TAGGED, .key = ABSENT, .state = NO_MEMORY, __VA_ARGS__)

/* A longer value has no room. */
#define LONGER(_state, ...)							\
	.key = NUMBER, .value_len = VALUE_MAX, .state = _state, __VA_ARGS__
#define LONGER_ROWS(_verb, ...)							\
	ROW(_verb, ENOSPC, TAGGED, LONGER(FULL, __VA_ARGS__)),			\
	ROW(_verb, EDQUOT, TAGGED, LONGER(OVER_QUOTA, __VA_ARGS__)),		\
	ROW(_verb, ENOMEM, TAGGED, LONGER(NO_MEMORY, __VA_ARGS__))

#define STALE_ROWS(_verb)							\
	ROW(_verb, ESTALE, BOTH, .key = NUMBER, .stale = true,			\
	    .flags = SHARDMAP_REQ_IF_VERSION),					\
	ROW(_verb, ESTALE, BOTH, .key = NUMBER, .stale = true,			\
	    .flags = SHARDMAP_REQ_IF_VALUE)

#define NO_ROOM_ROWS(_verb, ...)						\
	ROW(_verb, ENOBUFS, BOTH, .key = NUMBER, .no_room = true, __VA_ARGS__),	\
	ROW(_verb, ENOBUFS, TAGGED, .key = TEXT, .no_room = true, __VA_ARGS__)

#define IF_VERSION .flags = SHARDMAP_REQ_IF_VERSION
#define CREATE .flags = SHARDMAP_REQ_CREATE
#define SWAP .flags = SHARDMAP_REQ_SWAP

const struct row smt_errno_rows[] = {
	KEY_ROWS(GET),
	NO_ROOM_ROWS(GET),
	ROW(GET, ENOENT, BOTH, .key = ABSENT),

	KEY_ROWS(PUT),
	VALUE_ROWS(PUT),
	FROZEN_ROW(PUT),
	INSERT_ROWS(PUT),
	LONGER_ROWS(PUT),
	NO_ROOM_ROWS(PUT, SWAP),
	ROW(PUT, EEXIST, BOTH, .key = NUMBER, .flags = SHARDMAP_REQ_NOEXIST),
	ROW(PUT, ENOENT, BOTH, .key = ABSENT, .flags = SHARDMAP_REQ_EXIST),

	KEY_ROWS(DELETE),
	FROZEN_ROW(DELETE),
	STALE_ROWS(DELETE),
	ROW(DELETE, ENOENT, BOTH, .key = ABSENT),
	ROW(DELETE, ENOMEM, TAGGED, .key = NUMBER, .state = NO_MEMORY),

	KEY_ROWS(GET_OR_PUT),
	VALUE_ROWS(GET_OR_PUT),
	FROZEN_ROW(GET_OR_PUT),
	INSERT_ROWS(GET_OR_PUT),
	NO_ROOM_ROWS(GET_OR_PUT),

	KEY_ROWS(ADD),
	FROZEN_ROW(ADD),
	INSERT_ROWS(ADD, CREATE),
	ROW(ADD, ENOENT, BOTH, .key = ABSENT),
	ROW(ADD, EINVAL, TAGGED, .key = TEXT),
	ROW(ADD, EINVAL, INLINE, .key = NUMBER, .ttl = 1, CREATE),

	KEY_ROWS(CAS, IF_VERSION),
	VALUE_ROWS(CAS, IF_VERSION),
	FROZEN_ROW(CAS, IF_VERSION),
	LONGER_ROWS(CAS, IF_VERSION),
	STALE_ROWS(CAS),
	ROW(CAS, ENOENT, BOTH, .key = ABSENT, IF_VERSION),

	KEY_ROWS(TAKE),
	FROZEN_ROW(TAKE),
	STALE_ROWS(TAKE),
	NO_ROOM_ROWS(TAKE),
	ROW(TAKE, ENOENT, BOTH, .key = ABSENT),
	ROW(TAKE, ENOMEM, TAGGED, .key = NUMBER, .state = NO_MEMORY),
};

#define BARE(...) __VA_ARGS__

#define OPERATION(_name, _word, _access, _takes, _flags, _one_of, _errnos)	\
	{ SHARDMAP_DO_##_name, _flags, { SHARDMAP_OP_ERRNOS, BARE _errnos } },

#define FLAG(_name, _access, _takes, _excludes, _errnos)			\
	{ 0, SHARDMAP_##_name, { BARE _errnos } },

/* clang-format on */

const unsigned int smt_errno_nr_rows = ARRAY_SIZE(smt_errno_rows);

#define ERRNOS_MAX 16

/**
 * struct promise - what the table of operations says of one, or of a flag
 * @verb: the operation
 * @flags: flags that it knows; or the flag
 * @errnos: what it may fail with
 */
struct promise {
	unsigned int verb;
	unsigned int flags;
	int errnos[ERRNOS_MAX];
};

static const struct promise operations[] = { SHARDMAP_OPS(OPERATION) };
static const struct promise flags[] = { SHARDMAP_OP_FLAGS(FLAG) };

/* Those of user memory and descriptors are the device's; lookups take no memory. */
static bool is_kernels(unsigned int verb, int err)
{
	return err && err != EFAULT && err != EACCES &&
	       !(verb == SHARDMAP_DO_GET && err == ENOMEM);
}

static bool has_row(unsigned int verb, unsigned int flag, int err)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(smt_errno_rows); i++) {
		const struct row *row = &smt_errno_rows[i];

		if (row->verb == verb && row->err == -err &&
		    (row->flags & flag) == flag)
			return true;
	}
	return false;
}

/* All errnos of @p have rows, those with @flag if it is not 0. */
static void expect_rows(struct kunit *test, unsigned int verb,
			unsigned int flag, const struct promise *p)
{
	unsigned int i;

	for (i = 0; i < ERRNOS_MAX; i++)
		if (is_kernels(verb, p->errnos[i]))
			KUNIT_EXPECT_TRUE_MSG(
				test, has_row(verb, flag, p->errnos[i]),
				"verb %u, flag %x, error %d has no row", verb,
				flag, p->errnos[i]);
}

static bool says(const struct promise *p, int err)
{
	unsigned int i;

	for (i = 0; i < ERRNOS_MAX; i++)
		if (p->errnos[i] == err)
			return true;
	return false;
}

static bool is_promised(const struct row *row)
{
	unsigned int i;

	if (says(&operations[row->verb], -row->err))
		return true;
	for (i = 0; i < ARRAY_SIZE(flags); i++)
		if (flags[i].flags & row->flags && says(&flags[i], -row->err))
			return true;
	return false;
}

/**
 * smt_every_errno_has_a_row() - Compare the rows with the table of operations.
 * @test: the case
 */
void smt_every_errno_has_a_row(struct kunit *test)
{
	unsigned int i, f;

	KUNIT_ASSERT_EQ(test, SHARDMAP_VERBS, ARRAY_SIZE(operations));
	for (i = 0; i < ARRAY_SIZE(operations); i++) {
		const struct promise *p = &operations[i];

		KUNIT_ASSERT_EQ(test, i, p->verb);
		expect_rows(test, i, 0, p);
		for (f = 0; f < ARRAY_SIZE(flags); f++)
			if (p->flags & flags[f].flags)
				expect_rows(test, i, flags[f].flags, &flags[f]);
	}
	for (i = 0; i < ARRAY_SIZE(smt_errno_rows); i++)
		KUNIT_EXPECT_TRUE_MSG(test, is_promised(&smt_errno_rows[i]),
				      "verb %u may not fail with %d",
				      smt_errno_rows[i].verb,
				      smt_errno_rows[i].err);
}
