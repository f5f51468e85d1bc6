// SPDX-License-Identifier: GPL-2.0-only
/*
 * More is copied to user space than the object has
 *
 * The length is the caller's, and what follows the object is somebody else's.
 *
 * Go: a length that a client sends, used to cut a reply from a shared buffer, as
 * in Heartbleed.
 * Cure: the smaller of the two lengths.
 */
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "cases.h"

#define VALUE_LEN 32

static noinline ssize_t usercopy_value(char __user *to, const void *value,
				       size_t len)
{
	return copy_to_user(to, value, len) ? -EFAULT : len;
}

static ssize_t usercopy_read(const struct sm_case_run *run, char __user *to,
			     size_t len)
{
	char *value = kmalloc(VALUE_LEN, GFP_KERNEL);
	ssize_t n;

	if (!value)
		return -ENOMEM;
	memset(value, 'v', VALUE_LEN);
	value[VALUE_LEN - 1] = '\n';
	if (!run->buggy)
		len = min_t(size_t, len, VALUE_LEN);
	n = usercopy_value(to, value, len);
	kfree(value);
	return n;
}

static int usercopy_run(struct sm_case_run *run)
{
	return 0;
}

const struct sm_case sm_case_usercopy = {
	.name = "usercopy",
	.run = usercopy_run,
	.read = usercopy_read,
};
