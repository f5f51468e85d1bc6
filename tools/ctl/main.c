// SPDX-License-Identifier: GPL-2.0-only
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "shardmapctl.h"

static const struct command {
	const char *object;
	const char *name; /* NULL: the object is the command */
	command_fn handler;
	const char *args;
	const char *summary;
} commands[] = {
	{ "device", "info", device_info, "", "limits of the loaded module" },
	{ "table", "create", table_create,
	  "[LIMITS] [--name NAME [--mode MODE] | --detach]",
	  "make a table; without a name hold it and print PID:FD" },
	{ "table", "list", table_list, "", "print the tables with names" },
	{ "table", "show", table_show, "", "limits and figures of a table" },
	{ "table", "clear", table_clear, "", "remove all entries" },
	{ "table", "reserve", table_reserve, "ENTRIES",
	  "make room now, so that it need not grow later" },
	{ "table", "freeze", table_freeze, "", "let it never change again" },
	{ "table", "unlink", table_unlink, "--name NAME",
	  "take a table's name away" },
	{ "entry", "get", entry_get, "[--if-changed N] KEY", "print a value" },
	{ "entry", "put", entry_put,
	  "[--noexist|--exist] [--ttl TIME] KEY VALUE", "store a value" },
	{ "entry", "swap", entry_swap, "[--exist] [--ttl TIME] KEY VALUE",
	  "store a value; prints the one that was there" },
	{ "entry", "cas", entry_cas,
	  "--if-version N|--if-value V [--ttl TIME] KEY VALUE",
	  "store a value if the entry is as expected" },
	{ "entry", "delete", entry_delete, "[--if-version N|--if-value V] KEY",
	  "remove a key" },
	{ "entry", "take", entry_take, "[--if-version N|--if-value V] KEY",
	  "remove a key; prints its value" },
	{ "entry", "add", entry_add,
	  "[--create [--initial N] [--ttl TIME]] KEY DELTA",
	  "add to an 8-byte value; prints the sum" },
	{ "entry", "get-or-put", entry_get_or_put, "[--ttl TIME] KEY VALUE",
	  "store if the key is new; prints the value there is" },
	{ "entry", "scan", entry_scan,
	  "[--prefix PREFIX] [--drain] [--keys-only]", "print all entries" },
	{ "run", NULL, run, "[LIMITS] -- COMMAND...",
	  "run a command with a new table, or --name's, in SHARDMAP_FD" },
};

static const struct argp_option common_options[] = {
	{ .doc = "The table:", .group = 20 },
	{ "fd", 'f', "N", 0,
	  "inherited descriptor of the table (SHARDMAP_FD)" },
	{ "name", 'n', "NAME", 0, "a table with a name" },
	{ "table", 'T', "PID:FD", 0, "a table that another process has open" },
	{ .doc = "Output:", .group = 21 },
	{ "json", 'j', NULL, 0, "print JSON" },
	{}
};

static error_t parse_common(int key, char *arg, struct argp_state *state)
{
	struct ctl *ctl = state->input;

	switch (key) {
	case 'f':
		ctl->fd = tool_arg_u64(state, "--fd", arg, 0, INT_MAX);
		return 0;
	case 'T':
		ctl->holder = arg;
		return 0;
	case 'n':
		ctl->table_name = arg;
		return 0;
	case 'j':
		ctl->json = true;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

const struct argp ctl_argp = { .options = common_options,
			       .parser = parse_common };

void ctl_parse(struct ctl *ctl, const struct argp *argp, unsigned int flags,
	       int argc, char **argv, void *input)
{
	argv[0] = ctl->name;
	argp_parse(argp, argc, argv, flags, NULL, input);
}

void ctl_need_name(const struct ctl *ctl)
{
	if (ctl->table_name)
		return;
	fprintf(stderr,
		"%s: which table? Give --name NAME; see: shardmapctl "
		"table list\n",
		ctl->name);
	exit(TOOL_EXIT_USAGE);
}

static error_t parse_none(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = state->input;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "unexpected argument '%s'", arg);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

void ctl_parse_none(struct ctl *ctl, int argc, char **argv, const char *doc)
{
	static const struct argp_child children[] = { { .argp = &ctl_argp },
						      {} };
	struct argp argp = { .parser = parse_none,
			     .doc = doc,
			     .children = children };

	ctl_parse(ctl, &argp, 0, argc, argv, ctl);
}

/* Replaces argp's own text of the commands, at the end of the help. */
static char *list_commands(int key, const char *text, void *input)
{
	char *list = NULL;
	size_t size;
	FILE *to;

	(void)input;
	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)text;
	to = open_memstream(&list, &size);
	if (!to)
		return NULL;
	fputs("Commands:\n", to);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		const struct command *c = &commands[i];

		fprintf(to, "  %s%s%s %s\n      %s\n", c->object,
			c->name ? " " : "", c->name ? c->name : "", c->args,
			c->summary);
	}
	fputs("\nLIMITS are the options of a new table, see: shardmapctl run --help\n"
	      "KEY and VALUE are text, hex:C0FFEE, u64:42 (8 bytes), file:PATH, or\n"
	      "text:... for text that begins like one of these.\n"
	      "Exit status: 0 good, 1 failed, 2 usage.\n",
	      to);
	fclose(to);
	return list;
}

struct top {
	struct ctl *ctl;
	int rest; /* index of the object in argv */
};

static error_t parse_top(int key, char *arg, struct argp_state *state)
{
	struct top *top = state->input;

	(void)arg;
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = top->ctl;
		return 0;
	case ARGP_KEY_ARG:
		/* All that follows belongs to the command. */
		top->rest = state->next - 1;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_usage(state);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static int usage_error(const char *what, const char *word)
{
	fprintf(stderr,
		"shardmapctl: no such %s: %s\n"
		"Try 'shardmapctl --help' for the commands.\n",
		what, word);
	return TOOL_EXIT_USAGE;
}

static int dispatch(struct ctl *ctl, int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	bool object_known = false;

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		const struct command *c = &commands[i];
		int skip = c->name ? 1 : 0;

		if (strcmp(c->object, argv[0]))
			continue;
		object_known = true;
		if (c->name && strcmp(c->name, name))
			continue;
		if (asprintf(&ctl->name, "shardmapctl %s%s%s", c->object,
			     skip ? " " : "", skip ? c->name : "") < 0)
			return TOOL_EXIT_FAILED;
		return c->handler(ctl, argc - skip, argv + skip);
	}
	if (!object_known)
		return usage_error("object", argv[0]);
	return usage_error("command", *name ? name : "(none given)");
}

int main(int argc, char **argv)
{
	static const struct argp_child children[] = { { .argp = &ctl_argp },
						      {} };
	static const struct argp argp = {
		.parser = parse_top,
		.args_doc = "OBJECT COMMAND",
		.doc = "Works on tables of shardmap.\v ",
		.children = children,
		.help_filter = list_commands,
	};
	struct ctl ctl = { .fd = -1 };
	struct top top = { .ctl = &ctl };
	int status;

	tool_init();
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &top);
	status = dispatch(&ctl, argc - top.rest, argv + top.rest);
	if (fflush(stdout) || ferror(stdout)) {
		perror("shardmapctl: standard output");
		return TOOL_EXIT_FAILED;
	}
	return status;
}
