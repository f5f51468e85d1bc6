/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's integer types and sparse's annotations. */
#ifndef _HOST_LINUX_TYPES_H
#define _HOST_LINUX_TYPES_H

#include <asm/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s64 s64;

/* As in the kernel's headers, which the system's own may include. */
typedef __u16 __le16;
typedef __u32 __le32;
typedef __u64 __le64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u64 __be64;

typedef __u64 __aligned_u64 __attribute__((aligned(8)));

#define U16_MAX UINT16_MAX
#define U64_MAX UINT64_MAX
#define S64_MAX INT64_MAX

#define BITS_PER_LONG __LONG_WIDTH__

#define __rcu
#define __user
#define __percpu
#define __acquire(x) ((void)0)
#define __release(x) ((void)0)
#define __acquires(x)
#define __releases(x)
#define __must_check __attribute__((warn_unused_result))
#define __aligned(x) __attribute__((aligned(x)))

#ifdef HOST_NATIVE
#include <urcu/call-rcu.h> /* has struct rcu_head */
#else
struct rcu_head {
	struct rcu_head *next;
	void (*func)(struct rcu_head *head);
};
#endif

#endif /* _HOST_LINUX_TYPES_H */
