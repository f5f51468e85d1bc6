// SPDX-License-Identifier: GPL-2.0-only
/*
 * What every command has in common: the rules for the structure's size, for
 * members that must be zero, and for numbers and descriptors.
 */
#include "abi_layout.h"
#include "command_fixture.h"

#define ARG_BYTES (3 * PAGE)

static void prepare(const FIXTURE_DATA(command) * self,
		    const FIXTURE_VARIANT(command) * variant, void *arg,
		    __u32 size)
{
	memset(arg, 0, variant->size);
	variant->prepare(self->fd, arg);
	memcpy(arg, &size, sizeof(size));
}

/* The command to @fd; a descriptor that it makes is forgotten. */
static int run_on(int fd, unsigned int nr, void *arg)
{
	int ret = do_ioctl(fd, nr, arg);

	if (ret > 0) {
		close(ret);
		ret = 0;
	}
	return ret;
}

/* The same, but a descriptor can be made to watch just once. */
static int run(int fd, unsigned int nr, void *arg)
{
	int once = -1, ret;

	if (_IOC_NR(nr) == _IOC_NR(SHARDMAP_IOC_WATCH))
		once = do_handle(fd, SHARDMAP_READ | SHARDMAP_WRITE);
	ret = run_on(once < 0 ? fd : once, nr, arg);
	if (once >= 0)
		close(once);
	return ret;
}

static __u32 min_size(const FIXTURE_VARIANT(command) * variant)
{
	return variant->min_size ?: variant->size;
}

/* As run(), but with -EUCLEAN if a failing command wrote to its argument. */
static int run_failing(int fd, unsigned int nr, unsigned char *arg)
{
	static unsigned char before[ARG_BYTES];
	int ret;

	memcpy(before, arg, ARG_BYTES);
	ret = run(fd, nr, arg);
	return memcmp(before, arg, ARG_BYTES) ? -EUCLEAN : ret;
}

TEST_F(command, refuses_a_smaller_size)
{
	__u32 size;

	for (size = 0; size < min_size(variant); size++) {
		prepare(self, variant, self->arg, size);
		EXPECT_EQ(-EINVAL,
			  run_failing(self->fd, variant->nr, self->arg))
		{
			TH_LOG("size %u", size);
		}
	}
}

/* What the caller's structure lacks is zero, and is not written to. */
TEST_F(command, takes_every_size_from_the_first_on)
{
	__u32 size, told, off;

	for (size = min_size(variant); size < variant->size; size++) {
		prepare(self, variant, self->arg, size);
		memset(self->arg + size, 0x5a, 16);
		EXPECT_EQ(0, run(self->fd, variant->nr, self->arg))
		{
			TH_LOG("size %u", size);
		}
		memcpy(&told, self->arg, sizeof(told));
		EXPECT_EQ(size, told);
		for (off = size; off < size + 16; off++) {
			EXPECT_EQ(0x5a, self->arg[off]);
		}
	}
}

TEST_F(command, takes_its_own_size)
{
	__u32 size;

	prepare(self, variant, self->arg, variant->size);
	ASSERT_EQ(0, run(self->fd, variant->nr, self->arg));
	memcpy(&size, self->arg, sizeof(size));
	EXPECT_EQ(variant->size, size);
}

TEST_F(command, takes_a_larger_size_with_a_zero_tail)
{
	const __u32 more[] = { 1, 4, 8, 64, PAGE - variant->size };
	unsigned int i, off;

	for (i = 0; i < ARRAY_SIZE(more); i++) {
		__u32 size = variant->size + more[i];

		prepare(self, variant, self->arg, size);
		EXPECT_EQ(0, run(self->fd, variant->nr, self->arg))
		{
			TH_LOG("size %u", size);
		}
		for (off = variant->size; off < size; off++) {
			EXPECT_EQ(0, self->arg[off]);
		}
	}
}

TEST_F(command, refuses_a_tail_that_is_not_zero)
{
	unsigned char *tail = self->arg + variant->size;
	unsigned int i;

	for (i = 0; i < 16; i++) {
		prepare(self, variant, self->arg, variant->size + 16);
		tail[i] = 0x80;
		EXPECT_EQ(-E2BIG, run_failing(self->fd, variant->nr, self->arg))
		{
			TH_LOG("byte %u of the tail", i);
		}
		tail[i] = 0;
	}
	prepare(self, variant, self->arg, PAGE);
	self->arg[PAGE - 1] = 1;
	EXPECT_EQ(-E2BIG, run_failing(self->fd, variant->nr, self->arg));
}

TEST_F(command, refuses_more_than_a_page)
{
	static const __u32 sizes[] = { PAGE + 1, 2 * PAGE, INT32_MAX,
				       UINT32_MAX - 7, UINT32_MAX };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		prepare(self, variant, self->arg, sizes[i]);
		EXPECT_EQ(-E2BIG, run_failing(self->fd, variant->nr, self->arg))
		{
			TH_LOG("size %u", sizes[i]);
		}
	}
}

