// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "output.h"
#include "unload.h"

/* Rounds until the allocators of the kernel have what they keep. */
#define WARM_UP 10u

/* What comes and goes with threads, their stacks and files */
#define NOISE_KB 1024

#define TOTAL(name, text, fault) \
	OUTPUT_TOTAL(struct unload_totals, name, text, fault)

static const struct output_total totals[] = {
	TOTAL(unloads, "times unloaded", false),
	TOTAL(refused, "times refused, as there were references", false),
	TOTAL(ops, "operations", false),
	TOTAL(opened, "times the device was opened while it went", false),
	TOTAL(closed, "descriptors closed during commands", false),
	TOTAL(looks, "looks at fdinfo and sysfs", false),
	TOTAL(not_refused, "times unloaded in spite of references", true),
	TOTAL(wrong_refs, "times with a wrong number of references", true),
	TOTAL(stuck, "times that it could not be unloaded", true),
	TOTAL(wrong, "operations that failed", true),
	TOTAL(caches, "slab caches that stayed", true),
	TOTAL(left_over, "KiB of memory that did not come back", true),
};

static uint64_t failures(const struct unload_test *test)
{
	return output_faults(totals, ARRAY_SIZE(totals), &test->totals);
}

static int print_json(const struct unload_test *test)
{
	json_t *root = json_pack("{s:i, s:f, s:I, s:I, s:I, s:I}", "schema",
				 TOOL_SCHEMA, "seconds", test->seconds,
				 "failures", (json_int_t)failures(test),
				 "slab_kb", (json_int_t)test->grown.slab,
				 "percpu_kb", (json_int_t)test->grown.percpu,
				 "vmalloc_kb", (json_int_t)test->grown.vmalloc);

	return output_json(root, output_totals_json(totals, ARRAY_SIZE(totals),
						    &test->totals, root));
}

static int report(const struct unload_test *test)
{
	if (test->config.json)
		return print_json(test);
	output_totals(totals, ARRAY_SIZE(totals), &test->totals);
	printf("memory grew by %" PRId64 " KiB of slab, %" PRId64
	       " KiB per CPU, %" PRId64 " KiB of vmalloc; %.1f s\n",
	       test->grown.slab, test->grown.percpu, test->grown.vmalloc,
	       test->seconds);
	return 0;
}

static int alone(struct unload_test *test)
{
	int err = unload_use(test);

	if (err)
		return err;
	/* Nobody has it: it goes at the first try, whatever is left to do. */
	err = unload_remove();
	if (err != -EAGAIN)
		return err;
	test->totals.stuck++;
	return -EAGAIN;
}

static int run_round(struct unload_test *test, uint64_t nr)
{
	uint64_t caches = 0;
	int err = unload_load(test->config.module);

	if (err) {
		tool_error("finit_module", err);
		return err;
	}
	err = nr % 2 ? unload_race(test) : alone(test);
	if (!err)
		err = unload_count_caches(&caches);
	test->totals.caches += caches;
	if (err) {
		tool_error("unload storm", err);
		return err;
	}
	test->totals.unloads++;
	return 0;
}

static int read_memory(struct memory *memory)
{
	int err = memory_drop_caches();

	return err ? err : memory_read(memory);
}

static void judge_memory(struct unload_test *test, const struct memory *before,
			 const struct memory *after)
{
	int64_t kb;

	test->grown = (struct memory){
		.slab = after->slab - before->slab,
		.percpu = after->percpu - before->percpu,
		.vmalloc = after->vmalloc - before->vmalloc,
	};
	kb = test->grown.slab + test->grown.percpu + test->grown.vmalloc;
	test->totals.left_over = kb > NOISE_KB ? kb : 0;
}

static int storm(struct unload_test *test)
{
	struct memory before = {}, after;
	uint64_t start = now_ns();
	int err = 0;

	for (uint64_t i = 0; i < test->config.unloads + WARM_UP && !err; i++) {
		if (i == WARM_UP)
			err = read_memory(&before);
		if (!err)
			err = run_round(test, i);
	}
	if (!err)
		err = read_memory(&after);
	if (!err)
		judge_memory(test, &before, &after);
	test->seconds = (now_ns() - start) / 1e9;
	return err;
}

enum { OPT_MODULE = 0x100, OPT_UNLOADS, OPT_SEED };

static const struct argp_option options[] = {
	{ "module", OPT_MODULE, "FILE", 0, "the module (/ko/shardmap.ko)" },
	{ "unloads", OPT_UNLOADS, "N", 0,
	  "times it is unloaded, after ten to warm up (50)" },
	{ "seed", OPT_SEED, "N", 0, "of all random choices (1)" },
	{ "json", 'j', NULL, 0, "print JSON" },
	{}
};

static const char doc[] =
	"Loads the module, uses it, and unloads it with much left to be done.  It must "
	"be refused as long as there is a descriptor, go at once after the last, and "
	"leave no memory behind.  Nothing else may use the module meanwhile."
	"\vExit status: 0 good, 1 an operation failed, 2 usage, 3 verification failed.";

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct unload_config *config = state->input;

	switch (key) {
	case OPT_MODULE:
		config->module = arg;
		return 0;
	case OPT_UNLOADS:
		config->unloads =
			tool_arg_u64(state, "--unloads", arg, 1, UINT32_MAX);
		return 0;
	case OPT_SEED:
		config->seed =
			tool_arg_u64(state, "--seed", arg, 0, UINT64_MAX);
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

enum tool_exit unload_main(int argc, char **argv)
{
	static const struct argp argp = { .options = options,
					  .parser = parse,
					  .doc = doc };
	static struct unload_test test = {
		.config = { .module = "/ko/shardmap.ko",
			    .unloads = 50,
			    .seed = 1 },
	};
	int err;

	argp_parse(&argp, argc, argv, 0, NULL, &test.config);
	test.random = test.config.seed;
	err = storm(&test);
	/* What was found says more than that it ended. */
	if (report(&test) && !err)
		err = -EIO;
	if (failures(&test))
		return TOOL_EXIT_VERIFY;
	return err ? TOOL_EXIT_FAILED : TOOL_EXIT_OK;
}
