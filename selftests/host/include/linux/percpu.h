/* SPDX-License-Identifier: GPL-2.0-only */
/* A CPU is a thread: each has a number of its own while it lives. */
#ifndef _HOST_LINUX_PERCPU_H
#define _HOST_LINUX_PERCPU_H

#include <linux/slab.h>

#include "../../shim/host.h"

#define num_possible_cpus() HOST_CPUS
#define for_each_possible_cpu(cpu) for ((cpu) = 0; (cpu) < HOST_CPUS; (cpu)++)

#define alloc_percpu(type) \
	((type *)kcalloc(HOST_CPUS, sizeof(type), GFP_KERNEL))
#define free_percpu(p) kfree(p)
#define per_cpu_ptr(p, cpu) (&(p)[cpu])
#define this_cpu_ptr(p) (&(p)[host_this_cpu()])

#define DEFINE_PER_CPU(type, name) __typeof__(type) name[HOST_CPUS]
#define per_cpu(name, cpu) ((name)[cpu])
#define this_cpu_xchg(name, value)                               \
	__atomic_exchange_n(&(name)[host_thread_index()], value, \
			    __ATOMIC_SEQ_CST)

#endif /* _HOST_LINUX_PERCPU_H */
