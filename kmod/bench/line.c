// SPDX-License-Identifier: GPL-2.0-only
/* The lines of JSON that go to the kernel log, one per measurement. */
#define pr_fmt(fmt) "shardmap_bench: " fmt

#include <linux/kernel.h>
#include <linux/printk.h>

#include "runner.h"

void bench_line_start(struct bench_line *line, const struct bench_run *run)
{
	line->len = scnprintf(
		line->text, sizeof(line->text),
		"{\"backend\":\"%s\",\"payload\":\"%s\",\"work\":\"%s\"",
		run->backend->name, run->payload->name, run->work->name);
	bench_line_add(line, "threads", run->threads);
	bench_line_add(line, "entries", run->entries);
	bench_line_add(line, "round", run->round);
}

void bench_line_add(struct bench_line *line, const char *name, u64 value)
{
	line->len += scnprintf(line->text + line->len,
			       sizeof(line->text) - line->len, ",\"%s\":%llu",
			       name, value);
}

void bench_line_text(struct bench_line *line, const char *name,
		     const char *value)
{
	line->len += scnprintf(line->text + line->len,
			       sizeof(line->text) - line->len, ",\"%s\":\"%s\"",
			       name, value);
}

/* What the map takes now, where it was read before the map was made. */
void bench_line_memory(struct bench_line *line, const struct bench_run *run,
		       const struct bench_memory *before)
{
	struct bench_memory now;

	bench_memory_read(&now);
	bench_line_add(line, "used_bytes",
		       max_t(s64, now.used - before->used, 0));
	bench_line_add(line, "slab_bytes",
		       max_t(s64, now.slab - before->slab, 0));
	if (run->backend->bytes)
		bench_line_add(line, "accounted_bytes",
			       run->backend->bytes(run->map));
}

void bench_line_hist(struct bench_line *line, const struct bench_hist *hist)
{
	bench_line_add(line, "p50_ns", bench_hist_percentile(hist, 500000));
	bench_line_add(line, "p99_ns", bench_hist_percentile(hist, 990000));
	bench_line_add(line, "p999_ns", bench_hist_percentile(hist, 999000));
	bench_line_add(line, "p9999_ns", bench_hist_percentile(hist, 999900));
	bench_line_add(line, "max_ns", hist->max);
}

void bench_line_print(struct bench_line *line)
{
	pr_info("%s}\n", line->text);
}
