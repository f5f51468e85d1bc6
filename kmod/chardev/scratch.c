// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory for a batch while it runs.
 *
 * Pages that are fresh from the allocator are cleared first, on many kernels, which
 * costs a batch of small keys more than it costs to copy them.  So each CPU keeps
 * the memory of its last batch.  It has what other users put there: only what a
 * batch has written may be copied out.
 */
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/slab.h>

#include "chardev.h"

/* Enough for a few hundred small operations */
#define SPARE_BYTES ((size_t)64 << 10)

static DEFINE_PER_CPU(void *, spare);

/**
 * smdev_scratch_get() - Take memory for a batch.
 * @bytes: how much
 *
 * Context: Process context.
 * Return: The memory, not cleared, or NULL.
 */
void *smdev_scratch_get(size_t bytes)
{
	void *buf;

	if (bytes > SPARE_BYTES)
		return kvmalloc(bytes, SMDEV_GFP);
	buf = this_cpu_xchg(spare, NULL);
	return buf ?: kvmalloc(SPARE_BYTES, SMDEV_GFP);
}

/**
 * smdev_scratch_put() - Give memory of a batch back.
 * @buf: the memory, or NULL
 * @bytes: how much was asked for
 *
 * Context: Process context.
 */
void smdev_scratch_put(void *buf, size_t bytes)
{
	if (buf && bytes <= SPARE_BYTES)
		buf = this_cpu_xchg(spare, buf);
	kvfree(buf);
}

/**
 * smdev_scratch_exit() - Free what the CPUs keep.
 *
 * Context: Process context, at unload, when no batch runs.
 */
void smdev_scratch_exit(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		kvfree(per_cpu(spare, cpu));
}
