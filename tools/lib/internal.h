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

/* A length that does not fit its member must not arrive as a shorter one. */
static inline uint32_t clamp_len(size_t len)
{
	return len > UINT32_MAX ? UINT32_MAX : (uint32_t)len;
}

/* The members that most operations set; no table takes a length that was clamped. */
static inline struct shardmap_op make_op(unsigned int flags, const void *key,
					 size_t key_len, const void *value,
					 size_t value_len)
{
	return (struct shardmap_op){
		.flags = flags,
		.key = pointer(key),
		.key_len = clamp_len(key_len),
		.value = pointer(value),
		.value_len = clamp_len(value_len),
	};
}

static inline void add_condition(struct shardmap_op *op,
				 struct shardmap_condition condition)
{
	op->flags |= condition.flags;
	op->version = condition.version;
	op->expected = pointer(condition.expected);
	op->expected_len = clamp_len(condition.expected_len);
}

#endif /* LIBSHARDMAP_INTERNAL_H */
