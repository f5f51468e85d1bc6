/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What each operation of <linux/shardmap.h> accepts, needs and returns: the one
 * description from which the device, the tools, the tests and the tables of
 * Documentation/operations.rst are made.  Not installed, and not part of the interface.
 */
#ifndef _SHARDMAP_OPS_H
#define _SHARDMAP_OPS_H

/**
 * enum shardmap_takes - members that an operation takes; the others must be zero
 * @SHARDMAP_TAKES_VALUE: value, value_len
 * @SHARDMAP_TAKES_OUT: out, out_len
 * @SHARDMAP_TAKES_EXPECTED: expected, expected_len
 * @SHARDMAP_TAKES_VERSION: version, which is not looked at without this
 * @SHARDMAP_TAKES_DELTA: delta
 * @SHARDMAP_TAKES_INITIAL: initial
 * @SHARDMAP_TAKES_TTL: ttl
 */
enum shardmap_takes {
	SHARDMAP_TAKES_VALUE = 1 << 0,
	SHARDMAP_TAKES_OUT = 1 << 1,
	SHARDMAP_TAKES_EXPECTED = 1 << 2,
	SHARDMAP_TAKES_VERSION = 1 << 3,
	SHARDMAP_TAKES_DELTA = 1 << 4,
	SHARDMAP_TAKES_INITIAL = 1 << 5,
	SHARDMAP_TAKES_TTL = 1 << 6,
};

/* Tables, aligned by hand. */
/* clang-format off */

/* Every operation may fail with these: a list without parentheses. */
#define SHARDMAP_OP_ERRNOS EINVAL, EFAULT, EMSGSIZE, EACCES, ENOMEM

/*
 * X(name, word, access, takes, flags, one_of, errnos)
 *
 *  name    of the opcode SHARDMAP_OP_name and of the command SHARDMAP_IOC_name
 *  word    for people
 *  access  enum shardmap_access that the descriptor needs
 *  takes   enum shardmap_takes
 *  flags   enum shardmap_op_flags that it accepts
 *  one_of  of these flags it needs one
 *  errnos  further errnos that it may fail with, in parentheses
 */
#define SHARDMAP_OPS(X)							\
	X(GET, get, SHARDMAP_READ,					\
	  SHARDMAP_TAKES_OUT,						\
	  SHARDMAP_IF_CHANGED | SHARDMAP_NO_TOUCH, 0,			\
	  (ENOENT, ENOBUFS))						\
	X(PUT, put, SHARDMAP_WRITE,					\
	  SHARDMAP_TAKES_VALUE | SHARDMAP_TAKES_TTL,			\
	  SHARDMAP_NOEXIST | SHARDMAP_EXIST | SHARDMAP_SWAP, 0,		\
	  (ENOSPC, EDQUOT, EROFS))					\
	X(DELETE, delete, SHARDMAP_WRITE,				\
	  0,								\
	  SHARDMAP_IF_VERSION | SHARDMAP_IF_VALUE, 0,			\
	  (ENOENT, EROFS))						\
	X(GET_OR_PUT, get-or-put, SHARDMAP_READ | SHARDMAP_WRITE,	\
	  SHARDMAP_TAKES_VALUE | SHARDMAP_TAKES_OUT | SHARDMAP_TAKES_TTL, \
	  0, 0,								\
	  (ENOBUFS, ENOSPC, EDQUOT, EROFS))				\
	X(ADD, add, SHARDMAP_READ | SHARDMAP_WRITE,			\
	  SHARDMAP_TAKES_DELTA,						\
	  SHARDMAP_CREATE, 0,						\
	  (ENOENT, EROFS))						\
	X(CAS, cas, SHARDMAP_WRITE,					\
	  SHARDMAP_TAKES_VALUE | SHARDMAP_TAKES_TTL,			\
	  SHARDMAP_IF_VERSION | SHARDMAP_IF_VALUE,			\
	  SHARDMAP_IF_VERSION | SHARDMAP_IF_VALUE,			\
	  (ENOENT, ENOSPC, EDQUOT, EROFS))				\
	X(TAKE, take, SHARDMAP_READ | SHARDMAP_WRITE,			\
	  SHARDMAP_TAKES_OUT,						\
	  SHARDMAP_IF_VERSION | SHARDMAP_IF_VALUE, 0,			\
	  (ENOENT, ENOBUFS, EROFS))

/*
 * X(name, access, takes, excludes, errnos)
 *
 *  name      of the flag SHARDMAP_name
 *  access    what the descriptor needs besides
 *  takes     what the operation takes besides
 *  excludes  flags that it cannot go with
 *  errnos    what the operation may fail with besides, or 0
 */
#define SHARDMAP_OP_FLAGS(X)						\
	X(NOEXIST, 0, 0,						\
	  SHARDMAP_EXIST | SHARDMAP_SWAP, (EEXIST))			\
	X(EXIST, 0, 0,							\
	  SHARDMAP_NOEXIST, (ENOENT))					\
	X(CREATE, 0,							\
	  SHARDMAP_TAKES_INITIAL | SHARDMAP_TAKES_TTL,			\
	  0, (ENOSPC, EDQUOT))						\
	X(SWAP, SHARDMAP_READ, SHARDMAP_TAKES_OUT,			\
	  SHARDMAP_NOEXIST, (ENOBUFS))					\
	X(IF_VERSION, 0, SHARDMAP_TAKES_VERSION,			\
	  SHARDMAP_IF_VALUE, (ESTALE))					\
	X(IF_VALUE, SHARDMAP_READ, SHARDMAP_TAKES_EXPECTED,		\
	  SHARDMAP_IF_VERSION, (ESTALE))				\
	X(IF_CHANGED, 0, SHARDMAP_TAKES_VERSION, 0, (0))		\
	X(NO_TOUCH, 0, 0, 0, (0))

/* clang-format on */

#endif /* _SHARDMAP_OPS_H */
