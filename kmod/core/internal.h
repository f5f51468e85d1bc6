/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Private structures of the table.
 *
 * Field annotations:
 * I: set before publication, immutable after.
 * S: read and written under shard->lock.
 * R: written under shard->lock, read under RCU.
 * W: written under shard->lock with WRITE_ONCE(), read anywhere with READ_ONCE().
 * A: atomic_t, refcount_t or atomic bit.
 * L: read and written under limbo->lock.
 *
 * Lock order: map->multi_lock, then shard->lock, then a watcher's own lock.  Two
 * shard locks are held together only by sm_shards_lock(), which takes them under
 * map->multi_lock in the order of shards.  limbo->lock is innermost and never taken
 * inside a shard lock.  All are taken with bottom halves disabled.
 *
 * Vocabulary:
 * @map: a table.
 * @shard: a slice of the hash space with its own lock.
 * @array: the bucket lines of a shard, a power of two of them.
 * @line: one cache line of a bucket: tags and slots.
 * @entry: an immutable key with its value (an 8-byte value may change in place).
 * @cell: place of a small key and its value in the line itself; see inline.h.
 * @limbo: removed entries that readers may still hold.
 */
#ifndef _SHARDMAP_CORE_INTERNAL_H
#define _SHARDMAP_CORE_INTERNAL_H

#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/cache.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/sched/mm.h>
#include <linux/shardmap.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "hash.h"

struct sm_update;

/* As many slots as fit beside the tag word in a line of word-sized members. */
#define SM_SLOTS ((unsigned int)sizeof(long) - 1)
#define SM_LINE_BYTES (sizeof(long) * (SM_SLOTS + 1))

/*
 * An array's low address bits carry log2 of its length, so it starts at a
 * multiple of 64 bytes and is never shorter than that.
 */
#define SM_ARRAY_ALIGN 64
#define SM_MIN_BITS (sizeof(long) == 8 ? 1 : 2)
/* kvmalloc() gives less than 2 GiB: inline lines reach that first. */
#define SM_MAX_BITS 24
#define SM_MAX_LINES_BYTES (1UL << 30)

/**
 * struct sm_entry - a key and its value
 * @hash: I: hash of the key
 * @version: W: version of the last write, never 0, and SM_VERSION_BUSY
 * @value_len: I: length of the value in bytes
 * @key_len: I: length of the key in bytes
 * @flags: I: SM_ENTRY_*
 * @used: written by readers and cleared under shard->lock, both marked: looked up
 *	since the hand passed, in a table that evicts
 * @data: I: the key, zeros up to the next multiple of 8, the value; except that
 *	a value of 8 bytes is W, as an atomic64_t.  With SM_ENTRY_EXPIRES the end of
 *	its time follows at the next multiple of 8.
 */
struct sm_entry {
	u64 hash;
	atomic64_t version;
	u32 value_len;
	u16 key_len;
	u8 flags;
	u8 used;
	u8 data[] __aligned(8);
};

/* Sizes of entries are multiples of the one, and not below the other. */
#define SM_ENTRY_STEP 8
#define SM_ENTRY_MIN (sizeof(struct sm_entry) + SM_ENTRY_STEP)

#define SM_ENTRY_EXPIRES BIT(0)
#define SM_ENTRY_TRACKED BIT(1) /* lookups set @used */

/*
 * Set in a version while the value beside it changes in place, so that a reader which
 * finds a version unchanged knows that the value is.
 */
#define SM_VERSION_BUSY BIT_ULL(63)

/**
 * struct sm_line - one cache line of a bucket
 * @tags: W: a byte per slot, 0 if free, and flags in the top byte
 * @slot: R: entries, or a link in the last slot, or SM_NEXT in the first
 */
struct sm_line {
	unsigned long tags;
	struct sm_entry __rcu *slot[SM_SLOTS];
} __aligned(SM_LINE_BYTES);

/* Cells of an inline line: as many as fit in two cache lines. */
#define SM_CELLS 5U

/**
 * struct sm_inline_line - one bucket line of an inline table
 * @gen: W: changes before a cell is filled
 * @used: W: bit per cell that holds a key, and SM_CELL_* flags
 * @key: W: keys as words, zeros behind shorter ones
 * @value: A: values as words; in the last cell of an overflow line the next one
 * @version: A: version of each key's last write
 *
 * Keys stand in the first of its two cache lines, so a miss costs no more.
 */
