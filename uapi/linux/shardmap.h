/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * User interface of shardmap, a sharded concurrent hash table.
 *
 * /dev/shardmap makes tables; a table is a file descriptor that processes share
 * by inheritance or by passing it over a UNIX socket.  The commands below go to
 * the device or to a table descriptor as each one says.
 *
 * Contract of every command:
 *
 *  - The argument is a pointer to the structure named in the command's number.
 *    Its first member, @size, is set by the caller to the size that the caller
 *    was compiled with.  A smaller structure than the kernel's means zero in
 *    the members it lacks; a larger one is accepted only if all that the kernel
 *    does not know is zero.
 *  - Members named "reserved" and unknown flag bits must be zero.
 *  - User pointers are held in 64-bit members; 32-bit callers zero-extend.
 *  - The number's size bits are ignored, so a command keeps its number when its
 *    structure grows.
 *  - 0 is success (CREATE returns the new descriptor); a failing command has
 *    changed nothing, unless its description says so.  A caller that takes away,
 *    while a command runs, the memory that the answer goes to gets EFAULT for a
 *    command that was carried out.
 *
 * What an errno means, for all commands:
 *
 *  ENOTTY     the descriptor does not know this command
 *  E2BIG      @size is beyond the kernel's and a byte there is not zero, or it
 *             is more than a page
 *  EINVAL     @size is too small, a reserved member or unknown flag is set, or a
 *             member holds a value that is never valid
 *  EFAULT     a pointer does not lead to memory of the caller
 *  EMSGSIZE   the key or the value is longer than the table allows
 *  ENOENT     the table holds no such key
 *  EEXIST     the table holds the key already
 *  ENOBUFS    the buffer for the answer is too small; the length is reported
 *  ENOSPC     the table is full
 *  ENOMEM     the kernel is short of memory
 *  EINTR      a fatal signal came first
 */
#ifndef _UAPI_LINUX_SHARDMAP_H
#define _UAPI_LINUX_SHARDMAP_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Tables of names and numbers are aligned by hand. */
/* clang-format off */

#define SHARDMAP_DEVICE_PATH		"/dev/shardmap"

/* Not registered in ioctl-number.rst: an out-of-tree module cannot be. */
#define SHARDMAP_IOC_TYPE		0xC5

/* Highest values that any table can be created with. */
#define SHARDMAP_KEY_LEN_MAX		1024
#define SHARDMAP_VALUE_LEN_MAX		65536
#define SHARDMAP_SHARDS_MAX		4096
#define SHARDMAP_INLINE_LEN_MAX		8
#define SHARDMAP_BATCH_OPS_MAX		4096
#define SHARDMAP_BATCH_BYTES_MAX	(16 << 20)
#define SHARDMAP_SCAN_BYTES_MAX		(16 << 20)

/**
 * enum shardmap_create_flags - properties fixed when a table is made
 * @SHARDMAP_CREATE_FAST_HASH: hash keys with the fast keyed function instead of
 *	SipHash-1-3.  Only for tables whose writers are all trusted.
 * @SHARDMAP_CREATE_INLINE: keep small entries of one size in the bucket lines
 *	themselves: faster, and less memory.  Each key has just @max_key_len bytes and
 *	each value just @max_value_len, both 1 to 8; a shorter one is EINVAL.
 *	@max_bytes must be zero, as entries take no memory of their own.  The version
 *	that a lookup returns may be older than the value, never newer.
 */
enum shardmap_create_flags {
	SHARDMAP_CREATE_FAST_HASH	= 1 << 0,
	SHARDMAP_CREATE_INLINE		= 1 << 1,
};

/**
 * struct shardmap_create - ioctl(SHARDMAP_IOC_CREATE) on the device
 * @size: sizeof(struct shardmap_create)
 * @flags: enum shardmap_create_flags
 * @nr_shards: number of shards, a power of two up to SHARDMAP_SHARDS_MAX; 0 lets
 *	the kernel choose by the number of CPUs
 * @max_key_len: longest key in bytes, up to SHARDMAP_KEY_LEN_MAX; 0 is the
 *	highest
 * @max_value_len: longest value in bytes, up to SHARDMAP_VALUE_LEN_MAX; 0 is
 *	the highest
 * @reserved: must be zero
 * @max_entries: most entries the table may hold; 0 is no limit
 * @max_bytes: most bytes of memory that entries may take; 0 is no limit
 *
 * Makes an empty, private table and returns a close-on-exec descriptor of it.
 * The table lives until its last descriptor is closed.
 */
