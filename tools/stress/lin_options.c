// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "lin.h"
#include "random.h"

enum {
	OPT_OPS = 0x100,
	OPT_KEYS,
	OPT_CHURNERS,
	OPT_CHURN,
	OPT_SEED,
	OPT_PLANT,
	OPT_FAULTS,
};

static const struct argp_option options[] = {
	{ "threads", 't', "N", 0, "threads that record operations (4)" },
	{ "ops", OPT_OPS, "N", 0,
	  "operations of all of them, rounded up to rounds of 8192 for each "
	  "thread (1000000)" },
	{ "keys", OPT_KEYS, "N", 0, "keys that they work on (8)" },
	{ "churners", OPT_CHURNERS, "N", 0,
	  "threads that make the table grow and shrink (1)" },
	{ "churn-keys", OPT_CHURN, "N", 0,
	  "keys that each of those inserts and deletes (4096)" },
	{ "seed", OPT_SEED, "N", 0, "of all random choices" },
	{ "plant", OPT_PLANT, "lost-update", 0,
	  "test the checker: one thread adds by a get and a put; must end with "
	  "exit status 3" },
	{ "faults", OPT_FAULTS, "SLAB:PAGES:0", 0,
	  "have the kernel fail so many percent of the module's allocations; run "
	  "it by faults.sh" },
	{ "json", 'j', NULL, 0, "print JSON" },
	{}
};

static const char doc[] =
	"Records what several threads do to a few keys of a table, with the times of "
	"call and return, and checks that every key is linearizable: that its "
	"operations have their results in some order in which none comes before one "
	"that had returned when it was called.  The table grows and shrinks meanwhile."
	"\vA violation is printed with the operations that show it."
	"\n\nExit status: 0 good, 1 an operation failed or the table was never "
	"resized, 2 usage, 3 a violation.";

static error_t parse_arg(int key, char *arg, struct argp_state *state)
{
	struct lin_options *lin = state->input;

	switch (key) {
	case 't':
		lin->threads = tool_arg_u64(state, "--threads", arg, 1,
					    LIN_THREADS_MAX);
		return 0;
	case OPT_OPS:
		lin->ops = tool_arg_u64(state, "--ops", arg, 1, 1ull << 40);
		return 0;
	case OPT_KEYS:
		lin->keys = tool_arg_u64(state, "--keys", arg, 1, LIN_KEYS_MAX);
		return 0;
	case OPT_CHURNERS:
		lin->churners = tool_arg_u64(state, "--churners", arg, 1, 64);
		return 0;
	case OPT_CHURN:
		lin->churn =
			tool_arg_u64(state, "--churn-keys", arg, 1, 1ull << 32);
		return 0;
	case OPT_SEED:
		lin->seed = tool_arg_u64(state, "--seed", arg, 0, INT64_MAX);
		return 0;
	case OPT_PLANT:
		if (strcmp(arg, "lost-update"))
			argp_error(state, "--plant: '%s' is not lost-update",
				   arg);
		lin->plant = LIN_PLANT_LOST_UPDATE;
		return 0;
	case OPT_FAULTS:
		faults_parse_allocations(state, arg, &lin->faults);
		return 0;
	case 'j':
		lin->json = true;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static void finish(const struct argp_state *state,
		   const struct lin_options *lin)
{
	const struct shardmap_create *create = &lin->create;
	bool is_inline = create->flags & SHARDMAP_CREATE_INLINE;

	if (create->max_key_len && create->max_key_len < sizeof(uint64_t))
		argp_error(state, "--max-key-len: keys have 8 bytes");
	if (create->max_value_len && !is_inline &&
	    create->max_value_len < LIN_LONG_MAX)
		argp_error(state, "--max-value-len: values have up to %u bytes",
			   LIN_LONG_MAX);
	if (is_inline && create->max_value_len != sizeof(uint64_t))
		argp_error(state, "--inline: values have 8 bytes");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct lin_options *lin = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &lin->create;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "unexpected argument '%s'", arg);
		return 0;
	case ARGP_KEY_SUCCESS:
		finish(state, lin);
		return 0;
	}
	return parse_arg(key, arg, state);
}

void lin_options(int argc, char **argv, struct lin_options *lin)
{
	static const struct argp_child children[] = {
		{ .argp = &tool_create_argp }, {}
	};
	static const struct argp argp = { .options = options,
					  .parser = parse,
					  .doc = doc,
					  .children = children };

	*lin = (struct lin_options){
		.threads = 4,
		.churners = 1,
		.ops = 1000000,
		.keys = 8,
		.churn = 4096,
	};
	lin->seed = random_seed();
	argp_parse(&argp, argc, argv, 0, NULL, lin);
}