struct sm_inline_line {
	u32 gen;
	u32 used;
	u64 key[SM_CELLS];
	atomic64_t value[SM_CELLS];
	atomic64_t version[SM_CELLS];
} __aligned(128);

/**
 * struct sm_cells - copy of an inline line
 * @used: as in struct sm_inline_line
 * @key: keys
 * @value: values
 * @version: versions
 */
struct sm_cells {
	u32 used;
	u64 key[SM_CELLS];
	u64 value[SM_CELLS];
	u64 version[SM_CELLS];
};

/**
 * struct sm_array - the bucket lines of a shard
 * @lines: I: the lines; their contents are R.  Those of an inline table are
 *	struct sm_inline_line.
 * @root: I: what readers start from: @lines with log2 of their number in the low
 *	bits; in an inline table the address of this structure
 * @bits: I: log2 of the number of lines
 * @links: R: for each line of an inline table, what SM_CELL_LINK leads to
 * @next: R: where moved buckets of an inline table are, set before any moves
 * @grow_at: I: number of entries above which the shard grows
 * @shrink_at: I: number of entries below which it shrinks
 * @map: I: owner, pinned while the array waits to be freed
 * @free_work: frees the array after a grace period
 */
struct sm_array {
	struct sm_line *lines;
	struct sm_line *root;
	unsigned int bits;
	struct sm_inline_line **links;
	struct sm_array *next;
	unsigned long grow_at;
	unsigned long shrink_at;
	struct shardmap *map;
	struct rcu_work free_work;
};

/**
 * struct sm_shard - what writers of one shard touch
 * @lock: protects the shard
 * @held_since: S: when the lock was taken, in the build that measures it
 * @spares: S: how many lines @spare holds
 * @stalled: S, written by the resize work alone: it gave up for want of memory
 * @moved: S: lines of @array that moved to @next
 * @count: W: entries
 * @bytes: W: memory of the entries
 * @version: S: last version given out
 * @array: S: where entries are, but for moved buckets
 * @next: S: where moved buckets are, NULL if the shard is not being resized
 * @spare: S: unused lines of the table's kind, all zero but for the first slot,
 *	which links them
 * @dense_bits: S: size of the array, in bits, for which the entries were allocated,
 *	at the most
 * @hand: S: hash up to which eviction has come
 * @expire_at: W: no entry's time ends before this, in ns of CLOCK_BOOTTIME
 * @evicted: W: entries removed to make room
 * @expired: W: entries removed after their time
 * @overflow: W: overflow lines in use
 * @resizes: W: completed resizes
 * @index_bytes: W: memory of arrays and lines
 */
struct sm_shard {
	spinlock_t lock;
#ifdef SHARDMAP_LOCK_HOLD
	u64 held_since;
#endif
	unsigned int spares;
	bool stalled;
	unsigned long moved;
	unsigned long count;
	unsigned long bytes;
	u64 version;
	struct sm_array *array;
	struct sm_array *next;
	struct sm_line *spare;
	unsigned int dense_bits;
	u64 hand;
	u64 expire_at;
	unsigned long evicted;
	unsigned long expired;
	unsigned long overflow;
	unsigned long resizes;
	unsigned long index_bytes;
} ____cacheline_aligned_in_smp;

/* Removed memory of this size may wait for a grace period in any table. */
#define SM_DEFERRED_MIN (1UL << 20)

/* One batch fills a slab object of 1 KiB on 64 bit. */
#define SM_BATCH_OBJECTS 122U

/**
 * struct sm_batch - entries that are freed together
 * @rcu: frees them after a grace period
 * @map: I: table they come from, pinned by the batch
 * @bytes: L: their memory
 * @nr: L: how many there are
 * @object: L: the entries
 */
struct sm_batch {
	struct rcu_head rcu;
	struct shardmap *map;
	unsigned long bytes;
	unsigned int nr;
	void *object[SM_BATCH_OBJECTS];
};

/**
 * struct sm_limbo - batch that a CPU fills
 * @lock: protects the batch against the flusher
 * @room: L, and read without the lock by the CPU itself with bottom halves
 *	disabled: objects that surely fit in @batch
 * @batch: L: batch being filled, NULL before the first
 */
struct sm_limbo {
	spinlock_t lock;
	unsigned int room;
	struct sm_batch *batch;
};

