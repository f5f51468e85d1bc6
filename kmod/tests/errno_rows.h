/* SPDX-License-Identifier: GPL-2.0-only */
/* Requests that fail, for the suite of errnos. */
#ifndef _SHARDMAP_TESTS_ERRNO_ROWS_H
#define _SHARDMAP_TESTS_ERRNO_ROWS_H

#include <kunit/test.h>
#include <linux/bits.h>
#include <linux/types.h>

/* Longest value of the tagged tables that requests fail on. */
#define VALUE_MAX 24U

/* What the tables hold: numbers, and in a tagged table a text. */
#define NR_KEYS 3U
#define NUMBER 1ULL
#define TEXT 2ULL
#define ABSENT 99ULL

enum table {
	TAGGED = BIT(0),
	INLINE = BIT(1),
	BOTH = TAGGED | INLINE,
};

/* What is done to the table before. */
enum state {
	NORMAL,
	FULL,
	OVER_QUOTA,
	FROZEN,
	NO_MEMORY,
};

/**
 * struct row - a request that fails
 * @verb: SHARDMAP_DO_*
 * @flags: SHARDMAP_REQ_*
 * @err: what it fails with
 * @tables: where
 * @key: on which key
 * @key_len: its length if that is wrong, -1 for none
 * @value_len: length of the value, if that is not 8
 * @state: of the table
 * @stale: what is expected is not what is there
 * @no_room: the buffer is too short by one byte
 * @ttl: time to live
 */
struct row {
	unsigned int verb;
	unsigned int flags;
	int err;
	enum table tables;
	u64 key;
	int key_len;
	u32 value_len;
	enum state state;
	bool stale;
	bool no_room;
	u64 ttl;
};

extern const struct row smt_errno_rows[];
extern const unsigned int smt_errno_nr_rows;
void smt_every_errno_has_a_row(struct kunit *test);

#endif /* _SHARDMAP_TESTS_ERRNO_ROWS_H */
