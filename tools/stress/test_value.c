// SPDX-License-Identifier: GPL-2.0-only
#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "stress.h"

static void check(unsigned int min, unsigned int max)
{
	struct config config = { .key_size = 16,
				 .value_min = min,
				 .value_max = max,
				 .keys = 1000,
				 .counters = 10 };
	unsigned char a[512], b[512], scratch[512];
	uint64_t got;

	for (uint64_t seq = 1; seq < 200; seq++) {
		unsigned int len = value_build(&config, 5, seq, a);
		unsigned int next = value_build(&config, 5, seq + 1, b);
		unsigned int cut;

		assert(len >= min && len <= max);
		assert(value_check(&config, 5, a, len, scratch, &got) ==
		       VALUE_OK);
		assert(got == seq);
		assert(value_check(&config, 6, a, len, scratch, &got) ==
		       VALUE_WRONG_KEY);
		for (unsigned int i = 0; i < len; i++) {
			a[i] ^= 1;
			assert(value_check(&config, 5, a, len, scratch, &got) !=
			       VALUE_OK);
			a[i] ^= 1;
		}
		/* one value up to its sequence number, then the next one */
		cut = len < 24 ? 8 : 16;
		if (next == len && memcmp(a + cut, b + cut, len - cut)) {
			memcpy(a + cut, b + cut, len - cut);
			assert(value_check(&config, 5, a, len, scratch, &got) ==
			       VALUE_TORN);
		}
	}
}

int main(void)
{
	struct config config = { .key_size = 16, .keys = 1000, .counters = 10 };
	unsigned char key[16];
	bool counter;
	uint64_t id;

	check(8, 8);
	check(8, 23);
	check(64, 64);
	check(8, 500);

	key_build(&config, 999, false, key);
	assert(key_parse(&config, key, 16, &id, &counter) && id == 999 &&
	       !counter);
	key_build(&config, 9, true, key);
	assert(key_parse(&config, key, 16, &id, &counter) && id == 9 &&
	       counter);
	assert(!key_parse(&config, key, 15, &id, &counter));
	key[15] ^= 1;
	assert(!key_parse(&config, key, 16, &id, &counter));
	puts("value: ok");
	return 0;
}
