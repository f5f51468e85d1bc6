// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command line of operations on one key.  Which options a command has follows
 * from the flags and members that its operation takes.
 */
#include <errno.h>
#include <string.h>

#include <shardmap_ops.h>

#include "entry.h"

const struct op_rule op_rules[SHARDMAP_OP_NR] = {
#define RULE(name, word, access, takes, flags, one_of, errnos)                \
	[SHARDMAP_OP_##name] = { "SHARDMAP_IOC_" #name, access, takes, flags, \
				 one_of },
	SHARDMAP_OPS(RULE)
#undef RULE
};

static const struct flag_rule {
	unsigned int flag;
	unsigned int access;
	unsigned int takes;
	unsigned int excludes;
} flag_rules[] = {
#define RULE(name, access, takes, excludes, errnos) \
	{ SHARDMAP_##name, access, takes, excludes },
	SHARDMAP_OP_FLAGS(RULE)
#undef RULE
};

unsigned int entry_takes(enum shardmap_opcode opcode, unsigned int flags)
{
	unsigned int takes = op_rules[opcode].takes;

	for (size_t i = 0; i < ARRAY_SIZE(flag_rules); i++)
		if (flags & flag_rules[i].flag)
			takes |= flag_rules[i].takes;
	return takes;
}

unsigned int entry_access(enum shardmap_opcode opcode, unsigned int flags)
{
	unsigned int access = op_rules[opcode].access;

	for (size_t i = 0; i < ARRAY_SIZE(flag_rules); i++)
		if (flags & flag_rules[i].flag)
			access |= flag_rules[i].access;
	return access;
}

enum {
	OPT_NOEXIST = 0x100,
	OPT_EXIST,
	OPT_CREATE,
	OPT_INITIAL,
	OPT_IF_VERSION,
	OPT_IF_VALUE,
	OPT_IF_CHANGED,
	OPT_NO_TOUCH,
	OPT_TTL,
};

/* An option is there if the operation may have the flag, or takes the member. */
static const struct {
	struct argp_option option;
	unsigned int flag;
	unsigned int takes;
} known_options[] = {
	{ { "noexist", OPT_NOEXIST, NULL, 0, "only if the key is not there" },
	  .flag = SHARDMAP_NOEXIST },
	{ { "exist", OPT_EXIST, NULL, 0, "only if the key is there" },
	  .flag = SHARDMAP_EXIST },
	{ { "create", OPT_CREATE, NULL, 0, "make a key that is not there" },
	  .flag = SHARDMAP_CREATE },
	{ { "initial", OPT_INITIAL, "N", 0, "what such a key starts from (0)" },
	  .flag = SHARDMAP_CREATE },
	{ { "if-version", OPT_IF_VERSION, "N", 0,
	    "only if the entry has this version (see: entry get --json)" },
	  .flag = SHARDMAP_IF_VERSION },
	{ { "if-value", OPT_IF_VALUE, "VALUE", 0,
	    "only if the entry has this value" },
	  .flag = SHARDMAP_IF_VALUE },
	{ { "if-changed", OPT_IF_CHANGED, "N", 0,
	    "print only if the entry has another version than this" },
	  .flag = SHARDMAP_IF_CHANGED },
	{ { "no-touch", OPT_NO_TOUCH, NULL, 0,
	    "do not count as a use, in a table that evicts" },
	  .flag = SHARDMAP_NO_TOUCH },
	{ { "ttl", OPT_TTL, "TIME", 0,
	    "let it end by itself after so many seconds, or 500ms, 10m, 2h, 1d" },
	  .takes = SHARDMAP_TAKES_TTL },
	{ { "format", 'F', "FORMAT", 0,
	    "print the value as auto, text, hex, u64, or raw (no newline)" },
	  .takes = SHARDMAP_TAKES_OUT },
};

/* Room for all of them and the end. */
static void choose_options(const struct entry_command *command,
			   struct argp_option *options)
{
	const struct op_rule *rule = &op_rules[command->opcode];
	/* Whatever is taken with some flags */
	unsigned int takes = entry_takes(command->opcode, rule->flags);
	unsigned int flags = rule->flags & ~command->preset;

	/* What only a flag takes that is a command of its own */
	if (rule->flags & SHARDMAP_SWAP && !(command->preset & SHARDMAP_SWAP))
		takes &= ~SHARDMAP_TAKES_OUT;
	for (size_t i = 0; i < ARRAY_SIZE(flag_rules); i++)
		if (command->preset & flag_rules[i].flag)
			flags &= ~flag_rules[i].excludes;
	for (size_t i = 0; i < ARRAY_SIZE(known_options); i++)
		if (known_options[i].flag & flags ||
		    known_options[i].takes & takes)
			*options++ = known_options[i].option;
	*options = (struct argp_option){};
}

/* Nanoseconds from a number with a unit; seconds without one. */
static int parse_time(const char *text, uint64_t *ns)
{
	static const struct {
		const char *unit;
		uint64_t ns;
	} units[] = {
		{ "ns", 1 },
		{ "us", 1000 },
		{ "ms", 1000000 },
		{ "s", 1000000000 },
		{ "m", 60 * 1000000000ULL },
		{ "h", 3600 * 1000000000ULL },
		{ "d", 86400 * 1000000000ULL },
	};
	size_t digits = strspn(text, "0123456789");
	const char *unit = text[digits] ? text + digits : "s";
	char number[32];
	uint64_t n;

	if (!digits || digits >= sizeof(number))
		return -EINVAL;
	memcpy(number, text, digits);
	number[digits] = '\0';
	if (tool_parse_u64(number, &n))
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (strcmp(units[i].unit, unit))
			continue;
		return __builtin_mul_overflow(n, units[i].ns, ns) || !*ns ?
			       -EINVAL :
			       0;
	}
	return -EINVAL;
}

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
	case OPT_IF_VERSION:
		args->version =
			tool_arg_u64(state, "--if-version", arg, 0, UINT64_MAX);
		args->flags |= SHARDMAP_IF_VERSION;
		return 0;
	case OPT_IF_VALUE:
		args->expected_text = arg;
		args->flags |= SHARDMAP_IF_VALUE;
		return 0;
	case OPT_IF_CHANGED:
		args->version =
			tool_arg_u64(state, "--if-changed", arg, 0, UINT64_MAX);
		args->flags |= SHARDMAP_IF_CHANGED;
		return 0;
	case OPT_NO_TOUCH:
		args->flags |= SHARDMAP_NO_TOUCH;
		return 0;
	case OPT_TTL:
		if (parse_time(arg, &args->ttl))
			argp_error(state, "--ttl: '%s' is no time; try 10s",
				   arg);
		return 0;
	case 'F':
		args->format = format_parse(state, arg);
		return 0;
	case ARGP_KEY_ARG:
		if (args->nr_words == ARRAY_SIZE(args->words))
			argp_error(state, "unexpected argument '%s'", arg);
		args->words[args->nr_words++] = arg;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const char *flag_option(unsigned int flag)
{
	for (size_t i = 0; i < ARRAY_SIZE(known_options); i++)
		if (known_options[i].flag == flag)
			return known_options[i].option.name;
	return "?";
}

