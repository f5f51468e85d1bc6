/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The layout that programs were compiled with.  A failing line here means that
 * they no longer work with the kernel.  Checked as C and C++, for 32 and 64 bit.
 */
#ifndef _SHARDMAP_SELFTEST_ABI_LAYOUT_H
#define _SHARDMAP_SELFTEST_ABI_LAYOUT_H

#include <assert.h>
#include <stddef.h>

#include <linux/shardmap.h>

#define AT(type, member, offset, bytes)                              \
	static_assert(offsetof(struct type, member) == (offset),     \
		      #type "." #member " moved");                   \
	static_assert(sizeof(((struct type *)0)->member) == (bytes), \
		      #type "." #member " changed its size")
#define SIZE(type, bytes)                                   \
	static_assert(sizeof(struct type) == (bytes),       \
		      "struct " #type " changed its size"); \
	static_assert(__alignof__(struct type) == 8,        \
		      "struct " #type " changed its alignment")
#define VALUE(name, number) static_assert((name) == (number), #name " changed")

SIZE(shardmap_create, 40);
AT(shardmap_create, size, 0, 4);
AT(shardmap_create, flags, 4, 4);
AT(shardmap_create, nr_shards, 8, 4);
AT(shardmap_create, max_key_len, 12, 4);
AT(shardmap_create, max_value_len, 16, 4);
AT(shardmap_create, reserved, 20, 4);
AT(shardmap_create, max_entries, 24, 8);
AT(shardmap_create, max_bytes, 32, 8);

SIZE(shardmap_device_info, 48);
AT(shardmap_device_info, size, 0, 4);
AT(shardmap_device_info, reserved, 4, 4);
AT(shardmap_device_info, create_flags, 8, 8);
AT(shardmap_device_info, opcodes, 16, 8);
AT(shardmap_device_info, max_key_len, 24, 4);
AT(shardmap_device_info, max_value_len, 28, 4);
AT(shardmap_device_info, max_shards, 32, 4);
AT(shardmap_device_info, max_batch_ops, 36, 4);
AT(shardmap_device_info, tables, 40, 8);

SIZE(shardmap_info, 104);
AT(shardmap_info, size, 0, 4);
AT(shardmap_info, reserved, 4, 4);
AT(shardmap_info, id, 8, 8);
AT(shardmap_info, flags, 16, 4);
AT(shardmap_info, nr_shards, 20, 4);
AT(shardmap_info, max_key_len, 24, 4);
AT(shardmap_info, max_value_len, 28, 4);
AT(shardmap_info, max_entries, 32, 8);
AT(shardmap_info, max_bytes, 40, 8);
AT(shardmap_info, entries, 48, 8);
AT(shardmap_info, entry_bytes, 56, 8);
AT(shardmap_info, index_bytes, 64, 8);
AT(shardmap_info, deferred_bytes, 72, 8);
AT(shardmap_info, buckets, 80, 8);
AT(shardmap_info, overflow_lines, 88, 8);
AT(shardmap_info, resizes, 96, 8);

SIZE(shardmap_op, 80);
AT(shardmap_op, size, 0, 4);
AT(shardmap_op, flags, 4, 4);
AT(shardmap_op, key, 8, 8);
AT(shardmap_op, key_len, 16, 4);
AT(shardmap_op, value_len, 20, 4);
AT(shardmap_op, value, 24, 8);
AT(shardmap_op, out, 32, 8);
AT(shardmap_op, out_len, 40, 4);
AT(shardmap_op, reserved, 44, 4);
AT(shardmap_op, version, 48, 8);
AT(shardmap_op, delta, 56, 8);
AT(shardmap_op, initial, 64, 8);
AT(shardmap_op, old, 72, 8);

SIZE(shardmap_batch_op, 64);
AT(shardmap_batch_op, opcode, 0, 2);
AT(shardmap_batch_op, flags, 2, 2);
AT(shardmap_batch_op, status, 4, 4);
AT(shardmap_batch_op, key_off, 8, 4);
AT(shardmap_batch_op, key_len, 12, 4);
AT(shardmap_batch_op, value_off, 16, 4);
AT(shardmap_batch_op, value_len, 20, 4);
AT(shardmap_batch_op, out_off, 24, 4);
AT(shardmap_batch_op, out_len, 28, 4);
AT(shardmap_batch_op, version, 32, 8);
AT(shardmap_batch_op, delta, 40, 8);
AT(shardmap_batch_op, initial, 48, 8);
AT(shardmap_batch_op, old, 56, 8);

SIZE(shardmap_batch, 56);
AT(shardmap_batch, size, 0, 4);
AT(shardmap_batch, flags, 4, 4);
AT(shardmap_batch, ops, 8, 8);
AT(shardmap_batch, nr_ops, 16, 4);
AT(shardmap_batch, op_size, 20, 4);
AT(shardmap_batch, in, 24, 8);
AT(shardmap_batch, out, 32, 8);
AT(shardmap_batch, in_len, 40, 4);
AT(shardmap_batch, out_len, 44, 4);
AT(shardmap_batch, done, 48, 4);
AT(shardmap_batch, reserved, 52, 4);

SIZE(shardmap_cursor, 16);
AT(shardmap_cursor, hash, 0, 8);
AT(shardmap_cursor, tie, 8, 8);

SIZE(shardmap_record, 24);
AT(shardmap_record, record_len, 0, 4);
AT(shardmap_record, key_len, 4, 4);
AT(shardmap_record, value_len, 8, 4);
AT(shardmap_record, reserved, 12, 4);
AT(shardmap_record, version, 16, 8);

SIZE(shardmap_scan, 48);
AT(shardmap_scan, size, 0, 4);
AT(shardmap_scan, flags, 4, 4);
AT(shardmap_scan, cursor, 8, 16);
AT(shardmap_scan, buf, 24, 8);
AT(shardmap_scan, buf_len, 32, 4);
AT(shardmap_scan, used, 36, 4);
AT(shardmap_scan, records, 40, 4);
AT(shardmap_scan, done, 44, 4);

SIZE(shardmap_clear, 16);
AT(shardmap_clear, size, 0, 4);
AT(shardmap_clear, flags, 4, 4);
AT(shardmap_clear, removed, 8, 8);

VALUE(SHARDMAP_IOC_CREATE, 0xc028c500);
VALUE(SHARDMAP_IOC_DEVICE_INFO, 0xc030c501);
VALUE(SHARDMAP_IOC_INFO, 0xc068c520);
VALUE(SHARDMAP_IOC_GET, 0xc050c521);
VALUE(SHARDMAP_IOC_PUT, 0xc050c522);
VALUE(SHARDMAP_IOC_DELETE, 0xc050c523);
VALUE(SHARDMAP_IOC_GET_OR_PUT, 0xc050c524);
VALUE(SHARDMAP_IOC_ADD, 0xc050c525);
VALUE(SHARDMAP_IOC_BATCH, 0xc038c540);
VALUE(SHARDMAP_IOC_SCAN, 0xc030c541);
VALUE(SHARDMAP_IOC_CLEAR, 0xc010c542);

VALUE(SHARDMAP_OP_GET, 0);
VALUE(SHARDMAP_OP_PUT, 1);
VALUE(SHARDMAP_OP_DELETE, 2);
VALUE(SHARDMAP_OP_GET_OR_PUT, 3);
VALUE(SHARDMAP_OP_ADD, 4);

VALUE(SHARDMAP_CREATE_FAST_HASH, 1);
VALUE(SHARDMAP_CREATE_INLINE, 2);
VALUE(SHARDMAP_NOEXIST, 1);
VALUE(SHARDMAP_EXIST, 2);
VALUE(SHARDMAP_CREATE, 4);
VALUE(SHARDMAP_INSERTED, 32768);

#undef AT
#undef SIZE
#undef VALUE

#endif /* _SHARDMAP_SELFTEST_ABI_LAYOUT_H */
