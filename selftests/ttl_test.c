// SPDX-License-Identifier: GPL-2.0-only
/* Entries with a time to live: seen while it lasts, never after it. */
#include "how.h"
#include "scan.h"
#include "table.h"

#define MS 1000000ULL
#define HOUR (3600 * 1000 * MS)

static __u64 boot_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static void sleep_until(__u64 ns)
{
	while (boot_ns() <= ns)
		usleep(500);
}

static struct shardmap_op ttl_op(const void *key, __u32 key_len,
				 const void *value, __u32 value_len, __u64 ttl)
{
	struct shardmap_op op = key_op(key, key_len);

	op.value = to_u64(value);
	op.value_len = value_len;
	op.ttl = ttl;
	return op;
}

static int put_ttl(int fd, const void *key, __u32 key_len, const void *value,
		   __u32 value_len, __u64 ttl)
{
	struct shardmap_op op = ttl_op(key, key_len, value, value_len, ttl);

	return do_ioctl(fd, SHARDMAP_IOC_PUT, &op);
}

struct wanted {
	const void *key;
	__u32 key_len;
	bool there;
	__u64 expires;
};

static int find_record(const struct shardmap_record *rec, void *arg)
{
	struct wanted *w = arg;

	if (rec->key_len == w->key_len &&
	    !memcmp(record_key(rec), w->key, w->key_len)) {
		w->there = true;
		w->expires = rec->expires;
	}
	return 0;
}

/* When a key ends, by a scan; 1 if it is not there. */
static __u64 expires(int fd, const void *key, __u32 key_len)
{
	struct wanted w = { .key = key, .key_len = key_len };

	if (scan_all(fd, 1 << 16, find_record, &w))
		errx(KSFT_FAIL, "scan");
	return w.there ? w.expires : 1;
}

/* Ways to see whether a key is there. */

static int by_get(int fd, const void *key, __u32 key_len)
{
	__u32 len = 0;
	int ret = do_get(fd, key, key_len, NULL, &len, NULL);

	return ret == -ENOBUFS ? 0 : ret;
}

/* Not by any of the short ways. */
static int by_other_get(int fd, const void *key, __u32 key_len)
{
	struct shardmap_op op = key_op(key, key_len);
	int ret;

	op.flags = SHARDMAP_IF_CHANGED;
	ret = do_ioctl(fd, SHARDMAP_IOC_GET, &op);
	return ret == -ENOBUFS ? 0 : ret;
}

static int by_batch(int fd, const void *key, __u32 key_len)
{
	struct shardmap_op op = key_op(key, key_len);
	int ret = do_how(IN_BATCH, fd, SHARDMAP_OP_GET, &op);

	return ret == -ENOBUFS ? 0 : ret;
}

/* Under the shard's lock. */
static int by_atomic_batch(int fd, const void *key, __u32 key_len)
{
	struct shardmap_op op = key_op(key, key_len);
	int ret = do_how(ALL_OR_NOTHING, fd, SHARDMAP_OP_GET, &op);

	return ret == -ENOBUFS ? 0 : ret;
}

static int by_scan(int fd, const void *key, __u32 key_len)
{
	return expires(fd, key, key_len) == 1 ? -ENOENT : 0;
}

static int by_update(int fd, const void *key, __u32 key_len)
{
	int ret = do_put(fd, SHARDMAP_NOEXIST, key, key_len, "x", 1, NULL);

	if (ret != 1)
		return ret == -EEXIST ? 0 : ret;
	return do_delete(fd, key, key_len) ?: -ENOENT;
}

typedef int (*look_fn)(int fd, const void *key, __u32 key_len);

static const look_fn looks[] = { by_get,	  by_other_get, by_batch,
				 by_atomic_batch, by_scan,	by_update };

/**
 * struct watched - a key that is looked at until it is gone
 * @fd: the table
 * @late: how often it was there after its time
 * @early: how often it was not, before
 * @seen: how often it was there
 * @error: what else a look ended with
 */
