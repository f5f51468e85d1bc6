/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the shims know about the thread that runs, and what tests control.
 *
 * A thread stands for a CPU: it has a number of its own, so what it does with
 * bottom halves disabled excludes nobody else and nobody else excludes it, as on
 * a real CPU.  A rule of the kernel that is broken ends the program.
 *
 * With HOST_NATIVE no rule is checked and nothing is slow, so that the core can be
 * measured, see tools/bench-host: RCU is liburcu's, and spinlocks spin.
 */
#ifndef _HOST_SHIM_H
#define _HOST_SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Fuzzers have few threads, and tables are made faster with few CPUs. */
#ifndef HOST_CPUS
#define HOST_CPUS 32U
#endif

/* Print what is wrong and abort. */
__attribute__((noreturn)) void host_bug(const char *what);

#ifdef HOST_NATIVE
#include "native.h"
#else
/* thread.c */
void host_init(uint64_t seed, bool manual);
void host_thread_enter(void);
void host_thread_exit(void);
void host_bh_disable(void);
void host_bh_enable(void);
unsigned int host_this_cpu(void);
unsigned int host_thread_index(void);
extern __thread bool host_in_nmi;
extern bool host_fatal_signal;
extern bool host_signal;
void host_might_sleep(const char *what);
void host_might_trylock(const char *what);
void host_might_allocate(const char *what, bool may_sleep);

/* Around what sleeps: nobody waits for a thread that is not in a read section. */
#define host_sleep() ((void)0)
#define host_wake() ((void)0)

/* rcu.c */
void host_rcu_read_lock(void);
void host_rcu_read_unlock(void);
bool host_rcu_read_lock_held(void);
bool host_rcu_step(void);

/*
 * slab.c.  The allocation after @passing others fails, and all later ones too if
 * @forever; host_fail_none() ends that and returns how many failed.  Larger ones than
 * host_allocation_max always fail.
 */
extern size_t host_allocation_max;
void host_fail_after(unsigned int passing, bool forever);
unsigned int host_fail_none(void);
long host_live_allocations(void);

/*
 * workqueue.c.  In manual mode there is no other thread at work: callbacks run
 * in host_rcu_step() and work in host_work_step(), up to its next
 * cond_resched() or its end.  Both return false if there is nothing to do.
 * host_time_pass() moves the clock in either mode, in manual mode alone, and
 * host_time_begin() puts it to where it was first.
 */
extern bool host_manual;

/* In manual mode: a work runs to its end at once, which is much faster. */
extern bool host_works_whole;
#endif

bool host_work_step(unsigned int choice);
void host_time_begin(void);
void host_time_pass(unsigned long jiffies);
void host_yield_to_work(void);
uint64_t host_boottime_ns(bool in_nmi);
void host_settle(void);
void host_cond_resched(void);

#endif /* _HOST_SHIM_H */
