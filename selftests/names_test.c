// SPDX-License-Identifier: GPL-2.0-only
/* Tables with names: making, opening, unlinking and listing them. */
#include <sys/stat.h>

#include "names.h"

/*
 * The device, and that none of the names that a test uses is left of another one.
 */
FIXTURE(names)
{
	int dev;
	__s64 tables;
};

static const char *const used[] = { "a", "b", "c", "one", "two" };

static void unlink_used(int dev)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(used); i++)
		unlink_named(dev, used[i]);
}

FIXTURE_SETUP(names)
{
	self->dev = open_device();
	ASSERT_LE(0, self->dev);
	unlink_used(self->dev);
	self->tables = count_tables(self->dev);
	ASSERT_LE(0, self->tables);
}

FIXTURE_TEARDOWN(names)
{
	unlink_used(self->dev);
	EXPECT_EQ(0, close(self->dev));
}

TEST_F(names, a_name_leads_to_the_table)
{
	int fd = do_create_named(self->dev, "one", 0600);
	struct shardmap_info a, b;
	int other;

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, store(fd, STR("key"), STR("value")));
	other = open_named(self->dev, "one", READ_WRITE);
	ASSERT_LE(0, other);
	EXPECT_NE(fd, other);
	EXPECT_EQ(FD_CLOEXEC, fcntl(other, F_GETFD));
	EXPECT_EQ(0, check_value(other, STR("key"), STR("value")));
	EXPECT_EQ(0, store(other, STR("key"), STR("new value")));
	EXPECT_EQ(0, check_value(fd, STR("key"), STR("new value")));
	test_cmd_info(fd, &a);
	test_cmd_info(other, &b);
	EXPECT_EQ(a.id, b.id);
	EXPECT_EQ(SHARDMAP_NAMED, b.state);
	EXPECT_EQ(0600, b.mode);
	EXPECT_EQ(geteuid(), b.uid);
	EXPECT_EQ(getegid(), b.gid);
	EXPECT_EQ(2, b.descriptors);
	EXPECT_STREQ("one", (char *)b.name);
	EXPECT_EQ(self->tables + 1, count_tables(self->dev));
	close(fd);
	close(other);
}

TEST_F(names, a_private_table_has_none)
{
	int fd = do_create(self->dev, NULL);
	static const __u8 zeros[64];
	struct shardmap_info info;

	ASSERT_LE(0, fd);
	test_cmd_info(fd, &info);
	EXPECT_EQ(0, info.state);
	EXPECT_EQ(0, info.mode);
	EXPECT_EQ(READ_WRITE, info.access);
	EXPECT_EQ(geteuid(), info.uid);
	EXPECT_EQ(1, info.descriptors);
	EXPECT_EQ(0, memcmp(zeros, info.name, sizeof(zeros)));
	close(fd);
}

static bool child_makes_table(void *arg)
{
	int dev = open_device(), fd = do_create_named(dev, "one", 0600);

	return fd >= 0 && !store(fd, STR("key"), STR("by the maker"));
}

TEST_F(names, a_named_table_outlives_its_maker)
{
	struct sought sought = { .name = "one" };
	int fd;

	ASSERT_EQ(0, in_child(child_makes_table, NULL));
	EXPECT_EQ(self->tables + 1, count_tables(self->dev));
	ASSERT_EQ(0, list_all(self->dev, 4096, seek_record, &sought));
	EXPECT_EQ(1, sought.times);
	EXPECT_EQ(0, sought.record.descriptors);
	fd = open_named(self->dev, "one", READ_WRITE);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, check_value(fd, STR("key"), STR("by the maker")));
	close(fd);
	EXPECT_EQ(self->tables + 1, count_tables(self->dev));
	test_cmd_unlink_named(self->dev, "one");
	EXPECT_EQ(self->tables, count_tables(self->dev));
	test_err_open_named(ENOENT, self->dev, "one", READ_WRITE);
}

