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

#define MEMORY_BACK_NS 30000000000ull

/* Returns 0 or a negative errno. */
int memory_read(struct memory *memory);
/*
 * Waits until a table without entries has given their memory back, and its index is no
 * larger than @index_bytes: freed memory waits for readers, and arrays shrink behind the
 * callers' backs.  @left_over: set to the bytes that stay for MEMORY_BACK_NS.  Returns
 * the same.
 */
int memory_wait_empty(int table, uint64_t index_bytes, uint64_t *left_over);
/* Has the kernel free what it keeps of files and names.  Returns the same. */
int memory_drop_caches(void);

#endif /* STRESS_MEMORY_H */
