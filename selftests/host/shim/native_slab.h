/* SPDX-License-Identifier: GPL-2.0-only */
/* The part of slab.h that allocates, where the core is measured. */
#ifndef _HOST_SHIM_NATIVE_SLAB_H
#define _HOST_SHIM_NATIVE_SLAB_H

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

struct kmem_cache {
	unsigned int size;
};

/* As 6.12 promises, up to a cache line. */
static inline void *kmalloc(size_t size, gfp_t gfp)
{
	size_t align = min(size & -size, (size_t)64);
	void *p = align > 16 ? aligned_alloc(align, size) : malloc(size);

	if (p && gfp & __GFP_ZERO)
		memset(p, 0, size);
	return p;
}

static inline void *kvmalloc(size_t size, gfp_t gfp)
{
	return kmalloc(ALIGN(size, 64), gfp);
}

static inline void *kcalloc(size_t n, size_t size, gfp_t gfp)
{
	return kmalloc(n * size, gfp | __GFP_ZERO);
}

static inline void *kvcalloc(size_t n, size_t size, gfp_t gfp)
{
	return kvmalloc(n * size, gfp | __GFP_ZERO);
}

static inline void kfree(const void *p)
{
	free((void *)p);
}

static inline void kvfree(const void *p)
{
	free((void *)p);
}

static inline void kfree_sensitive(const void *p)
{
	if (p)
		explicit_bzero((void *)p, malloc_usable_size((void *)p));
	free((void *)p);
}

static inline void kfree_bulk(size_t n, void **objects)
{
	while (n--)
		free(objects[n]);
}

/* free() takes all memory alike. */
static inline bool is_vmalloc_addr(const void *p)
{
	return false;
}

static inline struct kmem_cache *
kmem_cache_create(const char *name, unsigned int size, unsigned int align,
		  unsigned int flags, void (*ctor)(void *))
{
	struct kmem_cache *cache = malloc(sizeof(*cache));

	if (cache)
		cache->size = size;
	return cache;
}

static inline void kmem_cache_destroy(struct kmem_cache *cache)
{
	free(cache);
}

static inline void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp)
{
	return malloc(cache->size);
}

static inline void kmem_cache_free(struct kmem_cache *cache, void *p)
{
	free(p);
}

static inline unsigned int kmem_cache_size(const struct kmem_cache *cache)
{
	return cache->size;
}

#endif /* _HOST_SHIM_NATIVE_SLAB_H */
