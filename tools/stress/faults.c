// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "faults.h"

static const char *const attributes[FAULT_KINDS] = {
	[FAULT_SLAB] = "failslab",
	[FAULT_PAGES] = "fail_page_alloc",
	[FAULT_COPIES] = "fail_usercopy",
};

/* What was left of the kernel's budget at the beginning */
static int64_t left_before;

void faults_parse(const struct argp_state *state, const char *arg,
		  struct fault_rates *rates)
{
	unsigned int *percent = rates->percent;
	char end;

	rates->on = true;
	if (sscanf(arg, "%u:%u:%u%c", &percent[FAULT_SLAB],
		   &percent[FAULT_PAGES], &percent[FAULT_COPIES], &end) != 3)
		argp_error(state, "--faults: '%s' is not SLAB:PAGES:COPIES",
			   arg);
	for (unsigned int i = 0; i < FAULT_KINDS; i++)
		if (percent[i] > 90)
			argp_error(state, "--faults: %u is more than 90 %%",
				   percent[i]);
}

void faults_parse_allocations(const struct argp_state *state, const char *arg,
			      struct fault_rates *rates)
{
	faults_parse(state, arg, rates);
	if (rates->percent[FAULT_COPIES])
		argp_error(state, "--faults: a failed copy leaves open what "
				  "was done");
}

static FILE *open_file(enum fault_kind kind, const char *name, const char *mode)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s",
		 attributes[kind], name);
	file = fopen(path, mode);
	if (!file)
		fprintf(stderr,
			"shardmap-stress: %s: %s; run it by faults.sh, on a "
			"kernel with fault injection\n",
			path, strerror(errno));
	return file;
}

static int set_percent(enum fault_kind kind, unsigned int percent)
{
	FILE *file = open_file(kind, "probability", "w");

	if (!file)
		return -errno;
	fprintf(file, "%u\n", percent);
	return fclose(file) ? -errno : 0;
}

/* The kernel counts it down; without a filter anything could fail. */
static int read_left(int64_t *left)
{
	*left = 0;
	for (unsigned int kind = 0; kind < FAULT_KINDS; kind++) {
		FILE *file = open_file(kind, "times", "r");
		int64_t times = 0;
		int read;

		if (!file)
			return -errno;
		read = fscanf(file, "%" SCNd64, &times);
		fclose(file);
		if (read != 1 || times <= 1) {
			fputs("shardmap-stress: fault injection is not prepared; "
			      "run it by faults.sh\n",
			      stderr);
			return -EINVAL;
		}
		*left += times;
	}
	return 0;
}

int faults_begin(const struct fault_rates *rates)
{
	int err;

	if (!rates->on)
		return 0;
	err = read_left(&left_before);
	for (unsigned int kind = 0; !err && kind < FAULT_KINDS; kind++)
		err = set_percent(kind, rates->percent[kind]);
	return err;
}

int faults_end(const struct fault_rates *rates, uint64_t *injected)
{
	int64_t left;
	int err = 0;

	*injected = 0;
	if (!rates->on)
		return 0;
	for (unsigned int kind = 0; kind < FAULT_KINDS; kind++) {
		int ret = set_percent(kind, 0);

		err = err ? err : ret;
	}
	if (!err)
		err = read_left(&left);
	if (!err)
		*injected = left_before - left;
	return err;
}
