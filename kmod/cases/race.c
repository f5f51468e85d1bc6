// SPDX-License-Identifier: GPL-2.0-only
/* Two threads that do the same, each on a CPU of its own. */
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>

#include "cases.h"

static unsigned int milliseconds = 1000;
module_param(milliseconds, uint, 0644);
MODULE_PARM_DESC(milliseconds, "How long a race goes on");

/**
 * struct racer - a thread
 * @race: the race
 * @index: 0 or 1
 * @done: it has come to its end
 */
struct racer {
	struct sm_case_race *race;
	unsigned int index;
	struct completion done;
};

static bool may_go_on(const struct sm_case_race *race, u64 round)
{
	return !READ_ONCE(race->stopped) &&
	       (!race->rounds || round < race->rounds) &&
	       time_before(jiffies, race->deadline);
}

/* Wait for the other thread to begin this round; false if it will not. */
static bool meet(struct sm_case_race *race, u64 round)
{
	s64 all = SM_CASE_THREADS * (round + 1);

	atomic64_inc(&race->arrived);
	while (atomic64_read(&race->arrived) < all) {
		if (READ_ONCE(race->stopped))
			return false;
		cpu_relax();
	}
	return true;
}

static int racer_thread(void *arg)
{
	struct racer *racer = arg;
	struct sm_case_race *race = racer->race;
	u64 round = 0;

	while (may_go_on(race, round)) {
		if (race->in_step && !meet(race, round))
			break;
		race->step(race, racer->index, round++);
		cond_resched();
	}
	WRITE_ONCE(race->stopped, true);
	race->done[racer->index] = round;
	kthread_complete_and_exit(&racer->done, 0);
}

/**
 * sm_case_race() - Run a race to its end.
 * @race: the race; @step must be set
 *
 * When one thread stops, both do.
 *
 * Context: Process context.
 * Return: 0, or a negative errno if the threads could not be made.
 */
int sm_case_race(struct sm_case_race *race)
{
	struct racer racers[SM_CASE_THREADS];
	struct task_struct *tasks[SM_CASE_THREADS];
	unsigned int i, made;
	int err = 0;

	atomic64_set(&race->arrived, 0);
	race->stopped = false;
	for (made = 0; made < SM_CASE_THREADS; made++) {
		struct racer *racer = &racers[made];

		racer->race = race;
		racer->index = made;
		init_completion(&racer->done);
		tasks[made] = kthread_create(racer_thread, racer,
					     "shardmap_case/%u", made);
		if (IS_ERR(tasks[made])) {
			err = PTR_ERR(tasks[made]);
			race->stopped = true;
			break;
		}
		kthread_bind(tasks[made],
			     cpumask_local_spread(made, NUMA_NO_NODE));
	}
	race->deadline = jiffies + msecs_to_jiffies(milliseconds);
	for (i = 0; i < made; i++)
		wake_up_process(tasks[i]);
	for (i = 0; i < made; i++)
		wait_for_completion(&racers[i].done);
	return err;
}
