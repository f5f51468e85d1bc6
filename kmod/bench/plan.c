// SPDX-License-Identifier: GPL-2.0-only
/*
 * What one backend goes through in a round: up to four maps, one for throughput, one
 * for latencies, two for what is left of their memory when most entries are deleted.
 */
#define pr_fmt(fmt) "shardmap_bench: " fmt

#include <linux/err.h>
#include <linux/mm.h>
#include <linux/printk.h>

#include "runner.h"

/* Where a write copies a map, fewer of them do. */
#define SLOW_DIVISOR 16

static bool wanted(const struct bench_work *work)
{
	const char *works = bench_config.works;

	return *works ? bench_listed(works, work->name) :
			!(work->flags & WORK_TIMED);
}

static unsigned int ops_of(const struct bench_run *run)
{
	bool slow = run->backend == &bench_immutable ||
		    run->backend == &bench_immutable_sharded;

	if (run->work->flags & WORK_WRITES && slow)
		return max(bench_config.ops / SLOW_DIVISOR, 1U);
	return bench_config.ops;
}

static u64 total_of(const struct bench_run *run)
{
	u64 total = (u64)run->ops * run->threads;

	if (run->work->flags & WORK_PER_ENTRY)
		return run->entries;
	if (!strcmp(run->work->name, "delete"))
		return min(total, run->entries);
	return total;
}

/* Time a work; what is not a map has no right results. */
static s64 timed(struct bench_run *run)
{
	u64 wrong;
	s64 ns;

	memset(run->hists, 0, bench_config.threads * sizeof(*run->hists));
	run->ops = ops_of(run);
	ns = bench_measure(run, &wrong);
	if (ns < 0) {
		pr_err("%s %s: no threads: %lld\n", run->backend->name,
		       run->work->name, ns);
		return ns;
	}
	if (wrong && bench_is_map(run->backend)) {
		pr_err("%s %s %s: %llu wrong results of %llu\n",
		       run->backend->name, run->payload->name, run->work->name,
		       wrong, total_of(run));
		return -EIO;
	}
	return ns;
}

static int verify(struct bench_run *run)
{
	static const struct bench_work work = { "verify", bench_verify };
	struct bench_run check = *run;
	s64 ns;

	if (!bench_is_map(run->backend))
		return 0;
	check.work = &work;
	check.threads = 1;
	ns = timed(&check);
	return ns < 0 ? ns : 0;
}

/* Measure and report one work; @before tells that memory is wanted, too. */
static int run_work(struct bench_run *run, unsigned int d,
		    const struct bench_memory *before)
{
	struct bench_line line;
	s64 ns;
	u32 t;

	run->draws = bench_config.draws[d];
	bench_hold_start();
	ns = timed(run);
	if (ns < 0)
		return ns;
	bench_line_start(&line, run);
	bench_line_text(&line, "dist", bench_dists[d]);
	bench_line_add(&line, "ops", total_of(run));
	bench_line_add(&line, "ns", ns);
	if (run->work->flags & WORK_TIMED) {
		for (t = 1; t < run->threads; t++)
			bench_hist_merge(&run->hists[0], &run->hists[t]);
		bench_line_hist(&line, &run->hists[0]);
		bench_line_add(&line, "clock_ns", bench_clock_ns());
	}
	bench_line_hold(&line, run);
	if (before && bench_is_map(run->backend)) {
		bench_memory_settle(run);
		bench_line_memory(&line, run, before);
	}
	bench_line_print(&line);
	return 0;
}

static bool can(const struct bench_backend *backend,
		const struct bench_work *work)
{
	return !(work->flags & WORK_DEL && !backend->del) &&
	       !(work->flags & WORK_BATCH && !backend->get_batch);
}

