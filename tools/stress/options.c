// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "random.h"
#include "stress.h"

const char *const opcode_names[SHARDMAP_OP_NR] = {
	[SHARDMAP_OP_GET] = "get",
	[SHARDMAP_OP_PUT] = "put",
	[SHARDMAP_OP_DELETE] = "delete",
	[SHARDMAP_OP_GET_OR_PUT] = "get_or_put",
	[SHARDMAP_OP_ADD] = "add",
};

enum {
	OPT_PROCESSES = 0x100,
	OPT_OPS,
	OPT_MIX,
	OPT_READ_PERCENT,
	OPT_KEYS,
	OPT_COUNTERS,
	OPT_PREFILL,
	OPT_DIST,
	OPT_BATCH,
	OPT_KEY_SIZE,
	OPT_VALUE_SIZE,
	OPT_SEED,
	OPT_NO_VERIFY,
	OPT_NO_PIN,
	OPT_GROWTH,
	OPT_FD,
	OPT_KLOG,
	OPT_NO_KLOG,
	OPT_PLANT,
	OPT_FAULTS,
};

static const struct argp_option options[] = {
	{ .doc = "Load:", .group = 1 },
	{ "threads", 't', "N", 0, "threads per process (one per CPU)" },
	{ "processes", OPT_PROCESSES, "N", 0, "processes (1)" },
	{ "duration", 'd', "SECONDS", 0,
	  "stop after this time (10, none with --ops)" },
	{ "ops", OPT_OPS, "N", 0,
	  "stop after so many operations of all threads" },
	{ "mix", OPT_MIX, "GET:PUT:DELETE:ADD[:GET-OR-PUT]", 0,
	  "weights of the operations (80:10:5:5:0)" },
	{ "read-percent", OPT_READ_PERCENT, "N", 0,
	  "short for --mix N:(100-N):0:0" },
	{ "keys", OPT_KEYS, "N", 0, "number of keys (100000)" },
	{ "counters", OPT_COUNTERS, "N", 0, "keys that add works on (64)" },
	{ "prefill", OPT_PREFILL, "PERCENT", 0,
	  "keys stored before the start (100)" },
	{ "dist", OPT_DIST, "uniform|zipf[:THETA]", 0,
	  "how keys are chosen (uniform; theta 0.99)" },
	{ "batch", OPT_BATCH, "N", 0,
	  "operations per command (1: the commands of one operation); the latency "
	  "of an operation is then that of its batch" },
	{ "key-size", OPT_KEY_SIZE, "BYTES", 0,
	  "length of keys, 8 or more (8)" },
	{ "value-size", OPT_VALUE_SIZE, "BYTES[-BYTES]", 0,
	  "length of values, 8 or more, or a range (64; 8 with --inline)" },
	{ "growth", OPT_GROWTH, NULL, 0,
	  "start empty; writes come in waves that store all keys, then delete all" },
	{ "seed", OPT_SEED, "N", 0, "of all random choices" },
	{ "no-pin", OPT_NO_PIN, NULL, 0, "do not pin threads to CPUs" },
	{ "fd", OPT_FD, "N", 0,
	  "use this open table, which must be empty; also "
	  "taken from SHARDMAP_FD" },
	{ .doc = "Checks and output:", .group = 2 },
	{ "no-verify", OPT_NO_VERIFY, NULL, 0,
	  "check nothing; every thread writes all keys" },
	{ "plant", OPT_PLANT, "torn|lost", 0,
	  "test the verification: damage one value, or skip one write; must end "
	  "with exit status 3" },
	{ "faults", OPT_FAULTS, "SLAB:PAGES:COPIES", 0,
	  "have the kernel fail so many percent of the module's allocations and "
	  "copies; run it by faults.sh" },
	{ "klog", OPT_KLOG, NULL, 0,
	  "fail unless the kernel log can be read (it is checked when readable)" },
	{ "no-klog", OPT_NO_KLOG, NULL, 0, "do not check the kernel log" },
	{ "json", 'j', NULL, 0, "print JSON" },
	{}
};

static const char doc[] =
	"Puts load on a shardmap table and checks every result."
	"\v'shardmap-stress bench' measures instead of checking, and 'shardmap-stress "
	"lin' checks that keys are linearizable; see their --help."
	"\n\nExit status: 0 good, 1 an operation failed, 2 usage, 3 verification "
	"failed, 4 reports in the kernel log.";