static _Noreturn void usage(const struct entry_args *args, const char *text,
			    const char *first, const char *second)
{
	fprintf(stderr, "%s: ", args->ctl->name);
	fprintf(stderr, text, first, second);
	fprintf(stderr, "\nTry '%s --help'.\n", args->ctl->name);
	exit(TOOL_EXIT_USAGE);
}

/* What the kernel would refuse with a bare EINVAL. */
static void check(const struct entry_args *args)
{
	const struct op_rule *rule = &op_rules[args->command->opcode];
	unsigned int takes = entry_takes(args->command->opcode, args->flags);
	unsigned int wanted = strchr(args->command->args, ' ') ? 2 : 1;

	if (args->nr_words < wanted)
		usage(args, "takes %s", args->command->args, NULL);
	if (args->nr_words > wanted)
		usage(args, "unexpected argument '%s'", args->words[wanted],
		      NULL);
	for (size_t i = 0; i < ARRAY_SIZE(flag_rules); i++) {
		unsigned int bad = args->flags & flag_rules[i].excludes;

		if (args->flags & flag_rules[i].flag && bad)
			usage(args, "--%s does not go with --%s",
			      flag_option(flag_rules[i].flag),
			      flag_option(bad & -bad));
	}
	if (rule->one_of && !(args->flags & rule->one_of))
		usage(args, "needs --if-version or --if-value", NULL, NULL);
	if (args->ttl && !(takes & SHARDMAP_TAKES_TTL))
		usage(args, "--ttl goes with --create only", NULL, NULL);
}

int entry_parse(struct entry_args *args, int argc, char **argv)
{
	static const struct argp_child children[] = { { .argp = &ctl_argp },
						      {} };
	struct argp_option options[ARRAY_SIZE(known_options) + 1];
	const struct argp argp = { .options = options,
				   .parser = parse,
				   .args_doc = args->command->args,
				   .doc = args->command->doc,
				   .children = children };

	choose_options(args->command, options);
	args->flags = args->command->preset;
	ctl_parse(args->ctl, &argp, 0, argc, argv, args);
	check(args);
	return args->expected_text ?
		       bytes_parse(args->expected_text, &args->expected) :
		       0;
}
