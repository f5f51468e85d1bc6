// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include <shardmap_ops.h>

#include "entry.h"

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

/* The operation that the command line asks for; its buffer is still missing. */
static int make_op(const struct entry_args *args, unsigned int takes,
		   struct shardmap_op *op)
{
	struct bytes key, value = {};
	uint64_t delta = 0;
	int err;

	err = bytes_parse(args->words[0], &key);
	if (!err && takes & SHARDMAP_TAKES_VALUE)
		err = bytes_parse(args->words[1], &value);
	if (!err && takes & SHARDMAP_TAKES_DELTA)
		err = parse_delta(args->words[1], &delta);
	if (err)
		return err;
	*op = (struct shardmap_op){
		.flags = args->flags,
		.key = (uintptr_t)key.data,
		.key_len = key.len,
		.value = (uintptr_t)value.data,
		.value_len = value.len,
		.version = args->version,
		.delta = delta,
		.initial = args->initial,
		.expected = (uintptr_t)args->expected.data,
		.expected_len = args->expected.len,
		.ttl = args->ttl,
	};
	return 0;
}

/*
 * Room for any value at first; a later module's may be longer.  -ENOBUFS has changed
 * nothing.
 */
static int execute_out(int table, enum shardmap_opcode opcode,
		       struct shardmap_op *op, struct bytes *out)
{
	struct shardmap_op once;
	size_t len = SHARDMAP_VALUE_LEN_MAX;
	int err;

	do {
		unsigned char *data = realloc(out->data, len);

		if (!data)
			return -ENOMEM;
		out->data = data;
		once = *op;
		once.out = (uintptr_t)data;
		once.out_len = len;
		err = shardmap_execute(table, opcode, &once);
		if (err != -ENOBUFS || once.out_len <= len)
			break;
		len = once.out_len;
	} while (true);
	*op = once;
	out->len = err ? 0 : op->out_len;
	return err;
}

static const unsigned char *value_stored(const struct shardmap_op *op)
{
	return (const unsigned char *)(uintptr_t)op->value;
}

/* GET_OR_PUT tells the value that there is now; the others what there was. */
static struct bytes value_to_show(const struct entry_args *args,
				  const struct shardmap_op *op,
				  const struct bytes *found)
{
	if (args->command->opcode == SHARDMAP_OP_GET_OR_PUT &&
	    op->flags & SHARDMAP_INSERTED)
		return (struct bytes){ .data = (void *)value_stored(op),
				       .len = op->value_len };
	return *found;
}

static bool has_value(const struct entry_args *args,
		      const struct shardmap_op *op)
{
	if (op->flags & SHARDMAP_UNCHANGED)
		return false;
	return args->command->opcode != SHARDMAP_OP_PUT ||
	       !(op->flags & SHARDMAP_INSERTED);
}

static void print_json(const struct entry_args *args, unsigned int takes,
		       const struct shardmap_op *op, const struct bytes *found)
{
	enum shardmap_opcode opcode = args->command->opcode;
	json_t *object = json_object();
	struct bytes value;

	if (op->version)
		json_object_set_new(object, "version",
				    json_integer(op->version));
	if (opcode == SHARDMAP_OP_PUT || opcode == SHARDMAP_OP_GET_OR_PUT)
		json_object_set_new(object, "inserted",
				    json_boolean(op->flags &
						 SHARDMAP_INSERTED));
	if (args->flags & SHARDMAP_IF_CHANGED)
		json_object_set_new(
			object, "changed",
			json_boolean(!(op->flags & SHARDMAP_UNCHANGED)));
	if (takes & SHARDMAP_TAKES_DELTA) {
		json_object_set_new(object, "old", output_u64(op->old));
		json_object_set_new(object, "new",
				    output_u64(op->old + op->delta));
	}
	if (takes & SHARDMAP_TAKES_OUT && has_value(args, op)) {
		value = value_to_show(args, op, found);
		output_bytes(object, "value", value.data, value.len);
	}
	output_json(object);
}

static void print_text(const struct entry_args *args, unsigned int takes,
		       const struct shardmap_op *op, const struct bytes *found)
{
	struct bytes value;

	if (takes & SHARDMAP_TAKES_DELTA)
		printf("%" PRIu64 "\n", (uint64_t)(op->old + op->delta));
	if (!(takes & SHARDMAP_TAKES_OUT) || !has_value(args, op))
		return;
	value = value_to_show(args, op, found);
	bytes_print(value.data, value.len, args->format, stdout);
	if (args->format != FORMAT_RAW)
		putchar('\n');
}

static enum tool_exit execute(struct ctl *ctl, int argc, char **argv,
			      const struct entry_command *command)
{
	struct entry_args args = { .ctl = ctl, .command = command };
	enum shardmap_opcode opcode = command->opcode;
	struct bytes found = {};
	struct shardmap_op op;
	unsigned int takes;
	int table, err;

	if (entry_parse(&args, argc, argv))
		return TOOL_EXIT_FAILED;
	takes = entry_takes(opcode, args.flags);
	table = find_table(ctl, entry_access(opcode, args.flags));
	if (table < 0 || make_op(&args, takes, &op))
		return TOOL_EXIT_FAILED;
	err = takes & SHARDMAP_TAKES_OUT ?
		      execute_out(table, opcode, &op, &found) :
		      shardmap_execute(table, opcode, &op);
	if (err)
		return output_error(ctl, op_rules[opcode].call, err);
	if (ctl->json)
		print_json(&args, takes, &op, &found);
	else
		print_text(&args, takes, &op, &found);
	return TOOL_EXIT_OK;
}

#define ENTRY_COMMAND(name, ...)                                             \
	enum tool_exit entry_##name(struct ctl *ctl, int argc, char **argv)  \
	{                                                                    \
		static const struct entry_command command = { __VA_ARGS__ }; \
                                                                             \
		return execute(ctl, argc, argv, &command);                   \
	}

ENTRY_COMMAND(get, SHARDMAP_OP_GET, 0, "KEY", "Prints a value.")
ENTRY_COMMAND(put, SHARDMAP_OP_PUT, 0, "KEY VALUE", "Stores a value.")
ENTRY_COMMAND(swap, SHARDMAP_OP_PUT, SHARDMAP_SWAP, "KEY VALUE",
	      "Stores a value and prints the one that was there, if any.")
ENTRY_COMMAND(cas, SHARDMAP_OP_CAS, 0, "KEY VALUE",
	      "Stores a value if the entry is as expected.")
ENTRY_COMMAND(delete, SHARDMAP_OP_DELETE, 0, "KEY", "Removes a key.")
ENTRY_COMMAND(take, SHARDMAP_OP_TAKE, 0, "KEY",
	      "Removes a key and prints its value.")
ENTRY_COMMAND(add, SHARDMAP_OP_ADD, 0, "KEY DELTA",
	      "Adds to an 8-byte value and prints the sum.\v"
	      "For a negative DELTA: shardmapctl entry add -- KEY -1")
ENTRY_COMMAND(get_or_put, SHARDMAP_OP_GET_OR_PUT, 0, "KEY VALUE",
	      "Stores a value if the key is new, and prints the value there is.")
