// SPDX-License-Identifier: GPL-2.0-only
/* A child: batch after batch, until it is killed. */
#include <errno.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "kill.h"

/* A lookup of an absent key, which an all-or-nothing batch fails for. */
bool kill_has_atomic(int table)
{
	struct kill_key key = kill_key(0, 0);
	struct shardmap_batch_op op = {
		.opcode = SHARDMAP_OP_GET,
		.key_len = sizeof(key),
	};
	struct shardmap_batch arg = {
		.size = sizeof(arg),
		.flags = SHARDMAP_BATCH_ATOMIC,
		.ops = (uintptr_t)&op,
		.nr_ops = 1,
		.op_size = sizeof(op),
		.in = (uintptr_t)&key,
		.in_len = sizeof(key),
	};

	return !ioctl(table, SHARDMAP_IOC_BATCH, &arg) || errno == ECANCELED;
}

static int run(struct kill_batch *batch)
{
	struct kill_slot *slot = batch->slot;
	struct shardmap_batch arg = {
		.size = sizeof(arg),
		.flags = slot->all_or_nothing ? SHARDMAP_BATCH_ATOMIC : 0,
		.ops = (uintptr_t)batch->ops,
		.nr_ops = slot->nr_ops,
		.op_size = sizeof(*batch->ops),
		.in = (uintptr_t)batch->in,
		.in_len = batch->in_len,
		.out = (uintptr_t)batch->out,
		.out_len = slot->nr_ops * KILL_VALUE_WORDS * sizeof(uint64_t),
	};

	if (ioctl(batch->test->table, SHARDMAP_IOC_BATCH, &arg))
		return -errno;
	/* No signal but the last one comes here. */
	return arg.done == slot->nr_ops ? 0 : -EPROTO;
}

static void check_statuses(const struct kill_batch *batch)
{
	struct kill_slot *slot = batch->slot;

	for (unsigned int i = 0; i < slot->nr_ops; i++)
		if (slot->log[i].cell < KILL_CELLS &&
		    batch->ops[i].status != slot->log[i].status)
			slot->wrong_status++;
}

/* To do this twice, or in part and then anew, changes nothing. */
static void keep_states(struct kill_slot *slot)
{
	for (unsigned int i = 0; i < slot->nr_ops; i++)
		if (slot->log[i].cell < KILL_CELLS)
			slot->state[slot->log[i].cell] = slot->log[i].after;
}

_Noreturn void kill_child(struct kill_test *test, unsigned int child)
{
	static struct kill_batch batch;
	struct kill_slot *slot = &test->slots[child];

	/* No child outlives a parent that was killed. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	batch.test = test;
	batch.slot = slot;
	batch.child = child;
	batch.random = mix64(test->random + child);
	batch.groups = !random_below(&batch.random, 3);
	while (!slot->error) {
		uint64_t start;

		kill_batch_make(&batch);
		atomic_store(&slot->phase, KILL_BEGUN);
		atomic_fetch_add(&slot->started, 1);
		start = now_ns();
		slot->error = run(&batch);
		if (slot->error)
			break;
		atomic_store(&slot->phase, KILL_ENDED);
		slot->batch_ns = now_ns() - start;
		slot->ops += slot->nr_ops;
		check_statuses(&batch);
		keep_states(slot);
		atomic_store(&slot->phase, KILL_IDLE);
		if (test->atomic && batch.groups)
			slot->error = kill_group_look(&batch);
	}
	_exit(TOOL_EXIT_FAILED);
}
