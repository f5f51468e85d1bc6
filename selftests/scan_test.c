// SPDX-License-Identifier: GPL-2.0-only
/* Every key once, whatever the buffer and whatever happens meanwhile. */
#include "batch.h"
#include "scan.h"
#include "table.h"

/* Bytes that a numbered key takes in a scan. */
#define NUMBER_RECORD (sizeof(struct shardmap_record) + 8 + 8)

/**
 * struct tally - how often each numbered key was seen
 * @n: keys below this number are known
 * @times: how often each was seen
 * @strange: records that are none of them, or with a wrong value
 */
struct tally {
	__u64 n;
	unsigned char *times;
	unsigned int strange;
};

static int tally_add(const struct shardmap_record *rec, void *arg)
{
	struct tally *tally = arg;
	__u64 key, value;

	memcpy(&key, record_key(rec), sizeof(key));
	memcpy(&value, record_value(rec), sizeof(value));
	if (rec->key_len != 8 || rec->value_len != 8 || key >= tally->n ||
	    value != key * 3)
		tally->strange++;
	else if (tally->times[key] < 255)
		tally->times[key]++;
	return 0;
}

/* Allocated in common memory, so that a child can fill it in. */
static void tally_init(struct tally *tally, __u64 n)
{
	*tally = (struct tally){ .n = n };
	tally->times = shared_pages(n / PAGE + 1);
}

static void tally_reset(struct tally *tally)
{
	memset(tally->times, 0, tally->n);
	tally->strange = 0;
}

/* How many of the first @n keys were not seen just once. */
static unsigned int tally_wrong(const struct tally *tally, __u64 n)
{
	unsigned int wrong = 0;
	__u64 i;

	for (i = 0; i < n; i++)
		wrong += tally->times[i] != 1;
	return wrong;
}

static unsigned int tally_repeated(const struct tally *tally)
{
	unsigned int repeated = 0;
	__u64 i;

	for (i = 0; i < tally->n; i++)
		repeated += tally->times[i] > 1;
	return repeated;
}

TEST_F(table, an_empty_table_ends)
{
	struct tally tally;

	tally_init(&tally, 1);
	EXPECT_EQ(0, scan_all(self->fd, 4096, tally_add, &tally));
	EXPECT_EQ(0, scan_all(self->fd, 1, tally_add, &tally));
	EXPECT_EQ(0, tally.times[0] + tally.strange);
}

TEST_F(table, an_empty_table_needs_no_buffer)
{
	struct shardmap_scan scan = {};
	unsigned int calls;

	for (calls = 0; !scan.done && calls < PASS_CALLS_MAX; calls++) {
		test_cmd_scan(self->fd, &scan, NULL, 0);
		ASSERT_EQ(0, scan.used);
		ASSERT_EQ(0, scan.records);
	}
	EXPECT_EQ(1, scan.done);
}

TEST_F(table, records_are_laid_out_as_promised)
{
	static char key[20] = "abcdefghijklmnopqrs", value[20] = "0123456789";
	static char buf[65536];
	struct shardmap_scan scan = {};
	__u32 key_len, value_len, off, i, records = 0;
	__u64 version[21][21];

	/* A key of each length with a value of each length, told by a prefix. */
	for (key_len = 1; key_len <= 20; key_len++) {
		for (value_len = 0; value_len <= 20; value_len++) {
			key[0] = value_len;
			test_cmd_put(self->fd, 0, key, key_len, value,
				     value_len, &version[key_len][value_len]);
		}
	}
	memset(buf, 0xff, sizeof(buf));
	while (!scan.done) {
		test_cmd_scan(self->fd, &scan, buf, sizeof(buf));
		for (off = 0; off < scan.used;) {
			struct shardmap_record *rec = (void *)(buf + off);
			const char *k = record_key(rec), *v = record_value(rec);

			ASSERT_TRUE(record_is_sound(rec, scan.used - off));
			EXPECT_EQ((__u32)k[0], rec->value_len);
			EXPECT_EQ(0, memcmp(k + 1, key + 1, rec->key_len - 1));
			EXPECT_EQ(0, memcmp(v, value, rec->value_len));
			EXPECT_EQ(version[rec->key_len][rec->value_len],
				  rec->version);
			/* No byte between them is left over from elsewhere. */
			for (k += rec->key_len; k < v; k++) {
				EXPECT_EQ(0, *k);
			}
			for (i = rec->value_len; i % 8; i++) {
				EXPECT_EQ(0, v[i]);
			}
			off += rec->record_len;
			records++;
		}
	}
	EXPECT_EQ(20 * 21, records);
}

