/* SPDX-License-Identifier: GPL-2.0-only */
/* Walking tables and what a scan returned, and comparing whole tables. */
#ifndef _SHARDMAP_SELFTEST_SCAN_H
#define _SHARDMAP_SELFTEST_SCAN_H

#include "selftest.h"

/* A call may be empty-handed, but a pass of so many calls has lost its way. */
#define PASS_CALLS_MAX 10000000U

static inline __u32 align8(__u32 n)
{
	return (n + 7) & ~7U;
}

static inline const void *record_key(const struct shardmap_record *rec)
{
	return rec + 1;
}

static inline const void *record_value(const struct shardmap_record *rec)
{
	return (const char *)rec + align8(sizeof(*rec) + rec->key_len);
}

static inline bool record_is_sound(const struct shardmap_record *rec,
				   __u32 room)
{
	return room >= sizeof(*rec) && rec->record_len <= room &&
	       rec->record_len % 8 == 0 && rec->key_len > 0 &&
	       rec->key_len <= SHARDMAP_KEY_LEN_MAX &&
	       rec->value_len <= SHARDMAP_VALUE_LEN_MAX && !rec->reserved &&
	       rec->version &&
	       rec->record_len == align8(align8(sizeof(*rec) + rec->key_len) +
					 rec->value_len);
}

/* One call.  The cursor stands in @scan, the buffer is renewed. */
static inline int do_scan(int fd, struct shardmap_scan *scan, void *buf,
			  __u32 buf_len)
{
	scan->size = sizeof(*scan);
	scan->buf = to_u64(buf);
	scan->buf_len = buf_len;
	return do_ioctl(fd, SHARDMAP_IOC_SCAN, scan);
}

#define test_cmd_scan(...) ASSERT_EQ(0, do_scan(__VA_ARGS__))
#define test_err_scan(_errno, ...) EXPECT_EQ(-(_errno), do_scan(__VA_ARGS__))

typedef int (*record_fn)(const struct shardmap_record *rec, void *arg);

/* Show every record that a call returned.  -EPROTO if they make no sense. */
static inline int for_each_record(const struct shardmap_scan *scan,
				  const void *buf, record_fn fn, void *arg)
{
	__u32 off = 0, records = 0;
	int ret;

	while (off < scan->used) {
		const struct shardmap_record *rec =
			(const void *)((const char *)buf + off);

		if (!record_is_sound(rec, scan->used - off))
			return -EPROTO;
		ret = fn(rec, arg);
		if (ret)
			return ret;
		off += rec->record_len;
		records++;
	}
	return records == scan->records ? 0 : -EPROTO;
}

/* For for_each_record(): no byte behind a key or a value may be anything but zero. */
static inline int record_padding_is_zero(const struct shardmap_record *rec,
					 void *arg)
{
	const char *p = (const char *)record_key(rec) + rec->key_len;
	const char *value = record_value(rec);

	while (p < value)
		if (*p++)
			return -EBADMSG;
	for (p = value + rec->value_len; p < (char *)rec + rec->record_len;)
		if (*p++)
			return -EBADMSG;
	return 0;
}

/*
 * A whole pass, with a buffer of @buf_len bytes, or if that is 0 of a new size
 * for every call, often too small at first.
 */
static inline int scan_all(int fd, __u32 buf_len, record_fn fn, void *arg)
{
	struct shardmap_scan scan = {};
	unsigned int seed = 1, calls;
	__u32 len = buf_len;
	void *buf = malloc(buf_len + SHARDMAP_VALUE_LEN_MAX * 2);
	int ret = buf ? 0 : -ENOMEM;

	for (calls = 0; !ret && !scan.done; calls++) {
		if (calls == PASS_CALLS_MAX) {
			ret = -ELOOP;
			break;
		}
		if (!buf_len && ret != -ENOBUFS)
			len = rand_r(&seed) % 500;
		ret = do_scan(fd, &scan, buf, len);
		if (!buf_len && ret == -ENOBUFS) {
			len = scan.buf_len;
			ret = do_scan(fd, &scan, buf, len);
		}
		if (!ret)
			ret = for_each_record(&scan, buf, fn, arg);
	}
	free(buf);
	return ret;
}

/* All records of a table, in the order of a scan. */
struct snapshot {
	__u64 entries;
	size_t len;
	char *data;
};

static inline int snapshot_add(const struct shardmap_record *rec, void *arg)
{
	struct snapshot *snap = arg;
	char *data = realloc(snap->data, snap->len + rec->record_len);

	if (!data)
		return -ENOMEM;
	memcpy(data + snap->len, rec, rec->record_len);
	snap->data = data;
	snap->len += rec->record_len;
	return 0;
}

static inline int snapshot_take(int fd, struct snapshot *snap)
{
	struct shardmap_info info;
	int ret = do_info(fd, &info);

	*snap = (struct snapshot){ .entries = info.entries };
	if (ret)
		return ret;
	return scan_all(fd, SHARDMAP_VALUE_LEN_MAX * 2, snapshot_add, snap);
}

/* 0 if the table holds just what it held, in the same versions. */
static inline int snapshot_check(int fd, const struct snapshot *before)
{
	struct snapshot now;
	int ret = snapshot_take(fd, &now);

	if (!ret && (now.entries != before->entries || now.len != before->len ||
		     memcmp(now.data, before->data, now.len)))
		ret = -EBADMSG;
	free(now.data);
	return ret;
}

static inline void snapshot_free(struct snapshot *snap)
{
	free(snap->data);
}

#endif /* _SHARDMAP_SELFTEST_SCAN_H */
