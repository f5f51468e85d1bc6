// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shardmapctl.h"

/* As the shell's and env's */
#define EXIT_CANNOT_RUN 126
#define EXIT_NOT_FOUND 127

struct run_args {
	struct ctl *ctl;
	struct shardmap_create create;
	char **command;
};

static error_t parse_run(int key, char *arg, struct argp_state *state)
{
	struct run_args *args = state->input;

	(void)arg;
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = args->ctl;
		state->child_inputs[1] = &args->create;
		return 0;
	case ARGP_KEY_ARG:
		args->command = state->argv + state->next - 1;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which command?");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

enum tool_exit run(struct ctl *ctl, int argc, char **argv)
{
	static const struct argp_child children[] = {
		{ .argp = &ctl_argp }, { .argp = &tool_create_argp }, {}
	};
	static const struct argp argp = {
		.parser = parse_run,
		.args_doc = "-- COMMAND...",
		.doc = "Runs a command with a new table, or with that of --name, which "
		       "it inherits as the descriptor that SHARDMAP_FD tells.  Exit "
		       "status: the command's.",
		.children = children,
	};
	struct run_args args = { .ctl = ctl };
	char number[16];
	int table, err;

	ctl_parse(ctl, &argp, ARGP_IN_ORDER, argc, argv, &args);
	table = ctl->table_name ?
			find_table(ctl, SHARDMAP_READ | SHARDMAP_WRITE) :
			create_table(ctl, &args.create);
	if (table < 0)
		return TOOL_EXIT_FAILED;
	snprintf(number, sizeof(number), "%d", table);
	if (fcntl(table, F_SETFD, 0) || setenv("SHARDMAP_FD", number, 1))
		return output_error(ctl, "SHARDMAP_FD", -errno);
	execvp(args.command[0], args.command);
	err = errno;
	output_error(ctl, args.command[0], -err);
	exit(err == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN);
}
