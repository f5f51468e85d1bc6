/* SPDX-License-Identifier: GPL-2.0-only */
/* What host.h offers, where the core is measured: no checks and nothing to control. */
#ifndef _HOST_SHIM_NATIVE_H
#define _HOST_SHIM_NATIVE_H

/* native.c */
extern unsigned int host_nr_cpus;
extern __thread unsigned int host_thread_number;
extern bool host_fatal_signal;
void host_native_init(void);
void host_thread_enter(void);
void host_thread_exit(void);
void host_relax(unsigned int *spins);

/* A thread that sleeps holds no grace period up. */
void host_sleep(void);
void host_wake(void);

static inline unsigned int host_this_cpu(void)
{
	return host_thread_number;
}

static inline void host_might_sleep(const char *what)
{
}

static inline void host_might_trylock(const char *what)
{
}

/* Callbacks have threads of their own. */
static inline bool host_rcu_step(void)
{
	return false;
}

#define host_manual false
#define host_in_nmi false

#endif /* _HOST_SHIM_NATIVE_H */
