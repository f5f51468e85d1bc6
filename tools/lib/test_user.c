// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program that uses the installed library, in what C and C++ have in common.
 * Needs no module: what goes to the kernel has to fail in the right way.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include <libshardmap.h>

static int failures;
/* What an ioctl says of a descriptor that is none */
static int no_table;

#define CHECK(condition)                                                 \
	do {                                                             \
		if (!(condition)) {                                      \
			fprintf(stderr, "test_user: line %d: not: %s\n", \
				__LINE__, #condition);                   \
			failures++;                                      \
		}                                                        \
	} while (0)

static void check_batch(void)
{
	struct shardmap_batch_buffer *batch = shardmap_batch_new(3);
	const struct shardmap_batch_op *op;

	CHECK(!shardmap_batch_new(0));
	CHECK(!shardmap_batch_new(SHARDMAP_BATCH_OPS_MAX + 1));
	CHECK(batch);
	if (!batch)
		return;
	CHECK(shardmap_batch_put(batch, "key", 3, "value", 5, 1 << 16) ==
	      -EINVAL);
	CHECK(shardmap_batch_get(batch, "key", 3, 100) == 0);
	CHECK(shardmap_batch_cas(batch, "key", 3, "value", 5,
				 shardmap_if_value("old", 3)) == 1);
	CHECK(shardmap_batch_delete_if(batch, "key", 3,
				       shardmap_if_version(7)) == 2);
	CHECK(shardmap_batch_take(batch, "key", 3, 100) == -ENOSPC);
	CHECK(shardmap_batch_count(batch) == 3);
	CHECK(shardmap_batch_done(batch) == 0);
	op = shardmap_batch_result(batch, 1);
	CHECK(op->opcode == SHARDMAP_OP_CAS && op->expected_len == 3);
	CHECK(op->flags == SHARDMAP_IF_VALUE && op->value_len == 5);
	op = shardmap_batch_result(batch, 2);
	CHECK(op->flags == SHARDMAP_IF_VERSION && op->version == 7);
	CHECK(shardmap_batch_run(-1, batch) == no_table);
	CHECK(shardmap_batch_run_atomic(-1, batch) == no_table);
	shardmap_batch_reset(batch);
	CHECK(shardmap_batch_run(-1, batch) == 0);
	shardmap_batch_free(batch);
}

static void check_scanner(void)
{
	static const char prefix[SHARDMAP_KEY_LEN_MAX + 1] = "";
	struct shardmap_scanner *scanner = shardmap_scanner_new(-1, 0);
	const struct shardmap_record *record;

	CHECK(scanner);
	if (!scanner)
		return;
	CHECK(!shardmap_scanner_set_prefix(scanner, prefix,
					   sizeof(prefix) - 1));
	CHECK(shardmap_scanner_set_prefix(scanner, prefix, sizeof(prefix)) ==
	      -EMSGSIZE);
	shardmap_scanner_set_drain(scanner);
	CHECK(shardmap_scanner_next(scanner, &record) == no_table);
	shardmap_scanner_free(scanner);
}

static void check_record(void)
{
	union {
		struct shardmap_record record;
		char bytes[64];
	} u;

	memset(&u, 0, sizeof(u));
	u.record.key_len = 3;
	CHECK((const char *)shardmap_record_key(&u.record) ==
	      u.bytes + sizeof(u.record));
	CHECK((const char *)shardmap_record_value(&u.record) ==
	      u.bytes + sizeof(u.record) + 8);
}

static void check_changes(void)
{
	struct shardmap_change buf[4];
	const struct shardmap_change *change = NULL;
	size_t offset = 0;

	memset(buf, 0, sizeof(buf));
	buf[0].record_len = 16;
	buf[0].op = SHARDMAP_CHANGE_LOST;
	buf[1].record_len = 32;
	buf[1].key_len = 9;
	CHECK(shardmap_change_next(buf, 48, &offset, &change) == 1);
	CHECK(change == &buf[0]);
	CHECK(shardmap_change_next(buf, 48, &offset, &change) == 1);
	CHECK(change == &buf[1] && shardmap_change_key(change) == &buf[2]);
	CHECK(shardmap_change_next(buf, 48, &offset, &change) == 0);
	/* Cut short, too short for its key, crooked, not there. */
	offset = 16;
	CHECK(shardmap_change_next(buf, 40, &offset, &change) == -EPROTO);
	CHECK(shardmap_change_next(buf, 24, &offset, &change) == -EPROTO);
	CHECK(shardmap_change_next(buf, 8, &offset, &change) == -EPROTO);
	buf[1].key_len = 17;
	CHECK(shardmap_change_next(buf, 48, &offset, &change) == -EPROTO);
	buf[1].key_len = 1;
	buf[1].record_len = 20;
	CHECK(shardmap_change_next(buf, 48, &offset, &change) == -EPROTO);
	CHECK(offset == 16);
}

static void check_commands(void)
{
	struct shardmap_listed listed;
	char out[8];
	size_t out_len = sizeof(out);
	uint64_t version = 1;
	bool inserted;

	memset(&listed, 0, sizeof(listed));
	CHECK(shardmap_create_table(-1, NULL) == no_table);
	CHECK(shardmap_create_named(-1, "name", 0600, NULL) == no_table);
	CHECK(shardmap_open_table(-1, "name", SHARDMAP_READ) == no_table);
	CHECK(shardmap_watch(-1, 0) == no_table);
	CHECK(shardmap_list_next(-1, &listed) == no_table);
	CHECK(shardmap_get_changed(-1, "k", 1, out, &out_len, &version) ==
	      no_table);
	CHECK(shardmap_swap(-1, "k", 1, "v", 1, out, &out_len, &inserted) ==
	      no_table);
	CHECK(shardmap_take(-1, "k", 1, out, &out_len) == no_table);
	CHECK(out_len == sizeof(out));
}

int main(void)
{
	no_table = ioctl(-1, SHARDMAP_IOC_INFO, NULL) ? -errno : 0;
	/* Of a system call that it does not know, qemu-i386 says ENOSYS. */
	CHECK(no_table == -EBADF || no_table == -ENOSYS);
	check_batch();
	check_scanner();
	check_record();
	check_changes();
	check_commands();
	return failures ? 1 : 0;
}
