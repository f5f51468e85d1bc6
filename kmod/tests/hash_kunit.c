// SPDX-License-Identifier: GPL-2.0-only
/* The two hash functions: right, safe at the edges of memory, and well spread. */
#include <linux/math64.h>
#include <linux/sched.h>
#include <linux/siphash.h>
#include <linux/vmalloc.h>

#include "compat.h"
#include "core/hash.h"
#include "core/line.h"
#include "kunit_util.h"

/*
 * Hashes of the bytes 0, 1, 2 ...  The first is the vector that Rust publishes;
 * the others were made with CPython 3.11, whose hash() of bytes is SipHash-1-3,
 * with PYTHONHASHSEED 0 (the key is zero) and 42.
 */
static const struct vector {
	u64 key[2];
	size_t len;
	u64 hash;
} vectors[] = {
	{ { 0x0706050403020100, 0x0f0e0d0c0b0a0908 }, 0, 0xabac0158050fc4dc },
	{ { 0, 0 }, 1, 0x68a914128e01e473 },
	{ { 0, 0 }, 7, 0x2f098ab0c751325a },
	{ { 0, 0 }, 8, 0xead411e67ebe2eea },
	{ { 0, 0 }, 9, 0x75927f9d95124362 },
	{ { 0, 0 }, 15, 0xf30eb725bb91c9ea },
	{ { 0, 0 }, 16, 0x8972188433a5c5b7 },
	{ { 0, 0 }, 31, 0x169739443111d49b },
	{ { 0, 0 }, 63, 0x385d3e39e5f37359 },
	{ { 0xdc504fd368cd90af, 0xb920bb9ffe99e9c1 }, 1, 0xce880c366bcf3489 },
	{ { 0xdc504fd368cd90af, 0xb920bb9ffe99e9c1 }, 3, 0xef4b9dcae9b04417 },
	{ { 0xdc504fd368cd90af, 0xb920bb9ffe99e9c1 }, 8, 0x60866c3c108c6afb },
	{ { 0xdc504fd368cd90af, 0xb920bb9ffe99e9c1 }, 16, 0x339176f3ac59ce05 },
	{ { 0xdc504fd368cd90af, 0xb920bb9ffe99e9c1 }, 31, 0x06f3af51bda71c61 },
	{ { 0xdc504fd368cd90af, 0xb920bb9ffe99e9c1 }, 63, 0x06e24d6f0d014c37 },
};

static void siphash_gives_published_vectors(struct kunit *test)
{
	u8 data[64];
	unsigned int i;

	for (i = 0; i < sizeof(data); i++)
		data[i] = i;
	for (i = 0; i < ARRAY_SIZE(vectors); i++) {
		const struct vector *v = &vectors[i];
		siphash_key_t key = { { v->key[0], v->key[1] } };

		KUNIT_EXPECT_EQ_MSG(test, v->hash,
				    sm_siphash13(data, v->len, &key),
				    "length %zu", v->len);
	}
}

/* On 64 bit the kernel's hsiphash() is the low half of SipHash-1-3. */
static void siphash_agrees_with_hsiphash(struct kunit *test)
{
	u64 random = 1;
	u8 data[300];
	size_t len;

	if (BITS_PER_LONG != 64)
		kunit_skip(test, "hsiphash() is another function here");
	for (len = 0; len < sizeof(data); len++) {
		siphash_key_t key = { { smt_random(&random),
					smt_random(&random) } };
		hsiphash_key_t same = { { key.key[0], key.key[1] } };

		data[len] = smt_random(&random);
		KUNIT_EXPECT_EQ_MSG(test, hsiphash(data, len, &same),
				    (u32)sm_siphash13(data, len, &key),
				    "length %zu", len);
	}
}

/* The definition of the fast hash, slowly: words of a zero-padded copy. */
static u64 slow_word(const u8 *data, size_t len, size_t at)
{
	u64 word = 0;
	unsigned int i;

	for (i = 0; i < 8 && at + i < len; i++)
		word |= (u64)data[at + i] << (8 * i);
	return word;
}

static u64 slow_fold(u64 a, u64 b)
{
	return (a * b) ^ mul_u64_u64_shr(a, b, 64);
}

static u64 slow_hash(const u8 *data, size_t len, const u64 *secret)
{
	u64 state = secret[0] ^ len, a, b = 0;
	size_t at = 0;

	for (; len - at > 16; at += 16)
		state = slow_fold(slow_word(data, len, at) ^ secret[1],
				  slow_word(data, len, at + 8) ^ state);
	a = slow_word(data, len, at);
	if (len - at >= 8)
		b = slow_word(data, len, len - 8);
	state = slow_fold(a ^ secret[1], b ^ state);
	return slow_fold(state ^ secret[2], secret[3]);
}

