// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keys, values and the order in which keys are used.
 *
 * A key is made from its number by a bijection, a value from the first word of its
 * key.  So a value found tells whether it belongs to the key asked for, and making
 * and checking them takes a few instructions beside the call that is measured.
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

/* The keys of a call: @nr numbers of @stream into job->in */
void bench_fill_keys(struct bench_job *job, const uint32_t *stream,
		     unsigned int nr)
{
	unsigned int words = job->payload->key_len / 8;

	for (unsigned int i = 0; i < nr; i++)
		bench_key(stream[i] & ~BENCH_WRITE, job->in + i * words,
			  job->payload->key_len);
}

/* The values of the keys that are in job->in */
void bench_fill_values(struct bench_job *job, unsigned int nr)
{
	const struct bench_payload *payload = job->payload;
	uint64_t *values = bench_in_values(job);

	for (unsigned int i = 0; i < nr; i++)
		bench_value(job->in + i * (payload->key_len / 8),
			    values + i * (payload->value_len / 8),
			    payload->value_len);
}

void bench_stream(uint32_t *stream, uint64_t nr, uint64_t entries,
		  enum bench_dist dist, uint64_t seed)
{
	uint64_t keys = mix64(seed), writes = mix64(~seed);
	struct zipf zipf;

	if (dist == BENCH_ZIPF)
		zipf_init(&zipf, entries, 0.99);
	for (uint64_t i = 0; i < nr; i++) {
		stream[i] = dist == BENCH_ZIPF ? zipf_next(&zipf, &keys) - 1 :
						 random_below(&keys, entries);
		if (!random_below(&writes, 10))
			stream[i] |= BENCH_WRITE;
	}
}
