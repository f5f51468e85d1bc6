// SPDX-License-Identifier: GPL-2.0-only
/*
 * One process: takes chunks of the text until none is left, and adds one for
 * every word in the table.
 */
#include <errno.h>
#include <stdio.h>

#include "wordcount.h"

struct counter {
	const struct job *job;
	struct shardmap_batch_buffer *batch; /* NULL: single commands */
	uint64_t words;
};

static bool fail(const char *call, int err)
{
	tool_error(call, err);
	return false;
}

static bool flush(struct counter *counter)
{
	struct shardmap_batch_buffer *batch = counter->batch;
	unsigned int nr = shardmap_batch_count(batch);
	int err;

	if (!nr)
		return true;
	err = shardmap_batch_run(counter->job->table, batch);
	if (err)
		return fail("SHARDMAP_IOC_BATCH", err);
	for (unsigned int i = 0; i < nr; i++) {
		err = shardmap_batch_result(batch, i)->status;
		if (err)
			return fail("SHARDMAP_IOC_ADD", err);
	}
	shardmap_batch_reset(batch);
	return true;
}

static bool count_word(struct counter *counter, const char *word, size_t len)
{
	int ret;

	counter->words++;
	if (!counter->batch) {
		ret = shardmap_add(counter->job->table, word, len, 1, 0,
				   SHARDMAP_CREATE, NULL);
		return !ret || fail("SHARDMAP_IOC_ADD", ret);
	}
	ret = shardmap_batch_add(counter->batch, word, len, 1, 0,
				 SHARDMAP_CREATE);
	if (ret == -ENOSPC) {
		if (!flush(counter))
			return false;
		ret = shardmap_batch_add(counter->batch, word, len, 1, 0,
					 SHARDMAP_CREATE);
	}
	return ret >= 0 || fail("batch", ret);
}

/* A word belongs to the chunk that its first letter is in. */
static bool count_chunk(struct counter *counter, size_t start, size_t end)
{
	const struct input *input = counter->job->input;
	const char *text = input->text;
	char word[SHARDMAP_KEY_LEN_MAX];
	size_t at = start;

	if (at && is_letter(text[at - 1]))
		while (at < input->len && is_letter(text[at]))
			at++;
	while (at < end) {
		size_t len = 0;

		for (; at < input->len && is_letter(text[at]); at++, len++)
			if (len < sizeof(word))
				word[len] = text[at] | 0x20;
		if (len > counter->job->max_word) {
			fprintf(stderr,
				"%s: a word of %zu letters at byte %zu is longer than the table's keys, %zu\n",
				program_invocation_short_name, len, at - len,
				counter->job->max_word);
			return false;
		}
		if (len && !count_word(counter, word, len))
			return false;
		/* At a non-letter, if not at the end. */
		at++;
	}
	return true;
}

static bool count_chunks(struct counter *counter)
{
	const struct job *job = counter->job;
	size_t len = job->input->len;

	while (!atomic_load(&job->shared->failed)) {
		size_t start = atomic_fetch_add(&job->shared->next, job->chunk);

		if (start >= len)
			return !counter->batch || flush(counter);
		if (!count_chunk(counter, start,
				 len - start < job->chunk ? len :
							    start + job->chunk))
			return false;
	}
	return false;
}

bool count_words(const struct job *job)
{
	struct counter counter = { .job = job };
	bool good;

	if (job->batch > 1) {
		counter.batch = shardmap_batch_new(job->batch);
		if (!counter.batch)
			return fail("batch", -ENOMEM);
	}
	good = count_chunks(&counter);
	if (!good)
		atomic_store(&job->shared->failed, true);
	atomic_fetch_add(&job->shared->words, counter.words);
	shardmap_batch_free(counter.batch);
	return good;
}
