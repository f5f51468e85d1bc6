// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each function of the library on tables of the loaded module.  Prints
 * "N passed, N failed, N skipped" at the end.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "libshardmap.h"

static unsigned int passed, failed;

static void check(bool good, int line, const char *what)
{
	if (good) {
		passed++;
		return;
	}
	failed++;
	printf("not ok: test_table.c:%d: %s\n", line, what);
}

#define CHECK(condition) check(condition, __LINE__, #condition)

/* A string literal, or an array, as the pair of arguments pointer, length */
#define STR(s) (s), (sizeof(s) - 1)

#define READ_WRITE (SHARDMAP_READ | SHARDMAP_WRITE)

/* The value of "k" is just this one. */
static bool has(int table, const char *value)
{
	char out[64];
	size_t len = sizeof(out);

	return !shardmap_get(table, STR("k"), out, &len, NULL) &&
	       len == strlen(value) && !memcmp(out, value, len);
}

static void test_single(int table)
{
	char out[64];
	size_t len;
	uint64_t version = 0, old;
	bool inserted;

	CHECK(shardmap_put(table, STR("k"), STR("one"), SHARDMAP_EXIST) ==
	      -ENOENT);
	CHECK(!shardmap_put(table, STR("k"), STR("one"), SHARDMAP_NOEXIST));
	CHECK(shardmap_put(table, STR("k"), STR("two"), SHARDMAP_NOEXIST) ==
	      -EEXIST);
	len = 2;
	CHECK(shardmap_get(table, STR("k"), out, &len, NULL) == -ENOBUFS);
	CHECK(len == 3);
	CHECK(!shardmap_get(table, STR("k"), out, &len, &version));
	CHECK(len == 3 && version);

	len = sizeof(out);
	CHECK(!shardmap_get_changed(table, STR("k"), out, &len, &version));
	CHECK(len == sizeof(out));
	version--;
	CHECK(shardmap_get_changed(table, STR("k"), out, &len, &version) == 1);
	CHECK(len == 3 && !memcmp(out, "one", 3));

	len = 2;
	CHECK(shardmap_swap(table, STR("k"), STR("two"), out, &len,
			    &inserted) == -ENOBUFS);
	CHECK(len == 3 && has(table, "one"));
	CHECK(!shardmap_swap(table, STR("k"), STR("two"), out, &len,
			     &inserted));
	CHECK(len == 3 && !memcmp(out, "one", 3) && !inserted);
	len = sizeof(out);
	CHECK(!shardmap_swap(table, STR("new"), STR("x"), out, &len,
			     &inserted));
	CHECK(!len && inserted);

	len = sizeof(out);
	CHECK(!shardmap_get_or_put(table, STR("k"), STR("x"), out, &len,
				   &inserted));
	CHECK(len == 3 && !memcmp(out, "two", 3) && !inserted);
	CHECK(shardmap_add(table, STR("n"), 1, 0, 0, NULL) == -ENOENT);
	CHECK(!shardmap_add(table, STR("n"), 1, 5, SHARDMAP_CREATE, &old));
	CHECK(old == 5);
	CHECK(shardmap_add(table, STR("k"), 1, 0, 0, NULL) == -EINVAL);
	CHECK(!shardmap_delete(table, STR("n")));
	CHECK(shardmap_delete(table, STR("n")) == -ENOENT);
}

static void test_conditions(int table)
{
	char out[64];
	size_t len = sizeof(out);
	uint64_t version, next;

	CHECK(!shardmap_put(table, STR("k"), STR("one"), 0));
	CHECK(!shardmap_get(table, STR("k"), out, &len, &version));
	CHECK(shardmap_cas(table, STR("k"), STR("two"),
			   shardmap_if_version(version + 1), NULL) == -ESTALE);
	CHECK(shardmap_cas(table, STR("none"), STR("two"),
			   shardmap_if_version(version), NULL) == -ENOENT);
	CHECK(!shardmap_cas(table, STR("k"), STR("two"),
			    shardmap_if_version(version), &next));
	CHECK(next != version && has(table, "two"));
	CHECK(shardmap_cas(table, STR("k"), STR("x"), shardmap_if_value("", 0),
			   NULL) == -ESTALE);
	CHECK(!shardmap_cas(table, STR("k"), STR("three"),
			    shardmap_if_value(STR("two")), &next));
	CHECK(shardmap_delete_if(table, STR("k"),
				 shardmap_if_version(version)) == -ESTALE);
	CHECK(shardmap_delete_if(table, STR("k"),
				 shardmap_if_value(STR("thre"))) == -ESTALE);
	len = sizeof(out);
	CHECK(shardmap_take_if(table, STR("k"), out, &len,
			       shardmap_if_version(version)) == -ESTALE);
	CHECK(len == sizeof(out) && has(table, "three"));
	len = 4;
	CHECK(shardmap_take(table, STR("k"), out, &len) == -ENOBUFS);
	CHECK(len == 5 && has(table, "three"));
	CHECK(!shardmap_take_if(table, STR("k"), out, &len,
				shardmap_if_version(next)));
	CHECK(len == 5 && !memcmp(out, "three", 5));
	CHECK(shardmap_take(table, STR("k"), out, &len) == -ENOENT);
	CHECK(!shardmap_put(table, STR("k"), "", 0, 0));
	CHECK(!shardmap_delete_if(table, STR("k"), shardmap_if_value("", 0)));
}

