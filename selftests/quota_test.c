// SPDX-License-Identifier: GPL-2.0-only
/* What one user may have of tables. */
#include "users.h"

static const char tables_path[] =
	"/sys/module/shardmap/parameters/max_user_tables";

static const char bytes_path[] =
	"/sys/module/shardmap/parameters/max_user_bytes";

static __u64 read_number(const char *path)
{
	char text[32] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		err(KSFT_FAIL, "%s", path);
	close(fd);
	return strtoull(text, NULL, 10);
}

static bool write_number(const char *path, __u64 number)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu", number);
	return write_file(path, text);
}

/* The device, opened by root, and the limits there were. */
FIXTURE(quota)
{
	int dev;
	__s64 tables;
	__u64 max_tables;
	__u64 max_bytes;
};

FIXTURE_SETUP(quota)
{
	if (geteuid())
		SKIP(return, "only root can become others");
	self->dev = open_device();
	ASSERT_LE(0, self->dev);
	self->tables = count_tables(self->dev);
	self->max_tables = read_number(tables_path);
	self->max_bytes = read_number(bytes_path);
}

FIXTURE_TEARDOWN(quota)
{
	if (geteuid())
		return;
	EXPECT_TRUE(write_number(tables_path, self->max_tables));
	EXPECT_TRUE(write_number(bytes_path, self->max_bytes));
	EXPECT_EQ(self->tables, count_tables(self->dev));
	EXPECT_EQ(0, close(self->dev));
}

/* With one shard, so that the memory is nothing to speak of. */
static int make_small(int dev)
{
	struct shardmap_create small = { .nr_shards = 1 };

	return do_create(dev, &small);
}

static __u64 user_tables(int dev)
{
	struct shardmap_device_info info;

	return do_device_info(dev, &info) ? UINT64_MAX : info.user_tables;
}

enum { LIMIT = 5 };

static bool fill(int dev, int *fds)
{
	int i;

	for (i = 0; i < LIMIT; i++) {
		fds[i] = make_small(dev);
		CHECK(fds[i] >= 0);
		CHECK(user_tables(dev) == (__u64)i + 1);
	}
	for (i = 0; i < 10; i++)
		CHECK(make_small(dev) == -EDQUOT);
	CHECK(user_tables(dev) == LIMIT);
	return true;
}

static bool user_comes_to_the_limit(void *arg)
{
	int dev = *(int *)arg, fds[LIMIT], next, i;
	struct shardmap_device_info info;

	CHECK(become(ALICE, STAFF, 0));
	CHECK(!do_device_info(dev, &info));
	CHECK(info.user_max_tables == LIMIT && info.user_tables == 0);
	CHECK(fill(dev, fds));
	/* Further descriptors are not further tables. */
	for (i = 0; i < 10; i++)
		CHECK(do_handle(fds[0], SHARDMAP_READ) >= 0);
	next = dup(dev);
	close(next);
	CHECK(make_small(dev) == -EDQUOT);
	i = dup(dev);
	CHECK(i == next);
	/* Room comes back with each table that goes. */
	close(fds[1]);
	CHECK(user_tables(dev) == LIMIT - 1);
	fds[1] = make_small(dev);
	CHECK(fds[1] >= 0);
	CHECK(make_small(dev) == -EDQUOT);
	return true;
}

TEST_F(quota, of_tables)
{
	ASSERT_TRUE(write_number(tables_path, LIMIT));
	EXPECT_EQ(0, in_child(user_comes_to_the_limit, &self->dev));
}

static bool named_tables_count(void *arg)
{
	int dev = *(int *)arg, i;
	char name[8];

	CHECK(become(ALICE, STAFF, 0));
	for (i = 0; i < LIMIT; i++) {
		snprintf(name, sizeof(name), "q%d", i);
		close(do_create_named(dev, name, 0600));
	}
	CHECK(user_tables(dev) == LIMIT);
	CHECK(make_small(dev) == -EDQUOT);
	CHECK(do_create_named(dev, "q", 0600) == -EDQUOT);
	CHECK(open_named(dev, "q0", READ_WRITE) >= 0);
	CHECK(!unlink_named(dev, "q1"));
	CHECK(user_tables(dev) == LIMIT - 1);
	/* What fails for another reason is not counted. */
	for (i = 0; i < 10; i++)
		CHECK(do_create_named(dev, "q0", 0600) == -EEXIST);
	CHECK(user_tables(dev) == LIMIT - 1);
	return true;
}