TEST_F(names, an_unlinked_table_lives_until_the_last_descriptor)
{
	int fd = do_create_named(self->dev, "one", 0600);
	struct shardmap_info info;
	int copy;

	ASSERT_LE(0, fd);
	copy = open_named(self->dev, "one", SHARDMAP_READ);
	ASSERT_LE(0, copy);
	EXPECT_EQ(0, store(fd, STR("key"), STR("value")));
	test_cmd_unlink_named(self->dev, "one");
	test_err_unlink_named(ENOENT, self->dev, "one");
	test_err_open_named(ENOENT, self->dev, "one", SHARDMAP_READ);
	test_cmd_info(fd, &info);
	EXPECT_EQ(0, info.state);
	EXPECT_STREQ("one", (char *)info.name);
	close(fd);
	EXPECT_EQ(self->tables + 1, count_tables(self->dev));
	EXPECT_EQ(0, check_value(copy, STR("key"), STR("value")));
	close(copy);
	EXPECT_EQ(self->tables, count_tables(self->dev));
}

TEST_F(names, a_free_name_may_be_used_again)
{
	int old = do_create_named(self->dev, "one", 0600), new, fd;

	ASSERT_LE(0, old);
	EXPECT_EQ(0, store(old, STR("key"), STR("old")));
	test_cmd_unlink_named(self->dev, "one");
	new = do_create_named(self->dev, "one", 0600);
	ASSERT_LE(0, new);
	EXPECT_EQ(0, store(new, STR("key"), STR("new")));
	fd = open_named(self->dev, "one", SHARDMAP_READ);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, check_value(fd, STR("key"), STR("new")));
	EXPECT_EQ(0, check_value(old, STR("key"), STR("old")));
	close(old);
	close(new);
	close(fd);
}

TEST_F(names, a_name_is_given_once)
{
	int fd = do_create_named(self->dev, "one", 0600), next, i;

	ASSERT_LE(0, fd);
	next = dup(fd);
	close(next);
	for (i = 0; i < 100; i++) {
		EXPECT_EQ(-EEXIST, do_create_named(self->dev, "one", 0666));
	}
	/* No table and no descriptor is left of them. */
	EXPECT_EQ(self->tables + 1, count_tables(self->dev));
	i = dup(fd);
	EXPECT_EQ(next, i);
	close(i);
	EXPECT_EQ(1, count_listed(self->dev, "one"));
	close(fd);
	EXPECT_EQ(-EEXIST, do_create_named(self->dev, "one", 0600));
}

static int create_with(int dev, const void *name, __u32 len)
{
	struct shardmap_create how = {
		.nr_shards = 1,
		.mode = 0600,
		.name = to_u64(name),
		.name_len = len,
	};

	return do_create(dev, &how);
}

static int open_with(int dev, const void *name, __u32 len)
{
	struct shardmap_open arg = {
		.size = sizeof(arg),
		.access = SHARDMAP_READ,
		.name = to_u64(name),
		.name_len = len,
	};

	return do_ioctl(dev, SHARDMAP_IOC_OPEN, &arg);
}

static int unlink_with(int dev, const void *name, __u32 len)
{
	struct shardmap_unlink arg = {
		.size = sizeof(arg),
		.name = to_u64(name),
		.name_len = len,
	};

	return do_ioctl(dev, SHARDMAP_IOC_UNLINK, &arg);
}

TEST_F(names, every_byte_but_slash_and_control_characters)
{
	unsigned int c;

	for (c = 0; c < 256; c++) {
		unsigned char name[] = { 'x', c, 'y' };
		int fd = create_with(self->dev, name, sizeof(name)), other;

		if (c < 32 || c == 127 || c == '/') {
			EXPECT_EQ(-EINVAL, fd);
			EXPECT_EQ(-EINVAL, open_with(self->dev, name, 3));
			EXPECT_EQ(-EINVAL, unlink_with(self->dev, name, 3));
			continue;
		}
		ASSERT_LE(0, fd);
		other = open_with(self->dev, name, sizeof(name));
		EXPECT_LE(0, other);
		close(other);
		close(fd);
		EXPECT_EQ(0, unlink_with(self->dev, name, sizeof(name)));
	}
}