struct watched {
	int fd;
	unsigned int late;
	unsigned int early;
	unsigned int seen;
	int error;
};

static void watch_key(struct watched *w, look_fn look, __u64 key,
		      const void *value, __u32 value_len, __u64 ttl)
{
	__u64 begun = boot_ns(), stored, before, after;
	int ret;

	if (put_ttl(w->fd, OBJ(key), value, value_len, ttl))
		w->error = -EIO;
	stored = boot_ns();
	do {
		before = boot_ns();
		ret = look(w->fd, OBJ(key));
		after = boot_ns();
		/* It ends between begun + ttl and stored + ttl. */
		if (!ret && before >= stored + ttl)
			w->late++;
		if (ret == -ENOENT && after < begun + ttl)
			w->early++;
		if (ret && ret != -ENOENT)
			w->error = ret;
		w->seen += !ret;
	} while (!w->error && before < stored + ttl + MS);
}

static void watch_work(unsigned int nth, void *arg)
{
	static const __u32 lens[] = { 0, 8, 100 };
	static const char value[100];
	__u64 deadline = now_ms() + 5000;
	struct watched *w = arg;
	unsigned int i;

	for (i = 0; i < 300 && now_ms() < deadline; i++)
		watch_key(w, looks[i % ARRAY_SIZE(looks)],
			  (__u64)nth << 32 | i % 50, value, lens[i % 3],
			  (1 + i % 7) * MS / 2);
}

TEST_F(table, never_seen_late_and_not_gone_early)
{
	struct watched w = { .fd = self->fd };

	run_crew(2, watch_work, &w);
	EXPECT_EQ(0, w.error);
	EXPECT_EQ(0, w.late);
	EXPECT_EQ(0, w.early);
	EXPECT_LT(0, w.seen);
}

TEST_F(table, a_scan_tells_when)
{
	__u64 before = boot_ns(), after, end;

	ASSERT_EQ(0, put_ttl(self->fd, STR("key"), STR("value"), HOUR));
	ASSERT_EQ(0, store(self->fd, STR("for ever"), STR("value")));
	after = boot_ns();
	end = expires(self->fd, STR("key"));
	EXPECT_LE(before + HOUR, end);
	EXPECT_GE(after + HOUR, end);
	EXPECT_EQ(0, expires(self->fd, STR("for ever")));
}

TEST_F(table, the_longest_time_does_not_wrap)
{
	static const __u64 ttls[] = { UINT64_MAX, UINT64_MAX - 1, 1ULL << 63,
				      (1ULL << 63) - 1 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ttls); i++) {
		ASSERT_EQ(0,
			  put_ttl(self->fd, STR("key"), STR("value"), ttls[i]));
		EXPECT_EQ(0, check_value(self->fd, STR("key"), STR("value")));
		EXPECT_LT(boot_ns() + HOUR, expires(self->fd, STR("key")));
	}
}

struct gone {
	int fd;
	struct shardmap_info info;
};

static bool all_is_gone(void *arg)
{
	struct gone *g = arg;

	return do_info(g->fd, &g->info) ||
	       (!g->info.entries && !g->info.entry_bytes);
}

TEST_F(table, memory_comes_back_by_itself)
{
	enum { KEYS = 500 };
	struct gone gone = { .fd = self->fd };
	__u64 i;

	for (i = 0; i < KEYS; i++) {
		ASSERT_EQ(0, put_ttl(self->fd, OBJ(i), OBJ(i),
				     (1 + i % 10) * 10 * MS));
	}
	/* Nothing but INFO is called from here on. */
	EXPECT_TRUE(poll_until(all_is_gone, &gone));
	EXPECT_EQ(KEYS, gone.info.expired);
	EXPECT_EQ(0, gone.info.evicted);
	EXPECT_EQ(0, gone.info.entries);
	EXPECT_EQ(0, gone.info.entry_bytes);
}

