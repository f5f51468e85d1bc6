/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libshardmap: one function per command of <linux/shardmap.h>.
 *
 * Every function returns 0 (or what it says) on success and a negative errno on
 * failure; what an errno means stands at the head of <linux/shardmap.h>.  Pointers
 * to results may be NULL where it is not said otherwise.  libshardmap(3) has more.
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

/* The device.  Functions that make a descriptor return it; it is close-on-exec. */

/**
 * shardmap_open_device() - open /dev/shardmap
 *
 * Return: the descriptor, or a negative errno of open(2).
 */
int shardmap_open_device(void);

/**
 * shardmap_device_info() - what the loaded module can do
 * @device: descriptor of the device
 * @info: all of it is filled in
 */
int shardmap_device_info(int device, struct shardmap_device_info *info);

/**
 * shardmap_create_table() - make a table
 * @device: descriptor of the device
 * @params: what it shall be like; its size member is filled in here.  NULL is a
 *	private table without limits.
 *
 * Return: a descriptor of the table, or a negative errno.
 */
int shardmap_create_table(int device, const struct shardmap_create *params);

/**
 * shardmap_create_named() - make a table that others open by its name
 * @device: descriptor of the device
 * @name: the name, up to SHARDMAP_NAME_LEN_MAX bytes, without a slash
 * @mode: who may open it, as in chmod(2)
 * @params: what else it shall be like, or NULL
 *
 * Return: a descriptor of the table; -EEXIST if there is one of this name.
 */
int shardmap_create_named(int device, const char *name, unsigned int mode,
			  const struct shardmap_create *params);

/**
 * shardmap_open_table() - open a table by its name
 * @device: descriptor of the device
 * @name: the name
 * @access: SHARDMAP_READ, SHARDMAP_WRITE or both
 *
 * Return: a descriptor of the table; -ENOENT, -EACCES.
 */
int shardmap_open_table(int device, const char *name, unsigned int access);

/**
 * shardmap_unlink_table() - take a table's name away
 * @device: descriptor of the device
 * @name: the name
 *
 * The table lives on for as long as somebody has it open.
 */
int shardmap_unlink_table(int device, const char *name);

/**
 * struct shardmap_listed - one named table in a list
 * @id: number of the table; zero it to begin
 * @mode: who may open it
 * @uid: owner
 * @gid: group
 * @descriptors: open descriptors
 * @name: the name, ended by a zero
 */
struct shardmap_listed {
	uint64_t id;
	uint32_t mode;
	uint32_t uid;
	uint32_t gid;
	uint32_t descriptors;
	char name[SHARDMAP_NAME_LEN_MAX + 1];
};

/**
 * shardmap_list_next() - the next named table
 * @device: descriptor of the device
 * @table: in: the table before it, or all zero; out: the next one
 *
 * Return: 1 with a table, 0 if there are no more, or a negative errno.
 */
int shardmap_list_next(int device, struct shardmap_listed *table);

/* Tables as a whole */

/**
 * shardmap_info() - limits, figures and state of a table
 * @table: descriptor of the table
 * @info: all of it is filled in
 */
int shardmap_info(int table, struct shardmap_info *info);

/**
 * shardmap_clear() - remove all entries
 * @table: descriptor of the table
 * @removed: set to how many it were, also after an error
 */
int shardmap_clear(int table, uint64_t *removed);

/**
 * shardmap_handle() - another descriptor of a table, with no more rights
 * @table: descriptor of the table
 * @access: SHARDMAP_READ, SHARDMAP_WRITE or both
 *
 * Return: the descriptor, or a negative errno.
 */
int shardmap_handle(int table, unsigned int access);

/**
 * shardmap_freeze() - let a table never change again
 * @table: descriptor of the table
 */
int shardmap_freeze(int table);

/**
 * shardmap_reserve() - make room for entries now, so that it need not grow later
 * @table: descriptor of the table
 * @entries: how many; 0 takes a reservation back
 */
int shardmap_reserve(int table, uint64_t entries);

/*
 * Operations on one key.  All take:
 *
 * @table: descriptor of the table
 * @key, @key_len: the key, and its length in bytes
 * @value, @value_len: the value to store, and its length in bytes
 * @out: buffer for the value found
 * @out_len: in: size of @out; out: length of the value found, also with -ENOBUFS;
 *	not NULL
 */