TEST_F(names, lengths)
{
	static const char longest[] = "0123456789012345678901234567890123456789"
				      "01234567890123456789012";
	char longer[SHARDMAP_NAME_LEN_MAX + 1];
	struct shardmap_info info;
	int fd = create_with(self->dev, longest, SHARDMAP_NAME_LEN_MAX);

	ASSERT_EQ(SHARDMAP_NAME_LEN_MAX, strlen(longest));
	ASSERT_LE(0, fd);
	test_cmd_info(fd, &info);
	EXPECT_STREQ(longest, (char *)info.name);
	close(fd);
	/* One that begins with it, or that it begins with, is another one. */
	EXPECT_EQ(-ENOENT, unlink_with(self->dev, longest, 62));
	EXPECT_EQ(0, unlink_with(self->dev, longest, 63));
	memset(longer, 'x', sizeof(longer));
	EXPECT_EQ(-EINVAL, create_with(self->dev, longer, 64));
	EXPECT_EQ(-EINVAL, open_with(self->dev, longer, 64));
	EXPECT_EQ(-EINVAL, unlink_with(self->dev, longer, 64));
	EXPECT_EQ(-EINVAL, create_with(self->dev, longer, UINT32_MAX));
	EXPECT_EQ(-EINVAL, create_with(self->dev, longer, 0));
	EXPECT_EQ(-EINVAL, open_with(self->dev, longer, 0));
	EXPECT_EQ(-EINVAL, unlink_with(self->dev, longer, 0));
}

TEST_F(names, bad_pointers)
{
	char *edge = (char *)guarded_pages(1) + PAGE - 3;

	memcpy(edge, "one", 3);
	EXPECT_EQ(-EFAULT, create_with(self->dev, unmapped_page(), 3));
	EXPECT_EQ(-EFAULT, open_with(self->dev, unmapped_page(), 3));
	EXPECT_EQ(-EFAULT, unlink_with(self->dev, unmapped_page(), 3));
	EXPECT_EQ(-EFAULT, open_with(self->dev, NULL, 3));
	EXPECT_EQ(-EFAULT, unlink_with(self->dev, NULL, 3));
	EXPECT_EQ(-EFAULT, create_with(self->dev, edge, 4));
	EXPECT_EQ(self->tables, count_tables(self->dev));
	/* Not a byte is read behind the name. */
	EXPECT_LE(0, create_with(self->dev, edge, 3));
	EXPECT_EQ(0, unlink_with(self->dev, edge, 3));
}

TEST_F(names, mode_and_name_go_together)
{
	static const __u32 bad_modes[] = { 0100,    0010,    01,	0700,
					   0777,    01000,   02000,	04000,
					   0100600, 1 << 31, UINT32_MAX };
	struct shardmap_create how = { .nr_shards = 1, .mode = 0600 };
	unsigned int i;
	mode_t mask;
	int fd;

	test_err_create(EINVAL, self->dev, &how);
	how.mode = 0;
	how.name_len = 3;
	test_err_create(EINVAL, self->dev, &how);
	for (i = 0; i < ARRAY_SIZE(bad_modes); i++) {
		EXPECT_EQ(-EINVAL,
			  do_create_named(self->dev, "one", bad_modes[i]));
	}
	mask = umask(077);
	for (i = 0; i <= 0666; i++) {
		struct shardmap_info info;

		if (i & ~0666)
			continue;
		fd = do_create_named(self->dev, "one", i);
		ASSERT_LE(0, fd);
		test_cmd_info(fd, &info);
		EXPECT_EQ(i, info.mode);
		test_cmd_unlink_named(self->dev, "one");
		close(fd);
	}
	umask(mask);
}

