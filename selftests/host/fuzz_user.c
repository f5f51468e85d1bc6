// SPDX-License-Identifier: GPL-2.0-only
/*
 * A system call's structures in the caller's memory: first those of a valid call, then
 * with the changes that the fuzzer wants.  So few bytes of its input are enough for
 * calls that nearly make sense, which is where mistakes are.
 */
#include <string.h>

#include <linux/kernel.h>
#include <uapi/linux/shardmap.h>

#include "fuzz_record.h"
#include "fuzz_user.h"

#define OPS_MAX 80U

/* How long what has a time to live lives, where time is the real one */
#ifndef FUZZ_TTL_NS
#define FUZZ_TTL_NS 1000000000
#endif

#define WORDS_IN 512U

static const u32 value_lens[] = { 8, 8, 8, 0, 24, 100, 129, 300 };

static void *at(unsigned long address)
{
	return host_user_memory + (address - HOST_USER_BASE);
}

/* Words that differ, of letters, so that they will do as names, too. */
void user_init(void)
{
	unsigned char *word = at(USER_IN);
	unsigned int i;

	host_user_reset();
	host_user_page(1, HOST_USER_NONE);
	host_user_page(4, HOST_USER_NONE);
	host_user_page(6, HOST_USER_READ);
	host_user_page(7, HOST_USER_NONE);
	host_user_page(10, HOST_USER_NONE);
	for (i = 0; i < WORDS_IN; i++, word += 8) {
		memset(word, 'a' + i % 26, 8);
		word[7] = 'A' + i / 26;
	}
}

static u32 value_len(const struct record *r)
{
	return value_lens[r->y % ARRAY_SIZE(value_lens)];
}

/* A valid operation, as it is in a batch: places are offsets. */
static void make_op(struct shardmap_batch_op *op, u32 opcode,
		    const struct record *r)
{
	*op = (struct shardmap_batch_op){
		.opcode = opcode,
		.key_off = r->x % 32 * 8,
		.key_len = 8,
	};
	switch (opcode) {
	case SHARDMAP_OP_PUT:
		op->flags = r->y >> 6;
		break;
	case SHARDMAP_OP_ADD:
		op->flags = SHARDMAP_CREATE;
		op->delta = r->y;
		op->initial = r->x;
		break;
	case SHARDMAP_OP_CAS:
	case SHARDMAP_OP_TAKE:
		op->flags = r->y & 64 ? SHARDMAP_IF_VALUE : SHARDMAP_IF_VERSION;
		if (r->y & 64) {
			op->expected_off = 2048;
			op->expected_len = value_len(r);
		}
		op->version = 1 + r->y / 8 % 8;
		break;
	}
	if (opcode == SHARDMAP_OP_PUT || opcode == SHARDMAP_OP_CAS ||
	    opcode == SHARDMAP_OP_GET_OR_PUT) {
		op->value_off = 2048;
		op->value_len = value_len(r);
		op->ttl = r->y & 32 ? FUZZ_TTL_NS : 0;
	}
	if (opcode == SHARDMAP_OP_GET || opcode == SHARDMAP_OP_TAKE ||
	    opcode == SHARDMAP_OP_GET_OR_PUT) {
		op->out_off = 512;
		op->out_len = 400;
	}
}

static void make_single(void *arg, u32 opcode, const struct record *r)
{
	struct shardmap_batch_op op;

	make_op(&op, opcode, r);
	*(struct shardmap_op *)arg = (struct shardmap_op){
		.size = sizeof(struct shardmap_op),
		.flags = op.flags,
		.key = USER_IN + op.key_off,
		.key_len = op.key_len,
		.value = op.value_off ? USER_IN + op.value_off : 0,
		.value_len = op.value_len,
		.out = op.out_off ? USER_OUT + op.out_off : 0,
		.out_len = op.out_len,
		.expected = op.expected_off ? USER_IN + op.expected_off : 0,
		.expected_len = op.expected_len,
		.version = op.version,
		.delta = op.delta,
		.initial = op.initial,
		.ttl = op.ttl,
	};
}

