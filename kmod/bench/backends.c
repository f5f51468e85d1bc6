// SPDX-License-Identifier: GPL-2.0-only
/* The table of alternatives, in the order in which they are reported. */
#include <linux/kernel.h>

#include "bench.h"
#include "compat.h"

const struct bench_backend *const bench_backends[] = {
	&bench_floor1,	     &bench_floor2,
	&bench_mutex,	     &bench_rwlock,
	&bench_sharded,	     &bench_syncmap,
	&bench_immutable,    &bench_immutable_sharded,
	&bench_rhashtable,   &bench_shardmap,
	&bench_shardmap_sip, &bench_shardmap_inline,
};
SM_EXPORT_FOR_TESTS(bench_backends);

const unsigned int bench_nr_backends = ARRAY_SIZE(bench_backends);
SM_EXPORT_FOR_TESTS(bench_nr_backends);
