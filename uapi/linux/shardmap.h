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
 *  - 0 is success (CREATE, OPEN and HANDLE return the new descriptor); a failing
 *    command has changed nothing, unless its description says so.  A caller that
 *    takes away, while a command runs, the memory that the answer goes to gets
 *    EFAULT for a command that was carried out.
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
 *  EACCES     the descriptor was not opened for this, or the table's mode forbids it
 *  EPERM      only the table's owner may do this
 *  EROFS      the table is frozen
 *  ENOENT     the table holds no such key; there is no table of this name
 *  EEXIST     the table holds the key already; there is a table of this name
 *  ESTALE     the entry has not the version or the value that was expected
 *  ENOBUFS    the buffer for the answer is too small; the length is reported
 *  ENOSPC     the table is full
 *  EDQUOT     the user has as many tables, or as many bytes in them, as are allowed
 *  ECANCELED  another operation of the same all-or-nothing batch failed
 *  EBUSY      the descriptor watches its table already
 *  EAGAIN     there is no change to read, and the descriptor does not wait
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
#define SHARDMAP_ATOMIC_OPS_MAX		64
#define SHARDMAP_SCAN_BYTES_MAX		(16 << 20)
#define SHARDMAP_RESERVE_MAX		(1ULL << 32)
#define SHARDMAP_NAME_LEN_MAX		63
#define SHARDMAP_WATCH_BYTES_MIN	4096
#define SHARDMAP_WATCH_BYTES_MAX	(16 << 20)

/**
 * enum shardmap_create_flags - properties fixed when a table is made
 * @SHARDMAP_CREATE_FAST_HASH: hash keys with the fast keyed function instead of
 *	SipHash-1-3.  Only for tables whose writers are all trusted.
 * @SHARDMAP_CREATE_INLINE: keep small entries of one size in the bucket lines
 *	themselves: faster, and less memory.  Each key has just @max_key_len bytes and
 *	each value just @max_value_len, both 1 to 8; a shorter one is EINVAL.
 *	@max_bytes must be zero, as entries take no memory of their own, and no entry
 *	can have a time to live.  The version that a lookup returns may be older than
 *	the value, never newer.
 * @SHARDMAP_CREATE_EVICT: when the table is full, remove an entry that was not
 *	looked up lately, rather than refuse the new one.  Needs @max_entries or
 *	@max_bytes; not with SHARDMAP_CREATE_INLINE.
 */
enum shardmap_create_flags {
	SHARDMAP_CREATE_FAST_HASH	= 1 << 0,
	SHARDMAP_CREATE_INLINE		= 1 << 1,
	SHARDMAP_CREATE_EVICT		= 1 << 2,
};

/**
 * enum shardmap_access - what a descriptor may be used for
 * @SHARDMAP_READ: to look at entries
 * @SHARDMAP_WRITE: to change them.  What returns a value that was there, or tells
 *	whether it is an expected one, needs both.
 */
