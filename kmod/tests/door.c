// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the fuzzer needs beside the device.  In debugfs, shardmap_coverage/ tells how
 * many and which places of the module were reached, and its "door" takes calls of
 * functions that the module exports.  Built with SHARDMAP_COVERAGE=1 only and never
 * installed.
 */
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "tests/coverage.h"

#define BYTES_MAX 64U

static ssize_t door_write(struct file *file, const char __user *ubuf,
			  size_t len, loff_t *pos)
{
	u8 bytes[BYTES_MAX];
	int err;

	if (!len || len > sizeof(bytes))
		return -EINVAL;
	if (copy_from_user(bytes, ubuf, len))
		return -EFAULT;
	err = sm_visit(bytes, len);
	return err ?: len;
}

static const struct file_operations door_fops = {
	.owner = THIS_MODULE,
	.open = nonseekable_open,
	.write = door_write,
};

static int count_show(struct seq_file *m, void *unused)
{
	seq_printf(m, "%u\n", sm_coverage_count());
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(count);

static int pcs_show(struct seq_file *m, void *unused)
{
	sm_coverage_show(m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(pcs);

static struct dentry *folder;

static int __init door_init(void)
{
	folder = debugfs_create_dir("shardmap_coverage", NULL);
	if (IS_ERR(folder))
		return PTR_ERR(folder);
	debugfs_create_file("count", 0400, folder, NULL, &count_fops);
	debugfs_create_file("pcs", 0400, folder, NULL, &pcs_fops);
	debugfs_create_file("door", 0200, folder, NULL, &door_fops);
	return 0;
}
module_init(door_init);

static void __exit door_exit(void)
{
	debugfs_remove(folder);
}
module_exit(door_exit);

MODULE_DESCRIPTION("What the fuzzer of shardmap needs beside the device");
MODULE_AUTHOR("The shardmap authors");
MODULE_LICENSE("GPL");
SHARDMAP_IMPORT_NS;