static void test_ttl(int table)
{
	struct timespec pause = { .tv_nsec = 100000000 };
	unsigned int tries = 0;

	CHECK(!shardmap_put_ttl(table, STR("k"), STR("one"), 0, 3600ULL << 30));
	CHECK(has(table, "one"));
	CHECK(!shardmap_put_ttl(table, STR("k"), STR("one"), 0, 1000000));
	while (has(table, "one") && tries++ < 50)
		nanosleep(&pause, NULL);
	CHECK(tries < 50);
}

static void test_batch(int table)
{
	struct shardmap_batch_buffer *batch = shardmap_batch_new(16);
	struct shardmap_op op = { .key = (uintptr_t) "k",
				  .key_len = 1,
				  .value = (uintptr_t) "long",
				  .value_len = 4,
				  .ttl = 3600ULL << 30 };

	shardmap_batch_put(batch, STR("k"), STR("one"), 0);
	shardmap_batch_swap(batch, STR("k"), STR("two"), 10);
	shardmap_batch_get(batch, STR("k"), 10);
	shardmap_batch_get_or_put(batch, STR("k"), STR("x"), 1);
	shardmap_batch_cas(batch, STR("k"), STR("three"),
			   shardmap_if_value(STR("two")));
	shardmap_batch_delete_if(batch, STR("k"), shardmap_if_value(STR("x")));
	shardmap_batch_add(batch, STR("n"), 1, 1, SHARDMAP_CREATE);
	shardmap_batch_take(batch, STR("n"), 8);
	shardmap_batch_delete(batch, STR("k"));
	CHECK(shardmap_batch_op(batch, SHARDMAP_OP_PUT, &op) == 9);
	CHECK(!shardmap_batch_run(table, batch));
	CHECK(shardmap_batch_count(batch) == 10);
	CHECK(shardmap_batch_done(batch) == 10);
	for (unsigned int i = 0; i < 10; i++) {
		static const int wanted[10] = { [3] = -ENOBUFS, [5] = -ESTALE };

		CHECK(shardmap_batch_result(batch, i)->status == wanted[i]);
	}
	CHECK(shardmap_batch_result(batch, 1)->out_len == 3);
	CHECK(!memcmp(shardmap_batch_value(batch, 1), "one", 3));
	CHECK(!memcmp(shardmap_batch_value(batch, 2), "two", 3));
	CHECK(shardmap_batch_result(batch, 3)->out_len == 3);
	CHECK(has(table, "long"));
	shardmap_batch_free(batch);
}

static void test_atomic(int table)
{
	struct shardmap_batch_buffer *batch = shardmap_batch_new(100);

	CHECK(!shardmap_put(table, STR("k"), STR("one"), 0));
	shardmap_delete(table, STR("l"));
	shardmap_batch_put(batch, STR("k"), STR("two"), 0);
	shardmap_batch_put(batch, STR("l"), STR("two"), SHARDMAP_EXIST);
	CHECK(shardmap_batch_run_atomic(table, batch) == -ECANCELED);
	CHECK(!shardmap_batch_done(batch));
	CHECK(shardmap_batch_result(batch, 0)->status == -ECANCELED);
	CHECK(shardmap_batch_result(batch, 1)->status == -ENOENT);
	CHECK(has(table, "one"));
	CHECK(!shardmap_put(table, STR("l"), STR("one"), 0));
	CHECK(!shardmap_batch_run_atomic(table, batch));
	CHECK(shardmap_batch_done(batch) == 2 && has(table, "two"));
	CHECK(shardmap_batch_run_atomic(table, batch) == -EINVAL);
	shardmap_batch_reset(batch);
	shardmap_batch_get(batch, STR("k"), 8);
	shardmap_batch_get(batch, STR("k"), 8);
	CHECK(shardmap_batch_run_atomic(table, batch) == -EINVAL);
	shardmap_batch_free(batch);
}

static unsigned int count(int table, const char *prefix, bool drain)
{
	/* Too small for any record, so it must grow */
	struct shardmap_scanner *scanner = shardmap_scanner_new(table, 8);
	const struct shardmap_record *record;
	unsigned int records = 0;

	if (drain)
		shardmap_scanner_set_drain(scanner);
	CHECK(!shardmap_scanner_set_prefix(scanner, prefix, strlen(prefix)));
	while (shardmap_scanner_next(scanner, &record) == 1) {
		CHECK(!memcmp(shardmap_record_key(record), prefix,
			      strlen(prefix)));
		CHECK(record->value_len == 1 &&
		      *(const char *)shardmap_record_value(record) == 'v');
		records++;
	}
	CHECK(!shardmap_scanner_next(scanner, &record));
	shardmap_scanner_free(scanner);
	return records;
}

