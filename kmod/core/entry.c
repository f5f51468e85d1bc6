// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of entries.
 *
 * Small entries come from slab caches in steps of 8 bytes, since the general
 * caches would round an entry of 40 bytes up to 64 and one of 104 to 128.
 * Larger ones come from kvmalloc().
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "internal.h"

#define CACHE_MAX 256
#define NR_CACHES ((CACHE_MAX - SM_ENTRY_MIN) / SM_ENTRY_STEP + 1)

static struct kmem_cache *entry_caches[NR_CACHES];
static char entry_cache_names[NR_CACHES][24];

/**
 * sm_entry_caches_create() - Make the slab caches.
 *
 * Context: Process context.
 * Return: 0, or -ENOMEM with none made.
 */
int sm_entry_caches_create(void)
{
	unsigned int i;

	for (i = 0; i < NR_CACHES; i++) {
		unsigned int size = SM_ENTRY_MIN + i * SM_ENTRY_STEP;

		snprintf(entry_cache_names[i], sizeof(entry_cache_names[i]),
			 "shardmap_entry-%u", size);
		entry_caches[i] = kmem_cache_create(entry_cache_names[i], size,
						    SM_ENTRY_STEP, 0, NULL);
		if (!entry_caches[i]) {
			sm_entry_caches_destroy();
			return -ENOMEM;
		}
	}
	return 0;
}

/**
 * sm_entry_caches_destroy() - Destroy the slab caches.
 *
 * Context: Process context, when no entry is left, not even in a callback.
 */
void sm_entry_caches_destroy(void)
{
	unsigned int i;

	for (i = 0; i < NR_CACHES; i++) {
		kmem_cache_destroy(entry_caches[i]);
		entry_caches[i] = NULL;
	}
}

/**
 * sm_entry_alloc() - Allocate an entry.
 * @key_len: length of its key in bytes, at least 1
 * @value_len: length of its value in bytes
 * @flags: SM_ENTRY_*
 * @gfp: allocation flags
 *
 * Lengths and flags are set; hash, version and data are the caller's to fill.  It
 * counts as used just now.
 *
 * Context: Any context that @gfp allows, but not under a shard lock.
 * Return: The entry, or NULL if memory is short.
 */
struct sm_entry *sm_entry_alloc(u32 key_len, u32 value_len, unsigned int flags,
				gfp_t gfp)
{
	size_t size = sm_entry_size(key_len, value_len, flags);
	struct sm_entry *e;

	if (size <= CACHE_MAX)
		e = kmem_cache_alloc(
			entry_caches[(size - SM_ENTRY_MIN) / SM_ENTRY_STEP],
			gfp);
	else
		e = kvmalloc(size, gfp);
	if (!e)
		return NULL;
	e->key_len = key_len;
	e->value_len = value_len;
	e->flags = flags;
	e->used = 1;
	return e;
}

/**
 * sm_entry_free() - Free an entry that no reader can hold.
 * @e: the entry, or NULL
 *
 * Context: Any context but NMI, not under a shard lock.
 */
void sm_entry_free(struct sm_entry *e)
{
	kvfree(e);
}

/**
 * sm_entry_free_bulk() - Free entries that no reader can hold.
 * @objects: the entries; overwritten
 * @nr: how many
 *
 * Context: Process or softirq context, not under a shard lock.
 */
void sm_entry_free_bulk(void **objects, unsigned int nr)
{
	unsigned int i, slab = 0;

	for (i = 0; i < nr; i++) {
		if (is_vmalloc_addr(objects[i]))
			kvfree(objects[i]);
		else
			objects[slab++] = objects[i];
	}
	if (slab)
		kfree_bulk(slab, objects);
}

/**
 * sm_entry_is_over() - Is the time of an entry over?
 * @e: the entry
 *
 * Context: Any context, the entry being protected by RCU or the shard lock.
 * Return: true if it must not be seen any more.
 */
bool sm_entry_is_over(const struct sm_entry *e)
{
	return e->flags & SM_ENTRY_EXPIRES && *sm_entry_expires(e) <= sm_now();
}

/**
 * sm_entry_use() - What a lookup does with an entry that has flags.
 * @e: the entry
 *
 * In a table that evicts it counts as used; the store is left out if it is known
 * already, so that the line of an entry often looked up stays shared.
 *
 * Context: Any context, the entry being protected by RCU.
 * Return: false if its time is over.
 */
bool sm_entry_use(struct sm_entry *e)
{
	if (sm_entry_is_over(e))
		return false;
	if (e->flags & SM_ENTRY_TRACKED && !READ_ONCE(e->used))
		WRITE_ONCE(e->used, 1);
	return true;
}
