// SPDX-License-Identifier: GPL-2.0-only
/*
 * An entry is freed while a reader looks at it
 *
 * The writer has taken the entry out of the table, so no new reader finds it; but
 * one that has found it before goes on reading.
 *
 * Go: the garbage collector is the grace period.
 * Cure: kfree_rcu() in place of kfree().
 */
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "cases.h"
#include "compat.h"

#define LOOKS 64

struct entry {
	struct rcu_head rcu;
	u64 value;
};

/**
 * struct scene - what the threads share
 * @entry: the table, of one entry
 * @buggy: free without waiting
 * @looks: what the reader has read
 */
struct scene {
	struct entry __rcu *entry;
	bool buggy;
	u64 looks;
};

static noinline u64 use_after_free_look(struct scene *scene)
{
	const struct entry *entry;
	unsigned int i;
	u64 sum = 0;

	rcu_read_lock();
	/* Pairs with the one in replace(). */
	entry = rcu_dereference(scene->entry);
	for (i = 0; entry && i < LOOKS; i++)
		sum += READ_ONCE(entry->value);
	rcu_read_unlock();
	return sum;
}

static void replace(struct scene *scene, struct entry *new)
{
	/* Pairs with the one in use_after_free_look(). */
	struct entry *old = rcu_replace_pointer(scene->entry, new, true);

	if (!old)
		return;
	if (scene->buggy)
		kfree(old);
	else
		sm_kfree_rcu(old, rcu);
}

static void replace_or_look(struct sm_case_race *race, unsigned int thread,
			    u64 round)
{
	struct scene *scene = race->arg;
	struct entry *new;

	if (thread) {
		scene->looks += use_after_free_look(scene);
		return;
	}
	new = kmalloc(sizeof(*new), GFP_KERNEL);
	if (!new)
		return;
	new->value = 1;
	replace(scene, new);
}

static int use_after_free_run(struct sm_case_run *run)
{
	struct scene scene = { .buggy = run->buggy };
	struct sm_case_race race = {
		.step = replace_or_look,
		.arg = &scene,
	};
	int err = sm_case_race(&race);

	replace(&scene, NULL);
	if (err)
		return err;
	return sm_case_tell_lost(run, 0, scene.looks, "looks");
}

const struct sm_case sm_case_use_after_free = {
	.name = "use_after_free",
	.run = use_after_free_run,
};
