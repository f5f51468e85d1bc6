/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * shardmap-wordcount: several processes count words in one shared table.
 *
 * A word is a maximal run of ASCII letters, in lower case.  The result is that of
 *   cat FILE... | LC_ALL=C tr -cs A-Za-z '\n' | tr A-Z a-z | grep . |
 *	sort | uniq -c
 * without uniq's padding.
 */
#ifndef WORDCOUNT_H
#define WORDCOUNT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tool.h"

/* All files one behind the other */
struct input {
	char *text;
	size_t len;
	bool mapped;
};

/* What the processes share */
struct shared {
	_Atomic size_t next; /* start of the next chunk to be taken */
	_Atomic uint64_t words;
	_Atomic bool failed; /* whoever sets it has told why */
};

struct job {
	const struct input *input;
	struct shared *shared;
	int table;
	unsigned int batch;
	size_t chunk;
	size_t max_word; /* the table's longest key */
};

/* input.c: complains and returns a negative errno on failure */
int input_read(struct input *input, char **files);
void input_free(struct input *input);

/* count.c: one process's work; true if all went well */
bool count_words(const struct job *job);

/* result.c: prints the table sorted by word; sets the figures it found */
int result_print(int table, const char *path, uint64_t *words,
		 uint64_t *distinct);

static inline bool is_letter(char c)
{
	return (unsigned char)((c | 0x20) - 'a') < 26;
}

#endif /* WORDCOUNT_H */
