// SPDX-License-Identifier: GPL-2.0-only
/*
 * A pointer that RCU protects is followed without it
 *
 * Go: a plain read of what others store through an atomic.Pointer.
 * Cure: rcu_dereference(), inside a read-side critical section.
 *
 * Compiled and never called.
 */
#include <linux/rcupdate.h>

#include "cases.h"

struct sm_case_rcu_slot {
	u64 __rcu *value;
};

u64 sm_case_rcu_pointer(const struct sm_case_rcu_slot *slot)
{
	u64 value;

	rcu_read_lock();
#ifdef SM_CASE_BUGGY
	value = *slot->value;
#else
	value = *rcu_dereference(slot->value);
#endif
	rcu_read_unlock();
	return value;
}
