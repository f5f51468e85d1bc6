// SPDX-License-Identifier: GPL-2.0-only
/*
 * Planted bugs that the detectors must find; never installed.
 *
 * Each has a file in debugfs, in shardmap_cases/: write "buggy" or "fixed" to run
 * it, then read what came out.  cases.txt says who must find it, and run.sh does
 * all of one kernel.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpumask.h>
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "cases.h"
#include "compat.h"

/**
 * struct planted - a case and how it last went
 * @bug: the case
 * @run: its last run
 * @ran: there was one
 */
struct planted {
	const struct sm_case *bug;
	struct sm_case_run run;
	bool ran;
};

static const struct sm_case *const bugs[] = {
	&sm_case_array_bounds,	   &sm_case_cache_not_empty,
	&sm_case_call_rcu_twice,   &sm_case_counter_race,
	&sm_case_double_close,	   &sm_case_double_free,
	&sm_case_eexist_leak,	   &sm_case_field_spanning,
	&sm_case_first_write,	   &sm_case_free_flood,
	&sm_case_heap_overflow,	   &sm_case_lazy_init,
	&sm_case_lock_not_held,	   &sm_case_lock_order,
	&sm_case_long_reader,	   &sm_case_map_write,
	&sm_case_pooled_request,   &sm_case_publish_without_release,
	&sm_case_raw_nesting,	   &sm_case_rcu_list,
	&sm_case_request_counter,  &sm_case_shift_width,
	&sm_case_sleep_under_lock, &sm_case_softirq_lock,
	&sm_case_stale_tail,	   &sm_case_torn_value,
	&sm_case_two_writers,	   &sm_case_use_after_free,
	&sm_case_usercopy,
#if IS_ENABLED(CONFIG_KUNIT)
	&sm_case_publish_plainly,
#endif
};

static struct planted planted[ARRAY_SIZE(bugs)];

/* One case runs at a time. */
static DEFINE_MUTEX(lock);
static struct dentry *dir;

/**
 * sm_case_tell() - Note what came out.
 * @run: the run
 * @format: as for printf()
 *
 * Context: Any.
 */
void sm_case_tell(struct sm_case_run *run, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	run->len = vscnprintf(run->text, sizeof(run->text), format, args);
	va_end(args);
}

/**
 * sm_case_tell_lost() - Note how much of the work left no trace.
 * @run: the run
 * @lost: how many were lost
 * @total: of how many
 * @what: name of what was lost
 *
 * Context: Any.
 * Return: 0, or -ENODATA if there was no work, which proves nothing.
 */
int sm_case_tell_lost(struct sm_case_run *run, u64 lost, u64 total,
		      const char *what)
{
	if (!total)
		return -ENODATA;
	if (lost)
		sm_case_tell(run, "lost %llu of %llu %s\n", lost, total, what);
	else
		sm_case_tell(run, "ok, %llu %s\n", total, what);
	return 0;
}

static ssize_t planted_write(struct file *file, const char __user *from,
			     size_t len, loff_t *pos)
{
	struct planted *it = file->private_data;
	struct sm_case_run *run = &it->run;
	char word[16] = "";
	int err;

	if (len >= sizeof(word))
		return -EINVAL;
	if (copy_from_user(word, from, len))
		return -EFAULT;
	if (!sysfs_streq(word, "buggy") && !sysfs_streq(word, "fixed"))
		return -EINVAL;

	mutex_lock(&lock);
	memset(run, 0, sizeof(*run));
	run->buggy = sysfs_streq(word, "buggy");
	it->ran = true;
	err = it->bug->run(run);
	mutex_unlock(&lock);
	return err ?: len;
}

static ssize_t planted_read(struct file *file, char __user *to, size_t len,
			    loff_t *pos)
{
	struct planted *it = file->private_data;
	ssize_t n;

	mutex_lock(&lock);
	if (!it->bug->read) {
		n = simple_read_from_buffer(to, len, pos, it->run.text,
					    it->run.len);
	} else {
		n = *pos ? 0 : it->bug->read(&it->run, to, len);
		*pos += max_t(ssize_t, n, 0);
	}
	mutex_unlock(&lock);
	return n;
}

static const struct file_operations planted_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.read = planted_read,
	.write = planted_write,
	.llseek = default_llseek,
};

static int __init cases_init(void)
{
	unsigned int i;

	if (num_online_cpus() < SM_CASE_THREADS) {
		pr_err("needs %d CPUs\n", SM_CASE_THREADS);
		return -ENODEV;
	}
	dir = debugfs_create_dir("shardmap_cases", NULL);
	if (IS_ERR(dir))
		return PTR_ERR(dir);
	for (i = 0; i < ARRAY_SIZE(bugs); i++) {
		planted[i].bug = bugs[i];
		debugfs_create_file(bugs[i]->name, 0600, dir, &planted[i],
				    &planted_fops);
	}
	return 0;
}

static void __exit cases_exit(void)
{
	unsigned int i;

	debugfs_remove(dir);
	for (i = 0; i < ARRAY_SIZE(planted); i++)
		if (planted[i].ran && planted[i].bug->exit)
			planted[i].bug->exit();
	/* Callbacks that cases have left behind are code of this module. */
	rcu_barrier();
}

module_init(cases_init);
module_exit(cases_exit);

SHARDMAP_IMPORT_NS;
#if IS_ENABLED(CONFIG_KUNIT)
SM_IMPORT_TEST_NS;
#endif
MODULE_DESCRIPTION("Planted bugs of shardmap, for tests of the detectors");
MODULE_LICENSE("GPL");
