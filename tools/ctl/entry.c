// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "shardmapctl.h"

enum {
	OPT_NOEXIST = 0x100,
	OPT_EXIST,
	OPT_CREATE,
	OPT_INITIAL,
};

struct entry_args {
	struct ctl *ctl;
	unsigned int flags;
	uint64_t initial;
	enum format format;
	char *args[2];
	unsigned int nr_args;
	unsigned int wanted;
	/* set by begin() */
	int table;
	struct bytes key;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct entry_args *args = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = args->ctl;
		return 0;
	case OPT_NOEXIST:
		args->flags |= SHARDMAP_NOEXIST;
		return 0;
	case OPT_EXIST:
		args->flags |= SHARDMAP_EXIST;
		return 0;
	case OPT_CREATE:
		args->flags |= SHARDMAP_CREATE;
		return 0;
	case OPT_INITIAL:
		args->initial =
			tool_arg_u64(state, "--initial", arg, 0, UINT64_MAX);
		args->flags |= SHARDMAP_CREATE;
		return 0;
	case 'F':
		args->format = format_parse(state, arg);
		return 0;
	case ARGP_KEY_ARG:
		if (args->nr_args == args->wanted)
			argp_error(state, "unexpected argument '%s'", arg);
		args->args[args->nr_args++] = arg;
		return 0;
	case ARGP_KEY_END:
		if (args->nr_args < args->wanted)
			argp_usage(state);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

#define FORMAT_OPTION                                                                  \
	{                                                                              \
		"format", 'F', "FORMAT", 0,                                            \
			"print the value as auto, text, hex, u64, or raw (no newline)" \
	}

/* Parses the command line, the key, and finds the table. */
static int begin(struct entry_args *args, int argc, char **argv,
		 const struct argp_option *options, const char *args_doc,
		 const char *doc)
{
	static const struct argp_child children[] = { { .argp = &ctl_argp },
						      {} };
	const struct argp argp = { .options = options,
				   .parser = parse,
				   .args_doc = args_doc,
				   .doc = doc,
				   .children = children };

	ctl_parse(args->ctl, &argp, 0, argc, argv, args);
	args->table = find_table(args->ctl);
	if (args->table < 0)
		return -1;
	return bytes_parse(args->args[0], &args->key);
}

static void print_value(const struct entry_args *args,
			const unsigned char *value, size_t len)
{
	bytes_print(value, len, args->format, stdout);
	if (args->format != FORMAT_RAW)
		putchar('\n');
}

/* Room for any value; a later module's may be longer. */
static int make_room(struct bytes *out, size_t len)
{
	unsigned char *data = realloc(out->data, len);

	if (!data)
		return -ENOMEM;
	*out = (struct bytes){ .data = data, .len = len };
	return 0;
}

enum tool_exit entry_get(struct ctl *ctl, int argc, char **argv)
{
	static const struct argp_option options[] = { FORMAT_OPTION, {} };
	struct entry_args args = { .ctl = ctl, .wanted = 1 };
	struct bytes out = {};
	size_t len = SHARDMAP_VALUE_LEN_MAX;
	uint64_t version;
	json_t *object;
	int err;

	if (begin(&args, argc, argv, options, "KEY", "Prints a value."))
		return TOOL_EXIT_FAILED;
	do {
		err = make_room(&out, len);
		if (!err)
			err = shardmap_get(args.table, args.key.data,
					   args.key.len, out.data, &len,
					   &version);
	} while (err == -ENOBUFS && len > out.len);
	if (err)
		return output_error(ctl, "SHARDMAP_IOC_GET", err);

	if (ctl->json) {
		object = json_pack("{s:I}", "version", (json_int_t)version);
		output_bytes(object, "value", out.data, len);
		output_json(object);
	} else {
		print_value(&args, out.data, len);
	}
	return TOOL_EXIT_OK;
}

enum tool_exit entry_put(struct ctl *ctl, int argc, char **argv)
{
	static const struct argp_option options[] = {
		{ "noexist", OPT_NOEXIST, NULL, 0,
		  "only if the key is not there" },
		{ "exist", OPT_EXIST, NULL, 0, "only if the key is there" },
		{}
	};
	struct entry_args args = { .ctl = ctl, .wanted = 2 };
	struct shardmap_op op;
	struct bytes value;
	int err;

