// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer target: bytes become system calls on the device and on tables, from a
 * caller whose memory has holes, changes meanwhile, and is gone when it is needed.
 *
 * Beside what the sanitizers and the shims see, it checks that a call writes only where
 * the caller said, fails with an errno that it may fail with and then has changed
 * nothing, leaves no lock held, and that all memory comes back.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <linux/kernel.h>
#include <linux/refcount.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

#include "chardev/chardev.h"
#include "chardev/device.h"
#include "core/core.h"

#include "fuzz_record.h"
#include "fuzz_user.h"
#include "shim/caller.h"
#include "shim/file.h"
#include "shim/host.h"
#include "table_check.h"

_Static_assert(HOST_FILES == RECORD_FILES, "records name other descriptors");

/* Larger allocations would only make the fuzzer slow. */
#define ALLOCATION_MAX (80U << 10)

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

extern unsigned int *const host_param_max_user_tables;
extern unsigned long long *const host_param_max_user_bytes;

static struct user_namespace namespaces[2];

/* What the module has as long as it is loaded. */
static long module_allocations;

static struct shardmap *map_of(const struct file *file)
{
	const struct smdev_handle *handle = file ? file->private_data : NULL;

	return handle ? handle->table->map : NULL;
}

static void faults_begin(const struct record *r)
{
	unsigned int n = record_fault_nth(r);

	switch (record_fault(r)) {
	case FAULT_ALLOCATION:
		host_fail_after(n % 8, n / 8);
		break;
	case FAULT_USER:
		host_user_fail_after(n);
		break;
	case FAULT_CHANGE:
		host_user_change_after(n, r->x | r->y << 8);
		break;
	case FAULT_SIGNAL:
		host_signal = true;
		host_fatal_signal = n & 1;
		break;
	}
}

static void faults_end(void)
{
	host_fail_none();
	host_user_disallow();
	host_user_check_closed();
	host_might_sleep("return to the caller");
	host_signal = false;
	host_fatal_signal = false;
}

/* What was taken out because its time was over, or for others, has another reason. */
static void check_unchanged(const struct shardmap_stats *before,
			    const struct shardmap_stats *after)
{
	if (before->expired == after->expired &&
	    before->evicted == after->evicted &&
	    (before->entries != after->entries ||
	     before->entry_bytes != after->entry_bytes))
		host_bug("a call that fails has changed the table");
}

static long call(struct file *file, unsigned int number, unsigned long arg)
{
	long ret = file ? file->f_op->unlocked_ioctl(file, number, arg) :
			  host_device_ioctl(number, arg);

	if (ret < 0 ? !record_is_errno(ret) : ret && !host_file(ret))
		host_bug("a call returns what it must not");
	return ret;
}

static void do_ioctl(const struct record *r, struct file *file,
		     unsigned int number)
{
	unsigned long arg = user_make(r, number);
	struct shardmap *map = map_of(file);
	struct shardmap_stats before, after;
	long ret;

	if (map)
		shardmap_get_stats(map, &before);
	if (record_fault(r) != FAULT_CHANGE)
		user_allow(number, arg);
	faults_begin(r);
	ret = call(file, number, arg);
	faults_end();
	/* Memory that goes in the midst of it, and signals, are another matter. */
	if (!map || ret >= 0 || record_fault(r) == FAULT_USER ||
	    record_fault(r) == FAULT_CHANGE || number == SHARDMAP_IOC_CLEAR)
		return;
	shardmap_get_stats(map, &after);
	check_unchanged(&before, &after);
}

static void do_read(const struct record *r, struct file *file)
{
	u32 count = r->x * 16;
	ssize_t ret;

	file->f_flags |= O_NONBLOCK;
	host_user_allow(USER_OUT, count);
	faults_begin(r);
	ret = file->f_op->read(file, (char __user *)USER_OUT, count, NULL);
	faults_end();
	if (ret < 0 ? !record_is_errno(ret) : ret > count)
		host_bug("read() returns what it must not");
}

static void do_caller(const struct record *r)
{
	host_caller.uid = r->x % 3;
	host_caller.gid = r->x / 4 % 3;
	host_caller.capable = r->x & 64;
	host_caller.user_ns = &namespaces[r->x >> 7];
}

static void do_bad_number(const struct record *r, struct file *file)
{
	unsigned int number = record_bad_number(r);
	unsigned long arg = user_make(r, number);

	faults_begin(r);
	call(file, number ^ 1U << r->y % 32, arg);
	faults_end();
}

static void do_other(const struct record *r, struct file *file)
{
	struct seq_file m = {};

	switch (r->call % NR_OTHER_CALLS) {
	case CALL_READ:
		if (file)
			do_read(r, file);
		return;
	case CALL_POLL:
		if (file)
			file->f_op->poll(file, NULL);
		return;
	case CALL_FDINFO:
		if (file)
			file->f_op->show_fdinfo(&m, file);
		return;
	case CALL_CLOSE:
		host_close(r->target % RECORD_FILES);
		return;
	case CALL_CALLER:
		do_caller(r);
		return;
	case CALL_WORK:
		host_work_step(r->x);
		return;
	case CALL_RCU:
		host_rcu_step();
		return;
	case CALL_TIME:
		host_time_pass(r->x * 8);
		return;
	default:
		do_bad_number(r, file);
	}
}

static void do_record(const struct record *r)
{
	struct file *file = host_file(r->target % RECORD_FILES);
	unsigned int number = record_number(r);

	if (!number)
		do_other(r, file);
	else if (record_on_device(r))
		do_ioctl(r, NULL, number);
	else if (file)
		do_ioctl(r, file, number);
}

static void begin(const unsigned char *data)
{
	const struct record first = { .x = data[0] & 127, .y = data[1] };

	host_init(1, true);
	host_caller = (struct host_caller){ .user_ns = &namespaces[0] };
	*host_param_max_user_tables = data[2] % 16 ?: 1024;
	*host_param_max_user_bytes = data[2] / 16 * 4096;
	user_init();
	do_ioctl(&first, NULL, SHARDMAP_IOC_CREATE);
}

/* Which takes it for granted that a quota is of one table alone. */
static void check_table(struct shardmap *map)
{
	const char *wrong = NULL;

	if (map && !*host_param_max_user_bytes)
		wrong = table_check(map);
	if (wrong)
		host_bug(wrong);
}

static void end(void)
{
	unsigned int fd;

	for (fd = 0; fd < RECORD_FILES; fd++) {
		check_table(map_of(host_file(fd)));
		host_close(fd);
	}
	smdev_names_exit();
	host_settle();
	if (host_live_allocations() != module_allocations)
		host_bug("memory that does not come back");
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	unsigned int i;

	host_init(1, true);
	host_works_whole = true;
	for (i = 0; i < ARRAY_SIZE(namespaces); i++)
		refcount_set(&namespaces[i].refs, 1);
	if (sm_core_init() || smdev_init())
		host_bug("the module does not load");
	/* One buffer is kept for the next batch. */
	smdev_scratch_put(smdev_scratch_get(1), 1);
	module_allocations = host_live_allocations();
	return 0;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct record r;
	unsigned int i;
	size_t used;

	if (size < INPUT_HEAD + RECORD_HEAD)
		return -1;
	host_allocation_max = ALLOCATION_MAX;
	begin(data);
	data += INPUT_HEAD;
	size -= INPUT_HEAD;
	for (i = 0; i < RECORDS_MAX; i++) {
		used = record_decode(&r, data, size);
		if (!used)
			break;
		do_record(&r);
		data += used;
		size -= used;
	}
	end();
	return 0;
}
