// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "scan.h"

enum {
	OPT_KEYS = 0x100,
	OPT_CHURN,
	OPT_PASSES,
	OPT_ONE_RECORD_EVERY,
	OPT_RESUME_EVERY,
	OPT_SEED,
	OPT_PLANT,
};

static const struct argp_option options[] = {
	{ "keys", OPT_KEYS, "N", 0, "keys that are there throughout (100000)" },
	{ "churn", OPT_CHURN, "N", 0,
	  "keys inserted and deleted in waves (twice as many)" },
	{ "passes", OPT_PASSES, "N", 0, "passes over the table (10)" },
	{ "one-record-every", OPT_ONE_RECORD_EVERY, "N", 0,
	  "passes from one to the next with room for a single record (5; 0: none)" },
	{ "resume-every", OPT_RESUME_EVERY, "N", 0,
	  "passes from one to the next that new processes go on with (3; 0: none)" },
	{ "seed", OPT_SEED, "N", 0, "of all random choices (1)" },
	{ "plant", OPT_PLANT, "skip|repeat", 0,
	  "test the verification: drop a record, or count it twice; must end with "
	  "exit status 3" },
	{ "json", 'j', NULL, 0, "print JSON" },
	{}
};

static const char doc[] =
	"Passes over a table while two threads insert and delete, so that its shards "
	"grow and shrink.  A pass must return each key that is there throughout once, "
	"and no key twice."
	"\vExit status: 0 good, 1 an operation failed, 2 usage, 3 a key was missed, "
	"returned twice, or wrong.";

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct scan_config *config = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &config->create;
		return 0;
	case OPT_KEYS:
		config->keys =
			tool_arg_u64(state, "--keys", arg, 1, 1ull << 32);
		return 0;
	case OPT_CHURN:
		config->churn = tool_arg_u64(state, "--churn", arg,
					     SCAN_CHURNERS, 1ull << 32);
		return 0;
	case OPT_PASSES:
		config->passes =
			tool_arg_u64(state, "--passes", arg, 1, UINT32_MAX);
		return 0;
	case OPT_ONE_RECORD_EVERY:
		config->one_record_every = tool_arg_u64(
			state, "--one-record-every", arg, 0, UINT32_MAX);
		return 0;
	case OPT_RESUME_EVERY:
		config->resume_every = tool_arg_u64(state, "--resume-every",
						    arg, 0, UINT32_MAX);
		return 0;
	case OPT_SEED:
		config->seed =
			tool_arg_u64(state, "--seed", arg, 0, UINT64_MAX);
		return 0;
	case OPT_PLANT:
		if (strcmp(arg, "skip") && strcmp(arg, "repeat"))
			argp_error(state,
				   "--plant: '%s' is neither skip nor repeat",
				   arg);
		config->plant = *arg == 's' ? SCAN_PLANT_SKIP :
					      SCAN_PLANT_REPEAT;
		return 0;
	case 'j':
		config->json = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "unexpected argument '%s'", arg);
		return 0;
	case ARGP_KEY_END:
		if (!config->churn)
			config->churn = 2 * config->keys;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

void scan_options(int argc, char **argv, struct scan_config *config)
{
	static const struct argp_child children[] = {
		{ .argp = &tool_create_argp }, {}
	};
	static const struct argp argp = { .options = options,
					  .parser = parse,
					  .doc = doc,
					  .children = children };

	*config = (struct scan_config){
		.keys = 100000,
		.passes = 10,
		.one_record_every = 5,
		.resume_every = 3,
		.seed = 1,
	};
	argp_parse(&argp, argc, argv, 0, NULL, config);
}
