/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keyed 64-bit hashes of byte strings.  The secret is drawn once per table and
 * never changes: a key keeps its place in hash order for the table's life.
 */
#ifndef _SHARDMAP_CORE_HASH_H
#define _SHARDMAP_CORE_HASH_H

#include <linux/bitops.h>
#include <linux/compiler.h>
#include <linux/math64.h>
#include <linux/siphash.h>
#include <linux/types.h>

#include "compat.h"

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

/* The fewer than 8 bytes at the end of a key, as a little-endian number. */
static __always_inline u64 sm_load_tail(const u8 *p, size_t len)
{
	if (len >= 4)
		/* The two words overlap unless there are 8 bytes. */
		return get_unaligned_le32(p) |
		       (u64)get_unaligned_le32(p + len - 4) << (8 * len - 32);
	if (!len)
		return 0;
	/* First, middle and last byte: all of them. */
	return p[0] | (u64)p[len / 2] << (8 * (len / 2)) |
	       (u64)p[len - 1] << (8 * len - 8);
}

/* sm_siphash13(), for keys whose length the compiler knows. */
static __always_inline u64 sm_siphash13_inline(const void *data, size_t len,
					       const siphash_key_t *key)
{
	u64 v0 = SIPHASH_CONST_0 ^ key->key[0];
	u64 v1 = SIPHASH_CONST_1 ^ key->key[1];
	u64 v2 = SIPHASH_CONST_2 ^ key->key[0];
	u64 v3 = SIPHASH_CONST_3 ^ key->key[1];
	const u8 *p = data;
	const u8 *end = p + (len & ~(size_t)7);
	u64 word;

	for (; p != end; p += 8) {
		word = get_unaligned_le64(p);
		v3 ^= word;
		SIPHASH_PERMUTATION(v0, v1, v2, v3);
		v0 ^= word;
	}
	word = ((u64)len << 56) | sm_load_tail(p, len & 7);
	v3 ^= word;
	SIPHASH_PERMUTATION(v0, v1, v2, v3);
	v0 ^= word;
	v2 ^= 0xff;
	SIPHASH_PERMUTATION(v0, v1, v2, v3);
	SIPHASH_PERMUTATION(v0, v1, v2, v3);
	SIPHASH_PERMUTATION(v0, v1, v2, v3);
	return (v0 ^ v1) ^ (v2 ^ v3);
}

/* Multiply to 128 bits and fold the halves. */
static __always_inline u64 sm_fold(u64 a, u64 b)
{
#ifdef __SIZEOF_INT128__
	__uint128_t product = (__uint128_t)a * b;

	return (u64)product ^ (u64)(product >> 64);
#else
	u64 hh = (a >> 32) * (b >> 32);
	u64 hl = (a >> 32) * (u32)b;
	u64 lh = (u64)(u32)a * (b >> 32);
	u64 ll = (u64)(u32)a * (u32)b;
	u64 mid = (ll >> 32) + (u32)hl + (u32)lh;
	u64 high = hh + (hl >> 32) + (lh >> 32) + (mid >> 32);

	return ((mid << 32) | (u32)ll) ^ high;
#endif
}

/* What all lengths end with: the last 0 to 16 bytes. */
static __always_inline u64 sm_foldhash_end(const u8 *p, size_t len, u64 state,
					   const u64 *secret)
{
	u64 a, b;

	if (len >= 8) {
		/* The two words overlap unless there are just 16 bytes. */
		a = get_unaligned_le64(p);
		b = get_unaligned_le64(p + len - 8);
	} else {
		a = sm_load_tail(p, len);
		b = 0;
	}
	state = sm_fold(a ^ secret[1], b ^ state);
	return sm_fold(state ^ secret[2], secret[3]);
}

/* hash.c */
u64 sm_siphash13(const void *data, size_t len, const siphash_key_t *key);
u64 sm_foldhash_long(const u8 *p, size_t len, const u64 *secret);

/**
 * sm_foldhash() - Multiply-and-fold hash.
 * @data: bytes to hash, of any alignment
 * @len: number of bytes
 * @secret: four secret words
 *
 * Inline for short keys, which are the common ones and would otherwise spend as
 * much on the call.
 *
 * Context: Any context.
 * Return: The hash.
 */
static __always_inline u64 sm_foldhash(const void *data, size_t len,
				       const u64 *secret)
{
	if (unlikely(len > 16))
		return sm_foldhash_long(data, len, secret);
	return sm_foldhash_end(data, len, secret[0] ^ len, secret);
}

#endif /* _SHARDMAP_CORE_HASH_H */
