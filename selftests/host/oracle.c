// SPDX-License-Identifier: GPL-2.0-only
/* The array that the table is compared with. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/core.h"
#include "core/internal.h"

#include "model.h"

/* Sizes are worked out anew here, so that a mistake in entry.c shows. */
#define HEADER_BYTES 24U

void model_wrong(struct model *m, const char *format, ...)
{
	va_list args;

	if (m->wrong[0])
		return;
	va_start(args, format);
	vsnprintf(m->wrong, sizeof(m->wrong), format, args);
	va_end(args);
}

unsigned int value_limit(const struct model *m)
{
	return m->config->params.max_value_len ?: SHARDMAP_MAX_VALUE_LEN;
}

unsigned int key_limit(const struct model *m)
{
	return m->config->params.max_key_len ?: SHARDMAP_MAX_KEY_LEN;
}

/* Values of 8 bytes are numbers: the seed itself. */
void make_value(void *buf, unsigned int len, u64 seed)
{
	unsigned char *p = buf;
	u64 state = seed * 2 + len;

	if (len == sizeof(seed)) {
		memcpy(buf, &seed, sizeof(seed));
		return;
	}
	for (; len >= 8; len -= 8, p += 8) {
		state = state * 6364136223846793005ULL + 1442695040888963407ULL;
		memcpy(p, &state, 8);
	}
	while (len--)
		*p++ = (state >> 40) + len;
}

/* Values of an inline table have one length. */
unsigned int value_min(const struct model *m)
{
	return m->config->params.flags & SHARDMAP_INLINE ? value_limit(m) : 0;
}

u64 entry_bytes(const struct model *m, unsigned int key_len,
		unsigned int value_len)
{
	u64 bytes = HEADER_BYTES + (key_len + 7) / 8 * 8 + value_len;

	if (m->config->params.flags & SHARDMAP_INLINE)
		return 0;
	bytes = (bytes + 7) / 8 * 8;
	return bytes < HEADER_BYTES + 8 ? HEADER_BYTES + 8 : bytes;
}

bool has_room(const struct model *m, u64 entries, long long bytes)
{
	const struct shardmap_params *p = &m->config->params;

	if (p->max_entries && m->count + entries > p->max_entries)
		return false;
	return !p->max_bytes || bytes <= 0 || m->bytes + bytes <= p->max_bytes;
}

void oracle_store(struct model *m, struct okey *k, unsigned int len, u64 seed,
		  u64 version)
{
	if (version <= k->last_version)
		model_wrong(m, "version %llu after %llu",
			    (unsigned long long)version,
			    (unsigned long long)k->last_version);
	if (k->present)
		m->bytes -= entry_bytes(m, k->name_len, k->len);
	else
		m->count++;
	m->bytes += entry_bytes(m, k->name_len, len);
	k->present = true;
	k->len = len;
	k->seed = seed;
	k->version = version;
	k->last_version = version;
}

void oracle_remove(struct model *m, struct okey *k)
{
	m->count--;
	m->bytes -= entry_bytes(m, k->name_len, k->len);
	k->present = false;
	k->scan_stable = false;
	k->clear_stable = false;
}

struct okey *oracle_find(const struct model *m, const void *name,
			 unsigned int len)
{
	unsigned int index;

	/* Keys end in their index. */
	if (len < sizeof(index)) {
		if (len == 1 && *(const unsigned char *)name < 64)
			index = *(const unsigned char *)name;
		else
			return NULL;
	} else {
		memcpy(&index, name + len - sizeof(index), sizeof(index));
	}
	if (index >= m->config->nr_keys || m->keys[index].name_len != len ||
	    memcmp(m->keys[index].name, name, len))
		return NULL;
	return &m->keys[index];
}

/* At each size of the array two of these share a bucket, or are next to merge. */
static bool is_crowded(unsigned int prefix)
{
	return !prefix || prefix == 16 || prefix == 32 || prefix == 64 ||
	       prefix == 128;
}

static void name_key(struct model *m, unsigned int index)
{
	struct okey *k = &m->keys[index];
	static const unsigned int lengths[] = {
		4, 7, 8, 9, 12, 15, 16, 17, 24, 31, 33, 40, 63, 64, 100, 300
	};
	u64 salt = 0;

	switch (m->config->keys) {
	case KEYS_ANY:
		k->name_len = index < 64 && index % 2 ?
				      1 :
				      lengths[index % ARRAY_SIZE(lengths)];
		if (index % 97 == 96)
			k->name_len = 1024;
		if (k->name_len > key_limit(m))
			k->name_len = key_limit(m);
		break;
	case KEYS_EQUAL:
		k->name_len = 16;
		break;
	default:
		k->name_len = m->config->params.max_key_len ?: 8;
	}
	k->name = calloc(1, k->name_len);
	if (k->name_len == 1) {
		k->name[0] = index;
		return;
	}
	memcpy(k->name + k->name_len - sizeof(index), &index, sizeof(index));
	if (m->config->keys == KEYS_EQUAL && index % 4)
		/* The first factor of the fast hash becomes 0. */
		memcpy(k->name, &m->map->secret.fold[1], 8);
	while (m->config->keys == KEYS_CROWDED &&
	       !is_crowded(sm_hash(m->map, k->name, k->name_len) >> 54)) {
		salt++;
		memcpy(k->name, &salt, 4);
	}
}

void model_create(struct model *m, const struct config *config)
{
	unsigned int i;

	*m = (struct model){ .config = config };
	host_init(config->seed, true);
	if (sm_core_init())
		host_bug("sm_core_init()");
	m->map = shardmap_create(&config->params);
	if (IS_ERR(m->map))
		host_bug("shardmap_create()");
	m->keys = calloc(config->nr_keys, sizeof(*m->keys));
	for (i = 0; i < config->nr_keys; i++)
		name_key(m, i);
}

/* All memory must come back. */
void model_destroy(struct model *m)
{
	unsigned int i;

	shardmap_destroy(m->map);
	sm_core_exit();
	if (host_live_allocations())
		model_wrong(m, "%ld allocations leaked",
			    host_live_allocations());
	for (i = 0; i < m->config->nr_keys; i++)
		free(m->keys[i].name);
	free(m->keys);
}
