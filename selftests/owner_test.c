// SPDX-License-Identifier: GPL-2.0-only
/* Owners, groups and modes of named tables, and user namespaces. */
#include "users.h"

/*
 * The device, opened by root: who it is inherited by may use it.
 */
FIXTURE(owner)
{
	int dev;
	__s64 tables;
};

FIXTURE_SETUP(owner)
{
	if (geteuid())
		SKIP(return, "only root can become others");
	self->dev = open_device();
	ASSERT_LE(0, self->dev);
	self->tables = count_tables(self->dev);
	ASSERT_LE(0, self->tables);
}

FIXTURE_TEARDOWN(owner)
{
	if (geteuid())
		return;
	EXPECT_EQ(self->tables, count_tables(self->dev));
	EXPECT_EQ(0, close(self->dev));
}

/* All modes there are: each of three digits is 0, 2, 4 or 6. */
static bool next_mode(__u32 *mode)
{
	do
		++*mode;
	while (*mode & 0111);
	return *mode <= 0666;
}

static const char *name_of(__u32 mode)
{
	static char name[32];

	snprintf(name, sizeof(name), "mode %03o", mode);
	return name;
}

/**
 * struct visitor - who comes to tables of Alice and staff
 * @dev: the device
 * @uid: user
 * @gid: group
 * @group: further group
 * @shift: where in a mode the bits for this visitor are; 9 if it needs none
 */
struct visitor {
	int dev;
	uid_t uid;
	gid_t gid;
	gid_t group;
	unsigned int shift;
};

static bool make_all(void *arg)
{
	struct visitor *v = arg;
	struct shardmap_info info;
	__u32 mode = 0;

	CHECK(become(ALICE, STAFF, 0));
	do {
		int fd = do_create_named(v->dev, name_of(mode), mode);

		CHECK(fd >= 0);
		CHECK(!do_info(fd, &info));
		CHECK(info.uid == ALICE && info.gid == STAFF);
		close(fd);
	} while (next_mode(&mode));
	return true;
}

static bool unlink_all(void *arg)
{
	struct visitor *v = arg;
	__u32 mode = 0;

	CHECK(become(v->uid, v->gid, v->group));
	do
		CHECK(!unlink_named(v->dev, name_of(mode)));
	while (next_mode(&mode));
	return true;
}

static bool try_all(void *arg)
{
	struct visitor *v = arg;
	__u32 mode = 0, access;

	CHECK(become(v->uid, v->gid, v->group));
	do {
		__u32 bits = v->shift == 9 ? 6 : mode >> v->shift & 6;
		__u32 granted = (bits & 4 ? SHARDMAP_READ : 0) |
				(bits & 2 ? SHARDMAP_WRITE : 0);

		for (access = 1; access <= READ_WRITE; access++) {
			int fd = open_named(v->dev, name_of(mode), access);
			struct shardmap_info info;

			if (access & ~granted) {
				CHECK(fd == -EACCES);
				continue;
			}
			CHECK(fd >= 0);
			CHECK(!do_info(fd, &info) && info.access == access);
			close(fd);
		}
		if (v->uid == BOB)
			CHECK(unlink_named(v->dev, name_of(mode)) == -EPERM);
	} while (next_mode(&mode));
	return true;
}

