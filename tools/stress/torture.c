// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "torture.h"

static void *map_shared(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* Totals of all workers, and what is known of elements, are shared. */
static int init(struct torture *torture)
{
	const struct config *load = &torture->config.load;

	torture->age_size = sizeof(*torture->age) +
			    load->keys * sizeof(*torture->age->keys);
	torture->totals_size = (load->workers + 1) * sizeof(*torture->totals);
	torture->age = map_shared(torture->age_size);
	torture->totals = map_shared(torture->totals_size);
	torture->workers = calloc(load->workers, sizeof(*torture->workers));
	if (!torture->age || !torture->totals || !torture->workers)
		return -ENOMEM;
	torture->age->evicts = load->create.flags & SHARDMAP_CREATE_EVICT;
	return 0;
}

static void release(struct torture *torture)
{
	if (torture->age)
		munmap(torture->age, torture->age_size);
	if (torture->totals)
		munmap(torture->totals, torture->totals_size);
	free(torture->workers);
}

/* The last one is the sum. */
static struct torture_totals *sum_up(struct torture *torture)
{
	unsigned int nr = torture->config.load.workers;
	uint64_t *sum = (uint64_t *)&torture->totals[nr];
	size_t members = sizeof(*torture->totals) / sizeof(*sum);

	for (unsigned int i = 0; i < nr; i++)
		for (size_t m = 0; m < members; m++)
			sum[m] += ((uint64_t *)&torture->totals[i])[m];
	return &torture->totals[nr];
}

static int load_and_check(struct torture *torture, struct shared *shared,
			  int table)
{
	struct shardmap_info info;
	struct torture_totals *totals;
	int err = shardmap_info(table, &info);

	if (!err)
		err = run(shared);
	if (err) {
		tool_error("workers", err);
		return err;
	}
	err = workers_error(shared);
	totals = sum_up(torture);
	if (!err) {
		err = torture_final(&shared->workers[0], info.index_bytes,
				    totals);
		if (err)
			tool_error("check of the table", err);
	}
	return err;
}

static enum tool_exit torture(struct torture *torture)
{
	const struct config *load = &torture->config.load;
	const struct torture_totals *totals;
	struct shared *shared;
	enum tool_exit result = TOOL_EXIT_OK;
	int table = tool_open_table(-1, &load->create), err;

	if (table < 0)
		return TOOL_EXIT_FAILED;
	shared = shared_new(load, table);
	if (!shared || init(torture)) {
		tool_error("memory for what is known of keys", -ENOMEM);
		return TOOL_EXIT_FAILED;
	}
	shared->role = &torture_role;
	shared->arg = torture;
	err = load_and_check(torture, shared, table);
	totals = &torture->totals[load->workers];
	if (!err)
		err = torture_report(torture, shared, totals);
	if (torture_failures(totals))
		result = TOOL_EXIT_VERIFY;
	else if (err)
		result = TOOL_EXIT_FAILED;
	shared_free(shared);
	release(torture);
	return result;
}

enum tool_exit torture_main(int argc, char **argv)
{
	static struct torture test;

	torture_options(argc, argv, &test.config);
	return torture(&test);
}