static unsigned int allowed_cpus(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) ? 1 : CPU_COUNT(&set);
}

static void parse_mix(const struct argp_state *state, struct config *config,
		      char *arg)
{
	static const enum shardmap_opcode order[] = {
		SHARDMAP_OP_GET, SHARDMAP_OP_PUT,	 SHARDMAP_OP_DELETE,
		SHARDMAP_OP_ADD, SHARDMAP_OP_GET_OR_PUT,
	};
	uint64_t total = 0;
	char *weight;
	size_t i = 0;

	memset(config->mix, 0, sizeof(config->mix));
	while ((weight = strsep(&arg, ":"))) {
		if (i == ARRAY_SIZE(order))
			argp_error(state, "--mix: too many weights");
		config->mix[order[i]] =
			tool_arg_u64(state, "--mix", weight, 0, 1000000);
		total += config->mix[order[i++]];
	}
	if (!total)
		argp_error(state, "--mix: all weights are zero");
}

static void parse_dist(const struct argp_state *state, struct config *config,
		       const char *arg)
{
	char *end;

	if (!strcmp(arg, "uniform")) {
		config->theta = 0;
		return;
	}
	config->theta = 0.99;
	if (!strcmp(arg, "zipf"))
		return;
	if (strncmp(arg, "zipf:", 5))
		argp_error(state,
			   "--dist: '%s' is neither uniform nor zipf[:THETA]",
			   arg);
	config->theta = strtod(arg + 5, &end);
	if (*end || !(config->theta > 0 && config->theta <= 10))
		argp_error(state,
			   "--dist: theta is not a number within 0 to 10");
}

static void parse_value_size(const struct argp_state *state,
			     struct config *config, char *arg)
{
	char *min = strsep(&arg, "-");

	config->value_min = tool_arg_u64(state, "--value-size", min,
					 VALUE_SIZE_MIN,
					 SHARDMAP_VALUE_LEN_MAX);
	config->value_max = config->value_min;
	if (arg)
		config->value_max = tool_arg_u64(state, "--value-size", arg,
						 config->value_min,
						 SHARDMAP_VALUE_LEN_MAX);
}

