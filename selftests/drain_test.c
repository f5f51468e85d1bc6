// SPDX-License-Identifier: GPL-2.0-only
/* Scans of some keys only, and scans that remove what they return. */
#include <sys/wait.h>

#include "batch.h"
#include "scan.h"

FIXTURE(drain)
{
	int dev;
	int fd;
};

FIXTURE_VARIANT(drain)
{
	bool is_inline;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(drain, tagged) { .is_inline = false };
FIXTURE_VARIANT_ADD(drain, inlined) { .is_inline = true };
/* clang-format on */

/* Numbered keys with numbers for values, which either table takes. */
static int create_table(int dev, bool is_inline)
{
	struct shardmap_create how = {
		.flags = is_inline ? SHARDMAP_CREATE_INLINE : 0,
		.nr_shards = 4,
		.max_key_len = 8,
		.max_value_len = 8,
	};

	return do_create(dev, &how);
}

FIXTURE_SETUP(drain)
{
	self->dev = open_device();
	ASSERT_LE(0, self->dev);
	self->fd = create_table(self->dev, variant->is_inline);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(drain)
{
	EXPECT_EQ(0, close(self->fd));
	EXPECT_EQ(0, close(self->dev));
}

/* Bytes of a record here. */
#define RECORD (sizeof(struct shardmap_record) + 8 + 8)

/**
 * struct ledger - what became of each value
 * @n: values are below this
 * @times: how often each was seen
 * @strange: values that never were
 */
struct ledger {
	__u64 n;
	unsigned char *times;
	unsigned int strange;
};

static void ledger_init(struct ledger *l, __u64 n)
{
	*l = (struct ledger){ .n = n, .times = shared_pages(n / PAGE + 1) };
}

static void ledger_note(struct ledger *l, __u64 value)
{
	if (value < l->n)
		__atomic_fetch_add(&l->times[value], 1, __ATOMIC_RELAXED);
	else
		__atomic_fetch_add(&l->strange, 1, __ATOMIC_RELAXED);
}

/* How many of the values from @first on were not seen just so often. */
static __u64 ledger_wrong(const struct ledger *l, __u64 first, __u64 n,
			  unsigned int times)
{
	__u64 wrong = l->strange, i;

	for (i = first; i < first + n; i++)
		wrong += l->times[i] != times;
	return wrong;
}

static int note_record(const struct shardmap_record *rec, void *arg)
{
	__u64 value;

	memcpy(&value, record_value(rec), sizeof(value));
	ledger_note(arg, value);
	return 0;
}

/* One call. */
static int drain_some(int fd, struct shardmap_scan *scan, __u32 room,
		      struct ledger *l)
{
	char buf[room];
	int ret;

	scan->flags = SHARDMAP_SCAN_DRAIN;
	ret = do_scan(fd, scan, buf, room);
	return ret ? ret : for_each_record(scan, buf, note_record, l);
}

static int drain_all(int fd, __u32 room, struct ledger *l)
{
	struct shardmap_scan scan = {};
	int ret = 0;

	while (!ret && !scan.done)
		ret = drain_some(fd, &scan, room, l);
	return ret;
}

/* Keys and values from @first on; the value is the key. */
static int store_some(int fd, __u64 first, __u64 n)
{
	struct batch b;
	int ret;

	batch_init(&b, n * 16, 0);
	for (; n; n--, first++)
		batch_put(&b, 0, OBJ(first), OBJ(first));
	ret = batch_all(fd, &b);
	batch_free(&b);
	return ret;
}

TEST_F(drain, leaves_nothing_with_any_buffer)
{
	static const __u32 rooms[] = { RECORD, RECORD + 1, 10 * RECORD, 30000 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rooms); i++) {
		struct ledger l;

		ledger_init(&l, 1000);
		ASSERT_EQ(0, store_some(self->fd, 0, 1000));
		ASSERT_EQ(0, drain_all(self->fd, rooms[i], &l));
		EXPECT_EQ(0, ledger_wrong(&l, 0, 1000, 1));
		EXPECT_EQ(0, count_entries(self->fd));
	}
}

TEST_F(drain, goes_on_in_another_process)
{
	struct shardmap_scan *scan = shared_pages(1);
	struct ledger l;
	int status;

	ledger_init(&l, 1000);
	ASSERT_EQ(0, store_some(self->fd, 0, 1000));
	while (!scan->done) {
		pid_t pid = fork();

		ASSERT_LE(0, pid);
		if (!pid) {
			int i, ret = 0;

			for (i = 0; i < 10 && !ret && !scan->done; i++)
				ret = drain_some(self->fd, scan, 9 * RECORD,
						 &l);
			_exit(ret != 0);
		}
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		ASSERT_EQ(0, status);
	}
	EXPECT_EQ(0, ledger_wrong(&l, 0, 1000, 1));
	EXPECT_EQ(0, count_entries(self->fd));
}

TEST_F(drain, what_is_not_returned_stays)
{
	char *pages = guarded_pages(2);
	struct snapshot before;
	struct shardmap_scan *scan = guarded_pages(1), was;
	static char buf[2 * PAGE];
	unsigned int i;

	ASSERT_EQ(0, store_some(self->fd, 0, 1000));
	ASSERT_EQ(0, snapshot_take(self->fd, &before));
	ASSERT_EQ(0, mprotect(pages + PAGE, PAGE, PROT_READ));
	const struct {
		void *buf;
		__u32 len;
		int err;
	} bad[] = {
		{ buf, RECORD - 1, ENOBUFS },
		{ NULL, 0, ENOBUFS },
		{ unmapped_page(), PAGE, EFAULT },
		{ NULL, PAGE, EFAULT },
		/* Some of it can be written, and is. */
		{ pages, 2 * PAGE, EFAULT },
		{ pages + PAGE - 8, PAGE, EFAULT },
		{ pages + PAGE, PAGE, EFAULT },
		{ buf, SHARDMAP_SCAN_BYTES_MAX + 1, EINVAL },
	};

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		*scan = (struct shardmap_scan){ .flags = SHARDMAP_SCAN_DRAIN };
		EXPECT_EQ(-bad[i].err,
			  do_scan(self->fd, scan, bad[i].buf, bad[i].len))
		{
			TH_LOG("bad[%u]", i);
		}
		EXPECT_EQ(0, scan->cursor.hash | scan->cursor.tie);
		EXPECT_EQ(0, snapshot_check(self->fd, &before));
	}
	*scan = (struct shardmap_scan){
		.size = sizeof(*scan),
		.flags = SHARDMAP_SCAN_DRAIN,
		.buf = to_u64(buf),
		.buf_len = sizeof(buf),
	};
	was = *scan;
	ASSERT_EQ(0, mprotect(scan, PAGE, PROT_READ));
	EXPECT_EQ(-EFAULT, do_ioctl(self->fd, SHARDMAP_IOC_SCAN, scan));
	EXPECT_EQ(0, memcmp(&was, scan, sizeof(was)));
	EXPECT_EQ(0, snapshot_check(self->fd, &before));
	snapshot_free(&before);
}

