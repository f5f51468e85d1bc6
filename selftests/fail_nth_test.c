// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every command to the device and to tables of all kinds, with everything failing in it
 * that can fail, one at a time.  To be run by faults.sh, on the kasan kernel.
 */
#include "fail_nth_sweep.h"
#include "users.h"

#define MAX_USER_BYTES "/sys/module/shardmap/parameters/max_user_bytes"

FIXTURE(table)
{
	int dev;
	__s64 left;
	unsigned int faults;
};

FIXTURE_VARIANT(table)
{
	struct kind kind;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(table, words) {
	.kind = { .value_len = 8 },
};

FIXTURE_VARIANT_ADD(table, values) {
	.kind = { .value_len = 300 },
};

FIXTURE_VARIANT_ADD(table, long_values) {
	.kind = { .value_len = VALUE_MAX },
};

FIXTURE_VARIANT_ADD(table, fast_hash_and_ttl) {
	.kind = { .value_len = 8, .flags = SHARDMAP_CREATE_FAST_HASH,
		  .ttl = 3600000000000ULL },
};

FIXTURE_VARIANT_ADD(table, inline) {
	.kind = { .value_len = 8, .flags = SHARDMAP_CREATE_INLINE },
};

FIXTURE_VARIANT_ADD(table, full) {
	.kind = { .value_len = 40, .max_entries = OLD_KEYS },
};

FIXTURE_VARIANT_ADD(table, evicting) {
	.kind = { .value_len = 40, .max_entries = OLD_KEYS,
		  .flags = SHARDMAP_CREATE_EVICT },
};

FIXTURE_VARIANT_ADD(table, growing) {
	.kind = { .value_len = 8, .crowded = true },
};
/* clang-format on */

FIXTURE_SETUP(table)
{
	nth_open();
	self->dev = open_device();
	ASSERT_LE(0, self->dev);
	self->left = faults_left();
}

/* The kernel has counted the same. */
FIXTURE_TEARDOWN(table)
{
	EXPECT_EQ(self->left - faults_left(), self->faults);
	printf("# %u faults in turn\n", self->faults);
	fflush(stdout);
	EXPECT_EQ(0, close(self->dev));
}

#define EXPECT_SWEEP(call)                                                     \
	do {                                                                   \
		const char *_complaint =                                       \
			sweep(self->dev, &variant->kind, call, &self->faults); \
		EXPECT_EQ(NULL, _complaint)                                    \
		{                                                              \
			TH_LOG("%s: %s", (call)->name, _complaint);            \
		}                                                              \
	} while (0)

struct flag_row {
	const char *name;
	__u32 flag;
	__u32 takes;
};

#define FLAG_ROW(_name, _access, _takes, _excludes, _errnos) \
	{ #_name, SHARDMAP_##_name, _takes },

static const struct flag_row flag_rows[] = { SHARDMAP_OP_FLAGS(FLAG_ROW) };

#define ACCEPTS(_name, _word, _access, _takes, _flags, _one_of, _errnos) \
	[SHARDMAP_OP_##_name] = { _flags, _one_of },

static const struct {
	__u32 flags;
	__u32 one_of;
} accepts[] = { SHARDMAP_OPS(ACCEPTS) };

/* Each operation, plain and with each flag, on a key that is there and on one that is not */
TEST_F(table, an_operation_that_fails_changes_nothing)
{
	unsigned int op, i;

	for (op = 0; op < ARRAY_SIZE(op_calls); op++) {
		struct call call = op_calls[op];

		for (call.new_key = 0;; call.new_key = 1) {
			if (!accepts[op].one_of)
				EXPECT_SWEEP(&call);
			for (i = 0; i < ARRAY_SIZE(flag_rows); i++) {
				struct call with = call;

				with.flags = flag_rows[i].flag;
				with.takes |= flag_rows[i].takes;
				if (accepts[op].flags & with.flags)
					EXPECT_SWEEP(&with);
			}
			if (call.new_key)
				break;
		}
	}
}

static const struct call batch_calls[] = {
	{ .name = "batch", .prepare = prepare_mixed },
	{ .name = "all-or-nothing batch",
	  .prepare = prepare_mixed,
	  .flags = SHARDMAP_BATCH_ATOMIC },
	{ .name = "batch of lookups", .prepare = prepare_gets },
	{ .name = "all-or-nothing batch of lookups",
	  .prepare = prepare_gets,
	  .flags = SHARDMAP_BATCH_ATOMIC },
	{ .name = "batch of short structures", .prepare = prepare_short_ops },
};

/* Does it depend on what has found room before whether an operation does? */
static bool is_decided_by_room(const struct kind *kind, const struct call *call)
{
	if (!kind->max_entries || call->prepare == prepare_gets)
		return false;
	return kind->flags & SHARDMAP_CREATE_EVICT || !call->flags;
}

TEST_F(table, an_operation_of_a_batch_fails_alone)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(batch_calls); i++) {
		struct call call = batch_calls[i];

		call.cmd = SHARDMAP_IOC_BATCH;
		call.late = true;
		if (!is_decided_by_room(&variant->kind, &call))
			EXPECT_SWEEP(&call);
	}
}

#define CALL(_cmd, _prepare, ...)                          \
	{                                                  \
		.name = #_cmd, .cmd = SHARDMAP_IOC_##_cmd, \
		.prepare = _prepare, __VA_ARGS__           \
	}

static const struct call table_calls[] = {
	CALL(SCAN, prepare_scan),
	CALL(SCAN, prepare_prefix),
	CALL(SCAN, prepare_small),
	CALL(SCAN, prepare_scan, .flags = SHARDMAP_SCAN_DRAIN, .late = true),
	CALL(CLEAR, prepare_none, .partial = true),
	CALL(RESERVE, prepare_reserve),
	CALL(FREEZE, prepare_none),
	CALL(HANDLE, prepare_handle),
	CALL(WATCH, prepare_none),
	CALL(WATCH, prepare_large_ring),
	CALL(INFO, prepare_none),
};

TEST_F(table, a_command_that_fails_changes_nothing)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(table_calls); i++)
		EXPECT_SWEEP(&table_calls[i]);
}

