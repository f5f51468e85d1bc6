/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * shardmap: a sharded concurrent hash table of variable-length byte keys and
 * values, for use by other modules (symbol namespace SHARDMAP).
 *
 * Lookups take no lock and never wait.  Updates take the spinlock of one shard
 * with bottom halves disabled: they may be called from process and softirq
 * context, lookups from any context.
 */
#ifndef _LINUX_SHARDMAP_H
#define _LINUX_SHARDMAP_H

#include <linux/bits.h>
#include <linux/gfp.h>
#include <linux/types.h>

/** struct shardmap - a table; its members are private */
struct shardmap;

/* Limits of any table, whatever struct shardmap_params asks for. */
#define SHARDMAP_MAX_KEY_LEN 1024U
#define SHARDMAP_MAX_VALUE_LEN 65536U
#define SHARDMAP_MAX_SHARDS 4096U

/**
 * define SHARDMAP_FAST_HASH - hash with the fast keyed function, not SipHash
 *
 * For tables whose writers are all trusted: the fast function hides its key
 * from a casual writer but is not proven against one who measures.
 */
#define SHARDMAP_FAST_HASH BIT(0)

/** define SHARDMAP_ACCOUNT - charge the index to the memory cgroup */
#define SHARDMAP_ACCOUNT BIT(1)

/**
 * define SHARDMAP_INLINE - keep keys and values in the bucket lines themselves
 *
 * For tables of small entries of one size: each key has just max_key_len bytes, up
 * to SHARDMAP_INLINE_KEY_LEN, and each value just max_value_len, up to
 * SHARDMAP_INLINE_VALUE_LEN; both must be given.  A hit costs one cache miss
 * instead of two, and updates neither allocate nor free.  In exchange a lookup
 * starts over when a key is inserted into the very line that it reads, or when that
 * line is moved; it never waits for a writer.  The version that a lookup returns may
 * be older than the value, never newer.
 */
#define SHARDMAP_INLINE BIT(2)

/* Longest key and value of a table with SHARDMAP_INLINE. */
#define SHARDMAP_INLINE_KEY_LEN 8U
#define SHARDMAP_INLINE_VALUE_LEN 8U

/**
 * struct shardmap_params - what a table is made with
 * @flags: SHARDMAP_FAST_HASH, SHARDMAP_ACCOUNT, SHARDMAP_INLINE
 * @nr_shards: number of shards, a power of two up to SHARDMAP_MAX_SHARDS; 0
 *	chooses four per possible CPU, at least 64
 * @max_key_len: longest key in bytes; 0 is SHARDMAP_MAX_KEY_LEN
 * @max_value_len: longest value in bytes; 0 is SHARDMAP_MAX_VALUE_LEN
 * @max_entries: most entries, enforced exactly; 0 is no limit
 * @max_bytes: most bytes of entry memory, enforced exactly; 0 is no limit, and must
 *	be 0 with SHARDMAP_INLINE, whose entries have no memory of their own
 */
struct shardmap_params {
	unsigned int flags;
	unsigned int nr_shards;
	unsigned int max_key_len;
	unsigned int max_value_len;
	u64 max_entries;
	u64 max_bytes;
};

/**
 * struct shardmap_value - a buffer for a value and what was found
 * @buf: buffer of the caller
 * @len: in: size of @buf in bytes; out: length of the value found, also when
 *	it did not fit
 * @version: out: version of the entry, never 0.  For an 8-byte value, and for
 *	any value of an inline table, that others store or add to at the same time,
 *	it may be older than the value, never newer.
 */
struct shardmap_value {
	void *buf;
	u32 len;
	u64 version;
};

/**
 * struct shardmap_lookup - one of the lookups of shardmap_get_many()
 * @key: the key
 * @key_len: its length in bytes
 * @err: out: what shardmap_get() would return
 * @value: as for shardmap_get()
 */
struct shardmap_lookup {
	const void *key;
	u32 key_len;
	int err;
	struct shardmap_value value;
};

/**
 * struct shardmap_result - what an update did
 * @version: version of the entry after the update, 0 if none is left
 * @old: shardmap_add(): the number before
 * @new: shardmap_add(): the number after
 * @inserted: the key is new
 */
