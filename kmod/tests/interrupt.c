// SPDX-License-Identifier: GPL-2.0-only
/* What interrupts a thread at any point: a timer that raises a tasklet. */
#include <linux/ktime.h>
#include <linux/preempt.h>

#include "kunit_util.h"

static enum hrtimer_restart fire(struct hrtimer *timer)
{
	struct smt_interrupt *in =
		container_of(timer, struct smt_interrupt, timer);

	in->hard(in);
	tasklet_schedule(&in->tasklet);
	return HRTIMER_NORESTART;
}

static void run_softirq(struct tasklet_struct *tasklet)
{
	struct smt_interrupt *in =
		container_of(tasklet, struct smt_interrupt, tasklet);

	if (!in_serving_softirq())
		in->problem = "a tasklet ran outside of softirq context";
	in->soft(in);
}

/**
 * smt_interrupt_init() - Prepare what interrupts a thread.
 * @in: zeroed
 * @hard: called in hardirq context
 * @soft: called in softirq context after it
 */
void smt_interrupt_init(struct smt_interrupt *in,
			void (*hard)(struct smt_interrupt *in),
			void (*soft)(struct smt_interrupt *in))
{
	in->hard = hard;
	in->soft = soft;
	hrtimer_init(&in->timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	in->timer.function = fire;
	tasklet_setup(&in->tasklet, run_softirq);
}

/**
 * smt_interrupt_arm() - Have the calling thread be interrupted soon.
 * @in: nothing happens if it is armed
 * @ns: at most in this time, by chance
 * @random: state of smt_random()
 *
 * To be called by the thread itself, since a timer stays on the CPU that starts it.
 */
void smt_interrupt_arm(struct smt_interrupt *in, u64 ns, u64 *random)
{
	if (!hrtimer_active(&in->timer))
		hrtimer_start(&in->timer, ns_to_ktime(smt_random(random) % ns),
			      HRTIMER_MODE_REL_PINNED_HARD);
}

/**
 * smt_interrupt_stop() - Wait for the last interrupt, and judge them all.
 * @test: the case, failed if something went wrong
 * @in: nobody arms it any more
 */
void smt_interrupt_stop(struct kunit *test, struct smt_interrupt *in)
{
	hrtimer_cancel(&in->timer);
	tasklet_kill(&in->tasklet);
	if (in->problem)
		KUNIT_FAIL(test, "%s", in->problem);
}
