/* SPDX-License-Identifier: GPL-2.0-only */
/* Watching a table, and taking its changes one by one. */
#ifndef _SHARDMAP_SELFTEST_WATCH_H
#define _SHARDMAP_SELFTEST_WATCH_H

#include "selftest.h"

/* Bytes of a record without a key, such as one of type LOST, and with one. */
#define HEAD_BYTES sizeof(struct shardmap_change)
#define RECORD_BYTES(key_len) ((HEAD_BYTES + (key_len) + 7) & ~7UL)

/* As @ring_bytes the smallest ring, and one that no test fills. */
#define SMALL_RING SHARDMAP_WATCH_BYTES_MIN
#define LARGE_RING SHARDMAP_WATCH_BYTES_MAX

static inline int do_watch(int fd, __u32 ring_bytes)
{
	struct shardmap_watch arg = {
		.size = sizeof(arg),
		.ring_bytes = ring_bytes,
	};

	return do_ioctl(fd, SHARDMAP_IOC_WATCH, &arg);
}

#define test_cmd_watch(fd, ring_bytes) ASSERT_EQ(0, do_watch(fd, ring_bytes))
#define test_err_watch(_errno, fd, ring_bytes) \
	EXPECT_EQ(-(_errno), do_watch(fd, ring_bytes))

static inline ssize_t do_read(int fd, void *buf, size_t len)
{
	ssize_t ret = read(fd, buf, len);

	return ret < 0 ? -errno : ret;
}

static inline int set_nonblock(int fd)
{
	return fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK) ? -errno : 0;
}

static inline const void *change_key(const struct shardmap_change *change)
{
	return change + 1;
}

static inline bool change_is_sound(const struct shardmap_change *change,
				   size_t room)
{
	const char *record = (const char *)change;
	size_t i;

	if (room < HEAD_BYTES || change->record_len > room ||
	    change->record_len != RECORD_BYTES(change->key_len) ||
	    !change->version || change->op < SHARDMAP_CHANGE_INSERT ||
	    change->op > SHARDMAP_CHANGE_LOST ||
	    (change->op == SHARDMAP_CHANGE_LOST) == !!change->key_len)
		return false;
	for (i = HEAD_BYTES + change->key_len; i < change->record_len; i++)
		if (record[i])
			return false;
	return true;
}

/**
 * struct stream - changes on their way from a descriptor
 * @fd: the descriptor
 * @size: bytes to ask for at once; 0 is all of @buf
 * @used: bytes of records in @buf
 * @at: where the next one is
 * @err: why there is none
 * @buf: the records
 */
struct stream {
	int fd;
	size_t size;
	ssize_t used;
	ssize_t at;
	int err;
	char buf[65536] __attribute__((aligned(8)));
};

/* The next change, or NULL with @err. */
static inline const struct shardmap_change *next_change(struct stream *s)
{
	const struct shardmap_change *change;

	if (s->at == s->used) {
		s->at = 0;
		memset(s->buf, 0xa5, sizeof(s->buf));
		s->used = do_read(s->fd, s->buf, s->size ?: sizeof(s->buf));
		if (s->used <= 0) {
			s->err = s->used ?: -EPROTO;
			s->used = 0;
			return NULL;
		}
	}
	change = (const void *)(s->buf + s->at);
	if (!change_is_sound(change, s->used - s->at)) {
		s->err = -EPROTO;
		return NULL;
	}
	s->at += change->record_len;
	return change;
}

/* 0 if this is the next change; a zero version stands for any. */
static inline int check_change(struct stream *s, unsigned int op,
			       const void *key, size_t key_len, __u64 version)
{
	const struct shardmap_change *change = next_change(s);

	if (!change)
		return s->err;
	if (change->op != op || change->key_len != key_len ||
	    memcmp(change_key(change), key, key_len) ||
	    (version && change->version != version))
		return -EBADMSG;
	return 0;
}

/* 0 if there is no further change; for descriptors that do not wait. */
static inline int check_no_change(struct stream *s)
{
	if (next_change(s))
		return -EBADMSG;
	return s->err == -EAGAIN ? 0 : s->err;
}

#endif /* _SHARDMAP_SELFTEST_WATCH_H */