TEST_F(table, others_stay)
{
	enum { KEYS = 100 };
	__u64 i;

	for (i = 0; i < KEYS; i++) {
		ASSERT_EQ(0, put_ttl(self->fd, OBJ(i), OBJ(i),
				     i % 2 ? 5 * MS :
				     i % 4 ? HOUR :
					     0));
	}
	sleep_until(boot_ns() + 20 * MS);
	for (i = 0; i < KEYS; i++) {
		EXPECT_EQ(i % 2 ? -ENOENT : 0,
			  check_value(self->fd, OBJ(i), OBJ(i)));
	}
}

/* 8 bytes may be stored in place of 8 others, and need another way. */
TEST_F(table, put_and_cas_set_it_anew)
{
	static const __u32 lens[] = { 8, 20 };
	static const char value[20] = "value", next[20] = "next";
	static const __u64 ttls[] = { 0, HOUR, 2 * HOUR, 0, 0, HOUR, 0 };
	unsigned int i, j, way;

	for (way = 0; way < 3; way++) {
		for (j = 0; j < ARRAY_SIZE(lens); j++) {
			ASSERT_EQ(0, put_ttl(self->fd, STR("k"), value, lens[j],
					     HOUR / 2));
			for (i = 0; i < ARRAY_SIZE(ttls); i++) {
				const char *now = i % 2 ? next : value;
				const char *then = i % 2 ? value : next;
				struct shardmap_op op = ttl_op(
					STR("k"), then, lens[j], ttls[i]);
				__u64 before = boot_ns(), end;
				char out[20];

				if (way == 1) {
					op.flags = SHARDMAP_SWAP;
					op.out = to_u64(out);
					op.out_len = sizeof(out);
				}
				if (way == 2) {
					op.flags = SHARDMAP_IF_VALUE;
					op.expected = to_u64(now);
					op.expected_len = lens[j];
				}
				ASSERT_EQ(0,
					  do_ioctl(self->fd,
						   way == 2 ? SHARDMAP_IOC_CAS :
							      SHARDMAP_IOC_PUT,
						   &op));
				end = expires(self->fd, STR("k"));
				if (!ttls[i]) {
					EXPECT_EQ(0, end);
					continue;
				}
				EXPECT_LE(before + ttls[i], end);
				EXPECT_GE(boot_ns() + ttls[i], end);
			}
		}
	}
}

TEST_F(table, add_and_get_or_put_leave_it)
{
	__u64 number = 5, end;
	struct shardmap_op op;
	char out[8];

	ASSERT_EQ(0, put_ttl(self->fd, STR("n"), OBJ(number), HOUR));
	end = expires(self->fd, STR("n"));
	test_cmd_add(self->fd, 0, STR("n"), 1, 0, NULL, NULL);
	EXPECT_EQ(end, expires(self->fd, STR("n")));
	/* What it says of a new key is not for one that is there. */
	op = key_op(STR("n"));
	op.flags = SHARDMAP_CREATE;
	op.delta = 1;
	op.ttl = 2 * HOUR;
	ASSERT_EQ(0, do_ioctl(self->fd, SHARDMAP_IOC_ADD, &op));
	EXPECT_EQ(6, op.old);
	EXPECT_EQ(end, expires(self->fd, STR("n")));
	op = ttl_op(STR("n"), OBJ(number), 2 * HOUR);
	op.out = to_u64(out);
	op.out_len = sizeof(out);
	ASSERT_EQ(0, do_ioctl(self->fd, SHARDMAP_IOC_GET_OR_PUT, &op));
	EXPECT_EQ(0, op.flags);
	EXPECT_EQ(end, expires(self->fd, STR("n")));

	/* New keys get it from either. */
	op = key_op(STR("new"));
	op.flags = SHARDMAP_CREATE;
	op.ttl = HOUR;
	ASSERT_EQ(0, do_ioctl(self->fd, SHARDMAP_IOC_ADD, &op));
	EXPECT_LT(end, expires(self->fd, STR("new")));
	op = ttl_op(STR("newer"), OBJ(number), HOUR);
	ASSERT_EQ(0, do_ioctl(self->fd, SHARDMAP_IOC_GET_OR_PUT, &op));
	EXPECT_LT(end, expires(self->fd, STR("newer")));
}

