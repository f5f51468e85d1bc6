// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keys, values and the order in which keys are used.
 *
 * A key is made from its number by a bijection, a value from the first word of its
 * key.  So a value found tells whether it belongs to the key asked for, at the cost of
 * a few instructions beside the call that is measured.
 */
#include "bench.h"
#include "random.h"
#include "zipf.h"

void bench_key(uint64_t number, uint64_t *key, unsigned int key_len)
{
	key[0] = mix64(number + 1);
	if (key_len > sizeof(*key))
		key[1] = key[0] * 0x9e3779b97f4a7c15ull;
}

void bench_value(const uint64_t *key, uint64_t *value, unsigned int value_len)
{
	for (unsigned int i = 0; i < value_len / 8; i++)
		value[i] = ~key[0] + i;
}

/* The values of @nr keys that stand one after another */
void bench_values(const uint64_t *keys, uint64_t *values, unsigned int nr,
		  const struct bench_payload *payload)
{
	for (unsigned int i = 0; i < nr; i++)
		bench_value(keys + i * (payload->key_len / 8),
			    values + i * (payload->value_len / 8),
			    payload->value_len);
}

void bench_stream(uint64_t *keys, uint8_t *writes, uint64_t nr,
		  unsigned int key_len, uint64_t entries, enum bench_dist dist,
		  uint64_t seed)
{
	uint64_t numbers = mix64(seed), coins = mix64(~seed);
	struct zipf zipf;

	if (dist == BENCH_ZIPF)
		zipf_init(&zipf, entries, 0.99);
	for (uint64_t i = 0; i < nr; i++) {
		uint64_t number = dist == BENCH_ZIPF ?
					  zipf_next(&zipf, &numbers) - 1 :
					  random_below(&numbers, entries);

		bench_key(number, keys + i * (key_len / 8), key_len);
		writes[i] = !random_below(&coins, 10);
	}
}