TEST_F(names, reserved_members_and_unknown_bits)
{
	struct shardmap_open open = {
		.size = sizeof(open),
		.access = SHARDMAP_READ,
		.name = to_u64("one"),
		.name_len = 3,
	};
	struct shardmap_unlink unlink = {
		.size = sizeof(unlink),
		.name = to_u64("one"),
		.name_len = 3,
	};
	struct shardmap_list list = { .flags = 1 };
	int fd = do_create_named(self->dev, "one", 0600);

	ASSERT_LE(0, fd);
	open.reserved = 1;
	EXPECT_EQ(-EINVAL, do_ioctl(self->dev, SHARDMAP_IOC_OPEN, &open));
	test_err_open_named(EINVAL, self->dev, "one", 0);
	test_err_open_named(EINVAL, self->dev, "one", READ_WRITE + 1);
	test_err_open_named(EINVAL, self->dev, "one", SHARDMAP_READ | 1U << 31);
	unlink.flags = 1;
	EXPECT_EQ(-EINVAL, do_ioctl(self->dev, SHARDMAP_IOC_UNLINK, &unlink));
	unlink.flags = 0;
	unlink.reserved = 1;
	EXPECT_EQ(-EINVAL, do_ioctl(self->dev, SHARDMAP_IOC_UNLINK, &unlink));
	EXPECT_EQ(-EINVAL, do_list(self->dev, &list, NULL, 0));
	EXPECT_EQ(1, count_listed(self->dev, "one"));
	close(fd);
}

struct order {
	__u64 last;
	unsigned int nr;
	char names[3];
};

static int note_order(const struct shardmap_list_record *rec, void *arg)
{
	struct order *order = arg;
	const char *name = (const char *)(rec + 1);

	if (rec->id <= order->last)
		return -EILSEQ;
	order->last = rec->id;
	if (rec->name_len == 1 && strchr("abc", *name) && order->nr < 3)
		order->names[order->nr++] = *name;
	return 0;
}

TEST_F(names, are_listed_in_the_order_of_making)
{
	static const __u32 sizes[] = { 40, 47, 80, 96, 1000, 1 << 20 };
	struct order order;
	unsigned int i;

	close(do_create_named(self->dev, "c", 0600));
	close(do_create_named(self->dev, "a", 0600));
	close(do_create_named(self->dev, "b", 0600));
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		order = (struct order){};
		ASSERT_EQ(0, list_all(self->dev, sizes[i], note_order, &order));
		ASSERT_EQ(3, order.nr);
		EXPECT_EQ(0, memcmp("cab", order.names, 3));
	}
	test_cmd_unlink_named(self->dev, "a");
	close(do_create_named(self->dev, "a", 0600));
	order = (struct order){};
	ASSERT_EQ(0, list_all(self->dev, 40, note_order, &order));
	EXPECT_EQ(0, memcmp("cba", order.names, 3));
}

/* Where the list was is gone, and yet it goes on. */
TEST_F(names, a_list_goes_on_behind_what_was_unlinked)
{
	struct shardmap_list list = {};
	union {
		struct shardmap_list_record record;
		char bytes[sizeof(struct shardmap_list_record) + 8];
	} buf;
	int fd;

	fd = do_create_named(self->dev, "a", 0600);
	close(do_create_named(self->dev, "b", 0600));
	close(do_create_named(self->dev, "c", 0600));
	do {
		test_cmd_list(self->dev, &list, &buf, sizeof(buf));
		ASSERT_EQ(1, list.records);
	} while (memcmp(&buf.record + 1, "a", 2));
	EXPECT_EQ(list.after, buf.record.id);
	EXPECT_EQ(0, list.done);
	EXPECT_EQ(1, buf.record.descriptors);
	EXPECT_EQ(0600, buf.record.mode);
	EXPECT_EQ(geteuid(), buf.record.uid);
	EXPECT_EQ(getegid(), buf.record.gid);
	close(fd);
	test_cmd_unlink_named(self->dev, "a");
	test_cmd_unlink_named(self->dev, "b");
	test_cmd_list(self->dev, &list, &buf, sizeof(buf));
	EXPECT_EQ(1, list.records);
	EXPECT_EQ(0, memcmp(&buf.record + 1, "c", 2));
	EXPECT_EQ(0, buf.record.descriptors);
	EXPECT_EQ(1, list.done);
	test_cmd_list(self->dev, &list, &buf, sizeof(buf));
	EXPECT_EQ(0, list.records);
	EXPECT_EQ(0, list.used);
	EXPECT_EQ(1, list.done);
}