struct shardmap_create {
	__u32 size;
	__u32 flags;
	__u32 nr_shards;
	__u32 max_key_len;
	__u32 max_value_len;
	__u32 reserved;
	__aligned_u64 max_entries;
	__aligned_u64 max_bytes;
};

/**
 * struct shardmap_device_info - ioctl(SHARDMAP_IOC_DEVICE_INFO) on the device
 * @size: sizeof(struct shardmap_device_info)
 * @reserved: must be zero
 * @create_flags: out: bits that CREATE knows
 * @opcodes: out: bit n is set if opcode n is known
 * @max_key_len: out: SHARDMAP_KEY_LEN_MAX of the running kernel
 * @max_value_len: out: SHARDMAP_VALUE_LEN_MAX of the running kernel
 * @max_shards: out: SHARDMAP_SHARDS_MAX of the running kernel
 * @max_batch_ops: out: SHARDMAP_BATCH_OPS_MAX of the running kernel
 * @tables: out: tables alive now
 */
struct shardmap_device_info {
	__u32 size;
	__u32 reserved;
	__aligned_u64 create_flags;
	__aligned_u64 opcodes;
	__u32 max_key_len;
	__u32 max_value_len;
	__u32 max_shards;
	__u32 max_batch_ops;
	__aligned_u64 tables;
};

/**
 * struct shardmap_info - ioctl(SHARDMAP_IOC_INFO) on a table
 * @size: sizeof(struct shardmap_info)
 * @reserved: must be zero
 * @id: out: number of the table, unique while the module is loaded
 * @flags: out: enum shardmap_create_flags it was made with
 * @nr_shards: out: number of shards
 * @max_key_len: out: longest key in bytes
 * @max_value_len: out: longest value in bytes
 * @max_entries: out: limit of entries, 0 if none
 * @max_bytes: out: limit of bytes, 0 if none
 * @entries: out: entries now; exact when no writer is at work
 * @entry_bytes: out: memory taken by these entries; 0 in an inline table
 * @index_bytes: out: memory taken by bucket arrays and overflow lines
 * @deferred_bytes: out: memory of entries that wait for an RCU grace period
 * @buckets: out: bucket lines in all shards
 * @overflow_lines: out: bucket lines beyond a bucket's first
 * @resizes: out: bucket arrays replaced so far
 *
 * The figures are read one after another, not at one instant.
 */
struct shardmap_info {
	__u32 size;
	__u32 reserved;
	__aligned_u64 id;
	__u32 flags;
	__u32 nr_shards;
	__u32 max_key_len;
	__u32 max_value_len;
	__aligned_u64 max_entries;
	__aligned_u64 max_bytes;
	__aligned_u64 entries;
	__aligned_u64 entry_bytes;
	__aligned_u64 index_bytes;
	__aligned_u64 deferred_bytes;
	__aligned_u64 buckets;
	__aligned_u64 overflow_lines;
	__aligned_u64 resizes;
};

/**
 * enum shardmap_opcode - operations on one key, alone or in a batch
 * @SHARDMAP_OP_GET: copy out the value.  Fails with ENOENT, ENOBUFS.
 * @SHARDMAP_OP_PUT: store the value.  By flags only if the key is new (EEXIST)
 *	or only if it is there (ENOENT).
 * @SHARDMAP_OP_DELETE: remove the key.  Fails with ENOENT.
 * @SHARDMAP_OP_GET_OR_PUT: store the value if the key is new, else copy out the
 *	value it has.  Fails with ENOBUFS, having stored nothing.
 * @SHARDMAP_OP_ADD: add a number to an 8-byte value, modulo 2^64.  By flag a new
 *	key starts from an initial value, to which the number is added, else
 *	ENOENT.  EINVAL if the value is not 8 bytes long.
 * @SHARDMAP_OP_NR: number of opcodes, not an opcode
 */
enum shardmap_opcode {
	SHARDMAP_OP_GET		= 0,
	SHARDMAP_OP_PUT		= 1,
	SHARDMAP_OP_DELETE	= 2,
	SHARDMAP_OP_GET_OR_PUT	= 3,
	SHARDMAP_OP_ADD		= 4,
	SHARDMAP_OP_NR		= 5,
};

