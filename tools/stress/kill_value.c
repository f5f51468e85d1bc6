// SPDX-License-Identifier: GPL-2.0-only
/*
 * Values whose first word has the sequence number of the store and a checksum of it
 * with the key; the rest follows from that word.
 */
#include <string.h>

#include "kill.h"

#define CHECK_BITS 24

unsigned int kill_value_build(const struct kill_test *test,
			      const struct kill_key *key, uint64_t seq,
			      uint64_t *value)
{
	uint64_t id = (uint64_t)key->owner << 32 | key->cell;
	uint64_t check = mix64(mix64(id) ^ seq) >> (64 - CHECK_BITS);
	unsigned int words = 1;

	value[0] = seq << CHECK_BITS | check;
	if (!(test->config.create.flags & SHARDMAP_CREATE_INLINE))
		words += mix64(value[0]) % KILL_VALUE_WORDS;
	for (unsigned int i = 1; i < words; i++)
		value[i] = mix64(mix64(id + i) ^ value[0]);
	return words * sizeof(*value);
}

uint64_t kill_value_seq(const struct kill_test *test,
			const struct kill_key *key, const void *value,
			unsigned int len)
{
	uint64_t good[KILL_VALUE_WORDS], first;

	if (len < sizeof(first))
		return 0;
	memcpy(&first, value, sizeof(first));
	if (len != kill_value_build(test, key, first >> CHECK_BITS, good) ||
	    memcmp(value, good, len))
		return 0;
	return first >> CHECK_BITS;
}