static void test_scan(int table)
{
	struct shardmap_scan scan = {};
	uint64_t removed;
	char key[8];

	CHECK(!shardmap_clear(table, &removed) && removed);
	for (unsigned int i = 0; i < 100; i++) {
		snprintf(key, sizeof(key), "%c%u", i % 4 ? 'a' : 'b', i);
		CHECK(!shardmap_put(table, key, strlen(key), "v", 1, 0));
	}
	CHECK(count(table, "", false) == 100);
	CHECK(count(table, "a", false) == 75);
	CHECK(count(table, "b", true) == 25);
	CHECK(count(table, "b", false) == 0);
	CHECK(count(table, "", true) == 75);
	CHECK(!shardmap_scan(table, &scan) && scan.done && !scan.records);
}

static void test_access(int table)
{
	int reader = shardmap_handle(table, SHARDMAP_READ);
	int writer = shardmap_handle(table, SHARDMAP_WRITE);
	char out[8];
	size_t len = sizeof(out);

	CHECK(reader >= 0 && writer >= 0);
	CHECK(shardmap_put(reader, STR("k"), STR("v"), 0) == -EACCES);
	CHECK(!shardmap_put(writer, STR("k"), STR("v"), 0));
	CHECK(!shardmap_get(reader, STR("k"), out, &len, NULL));
	CHECK(shardmap_get(writer, STR("k"), out, &len, NULL) == -EACCES);
	CHECK(shardmap_handle(reader, READ_WRITE) == -EACCES);
	close(reader);
	close(writer);
}

static bool is_listed(int device, const char *name)
{
	struct shardmap_listed table = {};
	bool found = false;
	int ret;

	while ((ret = shardmap_list_next(device, &table)) == 1)
		if (!strcmp(table.name, name))
			found = table.mode == 0640 && table.descriptors == 1;
	return !ret && found;
}

static void test_names(int device)
{
	const struct shardmap_create params = { .max_entries = 3 };
	struct shardmap_info info;
	char name[32], longest[SHARDMAP_NAME_LEN_MAX + 1];
	int table, other, third;

	snprintf(name, sizeof(name), "test-table-%d", getpid());
	/* As long as it may be */
	memset(longest, 'x', SHARDMAP_NAME_LEN_MAX);
	longest[SHARDMAP_NAME_LEN_MAX] = '\0';
	memcpy(longest, name, strlen(name));
	CHECK(shardmap_open_table(device, name, READ_WRITE) == -ENOENT);
	table = shardmap_create_named(device, name, 0640, &params);
	CHECK(table >= 0);
	CHECK(shardmap_create_named(device, name, 0640, NULL) == -EEXIST);
	third = shardmap_create_named(device, longest, 0640, NULL);
	CHECK(third >= 0);
	CHECK(is_listed(device, name) && is_listed(device, longest));
	other = shardmap_open_table(device, name, SHARDMAP_READ);
	CHECK(other >= 0);
	CHECK(!shardmap_info(other, &info) && info.max_entries == 3);
	CHECK(info.access == SHARDMAP_READ && info.descriptors == 2);
	CHECK(!strcmp((const char *)info.name, name));
	CHECK(!shardmap_unlink_table(device, name));
	CHECK(!shardmap_unlink_table(device, longest));
	CHECK(shardmap_unlink_table(device, name) == -ENOENT);
	CHECK(!is_listed(device, name));
	close(table);
	close(other);
	close(third);
}

static void test_states(int table)
{
	struct shardmap_info info;
	uint64_t removed;

	CHECK(!shardmap_clear(table, NULL));
	CHECK(!shardmap_reserve(table, 100000));
	CHECK(!shardmap_info(table, &info) && info.buckets * 7 >= 100000);
	CHECK(!shardmap_reserve(table, 0));
	CHECK(!shardmap_put(table, STR("k"), STR("v"), 0));
	CHECK(!shardmap_freeze(table));
	CHECK(shardmap_put(table, STR("k"), STR("w"), 0) == -EROFS);
	CHECK(shardmap_clear(table, &removed) == -EROFS);
	CHECK(has(table, "v"));
	CHECK(!shardmap_info(table, &info) && info.state == SHARDMAP_FROZEN);
}

int main(void)
{
	struct shardmap_device_info info;
	int device = shardmap_open_device();
	int table = shardmap_create_table(device, NULL);

	CHECK(device >= 0 && table >= 0);
	CHECK(!shardmap_device_info(device, &info) && info.tables);
	test_single(table);
	test_conditions(table);
	test_ttl(table);
	test_batch(table);
	test_atomic(table);
	test_scan(table);
	test_access(table);
	test_names(device);
	test_states(table);
	printf("%u passed, %u failed, 0 skipped\n", passed, failed);
	return failed || !passed;
}
