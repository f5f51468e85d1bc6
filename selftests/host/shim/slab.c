// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory.  A header before each object says how it was allocated; under ASan it
 * cannot be read by others.  Alignment is what 6.12 promises and no better: the
 * largest power of two that divides the size, at least 8 bytes.
 */
#include <stdlib.h>
#include <string.h>

#include <linux/slab.h>

#include "host.h"

#ifdef __SANITIZE_ADDRESS__
#define HAVE_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAVE_ASAN 1
#endif
#endif

#ifdef HAVE_ASAN
#include <sanitizer/asan_interface.h>
#else
#define __asan_poison_memory_region(p, n) ((void)(p))
#define __asan_unpoison_memory_region(p, n) ((void)(p))
#endif

/* From this size on kvmalloc() gives memory that kfree() must not see. */
#define VMALLOC_MIN 8192

/* How much of an object is filled, so that who relies on what was there shows. */
#ifdef HAVE_ASAN
#define FILL_MAX ((size_t)1024)
#else
#define FILL_MAX SIZE_MAX
#endif

#ifdef __has_feature
#if __has_feature(memory_sanitizer)
#include <sanitizer/msan_interface.h>
#define poison_unwritten(p, n) __msan_poison(p, n)
#endif
#endif
#ifndef poison_unwritten
#define poison_unwritten(p, n) ((void)0)
#endif

#define MAGIC 0x51ab51ab

struct header {
	unsigned int magic;
	bool vmalloc;
	struct kmem_cache *cache;
	void *start;
	size_t size;
};

/* As the least alignment is 8, so that nothing relies on 16. */
#define HEADER_ROOM 40
_Static_assert(sizeof(struct header) <= HEADER_ROOM, "header has room");

struct kmem_cache {
	unsigned int size;
	long live;
};

size_t host_allocation_max = SIZE_MAX;

static long live_allocations;
static long fail_passing = -1;
static bool fail_forever;
static unsigned int failed;

void host_fail_after(unsigned int passing, bool forever)
{
	WRITE_ONCE(fail_forever, forever);
	WRITE_ONCE(failed, 0);
	__atomic_store_n(&fail_passing, passing, __ATOMIC_SEQ_CST);
}

unsigned int host_fail_none(void)
{
	__atomic_store_n(&fail_passing, -1, __ATOMIC_SEQ_CST);
	return READ_ONCE(failed);
}

static bool must_fail(void)
{
	long passing = __atomic_load_n(&fail_passing, __ATOMIC_SEQ_CST);

	if (passing < 0)
		return false;
	if (passing > 0 || !READ_ONCE(fail_forever))
		passing =
			__atomic_fetch_sub(&fail_passing, 1, __ATOMIC_SEQ_CST);
	if (passing)
		return false;
	__atomic_fetch_add(&failed, 1, __ATOMIC_RELAXED);
	return true;
}

long host_live_allocations(void)
{
	return __atomic_load_n(&live_allocations, __ATOMIC_RELAXED);
}

static void *allocate(size_t size, size_t align, gfp_t gfp, bool vmalloc,
		      struct kmem_cache *cache)
{
	size_t room = align > 8 ? ALIGN((size_t)HEADER_ROOM, align) :
				  HEADER_ROOM;
	struct header *header;
	void *start, *p;

	host_might_allocate("allocation", gfpflags_allow_blocking(gfp));
	if (size > host_allocation_max || must_fail())
		return NULL;
	if (posix_memalign(&start, max(align, (size_t)16), room + size))
		host_bug("out of real memory");
	p = start + room;
	header = p - sizeof(*header);
	*header = (struct header){ MAGIC, vmalloc, cache, start, size };
	memset(p, gfp & __GFP_ZERO ? 0 : 0x5a,
	       gfp & __GFP_ZERO ? size : min(size, FILL_MAX));
	if (!(gfp & __GFP_ZERO))
		poison_unwritten(p, size);
	__asan_poison_memory_region(start, room);
	__atomic_fetch_add(&live_allocations, 1, __ATOMIC_RELAXED);
	return p;
}

/* Reading the first byte lets ASan speak up if the object was freed. */
static struct header *header_of(const void *p)
{
	struct header *header = (void *)p - sizeof(*header);

	(void)*(const volatile char *)p;
	__asan_unpoison_memory_region(header, sizeof(*header));
	if (header->magic != MAGIC)
		host_bug("freeing what was not allocated, or freed before");
	return header;
}

static void release(const void *p)
{
	struct header *header = header_of(p);
	void *start = header->start;

	if (header->cache)
		__atomic_fetch_sub(&header->cache->live, 1, __ATOMIC_RELAXED);
	__asan_unpoison_memory_region(start, p - start);
	memset((void *)p, 0x6b, min(header->size, FILL_MAX));
	header->magic = 0;
	__atomic_fetch_sub(&live_allocations, 1, __ATOMIC_RELAXED);
	free(start);
}

void *kmalloc(size_t size, gfp_t gfp)
{
	return allocate(size, max(size & -size, (size_t)8), gfp, false, NULL);
}

void *kvmalloc(size_t size, gfp_t gfp)
{
	if (size < VMALLOC_MIN)
		return kmalloc(size, gfp);
	return allocate(size, 4096, gfp, true, NULL);
}

void *kcalloc(size_t n, size_t size, gfp_t gfp)
{
	return kmalloc(n * size, gfp | __GFP_ZERO);
}

void *kvcalloc(size_t n, size_t size, gfp_t gfp)
{
	return kvmalloc(n * size, gfp | __GFP_ZERO);
}

bool is_vmalloc_addr(const void *p)
{
	struct header *header = header_of(p);
	bool vmalloc = header->vmalloc;

	__asan_poison_memory_region(header, sizeof(*header));
	return vmalloc;
}

void kfree(const void *p)
{
	host_might_allocate("kfree()", false);
	if (!p)
		return;
	if (header_of(p)->vmalloc)
		host_bug("kfree() of vmalloc memory");
	release(p);
}

void kvfree(const void *p)
{
	host_might_allocate("kvfree()", false);
	if (p)
		release(p);
}

void kfree_sensitive(const void *p)
{
	kfree(p);
}

void kfree_bulk(size_t n, void **objects)
{
	if (!n)
		host_bug("kfree_bulk() of nothing");
	while (n--)
		kfree(objects[n]);
}

struct kmem_cache *kmem_cache_create(const char *name, unsigned int size,
				     unsigned int align, unsigned int flags,
				     void (*ctor)(void *))
{
	struct kmem_cache *cache = kzalloc(sizeof(*cache), GFP_KERNEL);

	if (align != 8 || flags || ctor || !name)
		host_bug("kmem_cache_create(): more than this shim can");
	if (cache)
		cache->size = size;
	return cache;
}

void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp)
{
	void *p = allocate(cache->size, 8, gfp, false, cache);

	if (p)
		__atomic_fetch_add(&cache->live, 1, __ATOMIC_RELAXED);
	return p;
}

void kmem_cache_destroy(struct kmem_cache *cache)
{
	if (cache && cache->live)
		host_bug("kmem_cache_destroy() with objects left");
	kfree(cache);
}
