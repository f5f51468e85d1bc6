// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>

#include "shardmapctl.h"

enum {
	OPT_KEYS_ONLY = 0x100,
	OPT_KEY_FORMAT,
	OPT_BUFFER,
	OPT_PREFIX,
	OPT_DRAIN,
};

struct scan_args {
	struct ctl *ctl;
	bool keys_only;
	enum format key_format;
	enum format value_format;
	size_t buf_size;
	const char *prefix_text;
	struct bytes prefix;
	bool drain;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct scan_args *args = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = args->ctl;
		return 0;
	case OPT_KEYS_ONLY:
		args->keys_only = true;
		return 0;
	case OPT_KEY_FORMAT:
		args->key_format = format_parse(state, arg);
		return 0;
	case 'F':
		args->value_format = format_parse(state, arg);
		return 0;
	case OPT_BUFFER:
		args->buf_size = tool_arg_u64(state, "--buffer", arg, 1,
					      SHARDMAP_SCAN_BYTES_MAX);
		return 0;
	case OPT_PREFIX:
		args->prefix_text = arg;
		return 0;
	case OPT_DRAIN:
		args->drain = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "unexpected argument '%s'", arg);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static void print_record(const struct scan_args *args,
			 const struct shardmap_record *record)
{
	const unsigned char *key = shardmap_record_key(record);
	const unsigned char *value = shardmap_record_value(record);
	json_t *object;

	if (args->ctl->json) {
		object = json_pack("{s:I}", "version",
				   (json_int_t)record->version);
		if (record->expires)
			json_object_set_new(object, "expires",
					    output_u64(record->expires));
		output_bytes(object, "key", key, record->key_len);
		if (!args->keys_only)
			output_bytes(object, "value", value, record->value_len);
		output_json(object);
		return;
	}
	bytes_print(key, record->key_len, args->key_format, stdout);
	if (!args->keys_only) {
		putchar('\t');
		bytes_print(value, record->value_len, args->value_format,
			    stdout);
	}
	putchar('\n');
}

static int print_records(const struct scan_args *args, int table,
			 uint64_t *records)
{
	struct shardmap_scanner *scanner =
		shardmap_scanner_new(table, args->buf_size);
	const struct shardmap_record *record;
	int ret;

	if (!scanner)
		return -ENOMEM;
	*records = 0;
	if (args->drain)
		shardmap_scanner_set_drain(scanner);
	ret = shardmap_scanner_set_prefix(scanner, args->prefix.data,
					  args->prefix.len);
	if (ret) {
		shardmap_scanner_free(scanner);
		return ret;
	}
	while ((ret = shardmap_scanner_next(scanner, &record)) > 0) {
		print_record(args, record);
		++*records;
	}
	shardmap_scanner_free(scanner);
	return ret;
}

enum tool_exit entry_scan(struct ctl *ctl, int argc, char **argv)
{
	static const struct argp_option options[] = {
		{ "prefix", OPT_PREFIX, "PREFIX", 0,
		  "only keys that begin with this" },
		{ "drain", OPT_DRAIN, NULL, 0,
		  "remove the entries that are printed" },
		{ "keys-only", OPT_KEYS_ONLY, NULL, 0, "do not print values" },
		{ "key-format", OPT_KEY_FORMAT, "FORMAT", 0,
		  "print keys as auto, text, hex, u64, or raw" },
		{ "format", 'F', "FORMAT", 0, "the same for values" },
		{ "buffer", OPT_BUFFER, "BYTES", 0, "to fetch at a time" },
		{}
	};
	static const struct argp_child children[] = { { .argp = &ctl_argp },
						      {} };
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.doc = "Prints all entries, a line each: key, tab, value; with --json one "
		       "object a line.",
		.children = children,
	};
	struct scan_args args = { .ctl = ctl };
	uint64_t records = 0;
	int table, err;

	ctl_parse(ctl, &argp, 0, argc, argv, &args);
	if (args.prefix_text && bytes_parse(args.prefix_text, &args.prefix))
		return TOOL_EXIT_FAILED;
	table = find_table(ctl, args.drain ? SHARDMAP_READ | SHARDMAP_WRITE :
					     SHARDMAP_READ);
	if (table < 0)
		return TOOL_EXIT_FAILED;
	err = print_records(&args, table, &records);
	if (err)
		return output_error(ctl, "SHARDMAP_IOC_SCAN", err);
	if (!ctl->json)
		fprintf(stderr, "%" PRIu64 " entries\n", records);
	return TOOL_EXIT_OK;
}
