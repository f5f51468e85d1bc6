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
		unsigned int value_len, bool expires)
{
	u64 bytes = HEADER_BYTES + (key_len + 7) / 8 * 8 + value_len;

	if (m->config->params.flags & SHARDMAP_INLINE)
		return 0;
	bytes = (bytes + 7) / 8 * 8 + 8 * expires;
	return bytes < HEADER_BYTES + 8 ? HEADER_BYTES + 8 : bytes;
}

/* What the entry of a key takes up, if it has one. */
u64 stored_bytes(const struct model *m, const struct okey *k)
{
	return k->stored ? entry_bytes(m, k->name_len, k->len, k->expires) : 0;
}

static bool fits(const struct model *m, u64 count, u64 held, long long entries,
		 long long bytes)
{
	const struct shardmap_params *p = &m->config->params;

	if (p->max_entries && entries > 0 && count + entries > p->max_entries)
		return false;
	return !p->max_bytes || bytes <= 0 || held + bytes <= p->max_bytes;
}

static bool fits_now(const struct model *m)
{
	return fits(m, m->count, m->bytes, m->need_entries + m->left_entries,
		    m->need_bytes + m->left_bytes);
}

/*
 * What the limits say to an operation with which so much comes; @fresh_bytes are those
 * of all the entries that it makes.  Keys that it writes are marked.
 */
int room_wanted(struct model *m, long long entries, long long bytes,
		u64 fresh_bytes, bool may_sleep)
{
	u64 alive = 0, alive_bytes = 0, kept = 0, kept_bytes = 0;
	const struct shardmap_params *p = &m->config->params;
	struct shardmap_stats stats;
	bool over = false;
	unsigned int i;

	m->need_entries = entries;
	m->need_bytes = bytes;
	m->hopeless = p->max_bytes && fresh_bytes > p->max_bytes;
	if (m->quota) {
		shardmap_get_stats(m->map, &stats);
		m->quota_before = shardmap_quota_bytes(m->quota);
		m->index_before = stats.index_bytes;
	}
	if (fits_now(m))
		return 0;
	if (m->hopeless)
		return -ENOSPC;
	for (i = 0; i < m->config->nr_keys; i++) {
		const struct okey *k = &m->keys[i];

		/* What the operation takes the place of is in what it needs. */
		if (k->present || k->written) {
			alive += k->stored;
			alive_bytes += stored_bytes(m, k);
		}
		over |= k->written && k->stored && !k->present;
		kept += k->stored && k->written;
		kept_bytes += k->written ? stored_bytes(m, k) : 0;
	}
	if (may_sleep && fits(m, alive, alive_bytes, entries, bytes))
		return 0;
	if (p->flags & SHARDMAP_EVICT &&
	    fits(m, kept, kept_bytes, entries, bytes))
		return 0;
	/* What fails removes nothing, if what the keys have was known to be there. */
	m->hopeless = !over && !fits(m, kept, kept_bytes, entries, bytes);
	return -ENOSPC;
}

/* Could the quota refuse what comes?  The index may have grown or shrunk meanwhile. */
static bool quota_is_short(const struct model *m)
{
	u64 after = shardmap_quota_bytes(m->quota);
	u64 most = after > m->quota_before ? after : m->quota_before;
	/* All of an entry whose predecessor was over, or evicted, must fit. */
	long long bytes = m->need_bytes + m->left_bytes;

	if (m->need_entries + m->left_entries > 0 && !bytes)
		return most > m->config->quota;
	return bytes > 0 && most + bytes > m->config->quota;
}

/* May an operation return @err that should, but for quotas and failures? */
bool is_wanted(struct model *m, int err, int wanted)
{
	struct shardmap_stats stats;

	/* What is over stays if memory to remove it cannot be had. */
	if (m->failing && m->config->ttl && !wanted && err == -ENOSPC)
		return true;
	if (m->quota && !wanted && err == -EDQUOT)
		return quota_is_short(m);
	if (m->quota && !err && m->need_bytes > 0) {
		shardmap_get_stats(m->map, &stats);
		/* Within the limit before the index grew. */
		return err == wanted && shardmap_quota_bytes(m->quota) -
							stats.index_bytes +
							min(stats.index_bytes,
							    m->index_before) <=
						m->config->quota;
	}
	return err == wanted;
}

/* The clock has moved. */
void oracle_time(struct model *m)
{
	u64 now = host_boottime_ns(false);
	unsigned int i;

	for (i = 0; i < m->config->nr_keys; i++) {
		struct okey *k = &m->keys[i];

		if (!k->present || !k->expires || k->expires > now)
			continue;
		k->present = false;
		k->scan_stable = false;
		k->clear_stable = false;
	}
}

