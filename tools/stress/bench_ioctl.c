// SPDX-License-Identifier: GPL-2.0-only
/*
 * A table through /dev/shardmap, as a client writes it that minds its time: the
 * arguments of a call are laid out once, and only keys and values change.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bench.h"

static int open_table(const struct bench_backend *backend,
		      const struct bench_payload *payload, uint64_t entries)
{
	struct shardmap_create create = {
		.flags = backend->flags,
		.max_key_len = payload->key_len,
		.max_value_len = payload->value_len,
	};
	int device = shardmap_open_device();
	int table;

	(void)entries;
	if (device < 0)
		return device;
	table = shardmap_create_table(device, &create);
	close(device);
	return table;
}

static int get(struct bench_job *job, const uint64_t *key,
	       struct shardmap_op *op)
{
	unsigned int value_len = job->payload->value_len;

	op->key = (uintptr_t)key;
	if (ioctl(job->fd, SHARDMAP_IOC_GET, op))
		return -errno;
	if (op->out_len != value_len ||
	    !bench_value_is(key, job->out, value_len)) {
		op->out_len = value_len;
		job->wrong++;
	}
	return 0;
}

static int put(struct bench_job *job, const uint64_t *key,
	       struct shardmap_op *op)
{
	op->key = (uintptr_t)key;
	bench_value(key, job->in, job->payload->value_len);
	if (ioctl(job->fd, SHARDMAP_IOC_PUT, op))
		return -errno;
	/* All keys are there. */
	if (op->flags) {
		op->flags = 0;
		job->wrong++;
	}
	return 0;
}

static int run_single(struct bench_job *job)
{
	const struct bench_payload *payload = job->payload;
	struct shardmap_op get_op = {
		.size = sizeof(get_op),
		.key_len = payload->key_len,
		.out = (uintptr_t)job->out,
		.out_len = payload->value_len,
	};
	struct shardmap_op put_op = {
		.size = sizeof(put_op),
		.key_len = payload->key_len,
		.value = (uintptr_t)job->in,
		.value_len = payload->value_len,
	};
	bool mixed = job->work == BENCH_MIX90;
	bool all = job->work == BENCH_PUT;
	int err = 0;

	for (; job->done < job->ops && !err; job->done++) {
		const uint64_t *key = bench_keys(job);

		if (all || (mixed && job->writes[job->done]))
			err = put(job, key, &put_op);
		else
			err = get(job, key, &get_op);
	}
	return err;
}

static void lay_out(struct bench_job *job, bool gets)
{
	unsigned int key_len = job->payload->key_len;
	unsigned int value_len = job->payload->value_len;

	for (unsigned int i = 0; i < job->batch; i++) {
		struct shardmap_batch_op *op = &job->batch_ops[i];

		*op = (struct shardmap_batch_op){ .key_off = i * key_len,
						  .key_len = key_len };
		if (gets) {
			op->opcode = SHARDMAP_OP_GET;
			op->out_off = i * value_len;
			op->out_len = value_len;
		} else {
			op->opcode = SHARDMAP_OP_PUT;
			op->value_off = job->batch * key_len + i * value_len;
			op->value_len = value_len;
		}
	}
}

static int check_gets(struct bench_job *job, const uint64_t *keys,
		      unsigned int nr)
{
	const struct bench_payload *payload = job->payload;

	for (unsigned int i = 0; i < nr; i++) {
		struct shardmap_batch_op *op = &job->batch_ops[i];

		if (op->status)
			return op->status;
		if (op->out_len == payload->value_len &&
		    bench_value_is(keys + i * (payload->key_len / 8),
				   job->out + i * (payload->value_len / 8),
				   payload->value_len))
			continue;
		op->out_len = payload->value_len;
		job->wrong++;
	}
	return 0;
}

static int check_puts(struct bench_job *job, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++) {
		struct shardmap_batch_op *op = &job->batch_ops[i];

		if (op->status)
			return op->status;
		/* The first load inserts, and says so in the flags. */
		op->flags = 0;
	}
	return 0;
}