/**
 * enum shardmap_op_flags - how an operation behaves, and what it found
 * @SHARDMAP_NOEXIST: PUT: fail with EEXIST if the key is there
 * @SHARDMAP_EXIST: PUT: fail with ENOENT if the key is not there
 * @SHARDMAP_CREATE: ADD: make the key from the initial value if it is not there
 * @SHARDMAP_INSERTED: out only: GET_OR_PUT, PUT and ADD made a new entry.  To be
 *	cleared before the structure is used again.
 */
enum shardmap_op_flags {
	SHARDMAP_NOEXIST	= 1 << 0,
	SHARDMAP_EXIST		= 1 << 1,
	SHARDMAP_CREATE		= 1 << 2,
	SHARDMAP_INSERTED	= 1 << 15,
};

/**
 * struct shardmap_op - one operation: ioctl(SHARDMAP_IOC_GET and its like) on a table
 * @size: sizeof(struct shardmap_op)
 * @flags: enum shardmap_op_flags; on return also SHARDMAP_INSERTED
 * @key: pointer to the key
 * @key_len: length of the key in bytes, at least 1
 * @value_len: length of the value in bytes
 * @value: pointer to the value to store (PUT, GET_OR_PUT), else zero
 * @out: pointer to the buffer for the value found (GET, GET_OR_PUT), else zero
 * @out_len: in: size of that buffer; out: length of the value found, also when
 *	ENOBUFS was returned
 * @reserved: must be zero
 * @version: out, on success: version of the entry after the operation; 0 if
 *	there is none.  A version is never used twice for one key.
 * @delta: number to add (ADD), else zero
 * @initial: what a new key starts from (ADD with SHARDMAP_CREATE), else zero
 * @old: out: the number before the addition (ADD)
 */
struct shardmap_op {
	__u32 size;
	__u32 flags;
	__aligned_u64 key;
	__u32 key_len;
	__u32 value_len;
	__aligned_u64 value;
	__aligned_u64 out;
	__u32 out_len;
	__u32 reserved;
	__aligned_u64 version;
	__aligned_u64 delta;
	__aligned_u64 initial;
	__aligned_u64 old;
};

/**
 * struct shardmap_batch_op - one operation of a batch
 * @opcode: enum shardmap_opcode
 * @flags: as in struct shardmap_op
 * @status: out: 0 or a negative errno of this operation
 * @key_off: where the key stands in the batch's input
 * @key_len: length of the key in bytes, at least 1
 * @value_off: where the value to store stands in the batch's input
 * @value_len: length of that value in bytes
 * @out_off: where the value found goes in the batch's output
 * @out_len: as in struct shardmap_op
 * @version: as in struct shardmap_op
 * @delta: as in struct shardmap_op
 * @initial: as in struct shardmap_op
 * @old: as in struct shardmap_op
 */
struct shardmap_batch_op {
	__u16 opcode;
	__u16 flags;
	__s32 status;
	__u32 key_off;
	__u32 key_len;
	__u32 value_off;
	__u32 value_len;
	__u32 out_off;
	__u32 out_len;
	__aligned_u64 version;
	__aligned_u64 delta;
	__aligned_u64 initial;
	__aligned_u64 old;
};

/**
 * struct shardmap_batch - ioctl(SHARDMAP_IOC_BATCH) on a table
 * @size: sizeof(struct shardmap_batch)
 * @flags: must be zero
 * @ops: pointer to an array of struct shardmap_batch_op
 * @nr_ops: number of operations, 1 to SHARDMAP_BATCH_OPS_MAX
 * @op_size: sizeof(struct shardmap_batch_op)
 * @in: pointer to the input: all keys and all values to store
 * @out: pointer to the output: all values found
 * @in_len: size of the input in bytes, up to SHARDMAP_BATCH_BYTES_MAX
 * @out_len: size of the output in bytes, up to SHARDMAP_BATCH_BYTES_MAX
 * @done: out: operations carried out; less than @nr_ops only after a signal
 * @reserved: must be zero
 *
 * Carries out the operations in order, each on its own and with its own status;
 * one that fails does not stop the next.  EINVAL is the status of one whose key,
 * value or buffer does not lie within the input or output.  Any signal ends the
 * batch early with success and @done; a fatal one with EINTR if nothing was done.  Of the output only the values
 * found are written, so a batch goes on with the rest of its operations and the
 * same input and output.
 *
 * If the results cannot be written back (EFAULT) the operations up to @done
 * have been carried out all the same: their memory was writable when the
 * command began.
 */