TEST_F(drain, who_may_not_write_may_not_drain)
{
	static const __u32 access[] = { SHARDMAP_READ, SHARDMAP_WRITE };
	struct snapshot before;
	struct ledger l;
	unsigned int i;

	ledger_init(&l, 100);
	ASSERT_EQ(0, store_some(self->fd, 0, 100));
	ASSERT_EQ(0, snapshot_take(self->fd, &before));
	for (i = 0; i < ARRAY_SIZE(access); i++) {
		int fd = do_handle(self->fd, access[i]);

		ASSERT_LE(0, fd);
		EXPECT_EQ(-EACCES, drain_all(fd, PAGE, &l));
		close(fd);
	}
	ASSERT_EQ(0, do_freeze(self->fd));
	EXPECT_EQ(-EROFS, drain_all(self->fd, PAGE, &l));
	EXPECT_EQ(0, snapshot_check(self->fd, &before));
	EXPECT_EQ(0, ledger_wrong(&l, 0, 100, 0));
	snapshot_free(&before);
}

/* A table that is frozen meanwhile */
struct freezing {
	int fd;
	unsigned int pause;
	int ret;
	struct shardmap_scan scan;
	struct ledger l;
};

static void freezing_work(unsigned int nth, void *arg)
{
	static char buf[1 << 20];
	struct freezing *f = arg;
	volatile unsigned int i;

	if (nth) {
		for (i = 0; i < f->pause; i++)
			;
		do_freeze(f->fd);
		return;
	}
	f->scan.flags = SHARDMAP_SCAN_DRAIN;
	f->ret = do_scan(f->fd, &f->scan, buf, sizeof(buf));
	if (!f->ret)
		for_each_record(&f->scan, buf, note_record, &f->l);
}

