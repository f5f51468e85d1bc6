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
#include <linux/list.h>
#include <linux/types.h>

/** struct shardmap - a table; its members are private */
struct shardmap;

/** struct shardmap_quota - memory that several tables share; see shardmap_quota_create() */
struct shardmap_quota;

/* Limits of any table, whatever struct shardmap_params asks for. */
#define SHARDMAP_MAX_KEY_LEN 1024U
#define SHARDMAP_MAX_VALUE_LEN 65536U
#define SHARDMAP_MAX_SHARDS 4096U
#define SHARDMAP_MAX_RESERVE (1ULL << 32)

/* Most requests of one shardmap_execute_all(). */
#define SHARDMAP_MAX_REQUESTS 64U

/**
 * define SHARDMAP_FAST_HASH - hash with the fast keyed function, not SipHash
 *
 * For tables whose writers are all trusted: the fast function hides its key
 * from a casual writer but is not proven against one who measures.
 */
#define SHARDMAP_FAST_HASH BIT(0)

/**
 * define SHARDMAP_ACCOUNT - charge the memory cgroup of the task that makes the table
 *
 * That goes for the index, and for what is allocated with __GFP_ACCOUNT by whoever
 * updates the table.
 */
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

/**
 * define SHARDMAP_EVICT - when the table is full, remove an entry not used lately
 *
 * Needs max_entries or max_bytes; not with SHARDMAP_INLINE.  Documentation/operations.rst
 * has the policy.
 */
#define SHARDMAP_EVICT BIT(3)

/* Longest key and value of a table with SHARDMAP_INLINE. */
#define SHARDMAP_INLINE_KEY_LEN 8U
#define SHARDMAP_INLINE_VALUE_LEN 8U

/**
 * struct shardmap_params - what a table is made with
 * @flags: SHARDMAP_FAST_HASH, SHARDMAP_ACCOUNT, SHARDMAP_INLINE, SHARDMAP_EVICT
 * @nr_shards: number of shards, a power of two up to SHARDMAP_MAX_SHARDS; 0
 *	chooses four per possible CPU, at least 64
 * @max_key_len: longest key in bytes; 0 is SHARDMAP_MAX_KEY_LEN
 * @max_value_len: longest value in bytes; 0 is SHARDMAP_MAX_VALUE_LEN
 * @max_entries: most entries, enforced exactly; 0 is no limit
 * @max_bytes: most bytes of entry memory, enforced exactly; 0 is no limit, and must
 *	be 0 with SHARDMAP_INLINE, whose entries have no memory of their own
 * @quota: memory that the table shares with others, or NULL; the table takes a
 *	reference of its own
 */
