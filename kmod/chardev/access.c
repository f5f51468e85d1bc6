// SPDX-License-Identifier: GPL-2.0-only
/* Who may do what: descriptors by their access, tasks by a table's mode. */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/nospec.h>

#include "chardev.h"

static const u8 op_access[SHARDMAP_OP_NR] = {
	[SHARDMAP_OP_GET] = SHARDMAP_READ,
	[SHARDMAP_OP_PUT] = SHARDMAP_WRITE,
	[SHARDMAP_OP_DELETE] = SHARDMAP_WRITE,
	[SHARDMAP_OP_GET_OR_PUT] = SHARDMAP_READ | SHARDMAP_WRITE,
	[SHARDMAP_OP_ADD] = SHARDMAP_READ | SHARDMAP_WRITE,
	[SHARDMAP_OP_CAS] = SHARDMAP_WRITE,
	[SHARDMAP_OP_TAKE] = SHARDMAP_READ | SHARDMAP_WRITE,
};

/**
 * smdev_op_access() - What an operation needs of its descriptor.
 * @opcode: enum shardmap_opcode, or anything
 * @flags: its flags
 *
 * Context: Any context.
 * Return: enum shardmap_access; 0 for an opcode that does not exist.
 */
u32 smdev_op_access(u32 opcode, u32 flags)
{
	u32 access;

	if (opcode >= SHARDMAP_OP_NR)
		return 0;
	access = op_access[array_index_nospec(opcode, SHARDMAP_OP_NR)];
	/* These tell what the value was. */
	if (flags & (SHARDMAP_SWAP | SHARDMAP_IF_VALUE))
		access |= SHARDMAP_READ;
	return access;
}

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