/**
 * shardmap_execute() - carry out one operation with all its members
 * @opcode: which operation
 * @op: the operation; its size member is filled in here
 *
 * What the functions below are made of, and what has no function of its own: a time
 * to live with every operation that stores, rare flags, all results.
 */
int shardmap_execute(int table, enum shardmap_opcode opcode,
		     struct shardmap_op *op);

/**
 * shardmap_get() - copy a value out
 * @version: set to the entry's version
 */
int shardmap_get(int table, const void *key, size_t key_len, void *out,
		 size_t *out_len, uint64_t *version);

/**
 * shardmap_get_changed() - copy a value out if it is not the one already known
 * @version: in: version that is known; out: the present one; not NULL
 *
 * Return: 1 with the value, 0 if the version is the same still (@out and @out_len
 * are as they were), or a negative errno.
 */
int shardmap_get_changed(int table, const void *key, size_t key_len, void *out,
			 size_t *out_len, uint64_t *version);

/**
 * shardmap_put() - store a value
 * @flags: 0, SHARDMAP_NOEXIST or SHARDMAP_EXIST
 */
int shardmap_put(int table, const void *key, size_t key_len, const void *value,
		 size_t value_len, unsigned int flags);

/**
 * shardmap_put_ttl() - store a value that ends by itself
 * @flags: 0, SHARDMAP_NOEXIST or SHARDMAP_EXIST
 * @ttl: for how many nanoseconds it shall live; 0 is for ever
 */
int shardmap_put_ttl(int table, const void *key, size_t key_len,
		     const void *value, size_t value_len, unsigned int flags,
		     uint64_t ttl);

/**
 * shardmap_swap() - store a value and get the one that was there
 * @out: buffer for the value that was there
 * @inserted: set to whether there was none; @out_len is 0 then
 *
 * With -ENOBUFS nothing was stored.
 */
int shardmap_swap(int table, const void *key, size_t key_len, const void *value,
		  size_t value_len, void *out, size_t *out_len, bool *inserted);

/**
 * shardmap_get_or_put() - store a value if the key is new, else get its value
 * @out: buffer for the value that is there
 * @inserted: set to whether @value was stored; @out_len is left alone then
 */
int shardmap_get_or_put(int table, const void *key, size_t key_len,
			const void *value, size_t value_len, void *out,
			size_t *out_len, bool *inserted);

/**
 * shardmap_add() - add to an 8-byte number
 * @delta: what to add, modulo 2^64
 * @initial: what a new key starts from
 * @flags: SHARDMAP_CREATE makes a missing key
 * @old: set to the number before
 */
int shardmap_add(int table, const void *key, size_t key_len, uint64_t delta,
		 uint64_t initial, unsigned int flags, uint64_t *old);

/**
 * struct shardmap_condition - what an entry must be like
 * @flags: SHARDMAP_IF_VERSION, SHARDMAP_IF_VALUE, or 0 for anything
 * @version: version that it must have
 * @expected: value that it must have
 * @expected_len: length of that value in bytes
 */
struct shardmap_condition {
	unsigned int flags;
	uint64_t version;
	const void *expected;
	size_t expected_len;
};

/** shardmap_if_version() - the condition that an entry has this version */
static inline struct shardmap_condition shardmap_if_version(uint64_t version)
{
	struct shardmap_condition condition = { SHARDMAP_IF_VERSION, version,
						NULL, 0 };

	return condition;
}

/** shardmap_if_value() - the condition that an entry has this value */
static inline struct shardmap_condition shardmap_if_value(const void *expected,
							  size_t expected_len)
{
	struct shardmap_condition condition = { SHARDMAP_IF_VALUE, 0, expected,
						expected_len };

	return condition;
}

/**
 * shardmap_cas() - store a value if the entry is as expected
 * @condition: shardmap_if_version() or shardmap_if_value()
 * @version: set to the entry's new version
 *
 * Return: 0; -ESTALE if the entry is another; -ENOENT if there is none.
 */
int shardmap_cas(int table, const void *key, size_t key_len, const void *value,
		 size_t value_len, struct shardmap_condition condition,
		 uint64_t *version);

/**
 * shardmap_delete() - remove a key
 */
int shardmap_delete(int table, const void *key, size_t key_len);

/**
 * shardmap_delete_if() - remove a key if its entry is as expected
 * @condition: shardmap_if_version() or shardmap_if_value()
 *
 * Return: 0; -ESTALE if the entry is another; -ENOENT if there is none.
 */