/* What a failing drain or a later pass shows is all that was not drained. */
TEST_F(drain, a_freeze_meanwhile_loses_nothing)
{
	enum { KEYS = 4000, ROUNDS = 60 };
	unsigned int round, failed = 0;

	for (round = 0; round < ROUNDS; round++) {
		struct freezing f = {
			.fd = create_table(self->dev, variant->is_inline),
			.pause = round * 5000,
		};

		ASSERT_LE(0, f.fd);
		ledger_init(&f.l, KEYS);
		ASSERT_EQ(0, store_some(f.fd, 0, KEYS));
		run_crew(2, freezing_work, &f);
		if (f.ret) {
			failed++;
			EXPECT_EQ(-EROFS, f.ret);
			EXPECT_EQ(0, f.scan.cursor.hash | f.scan.cursor.tie);
			EXPECT_EQ(0, f.scan.done);
		}
		ASSERT_EQ(0, scan_all(f.fd, 1 << 16, note_record, &f.l));
		EXPECT_EQ(0, ledger_wrong(&f.l, 0, KEYS, 1));
		munmap(f.l.times, (KEYS / PAGE + 1) * PAGE);
		close(f.fd);
	}
	TH_LOG("%u of %u drains failed", failed, ROUNDS);
}

enum { DRAINERS = 2, SHARED = 20000 };

struct share {
	int fd;
	int error;
	struct ledger l;
};

static void share_work(unsigned int nth, void *arg)
{
	struct share *s = arg;
	int ret = drain_all(s->fd, (nth * 20 + 1) * RECORD, &s->l);

	if (ret)
		s->error = ret;
}

TEST_F(drain, two_share_the_entries)
{
	struct share s = { .fd = self->fd };
	__u64 i;

	ledger_init(&s.l, SHARED);
	for (i = 0; i < SHARED; i += 4000) {
		ASSERT_EQ(0, store_some(self->fd, i, 4000));
	}
	run_crew(DRAINERS, share_work, &s);
	EXPECT_EQ(0, s.error);
	EXPECT_EQ(0, ledger_wrong(&s.l, 0, SHARED, 1));
	EXPECT_EQ(0, count_entries(self->fd));
}

enum { WRITERS = 2, WRITES = 20000, NUMBERS = 300 };

/* Writers store values that are all different, while one drains. */
struct flow {
	int fd;
	int error;
	unsigned int writing;
	unsigned int drained;
	struct ledger l;
};

/* Every fourth time take a value out, else store a new one for what was there. */
static int write_value(struct flow *f, __u64 n, __u64 value)
{
	__u64 key = n * 7919 % NUMBERS, old;
	struct shardmap_op op = key_op(OBJ(key));
	int ret;

	op.out = to_u64(&old);
	op.out_len = sizeof(old);
	if (n % 4 == 3) {
		ret = do_ioctl(f->fd, SHARDMAP_IOC_TAKE, &op);
		/* A value that was never stored has been seen, too. */
		ledger_note(&f->l, value);
	} else {
		op.flags = SHARDMAP_SWAP;
		op.value = to_u64(&value);
		op.value_len = sizeof(value);
		ret = do_ioctl(f->fd, SHARDMAP_IOC_PUT, &op);
	}
	if (ret == -ENOENT)
		return 0;
	if (!ret && op.out_len)
		ledger_note(&f->l, old);
	return ret;
}

static void flow_work(unsigned int nth, void *arg)
{
	struct flow *f = arg;
	int ret = 0;
	__u64 i;

	if (nth < WRITERS) {
		for (i = 0; i < WRITES && !ret; i++)
			ret = write_value(f, i, nth * WRITES + i);
		__atomic_fetch_sub(&f->writing, 1, __ATOMIC_RELAXED);
	} else {
		while (!ret && __atomic_load_n(&f->writing, __ATOMIC_RELAXED)) {
			ret = drain_all(f->fd, (1 + f->drained % 90) * RECORD,
					&f->l);
			f->drained++;
		}
	}
	if (ret)
		f->error = ret;
}