TEST_F(table, a_buffer_for_one_record_will_do)
{
	enum { KEYS = 500 };
	struct shardmap_scan scan = {};
	static char buf[NUMBER_RECORD];
	struct tally tally;

	tally_init(&tally, KEYS);
	ASSERT_EQ(0, store_numbers(self->fd, 0, KEYS));
	while (!scan.done) {
		test_cmd_scan(self->fd, &scan, buf, sizeof(buf));
		ASSERT_GE(1, scan.records);
		ASSERT_EQ(scan.records * sizeof(buf), scan.used);
		ASSERT_EQ(0, for_each_record(&scan, buf, tally_add, &tally));
	}
	EXPECT_EQ(0, tally_wrong(&tally, KEYS));
	EXPECT_EQ(0, tally.strange);
}

TEST_F(table, too_small_a_buffer_moves_nothing)
{
	const __u32 needed = sizeof(struct shardmap_record) + 8 + 104;
	struct shardmap_cursor start, cursor = {};
	struct shardmap_scan scan = {};
	static char value[100], buf[256];
	__u32 len, i;
	int ret;

	test_cmd_put(self->fd, 0, STR("key"), OBJ(value), NULL);
	memset(buf, '#', sizeof(buf));
	for (len = 0; len < needed; len++) {
		start = cursor;
		scan.cursor = cursor;
		/* It may go over empty places first. */
		while ((ret = do_scan(self->fd, &scan, buf, len)) == 0) {
			ASSERT_EQ(0, scan.records);
			ASSERT_EQ(0, scan.done);
			start = scan.cursor;
		}
		ASSERT_EQ(-ENOBUFS, ret);
		ASSERT_EQ(needed, scan.buf_len);
		ASSERT_EQ(0, scan.used);
		ASSERT_EQ(0, scan.records);
		ASSERT_EQ(0, memcmp(&start, &scan.cursor, sizeof(start)));
	}
	for (i = 0; i < sizeof(buf); i++) {
		EXPECT_EQ('#', buf[i]);
	}
	test_cmd_scan(self->fd, &scan, buf, needed);
	EXPECT_EQ(1, scan.records);
	EXPECT_EQ(needed, scan.used);
}

TEST_F(table, every_key_once_with_any_buffer)
{
	enum { KEYS = 10000 };
	static const __u32 lens[] = { 0,    NUMBER_RECORD, NUMBER_RECORD + 1,
				      100,  1000,	   4096,
				      4097, 1 << 20,	   16 << 20 };
	struct tally tally;
	unsigned int i;

	tally_init(&tally, KEYS);
	ASSERT_EQ(0, store_numbers(self->fd, 0, KEYS));
	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		tally_reset(&tally);
		EXPECT_EQ(0, scan_all(self->fd, lens[i], tally_add, &tally));
		EXPECT_EQ(0, tally_wrong(&tally, KEYS))
		{
			TH_LOG("buffer of %u bytes", lens[i]);
		}
		EXPECT_EQ(0, tally.strange);
	}
}

