// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records of few bytes, gathered in small pieces of kernel memory: what stands between
 * them is zero, and what lies behind them is the caller's.
 *
 * A kernel that clears memory when it is allocated hides a byte that was left as it
 * was.  One booted with init_on_alloc=0 slab_debug=P fills freed memory with a pattern
 * instead, and that is only done to pieces of up to some thousand bytes.
 */
#include "names.h"
#include "scan.h"
#include "table.h"
#include "watch.h"

enum { ROOM = 2048, NAMES = 24 };

static const unsigned char fills[] = { 0x00, 0xff };

static unsigned char out[2][ROOM + 64];

/* 0 if two answers over different memory are the same, and end where they say. */
static int compare_answers(__u32 used, __u32 other_used)
{
	__u32 i;

	if (used != other_used || used > ROOM || memcmp(out[0], out[1], used))
		return -EBADMSG;
	for (i = used; i < sizeof(out[0]); i++)
		if (out[0][i] != fills[0] || out[1][i] != fills[1])
			return -EBADMSG;
	return 0;
}

/* All entries are seen, with a buffer for a few records. */
static int compare_passes(int fd, __u32 room)
{
	struct shardmap_scan scan[2] = {};
	int i, ret;

	do {
		for (i = 0; i < 2; i++) {
			memset(out[i], fills[i], sizeof(out[i]));
			ret = do_scan(fd, &scan[i], out[i], room);
			if (!ret)
				ret = for_each_record(&scan[i], out[i],
						      record_padding_is_zero,
						      NULL);
			if (ret)
				return ret;
			scan[i].buf = 0;
		}
		ret = compare_answers(scan[0].used, scan[1].used);
		if (!ret && memcmp(&scan[0], &scan[1], sizeof(scan[0])))
			ret = -EBADMSG;
	} while (!ret && !scan[0].done);
	return ret;
}

TEST_F(table, scan)
{
	static char bytes[64];
	__u32 key_len, room;

	memset(bytes, 'x', sizeof(bytes));
	for (key_len = 1; key_len <= 40; key_len++) {
		ASSERT_EQ(0, store(self->fd, bytes, key_len, bytes,
				   key_len * 7 % 19));
	}
	for (room = 128; room <= ROOM; room *= 2) {
		EXPECT_EQ(0, compare_passes(self->fd, room));
	}
}

/* A name of each length, so that there is padding of each length. */
static const char *name_of(unsigned int n)
{
	static char name[NAMES + 32];

	memset(name, 'n', sizeof(name));
	snprintf(name + n, sizeof(name) - n, "leak");
	return name;
}

TEST_F(table, list)
{
	struct shardmap_list list[2] = {};
	int fd[NAMES], i;
	unsigned int n;

	for (n = 0; n < NAMES; n++) {
		fd[n] = do_create_named(self->dev, name_of(n), 0600);
		ASSERT_LE(0, fd[n]);
	}
	do {
		for (i = 0; i < 2; i++) {
			memset(out[i], fills[i], sizeof(out[i]));
			test_cmd_list(self->dev, &list[i], out[i], 256);
			/* Its padding is looked at here. */
			EXPECT_EQ(0, for_each_listed(
					     &list[i], out[i], seek_record,
					     &(struct sought){ .name = "" }));
			list[i].buf = 0;
		}
		EXPECT_EQ(0, compare_answers(list[0].used, list[1].used));
		ASSERT_EQ(0, memcmp(&list[0], &list[1], sizeof(list[0])));
	} while (!list[0].done);
	for (n = 0; n < NAMES; n++) {
		EXPECT_EQ(0, unlink_named(self->dev, name_of(n)));
		close(fd[n]);
	}
}

