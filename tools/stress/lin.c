// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "lin.h"

/* Nothing to check means nothing found. */
static int check_resizes(const struct lin_result *result)
{
	if (result->resizes || result->violations)
		return 0;
	fputs("shardmap-stress: the table was never resized; use more --ops or "
	      "--churn-keys\n",
	      stderr);
	return -EINVAL;
}

enum tool_exit lin_main(int argc, char **argv)
{
	struct lin_options options;
	struct lin_result result = {};
	int table, err;

	lin_options(argc, argv, &options);
	table = tool_new_table(&options.create);
	if (table < 0)
		return TOOL_EXIT_FAILED;
	err = lin_run(&options, table, &result);
	if (err)
		tool_error("operations on the table", err);
	else
		err = lin_report(&options, &result);
	close(table);
	if (!err)
		err = check_resizes(&result);
	if (result.violations)
		return TOOL_EXIT_VERIFY;
	return err ? TOOL_EXIT_FAILED : TOOL_EXIT_OK;
}
