// SPDX-License-Identifier: GPL-2.0-only
/*
 * The two keyed hash functions.
 *
 * SipHash-1-3: Aumasson and Bernstein, "SipHash: a fast short-input PRF" (2012),
 * with one compression and three finalization rounds.  lib/siphash.c has only
 * the 2-4 variant at 64 bits of output, hence a loop of our own over its
 * permutation, in hash.h.
 *
 * The fast function multiplies two secret-masked words to 128 bits and folds
 * the halves, as the wyhash family does.
 */
#include "compat.h"
#include "hash.h"

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
	return sm_siphash13_inline(data, len, key);
}
SM_EXPORT_FOR_TESTS(sm_siphash13);

/**
 * sm_foldhash_long() - sm_foldhash() of more than 16 bytes.
 * @p: bytes to hash, of any alignment
 * @len: number of bytes
 * @secret: four secret words
 *
 * Context: Any context.
 * Return: The hash.
 */
u64 sm_foldhash_long(const u8 *p, size_t len, const u64 *secret)
{
	u64 state = secret[0] ^ len;

	while (len > 16) {
		state = sm_fold(get_unaligned_le64(p) ^ secret[1],
				get_unaligned_le64(p + 8) ^ state);
		p += 16;
		len -= 16;
	}
	return sm_foldhash_end(p, len, state, secret);
}
SM_EXPORT_FOR_TESTS(sm_foldhash_long);
