// SPDX-License-Identifier: GPL-2.0-only
/* Who may open a table. */
#include <linux/capability.h>
#include <linux/cred.h>

#include "chardev.h"

/* The bits of chmod(2) that are for this task, as those for others. */
static u32 mode_for_current(const struct smdev_table *table)
{
	if (uid_eq(current_fsuid(), table->uid))
		return table->create.mode >> 6;
	if (in_group_p(table->gid))
		return table->create.mode >> 3;
	return table->create.mode;
}

/**
 * smdev_may_open() - May the current task open a table?
 * @table: the table, which has a name that cannot go meanwhile
 * @access: enum shardmap_access
 *
 * Context: Process context.
 * Return: true if it may.
 */
bool smdev_may_open(const struct smdev_table *table, u32 access)
{
	u32 mode = mode_for_current(table);
	u32 granted = (mode & 4 ? SHARDMAP_READ : 0) |
		      (mode & 2 ? SHARDMAP_WRITE : 0);

	return !(access & ~granted) ||
	       ns_capable(table->user_ns, CAP_DAC_OVERRIDE);
}
