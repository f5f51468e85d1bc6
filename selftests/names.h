/* SPDX-License-Identifier: GPL-2.0-only */
/* Named tables and further descriptors. */
#ifndef _SHARDMAP_SELFTEST_NAMES_H
#define _SHARDMAP_SELFTEST_NAMES_H

#include "selftest.h"

#define READ_WRITE (SHARDMAP_READ | SHARDMAP_WRITE)

static inline int do_create_named(int dev, const char *name, __u32 mode)
{
	struct shardmap_create how = {
		.nr_shards = 1,
		.mode = mode,
		.name = to_u64(name),
		.name_len = strlen(name),
	};

	return do_create(dev, &how);
}

static inline int open_named(int dev, const char *name, __u32 access)
{
	return do_open(dev, name, strlen(name), access);
}

#define test_err_open_named(_errno, ...) \
	EXPECT_EQ(-(_errno), open_named(__VA_ARGS__))

static inline int unlink_named(int dev, const char *name)
{
	return do_unlink(dev, name, strlen(name));
}

#define test_cmd_unlink_named(...) ASSERT_EQ(0, unlink_named(__VA_ARGS__))
#define test_err_unlink_named(_errno, ...) \
	EXPECT_EQ(-(_errno), unlink_named(__VA_ARGS__))

/* One call.  The place to go on at stands in @list, the buffer is renewed. */
static inline int do_list(int dev, struct shardmap_list *list, void *buf,
			  __u32 buf_len)
{
	list->size = sizeof(*list);
	list->buf = to_u64(buf);
	list->buf_len = buf_len;
	return do_ioctl(dev, SHARDMAP_IOC_LIST, list);
}

#define test_cmd_list(...) ASSERT_EQ(0, do_list(__VA_ARGS__))

static inline bool list_record_is_sound(const struct shardmap_list_record *rec,
					__u32 room)
{
	const char *name = (const char *)(rec + 1);
	__u32 i;

	if (room < sizeof(*rec) || rec->record_len > room ||
	    rec->record_len % 8 || !rec->name_len ||
	    rec->name_len > SHARDMAP_NAME_LEN_MAX || !rec->id ||
	    rec->record_len - sizeof(*rec) - rec->name_len > 7)
		return false;
	/* What is between name and next record is zero. */
	for (i = rec->name_len; i < rec->record_len - sizeof(*rec); i++)
		if (name[i])
			return false;
	return true;
}

typedef int (*list_fn)(const struct shardmap_list_record *rec, void *arg);

/* Show every record that a call returned.  -EPROTO if they make no sense. */
static inline int for_each_listed(const struct shardmap_list *list,
				  const void *buf, list_fn fn, void *arg)
{
	__u32 off = 0, records = 0;
	int ret;

	while (off < list->used) {
		const struct shardmap_list_record *rec =
			(const void *)((const char *)buf + off);

		if (!list_record_is_sound(rec, list->used - off))
			return -EPROTO;
		ret = fn(rec, arg);
		if (ret)
			return ret;
		off += rec->record_len;
		records++;
	}
	return records == list->records ? 0 : -EPROTO;
}

/* All of a list, with a buffer of @buf_len bytes. */
static inline int list_all(int dev, __u32 buf_len, list_fn fn, void *arg)
{
	struct shardmap_list list = {};
	void *buf = malloc(buf_len);
	int ret = buf ? 0 : -ENOMEM;

	while (!ret && !list.done) {
		__u64 before = list.after;

		ret = do_list(dev, &list, buf, buf_len);
		/* It must come to an end. */
		if (!ret && list.records && list.after <= before)
			ret = -ELOOP;
		if (!ret)
			ret = for_each_listed(&list, buf, fn, arg);
	}
	free(buf);
	return ret;
}

struct sought {
	const char *name;
	unsigned int times;
	struct shardmap_list_record record;
};

static inline int seek_record(const struct shardmap_list_record *rec, void *arg)
{
	struct sought *sought = arg;

	if (rec->name_len != strlen(sought->name) ||
	    memcmp(rec + 1, sought->name, rec->name_len))
		return 0;
	sought->times++;
	sought->record = *rec;
	return 0;
}

/* How many times a name is listed, or a negative errno. */
static inline int count_listed(int dev, const char *name)
{
	struct sought sought = { .name = name };
	int ret = list_all(dev, 4096, seek_record, &sought);

	return ret ? ret : (int)sought.times;
}

/* Run in a child; 0 if fn() returned true there. */
static inline int in_child(bool (*fn)(void *arg), void *arg)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid)
		_exit(fn(arg) ? 0 : 1);
	if (waitpid(pid, &status, 0) != pid)
		return -errno;
	return status;
}

/* In a child, where no test can fail: says which line did. */
#define CHECK(condition)                                                 \
	do {                                                             \
		if (!(condition)) {                                      \
			printf("# line %d: %s\n", __LINE__, #condition); \
			fflush(stdout);                                  \
			return false;                                    \
		}                                                        \
	} while (0)

#endif /* _SHARDMAP_SELFTEST_NAMES_H */
