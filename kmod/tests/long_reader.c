// SPDX-License-Identifier: GPL-2.0-only
/*
 * A reader that takes its time: loading the module stays in an RCU read-side critical
 * section for a while, in which nothing that was removed can be freed.  Then it fails
 * with EAGAIN, so as to be ready to be loaded anew.  Never installed.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/rcupdate.h>

static unsigned int ms = 2000;
module_param(ms, uint, 0444);
MODULE_PARM_DESC(ms, "How long to read, in milliseconds");

static int __init long_reader_init(void)
{
	unsigned long deadline = jiffies + msecs_to_jiffies(ms);

	rcu_read_lock();
	while (time_before(jiffies, deadline))
		udelay(100);
	rcu_read_unlock();
	return -EAGAIN;
}
module_init(long_reader_init);

MODULE_DESCRIPTION("A long RCU reader, for tests");
MODULE_AUTHOR("The shardmap authors");
MODULE_LICENSE("GPL");
