/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Elements that age: what a value in a table stands for, as a pointer to an object
 * that RCU protects would.
 *
 * torture_kunit -> torture_ops -> torture_pool
 *
 * An element whose value has left the table goes through a pipe, one step for each
 * grace period.  Who found the value in a read-side critical section may see the
 * element at the pipe's first step before the section ends, and never at the second.
 */
#ifndef _SHARDMAP_TESTS_TORTURE_H
#define _SHARDMAP_TESTS_TORTURE_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/spinlock.h>

#include "kunit_util.h"

/* Grace periods until an element is used again. */
#define SMT_PIPE_LEN 10U

/* What a word that stands for an element is made of, with a check above. */
#define SMT_ELEMENT_BITS 13
#define SMT_ELEMENTS BIT(SMT_ELEMENT_BITS)
#define SMT_SERIAL_BITS 27

/**
 * struct smt_element - what a value stands for
 * @state: serial number and enum element_state
 * @serial: tells its lives apart; written before it is stored, read without lock
 *	by who found its value
 * @key: the same
 * @pipe: steps in the pipe, 0 as long as it may be in the table
 * @cookie: the grace period that its next step waits for
 * @link: in one of the pool's lists
 */
struct smt_element {
	atomic64_t state;
	u64 serial;
	u64 key;
	unsigned int pipe;
	unsigned long cookie;
	struct list_head link;
};

/**
 * struct smt_pool - elements
 * @hasty: plant: steps do not wait for grace periods
 * @parks: plant: who has come to the end of the pipe is not used again
 * @lock: protects the lists, and @nr_free
 * @free: to be used
 * @piped: out of the table, those with older grace periods first
 * @parked: at the end of the pipe
 * @nr_free: length of @free
 * @seen: for each step of the pipe, how often a reader saw an element there
 * @element: the elements
 */
struct smt_pool {
	bool hasty;
	bool parks;
	spinlock_t lock;
	struct list_head free;
	struct list_head piped;
	struct list_head parked;
	unsigned int nr_free;
	atomic64_t seen[SMT_PIPE_LEN + 1];
	struct smt_element element[SMT_ELEMENTS];
};

/* torture_pool.c */
struct smt_pool *smt_pool_create(struct kunit *test);
struct smt_element *smt_element_new(struct smt_pool *pool, u64 key);
u64 smt_element_word(const struct smt_pool *pool, const struct smt_element *e);
void smt_element_unused(struct smt_pool *pool, struct smt_element *e);
void smt_element_stored(struct smt_pool *pool, u64 word);
void smt_element_gone(struct smt_pool *pool, u64 word);
u64 smt_element_stored_word(const struct smt_pool *pool, struct smt_element *e,
			    u64 *key);
bool smt_word_good(u64 word, u64 key);
const char *smt_element_check(struct smt_pool *pool, u64 word, u64 key);
void smt_pool_age(struct smt_pool *pool, unsigned int steps);
void smt_pool_drain(struct smt_pool *pool);
u64 smt_pool_too_old(const struct smt_pool *pool);

/**
 * struct smt_torture - a table under torture
 * @map: the table
 * @pool: what its values stand for
 * @long_values: values are those of smt_value_make(), else the words alone
 * @ttl: longest time to live of what is stored, 0 for ever
 * @forgetful: plant: sweeps take elements for gone that are in the table
 * @shrinking: more is removed than is stored
 * @stored: values stored
 * @left: values replaced or removed, by updates of their keys
 * @cleared: values removed by clears
 * @skipped: updates left out since the pool was empty
 */
struct smt_torture {
	struct shardmap *map;
	struct smt_pool *pool;
	bool long_values;
	u64 ttl;
	bool forgetful;
	bool shrinking;
	atomic64_t stored;
	atomic64_t left;
	atomic64_t cleared;
	atomic64_t skipped;
};

/**
 * struct smt_sight - a value that was found
 * @key: its key
 * @word: the element it stands for
 * @view: where it stands in the table, unless the table is inline
 */
struct smt_sight {
	u64 key;
	u64 word;
	struct shardmap_view view;
};

/**
 * struct smt_change - an update of one key on its way
 * @key: the key
 * @e: the element to store, or NULL
 * @word: its value
 * @old: value that the entry must have, or had, as far as known
 * @req: the request
 * @value: value to store
 * @expected: value that the entry must have
 * @out: value found
 */
struct smt_change {
	u64 key;
	struct smt_element *e;
	u64 word;
	u64 old;
	struct shardmap_request req;
	u8 value[SMT_VALUE_MAX];
	u8 expected[SMT_VALUE_MAX];
	u8 out[SMT_VALUE_MAX];
};

/**
 * struct smt_writer - who updates, a thread or its tasklet
 * @t: the table
 * @random: state of smt_random()
 * @ops: operations done
 * @change: updates that are made together
 */
struct smt_writer {
	struct smt_torture *t;
	u64 random;
	u64 ops;
	struct smt_change change[2];
};

/* torture_ops.c */
const char *smt_torture_find(struct smt_torture *t, u64 key,
			     struct smt_sight *sight);
const char *smt_torture_check(struct smt_torture *t,
			      const struct smt_sight *sight);
const char *smt_torture_write(struct smt_writer *w, u64 key, u64 other,
			      gfp_t gfp);
const char *smt_torture_sweep(struct smt_torture *t, struct smt_element *e);
const char *smt_torture_scan(struct smt_torture *t,
			     struct shardmap_position *pos);
u64 smt_torture_in_table(struct smt_torture *t);

#endif /* _SHARDMAP_TESTS_TORTURE_H */