static error_t parse_load(int key, char *arg, struct argp_state *state)
{
	struct config *config = state->input;

	switch (key) {
	case 't':
		config->threads =
			tool_arg_u64(state, "--threads", arg, 1, 4096);
		return 0;
	case OPT_PROCESSES:
		config->processes =
			tool_arg_u64(state, "--processes", arg, 1, 1024);
		return 0;
	case 'd':
		config->duration = tool_arg_seconds(state, "--duration", arg);
		return 0;
	case OPT_OPS:
		config->ops = tool_arg_u64(state, "--ops", arg, 1, UINT64_MAX);
		return 0;
	case OPT_MIX:
		parse_mix(state, config, arg);
		return 0;
	case OPT_READ_PERCENT:
		memset(config->mix, 0, sizeof(config->mix));
		config->mix[SHARDMAP_OP_GET] =
			tool_arg_u64(state, "--read-percent", arg, 0, 100);
		config->mix[SHARDMAP_OP_PUT] =
			100 - config->mix[SHARDMAP_OP_GET];
		return 0;
	case OPT_KEYS:
		config->keys =
			tool_arg_u64(state, "--keys", arg, 1, 1ull << 40);
		return 0;
	case OPT_COUNTERS:
		config->counters =
			tool_arg_u64(state, "--counters", arg, 1, 1 << 20);
		return 0;
	case OPT_PREFILL:
		config->prefill = tool_arg_u64(state, "--prefill", arg, 0, 100);
		return 0;
	case OPT_DIST:
		parse_dist(state, config, arg);
		return 0;
	case OPT_BATCH:
		config->batch = tool_arg_u64(state, "--batch", arg, 1,
					     SHARDMAP_BATCH_OPS_MAX);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static error_t parse_rest(int key, char *arg, struct argp_state *state)
{
	struct config *config = state->input;

	switch (key) {
	case OPT_KEY_SIZE:
		config->key_size = tool_arg_u64(state, "--key-size", arg,
						KEY_SIZE_MIN,
						SHARDMAP_KEY_LEN_MAX);
		return 0;
	case OPT_VALUE_SIZE:
		parse_value_size(state, config, arg);
		return 0;
	case OPT_GROWTH:
		config->growth = true;
		config->prefill = 0;
		return 0;
	case OPT_SEED:
		config->seed = tool_arg_u64(state, "--seed", arg, 0, INT64_MAX);
		return 0;
	case OPT_NO_PIN:
		config->pin = false;
		return 0;
	case OPT_FD:
		config->fd = tool_arg_u64(state, "--fd", arg, 0, INT_MAX);
		return 0;
	case OPT_NO_VERIFY:
		config->verify = false;
		return 0;
	case OPT_PLANT:
		if (strcmp(arg, "torn") && strcmp(arg, "lost"))
			argp_error(state,
				   "--plant: '%s' is neither torn nor lost",
				   arg);
		config->plant = !strcmp(arg, "torn") ? PLANT_TORN : PLANT_LOST;
		return 0;
	case OPT_FAULTS:
		faults_parse(state, arg, &config->faults);
		return 0;
	case OPT_KLOG:
		config->klog = KLOG_ON;
		return 0;
	case OPT_NO_KLOG:
		config->klog = KLOG_OFF;
		return 0;
	case 'j':
		config->json = true;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

/* What only all options together can tell */
/* Keys and values of an inline table have its lengths. */
static void finish_lengths(const struct argp_state *state,
			   struct config *config)
{
	bool is_inline = config->create.flags & SHARDMAP_CREATE_INLINE;

	if (!config->value_max) {
		config->value_min = is_inline ? VALUE_SIZE_MIN : 64;
		config->value_max = config->value_min;
	}
	if (!is_inline)
		return;
	if (config->key_size != config->create.max_key_len)
		argp_error(state, "--inline: --key-size must be --max-key-len");
	if (config->value_min != config->create.max_value_len ||
	    config->value_max != config->create.max_value_len)
		argp_error(state,
			   "--inline: --value-size must be --max-value-len");
}

/* What was done although EFAULT was returned can only be found out by its owner. */
static void check_faults(const struct argp_state *state,
			 const struct config *config)
{
	if (!config->verify)
		argp_error(state, "--faults needs the verification");
	if (config->batch > 32)
		argp_error(state, "--faults: --batch must be 32 or less");
	if (config->counters < config->workers)
		argp_error(state, "--faults: fewer --counters than threads");
}

static void finish(const struct argp_state *state, struct config *config)
{
	finish_lengths(state, config);
	config->workers = config->threads * config->processes;
	if (!config->duration && !config->ops)
		config->duration = 10;
	if (config->keys < config->workers)
		argp_error(state, "--keys: fewer than threads");
	if (config->faults.on)
		check_faults(state, config);
	if (config->plant && !config->verify)
		argp_error(state, "--plant needs the verification");
	if ((uint64_t)config->batch *
		    (config->key_size + config->value_max + 16) >
	    SHARDMAP_BATCH_BYTES_MAX)
		argp_error(state,
			   "--batch: a batch of such values exceeds %u bytes",
			   SHARDMAP_BATCH_BYTES_MAX);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct config *config = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &config->create;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "unexpected argument '%s'", arg);
		return 0;
	case ARGP_KEY_END:
		finish(state, config);
		return 0;
	}
	if (!parse_load(key, arg, state))
		return 0;
	return parse_rest(key, arg, state);
}

void parse_options(int argc, char **argv, struct config *config)
{
	static const struct argp_child children[] = {
		{ .argp = &tool_create_argp }, {}
	};
	static const struct argp argp = { .options = options,
					  .parser = parse,
					  .doc = doc,
					  .children = children };

	*config = (struct config){
		.threads = allowed_cpus(),
		.processes = 1,
		.mix = { [SHARDMAP_OP_GET] = 80,
			 [SHARDMAP_OP_PUT] = 10,
			 [SHARDMAP_OP_DELETE] = 5,
			 [SHARDMAP_OP_ADD] = 5 },
		.keys = 100000,
		.counters = 64,
		.prefill = 100,
		.batch = 1,
		.key_size = KEY_SIZE_MIN,
		.verify = true,
		.pin = true,
		.fd = -1,
	};
	config->seed = random_seed();
	argp_parse(&argp, argc, argv, 0, NULL, config);
}