int shardmap_delete_if(int table, const void *key, size_t key_len,
		       struct shardmap_condition condition);

/**
 * shardmap_take() - remove a key and get its value
 *
 * With -ENOBUFS nothing was removed.
 */
int shardmap_take(int table, const void *key, size_t key_len, void *out,
		  size_t *out_len);

/**
 * shardmap_take_if() - remove a key and get its value, if the entry is as expected
 * @condition: shardmap_if_version() or shardmap_if_value()
 *
 * Return: 0; -ESTALE if the entry is another; -ENOENT if there is none.
 */
int shardmap_take_if(int table, const void *key, size_t key_len, void *out,
		     size_t *out_len, struct shardmap_condition condition);

/*
 * Batches: add operations, run, look at each one's status, reset, go on.
 * Keys and values are copied when an operation is added.
 */

struct shardmap_batch_buffer;

/**
 * shardmap_batch_new() - an empty batch
 * @max_ops: most operations, up to SHARDMAP_BATCH_OPS_MAX
 *
 * Return: the batch, or NULL if memory is short or @max_ops out of range.
 */
struct shardmap_batch_buffer *shardmap_batch_new(unsigned int max_ops);

/** shardmap_batch_free() - give a batch back; NULL is nothing */
void shardmap_batch_free(struct shardmap_batch_buffer *batch);

/** shardmap_batch_reset() - empty a batch, to use it again */
void shardmap_batch_reset(struct shardmap_batch_buffer *batch);

/**
 * shardmap_batch_op() - add an operation with all its members
 * @batch: the batch
 * @opcode: which operation
 * @op: the operation as shardmap_execute() takes it.  Key, value and expected value
 *	are copied; instead of @out the batch keeps out_len bytes of its own.
 *
 * Return: the operation's index; -ENOSPC if the batch has no room left; -EINVAL for
 * a flag that no batch can hold; -ENOMEM.
 */
int shardmap_batch_op(struct shardmap_batch_buffer *batch,
		      enum shardmap_opcode opcode,
		      const struct shardmap_op *op);

/* The same for the common cases.  @out_len: room to keep for the value found. */
int shardmap_batch_get(struct shardmap_batch_buffer *batch, const void *key,
		       size_t key_len, size_t out_len);
int shardmap_batch_put(struct shardmap_batch_buffer *batch, const void *key,
		       size_t key_len, const void *value, size_t value_len,
		       unsigned int flags);
int shardmap_batch_swap(struct shardmap_batch_buffer *batch, const void *key,
			size_t key_len, const void *value, size_t value_len,
			size_t out_len);
int shardmap_batch_get_or_put(struct shardmap_batch_buffer *batch,
			      const void *key, size_t key_len,
			      const void *value, size_t value_len,
			      size_t out_len);
int shardmap_batch_add(struct shardmap_batch_buffer *batch, const void *key,
		       size_t key_len, uint64_t delta, uint64_t initial,
		       unsigned int flags);
int shardmap_batch_cas(struct shardmap_batch_buffer *batch, const void *key,
		       size_t key_len, const void *value, size_t value_len,
		       struct shardmap_condition condition);
int shardmap_batch_delete(struct shardmap_batch_buffer *batch, const void *key,
			  size_t key_len);
int shardmap_batch_delete_if(struct shardmap_batch_buffer *batch,
			     const void *key, size_t key_len,
			     struct shardmap_condition condition);
int shardmap_batch_take(struct shardmap_batch_buffer *batch, const void *key,
			size_t key_len, size_t out_len);

/**
 * shardmap_batch_run() - carry out the operations that have not been yet
 * @table: descriptor of the table
 * @batch: the batch
 *
 * Goes on after a signal that cut the batch short.  After an error,
 * shardmap_batch_done() tells how many operations have been carried out and
 * another call goes on behind them.
 *
 * Return: 0 if all were carried out, whatever the status of each, or a negative
 * errno.
 */
int shardmap_batch_run(int table, struct shardmap_batch_buffer *batch);

/**
 * shardmap_batch_run_atomic() - carry out all operations or none
 * @table: descriptor of the table
 * @batch: up to SHARDMAP_ATOMIC_OPS_MAX operations, each on a key of its own
 *
 * Return: 0; -ECANCELED if an operation failed: its status tells why, that of the
 * others is -ECANCELED, and nothing was changed; or another negative errno.
 */
int shardmap_batch_run_atomic(int table, struct shardmap_batch_buffer *batch);