struct shardmap_params {
	unsigned int flags;
	unsigned int nr_shards;
	unsigned int max_key_len;
	unsigned int max_value_len;
	u64 max_entries;
	u64 max_bytes;
	struct shardmap_quota *quota;
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
 * enum shardmap_verb - what a request does to its key
 * @SHARDMAP_DO_GET: copy the value out
 * @SHARDMAP_DO_PUT: store a value
 * @SHARDMAP_DO_DELETE: remove the key
 * @SHARDMAP_DO_GET_OR_PUT: store a value if the key is new, else copy the value out
 * @SHARDMAP_DO_ADD: add to an 8-byte number
 * @SHARDMAP_DO_CAS: store a value if the entry is as expected
 * @SHARDMAP_DO_TAKE: remove the key and copy the value out
 * @SHARDMAP_VERBS: number of verbs, not a verb
 */
enum shardmap_verb {
	SHARDMAP_DO_GET,
	SHARDMAP_DO_PUT,
	SHARDMAP_DO_DELETE,
	SHARDMAP_DO_GET_OR_PUT,
	SHARDMAP_DO_ADD,
	SHARDMAP_DO_CAS,
	SHARDMAP_DO_TAKE,
	SHARDMAP_VERBS,
};

/* Flags of a request: the same bits as in <uapi/linux/shardmap.h>. */
#define SHARDMAP_REQ_NOEXIST BIT(0) /* PUT: -EEXIST if the key is there */
#define SHARDMAP_REQ_EXIST BIT(1) /* PUT: -ENOENT if it is not */
#define SHARDMAP_REQ_CREATE BIT(2) /* ADD: make the key from @initial */
#define SHARDMAP_REQ_SWAP BIT(3) /* PUT: copy out the value that was there */
#define SHARDMAP_REQ_IF_VERSION BIT(4) /* CAS, DELETE, TAKE: compare @version */
#define SHARDMAP_REQ_IF_VALUE \
	BIT(5) /* the same: compare the value with @expected */
#define SHARDMAP_REQ_IF_CHANGED \
	BIT(6) /* GET: copy if the version is not @version */
#define SHARDMAP_REQ_NO_TOUCH BIT(7) /* GET: do not count as a use */
#define SHARDMAP_REQ_UNCHANGED BIT(14) /* out: GET copied nothing */
#define SHARDMAP_REQ_INSERTED BIT(15) /* out: the key is new */

/**
 * struct shardmap_request - one operation on one key
 * @verb: enum shardmap_verb
 * @flags: SHARDMAP_REQ_*; out: also SHARDMAP_REQ_UNCHANGED, SHARDMAP_REQ_INSERTED
 * @key_len: length of the key in bytes
 * @key: the key
 * @value: value to store
 * @value_len: its length in bytes
 * @expected_len: length of @expected in bytes
 * @expected: value that the entry must have, with SHARDMAP_REQ_IF_VALUE
 * @out: buffer for the value found
 * @out_len: in: size of @out in bytes; out: length of the value found, also with
 *	-ENOBUFS; 0 if there was none
 * @err: out: what became of the request
 * @version: in: version to compare with; out: version after the request, with
 *	SHARDMAP_DO_TAKE the one that was taken; 0 if no entry is left
 * @delta: number to add
 * @initial: what a new number starts from
 * @old: out: the number before the addition
 * @ttl: how long what is stored shall live, in ns of CLOCK_BOOTTIME; 0 is for ever
 */
struct shardmap_request {
	u16 verb;
	u16 flags;
	u32 key_len;
	const void *key;
	const void *value;
	u32 value_len;
	u32 expected_len;
	const void *expected;
	void *out;
	u32 out_len;
	int err;
	u64 version;
	u64 delta;
	u64 initial;
	u64 old;
	u64 ttl;
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
 * struct shardmap_view - one entry as a scan, a find or an update shows it
 * @key: the key
 * @value: the value.  Read one of 8 bytes through shardmap_view_value(): others
 *	may be adding to it.
 * @key_len: length of the key in bytes
 * @value_len: length of the value in bytes
 * @version: version of the entry
 * @expires: when the entry ends, in ns of CLOCK_BOOTTIME; 0 is never
 */
struct shardmap_view {
	const void *key;
	const void *value;
	u32 key_len;
	u32 value_len;
	u64 version;
	u64 expires;
};

/**
 * enum shardmap_update_action - what a shardmap_update_fn decides
 * @SHARDMAP_UPDATE_KEEP: leave the entry, or its absence, as it is
 * @SHARDMAP_UPDATE_STORE: store the value that was written
 * @SHARDMAP_UPDATE_REMOVE: remove the entry
 */
enum shardmap_update_action {
	SHARDMAP_UPDATE_KEEP,
	SHARDMAP_UPDATE_STORE,
	SHARDMAP_UPDATE_REMOVE,
};

/**
 * typedef shardmap_update_fn - called by shardmap_update() with the key locked
 * @old: the entry that is there, or NULL
 * @value: where to write the new value, all of its length, before
 *	SHARDMAP_UPDATE_STORE is returned
 * @arg: as passed to shardmap_update()
 *
 * May be called again for the same update if memory or room was short; only what
 * the last call decides counts.  It must not use the table: lockdep reports it.
 *
 * Context: Shard lock held, bottom halves disabled.  Must not sleep.
 * Return: enum shardmap_update_action, or a negative errno for shardmap_update() to
 * return.
 */
typedef int (*shardmap_update_fn)(const struct shardmap_view *old, void *value,
				  void *arg);

/**
 * enum shardmap_event_kind - what happened to a key
 * @SHARDMAP_EVENT_INSERT: it was stored, and had not been there
 * @SHARDMAP_EVENT_UPDATE: it got another value
 * @SHARDMAP_EVENT_DELETE: it was removed
 * @SHARDMAP_EVENT_EXPIRE: its time was over; told when its memory is taken back
 * @SHARDMAP_EVENT_EVICT: it was removed to make room
 */
enum shardmap_event_kind {
	SHARDMAP_EVENT_INSERT = 1,
	SHARDMAP_EVENT_UPDATE = 2,
	SHARDMAP_EVENT_DELETE = 3,
	SHARDMAP_EVENT_EXPIRE = 4,
	SHARDMAP_EVENT_EVICT = 5,
};

/**
 * struct shardmap_event - one change, as watchers are told
 * @kind: what happened
 * @key: the key, valid during the call
 * @key_len: its length in bytes
 * @version: version that the key got, or had when it went
 */
struct shardmap_event {
	enum shardmap_event_kind kind;
	const void *key;
	u32 key_len;
	u64 version;
};

/**
 * struct shardmap_watcher - who is told of a table's changes
 * @changed: called for each change, those of one key in their order.  Context: shard
 *	lock held, bottom halves disabled; must not sleep, nor use the table.
 * @link: private to shardmap_watch()
 */
struct shardmap_watcher {
	void (*changed)(struct shardmap_watcher *watcher,
			const struct shardmap_event *event);
	struct hlist_node link;
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
 * @evicted: entries removed to make room
 * @expired: entries removed after their time
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
	u64 evicted;
	u64 expired;
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
int __must_check shardmap_find_rcu(struct shardmap *map, const void *key,
				   u32 key_len, struct shardmap_view *view);

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
int __must_check shardmap_cas(struct shardmap *map, const void *key,
			      u32 key_len, u64 version, const void *value,
			      u32 value_len, gfp_t gfp,
			      struct shardmap_result *result);
int __must_check shardmap_take(struct shardmap *map, const void *key,
			       u32 key_len, struct shardmap_value *taken,
			       gfp_t gfp);
int __must_check shardmap_update(struct shardmap *map, const void *key,
				 u32 key_len, u32 value_len,
				 shardmap_update_fn fn, void *arg, gfp_t gfp,
				 struct shardmap_result *result);
int shardmap_execute(struct shardmap *map, struct shardmap_request *req,
		     gfp_t gfp);
int __must_check shardmap_execute_all(struct shardmap *map,
				      struct shardmap_request *reqs,
				      unsigned int nr, gfp_t gfp);

u64 shardmap_count(const struct shardmap *map);
void shardmap_get_stats(const struct shardmap *map,
			struct shardmap_stats *stats);
int __must_check shardmap_reserve(struct shardmap *map, u64 entries);
void shardmap_freeze(struct shardmap *map);
bool shardmap_is_frozen(const struct shardmap *map);

int __must_check shardmap_scan(struct shardmap *map,
			       struct shardmap_position *pos,
			       shardmap_scan_fn fn, void *arg);
void shardmap_position_after(struct shardmap *map, const void *key, u32 key_len,
			     struct shardmap_position *pos);
int __must_check shardmap_clear_step(struct shardmap *map,
				     struct shardmap_position *pos,
				     u64 *removed);
void shardmap_view_value(const struct shardmap_view *view, void *buf);

void shardmap_watch(struct shardmap *map, struct shardmap_watcher *watcher);
void shardmap_unwatch(struct shardmap *map, struct shardmap_watcher *watcher);

struct shardmap_quota *shardmap_quota_create(u64 max_bytes);
void shardmap_quota_put(struct shardmap_quota *quota);
u64 shardmap_quota_bytes(const struct shardmap_quota *quota);

#endif /* _LINUX_SHARDMAP_H */
