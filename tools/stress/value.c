// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keys and values that tell where they belong.
 *
 * A key is its number (counters have the top bit) and padding made from it.  A
 * value is made from its key's number and a sequence number alone, its length
 * too, so a reader can make it again and compare all of it.  The checksum tells
 * a whole value of another key from a torn one.
 */
#include <string.h>

#include "random.h"
#include "stress.h"

#define COUNTER_BIT (1ull << 63)

struct header {
	uint64_t id;
	uint64_t seq;
	uint64_t checksum;
};

/* For values too short for the other */
struct short_header {
	uint32_t seq;
	uint16_t id;
	uint16_t checksum;
};

static void fill(unsigned char *to, unsigned int len, uint64_t seed)
{
	while (len) {
		uint64_t word = random_u64(&seed);
		unsigned int n = len < sizeof(word) ? len : sizeof(word);

		memcpy(to, &word, n);
		to += n;
		len -= n;
	}
}

void key_build(const struct config *config, uint64_t id, bool counter,
	       unsigned char *key)
{
	uint64_t number = id | (counter ? COUNTER_BIT : 0);

	memcpy(key, &number, sizeof(number));
	fill(key + sizeof(number), config->key_size - sizeof(number), number);
}

bool key_parse(const struct config *config, const unsigned char *key,
	       unsigned int len, uint64_t *id, bool *counter)
{
	unsigned char expected[SHARDMAP_KEY_LEN_MAX];
	uint64_t number;

	if (len != config->key_size)
		return false;
	memcpy(&number, key, sizeof(number));
	*counter = number & COUNTER_BIT;
	*id = number & ~COUNTER_BIT;
	if (*id >= (*counter ? config->counters : config->keys))
		return false;
	key_build(config, *id, *counter, expected);
	return !memcmp(key, expected, len);
}

static uint64_t checksum(uint64_t id, uint64_t seq,
			 const unsigned char *payload, unsigned int len)
{
	uint64_t sum = mix64(id ^ mix64(seq ^ mix64(len)));

	while (len) {
		unsigned int n = len < sizeof(sum) ? len : sizeof(sum);
		uint64_t word = 0;

		memcpy(&word, payload, n);
		sum = mix64(sum ^ word);
		payload += n;
		len -= n;
	}
	return sum;
}

unsigned int value_build(const struct config *config, uint64_t id, uint64_t seq,
			 unsigned char *value)
{
	uint64_t seed = mix64(id * 2 + 1) ^ seq;
	unsigned int spread = config->value_max - config->value_min + 1;
	unsigned int len = config->value_min + mix64(seed) % spread;
	struct short_header short_header = { .seq = seq, .id = mix64(id) };
	struct header header = { .id = id, .seq = seq };
	unsigned char *payload;

	if (len < sizeof(header)) {
		payload = value + sizeof(short_header);
		len -= sizeof(short_header);
		fill(payload, len, seed);
		short_header.checksum = checksum(
			short_header.id, short_header.seq, payload, len);
		memcpy(value, &short_header, sizeof(short_header));
		return len + sizeof(short_header);
	}
	payload = value + sizeof(header);
	len -= sizeof(header);
	fill(payload, len, seed);
	header.checksum = checksum(id, seq, payload, len);
	memcpy(value, &header, sizeof(header));
	return len + sizeof(header);
}

/* Sums up with the number that the value itself tells; false if it is torn. */
static bool is_whole(const unsigned char *value, unsigned int len,
		     uint64_t *seq)
{
	struct short_header short_header;
	struct header header;

	if (len < sizeof(short_header))
		return false;
	if (len < sizeof(header)) {
		memcpy(&short_header, value, sizeof(short_header));
		*seq = short_header.seq;
		return short_header.checksum ==
		       (uint16_t)checksum(short_header.id, short_header.seq,
					  value + sizeof(short_header),
					  len - sizeof(short_header));
	}
	memcpy(&header, value, sizeof(header));
	*seq = header.seq;
	return header.checksum == checksum(header.id, header.seq,
					   value + sizeof(header),
					   len - sizeof(header));
}

enum value_fault value_check(const struct config *config, uint64_t id,
			     const unsigned char *value, unsigned int len,
			     unsigned char *scratch, uint64_t *seq)
{
	if (!is_whole(value, len, seq))
		return VALUE_TORN;
	if (value_build(config, id, *seq, scratch) == len &&
	    !memcmp(value, scratch, len))
		return VALUE_OK;
	return VALUE_WRONG_KEY;
}
