// SPDX-License-Identifier: GPL-2.0-only
/*
 * BPF_MAP_TYPE_HASH through bpf(2), with the arguments laid out once as well.
 *
 * BPF has no batch of lookups by key: BPF_MAP_LOOKUP_BATCH goes through the map
 * bucket by bucket.  It is measured as iterate_batch, beside SHARDMAP_IOC_SCAN.
 *
 * Both kinds of map use the memory of a replaced entry again at once, so a lookup
 * beside an update may find another key's value.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"

/* The kernel clears what a caller leaves out, so each command passes its part. */
#define ATTR_SIZE(last)                   \
	(offsetof(union bpf_attr, last) + \
	 sizeof(((union bpf_attr *)NULL)->last))

static int bpf(int command, union bpf_attr *attr, unsigned int size)
{
	int ret = syscall(SYS_bpf, command, attr, size);

	return ret < 0 ? -errno : ret;
}

static int create(unsigned int flags, unsigned int key_len,
		  unsigned int value_len, uint64_t entries)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_HASH,
		.key_size = key_len,
		.value_size = value_len,
		.max_entries = entries,
		.map_flags = flags,
	};

	return bpf(BPF_MAP_CREATE, &attr, ATTR_SIZE(map_flags));
}

static int probe(void)
{
	int fd = create(0, 8, 8, 1);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static int open_map(const struct bench_backend *backend,
		    const struct bench_payload *payload, uint64_t entries)
{
	return create(backend->flags, payload->key_len, payload->value_len,
		      entries);
}

static int run_single(struct bench_job *job)
{
	unsigned int value_len = job->payload->value_len;
	union bpf_attr lookup = {
		.map_fd = job->fd,
		.value = (uintptr_t)job->out,
	};
	union bpf_attr update = {
		.map_fd = job->fd,
		.value = (uintptr_t)job->in,
		.flags = BPF_ANY,
	};
	bool mixed = job->work == BENCH_MIX90;
	bool all = job->work == BENCH_PUT;
	int err = 0;

	for (; job->done < job->ops && !err; job->done++) {
		const uint64_t *key = bench_keys(job);

		if (all || (mixed && job->writes[job->done])) {
			update.key = (uintptr_t)key;
			bench_value(key, job->in, value_len);
			err = bpf(BPF_MAP_UPDATE_ELEM, &update,
				  ATTR_SIZE(flags));
		} else {
			lookup.key = (uintptr_t)key;
			err = bpf(BPF_MAP_LOOKUP_ELEM, &lookup,
				  ATTR_SIZE(flags));
			job->wrong += !err &&
				      !bench_value_is(key, job->out, value_len);
		}
	}
	return err;
}

static int run_update_batch(struct bench_job *job)
{
	union bpf_attr attr = {
		.batch.map_fd = job->fd,
		.batch.values = (uintptr_t)job->in,
	};
	int err = 0;

	while (job->done < job->ops && !err) {
		unsigned int nr = bench_next(job);
		const uint64_t *keys = bench_keys(job);

		bench_values(keys, job->in, nr, job->payload);
		attr.batch.keys = (uintptr_t)keys;
		attr.batch.count = nr;
		err = bpf(BPF_MAP_UPDATE_BATCH, &attr, ATTR_SIZE(batch.flags));
		job->done += nr;
	}
	return err;
}

static void check_found(struct bench_job *job, unsigned int nr)
{
	const struct bench_payload *payload = job->payload;

	for (unsigned int i = 0; i < nr; i++)
		job->wrong +=
			!bench_value_is(job->in + i * (payload->key_len / 8),
					job->out + i * (payload->value_len / 8),
					payload->value_len);
}

static int run_iterate(struct bench_job *job)
{
	uint32_t position = 0;
	union bpf_attr attr = {
		.batch.map_fd = job->fd,
		.batch.out_batch = (uintptr_t)&position,
		.batch.keys = (uintptr_t)job->in,
		.batch.values = (uintptr_t)job->out,
	};
	uint64_t pass = 0;

	while (job->done < job->ops) {
		int err;

		attr.batch.count = job->batch;
		err = bpf(BPF_MAP_LOOKUP_BATCH, &attr, ATTR_SIZE(batch.flags));
		if (err && err != -ENOENT)
			return err;
		check_found(job, attr.batch.count);
		job->done += attr.batch.count;
		pass += attr.batch.count;
		attr.batch.in_batch = (uintptr_t)&position;
		/* The end of the map */
		if (err) {
			job->wrong += pass != job->entries;
			attr.batch.in_batch = 0;
			pass = 0;
		}
	}
	return 0;
}

static int run(struct bench_job *job)
{
	switch (job->work) {
	case BENCH_PUT_BATCH32:
	case BENCH_PUT_BATCH256:
		return run_update_batch(job);
	case BENCH_ITERATE_BATCH:
		return run_iterate(job);
	default:
		return run_single(job);
	}
}

#define WORKS                                                 \
	(1 << BENCH_GET | 1 << BENCH_PUT | 1 << BENCH_MIX90 | \
	 1 << BENCH_PUT_BATCH32 | 1 << BENCH_PUT_BATCH256 |   \
	 1 << BENCH_ITERATE_BATCH)

const struct bench_backend bench_bpf_prealloc = {
	.name = "bpf-prealloc",
	.works = WORKS,
	.reuses = true,
	.probe = probe,
	.open = open_map,
	.run = run,
};

const struct bench_backend bench_bpf_noprealloc = {
	.name = "bpf-noprealloc",
	.works = WORKS,
	.flags = BPF_F_NO_PREALLOC,
	.reuses = true,
	.probe = probe,
	.open = open_map,
	.run = run,
};