/**
 * struct shardmap - a table
 * @secret: I: what keys are hashed with
 * @shard_bits: I: log2 of the number of shards
 * @flags: I: SHARDMAP_FAST_HASH, SHARDMAP_ACCOUNT, SHARDMAP_INLINE, SHARDMAP_EVICT
 * @frozen: set once, marked, before all shard locks are taken in turn; read marked
 *	under one of them
 * @expires: set once, marked: there has been an entry with a time to live
 * @reserved_bits: written by shardmap_reserve(), marked: shards do not shrink below
 * @min_key_len: I: shortest key in bytes: 1, or @max_key_len in an inline table
 * @max_key_len: I: longest key in bytes
 * @min_value_len: I: shortest value in bytes, in the same manner
 * @max_value_len: I: longest value in bytes
 * @root: R: for each shard, root of the array that readers start from; see
 *	struct sm_array
 * @shards: I: what writers use
 * @max_entries: I: limit, 0 if none
 * @max_bytes: I: limit, 0 if none
 * @gfp: I: how the table allocates its index
 * @memcg: I: memory cgroup that is charged, with SHARDMAP_ACCOUNT
 * @quota: I: memory shared with other tables, or NULL
 * @limbo: per CPU
 * @watchers: who is told of changes; written under a lock of watch.c, walked with a
 *	shard lock held
 * @deferred_bytes: A: memory in full batches that wait for a grace period
 * @deferred_limit: written by two works and read anywhere, marked: above it
 *	writers that may sleep wait
 * @deferred_wait: where they wait
 * @flush_work: hands over batches that did not fill
 * @resize_work: resizes the shards in @resize_pending
 * @resize_pending: A: bit per shard
 * @expire_work: removes entries whose time is over
 * @expire_due: A: when @expire_work is to run, in ns of CLOCK_BOOTTIME
 * @expire_not_before: A: when it may run at the earliest
 * @expire_lock: held by who goes through the shards for entries whose time is over
 * @multi_lock: held around more than one shard lock
 * @destroy_work: takes the table apart
 * @pins: A: one for the table itself, one per batch and array in flight
 * @entries_held: A: entries, counted only if there is a limit
 * @bytes_held: A: bytes, counted only if there is a limit
 */
struct shardmap {
	struct sm_secret secret;
	unsigned int shard_bits;
	unsigned int flags;
	bool frozen;
	bool expires;
	unsigned int reserved_bits;
	unsigned int min_key_len;
	unsigned int max_key_len;
	unsigned int min_value_len;
	unsigned int max_value_len;
	struct sm_line __rcu **root;
	struct sm_shard *shards;
	u64 max_entries;
	u64 max_bytes;
	gfp_t gfp;
	struct mem_cgroup *memcg;
	struct shardmap_quota *quota;
	struct sm_limbo __percpu *limbo;
	struct hlist_head watchers;

	atomic_long_t deferred_bytes ____cacheline_aligned_in_smp;
	unsigned long deferred_limit;
	wait_queue_head_t deferred_wait;
	struct delayed_work flush_work;
	struct work_struct resize_work;
	unsigned long *resize_pending;
	struct delayed_work expire_work;
	atomic64_t expire_due;
	atomic64_t expire_not_before;
	struct mutex expire_lock;
	spinlock_t multi_lock;
	struct work_struct destroy_work;
	refcount_t pins;

	atomic64_t entries_held ____cacheline_aligned_in_smp;
	atomic64_t bytes_held;
};

/* Number of shards of @map. */
static inline unsigned int sm_nr_shards(const struct shardmap *map)
{
	return 1U << map->shard_bits;
}

/*
 * Have what is allocated with __GFP_ACCOUNT charged to the memory cgroup of the table's
 * creator, whoever is at work.  Returns what sm_charge_end() takes.
 */
static inline struct mem_cgroup *sm_charge_begin(const struct shardmap *map)
{
	return map->memcg ? set_active_memcg(map->memcg) : NULL;
}

static inline void sm_charge_end(const struct shardmap *map,
				 struct mem_cgroup *before)
{
	if (map->memcg)
		set_active_memcg(before);
}

static inline bool sm_is_inline(const struct shardmap *map)
{
	return map->flags & SHARDMAP_INLINE;
}

/* Memory of one bucket line of @map. */
static inline size_t sm_line_bytes(const struct shardmap *map)
{
	return sm_is_inline(map) ? sizeof(struct sm_inline_line) :
				   sizeof(struct sm_line);
}

