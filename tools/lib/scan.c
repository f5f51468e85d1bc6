// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scan: one step, and a scanner that walks the records of a whole pass.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define DEFAULT_BUF_SIZE (256 << 10)

struct shardmap_scanner {
	int table;
	bool done;
	unsigned int flags;
	struct shardmap_cursor cursor;
	size_t prefix_len;
	char prefix[SHARDMAP_KEY_LEN_MAX];
	char *buf;
	size_t size;
	size_t used;
	size_t offset;
};

int shardmap_scan(int table, struct shardmap_scan *scan)
{
	scan->size = sizeof(*scan);
	return command(table, SHARDMAP_IOC_SCAN, scan);
}

struct shardmap_scanner *shardmap_scanner_new(int table, size_t buf_size)
{
	struct shardmap_scanner *scanner = calloc(1, sizeof(*scanner));

	if (!scanner)
		return NULL;
	scanner->table = table;
	scanner->size = buf_size ? buf_size : DEFAULT_BUF_SIZE;
	if (scanner->size > SHARDMAP_SCAN_BYTES_MAX)
		scanner->size = SHARDMAP_SCAN_BYTES_MAX;
	scanner->buf = malloc(scanner->size);
	if (!scanner->buf) {
		free(scanner);
		return NULL;
	}
	return scanner;
}

void shardmap_scanner_free(struct shardmap_scanner *scanner)
{
	if (!scanner)
		return;
	free(scanner->buf);
	free(scanner);
}

int shardmap_scanner_set_prefix(struct shardmap_scanner *scanner,
				const void *prefix, size_t prefix_len)
{
	if (prefix_len > sizeof(scanner->prefix))
		return -EMSGSIZE;
	if (prefix_len)
		memcpy(scanner->prefix, prefix, prefix_len);
	scanner->prefix_len = prefix_len;
	return 0;
}

void shardmap_scanner_set_drain(struct shardmap_scanner *scanner)
{
	scanner->flags |= SHARDMAP_SCAN_DRAIN;
}

static int enlarge(struct shardmap_scanner *scanner, size_t size)
{
	char *buf;

	if (size <= scanner->size || size > SHARDMAP_SCAN_BYTES_MAX)
		return -EPROTO;
	buf = realloc(scanner->buf, size);
	if (!buf)
		return -ENOMEM;
	scanner->buf = buf;
	scanner->size = size;
	return 0;
}

static int fetch(struct shardmap_scanner *scanner)
{
	for (;;) {
		struct shardmap_scan step = {
			.flags = scanner->flags,
			.cursor = scanner->cursor,
			.buf = pointer(scanner->buf),
			.buf_len = scanner->size,
			.prefix = scanner->prefix_len ?
					  pointer(scanner->prefix) :
					  0,
			.prefix_len = scanner->prefix_len,
		};
		int err = shardmap_scan(scanner->table, &step);

		if (err == -ENOBUFS)
			err = enlarge(scanner, step.buf_len);
		else if (!err) {
			if (step.used > scanner->size)
				return -EPROTO;
			scanner->cursor = step.cursor;
			scanner->used = step.used;
			scanner->offset = 0;
			scanner->done = step.done;
			return 0;
		}
		if (err)
			return err;
	}
}

int shardmap_scanner_next(struct shardmap_scanner *scanner,
			  const struct shardmap_record **record)
{
	const struct shardmap_record *rec;
	size_t left, head;
	int err;

	while (scanner->offset == scanner->used) {
		if (scanner->done)
			return 0;
		err = fetch(scanner);
		if (err)
			return err;
	}

	rec = (const void *)(scanner->buf + scanner->offset);
	left = scanner->used - scanner->offset;
	if (left < sizeof(*rec) || rec->record_len > left ||
	    rec->record_len % 8)
		return -EPROTO;
	head = (const char *)shardmap_record_value(rec) - (const char *)rec;
	if (head + rec->value_len > rec->record_len)
		return -EPROTO;
	scanner->offset += rec->record_len;
	*record = rec;
	return 1;
}