/* The lowest bits of @x say which operations, its highest whether all or none. */
static void make_batch(void *arg, const struct record *r)
{
	struct shardmap_batch_op *op = at(USER_OPS);
	/* Mostly few: the others are for the steps of long ones. */
	u32 i, nr = r->y < 224 ? 1U + r->y % 8 : 1U + r->y % OPS_MAX;

	*(struct shardmap_batch *)arg = (struct shardmap_batch){
		.size = sizeof(struct shardmap_batch),
		.flags = r->x >> 7 ? SHARDMAP_BATCH_ATOMIC : 0,
		.ops = USER_OPS,
		.nr_ops = nr,
		.op_size = sizeof(*op),
		.in = USER_IN,
		.in_len = 4096,
		.out = USER_OUT,
		.out_len = 8192,
	};
	for (i = 0; i < nr; i++, op++) {
		struct record one = { .x = r->x + i, .y = r->y };
		u32 opcode = r->x % 16;

		make_op(op, opcode < 8 ? opcode % 7 : (opcode + i) % 7, &one);
		if (op->out_off)
			op->out_off = i * 400 % 7000;
	}
}

static void make_table(void *arg, const struct record *r)
{
	*(struct shardmap_create *)arg = (struct shardmap_create){
		.size = sizeof(struct shardmap_create),
		.flags = r->x % 8,
		.nr_shards = 1 << r->x / 8 % 4,
		.max_entries = r->x & 32 ? 1 + r->y % 32 : 0,
		.max_bytes = r->x & 64 ? r->y * 16 : 0,
		.max_key_len = r->x & SHARDMAP_CREATE_INLINE ? 8 : 0,
		.max_value_len = r->x & SHARDMAP_CREATE_INLINE ? 8 : 0,
		.name = r->x >> 7 ? USER_IN + r->y % 4 * 8 : 0,
		.name_len = r->x >> 7 ? 8 : 0,
		.mode = r->x >> 7 ? 0644 : 0,
	};
}

static void make_scan(void *arg, const struct record *r)
{
	*(struct shardmap_scan *)arg = (struct shardmap_scan){
		.size = sizeof(struct shardmap_scan),
		.flags = r->x % 4 == 3,
		/* Either has room, or ends where a page is missing. */
		.buf = r->x & 64 ? USER_OUT + 2 * HOST_USER_PAGE - 100 :
				   USER_OUT,
		.buf_len = 40 * r->y,
		.prefix = r->x >> 7 ? USER_IN + r->x % 32 * 8 : 0,
		.prefix_len = r->x >> 7 ? 1 + r->x % 9 : 0,
	};
}

/* Most structures begin with a size and one number and are zero otherwise. */
static void make_plain(void *arg, unsigned int number, u32 second)
{
	u32 *words = arg;

	memset(words, 0, _IOC_SIZE(number));
	words[0] = _IOC_SIZE(number);
	words[1] = second;
}

static void make_name(void *arg, const struct record *r, u32 second)
{
	/* OPEN and UNLINK have the same members. */
	*(struct shardmap_open *)arg = (struct shardmap_open){
		.size = sizeof(struct shardmap_open),
		.access = second,
		.name = USER_IN + r->y % 4 * 8,
		.name_len = 8,
	};
}

static void make_valid(void *arg, unsigned int number, const struct record *r)
{
	switch (number) {
	case SHARDMAP_IOC_CREATE:
		make_table(arg, r);
		return;
	case SHARDMAP_IOC_OPEN:
		make_name(arg, r, 1 + r->x % 3);
		return;
	case SHARDMAP_IOC_UNLINK:
		make_name(arg, r, 0);
		return;
	case SHARDMAP_IOC_BATCH:
		make_batch(arg, r);
		return;
	case SHARDMAP_IOC_SCAN:
		make_scan(arg, r);
		return;
	case SHARDMAP_IOC_HANDLE:
		make_plain(arg, number, 1 + r->x % 3);
		return;
	case SHARDMAP_IOC_RESERVE:
		make_plain(arg, number, 0);
		((struct shardmap_reserve *)arg)->entries = r->x * 8;
		return;
	case SHARDMAP_IOC_LIST:
		make_plain(arg, number, 0);
		((struct shardmap_list *)arg)->buf = USER_OUT;
		((struct shardmap_list *)arg)->buf_len = r->x * 8;
		return;
	case SHARDMAP_IOC_WATCH:
		make_plain(arg, number, 0);
		((struct shardmap_watch *)arg)->ring_bytes = 4096;
		return;
	}
	if (_IOC_NR(number) >= _IOC_NR(SHARDMAP_IOC_GET) &&
	    _IOC_NR(number) <= _IOC_NR(SHARDMAP_IOC_TAKE))
		make_single(arg, _IOC_NR(number) - _IOC_NR(SHARDMAP_IOC_GET),
			    r);
	else
		make_plain(arg, number, 0);
}

