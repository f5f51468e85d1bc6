// SPDX-License-Identifier: GPL-2.0-only
/*
 * The whole table against the states, when all workers have ended.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "stress.h"

struct audit {
	const struct shared *shared;
	struct verdict *verdict;
	unsigned char *scratch;
	bool *keys_seen;
	bool *counters_seen;
	uint64_t records;
	uint64_t expected;
};

bool verdict_is_good(const struct verdict *v)
{
	return !(v->torn | v->wrong_key | v->stale | v->missing |
		 v->unexpected | v->version | v->sum_mismatch |
		 v->count_mismatch);
}

/* Sets the sum of a counter; returns whether it has to be there. */
static bool expected_counter(const struct shared *shared, uint64_t id,
			     uint64_t *value)
{
	uint64_t adds = 0;

	*value = COUNTER_INITIAL;
	for (unsigned int i = 0; i < shared->config.workers; i++) {
		struct counter_share *share = counter_share(shared, i, id);

		*value += atomic_load(&share->sum);
		adds += atomic_load(&share->adds);
	}
	return adds;
}

static void audit_counter(struct audit *audit,
			  const struct shardmap_record *record, uint64_t id)
{
	uint64_t expected, value;

	if (!expected_counter(audit->shared, id, &expected) ||
	    audit->counters_seen[id])
		audit->verdict->unexpected++;
	audit->counters_seen[id] = true;
	if (record->value_len != sizeof(value)) {
		audit->verdict->torn++;
		return;
	}
	memcpy(&value, shardmap_record_value(record), sizeof(value));
	audit->verdict->sum_mismatch += value != expected;
}

static void audit_key(struct audit *audit, const struct shardmap_record *record,
		      uint64_t id)
{
	const struct config *config = &audit->shared->config;
	const struct key_state *state = key_state(audit->shared, id);
	struct verdict *verdict = audit->verdict;
	enum value_fault fault = VALUE_TORN;
	uint64_t done = atomic_load(&state->done), seq;

	if (!(done & 1) || audit->keys_seen[id])
		verdict->unexpected++;
	audit->keys_seen[id] = true;
	if (record->value_len <= config->value_max)
		fault = value_check(config, id, shardmap_record_value(record),
				    record->value_len, audit->scratch, &seq);
	if (fault == VALUE_TORN)
		verdict->torn++;
	else if (fault == VALUE_WRONG_KEY)
		verdict->wrong_key++;
	else if (seq != done >> 1)
		verdict->stale++;
	else
		verdict->version += record->version != state->version;
}

static int audit_records(struct audit *audit, int table)
{
	struct shardmap_scanner *scanner = shardmap_scanner_new(table, 0);
	const struct shardmap_record *record;
	bool counter;
	uint64_t id;
	int ret;

	if (!scanner)
		return -ENOMEM;
	while ((ret = shardmap_scanner_next(scanner, &record)) > 0) {
		audit->records++;
		audit->verdict->checked++;
		if (!key_parse(&audit->shared->config,
			       shardmap_record_key(record), record->key_len,
			       &id, &counter))
			audit->verdict->unexpected++;
		else if (counter)
			audit_counter(audit, record, id);
		else
			audit_key(audit, record, id);
	}
	shardmap_scanner_free(scanner);
	return ret;
}

static void audit_absent(struct audit *audit)
{
	const struct shared *shared = audit->shared;
	uint64_t value;

	for (uint64_t id = 0; id < shared->config.keys; id++) {
		bool present = atomic_load(&key_state(shared, id)->done) & 1;

		audit->expected += present;
		audit->verdict->missing += present && !audit->keys_seen[id];
	}
	for (uint64_t id = 0; id < shared->config.counters; id++) {
		bool present = expected_counter(shared, id, &value);

		audit->expected += present;
		audit->verdict->missing += present && !audit->counters_seen[id];
	}
}

static int audit_table(struct audit *audit, int table)
{
	struct shardmap_info info;
	int err = audit_records(audit, table);

	if (err)
		return err;
	audit_absent(audit);
	err = shardmap_info(table, &info);
	if (err)
		return err;
	audit->verdict->count_mismatch += audit->records != audit->expected;
	audit->verdict->count_mismatch += info.entries != audit->expected;
	return 0;
}

int verify_table(struct shared *shared, int table, struct verdict *verdict)
{
	const struct config *config = &shared->config;
	struct audit audit = {
		.shared = shared,
		.verdict = verdict,
		.scratch = malloc(config->value_max),
		.keys_seen = calloc(config->keys, sizeof(bool)),
		.counters_seen = calloc(config->counters, sizeof(bool)),
	};
	int err = -ENOMEM;

	for (unsigned int i = 0; i < config->workers; i++) {
		const struct verdict *part = &shared->workers[i].verdict;

		verdict->checked += part->checked;
		verdict->torn += part->torn;
		verdict->wrong_key += part->wrong_key;
		verdict->stale += part->stale;
		verdict->missing += part->missing;
		verdict->unexpected += part->unexpected;
		verdict->version += part->version;
		verdict->sum_mismatch += part->sum_mismatch;
	}
	if (audit.scratch && audit.keys_seen && audit.counters_seen)
		err = audit_table(&audit, table);
	free(audit.scratch);
	free(audit.keys_seen);
	free(audit.counters_seen);
	return err;
}