struct shardmap_batch {
	__u32 size;
	__u32 flags;
	__aligned_u64 ops;
	__u32 nr_ops;
	__u32 op_size;
	__aligned_u64 in;
	__aligned_u64 out;
	__u32 in_len;
	__u32 out_len;
	__u32 done;
	__u32 reserved;
};

/**
 * struct shardmap_cursor - a place in a table, in the order of a scan
 * @hash: zero starts at the beginning
 * @tie: zero starts at the beginning
 *
 * Plain data: it may be stored and used by another process, and stays valid
 * whatever happens to the table's contents.
 */
struct shardmap_cursor {
	__aligned_u64 hash;
	__aligned_u64 tie;
};

/**
 * struct shardmap_record - header of one entry in a scan's buffer
 * @record_len: bytes from this header to the next, a multiple of 8
 * @key_len: length of the key, which follows the header
 * @value_len: length of the value, which follows the key at the next multiple
 *	of 8 from the header
 * @reserved: zero
 * @version: version of the entry
 */
struct shardmap_record {
	__u32 record_len;
	__u32 key_len;
	__u32 value_len;
	__u32 reserved;
	__aligned_u64 version;
};

/**
 * struct shardmap_scan - ioctl(SHARDMAP_IOC_SCAN) on a table
 * @size: sizeof(struct shardmap_scan)
 * @flags: must be zero
 * @cursor: in: where to go on; out: where the next call goes on
 * @buf: pointer to the buffer for records
 * @buf_len: in: its size in bytes, up to SHARDMAP_SCAN_BYTES_MAX; out: with
 *	ENOBUFS the size that the next record needs
 * @used: out: bytes of records written
 * @records: out: number of records written
 * @done: out: 1 if the pass has ended, else 0
 *
 * A pass, from a zero cursor to @done, returns every key that is present
 * throughout exactly once and any key at most once, whatever is inserted,
 * removed, grown or shrunk meanwhile.  A call may return no record without
 * having come to the end.
 */
struct shardmap_scan {
	__u32 size;
	__u32 flags;
	struct shardmap_cursor cursor;
	__aligned_u64 buf;
	__u32 buf_len;
	__u32 used;
	__u32 records;
	__u32 done;
};

/**
 * struct shardmap_clear - ioctl(SHARDMAP_IOC_CLEAR) on a table
 * @size: sizeof(struct shardmap_clear)
 * @flags: must be zero
 * @removed: out: number of entries removed
 *
 * Removes every key that is present throughout.  Keys that are stored while it
 * runs may stay.  A fatal signal or a lack of memory ends it early with EINTR or
 * ENOMEM, and @removed tells how far it came.
 */
struct shardmap_clear {
	__u32 size;
	__u32 flags;
	__aligned_u64 removed;
};

#define SHARDMAP_IOC_CREATE	_IOWR(SHARDMAP_IOC_TYPE, 0x00, struct shardmap_create)
#define SHARDMAP_IOC_DEVICE_INFO \
	_IOWR(SHARDMAP_IOC_TYPE, 0x01, struct shardmap_device_info)

#define SHARDMAP_IOC_INFO	_IOWR(SHARDMAP_IOC_TYPE, 0x20, struct shardmap_info)
#define SHARDMAP_IOC_GET	_IOWR(SHARDMAP_IOC_TYPE, 0x21, struct shardmap_op)
#define SHARDMAP_IOC_PUT	_IOWR(SHARDMAP_IOC_TYPE, 0x22, struct shardmap_op)
#define SHARDMAP_IOC_DELETE	_IOWR(SHARDMAP_IOC_TYPE, 0x23, struct shardmap_op)
#define SHARDMAP_IOC_GET_OR_PUT	_IOWR(SHARDMAP_IOC_TYPE, 0x24, struct shardmap_op)
#define SHARDMAP_IOC_ADD	_IOWR(SHARDMAP_IOC_TYPE, 0x25, struct shardmap_op)
#define SHARDMAP_IOC_BATCH	_IOWR(SHARDMAP_IOC_TYPE, 0x40, struct shardmap_batch)
#define SHARDMAP_IOC_SCAN	_IOWR(SHARDMAP_IOC_TYPE, 0x41, struct shardmap_scan)
#define SHARDMAP_IOC_CLEAR	_IOWR(SHARDMAP_IOC_TYPE, 0x42, struct shardmap_clear)

/* clang-format on */

#endif /* _UAPI_LINUX_SHARDMAP_H */