static bool nobody_else_is_counted(void *arg)
{
	int dev = *(int *)arg;

	CHECK(become(BOB, STAFF, 0));
	CHECK(user_tables(dev) == 0);
	CHECK(make_small(dev) >= 0);
	CHECK(user_tables(dev) == 1);
	return true;
}

TEST_F(quota, holds_as_long_as_the_names)
{
	char name[8];
	int i;

	ASSERT_TRUE(write_number(tables_path, LIMIT));
	EXPECT_EQ(0, in_child(named_tables_count, &self->dev));
	EXPECT_EQ(0, in_child(nobody_else_is_counted, &self->dev));
	for (i = 0; i < LIMIT; i++) {
		snprintf(name, sizeof(name), "q%d", i);
		EXPECT_EQ(i == 1 ? -ENOENT : 0, unlink_named(self->dev, name));
	}
}

static bool lacks_the_capability(void *arg)
{
	int dev = *(int *)arg;

	CHECK(drop_capability(CAP_SYS_RESOURCE));
	CHECK(make_small(dev) == -EDQUOT);
	return true;
}

TEST_F(quota, exempts_who_has_the_capability)
{
	__u64 before = user_tables(self->dev);
	int fds[LIMIT], i;

	ASSERT_TRUE(write_number(tables_path, 2));
	for (i = 0; i < LIMIT; i++) {
		fds[i] = make_small(self->dev);
		ASSERT_LE(0, fds[i]);
	}
	EXPECT_EQ(before + LIMIT, user_tables(self->dev));
	EXPECT_EQ(0, in_child(lacks_the_capability, &self->dev));
	for (i = 0; i < LIMIT; i++)
		close(fds[i]);
	EXPECT_EQ(before, user_tables(self->dev));
}

static bool namespace_root_is_not_exempt(void *arg)
{
	int dev = *(int *)arg, fds[LIMIT];

	CHECK(become(ALICE, STAFF, 0));
	CHECK(enter_user_namespace());
	return fill(dev, fds);
}

static bool may_unshare(void *arg)
{
	return become(ALICE, STAFF, 0) && !unshare(CLONE_NEWUSER);
}

TEST_F(quota, is_the_same_in_every_namespace)
{
	if (in_child(may_unshare, NULL))
		SKIP(return, "users may not make user namespaces");
	ASSERT_TRUE(write_number(tables_path, LIMIT));
	EXPECT_EQ(0, in_child(namespace_root_is_not_exempt, &self->dev));
}

static bool makes_many(void *arg)
{
	int dev = *(int *)arg, i;

	CHECK(become(ALICE, STAFF, 0));
	for (i = 0; i < 50; i++)
		CHECK(make_small(dev) >= 0);
	return true;
}

TEST_F(quota, of_zero_is_none)
{
	struct shardmap_device_info info;

	ASSERT_TRUE(write_number(tables_path, 0));
	EXPECT_EQ(0, in_child(makes_many, &self->dev));
	test_cmd_device_info(self->dev, &info);
	EXPECT_EQ(0, info.user_max_tables);
}

/**
 * struct crowd - threads of one user
 * @dev: the device
 * @have: tables they have now, at least
 * @most: the highest of it
 * @wrong: what must not have been
 */
struct crowd {
	int dev;
	unsigned int have;
	unsigned int most;
	unsigned int wrong;
};

