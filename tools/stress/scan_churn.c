// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two threads that store the stable keys, then insert and delete others in waves,
 * and replace a stable entry now and then.
 */
#include <errno.h>
#include <sched.h>
#include <sys/resource.h>

#include "scan.h"

/* It is the passes that are waited for. */
#define NICE 10

static int append_put(struct scan_churner *churner, uint64_t key,
		      unsigned int flags)
{
	uint64_t value = scan_value(&churner->test->config, key);

	return shardmap_batch_put(churner->batch, &key, sizeof(key), &value,
				  sizeof(value), flags);
}

/* Every operation must succeed: nobody else touches these keys' presence. */
static int run_batch(struct scan_churner *churner)
{
	unsigned int nr = shardmap_batch_count(churner->batch);
	int err = shardmap_batch_run(churner->test->table, churner->batch);

	for (unsigned int i = 0; i < nr && !err; i++)
		err = shardmap_batch_result(churner->batch, i)->status;
	churner->ops += nr;
	shardmap_batch_reset(churner->batch);
	return err;
}

static int load(struct scan_churner *churner)
{
	int err = 0;

	for (uint64_t key = churner->stable[0]; key < churner->stable[1];
	     key++) {
		err = append_put(churner, key, SHARDMAP_NOEXIST);
		if (shardmap_batch_count(churner->batch) == SCAN_BATCH &&
		    err >= 0)
			err = run_batch(churner);
		if (err < 0)
			return err;
	}
	return shardmap_batch_count(churner->batch) ? run_batch(churner) : 0;
}

/* Keys @from up to @to, and one stable key replaced, which stays there. */
static int change(struct scan_churner *churner, uint64_t from, uint64_t to,
		  bool insert)
{
	uint64_t stable =
		random_below(&churner->random, churner->test->config.keys);
	int err = append_put(churner, stable, SHARDMAP_EXIST);

	for (uint64_t key = from; key < to && err >= 0; key++)
		err = insert ? append_put(churner, key, SHARDMAP_NOEXIST) :
			       shardmap_batch_delete(churner->batch, &key,
						     sizeof(key));
	if (err >= 0)
		err = run_batch(churner);
	if (!err && insert)
		churner->present += to - from;
	else if (!err)
		churner->present -= to - from;
	return err;
}

static int wave(struct scan_churner *churner, bool insert)
{
	uint64_t end = churner->range[1], from, to;
	int err = 0;

	for (from = churner->range[0]; from < end && !err; from = to) {
		if (atomic_load_explicit(&churner->test->stop,
					 memory_order_relaxed))
			return -EINTR;
		to = end - from < SCAN_BATCH - 1 ? end : from + SCAN_BATCH - 1;
		err = change(churner, from, to, insert);
	}
	return err;
}

/* Threads that the scheduler leaves on one CPU would hardly meet. */
static void pin(unsigned int index)
{
	cpu_set_t allowed;
	unsigned int cpu = 0;

	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		return;
	index %= CPU_COUNT(&allowed);
	while (!CPU_ISSET(cpu, &allowed) || index--)
		cpu++;
	pin_to_cpu(cpu);
}

static void *churn(void *arg)
{
	struct scan_churner *churner = arg;
	int err;

	pin(churner->index);
	err = load(churner);
	setpriority(PRIO_PROCESS, 0, NICE);
	pthread_barrier_wait(&churner->test->loaded);
	while (!err) {
		err = wave(churner, true);
		if (!err)
			err = wave(churner, false);
	}
	if (err != -EINTR)
		churner->error = err;
	return NULL;
}

/* Returns when all stable keys are there. */
int scan_churn_start(struct scan_test *test)
{
	const struct scan_config *config = &test->config;

	pthread_barrier_init(&test->loaded, NULL, SCAN_CHURNERS + 1);
	for (unsigned int i = 0; i < SCAN_CHURNERS; i++) {
		struct scan_churner *churner = &test->churners[i];

		*churner = (struct scan_churner){
			.test = test,
			.index = i,
			.random = mix64(config->seed + i),
			.batch = shardmap_batch_new(SCAN_BATCH),
		};
		for (unsigned int end = 0; end < 2; end++) {
			churner->stable[end] =
				config->keys * (i + end) / SCAN_CHURNERS;
			churner->range[end] =
				config->keys +
				config->churn * (i + end) / SCAN_CHURNERS;
		}
		if (!churner->batch ||
		    pthread_create(&churner->thread, NULL, churn, churner))
			return -ENOMEM;
	}
	pthread_barrier_wait(&test->loaded);
	return 0;
}

int scan_churn_stop(struct scan_test *test)
{
	int err = 0;

	atomic_store(&test->stop, true);
	for (unsigned int i = 0; i < SCAN_CHURNERS; i++) {
		pthread_join(test->churners[i].thread, NULL);
		shardmap_batch_free(test->churners[i].batch);
		if (!err)
			err = test->churners[i].error;
	}
	pthread_barrier_destroy(&test->loaded);
	return err;
}