/* To each operation, also one that could meet it before its memory is taken back. */
TEST_F(table, after_its_time_it_is_not_there)
{
	__u64 number = 5, versions[6] = {};
	unsigned int way, how;

	for (how = SINGLY; how <= ALL_OR_NOTHING; how++) {
		for (way = SHARDMAP_OP_GET; way < SHARDMAP_OP_NR; way++) {
			struct shardmap_op op =
				ttl_op(STR("k"), OBJ(number), MS);
			__u64 before;
			char out[8];

			ASSERT_EQ(0, do_ioctl(self->fd, SHARDMAP_IOC_PUT, &op));
			before = op.version;
			sleep_until(boot_ns() + MS);
			op = key_op(STR("k"));
			if (way == SHARDMAP_OP_PUT || way == SHARDMAP_OP_CAS ||
			    way == SHARDMAP_OP_GET_OR_PUT)
				op = ttl_op(STR("k"), OBJ(number), 0);
			if (way == SHARDMAP_OP_PUT)
				op.flags = SHARDMAP_EXIST;
			if (way == SHARDMAP_OP_CAS) {
				op.flags = SHARDMAP_IF_VERSION;
				op.version = before;
			}
			if (way == SHARDMAP_OP_GET_OR_PUT ||
			    way == SHARDMAP_OP_TAKE) {
				op.out = to_u64(out);
				op.out_len = sizeof(out);
			}
			EXPECT_EQ(way == SHARDMAP_OP_GET_OR_PUT ? 0 : -ENOENT,
				  do_how(how, self->fd, way, &op))
			{
				TH_LOG("opcode %u", way);
			}
			if (way == SHARDMAP_OP_GET_OR_PUT) {
				EXPECT_EQ(SHARDMAP_INSERTED, op.flags);
				EXPECT_LT(before, op.version);
				EXPECT_EQ(0, expires(self->fd, STR("k")));
			}
			test_cmd_put(self->fd, 0, STR("k"), OBJ(number),
				     &versions[0]);
			EXPECT_LT(before, versions[0]);
			test_cmd_delete(self->fd, STR("k"));
		}
	}
}

TEST_F(table, a_full_table_has_room_again_at_once)
{
	struct shardmap_create how = { .max_entries = 50 };
	int fd = do_create(self->dev, &how);
	struct shardmap_info info;
	__u64 end = 0, i;
	int round;

	ASSERT_LE(0, fd);
	for (round = 0; round < 10; round++) {
		sleep_until(end);
		for (i = 0; i < 50; i++) {
			__u64 key = round * 50 + i;

			ASSERT_EQ(0, put_ttl(fd, OBJ(key), OBJ(i), 200 * MS));
			end = boot_ns() + 200 * MS;
		}
		/* On a slow machine some may be over before all are stored. */
	}
	test_cmd_info(fd, &info);
	EXPECT_GE(50, info.entries);
	EXPECT_LE(450, info.expired);
	close(fd);
}

TEST_F(table, an_inline_table_has_none)
{
	struct shardmap_create how = {
		.flags = SHARDMAP_CREATE_INLINE,
		.max_key_len = 8,
		.max_value_len = 8,
	};
	int fd = do_create(self->dev, &how);
	__u64 key = 1;

	ASSERT_LE(0, fd);
	EXPECT_EQ(-EINVAL, put_ttl(fd, OBJ(key), OBJ(key), HOUR));
	EXPECT_EQ(0, put_ttl(fd, OBJ(key), OBJ(key), 0));
	EXPECT_EQ(-EINVAL, put_ttl(fd, OBJ(key), OBJ(key), 1));
	EXPECT_EQ(0, expires(fd, OBJ(key)));
	close(fd);
}

TEST_HARNESS_MAIN