static __always_inline u64 sm_hash(const struct shardmap *map, const void *key,
				   u32 key_len)
{
	if (map->flags & SHARDMAP_FAST_HASH)
		return sm_foldhash(key, key_len, map->secret.fold);
	if (__builtin_constant_p(key_len))
		return sm_siphash13_inline(key, key_len, &map->secret.sip);
	return sm_siphash13(key, key_len, &map->secret.sip);
}

/* Orders keys of equal hash; a collision of both is beyond 2^-128. */
static inline u64 sm_tie(const struct shardmap *map, const struct sm_entry *e)
{
	return sm_siphash13(e->data, e->key_len, &map->secret.tie);
}

/* entry.c */
int sm_entry_caches_create(void);
void sm_entry_caches_destroy(void);
struct sm_entry *sm_entry_alloc(u32 key_len, u32 value_len, unsigned int flags,
				gfp_t gfp);
void sm_entry_free(struct sm_entry *e);
void sm_entry_free_bulk(void **objects, unsigned int nr);
bool sm_entry_use(struct sm_entry *e);
bool sm_entry_is_over(const struct sm_entry *e);

static inline size_t sm_value_offset(u32 key_len)
{
	return ALIGN(key_len, 8);
}

/* Memory of an entry, in the steps of the slab caches. */
static inline size_t sm_entry_size(u32 key_len, u32 value_len,
				   unsigned int flags)
{
	size_t size = sizeof(struct sm_entry) + sm_value_offset(key_len) +
		      ALIGN(value_len, SM_ENTRY_STEP);

	if (flags & SM_ENTRY_EXPIRES)
		size += sizeof(u64);
	return max(size, SM_ENTRY_MIN);
}

/* Memory that an entry takes, as allocated from the slab caches or asked for. */
static inline size_t sm_entry_bytes(const struct sm_entry *e)
{
	return sm_entry_size(e->key_len, e->value_len, e->flags);
}

static inline void *sm_entry_value(const struct sm_entry *e)
{
	return (void *)e->data + sm_value_offset(e->key_len);
}

/* When the time of an entry with SM_ENTRY_EXPIRES ends. */
static inline u64 *sm_entry_expires(const struct sm_entry *e)
{
	return sm_entry_value(e) + ALIGN(e->value_len, 8);
}

/* lookup.c */
int sm_get_request(struct shardmap *map, struct shardmap_request *req);
void sm_entry_show(const struct sm_entry *e, struct shardmap_view *view);

/* limbo.c */
int sm_limbo_create(struct shardmap *map);
void sm_limbo_destroy(struct shardmap *map);
int sm_limbo_reserve(struct shardmap *map, unsigned int objects, gfp_t gfp);
void sm_limbo_add(struct shardmap *map, void *object, size_t bytes);
void sm_limbo_throttle(struct shardmap *map);
void sm_limbo_update_limit(struct shardmap *map);
unsigned long sm_limbo_bytes(const struct shardmap *map);
void sm_shard_leave(struct shardmap *map, struct sm_shard *shard,
		    struct sm_entry **entries, unsigned int nr,
		    struct sm_array *finished) __releases(&shard->lock);

/* array.c */
struct sm_array *sm_array_alloc(struct shardmap *map, unsigned int index,
				unsigned int bits, gfp_t gfp);
size_t sm_array_bytes(const struct shardmap *map, unsigned int bits);
unsigned int sm_array_bits(const struct shardmap *map, u64 entries);
void sm_array_retire(struct sm_array *array);
struct sm_line *sm_spare_take(struct sm_shard *shard);
int sm_spare_refill(struct shardmap *map, struct sm_shard *shard, gfp_t gfp);
void sm_spares_free(struct shardmap *map, struct sm_shard *shard);
int sm_shard_create(struct shardmap *map, unsigned int index);
void sm_shard_destroy(struct shardmap *map, unsigned int index);

/* resize.c */
struct sm_array *sm_shard_array(struct shardmap *map, struct sm_shard *shard,
				u64 hash, struct sm_array **finished);
bool sm_shard_wants_resize(const struct sm_shard *shard);
void sm_resize_kick(struct shardmap *map, unsigned int index);
void sm_overflow_forget(struct shardmap *map, struct sm_shard *shard,
			unsigned int lines);