/* Lookups take their keys from where they are; with updates, values follow. */
static void set_input(struct bench_job *job, struct shardmap_batch *arg,
		      bool gets)
{
	const struct bench_payload *payload = job->payload;
	const uint64_t *keys = bench_keys(job);
	unsigned int key_bytes = job->batch * payload->key_len;

	if (gets) {
		arg->in = (uintptr_t)keys;
		arg->in_len = arg->nr_ops * payload->key_len;
		return;
	}
	memcpy(job->in, keys, arg->nr_ops * payload->key_len);
	bench_values(keys, job->in + key_bytes / 8, arg->nr_ops, payload);
	arg->in = (uintptr_t)job->in;
	arg->in_len = key_bytes + job->batch * payload->value_len;
}

static int run_batch(struct bench_job *job, bool gets)
{
	struct shardmap_batch arg = {
		.size = sizeof(arg),
		.ops = (uintptr_t)job->batch_ops,
		.op_size = sizeof(job->batch_ops[0]),
	};
	int err = 0;

	lay_out(job, gets);
	if (gets) {
		arg.out = (uintptr_t)job->out;
		arg.out_len = job->batch * job->payload->value_len;
	}
	while (job->done < job->ops && !err) {
		arg.nr_ops = bench_next(job);
		set_input(job, &arg, gets);
		if (ioctl(job->fd, SHARDMAP_IOC_BATCH, &arg))
			return -errno;
		if (arg.done != arg.nr_ops)
			return -EINTR;
		err = gets ? check_gets(job, bench_keys(job), arg.nr_ops) :
			     check_puts(job, arg.nr_ops);
		job->done += arg.nr_ops;
	}
	return err;
}

/* Returns the number of records; counts those that are wrong. */
static unsigned int check_records(struct bench_job *job, unsigned int used)
{
	const struct bench_payload *payload = job->payload;
	unsigned int words = (sizeof(struct shardmap_record) +
			      payload->key_len + payload->value_len) /
			     8;
	unsigned int nr = used / 8 / words;

	for (unsigned int i = 0; i < nr; i++) {
		const uint64_t *record = job->records + i * words;
		const uint64_t *key =
			record + sizeof(struct shardmap_record) / 8;

		job->wrong +=
			((const struct shardmap_record *)record)->record_len !=
				words * 8 ||
			!bench_value_is(key, key + payload->key_len / 8,
					payload->value_len);
	}
	return nr;
}

static int run_iterate(struct bench_job *job)
{
	const struct bench_payload *payload = job->payload;
	struct shardmap_scan scan = { .size = sizeof(scan),
				      .buf = (uintptr_t)job->records };
	uint64_t pass = 0;

	while (job->done < job->ops) {
		unsigned int nr;

		scan.buf_len =
			job->batch * (sizeof(struct shardmap_record) +
				      payload->key_len + payload->value_len);
		if (ioctl(job->fd, SHARDMAP_IOC_SCAN, &scan))
			return -errno;
		nr = check_records(job, scan.used);
		job->done += nr;
		pass += nr;
		if (scan.done) {
			job->wrong += pass != job->entries;
			scan.cursor = (struct shardmap_cursor){};
			pass = 0;
		}
	}
	return 0;
}

static int run(struct bench_job *job)
{
	switch (job->work) {
	case BENCH_GET_BATCH32:
	case BENCH_GET_BATCH256:
		return run_batch(job, true);
	case BENCH_PUT_BATCH32:
	case BENCH_PUT_BATCH256:
		return run_batch(job, false);
	case BENCH_ITERATE_BATCH:
		return run_iterate(job);
	default:
		return run_single(job);
	}
}

#define WORKS                                                 \
	(1 << BENCH_GET | 1 << BENCH_PUT | 1 << BENCH_MIX90 | \
	 1 << BENCH_GET_BATCH32 | 1 << BENCH_GET_BATCH256 |   \
	 1 << BENCH_PUT_BATCH32 | 1 << BENCH_PUT_BATCH256 |   \
	 1 << BENCH_ITERATE_BATCH)

const struct bench_backend bench_ioctl = {
	.name = "ioctl",
	.works = WORKS,
	.flags = SHARDMAP_CREATE_FAST_HASH,
	.open = open_table,
	.run = run,
};

const struct bench_backend bench_ioctl_siphash = {
	.name = "ioctl-siphash",
	.works = WORKS,
	.open = open_table,
	.run = run,
};

const struct bench_backend bench_ioctl_inline = {
	.name = "ioctl-inline",
	.works = WORKS,
	.flags = SHARDMAP_CREATE_FAST_HASH | SHARDMAP_CREATE_INLINE,
	.max_len = SHARDMAP_INLINE_LEN_MAX,
	.open = open_table,
	.run = run,
};
