// SPDX-License-Identifier: GPL-2.0-only
/* What is known of elements, with calls made up, and each fault among them. */
#undef NDEBUG
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "torture.h"

static struct torture_age *age;
static struct torture_totals totals;

static void reset(void)
{
	free(age);
	age = calloc(1, sizeof(*age) + 2 * sizeof(*age->keys));
	assert(age);
	memset(&totals, 0, sizeof(totals));
}

static struct torture_call begin(enum shardmap_opcode opcode)
{
	struct torture_call call = { .opcode = opcode, .key = 1 };

	assert(torture_age_begin(age, &call));
	return call;
}

static void end(struct torture_call *call, int status, uint64_t found)
{
	call->status = status;
	call->found = found;
	call->inserted = call->mine && !status && !found;
	torture_age_end(age, call, &totals);
}

static uint64_t put(uint64_t found)
{
	struct torture_call call = begin(SHARDMAP_OP_PUT);

	end(&call, 0, found);
	return call.mine;
}

static void get(int status, uint64_t found)
{
	struct torture_call call = begin(SHARDMAP_OP_GET);

	end(&call, status, found);
}

static void take(int status, uint64_t found)
{
	struct torture_call call = begin(SHARDMAP_OP_TAKE);

	end(&call, status, found);
}

static uint64_t faults(void)
{
	return torture_failures(&totals);
}

static void good_calls_are_good(void)
{
	uint64_t first, second;

	reset();
	get(-ENOENT, 0);
	first = put(0);
	get(0, first);
	second = put(first);
	get(0, second);
	take(0, second);
	get(-ENOENT, 0);
	take(-ENOENT, 0);
	assert(!faults() && totals.found == 4);
}

static void what_is_gone_may_be_found_by_who_began_before(void)
{
	struct torture_call before;
	uint64_t first;

	reset();
	first = put(0);
	before = begin(SHARDMAP_OP_GET);
	put(first);
	end(&before, 0, first);
	assert(!faults());
	get(0, first);
	assert(totals.stale == 1 && faults() == 1);
}

/* Nobody was told of the first element when it went. */
static void a_finding_tells_of_all_others(void)
{
	uint64_t first;

	reset();
	first = put(0);
	put(0);
	get(0, first);
	assert(totals.stale == 1);
	reset();
	first = put(0);
	take(-ENOENT, 0);
	get(0, first);
	assert(totals.stale == 1);
}

static void an_element_is_taken_once(void)
{
	struct torture_call one, other;
	uint64_t first;

	reset();
	first = put(0);
	one = begin(SHARDMAP_OP_TAKE);
	other = begin(SHARDMAP_OP_TAKE);
	end(&one, 0, first);
	end(&other, 0, first);
	assert(totals.twice == 1 && faults() == 1);
}

static void what_was_stored_is_missed(void)
{
	struct torture_call removal, get_beside;

	reset();
	put(0);
	get(-ENOENT, 0);
	assert(totals.missing == 1);
	/* Not if somebody may have removed it, or is about to. */
	reset();
	put(0);
	removal = begin(SHARDMAP_OP_TAKE);
	get(-ENOENT, 0);
	put(0);
	get(-ENOENT, 0);
	end(&removal, -ENOENT, 0);
	assert(!totals.missing);
	/* One that has failed is of no account to what comes after it. */
	put(0);
	get_beside = begin(SHARDMAP_OP_GET);
	put(0);
	end(&get_beside, -ENOENT, 0);
	assert(totals.missing == 1);
}

static void clears_remove_what_was_there(void)
{
	uint64_t before[2 * TORTURE_SLOTS], first;
	struct torture_call beside;

	reset();
	first = put(0);
	torture_age_clear_begin(age, 2, before);
	beside = begin(SHARDMAP_OP_GET);
	end(&beside, -ENOENT, 0);
	put(0);
	torture_age_clear_end(age, 2, before, true);
	assert(!faults());
	get(0, first);
	assert(totals.stale == 1);
	reset();
	first = put(0);
	torture_age_clear_begin(age, 2, before);
	torture_age_clear_end(age, 2, before, false);
	get(0, first);
	assert(!faults());
}

static void what_failed_is_not_found(void)
{
	struct torture_call failed;

	reset();
	get(0, 1);
	assert(totals.unexpected == 1);
	failed = begin(SHARDMAP_OP_PUT);
	end(&failed, -ENOMEM, 0);
	get(0, failed.mine);
	assert(totals.unexpected == 2);
}

static void nothing_outlives_its_time(void)
{
	struct torture_call call = { .opcode = SHARDMAP_OP_PUT,
				     .key = 1,
				     .ttl = 1 };

	reset();
	assert(torture_age_begin(age, &call));
	end(&call, 0, 0);
	/* The clock goes on. */
	for (int i = 0; i < 1000 && !totals.outlived; i++)
		get(0, call.mine);
	assert(totals.outlived == 1 && faults() == 1);
}

/* Elements without a slot were gone when they lost it. */
static void what_is_forgotten_is_old(void)
{
	struct torture_call before;
	uint64_t first, last;

	reset();
	first = put(0);
	before = begin(SHARDMAP_OP_GET);
	last = first;
	for (int i = 0; i < TORTURE_SLOTS; i++)
		last = put(last);
	end(&before, 0, first);
	assert(!faults() && totals.forgotten == 1);
	get(0, first);
	assert(totals.stale == 1);
}

/* A slot is not taken from an element that may be in the table. */
static void slots_are_kept(void)
{
	struct torture_call calls[TORTURE_SLOTS];
	struct torture_call more = { .opcode = SHARDMAP_OP_PUT, .key = 1 };

	reset();
	for (int i = 0; i < TORTURE_SLOTS; i++)
		calls[i] = begin(SHARDMAP_OP_PUT);
	assert(!torture_age_begin(age, &more) && !more.mine);
	for (int i = 0; i < TORTURE_SLOTS; i++)
		end(&calls[i], 0, i ? calls[i - 1].mine : 0);
	/* The next call finds out that all but the last are gone. */
	get(0, calls[TORTURE_SLOTS - 1].mine);
	assert(!faults());
	assert(torture_age_begin(age, &more));
}

int main(void)
{
	good_calls_are_good();
	what_is_gone_may_be_found_by_who_began_before();
	a_finding_tells_of_all_others();
	an_element_is_taken_once();
	what_was_stored_is_missed();
	clears_remove_what_was_there();
	what_failed_is_not_found();
	nothing_outlives_its_time();
	what_is_forgotten_is_old();
	slots_are_kept();
	free(age);
	puts("torture: ok");
	return 0;
}
