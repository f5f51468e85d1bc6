/* SPDX-License-Identifier: GPL-2.0-only */
/* What the suites of the alternatives share: maps, and entries made from numbers. */
#ifndef _SHARDMAP_TESTS_BACKENDS_H
#define _SHARDMAP_TESTS_BACKENDS_H

#include <linux/types.h>

#include "bench/bench.h"
#include "crew.h"

/* Keys are made from numbers below 2^24, values from those below 2^40, too. */
#define SMB_ID_BITS 24
#define SMB_NUMBER_BITS 40

/**
 * struct smb_map - a map under test
 * @backend: its operations
 * @payload: sizes of keys and values
 * @map: the map itself
 */
struct smb_map {
	const struct bench_backend *backend;
	const struct bench_payload *payload;
	void *map;
};

/**
 * enum smb_found - how a lookup ended
 * @SMB_ABSENT: there is no such key
 * @SMB_FOUND: found, and the value is one that was made for this key
 * @SMB_TORN: found, but the value was never put under this key
 */
enum smb_found {
	SMB_ABSENT,
	SMB_FOUND,
	SMB_TORN,
};

extern struct kunit_suite smb_suite;
extern struct kunit_suite smb_race_suite;

/* backends_util.c */
const void *smb_gen_params(const void *prev, char *desc);
const void *smb_batch_gen_params(const void *prev, char *desc);
u64 smb_steps(void);
struct smb_map *smb_create(struct kunit *test);
void smb_destroy(struct kunit *test, struct smb_map *m);
void smb_settle(struct smb_map *m);
int smb_put(struct smb_map *m, u32 id, u64 number);
enum smb_found smb_get(struct smb_map *m, u32 id, u64 *number);
bool smb_del(struct smb_map *m, u32 id);
unsigned int smb_get_batch(struct smb_map *m, const u32 *ids,
			   enum smb_found *found, u64 *numbers);
u32 smb_capacity(const struct smb_map *m, u32 wanted);

#endif /* _SHARDMAP_TESTS_BACKENDS_H */