static u64 edit_value(unsigned int form, u64 n)
{
	switch (form) {
	case 1:
		return HOST_USER_BASE + n;
	case 2:
		return -n;
	case 3:
		return n << 48;
	case 4:
		return n << 16;
	case 5:
		return n * 0x0001000100010001ULL;
	case 6:
		return (1ULL << n % 64) + (n >> 8);
	case 7:
		return ~(1ULL << n % 64);
	}
	return n;
}

/*
 * Two bytes say where, one which part, width and form, two the value.  The first few
 * operations of a batch are worth more changes than its later ones.
 */
static void edit(unsigned long arg, const u8 *e)
{
	static const unsigned long parts[] = { 0, USER_OPS, USER_IN, USER_OUT };
	unsigned long part = parts[e[2] >> 6] ?: arg;
	unsigned long off = part - HOST_USER_BASE;
	unsigned int width = 1U << (e[2] & 3);
	u64 value = edit_value(e[2] >> 2 & 7, e[3] | e[4] << 8);

	if (part == USER_OPS)
		off += e[0] % 8 * sizeof(struct shardmap_batch_op) +
		       e[1] % (sizeof(struct shardmap_batch_op) / 2) * 2;
	else
		off += (e[0] | e[1] << 8) % (part == arg ? 256 : 8192);
	if (off + width <= HOST_USER_BYTES)
		memcpy(host_user_memory + off, &value, width);
}

/* Behind its end is something else, which nobody may touch. */
static void shorten(void *arg, u32 size)
{
	*(u32 *)arg = size - 8;
	memset((u8 *)arg + size - 8, 0xa5, 8);
}

/* Returns the argument of the call. */
unsigned long user_make(const struct record *r, unsigned int number)
{
	u32 size = _IOC_SIZE(number), i;
	/* At the end of a page, behind which there is none, or elsewhere. */
	unsigned long arg = r->target & 8 ? USER_ARG + HOST_USER_PAGE - size :
					    USER_ARG;

	/* What can be read need not be writable, when the reply comes. */
	host_user_page(0,
		       r->target >> 4 == 3 ? HOST_USER_READ : HOST_USER_WRITE);
	host_user_page(2,
		       r->target >> 4 == 4 ? HOST_USER_READ : HOST_USER_WRITE);
	memset(at(USER_ARG), 0, HOST_USER_PAGE);
	make_valid(at(arg), number, r);
	if (r->target >> 4 == 1)
		*(u32 *)at(arg) = size + 8;
	else if (r->target >> 4 == 2)
		shorten(at(arg), size);
	for (i = 0; i < r->nr_edits; i++)
		edit(arg, r->edits + i * EDIT_BYTES);
	return arg;
}

/* What the call may write to, going by what the caller's structure says. */
void user_allow(unsigned int number, unsigned long arg)
{
	union {
		u32 size;
		struct shardmap_op op;
		struct shardmap_batch batch;
		struct shardmap_scan scan;
		struct shardmap_list list;
		u8 bytes[256];
	} a = {};
	u32 size = _IOC_SIZE(number);

	memcpy(&a, at(arg), size);
	host_user_allow(arg, min(a.size, size));
	if (a.size < size)
		memset(a.bytes + a.size, 0, size - a.size);
	switch (number) {
	case SHARDMAP_IOC_BATCH:
		host_user_allow(a.batch.ops,
				(size_t)a.batch.nr_ops * a.batch.op_size);
		host_user_allow(a.batch.out, a.batch.out_len);
		return;
	case SHARDMAP_IOC_SCAN:
		host_user_allow(a.scan.buf, a.scan.buf_len);
		return;
	case SHARDMAP_IOC_LIST:
		host_user_allow(a.list.buf, a.list.buf_len);
		return;
	}
	if (size == sizeof(a.op))
		host_user_allow(a.op.out, a.op.out_len);
}
