/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keyed 64-bit hashes of byte strings.  The secret is drawn once per table and
 * never changes: a key keeps its place in hash order for the table's life.
 */
#ifndef _SHARDMAP_CORE_HASH_H
#define _SHARDMAP_CORE_HASH_H

#include <linux/bitops.h>
#include <linux/math64.h>
#include <linux/siphash.h>
#include <linux/types.h>

/**
 * struct sm_secret - what the hashes are keyed with
 * @sip: key of the SipHash that orders keys
 * @tie: key of the SipHash that orders keys of equal hash
 * @fold: words of the fast function
 */
struct sm_secret {
	siphash_key_t sip;
	siphash_key_t tie;
	u64 fold[4];
};

u64 sm_siphash13(const void *data, size_t len, const siphash_key_t *key);
u64 sm_foldhash(const void *data, size_t len, const u64 *secret);

#endif /* _SHARDMAP_CORE_HASH_H */