/* The table has taken an entry out that nobody asked it to. */
static void taken_out(struct model *m, struct okey *k,
		      enum shardmap_event_kind kind)
{
	u64 now = host_boottime_ns(false);
	bool over = k->expires && k->expires <= now;

	if (!k->stored)
		model_wrong(m, "an entry goes that is not there");
	else if (kind == SHARDMAP_EVENT_EXPIRE && !over)
		model_wrong(m, "an entry expires early");
	else if (kind == SHARDMAP_EVENT_EVICT && k->written)
		model_wrong(m, "the key that is written is evicted");
	else if (kind == SHARDMAP_EVENT_EVICT && m->hopeless)
		model_wrong(m, "an entry is evicted for what cannot fit");
	else if (kind == SHARDMAP_EVENT_EVICT && fits_now(m))
		model_wrong(m, "an entry is evicted though there is room");
	if (m->wrong[0])
		return;
	/* What was to be replaced has left: now all of the new one must fit. */
	if (k->written) {
		m->left_entries++;
		m->left_bytes += stored_bytes(m, k);
	}
	oracle_remove(m, k);
}

/* What watchers are told makes a table of its own, to be compared with the others. */
static void changed(struct shardmap_watcher *watcher,
		    const struct shardmap_event *event)
{
	struct model *m = container_of(watcher, struct model, watcher);
	struct okey *k = oracle_find(m, event->key, event->key_len);
	bool insert = event->kind == SHARDMAP_EVENT_INSERT;

	if (!k) {
		model_wrong(m, "a watcher is told of an unknown key");
		return;
	}
	if (k->told == insert)
		model_wrong(m, "a watcher is told %u of a key that %s there",
			    event->kind, k->told ? "is" : "is not");
	switch (event->kind) {
	case SHARDMAP_EVENT_INSERT:
	case SHARDMAP_EVENT_UPDATE:
		if (event->version <= k->told_version)
			model_wrong(m, "a watcher is told an old version");
		k->told = true;
		break;
	case SHARDMAP_EVENT_EXPIRE:
	case SHARDMAP_EVENT_EVICT:
		taken_out(m, k, event->kind);
		fallthrough;
	default:
		if (event->version != k->told_version)
			model_wrong(m, "a watcher is told a wrong version");
		k->told = false;
	}
	k->told_version = event->version;
}

void oracle_store(struct model *m, struct okey *k, unsigned int len, u64 seed,
		  u64 version, u64 expires)
{
	if (version <= k->last_version)
		model_wrong(m, "version %llu after %llu",
			    (unsigned long long)version,
			    (unsigned long long)k->last_version);
	if (k->stored && !k->present)
		model_wrong(m, "an entry is replaced whose time is over");
	m->bytes -= stored_bytes(m, k);
	m->count += !k->stored;
	m->bytes += entry_bytes(m, k->name_len, len, expires);
	k->present = true;
	k->stored = true;
	k->expires = expires;
	k->len = len;
	k->seed = seed;
	k->version = version;
	k->last_version = version;
}

void oracle_remove(struct model *m, struct okey *k)
{
	m->count--;
	m->bytes -= stored_bytes(m, k);
	k->present = false;
	k->stored = false;
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
	struct shardmap_params params = config->params;
	unsigned int i;

	*m = (struct model){ .config = config, .watcher.changed = changed };
	host_init(config->seed, true);
	if (sm_core_init())
		host_bug("sm_core_init()");
	if (config->quota)
		m->quota = shardmap_quota_create(config->quota);
	params.quota = m->quota;
	m->map = shardmap_create(&params);
	if (IS_ERR(m->map))
		host_bug("shardmap_create()");
	m->keys = calloc(config->nr_keys, sizeof(*m->keys));
	for (i = 0; i < config->nr_keys; i++)
		name_key(m, i);
	shardmap_watch(m->map, &m->watcher);
}

/* All memory must come back. */
void model_destroy(struct model *m)
{
	unsigned int i;

	shardmap_unwatch(m->map, &m->watcher);
	shardmap_destroy(m->map);
	sm_core_exit();
	if (m->quota && shardmap_quota_bytes(m->quota))
		model_wrong(m, "the quota holds something for ever");
	shardmap_quota_put(m->quota);
	if (host_live_allocations())
		model_wrong(m, "%ld allocations leaked",
			    host_live_allocations());
	for (i = 0; i < m->config->nr_keys; i++)
		free(m->keys[i].name);
	free(m->keys);
}
