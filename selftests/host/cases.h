/* SPDX-License-Identifier: GPL-2.0-only */
/* Tests with a plan, beside the random ones.  Each runs in a process of its own. */
#ifndef _HOST_CASES_H
#define _HOST_CASES_H

#include <stdbool.h>
#include <stdio.h>

#define EXPECT(condition)                                                     \
	do {                                                                  \
		if (!(condition)) {                                           \
			printf("# %s: not true: %s\n", __func__, #condition); \
			return false;                                         \
		}                                                             \
	} while (0)

struct test_case {
	const char *name;
	bool (*run)(void);
};

/* cases_more.c */
bool quota_is_of_all_tables(void);
bool quota_of_an_inline_table(void);
bool eviction_spares_what_is_used(void);
bool eviction_goes_round(void);
bool frozen_tables_evict_nothing(void);
bool freeze_waits_for_who_is_at_work(void);
bool reservations_keep_to_the_quota(void);
bool memory_comes_back_in_time(void);
bool copies_end_in_time(void);
bool what_is_over_makes_room(void);
bool all_or_nothing_ends_in_time(void);
bool one_spare_is_not_two(void);
bool verbs_are_checked(void);

/* Ends with an empty one. */
extern const struct test_case test_cases[];

#endif /* _HOST_CASES_H */
