/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * shardmap-stress unload: loads the module, uses it in ways that leave much to be
 * done behind the users' backs, and unloads it, time and again.
 *
 * unload -> unload_module
 *        -> unload_use -> unload_race
 *        -> memory
 *
 * In every other round nobody else has the module: then it has as many references as
 * there are descriptors, is refused to be unloaded as long as there is one, and goes at
 * the first try after the last.  In the others threads open the device all the time.
 */
#ifndef STRESS_UNLOAD_H
#define STRESS_UNLOAD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "machine.h"
#include "memory.h"
#include "random.h"
#include "tool.h"

struct unload_config {
	const char *module; /* file */
	uint64_t unloads;
	uint64_t seed;
	bool json;
};

struct unload_totals {
	uint64_t unloads;
	uint64_t refused; /* while there were references, as it should be */
	uint64_t ops; /* by all who used the module */
	uint64_t opened; /* times that the device was opened in a race */
	uint64_t closed; /* descriptors closed during commands */
	uint64_t looks; /* at fdinfo and at what sysfs has of the module */
	/* faults */
	uint64_t not_refused; /* unloaded in spite of references */
	uint64_t wrong_refs; /* not one for each descriptor */
	uint64_t stuck; /* not unloaded though nobody has it */
	uint64_t wrong; /* operations that failed, or lost something */
	uint64_t caches; /* slab caches that stayed */
	uint64_t left_over; /* KiB of memory that did not come back */
};

struct unload_test {
	struct unload_config config;
	uint64_t random;
	struct unload_totals totals;
	struct memory grown;
	double seconds;
};

/* unload.c */
enum tool_exit unload_main(int argc, char **argv);

/* unload_module.c: these return 0 or a negative errno */
int unload_load(const char *path);
/* -EAGAIN if there are references */
int unload_remove(void);
/* Slab caches of the module that there are */
int unload_count_caches(uint64_t *nr);
/* References to the module, or a negative errno */
int unload_refs(void);

/*
 * unload_use.c: use the loaded module.  On return all that was opened is closed and
 * nobody uses it, but not all is done.  Returns 0 or a negative errno.
 */
int unload_use(struct unload_test *test);

/* unload_race.c: the same, with others that open the device meanwhile; unloads it. */
int unload_race(struct unload_test *test);

#endif /* STRESS_UNLOAD_H */
