/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The model test: one thread does random operations on a table and on an array,
 * and compares.  All of a run follows from its config and its list of ops, so a
 * run that failed can be cut down and replayed.
 */
#ifndef _HOST_MODEL_H
#define _HOST_MODEL_H

#include <linux/shardmap.h>

/**
 * enum key_style - how the keys of a run are chosen
 * @KEYS_SHORT: 8 bytes, or as many as an inline table takes
 * @KEYS_ANY: 1 to 1024 bytes
 * @KEYS_CROWDED: 8 bytes, and hashes that begin alike: long chains, until a
 *	resize tells them apart
 * @KEYS_EQUAL: 16 bytes, and three of four have the same hash
 */
enum key_style {
	KEYS_SHORT,
	KEYS_ANY,
	KEYS_CROWDED,
	KEYS_EQUAL,
	NR_KEY_STYLES
};

/**
 * struct config - what a run is made with, beside its ops
 * @seed: makes the table's secret and the run's ops
 * @nr_keys: number of keys
 * @faults: every op meets every allocation failure first
 * @ttl: some entries have a time to live
 * @quota: bytes of a quota, 0 if there is none
 */
struct config {
	u64 seed;
	enum key_style keys;
	unsigned int nr_keys;
	struct shardmap_params params;
	bool faults;
	bool ttl;
	u64 quota;
};

enum op_kind {
	OP_PUT,
	OP_GET,
	OP_GET_MANY,
	OP_GET_OR_PUT,
	OP_DELETE,
	OP_ADD,
	OP_REQUEST,
	OP_UPDATE,
	OP_ALL,
	OP_FIND,
	OP_NEXT,
	OP_DRAIN,
	OP_RESERVE,
	OP_SCAN,
	OP_SCAN_CHANGE,
	OP_CLEAR,
	OP_BAD_LENGTH,
	OP_WORK,
	OP_RCU,
	OP_TIME,
	OP_STATS,
	OP_CHECK,
	NR_OPS
};

/**
 * struct op - one operation
 * @kind: which
 * @key: index of the key; OP_SCAN: after how many entries to stop; OP_WORK: which
 * @len: length of the value, or room for it
 * @seed: seed of the value and of what else is chosen; OP_ADD: the delta
 * @how: bits 0-1: put mode, or OP_ADD: with an initial number; bit 2: must not
 *	sleep; bit 3: meets allocation failures first
 */
struct op {
	enum op_kind kind;
	unsigned int key;
	unsigned int len;
	u64 seed;
	unsigned int how;
};

#define HOW_MODE 3U
#define HOW_ATOMIC 4U
#define HOW_FAULTS 8U

/**
 * struct okey - what the array knows of a key
 * @name: the key
 * @name_len: its length
 * @present: it is in the table, and its time is not over
 * @stored: its entry takes up room, maybe until its time is found to be over
 * @expires: when the time of its entry ends, 0 if never
 * @len: length of its value
 * @seed: seed of its value, or the number if it has 8 bytes
 * @version: version of its entry
 * @last_version: highest version it ever had
 * @scan_stable: present since the scan pass began
 * @scan_shown: shown in this pass
 * @clear_stable: present since the clear pass began
 * @written: the operation under way writes it
 * @told: it is in the table, going by what the watcher was told
 * @told_version: its version, the same way
 */
struct okey {
	unsigned char *name;
	unsigned int name_len;
	bool present;
	bool stored;
	u64 expires;
	unsigned int len;
	u64 seed;
	u64 version;
	u64 last_version;
	bool scan_stable;
	bool scan_shown;
	bool clear_stable;
	bool written;
	bool told;
	u64 told_version;
};

/**
 * struct model - a run
 * @keys: the array
 * @map: the table
 * @quota: its quota, or NULL
 * @watcher: told of all changes
 * @need_entries: entries that come with the operation under way
 * @need_bytes: bytes that come with it
 * @hopeless: no room is enough for it
 * @left_entries: entries it was to replace, and which have left before
 * @left_bytes: their bytes
 * @quota_before: what the quota held before it
 * @index_before: memory of the index before it
 * @count: entries, as the array has it
 * @bytes: bytes, as the array has it
 * @scan: position of the scan pass
 * @clear: position of the clear pass
 * @last_shown: hash shown last in the scan pass
 * @resizes: highest number of resizes seen
 * @failing: allocations fail
 * @worker_failed: a resize may have been cut short
 * @wrong: what went wrong, empty if nothing
 */
struct model {
	const struct config *config;
	struct okey *keys;
	struct shardmap *map;
	struct shardmap_quota *quota;
	struct shardmap_watcher watcher;
	long long need_entries;
	long long need_bytes;
	bool hopeless;
	long long left_entries;
	long long left_bytes;
	u64 quota_before;
	u64 index_before;
	u64 count;
	u64 bytes;
	struct shardmap_position scan;
	struct shardmap_position clear;
	u64 last_shown;
	u64 resizes;
	bool failing;
	bool worker_failed;
	char wrong[200];
};

/* oracle.c */
void model_create(struct model *m, const struct config *config);
void model_destroy(struct model *m);
unsigned int value_limit(const struct model *m);
unsigned int key_limit(const struct model *m);
void make_value(void *buf, unsigned int len, u64 seed);
u64 entry_bytes(const struct model *m, unsigned int key_len,
		unsigned int value_len, bool expires);
u64 stored_bytes(const struct model *m, const struct okey *k);
unsigned int value_min(const struct model *m);
int room_wanted(struct model *m, long long entries, long long bytes,
		u64 fresh_bytes, bool may_sleep);
bool is_wanted(struct model *m, int err, int wanted);
void oracle_store(struct model *m, struct okey *k, unsigned int len, u64 seed,
		  u64 version, u64 expires);
void oracle_time(struct model *m);
void oracle_remove(struct model *m, struct okey *k);
struct okey *oracle_find(const struct model *m, const void *name,
			 unsigned int len);
__attribute__((format(printf, 2, 3))) void model_wrong(struct model *m,
						       const char *format, ...);

/* model_pass.c */
void do_scan(struct model *m, const struct op *op);
void do_scan_change(struct model *m, const struct op *op);
void do_clear(struct model *m, const struct op *op);
void check_all(struct model *m);
void check_stats(struct model *m);
void model_end(struct model *m);

/* model_ops.c */
void do_op(struct model *m, const struct op *op);
bool get_matches(struct model *m, const struct okey *k);

/* model_request.c */
gfp_t op_gfp(const struct op *op);
bool value_is(const void *buf, unsigned int len, u64 seed);
int do_request(struct model *m, const struct op *op);
int do_all(struct model *m, const struct op *op);
int do_update(struct model *m, const struct op *op);
void check_frozen(struct model *m);

/* model_more.c */
void do_find(struct model *m, const struct op *op);
void do_next(struct model *m, const struct op *op);
void do_drain(struct model *m, const struct op *op);
int do_reserve(struct model *m, const struct op *op);

/* model_make.c */
u64 next_random(u64 *state);
void config_make(struct config *c, u64 seed, bool faults);
void ops_make(const struct config *c, struct op *ops, unsigned int nr);
void config_print(const struct config *c);
void op_print(const struct op *op);
bool op_parse(const char *line, struct op *op);

#endif /* _HOST_MODEL_H */
