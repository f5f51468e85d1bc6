/* SPDX-License-Identifier: GPL-2.0-only */
/* The fixture of most tests: a new table with the default limits. */
#ifndef _SHARDMAP_SELFTEST_TABLE_H
#define _SHARDMAP_SELFTEST_TABLE_H

#include "selftest.h"

FIXTURE(table)
{
	int dev;
	int fd;
};

FIXTURE_SETUP(table)
{
	self->dev = open_device();
	ASSERT_LE(0, self->dev);
	self->fd = do_create(self->dev, NULL);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(table)
{
	EXPECT_EQ(0, close(self->fd));
	EXPECT_EQ(0, close(self->dev));
}

#endif /* _SHARDMAP_SELFTEST_TABLE_H */
