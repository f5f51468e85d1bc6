/* SPDX-License-Identifier: GPL-2.0-only */
/* The fixture of tests of batches: a new table and an empty batch. */
#ifndef _SHARDMAP_SELFTEST_BATCH_FIXTURE_H
#define _SHARDMAP_SELFTEST_BATCH_FIXTURE_H

#include "batch.h"

/* Room for what the tests here put into a batch. */
#define ARENA (1 << 20)

FIXTURE(batch)
{
	int dev;
	int fd;
	struct batch b;
};

FIXTURE_SETUP(batch)
{
	self->dev = open_device();
	ASSERT_LE(0, self->dev);
	self->fd = do_create(self->dev, NULL);
	ASSERT_LE(0, self->fd);
	batch_init(&self->b, ARENA, ARENA);
}

FIXTURE_TEARDOWN(batch)
{
	batch_free(&self->b);
	EXPECT_EQ(0, close(self->fd));
	EXPECT_EQ(0, close(self->dev));
}

#endif /* _SHARDMAP_SELFTEST_BATCH_FIXTURE_H */
