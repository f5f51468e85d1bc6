/* SPDX-License-Identifier: GPL-2.0-only */
/* Reference counts that end the program where the kernel would warn. */
#ifndef _HOST_LINUX_REFCOUNT_H
#define _HOST_LINUX_REFCOUNT_H

#include <linux/compiler.h>
#include <linux/types.h>

#include "../../shim/host.h"

typedef struct {
	int refs;
} refcount_t;

static inline void refcount_set(refcount_t *r, int n)
{
	WRITE_ONCE(r->refs, n);
}

static inline void refcount_inc(refcount_t *r)
{
	if (__atomic_fetch_add(&r->refs, 1, __ATOMIC_RELAXED) <= 0)
		host_bug("refcount_inc() of a count that is not held");
}

static inline bool refcount_dec_and_test(refcount_t *r)
{
	int old = __atomic_fetch_sub(&r->refs, 1, __ATOMIC_ACQ_REL);

	if (old <= 0)
		host_bug("refcount_dec_and_test() below zero");
	return old == 1;
}

#endif /* _HOST_LINUX_REFCOUNT_H */
