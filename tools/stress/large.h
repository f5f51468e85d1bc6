/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * shardmap-stress large: a table of millions of entries is filled, drained, cleared and
 * closed, and nobody may wait for a CPU meanwhile.
 * shardmap-stress flood: entries are replaced faster than readers let go of them.
 *
 * large -> { gap, memory }
 * flood
 */
#ifndef STRESS_LARGE_H
#define STRESS_LARGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "machine.h"
#include "tool.h"

enum tool_exit large_main(int argc, char **argv);
enum tool_exit flood_main(int argc, char **argv);

/*
 * gap.c: on each CPU a thread of normal priority that wants to run once in a
 * millisecond.  How late it comes, at most, is the gap.
 */
struct gap;
/* NULL if a thread cannot be started */
struct gap *gap_start(void);
/* The longest since the last call, in us */
uint64_t gap_longest_us(struct gap *gap);
void gap_stop(struct gap *gap);

#endif /* STRESS_LARGE_H */