	if (begin(&args, argc, argv, options, "KEY VALUE", "Stores a value.") ||
	    bytes_parse(args.args[1], &value))
		return TOOL_EXIT_FAILED;
	op = (struct shardmap_op){
		.flags = args.flags,
		.key = (uintptr_t)args.key.data,
		.key_len = args.key.len,
		.value = (uintptr_t)value.data,
		.value_len = value.len,
	};
	err = shardmap_execute(args.table, SHARDMAP_OP_PUT, &op);
	if (err)
		return output_error(ctl, "SHARDMAP_IOC_PUT", err);
	if (ctl->json)
		output_json(json_pack("{s:b, s:I}", "inserted",
				      !!(op.flags & SHARDMAP_INSERTED),
				      "version", (json_int_t)op.version));
	return TOOL_EXIT_OK;
}

enum tool_exit entry_delete(struct ctl *ctl, int argc, char **argv)
{
	static const struct argp_option options[] = { {} };
	struct entry_args args = { .ctl = ctl, .wanted = 1 };
	int err;

	if (begin(&args, argc, argv, options, "KEY", "Removes a key."))
		return TOOL_EXIT_FAILED;
	err = shardmap_delete(args.table, args.key.data, args.key.len);
	if (err)
		return output_error(ctl, "SHARDMAP_IOC_DELETE", err);
	if (ctl->json)
		output_json(json_object());
	return TOOL_EXIT_OK;
}

/* A negative number is added modulo 2^64. */
static int parse_delta(const char *text, uint64_t *delta)
{
	bool negative = *text == '-';
	int err = tool_parse_u64(text + negative, delta);

	if (negative)
		*delta = -*delta;
	if (err)
		tool_error(text, err);
	return err;
}

enum tool_exit entry_add(struct ctl *ctl, int argc, char **argv)
{
	static const struct argp_option options[] = {
		{ "create", OPT_CREATE, NULL, 0,
		  "make a key that is not there" },
		{ "initial", OPT_INITIAL, "N", 0,
		  "what such a key starts from (0)" },
		{}
	};
	struct entry_args args = { .ctl = ctl, .wanted = 2 };
	uint64_t delta, old;
	json_t *object;
	int err;

	if (begin(&args, argc, argv, options, "KEY DELTA",
		  "Adds to an 8-byte value and prints the sum.\v"
		  "For a negative DELTA: shardmapctl entry add -- KEY -1") ||
	    parse_delta(args.args[1], &delta))
		return TOOL_EXIT_FAILED;
	err = shardmap_add(args.table, args.key.data, args.key.len, delta,
			   args.initial, args.flags, &old);
	if (err)
		return output_error(ctl, "SHARDMAP_IOC_ADD", err);
	if (ctl->json) {
		object = json_pack("{s:o, s:o}", "old", output_u64(old), "new",
				   output_u64(old + delta));
		output_json(object);
	} else {
		printf("%" PRIu64 "\n", old + delta);
	}
	return TOOL_EXIT_OK;
}

enum tool_exit entry_get_or_put(struct ctl *ctl, int argc, char **argv)
{
	static const struct argp_option options[] = { FORMAT_OPTION, {} };
	struct entry_args args = { .ctl = ctl, .wanted = 2 };
	struct bytes value, out = {};
	size_t len = SHARDMAP_VALUE_LEN_MAX;
	bool inserted = false;
	json_t *object;
	int err;

	if (begin(&args, argc, argv, options, "KEY VALUE",
		  "Stores a value if the key is new, and prints the value there is.") ||
	    bytes_parse(args.args[1], &value))
		return TOOL_EXIT_FAILED;
	do {
		err = make_room(&out, len);
		if (!err)
			err = shardmap_get_or_put(args.table, args.key.data,
						  args.key.len, value.data,
						  value.len, out.data, &len,
						  &inserted);
	} while (err == -ENOBUFS && len > out.len);
	if (err)
		return output_error(ctl, "SHARDMAP_IOC_GET_OR_PUT", err);

	if (!inserted)
		value = (struct bytes){ .data = out.data, .len = len };
	if (ctl->json) {
		object = json_pack("{s:b}", "inserted", (int)inserted);
		output_bytes(object, "value", value.data, value.len);
		output_json(object);
	} else {
		print_value(&args, value.data, value.len);
	}
	return TOOL_EXIT_OK;
}
