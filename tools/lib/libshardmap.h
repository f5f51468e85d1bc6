/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libshardmap: one function per command of <linux/shardmap.h>.
 *
 * Every function returns 0 (or what it says) on success and a negative errno on
 * failure; what an errno means stands at the head of <linux/shardmap.h>.
 *
 * A descriptor may be used by many threads at once.  A batch or a scanner
 * belongs to one thread at a time.
 */
#ifndef LIBSHARDMAP_H
#define LIBSHARDMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/shardmap.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Device.  The functions that make a descriptor return it. */

int shardmap_open_device(void);
int shardmap_device_info(int device, struct shardmap_device_info *info);

/* @params may be NULL; its size member is filled in here. */
int shardmap_create_table(int device, const struct shardmap_create *params);

/* Table */

int shardmap_info(int table, struct shardmap_info *info);
int shardmap_clear(int table, uint64_t *removed);

/* One operation.  Pointers to results may be NULL, except @out_len. */

/**
 * shardmap_execute() - carry out one operation with all its members
 * @table: descriptor of the table
 * @opcode: which operation
 * @op: the operation; its size member is filled in here
 *
 * What the functions below are made of; needed for versions and rare flags.
 */
int shardmap_execute(int table, enum shardmap_opcode opcode,
		     struct shardmap_op *op);

/* @out_len: in: size of @out; out: length of the value, also with -ENOBUFS */
int shardmap_get(int table, const void *key, size_t key_len, void *out,
		 size_t *out_len, uint64_t *version);
int shardmap_put(int table, const void *key, size_t key_len, const void *value,
		 size_t value_len, unsigned int flags);
int shardmap_delete(int table, const void *key, size_t key_len);

/* With *@inserted the value was stored, else @out has the one that was there. */
int shardmap_get_or_put(int table, const void *key, size_t key_len,
			const void *value, size_t value_len, void *out,
			size_t *out_len, bool *inserted);

/* @flags: SHARDMAP_CREATE makes a missing key, starting from @initial. */
int shardmap_add(int table, const void *key, size_t key_len, uint64_t delta,
		 uint64_t initial, unsigned int flags, uint64_t *old);

/*
 * Batches: add operations, run, look at each one's status, reset, go on.
 * Keys and values are copied when an operation is added.
 */

struct shardmap_batch_buffer;

/* NULL if memory is short or @max_ops is over SHARDMAP_BATCH_OPS_MAX */
struct shardmap_batch_buffer *shardmap_batch_new(unsigned int max_ops);
void shardmap_batch_free(struct shardmap_batch_buffer *batch);
void shardmap_batch_reset(struct shardmap_batch_buffer *batch);

/*
 * Each returns the operation's index, -ENOSPC if the batch has no room left, or
 * -ENOMEM.
 */
int shardmap_batch_get(struct shardmap_batch_buffer *batch, const void *key,
		       size_t key_len, size_t out_len);
int shardmap_batch_put(struct shardmap_batch_buffer *batch, const void *key,
		       size_t key_len, const void *value, size_t value_len,
		       unsigned int flags);
int shardmap_batch_delete(struct shardmap_batch_buffer *batch, const void *key,
			  size_t key_len);
int shardmap_batch_get_or_put(struct shardmap_batch_buffer *batch,
			      const void *key, size_t key_len,
			      const void *value, size_t value_len,
			      size_t out_len);
int shardmap_batch_add(struct shardmap_batch_buffer *batch, const void *key,
		       size_t key_len, uint64_t delta, uint64_t initial,
		       unsigned int flags);

/**
 * shardmap_batch_run() - carry out the operations that have not been yet
 * @table: descriptor of the table
 * @batch: the batch
 *
 * Goes on after a signal that cut the batch short.  After an error,
 * shardmap_batch_done() tells how many operations have been carried out and
 * another call goes on behind them.
 */
int shardmap_batch_run(int table, struct shardmap_batch_buffer *batch);

unsigned int shardmap_batch_count(const struct shardmap_batch_buffer *batch);
unsigned int shardmap_batch_done(const struct shardmap_batch_buffer *batch);
const struct shardmap_batch_op *
shardmap_batch_result(const struct shardmap_batch_buffer *batch,
		      unsigned int index);
/* The value found; its length is in the result's out_len. */
const void *shardmap_batch_value(const struct shardmap_batch_buffer *batch,
				 unsigned int index);

/* Scan */

/* One step; the size member is filled in here. */
int shardmap_scan(int table, struct shardmap_scan *scan);

static inline const void *
shardmap_record_key(const struct shardmap_record *record)
{
	return record + 1;
}

static inline const void *
shardmap_record_value(const struct shardmap_record *record)
{
	size_t offset = sizeof(*record) + record->key_len;

	return (const char *)record + ((offset + 7) & ~(size_t)7);
}

struct shardmap_scanner;

/* @buf_size: bytes to fetch in one step; 0 picks a size.  NULL: no memory. */
struct shardmap_scanner *shardmap_scanner_new(int table, size_t buf_size);
void shardmap_scanner_free(struct shardmap_scanner *scanner);

/**
 * shardmap_scanner_next() - the next record of a pass over a table
 * @scanner: the scanner
 * @record: set to the record, which stays valid until the next call
 *
 * Enlarges its buffer for a record that does not fit.
 *
 * Return: 1 with a record, 0 at the end of the pass, or a negative errno;
 * -EPROTO if the kernel's records do not fit together.
 */
int shardmap_scanner_next(struct shardmap_scanner *scanner,
			  const struct shardmap_record **record);

#ifdef __cplusplus
}
#endif

#endif /* LIBSHARDMAP_H */