TEST_F(owner, modes_are_for_owner_group_and_others)
{
	struct visitor visitors[] = {
		{ .uid = ALICE, .gid = GUESTS, .shift = 6 },
		/* The first bits that fit count, not the best. */
		{ .uid = ALICE, .gid = STAFF, .shift = 6 },
		{ .uid = BOB, .gid = STAFF, .shift = 3 },
		{ .uid = BOB, .gid = GUESTS, .group = STAFF, .shift = 3 },
		{ .uid = BOB, .gid = GUESTS, .shift = 0 },
		{ .uid = 0, .gid = 0, .shift = 9 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(visitors); i++)
		visitors[i].dev = self->dev;
	ASSERT_EQ(0, in_child(make_all, &visitors[0]));
	EXPECT_EQ(self->tables + 64, count_tables(self->dev));
	for (i = 0; i < ARRAY_SIZE(visitors); i++) {
		EXPECT_EQ(0, in_child(try_all, &visitors[i]))
		{
			TH_LOG("visitor %u", i);
		}
	}
	EXPECT_EQ(0, in_child(unlink_all, &visitors[0]));
}

/* A table of Alice's that nobody has an access to. */
static bool make_closed(void *arg)
{
	struct visitor *v = arg;

	CHECK(become(ALICE, STAFF, 0));
	CHECK(do_create_named(v->dev, "closed", 0) >= 0);
	CHECK(open_named(v->dev, "closed", SHARDMAP_READ) == -EACCES);
	return true;
}

static bool root_needs_capabilities(void *arg)
{
	struct visitor *v = arg;

	CHECK(drop_capability(CAP_FOWNER));
	CHECK(unlink_named(v->dev, "closed") == -EPERM);
	CHECK(open_named(v->dev, "closed", READ_WRITE) >= 0);
	CHECK(drop_capability(CAP_DAC_OVERRIDE));
	CHECK(open_named(v->dev, "closed", SHARDMAP_READ) == -EACCES);
	return true;
}

TEST_F(owner, root_is_nothing_without_capabilities)
{
	struct visitor v = { .dev = self->dev };

	ASSERT_EQ(0, in_child(make_closed, &v));
	EXPECT_EQ(0, in_child(root_needs_capabilities, &v));
	EXPECT_EQ(1, count_listed(self->dev, "closed"));
	EXPECT_EQ(0, unlink_named(self->dev, "closed"));
}

static bool owner_unlinks(void *arg)
{
	struct visitor *v = arg;

	CHECK(become(ALICE, GUESTS, 0));
	CHECK(!unlink_named(v->dev, "closed"));
	return true;
}

TEST_F(owner, an_owner_may_unlink_what_it_may_not_open)
{
	struct visitor v = { .dev = self->dev };

	ASSERT_EQ(0, in_child(make_closed, &v));
	EXPECT_EQ(0, in_child(owner_unlinks, &v));
	EXPECT_EQ(0, count_listed(self->dev, "closed"));
}

/* A descriptor is worth what it was opened for, whoever has it. */
static bool stranger_uses_descriptor(void *arg)
{
	struct visitor *v = arg;

	CHECK(become(BOB, GUESTS, 0));
	CHECK(open_named(v->dev, "closed", SHARDMAP_READ) == -EACCES);
	CHECK(!store(v->shift, STR("key"), STR("value")));
	CHECK(do_handle(v->shift, READ_WRITE) >= 0);
	return true;
}

TEST_F(owner, a_descriptor_asks_nobody)
{
	struct visitor v = { .dev = self->dev };

	v.shift = do_create_named(self->dev, "closed", 0);
	ASSERT_LE(0, (int)v.shift);
	EXPECT_EQ(0, in_child(stranger_uses_descriptor, &v));
	EXPECT_EQ(0, check_value(v.shift, STR("key"), STR("value")));
	EXPECT_EQ(0, unlink_named(self->dev, "closed"));
	close(v.shift);
}

/* The device is root's; a new namespace has names of its own. */
static bool namespace_has_own_names(void *arg)
{
	struct visitor *v = arg;
	struct shardmap_info info;
	int fd;

	if (v->uid)
		CHECK(become(v->uid, v->gid, 0));
	CHECK(enter_user_namespace());
	CHECK(count_listed(v->dev, "closed") == 0);
	CHECK(open_named(v->dev, "closed", SHARDMAP_READ) == -ENOENT);
	CHECK(unlink_named(v->dev, "closed") == -ENOENT);
	/* What was inherited works, and its owner is nobody here, or root. */
	CHECK(!do_info(v->shift, &info));
	CHECK(info.uid == (v->uid ? 65534 : 0));
	fd = do_create_named(v->dev, "closed", 0);
	CHECK(fd >= 0);
	CHECK(!store(fd, STR("key"), STR("inside")));
	CHECK(!do_info(fd, &info) && info.uid == 0 && info.gid == 0);
	CHECK(count_listed(v->dev, "closed") == 1);
	/* Root of the namespace has its capabilities. */
	fd = open_named(v->dev, "closed", READ_WRITE);
	CHECK(fd >= 0 && !check_value(fd, STR("key"), STR("inside")));
	CHECK(!unlink_named(v->dev, "closed"));
	CHECK(unlink_named(v->dev, "closed") == -ENOENT);
	return true;
}

TEST_F(owner, a_name_stays_in_its_user_namespace)
{
	struct visitor v = { .dev = self->dev };

	v.shift = do_create_named(self->dev, "closed", 0600);
	ASSERT_LE(0, (int)v.shift);
	EXPECT_EQ(0, store(v.shift, STR("key"), STR("outside")));
	EXPECT_EQ(0, in_child(namespace_has_own_names, &v));
	EXPECT_EQ(0, check_value(v.shift, STR("key"), STR("outside")));
	EXPECT_EQ(1, count_listed(self->dev, "closed"));
	EXPECT_EQ(0, unlink_named(self->dev, "closed"));
	close(v.shift);
}

static bool may_unshare(void *arg)
{
	return become(ALICE, STAFF, 0) && !unshare(CLONE_NEWUSER);
}

TEST_F(owner, root_of_a_namespace_has_no_power_outside)
{
	struct visitor v = { .dev = self->dev, .uid = ALICE, .gid = STAFF };

	if (in_child(may_unshare, NULL))
		SKIP(return, "users may not make user namespaces");
	v.shift = do_create_named(self->dev, "closed", 0600);
	ASSERT_LE(0, (int)v.shift);
	EXPECT_EQ(0, in_child(namespace_has_own_names, &v));
	EXPECT_EQ(1, count_listed(self->dev, "closed"));
	EXPECT_EQ(0, unlink_named(self->dev, "closed"));
	close(v.shift);
}

static bool count_outside(void *arg)
{
	struct visitor *v = arg;

	CHECK(enter_user_namespace());
	CHECK(do_create_named(v->dev, "closed", 0666) >= 0);
	/* Wait until the others have looked. */
	CHECK(write(v->uid, "x", 1) == 1);
	CHECK(read(v->gid, &v->group, 1) == 1);
	CHECK(!unlink_named(v->dev, "closed"));
	return true;
}

TEST_F(owner, a_name_of_another_namespace_is_not_seen)
{
	struct visitor v = { .dev = self->dev };
	int made[2], looked[2], status = -1;
	char byte;
	pid_t pid;

	ASSERT_EQ(0, pipe(made));
	ASSERT_EQ(0, pipe(looked));
	v.uid = made[1];
	v.gid = looked[0];
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(count_outside(&v) ? 0 : 1);
	close(made[1]);
	EXPECT_EQ(1, read(made[0], &byte, 1));
	EXPECT_EQ(self->tables + 1, count_tables(self->dev));
	EXPECT_EQ(0, count_listed(self->dev, "closed"));
	EXPECT_EQ(-ENOENT, open_named(self->dev, "closed", SHARDMAP_READ));
	EXPECT_EQ(-ENOENT, unlink_named(self->dev, "closed"));
	EXPECT_EQ(1, write(looked[1], "x", 1));
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_HARNESS_MAIN
