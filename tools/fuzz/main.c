// SPDX-License-Identifier: GPL-2.0-only
#include <err.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

#define CORPORA_MAX 8U
#define PROGRESS_SECONDS 20

struct config {
	uint64_t seed;
	uint64_t ioctls;
	uint64_t seconds;
	const char *corpora[CORPORA_MAX];
	unsigned int nr_corpora;
	const char *out;
	const char *replay;
	bool json;
};

/* For found(), also in children */
static struct input current;
static const char *out_folder;

void found(const char *format, ...)
{
	va_list args;
	size_t i;

	va_start(args, format);
	fprintf(stderr, "shardmap-fuzz: ");
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\nshardmap-fuzz: the input:");
	for (i = 0; i < current.len; i++)
		fprintf(stderr, " %02x", current.data[i]);
	fputc('\n', stderr);
	/* All descriptors may be in use. */
	close(FIRST_FILE);
	if (out_folder && corpus_write(out_folder, "failed-", 0, &current))
		warn("%s", out_folder);
	_exit(TOOL_EXIT_VERIFY);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

/**
 * struct state - how far the fuzzer is
 * @config: what the caller wants
 * @corpus: inputs that reached something new
 * @random: where the random numbers are
 * @count: places reached
 * @loaded: places reached when the corpus had been run
 * @started: when it began
 * @shown: when it last told how far it is
 */
struct state {
	const struct config *config;
	struct corpus corpus;
	uint64_t random;
	unsigned int count;
	unsigned int loaded;
	double started;
	double shown;
};

static void show_progress(struct state *s)
{
	if (now() - s->shown < PROGRESS_SECONDS)
		return;
	s->shown = now();
	fprintf(stderr,
		"%.0f s: %" PRIu64 " ioctls, %u places, %zu inputs kept\n",
		s->shown - s->started, totals->ioctls, s->count, s->corpus.nr);
}

/* Returns whether it reached something new. */
static bool run(struct state *s, const struct input *input)
{
	unsigned int count;

	current = *input;
	run_input(input);
	count = coverage_count();
	if (count == s->count)
		return false;
	s->count = count;
	return true;
}

static bool is_over(const struct state *s)
{
	const struct config *config = s->config;

	if (config->seconds)
		return now() - s->started >= config->seconds;
	return totals->ioctls >= config->ioctls;
}

static void write_out(const struct state *s, size_t nr,
		      const struct input *input)
{
	const char *out = s->config->out;

	if (out && corpus_write(out, "", nr, input))
		err(TOOL_EXIT_FAILED, "%s", out);
}

static void run_corpus(struct state *s)
{
	unsigned int i;
	size_t n;

	for (i = 0; i < s->config->nr_corpora; i++)
		corpus_load(&s->corpus, s->config->corpora[i]);
	for (n = 0; n < s->corpus.nr; n++) {
		run(s, &s->corpus.inputs[n]);
		show_progress(s);
	}
	s->loaded = s->count;
}

static void fuzz(struct state *s)
{
	struct input input = { .len = INPUT_HEAD };
	size_t kept = 0;

	if (!s->corpus.nr)
		corpus_keep(&s->corpus, &input);
	while (!is_over(s)) {
		mutate(&s->corpus, &input, &s->random);
		if (run(s, &input)) {
			corpus_keep(&s->corpus, &input);
			write_out(s, kept++, &input);
		}
		show_progress(s);
	}
}

static void replay(struct state *s)
{
	struct corpus corpus = {};
	size_t n, kept = 0;

	corpus_load(&corpus, s->config->replay);
	for (n = 0; n < corpus.nr; n++) {
		if (run(s, &corpus.inputs[n]))
			write_out(s, kept++, &corpus.inputs[n]);
		show_progress(s);
	}
	free(corpus.inputs);
}

static int report(const struct state *s)
{
	json_t *root;
	int ret;

	if (!s->config->json) {
		printf("%" PRIu64 " ioctls, %" PRIu64 " other calls, %" PRIu64
		       " inputs, %" PRIu64 " faults, %" PRIu64
		       " interrupted\n%u places, %u of them by the corpus, "
		       "%zu inputs kept, %.1f s\n",
		       totals->ioctls, totals->calls, totals->inputs,
		       totals->faults, totals->interrupted, s->count, s->loaded,
		       s->corpus.nr, now() - s->started);
		return 0;
	}
	root = json_pack("{s:i, s:f, s:I, s:I, s:I, s:I, s:I, s:i, s:i, s:I}",
			 "schema", TOOL_SCHEMA, "seconds", now() - s->started,
			 "ioctls", (json_int_t)totals->ioctls, "calls",
			 (json_int_t)totals->calls, "inputs",
			 (json_int_t)totals->inputs, "faults",
			 (json_int_t)totals->faults, "interrupted",
			 (json_int_t)totals->interrupted, "places",
			 (int)s->count, "places_of_corpus", (int)s->loaded,
			 "kept", (json_int_t)s->corpus.nr);
	ret = root ? json_dumpf(root, stdout, JSON_INDENT(1)) : -1;
	json_decref(root);
	putchar('\n');
	return ret;
}

static const struct argp_option options[] = {
	{ "seed", 's', "N", 0, "of the random numbers (1)" },
	{ "ioctls", 'n', "N", 0, "how many to make (20000)" },
	{ "seconds", 't', "N", 0, "how long to go on, instead" },
	{ "corpus", 'c', "PATH", 0,
	  "begin with these inputs, a file or a folder; several can be given" },
	{ "out", 'o', "DIR", 0,
	  "write inputs that reach new places here, and the one that fails" },
	{ "replay", 'r', "PATH", 0,
	  "run these inputs, behind those of the corpus, and nothing else" },
	{ "json", 'j', NULL, 0, "print one JSON object" },
	{}
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct config *config = state->input;

	switch (key) {
	case 's':
		config->seed =
			tool_arg_u64(state, "--seed", arg, 0, UINT64_MAX);
		return 0;
	case 'n':
		config->ioctls =
			tool_arg_u64(state, "--ioctls", arg, 1, UINT64_MAX);
		return 0;
	case 't':
		config->seconds =
			tool_arg_u64(state, "--seconds", arg, 1, UINT32_MAX);
		return 0;
	case 'c':
		if (config->nr_corpora == CORPORA_MAX)
			argp_error(state, "too many --corpus");
		config->corpora[config->nr_corpora++] = arg;
		return 0;
	case 'o':
		config->out = arg;
		return 0;
	case 'r':
		config->replay = arg;
		return 0;
	case 'j':
		config->json = true;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Fuzz /dev/shardmap, guided by what is reached of the module's code.\v"
	       "For root, in a virtual machine, with modules built with "
	       "SHARDMAP_COVERAGE=1.  Ends with status 3 if a call did what it "
	       "must not.",
};

int main(int argc, char **argv)
{
	struct config config = { .seed = 1, .ioctls = 20000 };
	struct state s = { .config = &config };

	tool_init();
	argp_parse(&argp, argc, argv, 0, NULL, &config);
	totals = mmap(NULL, sizeof(*totals), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (totals == MAP_FAILED)
		err(TOOL_EXIT_FAILED, "mmap");
	out_folder = config.out;
	memory_init();
	caller_init();
	coverage_init();
	fault_init();
	run_init();
	s.random = config.seed;
	s.started = s.shown = now();
	run_corpus(&s);
	if (config.replay)
		replay(&s);
	else
		fuzz(&s);
	run_end();
	return report(&s) ? TOOL_EXIT_FAILED : TOOL_EXIT_OK;
}
