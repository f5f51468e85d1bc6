/* SPDX-License-Identifier: GPL-2.0-only */
/* What entries cost of a limit of bytes. */
#ifndef _SHARDMAP_SELFTEST_LIMIT_H
#define _SHARDMAP_SELFTEST_LIMIT_H

#include "selftest.h"

/* Memory that one entry with an int for a key takes, as INFO tells it. */
static inline __u64 entry_cost(int dev, __u32 value_len)
{
	static const char bytes[SHARDMAP_VALUE_LEN_MAX];
	int fd = do_create(dev, NULL), key = 0;
	struct shardmap_info info = {};

	if (fd < 0 || store(fd, OBJ(key), bytes, value_len) ||
	    do_info(fd, &info))
		return 0;
	close(fd);
	return info.entry_bytes;
}

#endif /* _SHARDMAP_SELFTEST_LIMIT_H */
