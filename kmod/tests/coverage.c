// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which places of the module have been reached, by whatever task, worker, callback or
 * timer: the kernel's own KCOV follows one task.  Files that are built with
 * -fsanitize-coverage=trace-pc call the function below at the beginning of each block;
 * linked into the module, it takes the place of the kernel's.
 *
 * Built with SHARDMAP_COVERAGE=1 only; shardmap_door.ko shows it.
 */
#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>

#include "compat.h"
#include "tests/coverage.h"

/* Code that is there as long as the module, and that which loads it, at most */
#define TEXT_MAX SZ_2M
#define INIT_MAX SZ_64K

static DECLARE_BITMAP(text_seen, TEXT_MAX);
static DECLARE_BITMAP(init_seen, INIT_MAX);
static atomic_t count;

/* Kept, since the code that loads the module goes when that is done. */
static unsigned long init_base;

static void notrace mark(unsigned long *seen, unsigned long at)
{
	/* Nearly all have been there before. */
	if (!test_bit(at, seen) && !test_and_set_bit(at, seen))
		atomic_inc(&count);
}

/**
 * __sanitizer_cov_trace_pc() - Note that the caller's place was reached.
 *
 * Context: Any.
 */
void notrace __sanitizer_cov_trace_pc(void)
{
	unsigned long pc = (unsigned long)__builtin_return_address(0);
	const struct module_memory *text = &THIS_MODULE->mem[MOD_TEXT];
	const struct module_memory *init = &THIS_MODULE->mem[MOD_INIT_TEXT];

	if (pc - (unsigned long)text->base < min(text->size, TEXT_MAX)) {
		mark(text_seen, pc - (unsigned long)text->base);
	} else if (pc - (unsigned long)init->base < min(init->size, INIT_MAX)) {
		WRITE_ONCE(init_base, (unsigned long)init->base);
		mark(init_seen, pc - (unsigned long)init->base);
	}
}

/**
 * sm_coverage_count() - How many places have been reached?
 *
 * Context: Any.
 * Return: Their number.
 */
unsigned int sm_coverage_count(void)
{
	return atomic_read(&count);
}
SHARDMAP_EXPORT(sm_coverage_count);

static void show(struct seq_file *m, const unsigned long *seen,
		 unsigned long size, unsigned long base)
{
	unsigned long at;

	for_each_set_bit(at, seen, size)
		seq_printf(m, "%lx\n", base + at);
}

/**
 * sm_coverage_show() - Print the addresses of the places that were reached.
 * @m: where to
 *
 * Context: Process context.
 */
void sm_coverage_show(struct seq_file *m)
{
	show(m, text_seen, TEXT_MAX,
	     (unsigned long)THIS_MODULE->mem[MOD_TEXT].base);
	show(m, init_seen, INIT_MAX, READ_ONCE(init_base));
}
SHARDMAP_EXPORT(sm_coverage_show);
