/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Maps of user space beside those of kmod/bench, in C and in C++.  In C++ the standard
 * headers come first: those of the kernel have macros of short names.
 */
#ifndef _BENCH_HOST_PEERS_H
#define _BENCH_HOST_PEERS_H

#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#include "bench.h"

extern const struct bench_backend bench_lfht;
extern const struct bench_backend bench_ck_ht;
extern const struct bench_backend bench_libcuckoo;
extern const struct bench_backend bench_tbb;

/* peers.c: drawn when the program begins. */
extern u64 peer_secret[4];

static inline u64 peer_word(const void *p)
{
	u64 word;

	memcpy(&word, p, sizeof(word));
	return word;
}

static inline u64 peer_fold(u64 a, u64 b)
{
	__uint128_t product = (__uint128_t)a * b;

	return (u64)product ^ (u64)(product >> 64);
}

/*
 * shardmap's fast hash of 8 or 16 bytes: all maps have the same.  core/hash.h is no C++;
 * check.c compares the two.
 */
static inline u64 peer_hash(const void *key, size_t len)
{
	const char *p = (const char *)key;
	u64 state = peer_fold(peer_word(p) ^ peer_secret[1],
			      peer_word(p + len - 8) ^ peer_secret[0] ^ len);

	return peer_fold(state ^ peer_secret[2], peer_secret[3]);
}

#ifdef __cplusplus
}
#endif

#endif /* _BENCH_HOST_PEERS_H */