/* A ring of the smallest size comes from where small pieces do. */
TEST_F(table, watch)
{
	static char key[40];
	int fd[2], i, round;
	ssize_t used[2];
	__u32 len;

	for (i = 0; i < 2; i++) {
		fd[i] = do_handle(self->fd, READ_WRITE);
		ASSERT_LE(0, fd[i]);
		test_cmd_watch(fd[i], SMALL_RING);
	}
	/* Round and round the ring, each time from another place. */
	for (round = 0; round < 20; round++) {
		for (len = 1; len < sizeof(key); len++) {
			ASSERT_EQ(0, store(self->fd, key, len, key, len));
		}
		for (i = 0; i < 2; i++) {
			const char *at = (const char *)out[i];

			memset(out[i], fills[i], sizeof(out[i]));
			used[i] = do_read(fd[i], out[i], ROOM);
			ASSERT_LT(0, used[i]);
			while (at < (const char *)out[i] + used[i]) {
				const struct shardmap_change *c =
					(const void *)at;

				ASSERT_TRUE(change_is_sound(
					c, (char *)out[i] + used[i] - at));
				at += c->record_len;
			}
		}
		EXPECT_EQ(0, compare_answers(used[0], used[1]));
	}
	close(fd[0]);
	close(fd[1]);
}

/* Commands that have no answer, or are refused, leave their structure as it was. */

static union {
	__u32 size;
	struct shardmap_create create;
	struct shardmap_open open;
	struct shardmap_unlink unlink;
	struct shardmap_list list;
	struct shardmap_handle handle;
	struct shardmap_freeze freeze;
	struct shardmap_reserve reserve;
	struct shardmap_watch watch;
	struct shardmap_scan scan;
	struct shardmap_batch batch;
	char bytes[256];
} arg, before;

static int call_unchanged(int fd, unsigned int cmd, __u32 size, int *changed)
{
	int ret;

	arg.size = size;
	memset(arg.bytes + size, 0xa5, sizeof(arg) - size);
	before = arg;
	ret = do_ioctl(fd, cmd, &arg);
	*changed = memcmp(&arg, &before, sizeof(arg));
	return ret;
}

#define EXPECT_UNCHANGED(_ret, fd, cmd, member)                             \
	do {                                                                \
		int _changed = 0;                                           \
		EXPECT_EQ(_ret, call_unchanged(fd, cmd, sizeof(arg.member), \
					       &_changed));                 \
		EXPECT_EQ(0, _changed);                                     \
		memset(&arg, 0, sizeof(arg));                               \
	} while (0)

TEST_F(table, structures_without_an_answer)
{
	int changed, fd;

	fd = call_unchanged(self->dev, SHARDMAP_IOC_CREATE, sizeof(arg.create),
			    &changed);
	EXPECT_LE(0, fd);
	EXPECT_EQ(0, changed);
	close(fd);
	arg.handle.access = SHARDMAP_READ;
	fd = call_unchanged(self->fd, SHARDMAP_IOC_HANDLE, sizeof(arg.handle),
			    &changed);
	EXPECT_LE(0, fd);
	EXPECT_EQ(0, changed);
	close(fd);
	memset(&arg, 0, sizeof(arg));
	arg.open.access = SHARDMAP_READ;
	arg.open.name = to_u64("none");
	arg.open.name_len = 4;
	EXPECT_UNCHANGED(-ENOENT, self->dev, SHARDMAP_IOC_OPEN, open);
	arg.unlink.name = to_u64("none");
	arg.unlink.name_len = 4;
	EXPECT_UNCHANGED(-ENOENT, self->dev, SHARDMAP_IOC_UNLINK, unlink);
	arg.list.flags = 1;
	EXPECT_UNCHANGED(-EINVAL, self->dev, SHARDMAP_IOC_LIST, list);
	arg.reserve.entries = 100;
	EXPECT_UNCHANGED(0, self->fd, SHARDMAP_IOC_RESERVE, reserve);
	EXPECT_UNCHANGED(0, self->fd, SHARDMAP_IOC_WATCH, watch);
	EXPECT_UNCHANGED(-EBUSY, self->fd, SHARDMAP_IOC_WATCH, watch);
	arg.scan.reserved = 1;
	EXPECT_UNCHANGED(-EINVAL, self->fd, SHARDMAP_IOC_SCAN, scan);
	EXPECT_UNCHANGED(-EINVAL, self->fd, SHARDMAP_IOC_BATCH, batch);
	EXPECT_UNCHANGED(0, self->fd, SHARDMAP_IOC_FREEZE, freeze);
}

TEST_HARNESS_MAIN
