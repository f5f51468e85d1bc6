// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs of random operations, each in a child process, so that a crash or a
 * sanitizer's report is a failure like any other.  A run that fails is cut down
 * to the few ops that it takes, and printed as lines for --replay.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/kernel.h>

#include "cases.h"
#include "model.h"
#include "shim/host.h"
#include "tap.h"

#define RUN_OPS 20000U
#define FAULT_RUN_OPS 400U
#define SHRINK_SECONDS 20
#define HANG_SECONDS 60

/* What a child tells its parent. */
static struct {
	unsigned int done;
	char wrong[200];
} * report;

static unsigned long long ops_done;

/* With --no-shrink: that it fails is enough. */
static bool no_shrink;

/* In the child. */
static int run(const struct config *c, const struct op *ops, unsigned int nr)
{
	struct model m;
	unsigned int i;

	report->done = 0;
	report->wrong[0] = 0;
	model_create(&m, c);
	for (i = 0; i < nr && !m.wrong[0]; i++) {
		report->done = i;
		do_op(&m, &ops[i]);
		if (!(i % 4096))
			check_all(&m);
	}
	report->done = i;
	if (!m.wrong[0])
		model_end(&m);
	memcpy(report->wrong, m.wrong, sizeof(report->wrong));
	return m.wrong[0] ? 1 : 0;
}

/* Returns true if the run passed. */
static bool run_in_child(const struct config *c, const struct op *ops,
			 unsigned int nr, bool quiet)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		err_exit("fork");
	if (!pid) {
		if (quiet && !freopen("/dev/null", "w", stderr))
			_exit(2);
		alarm(HANG_SECONDS);
		exit(run(c, ops, nr));
	}
	while (waitpid(pid, &status, 0) < 0)
		;
	if (WIFSIGNALED(status) && !report->wrong[0])
		snprintf(report->wrong, sizeof(report->wrong), "signal %d",
			 WTERMSIG(status));
	else if (status && !report->wrong[0])
		snprintf(report->wrong, sizeof(report->wrong),
			 "a sanitizer's report");
	return !status;
}

/* Drop ever smaller pieces for as long as the run still fails. */
static unsigned int shrink(const struct config *c, struct op *ops,
			   unsigned int nr)
{
	struct op *fewer = calloc(nr, sizeof(*ops));
	time_t end = time(NULL) + SHRINK_SECONDS;
	unsigned int piece, at;

	for (piece = (nr + 1) / 2; piece; piece /= 2) {
		for (at = 0; at < nr && time(NULL) < end;) {
			unsigned int n = piece < nr - at ? piece : nr - at;

			memcpy(fewer, ops, at * sizeof(*ops));
			memcpy(fewer + at, ops + at + n,
			       (nr - at - n) * sizeof(*ops));
			if (run_in_child(c, fewer, nr - n, true)) {
				at += n;
				continue;
			}
			nr -= n;
			memcpy(ops, fewer, nr * sizeof(*ops));
		}
	}
	free(fewer);
	return nr;
}

static void explain(const struct config *c, struct op *ops, unsigned int nr)
{
	unsigned int i;

	printf("# op %u: %s\n", report->done, report->wrong);
	if (report->done + 1 < nr)
		nr = report->done + 1;
	if (!run_in_child(c, ops, nr, true))
		nr = shrink(c, ops, nr);
	run_in_child(c, ops, nr, true);
	printf("# shortest run that fails: %u ops: %s\n", nr, report->wrong);
	printf("# replay: save the next lines, then --replay FILE\n");
	printf("config %llu %d\n", (unsigned long long)c->seed, c->faults);
	for (i = 0; i < nr; i++)
		op_print(&ops[i]);
}

static bool run_seed(u64 seed, bool faults, unsigned int nr)
{
	struct op *ops = calloc(nr, sizeof(*ops));
	struct config c;
	bool passed;

	config_make(&c, seed, faults);
	ops_make(&c, ops, nr);
	passed = run_in_child(&c, ops, nr, false);
	ops_done += report->done;
	if (!passed && no_shrink) {
		printf("# seed %llu op %u: %s\n", (unsigned long long)seed,
		       report->done, report->wrong);
	} else if (!passed) {
		config_print(&c);
		explain(&c, ops, nr);
	}
	free(ops);
	return passed;
}

static int replay(const char *path)
{
	struct op *ops = NULL;
	unsigned int nr = 0;
	unsigned long long seed;
	struct config c = {};
	char line[200];
	int faults;
	FILE *f = fopen(path, "r");

	if (!f)
		err_exit(path);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "config %llu %d", &seed, &faults) == 2) {
			config_make(&c, seed, faults);
			continue;
		}
		ops = realloc(ops, (nr + 1) * sizeof(*ops));
		if (op_parse(line, &ops[nr]) && ops[nr].key < c.nr_keys)
			nr++;
	}
	fclose(f);
	config_print(&c);
	/* Not in a child, for the sake of debuggers. */
	if (run(&c, ops, nr)) {
		printf("# op %u: %s\n", report->done, report->wrong);
		return 1;
	}
	printf("# %u ops pass\n", nr);
	return 0;
}

static bool runs(u64 seed, unsigned long long ops, bool faults)
{
	unsigned int nr = faults ? FAULT_RUN_OPS : RUN_OPS;
	bool passed = true;

	for (; ops_done < ops && passed; seed++)
		passed = run_seed(seed, faults, nr);
	return passed;
}

/* A test that is a function of nothing, in a child of its own. */
static bool in_child(bool (*test)(void))
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		alarm(HANG_SECONDS);
		host_init(1, true);
		exit(!test());
	}
	while (waitpid(pid, &status, 0) < 0)
		;
	return !status;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "ops", required_argument, NULL, 'o' },
		{ "fault-ops", required_argument, NULL, 'f' },
		{ "seed", required_argument, NULL, 's' },
		{ "replay", required_argument, NULL, 'r' },
		{ "no-shrink", no_argument, NULL, 'n' },
		{}
	};
	unsigned long long ops = 1000000, fault_ops = 5000, total, seed = 1;
	const struct test_case *test;
	const char *path = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'o')
			ops = strtoull(optarg, NULL, 0);
		else if (option == 'f')
			fault_ops = strtoull(optarg, NULL, 0);
		else if (option == 's')
			seed = strtoull(optarg, NULL, 0);
		else if (option == 'r')
			path = optarg;
		else if (option == 'n')
			no_shrink = true;
		else
			return 2;
	}
	report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (report == MAP_FAILED)
		err_exit("mmap");
	if (path)
		return replay(path);

	printf("# seed %llu\n", seed);
	for (test = test_cases; test->run; test++)
		tap_result(in_child(test->run), test->name);
	tap_result(runs(seed, ops, false), "table_is_as_the_oracle");
	total = ops_done;
	ops_done = 0;
	tap_result(runs(seed, fault_ops, true),
		   "failed_allocation_changes_nothing");
	printf("host_oracle_ops: %llu\n", total + ops_done);
	return tap_end();
}