enum shardmap_access {
	SHARDMAP_READ			= 1 << 0,
	SHARDMAP_WRITE			= 1 << 1,
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
 * @mode: who may open a named table, as read and write bits of chmod(2); zero
 *	without a name
 * @max_entries: most entries the table may hold; 0 is no limit
 * @max_bytes: most bytes of memory that entries may take; 0 is no limit
 * @name: pointer to the table's name, or zero for a private table
 * @name_len: length of the name in bytes, up to SHARDMAP_NAME_LEN_MAX
 * @reserved: must be zero
 *
 * Makes an empty table and returns a close-on-exec descriptor of it, for reading
 * and writing.  A private table lives until its last descriptor is closed, a named
 * one until it is unlinked, too, or the module is unloaded.  A name is seen in the
 * user namespace that it was made in; it has no slash and no control characters
 * (EINVAL), and EEXIST tells that there is one already.
 */
struct shardmap_create {
	__u32 size;
	__u32 flags;
	__u32 nr_shards;
	__u32 max_key_len;
	__u32 max_value_len;
	__u32 mode;
	__aligned_u64 max_entries;
	__aligned_u64 max_bytes;
	__aligned_u64 name;
	__u32 name_len;
	__u32 reserved;
};

/**
 * struct shardmap_open - ioctl(SHARDMAP_IOC_OPEN) on the device
 * @size: sizeof(struct shardmap_open)
 * @access: enum shardmap_access, at least one
 * @name: pointer to the table's name
 * @name_len: length of the name in bytes
 * @reserved: must be zero
 *
 * Returns a close-on-exec descriptor of a named table.  EACCES if the table's mode
 * does not give the caller this access; CAP_DAC_OVERRIDE in the table's user
 * namespace does.
 */
struct shardmap_open {
	__u32 size;
	__u32 access;
	__aligned_u64 name;
	__u32 name_len;
	__u32 reserved;
};

/**
 * struct shardmap_unlink - ioctl(SHARDMAP_IOC_UNLINK) on the device
 * @size: sizeof(struct shardmap_unlink)
 * @flags: must be zero
 * @name: pointer to the table's name
 * @name_len: length of the name in bytes
 * @reserved: must be zero
 *
 * Takes a table's name away.  EPERM unless the caller is its owner or has CAP_FOWNER
 * in its user namespace.
 */
struct shardmap_unlink {
	__u32 size;
	__u32 flags;
	__aligned_u64 name;
	__u32 name_len;
	__u32 reserved;
};

/**
 * struct shardmap_list_record - one named table in a list
 * @record_len: bytes from this record to the next, a multiple of 8
 * @name_len: length of the name, which follows
 * @mode: as in struct shardmap_create
 * @uid: owner, as the caller's user namespace has it
 * @gid: group
 * @descriptors: open descriptors of the table, each counted once however often it
 *	was duplicated
 * @id: number of the table
 */
struct shardmap_list_record {
	__u32 record_len;
	__u32 name_len;
	__u32 mode;
	__u32 uid;
	__u32 gid;
	__u32 descriptors;
	__aligned_u64 id;
};

/**
 * struct shardmap_list - ioctl(SHARDMAP_IOC_LIST) on the device
 * @size: sizeof(struct shardmap_list)
 * @flags: must be zero
 * @after: in: list tables of a higher number than this, zero for all; out: where
 *	the next call goes on
 * @buf: pointer to the buffer for records
 * @buf_len: in: its size in bytes; out: with ENOBUFS the size that the next record
 *	needs
 * @used: out: bytes of records written
 * @records: out: number of records written
 * @done: out: 1 if there are no more
 *
 * Lists the named tables of the caller's user namespace in the order in which they
 * were made.
 */
struct shardmap_list {
	__u32 size;
	__u32 flags;
	__aligned_u64 after;
	__aligned_u64 buf;
	__u32 buf_len;
	__u32 used;
	__u32 records;
	__u32 done;
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
 * @max_atomic_ops: out: SHARDMAP_ATOMIC_OPS_MAX of the running kernel
 * @max_name_len: out: SHARDMAP_NAME_LEN_MAX of the running kernel
 * @user_tables: out: tables that the caller's user has made
 * @user_max_tables: out: most tables a user may have, 0 if there is no limit
 * @user_bytes: out: memory of these tables' entries and index; 0 without a limit
 * @user_max_bytes: out: most of that memory, 0 if there is no limit
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
	__u32 max_atomic_ops;
	__u32 max_name_len;
	__aligned_u64 user_tables;
	__aligned_u64 user_max_tables;
	__aligned_u64 user_bytes;
	__aligned_u64 user_max_bytes;
};

/**
 * enum shardmap_state - what has become of a table
 * @SHARDMAP_FROZEN: it does not change any more
 * @SHARDMAP_NAMED: it has a name now
 */
enum shardmap_state {
	SHARDMAP_FROZEN			= 1 << 0,
	SHARDMAP_NAMED			= 1 << 1,
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
 * @evicted: out: entries removed to make room
 * @expired: out: entries removed after their time
 * @access: out: enum shardmap_access of this descriptor
 * @state: out: enum shardmap_state
 * @mode: out: mode of a table made with a name
 * @uid: out: its owner, as the caller's user namespace has it
 * @gid: out: its group
 * @descriptors: out: as in struct shardmap_list_record
 * @name: out: the name it was made with, zeros behind it
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
	__aligned_u64 evicted;
	__aligned_u64 expired;
	__u32 access;
	__u32 state;
	__u32 mode;
	__u32 uid;
	__u32 gid;
	__u32 descriptors;
	__u8 name[64];
};

/**
 * struct shardmap_handle - ioctl(SHARDMAP_IOC_HANDLE) on a table
 * @size: sizeof(struct shardmap_handle)
 * @access: enum shardmap_access, at least one and no more than this descriptor's
 *
 * Returns another close-on-exec descriptor of the table, to be passed on.
 */
struct shardmap_handle {
	__u32 size;
	__u32 access;
};

/**
 * struct shardmap_freeze - ioctl(SHARDMAP_IOC_FREEZE) on a table
 * @size: sizeof(struct shardmap_freeze)
 * @flags: must be zero
 *
 * From its return on the table does not change any more, whoever tries (EROFS), but
 * that entries with a time to live end.  It cannot be undone.  Needs SHARDMAP_WRITE.
 */
struct shardmap_freeze {
	__u32 size;
	__u32 flags;
};

/**
 * struct shardmap_reserve - ioctl(SHARDMAP_IOC_RESERVE) on a table
 * @size: sizeof(struct shardmap_reserve)
 * @flags: must be zero
 * @entries: number of entries, up to SHARDMAP_RESERVE_MAX; 0 takes a former
 *	reservation back
 *
 * Has the bucket arrays made for so many entries now, so that they need not grow
 * later, nor shrink.  Needs SHARDMAP_WRITE.  EDQUOT if they would take more than all that
 * the user is allowed.  ENOMEM, or EINTR after a fatal signal, leaves what was made so
 * far.
 */
struct shardmap_reserve {
	__u32 size;
	__u32 flags;
	__aligned_u64 entries;
};

/**
 * enum shardmap_opcode - operations on one key, alone or in a batch
 * @SHARDMAP_OP_GET: copy out the value.  Fails with ENOENT, ENOBUFS.
 * @SHARDMAP_OP_PUT: store the value.  By flags only if the key is new (EEXIST)
 *	or only if it is there (ENOENT), and with the value that was there copied out
 *	(ENOBUFS).
 * @SHARDMAP_OP_DELETE: remove the key.  By flags only if it has the version or the
 *	value expected (ESTALE).  Fails with ENOENT.
 * @SHARDMAP_OP_GET_OR_PUT: store the value if the key is new, else copy out the
 *	value it has.  Fails with ENOBUFS, having stored nothing.
 * @SHARDMAP_OP_ADD: add a number to an 8-byte value, modulo 2^64.  By flag a new
 *	key starts from an initial value, to which the number is added, else
 *	ENOENT.  EINVAL if the value is not 8 bytes long.
 * @SHARDMAP_OP_CAS: store the value if the key has the version or the value
 *	expected, as flags tell (ESTALE, ENOENT)
 * @SHARDMAP_OP_TAKE: DELETE, and copy out the value that was there (ENOBUFS)
 * @SHARDMAP_OP_NR: number of opcodes, not an opcode
 */
enum shardmap_opcode {
	SHARDMAP_OP_GET		= 0,
	SHARDMAP_OP_PUT		= 1,
	SHARDMAP_OP_DELETE	= 2,
	SHARDMAP_OP_GET_OR_PUT	= 3,
	SHARDMAP_OP_ADD		= 4,
	SHARDMAP_OP_CAS		= 5,
	SHARDMAP_OP_TAKE	= 6,
	SHARDMAP_OP_NR		= 7,
};

/**
 * enum shardmap_op_flags - how an operation behaves, and what it found
 * @SHARDMAP_NOEXIST: PUT: fail with EEXIST if the key is there
 * @SHARDMAP_EXIST: PUT: fail with ENOENT if the key is not there
 * @SHARDMAP_CREATE: ADD: make the key from the initial value if it is not there
 * @SHARDMAP_SWAP: PUT: copy out the value that was there
 * @SHARDMAP_IF_VERSION: CAS, DELETE, TAKE: only if the entry has this version
 * @SHARDMAP_IF_VALUE: CAS, DELETE, TAKE: only if the entry has the expected value
 * @SHARDMAP_IF_CHANGED: GET: copy out only if the entry has another version
 * @SHARDMAP_NO_TOUCH: GET: in a table that evicts, do not count as a use
 * @SHARDMAP_UNCHANGED: out only: GET with SHARDMAP_IF_CHANGED copied nothing, since
 *	the entry has that version still
 * @SHARDMAP_INSERTED: out only: the operation made a new entry
 *
 * Those that are out only are to be cleared before the structure is used again.
 */
enum shardmap_op_flags {
	SHARDMAP_NOEXIST	= 1 << 0,
	SHARDMAP_EXIST		= 1 << 1,
	SHARDMAP_CREATE		= 1 << 2,
	SHARDMAP_SWAP		= 1 << 3,
	SHARDMAP_IF_VERSION	= 1 << 4,
	SHARDMAP_IF_VALUE	= 1 << 5,
	SHARDMAP_IF_CHANGED	= 1 << 6,
	SHARDMAP_NO_TOUCH	= 1 << 7,
	SHARDMAP_UNCHANGED	= 1 << 14,
	SHARDMAP_INSERTED	= 1 << 15,
};

/**
 * struct shardmap_op - one operation: ioctl(SHARDMAP_IOC_GET and its like) on a table
 * @size: sizeof(struct shardmap_op)
 * @flags: enum shardmap_op_flags; on return also those that are out only
 * @key: pointer to the key
 * @key_len: length of the key in bytes, at least 1
 * @value_len: length of the value in bytes
 * @value: pointer to the value to store (PUT, GET_OR_PUT, CAS), else zero
 * @out: pointer to the buffer for the value found (GET, GET_OR_PUT, TAKE, and PUT
 *	with SHARDMAP_SWAP), else zero
 * @out_len: in: size of that buffer; out: length of the value found, also when
 *	ENOBUFS was returned; 0 if there was none
 * @expected_len: length of the expected value in bytes
 * @version: in: with SHARDMAP_IF_VERSION or SHARDMAP_IF_CHANGED the version to
 *	compare with; out, on success: version of the entry after the operation, or of
 *	the one that TAKE removed; 0 if there is none.  A version is never used twice
 *	for one key.
 * @delta: number to add (ADD), else zero
 * @initial: what a new key starts from (ADD with SHARDMAP_CREATE), else zero
 * @old: out: the number before the addition (ADD)
 * @expected: pointer to the expected value (SHARDMAP_IF_VALUE), else zero
 * @ttl: for how many nanoseconds, of CLOCK_BOOTTIME, what is stored shall live
 *	(PUT, GET_OR_PUT, CAS, and ADD that makes a key); 0 is for ever.  PUT and CAS
 *	set it anew, ADD leaves that of an entry which is there.
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
	__u32 expected_len;
	__aligned_u64 version;
	__aligned_u64 delta;
	__aligned_u64 initial;
	__aligned_u64 old;
	__aligned_u64 expected;
	__aligned_u64 ttl;
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
 * @expected_off: where the expected value stands in the batch's input
 * @expected_len: length of that value in bytes
 * @ttl: as in struct shardmap_op
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
	__u32 expected_off;
	__u32 expected_len;
	__aligned_u64 ttl;
};

/**
 * enum shardmap_batch_flags - how a batch behaves
 * @SHARDMAP_BATCH_ATOMIC: all or nothing
 */
enum shardmap_batch_flags {
	SHARDMAP_BATCH_ATOMIC	= 1 << 0,
};

/**
 * struct shardmap_batch - ioctl(SHARDMAP_IOC_BATCH) on a table
 * @size: sizeof(struct shardmap_batch)
 * @flags: enum shardmap_batch_flags
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
 * value or buffer does not lie within the input or output, and EACCES or EROFS that
 * of one that this descriptor or this table does not take.  Any signal ends the
 * batch early with success and @done; a fatal one with EINTR if nothing was done.  Of
 * the output only the values found are written, so a batch goes on with the rest of
 * its operations and the same input and output.
 *
 * With SHARDMAP_BATCH_ATOMIC either all operations are carried out or none, at one
 * moment for whatever else updates the table: no update and no other all-or-nothing
 * batch comes between them.  There may be SHARDMAP_ATOMIC_OPS_MAX operations at most,
 * each on a key of its own (EINVAL).  If one fails the command fails with ECANCELED:
 * @status tells why of each one that failed, and is ECANCELED for the others.  ENOSPC,
 * EDQUOT and ENOMEM of the command mean that there is no room for all of them.  Lookups,
 * scans and plain batches take no lock and may see some of the changes before others;
 * an all-or-nothing batch of lookups sees all of them or none.
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
 * @expires: when the entry ends, in ns of CLOCK_BOOTTIME; 0 is never
 */
struct shardmap_record {
	__u32 record_len;
	__u32 key_len;
	__u32 value_len;
	__u32 reserved;
	__aligned_u64 version;
	__aligned_u64 expires;
};

/**
 * enum shardmap_scan_flags - how a scan behaves
 * @SHARDMAP_SCAN_DRAIN: remove the entries that are returned
 */
enum shardmap_scan_flags {
	SHARDMAP_SCAN_DRAIN	= 1 << 0,
};

/**
 * struct shardmap_scan - ioctl(SHARDMAP_IOC_SCAN) on a table
 * @size: sizeof(struct shardmap_scan)
 * @flags: enum shardmap_scan_flags
 * @cursor: in: where to go on; out: where the next call goes on
 * @buf: pointer to the buffer for records
 * @buf_len: in: its size in bytes, up to SHARDMAP_SCAN_BYTES_MAX; out: with
 *	ENOBUFS the size that the next record needs
 * @used: out: bytes of records written
 * @records: out: number of records written
 * @done: out: 1 if the pass has ended, else 0
 * @prefix: pointer to a prefix; only keys that begin with it are returned
 * @prefix_len: its length in bytes, up to SHARDMAP_KEY_LEN_MAX; 0 is any key
 * @reserved: must be zero
 *
 * A pass, from a zero cursor to @done, returns every key that is present
 * throughout exactly once and any key at most once, whatever is inserted,
 * removed, grown or shrunk meanwhile.  A call may return no record without
 * having come to the end.
 *
 * With SHARDMAP_SCAN_DRAIN an entry is removed once it stands in the caller's
 * memory, and only as long as it is the very entry that was copied: no value is
 * lost and none is returned twice.  A drain needs SHARDMAP_WRITE, too.  If it fails it
 * has removed nothing.
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
	__aligned_u64 prefix;
	__u32 prefix_len;
	__u32 reserved;
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

/**
 * struct shardmap_watch - ioctl(SHARDMAP_IOC_WATCH) on a table
 * @size: sizeof(struct shardmap_watch)
 * @flags: must be zero
 * @ring_bytes: memory for changes that were not read yet, a power of two from
 *	SHARDMAP_WATCH_BYTES_MIN to SHARDMAP_WATCH_BYTES_MAX; 0 lets the kernel choose
 * @reserved: must be zero
 *
 * From here on read() of this descriptor returns the table's changes, each as a
 * struct shardmap_change: as many as fit, at least one (else EINVAL).  It waits for
 * one unless the descriptor is O_NONBLOCK (EAGAIN); poll() tells EPOLLIN when there
 * is one.  Changes of one key come in their order.  What finds no room is counted,
 * and told by a record of its own.  Needs SHARDMAP_READ.  Watching ends with the
 * descriptor; who duplicated or inherited it reads from the same ring.
 */
struct shardmap_watch {
	__u32 size;
	__u32 flags;
	__u32 ring_bytes;
	__u32 reserved;
};

/**
 * enum shardmap_change_op - what happened to a key
 * @SHARDMAP_CHANGE_INSERT: it was stored, and had not been there
 * @SHARDMAP_CHANGE_UPDATE: it got another value
 * @SHARDMAP_CHANGE_DELETE: it was removed
 * @SHARDMAP_CHANGE_EXPIRE: its time was over; told when its memory is taken back
 * @SHARDMAP_CHANGE_EVICT: it was removed to make room
 * @SHARDMAP_CHANGE_LOST: here changes are missing, as many as @version says
 */
enum shardmap_change_op {
	SHARDMAP_CHANGE_INSERT	= 1,
	SHARDMAP_CHANGE_UPDATE	= 2,
	SHARDMAP_CHANGE_DELETE	= 3,
	SHARDMAP_CHANGE_EXPIRE	= 4,
	SHARDMAP_CHANGE_EVICT	= 5,
	SHARDMAP_CHANGE_LOST	= 6,
};

/**
 * struct shardmap_change - one change, as read() returns it
 * @record_len: bytes from this record to the next, a multiple of 8
 * @op: enum shardmap_change_op
 * @key_len: length of the key, which follows
 * @version: version that the key got, or had when it went
 */
struct shardmap_change {
	__u32 record_len;
	__u16 op;
	__u16 key_len;
	__aligned_u64 version;
};

#define SHARDMAP_IOC_CREATE	_IOWR(SHARDMAP_IOC_TYPE, 0x00, struct shardmap_create)
#define SHARDMAP_IOC_DEVICE_INFO \
	_IOWR(SHARDMAP_IOC_TYPE, 0x01, struct shardmap_device_info)
#define SHARDMAP_IOC_OPEN	_IOWR(SHARDMAP_IOC_TYPE, 0x02, struct shardmap_open)
#define SHARDMAP_IOC_UNLINK	_IOWR(SHARDMAP_IOC_TYPE, 0x03, struct shardmap_unlink)
#define SHARDMAP_IOC_LIST	_IOWR(SHARDMAP_IOC_TYPE, 0x04, struct shardmap_list)

#define SHARDMAP_IOC_INFO	_IOWR(SHARDMAP_IOC_TYPE, 0x20, struct shardmap_info)
#define SHARDMAP_IOC_GET	_IOWR(SHARDMAP_IOC_TYPE, 0x21, struct shardmap_op)
#define SHARDMAP_IOC_PUT	_IOWR(SHARDMAP_IOC_TYPE, 0x22, struct shardmap_op)
#define SHARDMAP_IOC_DELETE	_IOWR(SHARDMAP_IOC_TYPE, 0x23, struct shardmap_op)
#define SHARDMAP_IOC_GET_OR_PUT	_IOWR(SHARDMAP_IOC_TYPE, 0x24, struct shardmap_op)
#define SHARDMAP_IOC_ADD	_IOWR(SHARDMAP_IOC_TYPE, 0x25, struct shardmap_op)
#define SHARDMAP_IOC_CAS	_IOWR(SHARDMAP_IOC_TYPE, 0x26, struct shardmap_op)
#define SHARDMAP_IOC_TAKE	_IOWR(SHARDMAP_IOC_TYPE, 0x27, struct shardmap_op)
#define SHARDMAP_IOC_BATCH	_IOWR(SHARDMAP_IOC_TYPE, 0x40, struct shardmap_batch)
#define SHARDMAP_IOC_SCAN	_IOWR(SHARDMAP_IOC_TYPE, 0x41, struct shardmap_scan)
#define SHARDMAP_IOC_CLEAR	_IOWR(SHARDMAP_IOC_TYPE, 0x42, struct shardmap_clear)
#define SHARDMAP_IOC_HANDLE	_IOWR(SHARDMAP_IOC_TYPE, 0x43, struct shardmap_handle)
#define SHARDMAP_IOC_FREEZE	_IOWR(SHARDMAP_IOC_TYPE, 0x44, struct shardmap_freeze)
#define SHARDMAP_IOC_RESERVE	_IOWR(SHARDMAP_IOC_TYPE, 0x45, struct shardmap_reserve)
#define SHARDMAP_IOC_WATCH	_IOWR(SHARDMAP_IOC_TYPE, 0x46, struct shardmap_watch)

/* clang-format on */

#endif /* _UAPI_LINUX_SHARDMAP_H */
