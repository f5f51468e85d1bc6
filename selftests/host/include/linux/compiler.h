/* SPDX-License-Identifier: GPL-2.0-only */
/* Marked accesses are C11 atomics, so that TSan tells them from plain ones. */
#ifndef _HOST_LINUX_COMPILER_H
#define _HOST_LINUX_COMPILER_H

#define likely(x) __builtin_expect(!!(x), 1)
#include <sys/cdefs.h> /* has one of its own */
#undef __always_inline
#ifdef HOST_COVERAGE
#define __always_inline inline
#else
#define __always_inline inline __attribute__((always_inline))
#endif
#define unlikely(x) __builtin_expect(!!(x), 0)
#define __uninitialized
#define __maybe_unused __attribute__((unused))
#define noinline __attribute__((noinline))
#define fallthrough __attribute__((fallthrough))

#define READ_ONCE(x) __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, val) __atomic_store_n(&(x), (val), __ATOMIC_RELAXED)
#define smp_load_acquire(p)                                     \
	({                                                      \
		__typeof__(*(p)) acquired =                     \
			__atomic_load_n((p), __ATOMIC_ACQUIRE); \
		host_window();                                  \
		acquired;                                       \
	})
#define smp_store_release(p, val)                               \
	do {                                                    \
		__atomic_store_n((p), (val), __ATOMIC_RELEASE); \
		host_window();                                  \
	} while (0)
#define smp_rmb()                                        \
	do {                                             \
		__atomic_thread_fence(__ATOMIC_ACQUIRE); \
		host_window();                           \
	} while (0)
#define smp_wmb()                                        \
	do {                                             \
		__atomic_thread_fence(__ATOMIC_RELEASE); \
		host_window();                           \
	} while (0)
#define data_race(x) (x)
#define barrier() asm volatile("" : : : "memory")
#define barrier_data(p) asm volatile("" : : "r"(p) : "memory")
#define cmpxchg(p, old, new) __sync_val_compare_and_swap(p, old, new)

/*
 * After an ordered access others may come between it and the next: by chance they
 * hardly ever do, so a race test makes some of these instants last.
 */
#ifdef HOST_NATIVE
#define host_window() ((void)0)
#else
extern unsigned int host_window_every;
void host_window_open(void);
#define host_window()                                       \
	do {                                                \
		if (unlikely(READ_ONCE(host_window_every))) \
			host_window_open();                 \
	} while (0)
#endif

#endif /* _HOST_LINUX_COMPILER_H */
