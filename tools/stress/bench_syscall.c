// SPDX-License-Identifier: GPL-2.0-only
/* What a system call costs that does nothing: the floor under all the others. */
#include <errno.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"

/* No command of the device, and never one: its type is not the device's. */
#define NO_COMMAND _IO(SHARDMAP_IOC_TYPE ^ 0xff, 0xff)

static int open_device(const struct bench_backend *backend,
		       const struct bench_payload *payload, uint64_t entries)
{
	(void)backend;
	(void)payload;
	(void)entries;
	return shardmap_open_device();
}

static int run(struct bench_job *job)
{
	if (job->work == BENCH_GETPPID) {
		for (; job->done < job->ops; job->done++)
			syscall(SYS_getppid);
		return 0;
	}
	for (; job->done < job->ops; job->done++)
		if (!ioctl(job->fd, NO_COMMAND, 0) || errno != ENOTTY)
			return -EPROTO;
	return 0;
}

const struct bench_backend bench_syscall = {
	.name = "syscall",
	.works = 1 << BENCH_GETPPID | 1 << BENCH_IOCTL_NOP,
	.open = open_device,
	.run = run,
};