TEST_F(command, refuses_what_must_be_zero)
{
	const struct zeros *z;
	unsigned int off;

	for (z = variant->zeros; z->len; z++) {
		for (off = z->offset; off < z->offset + z->len; off++) {
			prepare(self, variant, self->arg, variant->size);
			self->arg[off] = 0x80;
			EXPECT_EQ(-EINVAL,
				  run_failing(self->fd, variant->nr, self->arg))
			{
				TH_LOG("byte at offset %u", off);
			}
		}
	}
}

TEST_F(command, refuses_unknown_flags)
{
	unsigned int bit;

	/* The second member is flags, or reserved where there are none. */
	for (bit = 0; bit < 32; bit++) {
		__u32 flags = 1U << bit;

		if (flags & variant->flags)
			continue;
		prepare(self, variant, self->arg, variant->size);
		memcpy(self->arg + 4, &flags, sizeof(flags));
		EXPECT_EQ(-EINVAL,
			  run_failing(self->fd, variant->nr, self->arg))
		{
			TH_LOG("flag %#x", flags);
		}
	}
}

TEST_F(command, reads_no_further_than_its_size)
{
	unsigned char *end = self->arg + ARG_BYTES;
	unsigned char *arg = end - variant->size;

	prepare(self, variant, arg, variant->size);
	EXPECT_EQ(0, run(self->fd, variant->nr, arg));
	prepare(self, variant, arg, variant->size + 1);
	EXPECT_EQ(-EFAULT, run(self->fd, variant->nr, arg));
	prepare(self, variant, arg, variant->size + 8);
	EXPECT_EQ(-EFAULT, run(self->fd, variant->nr, arg));

	/* Nothing but the size is there. */
	*(__u32 *)(end - 4) = 4;
	EXPECT_EQ(-EINVAL, run(self->fd, variant->nr, end - 4));
	*(__u32 *)(end - 4) = variant->size;
	EXPECT_EQ(-EFAULT, run(self->fd, variant->nr, end - 4));

	/* Not even that. */
	EXPECT_EQ(-EFAULT, run(self->fd, variant->nr, end - 2));
	EXPECT_EQ(-EFAULT, run(self->fd, variant->nr, end));
	EXPECT_EQ(-EFAULT, run(self->fd, variant->nr, NULL));
	EXPECT_EQ(-EFAULT, run(self->fd, variant->nr, (void *)-PAGE));
}

TEST_F(command, goes_to_its_own_kind_of_descriptor)
{
	int null = open("/dev/null", O_RDWR);

	ASSERT_LE(0, null);
	prepare(self, variant, self->arg, variant->size);
	EXPECT_EQ(-ENOTTY, run_failing(self->other, variant->nr, self->arg));
	EXPECT_EQ(-ENOTTY, run_failing(null, variant->nr, self->arg));
	close(null);
	EXPECT_EQ(-EBADF, run_failing(null, variant->nr, self->arg));
	EXPECT_EQ(-EBADF, run_failing(-1, variant->nr, self->arg));
}

TEST_F(command, keeps_its_number_when_it_grows)
{
	const unsigned int sizes[] = { 0, 1, variant->size - 8,
				       variant->size + 8, _IOC_SIZEMASK };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		unsigned int nr = _IOC(_IOC_READ | _IOC_WRITE,
				       SHARDMAP_IOC_TYPE, _IOC_NR(variant->nr),
				       sizes[i]);

		prepare(self, variant, self->arg, variant->size);
		EXPECT_EQ(0, run(self->fd, nr, self->arg))
		{
			TH_LOG("size bits %u", sizes[i]);
		}
		prepare(self, variant, self->arg, min_size(variant) - 1);
		EXPECT_EQ(-EINVAL, run_failing(self->fd, nr, self->arg));
	}
}

TEST_F(command, has_a_type_byte)
{
	unsigned int type;

	prepare(self, variant, self->arg, variant->size);
	for (type = 0; type < 256; type++) {
		unsigned int nr = _IOC(_IOC_READ | _IOC_WRITE, type,
				       _IOC_NR(variant->nr), variant->size);

		if (type == SHARDMAP_IOC_TYPE)
			continue;
		EXPECT_EQ(-ENOTTY, run_failing(self->fd, nr, self->arg))
		{
			TH_LOG("type %#x", type);
		}
	}
}

