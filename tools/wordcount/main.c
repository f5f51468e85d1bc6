// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "wordcount.h"

#define CHUNK_MIN (64 << 10)
#define CHUNK_MAX (4 << 20)

struct config {
	unsigned int processes;
	unsigned int batch;
	int fd;
	const char *output;
	const char *json;
	char **files;
	struct shardmap_create create;
};

static const struct argp_option options[] = {
	{ "processes", 'p', "N", 0, "processes that count (2)" },
	{ "batch", 'b', "N", 0, "words per command (256)" },
	{ "output", 'o', "FILE", 0, "write the counts to this file" },
	{ "json", 'j', "FILE", 0, "write a summary to this file" },
	{ "fd", 'f', "N", 0,
	  "use this open table; also taken from SHARDMAP_FD" },
	{}
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct config *config = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &config->create;
		return 0;
	case 'p':
		config->processes =
			tool_arg_u64(state, "--processes", arg, 1, 1024);
		return 0;
	case 'b':
		config->batch = tool_arg_u64(state, "--batch", arg, 1,
					     SHARDMAP_BATCH_OPS_MAX);
		return 0;
	case 'o':
		config->output = arg;
		return 0;
	case 'j':
		config->json = arg;
		return 0;
	case 'f':
		config->fd = tool_arg_u64(state, "--fd", arg, 0, INT_MAX);
		return 0;
	case ARGP_KEY_ARGS:
		config->files = state->argv + state->next;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_usage(state);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* Forks the counters and waits for them; false if one failed. */
static bool count(const struct job *job, unsigned int processes)
{
	bool good = true;
	int status;

	fflush(NULL);
	for (unsigned int i = 0; i < processes; i++) {
		pid_t pid = fork();

		if (!pid)
			_exit(count_words(job) ? TOOL_EXIT_OK :
						 TOOL_EXIT_FAILED);
		if (pid < 0) {
			tool_error("fork", -errno);
			atomic_store(&job->shared->failed, true);
			good = false;
			break;
		}
	}
	while (wait(&status) > 0) {
		if (WIFSIGNALED(status)) {
			fprintf(stderr,
				"%s: a process was ended by signal %d\n",
				program_invocation_short_name,
				WTERMSIG(status));
			atomic_store(&job->shared->failed, true);
		}
		good &= WIFEXITED(status) && !WEXITSTATUS(status);
	}
	return good;
}

static int write_json(const char *path, uint64_t words, uint64_t distinct,
		      double seconds)
{
	json_t *root = json_pack("{s:i, s:I, s:I, s:f, s:f}", "schema",
				 TOOL_SCHEMA, "words", (json_int_t)words,
				 "distinct", (json_int_t)distinct, "seconds",
				 seconds, "words_per_second", words / seconds);
	int err = root ? json_dump_file(root, path, JSON_INDENT(2)) : -1;

	json_decref(root);
	if (err)
		tool_error(path, -EIO);
	return err;
}

static enum tool_exit finish(const struct config *config, const struct job *job,
			     double seconds)
{
	uint64_t counted = atomic_load(&job->shared->words), words, distinct;

	if (result_print(job->table, config->output, &words, &distinct))
		return TOOL_EXIT_FAILED;
	fprintf(stderr,
		"%" PRIu64 " words, %" PRIu64
		" distinct, %.3f s, %.0f words/s\n",
		words, distinct, seconds, words / seconds);
	if (config->json && write_json(config->json, words, distinct, seconds))
		return TOOL_EXIT_FAILED;
	if (words != counted) {
		fprintf(stderr,
			"%s: the table holds %" PRIu64 " words, but %" PRIu64
			" were counted\n",
			program_invocation_short_name, words, counted);
		return TOOL_EXIT_VERIFY;
	}
	return TOOL_EXIT_OK;
}

/* Counts of others would be mixed up with these. */
static int check_table(int table, struct job *job)
{
	struct shardmap_info info;
	int err = shardmap_info(table, &info);

	if (err) {
		tool_error("SHARDMAP_IOC_INFO", err);
	} else if (info.entries) {
		fprintf(stderr,
			"%s: the table is not empty; try: shardmapctl table clear\n",
			program_invocation_short_name);
		err = -EINVAL;
	}
	job->table = table;
	job->max_word = info.max_key_len;
	return err;
}

static size_t chunk_size(size_t len, unsigned int processes)
{
	size_t chunk = len / (16 * (size_t)processes);

	if (chunk < CHUNK_MIN)
		return CHUNK_MIN;
	return chunk > CHUNK_MAX ? CHUNK_MAX : chunk;
}

static enum tool_exit wordcount(const struct config *config)
{
	struct job job = { .batch = config->batch };
	struct input input;
	double start;
	int table;

	table = tool_open_table(config->fd, &config->create);
	if (table < 0 || check_table(table, &job) ||
	    input_read(&input, config->files))
		return TOOL_EXIT_FAILED;
	job.input = &input;
	job.chunk = chunk_size(input.len, config->processes);
	job.shared = mmap(NULL, sizeof(*job.shared), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (job.shared == MAP_FAILED) {
		tool_error("mmap", -errno);
		return TOOL_EXIT_FAILED;
	}
	start = now();
	if (!count(&job, config->processes))
		return TOOL_EXIT_FAILED;
	return finish(config, &job, now() - start);
}

int main(int argc, char **argv)
{
	static const struct argp_child children[] = {
		{ .argp = &tool_create_argp }, {}
	};
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "FILE|-...",
		.doc = "Counts the words of text files in a shardmap table that several "
		       "processes share, and prints COUNT WORD sorted by word.\v"
		       "A word is a run of ASCII letters, in lower case.  Exit status: 0 "
		       "good, 1 failed, 2 usage, 3 words were lost in the table.",
		.children = children,
	};
	struct config config = { .processes = 2, .batch = 256, .fd = -1 };

	tool_init();
	argp_parse(&argp, argc, argv, 0, NULL, &config);
	return wordcount(&config);
}
