// SPDX-License-Identifier: GPL-2.0-only
/* Inputs that reach what no other did, in memory and as files. */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz.h"

void corpus_keep(struct corpus *corpus, const struct input *input)
{
	if (corpus->nr == corpus->room) {
		corpus->room = corpus->room ? 2 * corpus->room : 256;
		corpus->inputs = reallocarray(corpus->inputs, corpus->room,
					      sizeof(*corpus->inputs));
		if (!corpus->inputs)
			err(TOOL_EXIT_FAILED, "corpus");
	}
	corpus->inputs[corpus->nr++] = *input;
}

static void load_file(struct corpus *corpus, const char *path)
{
	struct input input = {};
	FILE *file = fopen(path, "re");

	if (!file)
		err(TOOL_EXIT_FAILED, "%s", path);
	input.len = fread(input.data, 1, sizeof(input.data), file);
	if (ferror(file))
		err(TOOL_EXIT_FAILED, "%s", path);
	fclose(file);
	if (input.len >= INPUT_HEAD)
		corpus_keep(corpus, &input);
}

static int is_plain(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* A file, or a folder of files, in the order of their names */
void corpus_load(struct corpus *corpus, const char *path)
{
	struct dirent **entries;
	char name[4096];
	int i, nr = scandir(path, &entries, is_plain, alphasort);

	if (nr < 0 && errno == ENOTDIR) {
		load_file(corpus, path);
		return;
	}
	if (nr < 0)
		err(TOOL_EXIT_FAILED, "%s", path);
	for (i = 0; i < nr; i++) {
		snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
		load_file(corpus, name);
		free(entries[i]);
	}
	free(entries);
}

/* Returns 0 or -1. */
int corpus_write(const char *folder, const char *prefix, size_t nr,
		 const struct input *input)
{
	char name[4096];
	FILE *file;
	int ret;

	if (mkdir(folder, 0755) && errno != EEXIST)
		return -1;
	snprintf(name, sizeof(name), "%s/%s%06zu", folder, prefix, nr);
	file = fopen(name, "we");
	if (!file)
		return -1;
	ret = fwrite(input->data, 1, input->len, file) == input->len ? 0 : -1;
	return fclose(file) ? -1 : ret;
}
