/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Faults that the kernel injects while the load is on.  Which calls they may hit is for
 * selftests/faults.sh to say, which prepares the kernel.
 */
#ifndef STRESS_FAULTS_H
#define STRESS_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

#include "tool.h"

enum fault_kind {
	FAULT_SLAB, /* allocations of objects */
	FAULT_PAGES, /* allocations of pages */
	FAULT_COPIES, /* copies from and to user memory */
	FAULT_KINDS
};

struct fault_rates {
	bool on;
	unsigned int percent[FAULT_KINDS];
};

/* "SLAB:PAGES:COPIES"; exits on a usage error */
void faults_parse(const struct argp_state *state, const char *arg,
		  struct fault_rates *rates);
/* The same for who must know what was done: no copy may fail */
void faults_parse_allocations(const struct argp_state *state, const char *arg,
			      struct fault_rates *rates);

/* Both do nothing if the rates are not on.  0 or a negative errno. */
int faults_begin(const struct fault_rates *rates);
/* @injected: how many there were since faults_begin() */
int faults_end(const struct fault_rates *rates, uint64_t *injected);

#endif /* STRESS_FAULTS_H */
