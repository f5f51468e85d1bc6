/* SPDX-License-Identifier: GPL-2.0-only */
/* Operations on one key: what the command line of each takes. */
#ifndef SHARDMAPCTL_ENTRY_H
#define SHARDMAPCTL_ENTRY_H

#include "shardmapctl.h"

/**
 * struct op_rule - what an operation takes, by uapi/shardmap_ops.h
 * @call: name of its command, for errors
 * @access: enum shardmap_access
 * @takes: enum shardmap_takes
 * @flags: enum shardmap_op_flags that it knows
 * @one_of: of these it needs one
 */
struct op_rule {
	const char *call;
	unsigned int access;
	unsigned int takes;
	unsigned int flags;
	unsigned int one_of;
};

extern const struct op_rule op_rules[SHARDMAP_OP_NR];

/**
 * struct entry_command - one command of the object "entry"
 * @opcode: what it does
 * @preset: flags that it always has
 * @args: its arguments
 * @doc: text for its help
 */
struct entry_command {
	enum shardmap_opcode opcode;
	unsigned int preset;
	const char *args;
	const char *doc;
};

/**
 * struct entry_args - a command line, parsed
 * @ctl: options that all commands take
 * @command: which command
 * @format: how to print a value
 * @flags: flags of the operation
 * @version: version to compare with
 * @expected: value to compare with
 * @ttl: time to live in nanoseconds
 * @initial: what a new number starts from
 * @words: the arguments
 * @nr_words: how many
 * @expected_text: the value to compare with as it was given, or NULL
 */
struct entry_args {
	struct ctl *ctl;
	const struct entry_command *command;
	enum format format;
	unsigned int flags;
	uint64_t version;
	struct bytes expected;
	uint64_t ttl;
	uint64_t initial;
	char *words[2];
	unsigned int nr_words;
	const char *expected_text;
};

/* entry_args.c: exits on usage errors; returns -1 after complaining. */
int entry_parse(struct entry_args *args, int argc, char **argv);
/* What the operation takes with its flags, enum shardmap_takes */
unsigned int entry_takes(enum shardmap_opcode opcode, unsigned int flags);
/* What the descriptor must be for, enum shardmap_access */
unsigned int entry_access(enum shardmap_opcode opcode, unsigned int flags);

#endif /* SHARDMAPCTL_ENTRY_H */
