// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "bench.h"

/* What BPF's maps can be made with */
#define ENTRIES_MAX (1ull << 31)

const char *const bench_work_names[BENCH_WORK_NR] = {
	[BENCH_GET] = "get",
	[BENCH_PUT] = "put",
	[BENCH_MIX90] = "mix90",
	[BENCH_GET_BATCH32] = "get_batch32",
	[BENCH_GET_BATCH256] = "get_batch256",
	[BENCH_PUT_BATCH32] = "put_batch32",
	[BENCH_PUT_BATCH256] = "put_batch256",
	[BENCH_ITERATE_BATCH] = "iterate_batch",
	[BENCH_GETPPID] = "getppid",
	[BENCH_IOCTL_NOP] = "ioctl_nop",
};

const char *const bench_dist_names[BENCH_DIST_NR] = {
	[BENCH_UNIFORM] = "uniform",
	[BENCH_ZIPF] = "zipf",
};

const struct bench_payload bench_payloads[BENCH_PAYLOAD_NR] = {
	{ "8+8", 8, 8 },
	{ "16+64", 16, 64 },
};

const struct bench_backend *const bench_backends[BENCH_BACKEND_NR] = {
	&bench_ioctl,	     &bench_ioctl_siphash,  &bench_ioctl_inline,
	&bench_bpf_prealloc, &bench_bpf_noprealloc, &bench_syscall,
};

enum {
	OPT_BED = 0x100,
	OPT_ENTRIES,
	OPT_OPS,
	OPT_REPEATS,
	OPT_PAYLOADS,
	OPT_DISTS,
	OPT_WORKS,
	OPT_BACKENDS,
	OPT_SEED,
};

static const struct argp_option options[] = {
	{ "threads", 't', "LIST", 0, "numbers of threads, such as 1,2 (1)" },
	{ "entries", OPT_ENTRIES, "N", 0, "entries (1000000)" },
	{ "ops", OPT_OPS, "N", 0, "keys per measurement and thread (100000)" },
	{ "repeats", OPT_REPEATS, "N", 0, "measurements of each figure (5)" },
	{ "payloads", OPT_PAYLOADS, "LIST", 0,
	  "bytes of key and value: 8+8, 16+64 (both)" },
	{ "dists", OPT_DISTS, "LIST", 0,
	  "how keys are chosen: uniform, zipf (both; theta 0.99)" },
	{ "works", OPT_WORKS, "LIST", 0,
	  "get, put, mix90 (one put in ten), get_batch32, get_batch256, "
	  "put_batch32, put_batch256, iterate_batch, getppid, ioctl_nop (all)" },
	{ "backends", OPT_BACKENDS, "LIST", 0,
	  "ioctl (a table with the fast hash), ioctl-siphash, ioctl-inline, "
	  "bpf-prealloc, bpf-noprealloc, syscall (all)" },
	{ "seed", OPT_SEED, "N", 0, "of all random choices (1)" },
	{ "bed", OPT_BED, "NAME", 0,
	  "what JSON calls this machine (its kernel's release)" },
	{ "json", 'j', NULL, 0, "print JSON" },
	{}
};

static const char doc[] =
	"Measures a shardmap table from user space, beside BPF's hash map and bare "
	"system calls.  All keys are there; every value found is checked."
	"\vFigures are medians of nanoseconds: elapsed time by the keys of all "
	"threads.  Exit status: 0 good, 1 an operation failed, 2 usage, 3 a wrong "
	"value.";

int bench_parse_list(const char *list, const char *const *names,
		     unsigned int nr)
{
	int bits = 0;

	for (;;) {
		size_t len = strcspn(list, ",");
		unsigned int i = 0;

		while (i < nr && (strlen(names[i]) != len ||
				  strncmp(names[i], list, len)))
			i++;
		if (i == nr)
			return -1;
		bits |= 1 << i;
		if (!list[len])
			return bits;
		list += len + 1;
	}
}

static unsigned int parse_list(const struct argp_state *state, const char *what,
			       const char *list, const char *const *names,
			       unsigned int nr)
{
	int bits = bench_parse_list(list, names, nr);

	if (bits < 0)
		argp_error(state, "%s: '%s' has an unknown name", what, list);
	return bits;
}

static unsigned int parse_payloads(const struct argp_state *state,
				   const char *list)
{
	const char *names[BENCH_PAYLOAD_NR];

	for (unsigned int i = 0; i < BENCH_PAYLOAD_NR; i++)
		names[i] = bench_payloads[i].name;
	return parse_list(state, "--payloads", list, names, BENCH_PAYLOAD_NR);
}

static unsigned int parse_backends(const struct argp_state *state,
				   const char *list)
{
	const char *names[BENCH_BACKEND_NR];

	for (unsigned int i = 0; i < BENCH_BACKEND_NR; i++)
		names[i] = bench_backends[i]->name;
	return parse_list(state, "--backends", list, names, BENCH_BACKEND_NR);
}

static void parse_threads(const struct argp_state *state,
			  struct bench_config *config, char *list)
{
	char *number;

	config->nr_threads = 0;
	while ((number = strsep(&list, ","))) {
		if (config->nr_threads == BENCH_THREADS_MAX)
			argp_error(state, "--threads: too many numbers");
		config->threads[config->nr_threads++] = tool_arg_u64(
			state, "--threads", number, 1, BENCH_THREADS_MAX);
	}
}

static error_t parse_choices(int key, char *arg, struct argp_state *state)
{
	struct bench_config *config = state->input;

	switch (key) {
	case 't':
		parse_threads(state, config, arg);
		return 0;
	case OPT_PAYLOADS:
		config->payloads = parse_payloads(state, arg);
		return 0;
	case OPT_DISTS:
		config->dists = parse_list(state, "--dists", arg,
					   bench_dist_names, BENCH_DIST_NR);
		return 0;
	case OPT_WORKS:
		config->works = parse_list(state, "--works", arg,
					   bench_work_names, BENCH_WORK_NR);
		return 0;
	case OPT_BACKENDS:
		config->backends = parse_backends(state, arg);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct bench_config *config = state->input;

	switch (key) {
	case OPT_ENTRIES:
		config->entries =
			tool_arg_u64(state, "--entries", arg, 1, ENTRIES_MAX);
		return 0;
	case OPT_OPS:
		config->ops = tool_arg_u64(state, "--ops", arg, 1, UINT32_MAX);
		return 0;
	case OPT_REPEATS:
		config->repeats =
			tool_arg_u64(state, "--repeats", arg, 1, 1000);
		return 0;
	case OPT_SEED:
		config->seed =
			tool_arg_u64(state, "--seed", arg, 0, UINT64_MAX);
		return 0;
	case OPT_BED:
		config->bed = arg;
		return 0;
	case 'j':
		config->json = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "unexpected argument '%s'", arg);
		return 0;
	}
	return parse_choices(key, arg, state);
}

void bench_options(int argc, char **argv, struct bench_config *config)
{
	static const struct argp argp = { .options = options,
					  .parser = parse,
					  .doc = doc };
	static struct utsname host;

	uname(&host);
	*config = (struct bench_config){
		.bed = host.release,
		.entries = 1000000,
		.ops = 100000,
		.repeats = 5,
		.nr_threads = 1,
		.threads = { 1 },
		.payloads = -1,
		.dists = -1,
		.works = -1,
		.backends = -1,
		.seed = 1,
	};
	argp_parse(&argp, argc, argv, 0, NULL, config);
}