/* The insert that fills the map, then all works of the same kind that follow. */
static int run_works(struct bench_run *run, const struct bench_memory *before,
		     unsigned int timed_flag)
{
	unsigned int w, d;
	int err;

	for (w = 0; w < bench_nr_works; w++) {
		const struct bench_work *work = &bench_works[w];
		bool fresh = work->flags & WORK_FRESH;

		if ((work->flags & WORK_TIMED) != timed_flag ||
		    !can(run->backend, work) || (!fresh && !wanted(work)))
			continue;
		run->work = work;
		for (d = 0; d < BENCH_NR_DISTS; d++) {
			if (!bench_config.draws[d] ||
			    (d == BENCH_ZIPF &&
			     bench_config.draws[BENCH_UNIFORM] &&
			     !(work->flags & WORK_ZIPF)))
				continue;
			err = run_work(run, d, fresh ? before : NULL);
			if (!err && fresh)
				err = verify(run);
			if (err)
				return err;
		}
	}
	return 0;
}

/* Fill a map, remove 99 % of the entries, and see what is left of its memory. */
static int run_memory(struct bench_run *run, const struct bench_memory *before,
		      const struct bench_work *work)
{
	static const struct bench_work fill = { "fill", bench_insert_latency };
	struct bench_line line;
	u32 *order = NULL;
	s64 ns;

	run->threads = 1;
	run->work = &fill;
	ns = timed(run);
	if (ns < 0)
		return ns;
	run->work = work;
	bench_memory_settle(run);
	bench_line_start(&line, run);
	bench_line_memory(&line, run, before);
	bench_line_print(&line);
	if (work == &bench_delete_most_random) {
		order = kvmalloc_array(run->entries, sizeof(*order),
				       GFP_KERNEL);
		if (!order)
			return -ENOMEM;
		bench_shuffle(order, run->entries, run->round);
	}
	run->draws = &order;
	ns = timed(run);
	kvfree(order);
	if (ns < 0)
		return ns;
	bench_memory_settle(run);
	bench_line_start(&line, run);
	bench_line_memory(&line, run, before);
	bench_line_add(&line, "after", 1);
	bench_line_print(&line);
	return 0;
}

enum kind { PLAIN, TIMED, MEMORY, MEMORY_RANDOM, NR_KINDS };

static bool kind_wanted(enum kind kind, const struct bench_backend *backend)
{
	bool timed_flag = kind == TIMED;
	unsigned int w;

	if (kind == MEMORY || kind == MEMORY_RANDOM)
		return bench_is_map(backend) &&
		       bench_listed(bench_config.works, BENCH_MEMORY_WORK);
	for (w = 0; w < bench_nr_works; w++)
		if (!(bench_works[w].flags & WORK_TIMED) == !timed_flag &&
		    wanted(&bench_works[w]))
			return true;
	return false;
}

/* One map, from its making to its end. */
static int run_kind(struct bench_run *run, enum kind kind)
{
	struct bench_memory before;
	int err;

	if (!bench_takes(run->backend, run->payload))
		return 0;
	bench_memory_settle(NULL);
	bench_memory_read(&before);
	run->threads = bench_config.threads;
	run->map = run->backend->create(run->payload);
	if (IS_ERR(run->map)) {
		pr_err("%s: cannot create: %pe\n", run->backend->name,
		       run->map);
		return PTR_ERR(run->map);
	}
	if (kind == MEMORY)
		err = run_memory(run, &before, &bench_delete_most);
	else if (kind == MEMORY_RANDOM)
		err = run_memory(run, &before, &bench_delete_most_random);
	else
		err = run_works(run, &before, kind == TIMED ? WORK_TIMED : 0);
	run->backend->destroy(run->map);
	return err;
}

/**
 * bench_run_backend - measure all that is wanted of one backend
 * @run: the run, with all but the work and the map
 *
 * Context: Process context.
 * Return: 0, or an error code if something went wrong.
 */
int bench_run_backend(struct bench_run *run)
{
	enum kind kind;
	int err = 0;

	for (kind = PLAIN; kind < NR_KINDS && !err; kind++)
		if (kind_wanted(kind, run->backend))
			err = run_kind(run, kind);
	return err;
}
