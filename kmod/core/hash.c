// SPDX-License-Identifier: GPL-2.0-only
/*
 * The two keyed hash functions.
 *
 * SipHash-1-3: Aumasson and Bernstein, "SipHash: a fast short-input PRF" (2012),
 * with one compression and three finalization rounds.  lib/siphash.c has only
 * the 2-4 variant at 64 bits of output, hence this loop over its permutation.
 *
 * The fast function multiplies two secret-masked words to 128 bits and folds
 * the halves, as the wyhash family does.
 */

#include "compat.h"
#include "hash.h"

static u64 load_tail(const u8 *p, size_t len)
{
	u64 word = 0;

	switch (len) {
	case 7:
		word |= (u64)p[6] << 48;
		fallthrough;
	case 6:
		word |= (u64)p[5] << 40;
		fallthrough;
	case 5:
		word |= (u64)p[4] << 32;
		fallthrough;
	case 4:
		return word | get_unaligned_le32(p);
	case 3:
		word |= (u64)p[2] << 16;
		fallthrough;
	case 2:
		word |= (u64)p[1] << 8;
		fallthrough;
	case 1:
		word |= p[0];
	}
	return word;
}

/**
 * sm_siphash13() - SipHash-1-3 with 64 bits of output.
 * @data: bytes to hash, of any alignment
 * @len: number of bytes
 * @key: secret key
 *
 * Context: Any context.
 * Return: The hash.
 */
u64 sm_siphash13(const void *data, size_t len, const siphash_key_t *key)
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
	word = ((u64)len << 56) | load_tail(p, len & 7);
	v3 ^= word;
	SIPHASH_PERMUTATION(v0, v1, v2, v3);
	v0 ^= word;
	v2 ^= 0xff;
	SIPHASH_PERMUTATION(v0, v1, v2, v3);
	SIPHASH_PERMUTATION(v0, v1, v2, v3);
	SIPHASH_PERMUTATION(v0, v1, v2, v3);
	return (v0 ^ v1) ^ (v2 ^ v3);
}
SM_EXPORT_FOR_TESTS(sm_siphash13);

static u64 fold(u64 a, u64 b)
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

/**
 * sm_foldhash() - Multiply-and-fold hash.
 * @data: bytes to hash, of any alignment
 * @len: number of bytes
 * @secret: four secret words
 *
 * Context: Any context.
 * Return: The hash.
 */
u64 sm_foldhash(const void *data, size_t len, const u64 *secret)
{
	const u8 *p = data;
	u64 state = secret[0] ^ len;
	u64 a, b;

	while (len > 16) {
		state = fold(get_unaligned_le64(p) ^ secret[1],
			     get_unaligned_le64(p + 8) ^ state);
		p += 16;
		len -= 16;
	}
	if (len >= 8) {
		/* The two words overlap unless there are just 16 bytes. */
		a = get_unaligned_le64(p);
		b = get_unaligned_le64(p + len - 8);
	} else {
		a = load_tail(p, len);
		b = 0;
	}
	state = fold(a ^ secret[1], b ^ state);
	return fold(state ^ secret[2], secret[3]);
}
SM_EXPORT_FOR_TESTS(sm_foldhash);
