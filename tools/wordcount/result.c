// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wordcount.h"

struct word {
	uint64_t count;
	uint32_t len;
	char text[];
};

struct words {
	struct word **list;
	size_t nr;
	size_t room;
};

static int add_word(struct words *words, const struct shardmap_record *record)
{
	struct word *word;

	if (record->value_len != sizeof(word->count))
		return -EPROTO;
	if (words->nr == words->room) {
		size_t room = words->room ? 2 * words->room : 1024;
		struct word **list = realloc(words->list, room * sizeof(*list));

		if (!list)
			return -ENOMEM;
		words->list = list;
		words->room = room;
	}
	word = malloc(sizeof(*word) + record->key_len);
	if (!word)
		return -ENOMEM;
	word->len = record->key_len;
	memcpy(word->text, shardmap_record_key(record), word->len);
	memcpy(&word->count, shardmap_record_value(record),
	       sizeof(word->count));
	words->list[words->nr++] = word;
	return 0;
}

static int scan(struct words *words, int table)
{
	struct shardmap_scanner *scanner = shardmap_scanner_new(table, 0);
	const struct shardmap_record *record;
	int ret;

	if (!scanner)
		return -ENOMEM;
	while ((ret = shardmap_scanner_next(scanner, &record)) > 0) {
		ret = add_word(words, record);
		if (ret)
			break;
	}
	shardmap_scanner_free(scanner);
	return ret;
}

static int compare(const void *a, const void *b)
{
	const struct word *x = *(struct word *const *)a;
	const struct word *y = *(struct word *const *)b;
	int order = memcmp(x->text, y->text, x->len < y->len ? x->len : y->len);

	return order ? order : (x->len > y->len) - (x->len < y->len);
}

static int print(const struct words *words, FILE *to)
{
	for (size_t i = 0; i < words->nr; i++) {
		const struct word *word = words->list[i];

		fprintf(to, "%" PRIu64 " %.*s\n", word->count, (int)word->len,
			word->text);
	}
	return fflush(to) || ferror(to) ? -EIO : 0;
}

static int print_sorted(struct words *words, const char *path)
{
	FILE *to = path ? fopen(path, "w") : stdout;
	int err;

	if (!to)
		return -errno;
	if (words->nr)
		qsort(words->list, words->nr, sizeof(*words->list), compare);
	err = print(words, to);
	if (path && fclose(to) && !err)
		err = -errno;
	return err;
}

int result_print(int table, const char *path, uint64_t *words,
		 uint64_t *distinct)
{
	struct words all = {};
	int err = scan(&all, table);

	if (err)
		tool_error("SHARDMAP_IOC_SCAN", err);
	*words = 0;
	*distinct = all.nr;
	for (size_t i = 0; i < all.nr; i++)
		*words += all.list[i]->count;
	if (!err) {
		err = print_sorted(&all, path);
		if (err)
			tool_error(path ? path : "standard output", err);
	}
	for (size_t i = 0; i < all.nr; i++)
		free(all.list[i]);
	free(all.list);
	return err;
}
