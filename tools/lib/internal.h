/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LIBSHARDMAP_INTERNAL_H
#define LIBSHARDMAP_INTERNAL_H

#include "libshardmap.h"

/* Not exported; the static library must not claim a plain name either. */
#define command shardmapi_command

int command(int fd, unsigned long number, void *arg)
	__attribute__((visibility("hidden")));

static inline uint64_t pointer(const void *p)
{
	return (uintptr_t)p;
}

#endif /* LIBSHARDMAP_INTERNAL_H */
