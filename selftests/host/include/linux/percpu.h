/* SPDX-License-Identifier: GPL-2.0-only */
/* A CPU is a thread: each has a number of its own while it lives. */
#ifndef _HOST_LINUX_PERCPU_H
#define _HOST_LINUX_PERCPU_H

#include <linux/slab.h>

#include "../../shim/host.h"

/* Natively as many as the machine has: the number of shards follows from it. */
#ifdef HOST_NATIVE
#define num_possible_cpus() host_nr_cpus
#else
#define num_possible_cpus() HOST_CPUS
#endif
#define for_each_possible_cpu(cpu) for ((cpu) = 0; (cpu) < HOST_CPUS; (cpu)++)

/* No two CPUs share a cache line. */
#define host_percpu_size(type) ALIGN(sizeof(type), 64)
#define alloc_percpu(type) \
	((type *)kcalloc(HOST_CPUS, host_percpu_size(type), GFP_KERNEL))
#define free_percpu(p) kfree(p)
#define per_cpu_ptr(p, cpu) \
	((__typeof__(p))((char *)(p) + (cpu)*host_percpu_size(*(p))))
#define this_cpu_ptr(p) per_cpu_ptr(p, host_this_cpu())

#define DEFINE_PER_CPU(type, name) __typeof__(type) name[HOST_CPUS]
#define per_cpu(name, cpu) ((name)[cpu])
#define this_cpu_xchg(name, value)                               \
	__atomic_exchange_n(&(name)[host_thread_index()], value, \
			    __ATOMIC_SEQ_CST)

#endif /* _HOST_LINUX_PERCPU_H */
