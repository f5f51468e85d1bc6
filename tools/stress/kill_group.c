// SPDX-License-Identifier: GPL-2.0-only
/*
 * All-or-nothing lookups of another child's group, while that child stores it: they
 * find one and the same sequence number, or no key at all.
 */
#include <errno.h>
#include <sys/ioctl.h>

#include "kill.h"

/* The lookups of a group, in the form of a batch */
struct group {
	struct shardmap_batch_op ops[KILL_GROUP];
	struct kill_key keys[KILL_GROUP];
	uint64_t values[KILL_GROUP][KILL_VALUE_WORDS];
};

static int look_up(int table, struct group *group)
{
	struct shardmap_batch arg = {
		.size = sizeof(arg),
		.flags = SHARDMAP_BATCH_ATOMIC,
		.ops = (uintptr_t)group->ops,
		.nr_ops = KILL_GROUP,
		.op_size = sizeof(group->ops[0]),
		.in = (uintptr_t)group->keys,
		.in_len = sizeof(group->keys),
		.out = (uintptr_t)group->values,
		.out_len = sizeof(group->values),
	};

	return ioctl(table, SHARDMAP_IOC_BATCH, &arg) ? -errno : 0;
}

static bool all_absent(const struct group *group)
{
	for (unsigned int i = 0; i < KILL_GROUP; i++)
		if (group->ops[i].status != -ENOENT)
			return false;
	return true;
}

static bool all_alike(const struct kill_test *test, const struct group *group)
{
	uint64_t seq, first = 0;

	for (unsigned int i = 0; i < KILL_GROUP; i++) {
		seq = kill_value_seq(test, &group->keys[i], group->values[i],
				     group->ops[i].out_len);
		if (!i)
			first = seq;
		if (!seq || seq != first)
			return false;
	}
	return true;
}

int kill_group_look(const struct kill_batch *batch)
{
	static struct group group;
	struct kill_test *test = batch->test;
	unsigned int other = (batch->child + 1) % test->config.children;
	bool good;
	int err;

	for (unsigned int i = 0; i < KILL_GROUP; i++) {
		group.keys[i] = kill_key(other, KILL_CELL_GROUP + i);
		group.ops[i] = (struct shardmap_batch_op){
			.opcode = SHARDMAP_OP_GET,
			.key_off = i * sizeof(group.keys[i]),
			.key_len = sizeof(group.keys[i]),
			.out_off = i * sizeof(group.values[i]),
			.out_len = sizeof(group.values[i]),
		};
	}
	err = look_up(test->table, &group);
	if (err && err != -ECANCELED)
		return err;
	good = err ? all_absent(&group) : all_alike(test, &group);
	batch->slot->looks++;
	batch->slot->split += !good;
	return 0;
}
