// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keys that somebody chose fill the buckets as any keys do.
 *
 * What tells is the number of bucket lines beyond a bucket's first: a bucket has room
 * for seven entries, so many keys in few buckets need many further lines.  Who knows a
 * table's hashes from scans of it can do better than chance, but only by trying: each
 * try is an insertion, and what was found is of no use in another table.
 */
#include "batch.h"
#include "scan.h"
#include "table.h"

enum { KEYS = 30000, KEY_MAX = 24 };

/**
 * struct keys - keys of one length
 * @len: the length
 * @key: the keys
 */
struct keys {
	__u32 len;
	char key[KEYS][KEY_MAX];
};

/* How the keys of a pattern differ: their number times a power of two, at an offset. */
static const struct pattern {
	const char *name;
	__u32 len;
	__u32 at;
	unsigned int shift;
} patterns[] = {
	{ "one after another", 8, 0, 0 },
	{ "equal low bits", 8, 0, 24 },
	{ "equal low half", 8, 0, 40 },
	{ "multiples of eight", 8, 0, 3 },
	{ "a long common beginning", 24, 16, 0 },
	{ "a long common end", 24, 0, 20 },
	{ "equal second word", 16, 0, 32 },
	{ "an odd length", 13, 5, 0 },
};

static struct keys keys;

static void make_pattern(const struct pattern *p)
{
	__u64 i;

	memset(&keys, 0, sizeof(keys));
	keys.len = p->len;
	for (i = 0; i < KEYS; i++) {
		__u64 number = i << p->shift;

		memcpy(keys.key[i] + p->at, &number, sizeof(number));
	}
}

static void make_random(__u32 len, unsigned int seed)
{
	__u32 i, j;

	keys.len = len;
	for (i = 0; i < KEYS; i++)
		for (j = 0; j < len; j++)
			keys.key[i][j] = rand_r(&seed) >> 8;
}

static int put_keys(int fd, __u32 first, __u32 n)
{
	static struct batch b;
	__u32 i = first, end = first + n;
	int ret = 0;

	if (!b.ops)
		batch_init(&b, SHARDMAP_BATCH_OPS_MAX * KEY_MAX, 0);
	while (i < end && !ret) {
		for (batch_empty(&b); i < end && b.nr < SHARDMAP_BATCH_OPS_MAX;
		     i++)
			batch_put(&b, 0, keys.key[i], keys.len, NULL, 0);
		ret = batch_all(fd, &b);
	}
	return ret;
}

/* Looking all of them up, in us. */
static __u64 time_lookups(int fd, __u32 n)
{
	struct timespec start, end;
	__u32 i, len;

	clock_gettime(CLOCK_MONOTONIC, &start);
	for (i = 0; i < n; i++) {
		len = 0;
		if (do_get(fd, keys.key[i], keys.len, NULL, &len, NULL))
			return 0;
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	return (end.tv_sec - start.tv_sec) * 1000000ULL +
	       (end.tv_nsec - start.tv_nsec) / 1000;
}

struct at_rest {
	int fd;
	__u64 resizes;
	struct shardmap_info info;
};

/* Resizes are done when there was none for a while. */
static bool is_at_rest(void *arg)
{
	struct at_rest *rest = arg;

	usleep(20000);
	if (do_info(rest->fd, &rest->info))
		return false;
	if (rest->info.resizes == rest->resizes)
		return true;
	rest->resizes = rest->info.resizes;
	return false;
}

/* Bucket lines beyond the first with these keys alone in a new table. */
static __s64 overflow(int dev, __u32 flags, __u32 n, __u64 *us)
{
	struct shardmap_create how = { .flags = flags };
	struct at_rest rest = { .fd = do_create(dev, &how), .resizes = -1 };
	int ret = rest.fd < 0 ? rest.fd : put_keys(rest.fd, 0, n);

	if (!ret && !poll_until(is_at_rest, &rest))
		ret = -ETIME;
	if (!ret && us)
		*us = time_lookups(rest.fd, n);
	close(rest.fd);
	return ret ? ret : (__s64)rest.info.overflow_lines;
}

/* Chance lets the number vary by a little. */
static bool is_like(__s64 lines, __s64 random)
{
	return lines >= 0 && lines <= random + random / 4 + 50;
}

static void check_patterns(struct __test_metadata *_metadata, int dev,
			   __u32 flags)
{
	__s64 random;
	__u64 random_us = 0, us;
	unsigned int i;

	make_random(8, 1);
	random = overflow(dev, flags, KEYS, &random_us);
	ASSERT_LE(0, random);
	ASSERT_LT(0, random_us);
	/* Nor are they all alike. */
	EXPECT_GT(KEYS / 50, random);
	for (i = 0; i < ARRAY_SIZE(patterns); i++) {
		__s64 lines;

		make_pattern(&patterns[i]);
		us = 0;
		lines = overflow(dev, flags, KEYS, &us);
		TH_LOG("%s: %lld lines, random keys %lld; %llu us, %llu",
		       patterns[i].name, (long long)lines, (long long)random,
		       (unsigned long long)us, (unsigned long long)random_us);
		ASSERT_TRUE(is_like(lines, random));
		EXPECT_LT(0, us);
		/* Machines are noisy; a flood that works costs far more. */
		EXPECT_GT(10 * random_us, us);
	}
}

TEST_F(table, patterns_are_as_good_as_random_keys)
{
	check_patterns(_metadata, self->dev, 0);
}

TEST_F(table, patterns_are_as_good_with_the_fast_hash)
{
	check_patterns(_metadata, self->dev, SHARDMAP_CREATE_FAST_HASH);
}

/* A flood of those keys of which a scan tells that they are close together. */

enum { TRIES = KEYS, CHOSEN = 300 };

/* Keep the first keys in hash order: a scan shows them in it. */
static int choose(int fd)
{
	struct shardmap_scan scan = {};
	static char buf[1 << 16];
	__u32 n = 0;
	int ret = put_keys(fd, 0, TRIES);

	while (!ret && n < CHOSEN && !scan.done) {
		__u32 off = 0;

		ret = do_scan(fd, &scan, buf, sizeof(buf));
		while (!ret && off < scan.used && n < CHOSEN) {
			const struct shardmap_record *rec = (void *)(buf + off);

			memcpy(keys.key[n++], record_key(rec), rec->key_len);
			off += rec->record_len;
		}
	}
	return ret ?: n == CHOSEN ? 0 : -ENODATA;
}

TEST_F(table, what_is_learned_is_of_no_use_elsewhere)
{
	struct at_rest rest = { .fd = self->fd, .resizes = -1 };
	__s64 random, elsewhere;
	__u64 removed, us;

	make_random(8, 2);
	random = overflow(self->dev, 0, CHOSEN, NULL);
	ASSERT_LE(0, random);
	ASSERT_EQ(0, choose(self->fd));
	elsewhere = overflow(self->dev, 0, CHOSEN, NULL);
	EXPECT_TRUE(is_like(elsewhere, random));

	/* Here they share their shard, and a few lines at times: see for yourself. */
	test_cmd_clear(self->fd, &removed);
	ASSERT_EQ(0, put_keys(self->fd, 0, CHOSEN));
	ASSERT_TRUE(poll_until(is_at_rest, &rest));
	us = time_lookups(self->fd, CHOSEN);
	TH_LOG("%d keys of %d tries: %lld lines here, %lld elsewhere, random keys %lld; %llu us",
	       CHOSEN, TRIES, (long long)rest.info.overflow_lines,
	       (long long)elsewhere, (long long)random, (unsigned long long)us);
	EXPECT_LT(0, us);
}

TEST_HARNESS_MAIN
