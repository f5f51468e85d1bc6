// SPDX-License-Identifier: GPL-2.0-only
/*
 * An object is published before its contents
 *
 * The pointer is stored once and read once, both marked; but nothing orders the
 * contents before it.  x86 does not show the bug, other CPUs and compilers do.
 *
 * Go: a struct filled by one goroutine and found through a plain pointer by another.
 * Cure: rcu_assign_pointer(), atomic.Pointer there.
 */
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "cases.h"

#define ROUNDS 50000
#define WORDS 16
#define NOTES 64

struct entry {
	u64 words[WORDS];
};

/**
 * struct scene - what the threads share
 * @entry: the table, of one entry
 * @fresh: entries, each of which is published once
 * @buggy: publish by a plain mark
 * @notes: the writer's own
 * @sum: what the reader has read
 */
struct scene {
	struct entry __rcu *entry;
	struct entry *fresh;
	bool buggy;
	u64 notes[NOTES];
	u64 sum;
};

/* KCSAN delays a store up to the end of its function: notes are taken here. */
static noinline void publish_without_release_store(struct scene *scene,
						   struct entry *entry)
{
	unsigned int i;

	for (i = 0; i < WORDS; i++)
		entry->words[i] = 1;
	if (scene->buggy)
		WRITE_ONCE(scene->entry, (struct entry __rcu __force *)entry);
	else
		/* Pairs with the one in publish_without_release_look(). */
		rcu_assign_pointer(scene->entry, entry);
	for (i = 0; i < NOTES; i++)
		scene->notes[i]++;
}

static noinline u64 publish_without_release_look(struct scene *scene)
{
	const struct entry *entry;
	unsigned int i;
	u64 sum = 0;

	rcu_read_lock();
	/* Pairs with the one in publish_without_release_store(), if it is there. */
	entry = rcu_dereference(scene->entry);
	for (i = 0; entry && i < WORDS; i++)
		sum += entry->words[i];
	rcu_read_unlock();
	return sum;
}

static void publish_or_look(struct sm_case_race *race, unsigned int thread,
			    u64 round)
{
	struct scene *scene = race->arg;

	if (thread)
		scene->sum += publish_without_release_look(scene);
	else
		publish_without_release_store(scene, &scene->fresh[round]);
}

static int publish_without_release_run(struct sm_case_run *run)
{
	struct scene *scene = kzalloc(sizeof(*scene), GFP_KERNEL);
	struct sm_case_race race = {
		.step = publish_or_look,
		.arg = scene,
		.rounds = ROUNDS,
	};
	int err = -ENOMEM;

	if (!scene)
		return err;
	scene->buggy = run->buggy;
	scene->fresh = kvcalloc(ROUNDS, sizeof(*scene->fresh), GFP_KERNEL);
	if (scene->fresh)
		err = sm_case_race(&race);
	if (!err)
		err = sm_case_tell_lost(run, 0, scene->sum, "words");
	kvfree(scene->fresh);
	kfree(scene);
	return err;
}

const struct sm_case sm_case_publish_without_release = {
	.name = "publish_without_release",
	.run = publish_without_release_run,
};