static void crowd_work(unsigned int nth, void *arg)
{
	struct crowd *c = arg;
	unsigned int i;

	for (i = 0; i < 2000; i++) {
		int fd = make_small(c->dev);
		unsigned int have;

		if (fd == -EDQUOT)
			continue;
		if (fd < 0) {
			__atomic_add_fetch(&c->wrong, 1, __ATOMIC_RELAXED);
			continue;
		}
		have = __atomic_add_fetch(&c->have, 1, __ATOMIC_RELAXED);
		if (have > 2)
			__atomic_add_fetch(&c->wrong, 1, __ATOMIC_RELAXED);
		if (have > c->most)
			c->most = have;
		if (i % 4 == 0)
			sched_yield();
		__atomic_sub_fetch(&c->have, 1, __ATOMIC_RELAXED);
		close(fd);
	}
}

static bool crowd_stays_within(void *arg)
{
	struct crowd *c = arg;

	CHECK(become(ALICE, STAFF, 0));
	run_crew(4, crowd_work, c);
	CHECK(c->wrong == 0);
	CHECK(c->most >= 1);
	CHECK(user_tables(c->dev) == 0);
	return true;
}

TEST_F(quota, is_never_passed)
{
	struct crowd c = { .dev = self->dev };

	ASSERT_TRUE(write_number(tables_path, 2));
	EXPECT_EQ(0, in_child(crowd_stays_within, &c));
}

enum { BYTES = 4 << 20, VALUE = 1 << 15 };

/* Store large values until there is no more room; returns how many. */
static unsigned int fill_with_values(int fd, int *err)
{
	static char value[VALUE];
	unsigned int i = 0;

	do
		*err = store(fd, OBJ(i), OBJ(value));
	while (!*err && ++i < 1000);
	return i;
}

static bool tables_share_the_bytes(void *arg)
{
	int dev = *(int *)arg, a, b, err;
	struct shardmap_device_info info;
	unsigned int nr, key = 0;

	CHECK(become(ALICE, STAFF, 0));
	CHECK(!do_device_info(dev, &info));
	CHECK(info.user_bytes == 0 && info.user_max_bytes == BYTES);
	a = make_small(dev);
	b = make_small(dev);
	CHECK(a >= 0 && b >= 0);
	nr = fill_with_values(a, &err);
	CHECK(err == -EDQUOT);
	CHECK(nr > BYTES / VALUE / 2 && nr <= BYTES / VALUE);
	CHECK(!do_device_info(dev, &info));
	CHECK(info.user_bytes > BYTES / 2 && info.user_bytes <= BYTES);
	CHECK(count_entries(a) == nr);
	/* What one table took, another one lacks. */
	CHECK(fill_with_values(b, &err) == 0);
	CHECK(err == -EDQUOT);
	/* And what one gives back, another one may take. */
	CHECK(!do_delete(a, OBJ(key)));
	CHECK(fill_with_values(b, &err) == 1);
	CHECK(err == -EDQUOT);
	return true;
}

TEST_F(quota, of_bytes)
{
	ASSERT_TRUE(write_number(bytes_path, BYTES));
	EXPECT_EQ(0, in_child(tables_share_the_bytes, &self->dev));
	EXPECT_EQ(0, in_child(nobody_else_is_counted, &self->dev));
}

static bool full_user_gets_no_table(void *arg)
{
	int dev = *(int *)arg, fd, err;
	unsigned int i;

	CHECK(become(ALICE, STAFF, 0));
	/* By the index alone, which no store refuses. */
	fd = do_create(dev, NULL);
	CHECK(fd >= 0);
	for (i = 0; i < 100 && make_small(dev) >= 0; i++)
		;
	CHECK(i < 100);
	CHECK(make_small(dev) == -EDQUOT);
	CHECK(fill_with_values(fd, &err) == 0 && err == -EDQUOT);
	return true;
}

TEST_F(quota, of_bytes_has_the_index_in_it)
{
	ASSERT_TRUE(write_number(bytes_path, 4096));
	EXPECT_EQ(0, in_child(full_user_gets_no_table, &self->dev));
}

TEST_F(quota, of_bytes_exempts_who_has_the_capability)
{
	int fd, err;

	ASSERT_TRUE(write_number(bytes_path, BYTES));
	fd = make_small(self->dev);
	ASSERT_LE(0, fd);
	EXPECT_LT(BYTES / VALUE, fill_with_values(fd, &err));
	close(fd);
}

TEST_HARNESS_MAIN
