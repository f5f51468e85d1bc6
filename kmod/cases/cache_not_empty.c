// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module goes and leaves an object in its slab cache
 *
 * The cache cannot be destroyed, and nobody is left who knows the object.
 *
 * Go: a goroutine that never ends, found by a leak test at the end of main().
 * Cure: what was made on loading and later is undone on unloading.
 */
#include <linux/slab.h>
#include <linux/string.h>

#include "cases.h"

#define OBJECT_LEN 48

static struct kmem_cache *cache;
static void *object;

/* A cache with a constructor is not merged with others of the same size. */
static void clear(void *new)
{
	memset(new, 0, OBJECT_LEN);
}

static int cache_not_empty_run(struct sm_case_run *run)
{
	if (!cache)
		cache = kmem_cache_create("shardmap_case", OBJECT_LEN, 0, 0,
					  clear);
	if (!cache)
		return -ENOMEM;
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	if (!object)
		return -ENOMEM;
	if (!run->buggy)
		kmem_cache_free(cache, object);
	sm_case_tell(run, "ok, it shows when the module is unloaded\n");
	return 0;
}

static void cache_not_empty_exit(void)
{
	kmem_cache_destroy(cache);
}

const struct sm_case sm_case_cache_not_empty = {
	.name = "cache_not_empty",
	.run = cache_not_empty_run,
	.exit = cache_not_empty_exit,
};