TEST_F(names, a_list_says_what_room_it_needs)
{
	struct shardmap_list list = {};
	char buf[sizeof(struct shardmap_list_record) + 8];
	__u64 after;
	int fd;

	fd = do_create_named(self->dev, "a", 0600);
	ASSERT_LE(0, fd);
	list.after = UINT64_MAX;
	test_cmd_list(self->dev, &list, NULL, 0);
	EXPECT_EQ(1, list.done);
	EXPECT_EQ(0, list.records);
	/* Straight to the one that is ours. */
	{
		struct shardmap_info info;

		test_cmd_info(fd, &info);
		after = info.id - 1;
	}
	list.after = after;
	EXPECT_EQ(-ENOBUFS, do_list(self->dev, &list, buf, 0));
	EXPECT_EQ(sizeof(buf), list.buf_len);
	EXPECT_EQ(-ENOBUFS, do_list(self->dev, &list, buf, sizeof(buf) - 1));
	EXPECT_EQ(sizeof(buf), list.buf_len);
	EXPECT_EQ(after, list.after);
	EXPECT_EQ(0, list.records);
	EXPECT_EQ(-EFAULT, do_list(self->dev, &list, unmapped_page(), PAGE));
	EXPECT_EQ(after, list.after);
	test_cmd_list(self->dev, &list, buf, sizeof(buf));
	EXPECT_EQ(1, list.records);
	close(fd);
}

TEST_F(names, more_of_them_than_one_call_returns)
{
	enum { MANY = 400 };
	struct shardmap_list list = {};
	static char buf[1 << 16];
	unsigned int i, records = 0, calls = 0;
	char name[64];

	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "%063u", i);
		close(do_create_named(self->dev, name, 0600));
	}
	EXPECT_EQ(self->tables + MANY, count_tables(self->dev));
	while (!list.done) {
		test_cmd_list(self->dev, &list, buf, sizeof(buf));
		ASSERT_LT(0, list.records);
		records += list.records;
		calls++;
	}
	EXPECT_LE(MANY, records);
	EXPECT_LT(1, calls);
	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "%063u", i);
		EXPECT_EQ(1, unlink_named(self->dev, name) == 0);
	}
	EXPECT_EQ(self->tables, count_tables(self->dev));
}

TEST_F(names, fdinfo_tells_of_the_table)
{
	int fd = do_create_named(self->dev, "one", 0600), other, len;
	char path[64], text[4096] = "", line[64];
	struct shardmap_info info;

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, store(fd, STR("key"), STR("value")));
	other = do_handle(fd, SHARDMAP_READ);
	ASSERT_LE(0, other);
	test_cmd_info(fd, &info);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", other);
	len = open(path, O_RDONLY);
	ASSERT_LE(0, len);
	ASSERT_LT(0, read(len, text, sizeof(text) - 1));
	close(len);
	snprintf(line, sizeof(line), "\nid:\t%llu\n", info.id);
	EXPECT_NE(NULL, strstr(text, line));
	EXPECT_NE(NULL, strstr(text, "\nname:\tone\n"));
	EXPECT_NE(NULL, strstr(text, "\nentries:\t1\n"));
	EXPECT_NE(NULL, strstr(text, "\naccess:\tr\n"));
	EXPECT_NE(NULL, strstr(text, "\nstate:\tnamed\n"));
	close(fd);
	close(other);
}

TEST_HARNESS_MAIN