/* Tables are no matter to these, but that there is one. */
FIXTURE(device)
{
	int dev;
	__s64 left;
	unsigned int faults;
};

FIXTURE_VARIANT(device)
{
	struct kind kind;
};

FIXTURE_VARIANT_ADD(device, words){
	.kind = { .value_len = 8 },
};

FIXTURE_SETUP(device)
{
	nth_open();
	self->dev = open_device();
	ASSERT_LE(0, self->dev);
	self->left = faults_left();
}

FIXTURE_TEARDOWN(device)
{
	EXPECT_EQ(self->left - faults_left(), self->faults);
	printf("# %u faults in turn\n", self->faults);
	fflush(stdout);
	EXPECT_EQ(0, close(self->dev));
}

static const struct call device_calls[] = {
	CALL(CREATE, prepare_create),
	CALL(CREATE, prepare_create, .flags = SHARDMAP_CREATE_INLINE),
	CALL(CREATE, prepare_create, .flags = SHARDMAP_CREATE_EVICT),
	CALL(CREATE, prepare_create_named),
	CALL(CREATE, prepare_create_taken),
	CALL(OPEN, prepare_open),
	CALL(UNLINK, prepare_unlink),
	CALL(LIST, prepare_list),
	CALL(DEVICE_INFO, prepare_none),
};

TEST_F(device, a_command_that_fails_changes_nothing)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(device_calls); i++) {
		struct call call = device_calls[i];

		call.on_device = true;
		EXPECT_SWEEP(&call);
	}
}

/* A user's first table brings the account of what the user has, and a quota. */
TEST_F(device, a_users_first_table_that_fails_leaves_nothing)
{
	struct shardmap_device_info info;
	unsigned int n;
	bool hit = true;
	int table = -1;

	ASSERT_TRUE(write_file(MAX_USER_BYTES, "1000000"));
	ASSERT_EQ(0, seteuid(ALICE));
	for (n = 1; hit && n < NTH_MAX; n++) {
		nth_arm(n);
		table = do_create(self->dev, NULL);
		hit = nth_disarm();
		self->faults += hit;
		if (table < 0) {
			EXPECT_EQ(-ENOMEM, table);
		} else {
			EXPECT_EQ(0, close(table));
		}
		test_cmd_device_info(self->dev, &info);
		EXPECT_EQ(0, info.user_tables);
		EXPECT_EQ(0, info.user_bytes);
	}
	EXPECT_LE(0, table);
	EXPECT_LT(1, self->faults);
	ASSERT_EQ(0, seteuid(0));
	ASSERT_TRUE(write_file(MAX_USER_BYTES, "0"));
}

/* Records at the end of a ring and at its beginning are two copies. */
static void fill_ring(int table, int watcher)
{
	char buf[SMALL_RING];
	unsigned int i;

	for (i = 0; i < 150; i++) {
		if (i == 100 && do_read(watcher, buf, sizeof(buf)) <= 0)
			errx(KSFT_FAIL, "cannot read changes");
		if (store(table, OBJ(i), OBJ(i)))
			errx(KSFT_FAIL, "cannot fill a ring");
	}
}

/* Takes all that is there, and returns how many changes in their order. */
static unsigned int count_changes(const char *buf, ssize_t len,
				  unsigned int first)
{
	ssize_t off = 0;
	unsigned int key;

	while (off < len) {
		const struct shardmap_change *change =
			(const void *)(buf + off);

		if (!change_is_sound(change, len - off))
			return 0;
		memcpy(&key, change_key(change), sizeof(key));
		if (key != first++)
			return 0;
		off += change->record_len;
	}
	return first;
}

TEST_F(device, a_change_that_cannot_be_read_is_not_lost)
{
	struct shardmap_create how = { .nr_shards = 1 };
	char buf[SMALL_RING];
	unsigned int n, next;
	bool hit = true;
	ssize_t ret;
	int table;

	for (n = 1; hit; n++) {
		table = do_create(self->dev, &how);
		ASSERT_LE(0, table);
		test_cmd_watch(table, SMALL_RING);
		fill_ring(table, table);
		nth_arm(n);
		ret = do_read(table, buf, sizeof(buf));
		hit = nth_disarm();
		self->faults += hit;
		if (ret < 0)
			EXPECT_EQ(-EFAULT, ret);
		next = count_changes(buf, ret < 0 ? 0 : ret, 100);
		EXPECT_LE(100, next);
		if (next < 150) {
			EXPECT_TRUE(hit);
			ret = do_read(table, buf, sizeof(buf));
			EXPECT_EQ(150, count_changes(buf, ret, next));
		}
		EXPECT_EQ(0, close(table));
	}
	EXPECT_LE(2, self->faults);
}

TEST_HARNESS_MAIN