TEST_F(table, large_and_small_records_mix)
{
	static char value[SHARDMAP_VALUE_LEN_MAX];
	struct snapshot all, again = {};
	__u32 i, size = 1;

	for (i = 0; i < 60; i++) {
		size = size * 31 % 65537;
		ASSERT_EQ(0, store(self->fd, OBJ(i), value, size - 1));
	}
	ASSERT_EQ(0, snapshot_take(self->fd, &all));
	EXPECT_EQ(60, all.entries);
	ASSERT_EQ(0, scan_all(self->fd, 0, snapshot_add, &again));
	EXPECT_EQ(all.len, again.len);
	EXPECT_EQ(0, memcmp(all.data, again.data, all.len));
	snapshot_free(&all);
	snapshot_free(&again);
}

TEST_F(table, sizes_beyond_the_limit)
{
	struct shardmap_scan scan = {};
	char buf[8];

	test_err_scan(EINVAL, self->fd, &scan, buf,
		      SHARDMAP_SCAN_BYTES_MAX + 1);
	test_err_scan(EINVAL, self->fd, &scan, buf, UINT32_MAX);
}

TEST_F(table, the_last_place_ends_at_once)
{
	struct shardmap_scan scan = {};
	static char buf[4096];

	ASSERT_EQ(0, store_numbers(self->fd, 0, 1000));
	scan.cursor.hash = UINT64_MAX;
	scan.cursor.tie = UINT64_MAX;
	test_cmd_scan(self->fd, &scan, buf, sizeof(buf));
	EXPECT_EQ(1, scan.done);
	EXPECT_EQ(0, scan.records);

	/* So does the place where a pass ended. */
	memset(&scan, 0, sizeof(scan));
	while (!scan.done) {
		test_cmd_scan(self->fd, &scan, buf, sizeof(buf));
	}
	scan.done = 0;
	test_cmd_scan(self->fd, &scan, buf, sizeof(buf));
	EXPECT_EQ(1, scan.done);
	EXPECT_EQ(0, scan.records);
}

TEST_F(table, a_cursor_may_be_used_again)
{
	enum { KEYS = 1000 };
	struct shardmap_scan scan = {};
	struct snapshot all;
	static char buf[5000];
	size_t before = 0;

	/* From each place a pass goes through, the rest is always the same. */
	ASSERT_EQ(0, store_numbers(self->fd, 0, KEYS));
	ASSERT_EQ(0, snapshot_take(self->fd, &all));
	ASSERT_EQ(KEYS * NUMBER_RECORD, all.len);
	while (!scan.done) {
		struct shardmap_scan rest = { .cursor = scan.cursor };
		size_t len = before;

		while (!rest.done) {
			test_cmd_scan(self->fd, &rest, buf, sizeof(buf));
			ASSERT_LE(len + rest.used, all.len);
			ASSERT_EQ(0, memcmp(all.data + len, buf, rest.used));
			len += rest.used;
		}
		ASSERT_EQ(all.len, len);
		test_cmd_scan(self->fd, &scan, buf, sizeof(buf));
		before += scan.used;
	}
	snapshot_free(&all);
}

/* Walk on for a while.  The cursor stands in @scan. */
static int walk(int fd, struct shardmap_scan *scan, struct tally *tally,
		unsigned int calls)
{
	char buf[NUMBER_RECORD * 10];
	int ret = 0;

	while (!ret && !scan->done && calls--) {
		ret = do_scan(fd, scan, buf, sizeof(buf));
		if (!ret)
			ret = for_each_record(scan, buf, tally_add, tally);
	}
	return ret;
}

TEST_F(table, another_process_goes_on)
{
	enum { KEYS = 5000 };
	struct shardmap_scan *scan = shared_pages(1);
	struct tally tally;
	int status;

	/* Each process goes a part of the way. */
	tally_init(&tally, KEYS);
	ASSERT_EQ(0, store_numbers(self->fd, 0, KEYS));
	while (!scan->done) {
		pid_t pid = fork();

		ASSERT_LE(0, pid);
		if (!pid)
			_exit(walk(self->fd, scan, &tally, 100) ||
			      tally.strange);
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		ASSERT_EQ(0, status);
	}
	EXPECT_EQ(0, tally_wrong(&tally, KEYS));
}