void sm_resize_work(struct work_struct *work);

/* inline_move.c */
bool sm_inline_move(struct shardmap *map, struct sm_shard *shard,
		    unsigned long index);
void sm_inline_copy(const struct sm_inline_line *line, struct sm_cells *copy);
unsigned int sm_inline_clear(struct shardmap *map, const struct sm_array *array,
			     struct sm_inline_line *line);

/* compact.c */
typedef void (*sm_visit_fn)(struct sm_shard *shard, struct sm_line *line,
			    unsigned int slot, void *arg);
void sm_visit_bucket(struct sm_shard *shard, struct sm_line *line,
		     sm_visit_fn visit, void *arg);
void sm_shard_compact(struct shardmap *map, struct sm_shard *shard);

/* limits.c */
int sm_hold_limited(struct shardmap *map, long entries, long bytes);
void sm_forget(struct shardmap *map, struct sm_shard *shard, long entries,
	       long bytes);
void sm_account_index(struct shardmap *map, struct sm_shard *shard, long bytes);
struct shardmap_quota *sm_quota_get(struct shardmap_quota *quota);
bool sm_quota_has(const struct shardmap *map, u64 bytes);
void sm_quota_release(struct shardmap *map, const struct sm_shard *shard);

/**
 * sm_hold() - Take what an update needs of a table's limits.
 * @map: the table
 * @entries: how many entries come, or leave if negative
 * @bytes: memory that comes, or leaves if negative
 *
 * Context: Lock of a shard held that @entries come to.
 * Return: 0; -ENOSPC or -EDQUOT, with nothing taken, if a limit would be passed.
 */
static inline int sm_hold(struct shardmap *map, long entries, long bytes)
{
	if (likely(!(map->max_entries | map->max_bytes) && !map->quota))
		return 0;
	return sm_hold_limited(map, entries, bytes);
}

/**
 * sm_account() - Count entries that come to a shard or leave it.
 * @shard: the shard
 * @entries: how many come, or leave if negative
 * @bytes: memory that comes, or leaves if negative
 *
 * Context: Shard lock held, after sm_hold().
 */
static inline void sm_account(struct sm_shard *shard, long entries, long bytes)
{
	lockdep_assert_held(&shard->lock);
	WRITE_ONCE(shard->count, shard->count + entries);
	WRITE_ONCE(shard->bytes, shard->bytes + bytes);
}

/* tagged.c */
struct sm_entry *sm_tagged_remove(struct shardmap *map, struct sm_shard *shard,
				  struct sm_line *line, unsigned int slot,
				  enum shardmap_event_kind kind);

/* evict.c */
int sm_evict(const struct sm_update *updates, unsigned int nr);

/* No time, in ns of CLOCK_BOOTTIME: 292 years after booting. */
#define SM_NEVER ((u64)S64_MAX)

/* expire.c */
u64 sm_now(void);
u64 sm_expiry(u64 ttl);
void sm_expire_arm(struct shardmap *map, u64 at);
bool sm_expire(struct shardmap *map);
void sm_expire_work(struct work_struct *work);

/* watch.c */
void sm_tell(struct shardmap *map, enum shardmap_event_kind kind,
	     const void *key, u32 key_len, u64 version);

/**
 * sm_notify() - Tell watchers of a change, if there are any.
 * @map: the table
 * @kind: what happened
 * @key: the key, which stays as it is until the lock is released
 * @key_len: its length in bytes
 * @version: version that the key got, or had when it went
 *
 * Writers call it once per change, when the change is visible to lookups and before
 * they release the lock: a watcher that looks the key up finds this state or a later
 * one, and changes of one key are told in their order.  Without watchers it costs one
 * load.
 *
 * Context: Lock of the key's shard held.  Watchers may take a lock of their own.
 */
static __always_inline void sm_notify(struct shardmap *map,
				      enum shardmap_event_kind kind,
				      const void *key, u32 key_len, u64 version)
{
	/* Pairs with hlist_add_head_rcu() in shardmap_watch(). */
	if (unlikely(!hlist_empty(&map->watchers)))
		sm_tell(map, kind, key, key_len, version);
}

/* map.c */
extern struct workqueue_struct *sm_wq;
void sm_map_unpin(struct shardmap *map);
void sm_pass_all_shards(struct shardmap *map);

#endif /* _SHARDMAP_CORE_INTERNAL_H */
