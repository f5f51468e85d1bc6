/* SPDX-License-Identifier: GPL-2.0-only */
/* Looks inside a table for what no operation can show. */
#ifndef _HOST_TABLE_CHECK_H
#define _HOST_TABLE_CHECK_H

#include <linux/shardmap.h>

/* Returns NULL, or what is wrong.  Nobody may be changing the table. */
const char *table_check(struct shardmap *map);

/* The same when all work is done: no resize is under way or wanted. */
const char *table_check_settled(struct shardmap *map);

#endif /* _HOST_TABLE_CHECK_H */