static void fast_hash_agrees_with_its_definition(struct kunit *test)
{
	u64 secret[4], random = 2;
	u8 data[300];
	unsigned int i;
	size_t len;

	for (len = 0; len < sizeof(data); len++) {
		data[len] = smt_random(&random);
		for (i = 0; i < ARRAY_SIZE(secret); i++)
			secret[i] = smt_random(&random);
		KUNIT_EXPECT_EQ_MSG(test, slow_hash(data, len, secret),
				    sm_foldhash(data, len, secret),
				    "length %zu", len);
	}
	/* Products whose halves carry into each other. */
	memset(data, 0xff, sizeof(data));
	memset(secret, 0, sizeof(secret));
	KUNIT_EXPECT_EQ(test, slow_hash(data, 64, secret),
			sm_foldhash(data, 64, secret));
}

struct function {
	const char *name;
	bool fast;
	struct sm_secret secret;
};

/* Secrets that are always the same: a test of spread must not be a lottery. */
static const struct function functions[] = {
	{
		.name = "siphash",
		.secret.sip = { { 0x243f6a8885a308d3, 0x13198a2e03707344 } },
	},
	{
		.name = "fast",
		.fast = true,
		.secret.fold = { 0xa4093822299f31d0, 0x082efa98ec4e6c89,
				 0x452821e638d01377, 0xbe5466cf34e90c6d },
	},
};
KUNIT_ARRAY_PARAM_DESC(function, functions, name);

static u64 hash(const struct function *f, const void *data, size_t len)
{
	return f->fast ? sm_foldhash(data, len, f->secret.fold) :
			 sm_siphash13(data, len, &f->secret.sip);
}

/*
 * Behind a vmalloc area there is a page that must not be touched, and an area
 * begins with a page: a byte read too much on either side faults.
 */
static void hash_reads_the_key_and_no_more(struct kunit *test)
{
	const struct function *f = test->param_value;
	u8 *page = vmalloc(PAGE_SIZE);
	u8 data[64];
	size_t len, i;

	KUNIT_ASSERT_NOT_NULL(test, page);
	for (i = 0; i < sizeof(data); i++)
		data[i] = smt_mix(i);
	for (len = 0; len <= sizeof(data); len++) {
		u64 wanted = hash(f, data, len);

		memcpy(page + PAGE_SIZE - len, data, len);
		KUNIT_EXPECT_EQ(test, wanted,
				hash(f, page + PAGE_SIZE - len, len));
		memcpy(page, data, len);
		KUNIT_EXPECT_EQ(test, wanted, hash(f, page, len));
	}
	vfree(page);
}

static void alignment_and_neighbours_do_not_matter(struct kunit *test)
{
	const struct function *f = test->param_value;
	u8 data[64], buf[96];
	size_t len, at, i;

	for (i = 0; i < sizeof(data); i++)
		data[i] = smt_mix(i);
	for (len = 0; len <= sizeof(data); len++) {
		u64 wanted = hash(f, data, len);

		for (at = 0; at < 16; at++) {
			memset(buf, at * 17, sizeof(buf));
			memcpy(buf + at, data, len);
			KUNIT_EXPECT_EQ(test, wanted, hash(f, buf + at, len));
		}
	}
}

/* Each bit of the key turns about half of the bits of the hash. */
static void every_key_bit_turns_half_of_the_hash(struct kunit *test)
{
	const struct function *f = test->param_value;
	unsigned int bit, round;
	u64 random = 3;
	size_t len, i;
	u8 data[33];

	for (len = 1; len <= sizeof(data); len++) {
		for (bit = 0; bit < 8 * len; bit++) {
			unsigned int turned = 0;

			for (round = 0; round < 32; round++) {
				u64 before;

				for (i = 0; i < len; i++)
					data[i] = smt_random(&random);
				before = hash(f, data, len);
				data[bit / 8] ^= 1 << bit % 8;
				turned +=
					hweight64(before ^ hash(f, data, len));
			}
			KUNIT_EXPECT_GT(test, turned, 32 * 32 * 3 / 4);
			KUNIT_EXPECT_LT(test, turned, 32 * 32 * 5 / 4);
		}
		cond_resched();
	}
}

#define NR_KEYS (1 << 14)

/* Key number @n of a kind; returns its length. */
static size_t make_key(unsigned int kind, u32 n, u8 *key)
{
	memset(key, 0, 32);
	switch (kind) {
	case 0: /* counters */
		memcpy(key, &n, sizeof(n));
		return sizeof(n);
	case 1: /* as 8 bytes, the low ones constant, as in addresses */
		*(u64 *)key = (u64)n << 12;
		return 8;
	case 2: /* the changing bytes last */
		key[7] = n;
		key[6] = n >> 8;
		return 8;
	case 3: /* text */
		return sprintf(key, "session:%08u", n);
	case 4: /* few bits set, in two words */
		*(u64 *)key = 1ULL << (n & 63) | 1ULL << (n >> 6 & 63);
		*(u64 *)(key + 8) = 1ULL << (n >> 12);
		key[16] = (n & 63) < (n >> 6 & 63);
		return 17;
	case 5: /* only the second word changes */
		*(u64 *)(key + 8) = n;
		return 16;
	case 6: /* only the first of two blocks changes */
		*(u64 *)key = n;
		return 32;
	default: /* random */
		*(u64 *)key = smt_mix(n);
		*(u64 *)(key + 8) = smt_mix(~(u64)n);
		return 16;
	}
}