static bool is_known(unsigned int nr)
{
	switch (nr) {
	case _IOC_NR(SHARDMAP_IOC_CREATE):
	case _IOC_NR(SHARDMAP_IOC_DEVICE_INFO):
	case _IOC_NR(SHARDMAP_IOC_OPEN):
	case _IOC_NR(SHARDMAP_IOC_UNLINK):
	case _IOC_NR(SHARDMAP_IOC_LIST):
	case _IOC_NR(SHARDMAP_IOC_INFO):
	case _IOC_NR(SHARDMAP_IOC_GET):
	case _IOC_NR(SHARDMAP_IOC_PUT):
	case _IOC_NR(SHARDMAP_IOC_DELETE):
	case _IOC_NR(SHARDMAP_IOC_GET_OR_PUT):
	case _IOC_NR(SHARDMAP_IOC_ADD):
	case _IOC_NR(SHARDMAP_IOC_CAS):
	case _IOC_NR(SHARDMAP_IOC_TAKE):
	case _IOC_NR(SHARDMAP_IOC_BATCH):
	case _IOC_NR(SHARDMAP_IOC_SCAN):
	case _IOC_NR(SHARDMAP_IOC_CLEAR):
	case _IOC_NR(SHARDMAP_IOC_HANDLE):
	case _IOC_NR(SHARDMAP_IOC_FREEZE):
	case _IOC_NR(SHARDMAP_IOC_RESERVE):
	case _IOC_NR(SHARDMAP_IOC_WATCH):
		return true;
	}
	return false;
}

TEST(unknown_numbers_are_refused)
{
	static __u64 arg[512] = { 80 };
	int dev, table;
	unsigned int i;

	dev = open_device();
	ASSERT_LE(0, dev);
	table = do_create(dev, NULL);
	ASSERT_LE(0, table);
	for (i = 0; i < 256; i++) {
		unsigned int nr =
			_IOC(_IOC_READ | _IOC_WRITE, SHARDMAP_IOC_TYPE, i, 80);

		if (is_known(i))
			continue;
		EXPECT_EQ(-ENOTTY, do_ioctl(dev, nr, arg));
		EXPECT_EQ(-ENOTTY, do_ioctl(table, nr, arg))
		{
			TH_LOG("number %#x", i);
		}
	}
	EXPECT_EQ(-ENOTTY, do_ioctl(table, 0, arg));
	EXPECT_EQ(-ENOTTY, do_ioctl(table, ~0U, arg));
	close(table);
	close(dev);
}

/* All opcodes in turn, so that a wrong member for one is not right for another. */
TEST(delta_and_flags_belong_to_their_opcodes)
{
	static const struct {
		unsigned int nr;
		__u32 flags;
	} bad[] = {
		{ SHARDMAP_IOC_PUT, SHARDMAP_NOEXIST | SHARDMAP_EXIST },
		{ SHARDMAP_IOC_PUT, SHARDMAP_NOEXIST | SHARDMAP_SWAP },
		{ SHARDMAP_IOC_PUT, SHARDMAP_CREATE },
		{ SHARDMAP_IOC_PUT, SHARDMAP_IF_VERSION },
		{ SHARDMAP_IOC_ADD, SHARDMAP_NOEXIST },
		{ SHARDMAP_IOC_ADD, SHARDMAP_CREATE | SHARDMAP_EXIST },
		{ SHARDMAP_IOC_ADD, SHARDMAP_CREATE | SHARDMAP_INSERTED },
		{ SHARDMAP_IOC_GET, SHARDMAP_EXIST },
		{ SHARDMAP_IOC_GET, SHARDMAP_IF_VERSION },
		{ SHARDMAP_IOC_GET, SHARDMAP_UNCHANGED },
		{ SHARDMAP_IOC_DELETE, SHARDMAP_EXIST },
		{ SHARDMAP_IOC_DELETE,
		  SHARDMAP_IF_VERSION | SHARDMAP_IF_VALUE },
		{ SHARDMAP_IOC_GET_OR_PUT, SHARDMAP_NOEXIST },
		{ SHARDMAP_IOC_GET_OR_PUT, SHARDMAP_INSERTED },
		{ SHARDMAP_IOC_CAS, 0 },
		{ SHARDMAP_IOC_CAS, SHARDMAP_IF_VERSION | SHARDMAP_IF_VALUE },
		{ SHARDMAP_IOC_CAS, SHARDMAP_IF_CHANGED },
		{ SHARDMAP_IOC_TAKE, SHARDMAP_IF_VERSION | SHARDMAP_IF_VALUE },
		{ SHARDMAP_IOC_TAKE, SHARDMAP_SWAP },
	};
	int dev, table;
	unsigned int i;

	dev = open_device();
	ASSERT_LE(0, dev);
	table = do_create(dev, NULL);
	ASSERT_LE(0, table);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		struct shardmap_op op = key_op(STR(key));

		op.flags = bad[i].flags;
		EXPECT_EQ(-EINVAL, do_ioctl(table, bad[i].nr, &op))
		{
			TH_LOG("command %#x with flags %#x", bad[i].nr,
			       bad[i].flags);
		}
	}
	EXPECT_EQ(0, count_entries(table));
	close(table);
	close(dev);
}

TEST_HARNESS_MAIN
