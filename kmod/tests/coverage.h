/* SPDX-License-Identifier: GPL-2.0-only */
/* Between shardmap.ko, built with SHARDMAP_COVERAGE=1, and shardmap_door.ko. */
#ifndef _SHARDMAP_TESTS_COVERAGE_H
#define _SHARDMAP_TESTS_COVERAGE_H

#include <linux/types.h>

struct seq_file;

/* coverage.c */
unsigned int sm_coverage_count(void);
void sm_coverage_show(struct seq_file *m);

/* visit.c */
int sm_visit(const u8 *bytes, size_t len);

/* Called by the compiler */
void __sanitizer_cov_trace_pc(void);

#endif /* _SHARDMAP_TESTS_COVERAGE_H */