#define NR_KINDS 8

/*
 * Chi-square of 256 bins: 255 on average with a deviation of 22.6 if keys fall at
 * random.  Much above means clusters.
 */
static u64 chi_square(const u32 *bins, u32 keys)
{
	u64 sum = 0;
	unsigned int i;

	for (i = 0; i < 256; i++)
		sum += (u64)bins[i] * bins[i];
	return div_u64(sum * 256, keys) - keys;
}

/* Windows of 8 bits: they cover what chooses shard, bucket, and tag. */
#define NR_WINDOWS 15

static void expect_spread(struct kunit *test, const struct function *f,
			  unsigned int kind, u32 (*bins)[256])
{
	u8 key[32] __aligned(8);
	unsigned int i;
	u32 n;

	memset(bins, 0, NR_WINDOWS * sizeof(*bins));
	for (n = 0; n < NR_KEYS; n++) {
		u64 h = hash(f, key, make_key(kind, n, key));

		for (i = 0; i < NR_WINDOWS; i++)
			bins[i][h >> (4 * i) & 255]++;
	}
	for (i = 0; i < NR_WINDOWS; i++)
		KUNIT_EXPECT_LT_MSG(test, chi_square(bins[i], NR_KEYS),
				    255 + 6 * 23,
				    "keys of kind %u, bits from %u", kind,
				    4 * i);
	cond_resched();
}

static void keys_of_any_kind_spread(struct kunit *test)
{
	const struct function *f = test->param_value;
	u32(*bins)[256] =
		kunit_kcalloc(test, NR_WINDOWS, sizeof(*bins), GFP_KERNEL);
	unsigned int kind;

	KUNIT_ASSERT_NOT_NULL(test, bins);
	for (kind = 0; kind < NR_KINDS; kind++)
		expect_spread(test, f, kind, bins);
}

static void hash_depends_on_every_secret_word(struct kunit *test)
{
	struct function f = *(const struct function *)test->param_value;
	u64 *words = f.fast ? f.secret.fold : f.secret.sip.key;
	unsigned int nr = f.fast ? 4 : 2, i;
	size_t len;
	u8 data[40];

	memset(data, 0x5a, sizeof(data));
	for (len = 1; len <= sizeof(data); len++) {
		u64 before = hash(&f, data, len);

		for (i = 0; i < nr; i++) {
			words[i] ^= BIT_ULL(17);
			KUNIT_EXPECT_NE(test, before, hash(&f, data, len));
			words[i] ^= BIT_ULL(17);
		}
	}
}

struct order {
	unsigned int nr;
	u64 key[64];
};

static int note_key(const struct shardmap_view *view, void *arg)
{
	struct order *order = arg;

	memcpy(&order->key[order->nr++], view->key, sizeof(u64));
	return 0;
}

static void note_order(struct kunit *test, struct order *order)
{
	struct shardmap_params params = { .flags = smt_hash_flags(test) };
	struct shardmap *map = smt_create(test, &params);
	struct shardmap_position pos = {};

	order->nr = 0;
	smt_fill(test, map, 0, 0, ARRAY_SIZE(order->key));
	while (!shardmap_scan(map, &pos, note_key, order))
		;
	KUNIT_EXPECT_EQ(test, ARRAY_SIZE(order->key), order->nr);
}

static void tables_order_keys_differently(struct kunit *test)
{
	struct order *a = kunit_kzalloc(test, 2 * sizeof(*a), GFP_KERNEL);
	struct order *b = a + 1;

	KUNIT_ASSERT_NOT_NULL(test, a);
	note_order(test, a);
	note_order(test, b);
	KUNIT_EXPECT_MEMNEQ(test, a->key, b->key, sizeof(a->key));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(siphash_gives_published_vectors),
	KUNIT_CASE(siphash_agrees_with_hsiphash),
	KUNIT_CASE(fast_hash_agrees_with_its_definition),
	KUNIT_CASE_PARAM(hash_reads_the_key_and_no_more, function_gen_params),
	KUNIT_CASE_PARAM(alignment_and_neighbours_do_not_matter,
			 function_gen_params),
	KUNIT_CASE_PARAM(every_key_bit_turns_half_of_the_hash,
			 function_gen_params),
	KUNIT_CASE_PARAM(keys_of_any_kind_spread, function_gen_params),
	KUNIT_CASE_PARAM(hash_depends_on_every_secret_word,
			 function_gen_params),
	KUNIT_CASE_PARAM(tables_order_keys_differently, smt_hash_gen_params),
	{}
};

struct kunit_suite smt_hash_suite = {
	.name = "shardmap_hash",
	.suite_init = smt_suite_init,
	.suite_exit = smt_suite_exit,
	.test_cases = cases,
};
