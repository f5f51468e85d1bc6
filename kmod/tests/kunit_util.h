/* SPDX-License-Identifier: GPL-2.0-only */
/* What the suites of the table share: tables, keys, values. */
#ifndef _SHARDMAP_TESTS_KUNIT_UTIL_H
#define _SHARDMAP_TESTS_KUNIT_UTIL_H

#include <kunit/test.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/shardmap.h>
#include <linux/types.h>

#include "core/internal.h"
#include "crew.h"

/* suites.c */
extern struct kunit_suite smt_table_suite;
extern struct kunit_suite smt_entry_suite;
extern struct kunit_suite smt_model_suite;
extern struct kunit_suite smt_hash_suite;
extern struct kunit_suite smt_line_suite;
extern struct kunit_suite smt_state_suite;
extern struct kunit_suite smt_resize_suite;
extern struct kunit_suite smt_move_suite;
extern struct kunit_suite smt_scan_suite;
extern struct kunit_suite smt_inline_suite;
extern struct kunit_suite smt_limits_suite;
extern struct kunit_suite smt_errno_suite;
extern struct kunit_suite smt_verbs_suite;
extern struct kunit_suite smt_multi_suite;
extern struct kunit_suite smt_ttl_suite;
extern struct kunit_suite smt_evict_suite;
extern struct kunit_suite smt_bounds_suite;
extern struct kunit_suite smt_watch_suite;
extern struct kunit_suite smt_watch_race_suite;
extern struct kunit_suite smt_race_suite;
extern struct kunit_suite smt_together_suite;
extern struct kunit_suite smt_interrupt_suite;
extern struct kunit_suite smt_torture_suite;

/* kunit_util.c: tables */
struct shardmap *smt_create(struct kunit *test,
			    const struct shardmap_params *params);
struct shardmap *smt_create_chosen(struct kunit *test, unsigned int nr_shards);
void smt_destroy(struct kunit *test, struct shardmap *map);
void smt_settle(struct shardmap *map);
void smt_drain(struct shardmap *map);
const void *smt_hash_gen_params(const void *prev, char *desc);
unsigned int smt_hash_flags(struct kunit *test);

/* Kinds of tables that update with code of their own, and their longest value. */
#define SMT_KINDS 3
#define SMT_KIND_VALUE_MAX 24U

const void *smt_kinds_gen_params(const void *prev, char *desc);
const void *smt_number_kinds_gen_params(const void *prev, char *desc);
struct shardmap *smt_create_kind(struct kunit *test);

/* kunit_util.c: keys and values */
int smt_put(struct shardmap *map, u64 key, u64 value);
int smt_get(struct shardmap *map, u64 key, u64 *value);
int smt_delete(struct shardmap *map, u64 key);
void smt_fill(struct kunit *test, struct shardmap *map, u64 seed, u64 from,
	      u64 to);
void smt_empty(struct kunit *test, struct shardmap *map, u64 seed, u64 from,
	       u64 to);
u64 smt_missing(struct shardmap *map, u64 seed, u64 from, u64 to);
const char *smt_churn(struct smt_worker *w);

/* A request of shardmap_execute() on a key of 8 bytes; more members may follow. */
#define SMT_REQUEST(_verb, _key, ...)                            \
	((struct shardmap_request){ .verb = SHARDMAP_DO_##_verb, \
				    .key = (_key),               \
				    .key_len = sizeof(u64),      \
				    __VA_ARGS__ })

void smt_wait_until(u64 time);
int smt_put_for(struct shardmap *map, u64 key, u64 value, u64 ttl);

/**
 * struct smt_chosen - a key whose hash the test chooses
 * @zero: makes the fast hash forget @tie
 * @tie: tells keys of equal hash apart
 * @one: makes the fast hash pass @hash through
 * @hash: the hash, in tables of smt_create_chosen()
 */
struct smt_chosen {
	__le64 zero;
	__le64 tie;
	__le64 one;
	__le64 hash;
};

struct smt_chosen smt_chosen(u64 hash, u64 tie);
int smt_put_chosen(struct shardmap *map, u64 hash, u64 tie);
bool smt_has_chosen(struct shardmap *map, u64 hash, u64 tie);
int smt_delete_chosen(struct shardmap *map, u64 hash, u64 tie);

/* Longest value of smt_value_make(), which tells key and number by itself. */
#define SMT_VALUE_MAX 160

u32 smt_value_make(void *buf, u64 key, u64 number);
bool smt_value_good(const void *buf, u32 len, u64 key, u64 *number);

/**
 * struct smt_interrupt - what interrupts one thread
 * @timer: comes in hardirq context
 * @tasklet: comes in softirq context after it
 * @hard: what the timer does
 * @soft: what the tasklet does
 * @problem: what went wrong, for both to set
 */
struct smt_interrupt {
	struct hrtimer timer;
	struct tasklet_struct tasklet;
	void (*hard)(struct smt_interrupt *in);
	void (*soft)(struct smt_interrupt *in);
	const char *problem;
};

/* interrupt.c */
void smt_interrupt_init(struct smt_interrupt *in,
			void (*hard)(struct smt_interrupt *in),
			void (*soft)(struct smt_interrupt *in));
void smt_interrupt_arm(struct smt_interrupt *in, u64 ns, u64 *random);
void smt_interrupt_stop(struct kunit *test, struct smt_interrupt *in);

/* check.c */
void smt_expect_sound(struct kunit *test, struct shardmap *map);
u64 smt_walk_count(struct shardmap *map);

#endif /* _SHARDMAP_TESTS_KUNIT_UTIL_H */
