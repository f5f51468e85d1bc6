// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "random.h"
#include "torture.h"

enum {
	OPT_PROCESSES = 0x100,
	OPT_OPS,
	OPT_KEYS,
	OPT_TTL,
	OPT_SEED,
	OPT_PLANT,
	OPT_FAULTS,
};

static const struct argp_option options[] = {
	{ "threads", 't', "N", 0, "threads per process (2)" },
	{ "processes", OPT_PROCESSES, "N", 0, "processes (2)" },
	{ "duration", 'd', "SECONDS", 0,
	  "stop after this time (10, none with --ops)" },
	{ "ops", OPT_OPS, "N", 0,
	  "stop after so many operations of all threads" },
	{ "keys", OPT_KEYS, "N", 0, "number of keys (2048)" },
	{ "ttl", OPT_TTL, "MS", 0,
	  "let one in four values end by itself, after this time at most" },
	{ "seed", OPT_SEED, "N", 0, "of all random choices" },
	{ "plant", OPT_PLANT, "stale|torn|lost", 0,
	  "test the verification: store an old value again, damage a value, or "
	  "remove a key; must end with exit status 3" },
	{ "faults", OPT_FAULTS, "SLAB:PAGES:0", 0,
	  "have the kernel fail so many percent of the module's allocations; run "
	  "it by faults.sh" },
	{ "json", 'j', NULL, 0, "print JSON" },
	{}
};

static const char doc[] =
	"All threads of all processes update and look up the same keys, in all ways, "
	"while the table grows, shrinks, is scanned and cleared.  What a call finds must "
	"not have been known to be gone when the call began.  What is in the table at "
	"the end must be what all results add up to; then it is cleared, and its memory "
	"must be back."
	"\vExit status: 0 good, 1 an operation failed, 2 usage, 3 verification failed.";

static const char *const plants[TORTURE_PLANT_NR] = {
	[TORTURE_PLANT_STALE] = "stale",
	[TORTURE_PLANT_TORN] = "torn",
	[TORTURE_PLANT_LOST] = "lost",
};

static enum torture_plant parse_plant(const struct argp_state *state,
				      const char *arg)
{
	for (unsigned int i = 1; i < TORTURE_PLANT_NR; i++)
		if (!strcmp(arg, plants[i]))
			return i;
	argp_error(state, "--plant: '%s' is none of stale, torn, lost", arg);
	return TORTURE_PLANT_NONE;
}

static error_t parse_arg(int key, char *arg, struct argp_state *state)
{
	struct torture_config *config = state->input;
	struct config *load = &config->load;

	switch (key) {
	case 't':
		load->threads = tool_arg_u64(state, "--threads", arg, 1, 256);
		return 0;
	case OPT_PROCESSES:
		load->processes =
			tool_arg_u64(state, "--processes", arg, 1, 256);
		return 0;
	case 'd':
		load->duration = tool_arg_seconds(state, "--duration", arg);
		return 0;
	case OPT_OPS:
		load->ops = tool_arg_u64(state, "--ops", arg, 1, INT64_MAX);
		return 0;
	case OPT_KEYS:
		load->keys = tool_arg_u64(state, "--keys", arg, 1, 1 << 20);
		return 0;
	case OPT_TTL:
		config->ttl =
			1000000 * tool_arg_u64(state, "--ttl", arg, 1, 10000);
		return 0;
	case OPT_SEED:
		load->seed = tool_arg_u64(state, "--seed", arg, 0, INT64_MAX);
		return 0;
	case OPT_PLANT:
		config->plant = parse_plant(state, arg);
		return 0;
	case OPT_FAULTS:
		faults_parse_allocations(state, arg, &load->faults);
		return 0;
	case 'j':
		load->json = true;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static void finish(const struct argp_state *state,
		   struct torture_config *config)
{
	struct config *load = &config->load;
	const struct shardmap_create *create = &load->create;

	load->workers = load->threads * load->processes;
	if (!load->duration && !load->ops)
		load->duration = 10;
	if (create->flags & SHARDMAP_CREATE_INLINE)
		load->value_max = VALUE_SIZE_MIN;
	if (create->flags & SHARDMAP_CREATE_INLINE && config->ttl)
		argp_error(state, "--ttl does not go with --inline");
	if (create->max_key_len && create->max_key_len < load->key_size)
		argp_error(state, "--max-key-len: keys have %u bytes",
			   load->key_size);
	if (create->max_value_len && create->max_value_len < load->value_max)
		argp_error(state, "--max-value-len: values have up to %u bytes",
			   load->value_max);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct torture_config *config = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &config->load.create;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "unexpected argument '%s'", arg);
		return 0;
	case ARGP_KEY_SUCCESS:
		finish(state, config);
		return 0;
	}
	return parse_arg(key, arg, state);
}

void torture_options(int argc, char **argv, struct torture_config *config)
{
	static const struct argp_child children[] = {
		{ .argp = &tool_create_argp }, {}
	};
	static const struct argp argp = { .options = options,
					  .parser = parse,
					  .doc = doc,
					  .children = children };

	*config = (struct torture_config){
		.load = {
			.threads = 2,
			.processes = 2,
			.keys = 2048,
			.counters = 1,
			.key_size = KEY_SIZE_MIN,
			.value_min = VALUE_SIZE_MIN,
			.value_max = TORTURE_VALUE_MAX,
			.pin = true,
			.create = { .nr_shards = 4 },
		},
	};
	config->load.seed = random_seed();
	argp_parse(&argp, argc, argv, 0, NULL, config);
}
