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
#define SIZE_ALIGN(type, bytes, align)                      \
	static_assert(sizeof(struct type) == (bytes),       \
		      "struct " #type " changed its size"); \
	static_assert(__alignof__(struct type) == (align),  \
		      "struct " #type " changed its alignment")
#define SIZE(type, bytes) SIZE_ALIGN(type, bytes, 8)
/* Of 32-bit members only */
#define SIZE4(type, bytes) SIZE_ALIGN(type, bytes, 4)
#define VALUE(name, number) static_assert((name) == (number), #name " changed")

SIZE(shardmap_create, 56);
AT(shardmap_create, size, 0, 4);
AT(shardmap_create, flags, 4, 4);
AT(shardmap_create, nr_shards, 8, 4);
AT(shardmap_create, max_key_len, 12, 4);
AT(shardmap_create, max_value_len, 16, 4);
AT(shardmap_create, mode, 20, 4);
AT(shardmap_create, max_entries, 24, 8);
AT(shardmap_create, max_bytes, 32, 8);
AT(shardmap_create, name, 40, 8);
AT(shardmap_create, name_len, 48, 4);
AT(shardmap_create, reserved, 52, 4);

SIZE(shardmap_open, 24);
AT(shardmap_open, size, 0, 4);
AT(shardmap_open, access, 4, 4);
AT(shardmap_open, name, 8, 8);
AT(shardmap_open, name_len, 16, 4);
AT(shardmap_open, reserved, 20, 4);

SIZE(shardmap_unlink, 24);
AT(shardmap_unlink, size, 0, 4);
AT(shardmap_unlink, flags, 4, 4);
AT(shardmap_unlink, name, 8, 8);
AT(shardmap_unlink, name_len, 16, 4);
AT(shardmap_unlink, reserved, 20, 4);

SIZE(shardmap_list_record, 32);
AT(shardmap_list_record, record_len, 0, 4);
AT(shardmap_list_record, name_len, 4, 4);
AT(shardmap_list_record, mode, 8, 4);
AT(shardmap_list_record, uid, 12, 4);
AT(shardmap_list_record, gid, 16, 4);
AT(shardmap_list_record, descriptors, 20, 4);
AT(shardmap_list_record, id, 24, 8);

SIZE(shardmap_list, 40);
AT(shardmap_list, size, 0, 4);
AT(shardmap_list, flags, 4, 4);
AT(shardmap_list, after, 8, 8);
AT(shardmap_list, buf, 16, 8);
AT(shardmap_list, buf_len, 24, 4);
AT(shardmap_list, used, 28, 4);
AT(shardmap_list, records, 32, 4);
AT(shardmap_list, done, 36, 4);

SIZE(shardmap_device_info, 88);
AT(shardmap_device_info, size, 0, 4);
AT(shardmap_device_info, reserved, 4, 4);
AT(shardmap_device_info, create_flags, 8, 8);
AT(shardmap_device_info, opcodes, 16, 8);
AT(shardmap_device_info, max_key_len, 24, 4);
AT(shardmap_device_info, max_value_len, 28, 4);
AT(shardmap_device_info, max_shards, 32, 4);
AT(shardmap_device_info, max_batch_ops, 36, 4);
AT(shardmap_device_info, tables, 40, 8);
AT(shardmap_device_info, max_atomic_ops, 48, 4);
AT(shardmap_device_info, max_name_len, 52, 4);
AT(shardmap_device_info, user_tables, 56, 8);
AT(shardmap_device_info, user_max_tables, 64, 8);
AT(shardmap_device_info, user_bytes, 72, 8);
AT(shardmap_device_info, user_max_bytes, 80, 8);

SIZE(shardmap_info, 208);
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
AT(shardmap_info, evicted, 104, 8);
AT(shardmap_info, expired, 112, 8);
AT(shardmap_info, access, 120, 4);
AT(shardmap_info, state, 124, 4);
AT(shardmap_info, mode, 128, 4);
AT(shardmap_info, uid, 132, 4);
AT(shardmap_info, gid, 136, 4);
AT(shardmap_info, descriptors, 140, 4);
AT(shardmap_info, name, 144, 64);

SIZE4(shardmap_handle, 8);
AT(shardmap_handle, size, 0, 4);
AT(shardmap_handle, access, 4, 4);

SIZE4(shardmap_freeze, 8);
AT(shardmap_freeze, size, 0, 4);
AT(shardmap_freeze, flags, 4, 4);

SIZE(shardmap_reserve, 16);
AT(shardmap_reserve, size, 0, 4);
AT(shardmap_reserve, flags, 4, 4);
AT(shardmap_reserve, entries, 8, 8);

SIZE(shardmap_op, 96);
AT(shardmap_op, size, 0, 4);
AT(shardmap_op, flags, 4, 4);
AT(shardmap_op, key, 8, 8);
AT(shardmap_op, key_len, 16, 4);
AT(shardmap_op, value_len, 20, 4);
AT(shardmap_op, value, 24, 8);
AT(shardmap_op, out, 32, 8);
AT(shardmap_op, out_len, 40, 4);
AT(shardmap_op, expected_len, 44, 4);
AT(shardmap_op, version, 48, 8);
AT(shardmap_op, delta, 56, 8);
AT(shardmap_op, initial, 64, 8);
AT(shardmap_op, old, 72, 8);
AT(shardmap_op, expected, 80, 8);
AT(shardmap_op, ttl, 88, 8);

SIZE(shardmap_batch_op, 80);
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
AT(shardmap_batch_op, expected_off, 64, 4);
AT(shardmap_batch_op, expected_len, 68, 4);
AT(shardmap_batch_op, ttl, 72, 8);

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

SIZE(shardmap_record, 32);
AT(shardmap_record, record_len, 0, 4);
AT(shardmap_record, key_len, 4, 4);
AT(shardmap_record, value_len, 8, 4);
AT(shardmap_record, reserved, 12, 4);
AT(shardmap_record, version, 16, 8);
AT(shardmap_record, expires, 24, 8);

SIZE(shardmap_scan, 64);
AT(shardmap_scan, size, 0, 4);
AT(shardmap_scan, flags, 4, 4);
AT(shardmap_scan, cursor, 8, 16);
AT(shardmap_scan, buf, 24, 8);
AT(shardmap_scan, buf_len, 32, 4);
AT(shardmap_scan, used, 36, 4);
AT(shardmap_scan, records, 40, 4);
AT(shardmap_scan, done, 44, 4);
AT(shardmap_scan, prefix, 48, 8);
AT(shardmap_scan, prefix_len, 56, 4);
AT(shardmap_scan, reserved, 60, 4);

SIZE(shardmap_clear, 16);
AT(shardmap_clear, size, 0, 4);
AT(shardmap_clear, flags, 4, 4);
AT(shardmap_clear, removed, 8, 8);

SIZE4(shardmap_watch, 16);
AT(shardmap_watch, size, 0, 4);
AT(shardmap_watch, flags, 4, 4);
AT(shardmap_watch, ring_bytes, 8, 4);
AT(shardmap_watch, reserved, 12, 4);

SIZE(shardmap_change, 16);
AT(shardmap_change, record_len, 0, 4);
AT(shardmap_change, op, 4, 2);
AT(shardmap_change, key_len, 6, 2);
AT(shardmap_change, version, 8, 8);

VALUE(SHARDMAP_IOC_CREATE, 0xc038c500);
VALUE(SHARDMAP_IOC_DEVICE_INFO, 0xc058c501);
VALUE(SHARDMAP_IOC_OPEN, 0xc018c502);
VALUE(SHARDMAP_IOC_UNLINK, 0xc018c503);
VALUE(SHARDMAP_IOC_LIST, 0xc028c504);
VALUE(SHARDMAP_IOC_INFO, 0xc0d0c520);
VALUE(SHARDMAP_IOC_GET, 0xc060c521);
VALUE(SHARDMAP_IOC_PUT, 0xc060c522);
VALUE(SHARDMAP_IOC_DELETE, 0xc060c523);
VALUE(SHARDMAP_IOC_GET_OR_PUT, 0xc060c524);
VALUE(SHARDMAP_IOC_ADD, 0xc060c525);
VALUE(SHARDMAP_IOC_CAS, 0xc060c526);
VALUE(SHARDMAP_IOC_TAKE, 0xc060c527);
VALUE(SHARDMAP_IOC_BATCH, 0xc038c540);
VALUE(SHARDMAP_IOC_SCAN, 0xc040c541);
VALUE(SHARDMAP_IOC_CLEAR, 0xc010c542);
VALUE(SHARDMAP_IOC_HANDLE, 0xc008c543);
VALUE(SHARDMAP_IOC_FREEZE, 0xc008c544);
VALUE(SHARDMAP_IOC_RESERVE, 0xc010c545);
VALUE(SHARDMAP_IOC_WATCH, 0xc010c546);

VALUE(SHARDMAP_CREATE_FAST_HASH, 1);
VALUE(SHARDMAP_CREATE_INLINE, 2);
VALUE(SHARDMAP_CREATE_EVICT, 4);

VALUE(SHARDMAP_READ, 1);
VALUE(SHARDMAP_WRITE, 2);

VALUE(SHARDMAP_FROZEN, 1);
VALUE(SHARDMAP_NAMED, 2);

VALUE(SHARDMAP_OP_GET, 0);
VALUE(SHARDMAP_OP_PUT, 1);
VALUE(SHARDMAP_OP_DELETE, 2);
VALUE(SHARDMAP_OP_GET_OR_PUT, 3);
VALUE(SHARDMAP_OP_ADD, 4);
VALUE(SHARDMAP_OP_CAS, 5);
VALUE(SHARDMAP_OP_TAKE, 6);

VALUE(SHARDMAP_NOEXIST, 1);
VALUE(SHARDMAP_EXIST, 2);
VALUE(SHARDMAP_CREATE, 4);
VALUE(SHARDMAP_SWAP, 8);
VALUE(SHARDMAP_IF_VERSION, 16);
VALUE(SHARDMAP_IF_VALUE, 32);
VALUE(SHARDMAP_IF_CHANGED, 64);
VALUE(SHARDMAP_NO_TOUCH, 128);
VALUE(SHARDMAP_UNCHANGED, 16384);
VALUE(SHARDMAP_INSERTED, 32768);

VALUE(SHARDMAP_BATCH_ATOMIC, 1);

VALUE(SHARDMAP_SCAN_DRAIN, 1);

VALUE(SHARDMAP_CHANGE_INSERT, 1);
VALUE(SHARDMAP_CHANGE_UPDATE, 2);
VALUE(SHARDMAP_CHANGE_DELETE, 3);
VALUE(SHARDMAP_CHANGE_EXPIRE, 4);
VALUE(SHARDMAP_CHANGE_EVICT, 5);
VALUE(SHARDMAP_CHANGE_LOST, 6);

VALUE(SHARDMAP_KEY_LEN_MAX, 1024);
VALUE(SHARDMAP_VALUE_LEN_MAX, 65536);
VALUE(SHARDMAP_SHARDS_MAX, 4096);
VALUE(SHARDMAP_INLINE_LEN_MAX, 8);
VALUE(SHARDMAP_BATCH_OPS_MAX, 4096);
VALUE(SHARDMAP_BATCH_BYTES_MAX, 16777216);
VALUE(SHARDMAP_ATOMIC_OPS_MAX, 64);
VALUE(SHARDMAP_SCAN_BYTES_MAX, 16777216);
VALUE(SHARDMAP_RESERVE_MAX, 4294967296ULL);
VALUE(SHARDMAP_NAME_LEN_MAX, 63);
VALUE(SHARDMAP_WATCH_BYTES_MIN, 4096);
VALUE(SHARDMAP_WATCH_BYTES_MAX, 16777216);

#undef AT
#undef SIZE
#undef SIZE4
#undef SIZE_ALIGN
#undef VALUE

#endif /* _SHARDMAP_SELFTEST_ABI_LAYOUT_H */