/** shardmap_batch_count() - operations in a batch */
unsigned int shardmap_batch_count(const struct shardmap_batch_buffer *batch);

/** shardmap_batch_done() - operations that have been carried out */
unsigned int shardmap_batch_done(const struct shardmap_batch_buffer *batch);

/** shardmap_batch_result() - the operation of this index, with its results */
const struct shardmap_batch_op *
shardmap_batch_result(const struct shardmap_batch_buffer *batch,
		      unsigned int index);

/** shardmap_batch_value() - the value found; its length is the result's out_len */
const void *shardmap_batch_value(const struct shardmap_batch_buffer *batch,
				 unsigned int index);

/* Scans */

/**
 * shardmap_scan() - one step of a pass over a table
 * @table: descriptor of the table
 * @scan: the step; its size member is filled in here
 */
int shardmap_scan(int table, struct shardmap_scan *scan);

/** shardmap_record_key() - the key of a record */
static inline const void *
shardmap_record_key(const struct shardmap_record *record)
{
	return record + 1;
}

/** shardmap_record_value() - the value of a record */
static inline const void *
shardmap_record_value(const struct shardmap_record *record)
{
	size_t offset = sizeof(*record) + record->key_len;

	return (const char *)record + ((offset + 7) & ~(size_t)7);
}

struct shardmap_scanner;

/**
 * shardmap_scanner_new() - begin a pass over a table
 * @table: descriptor of the table
 * @buf_size: bytes to fetch in one step; 0 picks a size
 *
 * Return: the scanner, or NULL if memory is short.
 */
struct shardmap_scanner *shardmap_scanner_new(int table, size_t buf_size);

/** shardmap_scanner_free() - end a pass; NULL is nothing */
void shardmap_scanner_free(struct shardmap_scanner *scanner);

/**
 * shardmap_scanner_set_prefix() - return only keys that begin with some bytes
 * @scanner: the scanner, before its first record
 * @prefix: the bytes, which are copied
 * @prefix_len: how many, up to SHARDMAP_KEY_LEN_MAX; 0 is any key
 *
 * Return: 0 or -EMSGSIZE.
 */
int shardmap_scanner_set_prefix(struct shardmap_scanner *scanner,
				const void *prefix, size_t prefix_len);

/**
 * shardmap_scanner_set_drain() - remove the entries that are returned
 * @scanner: the scanner, before its first record
 *
 * What has been fetched is removed already: go on until the records at hand have
 * been seen, or they are lost.
 */
void shardmap_scanner_set_drain(struct shardmap_scanner *scanner);

/**
 * shardmap_scanner_next() - the next record of a pass over a table
 * @scanner: the scanner
 * @record: set to the record, which stays valid until the next call; not NULL
 *
 * Enlarges its buffer for a record that does not fit.
 *
 * Return: 1 with a record, 0 at the end of the pass, or a negative errno;
 * -EPROTO if the kernel's records do not fit together.
 */
int shardmap_scanner_next(struct shardmap_scanner *scanner,
			  const struct shardmap_record **record);

/*
 * Watching: after shardmap_watch(), read(2) of the descriptor fills a buffer with
 * changes, and shardmap_change_next() walks it.  poll(2) waits for them.
 */

/**
 * shardmap_watch() - begin to watch a table
 * @table: descriptor of the table
 * @ring_bytes: memory for changes that were not read yet, a power of two; 0 picks
 *	one
 *
 * Return: 0; -EBUSY if the descriptor watches already; another negative errno.
 */
int shardmap_watch(int table, size_t ring_bytes);

/**
 * shardmap_change_next() - the next change in a buffer that read(2) has filled
 * @buf: the buffer, aligned to 8 bytes
 * @used: bytes that were read
 * @offset: zero at first; moved behind the change
 * @change: set to the change, in @buf
 *
 * One with @op SHARDMAP_CHANGE_LOST says how many are missing here.
 *
 * Return: 1 with a change, 0 behind the last one; -EPROTO if the kernel's records do
 * not fit together.
 */
int shardmap_change_next(const void *buf, size_t used, size_t *offset,
			 const struct shardmap_change **change);

/** shardmap_change_key() - the key of a change, @key_len bytes */
static inline const void *
shardmap_change_key(const struct shardmap_change *change)
{
	return change + 1;
}

#ifdef __cplusplus
}
#endif

#endif /* LIBSHARDMAP_H */
