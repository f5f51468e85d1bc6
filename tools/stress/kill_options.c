// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "kill.h"

enum {
	OPT_KILLS = 0x100,
	OPT_CHILDREN,
	OPT_OPS,
	OPT_DELAY,
	OPT_SEED,
	OPT_PLANT,
};

static const struct argp_option options[] = {
	{ "kills", OPT_KILLS, "N", 0, "children killed (100)" },
	{ "children", OPT_CHILDREN, "N", 0, "children at a time, 1 to 4 (2)" },
	{ "ops", OPT_OPS, "N", 0, "most operations of a batch (4096)" },
	{ "delay", OPT_DELAY, "US", 0,
	  "longest time from a batch's beginning to the kill (0: twice the time "
	  "that a batch takes)" },
	{ "seed", OPT_SEED, "N", 0, "of all random choices (1)" },
	{ "plant", OPT_PLANT, "lost|torn|split", 0,
	  "test the verification: remove a key, damage a value, or take one key of "
	  "a group back to an older value; must end with exit status 3" },
	{ "json", 'j', NULL, 0, "print JSON" },
	{}
};

static const char doc[] =
	"Kills processes in the middle of batches.  What is left in the table must be "
	"the beginning of each batch, every value whole; all or nothing, if the batch "
	"says so.  At the end the table is cleared and its memory must be back."
	"\vExit status: 0 good, 1 an operation failed, 2 usage, 3 verification failed.";

static const char *const plants[KILL_PLANT_NR] = {
	[KILL_PLANT_LOST] = "lost",
	[KILL_PLANT_TORN] = "torn",
	[KILL_PLANT_SPLIT] = "split",
};

static enum kill_plant parse_plant(const struct argp_state *state,
				   const char *arg)
{
	for (unsigned int i = 1; i < KILL_PLANT_NR; i++)
		if (!strcmp(arg, plants[i]))
			return i;
	argp_error(state, "--plant: '%s' is none of lost, torn, split", arg);
	return KILL_PLANT_NONE;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct kill_config *config = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &config->create;
		return 0;
	case OPT_KILLS:
		config->kills =
			tool_arg_u64(state, "--kills", arg, 1, UINT32_MAX);
		return 0;
	case OPT_CHILDREN:
		config->children = tool_arg_u64(state, "--children", arg, 1,
						KILL_CHILDREN_MAX);
		return 0;
	case OPT_OPS:
		config->ops = tool_arg_u64(state, "--ops", arg, 1,
					   SHARDMAP_BATCH_OPS_MAX);
		return 0;
	case OPT_DELAY:
		config->delay =
			tool_arg_u64(state, "--delay", arg, 0, 10000000);
		return 0;
	case OPT_SEED:
		config->seed =
			tool_arg_u64(state, "--seed", arg, 0, UINT64_MAX);
		return 0;
	case OPT_PLANT:
		config->plant = parse_plant(state, arg);
		return 0;
	case 'j':
		config->json = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "unexpected argument '%s'", arg);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

void kill_options(int argc, char **argv, struct kill_config *config)
{
	static const struct argp_child children[] = {
		{ .argp = &tool_create_argp }, {}
	};
	static const struct argp argp = { .options = options,
					  .parser = parse,
					  .doc = doc,
					  .children = children };

	*config = (struct kill_config){
		.kills = 100,
		.children = 2,
		.ops = SHARDMAP_BATCH_OPS_MAX,
		.seed = 1,
	};
	argp_parse(&argp, argc, argv, 0, NULL, config);
}