struct shardmap_result {
	u64 version;
	u64 old;
	u64 new;
	bool inserted;
};

/**
 * enum shardmap_put_mode - when shardmap_put() stores
 * @SHARDMAP_PUT_ANY: always
 * @SHARDMAP_PUT_NOEXIST: only a new key
 * @SHARDMAP_PUT_EXIST: only a key that is there
 */
enum shardmap_put_mode {
	SHARDMAP_PUT_ANY,
	SHARDMAP_PUT_NOEXIST,
	SHARDMAP_PUT_EXIST,
};

/**
 * struct shardmap_position - a place in hash order; all zero is the beginning
 * @hash: hash of the next key at the earliest
 * @tie: order among keys of equal hash
 */
struct shardmap_position {
	u64 hash;
	u64 tie;
};

/**
 * struct shardmap_view - one entry as a scan shows it
 * @key: the key
 * @value: the value.  Read one of 8 bytes through shardmap_view_value(): others
 *	may be adding to it.
 * @key_len: length of the key in bytes
 * @value_len: length of the value in bytes
 * @version: version of the entry
 */
struct shardmap_view {
	const void *key;
	const void *value;
	u32 key_len;
	u32 value_len;
	u64 version;
};

/**
 * typedef shardmap_scan_fn - called by shardmap_scan() for each entry
 * @view: the entry, valid during the call
 * @arg: as passed to shardmap_scan()
 *
 * Context: RCU read-side critical section.  Must not sleep.
 * Return: 0 to go on; a negative number to stop before this entry.
 */
typedef int (*shardmap_scan_fn)(const struct shardmap_view *view, void *arg);

/**
 * struct shardmap_stats - figures of a table
 * @entries: entries
 * @entry_bytes: memory of the entries; 0 in an inline table
 * @index_bytes: memory of bucket arrays and overflow lines
 * @deferred_bytes: memory of removed entries that readers may still see
 * @buckets: bucket lines in all shards
 * @overflow_lines: bucket lines beyond a bucket's first
 * @resizes: bucket arrays replaced so far
 * @nr_shards: number of shards
 * @max_key_len: longest key in bytes
 * @max_value_len: longest value in bytes
 */
struct shardmap_stats {
	u64 entries;
	u64 entry_bytes;
	u64 index_bytes;
	u64 deferred_bytes;
	u64 buckets;
	u64 overflow_lines;
	u64 resizes;
	unsigned int nr_shards;
	unsigned int max_key_len;
	unsigned int max_value_len;
};

struct shardmap *shardmap_create(const struct shardmap_params *params);
void shardmap_destroy(struct shardmap *map);

int __must_check shardmap_get(struct shardmap *map, const void *key,
			      u32 key_len, struct shardmap_value *value);
void shardmap_get_many(struct shardmap *map, struct shardmap_lookup *gets,
		       unsigned int nr);
int __must_check shardmap_put(struct shardmap *map, const void *key,
			      u32 key_len, const void *value, u32 value_len,
			      enum shardmap_put_mode mode, gfp_t gfp,
			      struct shardmap_result *result);
int __must_check shardmap_get_or_put(struct shardmap *map, const void *key,
				     u32 key_len, const void *value,
				     u32 value_len,
				     struct shardmap_value *found, gfp_t gfp,
				     struct shardmap_result *result);
int shardmap_delete(struct shardmap *map, const void *key, u32 key_len,
		    gfp_t gfp);
int __must_check shardmap_add(struct shardmap *map, const void *key,
			      u32 key_len, u64 delta, const u64 *initial,
			      gfp_t gfp, struct shardmap_result *result);

u64 shardmap_count(const struct shardmap *map);
void shardmap_get_stats(const struct shardmap *map,
			struct shardmap_stats *stats);

int __must_check shardmap_scan(struct shardmap *map,
			       struct shardmap_position *pos,
			       shardmap_scan_fn fn, void *arg);
int __must_check shardmap_clear_step(struct shardmap *map,
				     struct shardmap_position *pos,
				     u64 *removed);
void shardmap_view_value(const struct shardmap_view *view, void *buf);

#endif /* _LINUX_SHARDMAP_H */
