// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "kill.h"
#include "large.h"
#include "lin.h"
#include "scan.h"
#include "stress.h"
#include "torture.h"
#include "unload.h"

/* Keys of others would look like faults. */
static int check_empty(const struct config *config, int table)
{
	struct shardmap_info info;
	int err;

	if (!config->verify)
		return 0;
	err = shardmap_info(table, &info);
	if (err) {
		tool_error("SHARDMAP_IOC_INFO", err);
	} else if (info.entries) {
		fputs("shardmap-stress: the table is not empty; clear it "
		      "(shardmapctl table clear) or use --no-verify\n",
		      stderr);
		err = -EINVAL;
	}
	return err;
}

static int load_and_verify(struct shared *shared, int table,
			   struct verdict *verdict)
{
	int err = run(shared);

	if (err) {
		tool_error("workers", err);
		return err;
	}
	err = workers_error(shared);
	if (!err && shared->config.verify) {
		err = verify_table(shared, table, verdict);
		if (err)
			tool_error("SHARDMAP_IOC_SCAN", err);
	}
	return err;
}

static enum tool_exit stress(const struct config *config)
{
	struct verdict verdict = {};
	struct shared *shared;
	struct klog klog;
	int table, err;

	err = klog_open(&klog, config->klog);
	if (err) {
		tool_error("open /dev/kmsg", err);
		return TOOL_EXIT_FAILED;
	}
	table = tool_open_table(config->fd, &config->create);
	if (table < 0 || check_empty(config, table))
		return TOOL_EXIT_FAILED;
	shared = shared_new(config, table);
	if (!shared) {
		tool_error("memory for key states", -errno);
		return TOOL_EXIT_FAILED;
	}

	err = load_and_verify(shared, table, &verdict);
	klog_check(&klog);
	if (!err)
		err = report(shared, &verdict, &klog);
	shared_free(shared);
	if (!verdict_is_good(&verdict))
		return TOOL_EXIT_VERIFY;
	if (klog.reports)
		return TOOL_EXIT_KLOG;
	return err ? TOOL_EXIT_FAILED : TOOL_EXIT_OK;
}

static struct subcommand {
	const char *name;
	char title[32]; /* for argp */
	enum tool_exit (*main)(int argc, char **argv);
} subcommands[] = {
	{ "bench", "shardmap-stress bench", bench_main },
	{ "flood", "shardmap-stress flood", flood_main },
	{ "kill", "shardmap-stress kill", kill_main },
	{ "large", "shardmap-stress large", large_main },
	{ "lin", "shardmap-stress lin", lin_main },
	{ "scan", "shardmap-stress scan", scan_main },
	{ "torture", "shardmap-stress torture", torture_main },
	{ "unload", "shardmap-stress unload", unload_main },
};

int main(int argc, char **argv)
{
	struct config config;

	tool_init();
	for (size_t i = 0; i < ARRAY_SIZE(subcommands); i++) {
		if (argc < 2 || strcmp(argv[1], subcommands[i].name))
			continue;
		argv[1] = subcommands[i].title;
		return subcommands[i].main(argc - 1, argv + 1);
	}
	parse_options(argc, argv, &config);
	return stress(&config);
}