TEST_F(drain, each_value_goes_one_way_while_others_write)
{
	struct flow f = { .fd = self->fd, .writing = WRITERS };

	ledger_init(&f.l, WRITERS * WRITES);
	run_crew(WRITERS + 1, flow_work, &f);
	EXPECT_EQ(0, f.error);
	EXPECT_LT(0, f.drained);
	/* Replaced, taken, drained or still there: one of these, and once. */
	ASSERT_EQ(0, scan_all(self->fd, PAGE, note_record, &f.l));
	EXPECT_EQ(0, ledger_wrong(&f.l, 0, WRITERS * WRITES, 1));
}

TEST_F(drain, by_prefix)
{
	__u64 base = 0x1100, i;
	struct shardmap_scan scan = {};
	struct ledger l;

	/* The second byte of a little-endian number tells the hundreds apart. */
	ledger_init(&l, base + 256);
	ASSERT_EQ(0, store_some(self->fd, 0, 256));
	ASSERT_EQ(0, store_some(self->fd, base, 256));
	for (i = 0; i < 256; i++) {
		char prefix[2] = { i, 0x11 };

		scan = (struct shardmap_scan){
			.prefix = to_u64(prefix),
			.prefix_len = i % 2 ? 2 : 1,
		};
		while (!scan.done) {
			ASSERT_EQ(0, drain_some(self->fd, &scan, RECORD, &l));
		}
	}
	/* One byte is the beginning of two numbers, two bytes of one. */
	for (i = 0; i < 256; i++) {
		EXPECT_EQ(i % 2 ? 0 : 1, l.times[i]);
		EXPECT_EQ(1, l.times[base + i]);
	}
	EXPECT_EQ(128, count_entries(self->fd));
}

static int count_record(const struct shardmap_record *rec, void *arg)
{
	++*(unsigned int *)arg;
	return 0;
}

static unsigned int count_prefix(int fd, const void *prefix, __u32 len)
{
	struct shardmap_scan scan = { .prefix = to_u64(prefix),
				      .prefix_len = len };
	static char buf[PAGE];
	unsigned int n = 0;

	while (!scan.done)
		if (do_scan(fd, &scan, buf, sizeof(buf)) ||
		    for_each_record(&scan, buf, count_record, &n))
			return UINT32_MAX;
	return n;
}

TEST_F(drain, prefixes_are_bytes)
{
	static char keys[][4] = { "\0\0\0", "\0a\0", "\0ab", "a\0\0",
				  "a\0b",   "abc",   "b",    "\xff\xff\xff" };
	static char longest[SHARDMAP_KEY_LEN_MAX + 1];
	int fd = do_create(self->dev, NULL);
	struct shardmap_scan scan;
	unsigned int i;

	ASSERT_LE(0, fd);
	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		ASSERT_EQ(0, store(fd, keys[i], 3, "v", 1));
	}
	ASSERT_EQ(0, store(fd, longest, SHARDMAP_KEY_LEN_MAX, "v", 1));
	EXPECT_EQ(9, count_prefix(fd, NULL, 0));
	EXPECT_EQ(4, count_prefix(fd, "\0", 1));
	EXPECT_EQ(2, count_prefix(fd, "\0\0", 2));
	EXPECT_EQ(2, count_prefix(fd, "\0a", 2));
	EXPECT_EQ(1, count_prefix(fd, "\0a\0", 3));
	EXPECT_EQ(3, count_prefix(fd, "a", 1));
	EXPECT_EQ(2, count_prefix(fd, "a\0", 2));
	EXPECT_EQ(1, count_prefix(fd, "abc", 3));
	EXPECT_EQ(0, count_prefix(fd, "abcd", 4));
	EXPECT_EQ(1, count_prefix(fd, "\xff\xff", 2));
	EXPECT_EQ(0, count_prefix(fd, "c", 1));
	EXPECT_EQ(1, count_prefix(fd, longest, SHARDMAP_KEY_LEN_MAX));

	scan = (struct shardmap_scan){ .prefix = to_u64(longest),
				       .prefix_len = sizeof(longest) };
	test_err_scan(EINVAL, fd, &scan, NULL, 0);
	scan.prefix_len = 0;
	test_err_scan(EINVAL, fd, &scan, NULL, 0);
	scan.prefix = to_u64(unmapped_page());
	scan.prefix_len = 1;
	test_err_scan(EFAULT, fd, &scan, NULL, 0);
	close(fd);
}

TEST_HARNESS_MAIN
