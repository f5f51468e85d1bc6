// SPDX-License-Identifier: GPL-2.0-only
/* The table of maps that are measured natively, in the order of the report. */
#include <linux/kernel.h>

#include "peers.h"

u64 peer_secret[4];

const struct bench_backend *const bench_backends[] = {
	&bench_floor1,
	&bench_floor2,
	&bench_mutex,
	&bench_rwlock,
	&bench_sharded,
	&bench_lfht,
	&bench_ck_ht,
	&bench_tbb,
	&bench_libcuckoo,
	&bench_immutable,
	&bench_immutable_sharded,
	&bench_shardmap,
	&bench_shardmap_sip,
	&bench_shardmap_inline,
};

const unsigned int bench_nr_backends = ARRAY_SIZE(bench_backends);
