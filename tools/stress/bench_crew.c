// SPDX-License-Identifier: GPL-2.0-only
/* The threads that do a row's work: made anew for each measurement, and pinned. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "bench.h"
#include "stress.h"

struct bench_crew {
	const struct bench_config *config;
	unsigned int max; /* threads of the largest row */
	struct bench_job *jobs;
	uint64_t *keys; /* of config->ops operations for each thread */
	uint8_t *writes;
	unsigned int nr_cpus;
	unsigned int cpus[CPU_SETSIZE];
	pthread_barrier_t start;
	uint64_t wrong[BENCH_BACKEND_NR];
};

struct member {
	struct bench_crew *crew;
	const struct bench_backend *backend;
	struct bench_job *job;
	pthread_t thread;
	unsigned int cpu;
};

static void find_cpus(struct bench_crew *crew)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set))
		return;
	for (unsigned int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &set))
			crew->cpus[crew->nr_cpus++] = cpu;
}

struct bench_crew *bench_crew_new(const struct bench_config *config)
{
	struct bench_crew *crew = calloc(1, sizeof(*crew));

	if (!crew)
		return NULL;
	crew->config = config;
	for (unsigned int i = 0; i < config->nr_threads; i++)
		if (config->threads[i] > crew->max)
			crew->max = config->threads[i];
	crew->jobs = calloc(crew->max, sizeof(*crew->jobs));
	crew->keys = calloc(crew->max * config->ops,
			    BENCH_KEY_WORDS * sizeof(*crew->keys));
	crew->writes = calloc(crew->max, config->ops);
	find_cpus(crew);
	if (crew->jobs && crew->keys && crew->writes && crew->nr_cpus)
		return crew;
	bench_crew_free(crew);
	return NULL;
}

void bench_crew_free(struct bench_crew *crew)
{
	free(crew->writes);
	free(crew->keys);
	free(crew->jobs);
	free(crew);
}

static uint64_t *keys_of(const struct bench_crew *crew, unsigned int thread)
{
	return crew->keys + thread * crew->config->ops * BENCH_KEY_WORDS;
}

/* All rows of one repeat use the same keys. */
void bench_crew_streams(struct bench_crew *crew, const struct bench_row *row,
			unsigned int repeat)
{
	const struct bench_config *config = crew->config;

	for (unsigned int i = 0; i < crew->max; i++)
		bench_stream(keys_of(crew, i), crew->writes + i * config->ops,
			     config->ops, bench_payloads[row->payload].key_len,
			     config->entries, row->dist,
			     config->seed + repeat * BENCH_THREADS_MAX + i);
}

static void *work(void *arg)
{
	struct member *member = arg;
	struct bench_job *job = member->job;

	/* Fails only if the CPU has gone; then the work goes on elsewhere. */
	pin_to_cpu(member->cpu);
	pthread_barrier_wait(&member->crew->start);
	job->start_ns = now_ns();
	job->error = member->backend->run(job);
	job->end_ns = now_ns();
	/* All keys are there: not to find one is as bad as a wrong value. */
	job->wrong += job->error == -ENOENT;
	return NULL;
}

static void prepare(struct bench_job *job, enum bench_work work,
		    const struct bench_payload *payload, int fd)
{
	job->work = work;
	job->batch = bench_batch_of(work);
	job->payload = payload;
	job->fd = fd;
	job->done = 0;
	job->wrong = 0;
	job->error = 0;
}

int bench_crew_load(struct bench_crew *crew,
		    const struct bench_backend *backend,
		    const struct bench_payload *payload, int fd)
{
	unsigned int words = payload->key_len / 8;
	uint64_t keys[BENCH_BATCH_MAX * BENCH_KEY_WORDS];
	uint64_t entries = crew->config->entries;
	struct bench_job *job = crew->jobs;
	int err = 0;

	if (!(backend->works & 1 << BENCH_PUT_BATCH256))
		return 0;
	for (uint64_t at = 0; at < entries && !err; at += job->ops) {
		prepare(job, BENCH_PUT_BATCH256, payload, fd);
		job->keys = keys;
		job->ops = entries - at < BENCH_BATCH_MAX ? entries - at :
							    BENCH_BATCH_MAX;
		for (unsigned int i = 0; i < job->ops; i++)
			bench_key(at + i, keys + i * words, payload->key_len);
		err = backend->run(job);
	}
	return err;
}

/*
 * Threads that cannot be made would leave the others at the barrier, so that ends
 * the program.
 */
static void start(struct member *member)
{
	if (pthread_create(&member->thread, NULL, work, member)) {
		tool_error("pthread_create", -EAGAIN);
		exit(TOOL_EXIT_FAILED);
	}
}

/* Time from the first start to the last end, for each key of all threads */
static double sum_up(struct bench_crew *crew, const struct bench_row *row)
{
	uint64_t first = UINT64_MAX, last = 0, done = 0;

	for (unsigned int i = 0; i < row->threads; i++) {
		const struct bench_job *job = &crew->jobs[i];

		if (job->start_ns < first)
			first = job->start_ns;
		if (job->end_ns > last)
			last = job->end_ns;
		done += job->done;
		crew->wrong[row->target] += job->wrong;
	}
	return (double)(last - first) / done;
}

int bench_crew_measure(struct bench_crew *crew, const struct bench_row *row,
		       int fd, double *ns)
{
	const struct bench_config *config = crew->config;
	struct member members[BENCH_THREADS_MAX];
	int err = 0;

	pthread_barrier_init(&crew->start, NULL, row->threads);
	for (unsigned int i = 0; i < row->threads; i++) {
		struct bench_job *job = &crew->jobs[i];

		prepare(job, row->work, &bench_payloads[row->payload], fd);
		job->keys = keys_of(crew, i);
		job->writes = crew->writes + i * config->ops;
		job->ops = config->ops;
		job->entries = config->entries;
		members[i] = (struct member){
			.crew = crew,
			.backend = row->backend,
			.job = job,
			.cpu = crew->cpus[i % crew->nr_cpus],
		};
		start(&members[i]);
	}
	for (unsigned int i = 0; i < row->threads; i++) {
		pthread_join(members[i].thread, NULL);
		err = err ? err : crew->jobs[i].error;
	}
	pthread_barrier_destroy(&crew->start);
	*ns = sum_up(crew, row);
	return err;
}

uint64_t bench_crew_wrong(const struct bench_crew *crew, unsigned int target)
{
	return crew->wrong[target];
}
