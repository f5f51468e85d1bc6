/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef STRESS_MEMORY_H
#define STRESS_MEMORY_H

#include <stdint.h>

/*
 * Kilobytes that the kernel's allocators gave out.  What is free is not looked at: each
 * CPU keeps pages that were freed, for a long time.
 */
struct memory {
	int64_t slab; /* also kmalloc() of whole pages */
	int64_t percpu;
	int64_t vmalloc;
};

/* Returns 0 or a negative errno. */
int memory_read(struct memory *memory);
/* Has the kernel free what it keeps of files and names.  Returns the same. */
int memory_drop_caches(void);

#endif /* STRESS_MEMORY_H */