TEST_F(table, a_cursor_outlives_growth_and_shrinking)
{
	enum { STABLE = 1000, ALL = 60000 };
	struct shardmap_scan scan = {};
	struct tally tally;

	tally_init(&tally, ALL);
	ASSERT_EQ(0, store_numbers(self->fd, 0, STABLE));
	ASSERT_EQ(0, walk(self->fd, &scan, &tally, 20));
	ASSERT_EQ(0, store_numbers(self->fd, STABLE, ALL - STABLE));
	ASSERT_EQ(0, walk(self->fd, &scan, &tally, 1500));
	ASSERT_EQ(0, scan.done);
	ASSERT_EQ(0, delete_numbers(self->fd, STABLE, ALL - STABLE));
	ASSERT_EQ(0, walk(self->fd, &scan, &tally, PASS_CALLS_MAX));
	EXPECT_EQ(1, scan.done);
	EXPECT_EQ(0, tally_wrong(&tally, STABLE));
	EXPECT_EQ(0, tally_repeated(&tally));
	EXPECT_EQ(0, tally.strange);
}

enum { STABLE = 2000, CHURN = 15000, PASSES = 6 };

/**
 * struct churn - a table being scanned while others write it
 * @fd: the table
 * @stop: the scanner has seen enough
 * @error: what went wrong in a thread
 * @missed: stable keys that a pass did not show just once
 * @repeated: keys that a pass showed more than once
 * @strange: records that should not exist
 * @resizes: resizes seen so far
 */
struct churn {
	int fd;
	bool stop;
	int error;
	unsigned int missed;
	unsigned int repeated;
	unsigned int strange;
	__u64 resizes;
};

static void churn_scan(struct churn *c)
{
	__u64 deadline = now_ms() + 60000;
	struct tally tally;
	int pass = 0, ret = 0;

	tally_init(&tally, STABLE + 2 * CHURN);
	while (!ret && (pass < PASSES || c->resizes < 8) &&
	       now_ms() < deadline) {
		struct shardmap_scan scan = {};
		struct shardmap_info info;

		tally_reset(&tally);
		ret = walk(c->fd, &scan, &tally, PASS_CALLS_MAX) ?:
			      do_info(c->fd, &info);
		c->missed += tally_wrong(&tally, STABLE);
		c->repeated += tally_repeated(&tally);
		c->strange += tally.strange;
		c->resizes = info.resizes;
		pass++;
	}
	if (ret)
		c->error = ret;
	__atomic_store_n(&c->stop, true, __ATOMIC_RELAXED);
}

static void churn_work(unsigned int nth, void *arg)
{
	struct churn *c = arg;
	__u64 first = STABLE + (nth - 1) * CHURN;
	int ret = 0;

	if (!nth)
		return churn_scan(c);
	while (!ret && !__atomic_load_n(&c->stop, __ATOMIC_RELAXED))
		ret = store_numbers(c->fd, first, CHURN) ?:
			      delete_numbers(c->fd, first, CHURN);
	if (ret)
		c->error = ret;
}

TEST_F(table, every_stable_key_once_while_others_come_and_go)
{
	struct shardmap_create how = { .nr_shards = 4 };
	struct churn churn = { .fd = do_create(self->dev, &how) };

	ASSERT_LE(0, churn.fd);
	ASSERT_EQ(0, store_numbers(churn.fd, 0, STABLE));
	run_crew(3, churn_work, &churn);
	EXPECT_EQ(0, churn.error);
	EXPECT_EQ(0, churn.missed);
	EXPECT_EQ(0, churn.repeated);
	EXPECT_EQ(0, churn.strange);
	/* The writers did make the table grow and shrink. */
	EXPECT_LE(8, churn.resizes);
	close(churn.fd);
}

TEST_HARNESS_MAIN
