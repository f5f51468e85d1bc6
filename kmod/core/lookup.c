// SPDX-License-Identifier: GPL-2.0-only
/* Looking up one key, or several with their cache misses overlapped. */
#include <linux/export.h>
#include <linux/minmax.h>
#include <linux/prefetch.h>
#include <linux/string.h>

#include "compat.h"
#include "find.h"
#include "inline.h"
#include "internal.h"

static __always_inline void value_copy(void *buf, const void *value,
				       u32 value_len)
{
	if (value_len == sizeof(u64)) {
		/* Pairs with the release of the number in sm_store_in_place(). */
		u64 number = atomic64_read_acquire((const atomic64_t *)value);

		put_unaligned(number, (u64 *)buf);
	} else {
		memcpy(buf, value, value_len);
	}
}

static __always_inline int entry_read(const struct sm_entry *e,
				      struct shardmap_value *value)
{
	u32 room = value->len;

	value->len = e->value_len;
	if (e->value_len > room)
		return -ENOBUFS;
	/*
	 * The version first: it may then be older than the number, which a later
	 * compare on the version catches.  Pairs with the release store of the
	 * version in sm_store_in_place().  What a caller reads after a get is ordered
	 * by this acquire, too.
	 */
	value->version = atomic64_read_acquire(&e->version) & ~SM_VERSION_BUSY;
	value_copy(value->buf, sm_entry_value(e), e->value_len);
	return 0;
}

/* An entry that a lookup has found: is it there for a reader? */
static __always_inline bool entry_use(struct sm_entry *e)
{
	return e && (likely(!e->flags) || sm_entry_use(e));
}

static __always_inline int inline_get(const struct shardmap *map,
				      struct sm_inline_line *line, u64 hash,
				      u64 key, struct shardmap_value *value)
{
	u32 room = value->len, len = map->max_value_len;
	u64 word;

	if (!sm_inline_find(map, line, hash, key, &word, &value->version))
		return -ENOENT;
	value->version &= ~SM_VERSION_BUSY;
	value->len = len;
	if (unlikely(len > room))
		return -ENOBUFS;
	sm_cell_copy(value->buf, word, len);
	return 0;
}

static __always_inline int get(const struct shardmap *map, const void *key,
			       u32 key_len, struct shardmap_value *value)
{
	u64 hash = sm_hash(map, key, key_len);
	struct sm_entry *e;
	int err = -ENOENT;

	rcu_read_lock();
	/* Keys of inline tables are short: compiled for those lengths only. */
	if (key_len <= SHARDMAP_INLINE_KEY_LEN && sm_is_inline(map)) {
		err = inline_get(
			map,
			sm_inline_bucket(map, sm_inline_array(map, hash), hash),
			hash, sm_cell_word(key, key_len), value);
		rcu_read_unlock();
		return err;
	}
	e = sm_find_from(map, sm_first_line(map, hash), hash, key, key_len);
	if (entry_use(e))
		err = entry_read(e, value);
	rcu_read_unlock();
	return err;
}

/**
 * shardmap_get() - Look a key up and copy its value.
 * @map: the table
 * @key: the key
 * @key_len: its length in bytes, at least 1
 * @value: buffer for the value
 *
 * Context: Any context.  Takes and releases the RCU lock.
 * Return: 0; -ENOENT if there is no such key; -ENOBUFS if the value does not
 * fit, with its length in @value; -EINVAL if the key is empty, or shorter than an
 * inline table's; -EMSGSIZE if it is longer than the table allows.
 */
int shardmap_get(struct shardmap *map, const void *key, u32 key_len,
		 struct shardmap_value *value)
{
	if (unlikely(key_len < map->min_key_len || key_len > map->max_key_len))
		return key_len < map->min_key_len ? -EINVAL : -EMSGSIZE;
	/* Compiled on their own: a known length halves the instructions. */
	if (key_len == 8)
		return get(map, key, 8, value);
	if (key_len == 16)
		return get(map, key, 16, value);
	return get(map, key, key_len, value);
}
SHARDMAP_EXPORT(shardmap_get);

/*
 * The version is compared before the value is read: it is stored busy before a value
 * changes in place, so whoever finds it unchanged has seen no later value.
 */
static int get_request(const struct shardmap *map, struct shardmap_request *req,
		       struct shardmap_value *value)
{
	u64 hash = sm_hash(map, req->key, req->key_len), word, version;
	struct sm_entry *e;

	if (sm_is_inline(map)) {
		struct sm_inline_line *line =
			sm_inline_bucket(map, sm_inline_array(map, hash), hash);
		u64 key = sm_cell_word(req->key, req->key_len);

		if (!sm_inline_find(map, line, hash, key, &word, &version))
			return -ENOENT;
		if (req->flags & SHARDMAP_REQ_IF_CHANGED &&
		    version == req->version)
			return 1;
		return inline_get(map, line, hash, key, value);
	}
	e = sm_find_from(map, sm_first_line(map, hash), hash, req->key,
			 req->key_len);
	if (!e || sm_entry_is_over(e))
		return -ENOENT;
	if (!(req->flags & SHARDMAP_REQ_NO_TOUCH))
		sm_entry_use(e);
	/* Pairs with the release of the version in sm_store_in_place(). */
	if (req->flags & SHARDMAP_REQ_IF_CHANGED &&
	    atomic64_read_acquire(&e->version) == req->version)
		return 1;
	return entry_read(e, value);
}

/**
 * sm_get_request() - Carry out a SHARDMAP_DO_GET.
 * @map: the table
 * @req: the request
 *
 * Context: Any context.  Takes and releases the RCU lock.
 * Return: 0; -ENOENT, -ENOBUFS, -EINVAL or -EMSGSIZE as shardmap_get().
 */
int sm_get_request(struct shardmap *map, struct shardmap_request *req)
{
	struct shardmap_value value = { .buf = req->out, .len = req->out_len };
	int err;

	if (req->key_len < map->min_key_len)
		return -EINVAL;
	if (req->key_len > map->max_key_len)
		return -EMSGSIZE;
	rcu_read_lock();
	err = get_request(map, req, &value);
	rcu_read_unlock();
	if (err == 1) {
		req->flags |= SHARDMAP_REQ_UNCHANGED;
		req->out_len = 0;
		return 0;
	}
	if (!err || err == -ENOBUFS)
		req->out_len = value.len;
	if (!err)
		req->version = value.version;
	return err;
}

/**
 * shardmap_find_rcu() - Look a key up and show its entry where it is.
 * @map: the table, not one with SHARDMAP_INLINE
 * @key: the key
 * @key_len: its length in bytes, at least 1
 * @view: out: the entry, valid until the caller's rcu_read_unlock().  Key and value do
 *	not change, except a value of 8 bytes, which shardmap_view_value() reads.
 *
 * Context: Any context, inside an RCU read-side critical section.
 * Return: 0; -ENOENT if there is no such key; -EINVAL if it is empty; -EMSGSIZE if it
 * is longer than the table allows; -EOPNOTSUPP if the table is inline.
 */
int shardmap_find_rcu(struct shardmap *map, const void *key, u32 key_len,
		      struct shardmap_view *view)
{
	struct sm_entry *e;
	u64 hash;

	RCU_LOCKDEP_WARN(!rcu_read_lock_any_held(),
			 "find without an RCU read lock");
	if (sm_is_inline(map))
		return -EOPNOTSUPP;
	if (!key_len || key_len > map->max_key_len)
		return key_len ? -EMSGSIZE : -EINVAL;
	hash = sm_hash(map, key, key_len);
	e = sm_find_from(map, sm_first_line(map, hash), hash, key, key_len);
	if (!entry_use(e))
		return -ENOENT;
	sm_entry_show(e, view);
	return 0;
}
SHARDMAP_EXPORT(shardmap_find_rcu);

/* Keys whose cache misses are overlapped: what fits the stack and the cache. */
#define GROUP 32U

/**
 * struct group - keys on their way through the pipeline
 * @hash: hash of each key
 * @line: first line of each key's bucket
 * @cells: the same in an inline table
 */
struct group {
	u64 hash[GROUP];
	union {
		struct sm_line *line[GROUP];
		struct sm_inline_line *cells[GROUP];
	};
};

/*
 * In the functions below @len is the length of all keys of the group where the
 * compiler is to know it, else 0: each key has its own.
 */
static __always_inline u32 key_len_of(const struct shardmap_lookup *get,
				      u32 len)
{
	return len ?: get->key_len;
}

/* A length that all keys have was checked for all of them. */
static __always_inline bool key_fits(const struct shardmap *map,
				     const struct shardmap_lookup *get, u32 len)
{
	return len || (get->key_len >= map->min_key_len &&
		       get->key_len <= map->max_key_len);
}

/* Hash all keys and fetch their bucket lines. */
static __always_inline void group_begin(const struct shardmap *map,
					struct group *g,
					const struct shardmap_lookup *gets,
					unsigned int nr, u32 len)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		u64 hash;

		if (!key_fits(map, &gets[i], len))
			continue;
		hash = sm_hash(map, gets[i].key, key_len_of(&gets[i], len));
		g->hash[i] = hash;
		if (sm_is_inline(map)) {
			g->cells[i] = sm_inline_bucket(
				map, sm_inline_array(map, hash), hash);
			sm_inline_prefetch(g->cells[i]);
		} else {
			g->line[i] = sm_first_line(map, hash);
			prefetch(g->line[i]);
		}
	}
}

/* Fetch the entry that each key most likely has. */
static __always_inline void
group_fetch_entries(const struct shardmap *map, const struct group *g,
		    const struct shardmap_lookup *gets, unsigned int nr,
		    u32 len)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		const struct sm_line *line = g->line[i];
		unsigned long match;

		if (!key_fits(map, &gets[i], len))
			continue;
		match = sm_match(READ_ONCE(line->tags), sm_tag(g->hash[i]));
		if (match)
			prefetch(sm_slot_rcu(line, sm_next_slot(match)));
	}
}

static __always_inline int group_read(const struct shardmap *map,
				      const struct group *g,
				      struct shardmap_lookup *get,
				      unsigned int i, u32 len)
{
	u32 key_len = key_len_of(get, len);
	struct sm_entry *e;

	if (unlikely(!key_fits(map, get, len)))
		return key_len < map->min_key_len ? -EINVAL : -EMSGSIZE;
	if (key_len <= SHARDMAP_INLINE_KEY_LEN && sm_is_inline(map))
		return inline_get(map, g->cells[i], g->hash[i],
				  sm_cell_word(get->key, key_len), &get->value);
	e = sm_find_from(map, g->line[i], g->hash[i], get->key, key_len);
	return entry_use(e) ? entry_read(e, &get->value) : -ENOENT;
}

static __always_inline void group_run(const struct shardmap *map,
				      struct shardmap_lookup *gets,
				      unsigned int nr, u32 len)
{
	/* Of it only what was written is read. */
	struct group g __uninitialized;
	unsigned int i;

	rcu_read_lock();
	group_begin(map, &g, gets, nr, len);
	if (!sm_is_inline(map))
		group_fetch_entries(map, &g, gets, nr, len);
	for (i = 0; i < nr; i++)
		gets[i].err = group_read(map, &g, &gets[i], i, len);
	rcu_read_unlock();
}

/* The length that all keys have, if the table takes it, or 0. */
static u32 common_length(const struct shardmap *map,
			 const struct shardmap_lookup *gets, unsigned int nr)
{
	u32 len = gets[0].key_len;
	unsigned int i;

	if (!key_fits(map, &gets[0], 0))
		return 0;
	for (i = 1; i < nr; i++)
		if (gets[i].key_len != len)
			return 0;
	return len;
}

/**
 * shardmap_get_many() - Look several keys up and copy their values.
 * @map: the table
 * @gets: the keys, each with a buffer and room for what shardmap_get() returns
 * @nr: how many
 *
 * Each lookup is one of its own; together they are faster than one after another,
 * since their cache misses overlap.
 *
 * Context: Any context.  Takes and releases the RCU lock.
 */
void shardmap_get_many(struct shardmap *map, struct shardmap_lookup *gets,
		       unsigned int nr)
{
	while (nr) {
		unsigned int n = min(nr, GROUP);

		/* As in shardmap_get(). */
		switch (common_length(map, gets, n)) {
		case 8:
			group_run(map, gets, n, 8);
			break;
		case 16:
			group_run(map, gets, n, 16);
			break;
		default:
			group_run(map, gets, n, 0);
		}
		gets += n;
		nr -= n;
	}
}
SHARDMAP_EXPORT(shardmap_get_many);

/**
 * sm_entry_show() - Describe an entry.
 * @e: the entry
 * @view: out: the description
 *
 * Context: RCU read-side critical section.
 */
void sm_entry_show(const struct sm_entry *e, struct shardmap_view *view)
{
	*view = (struct shardmap_view){
		.key = e->data,
		.value = sm_entry_value(e),
		.key_len = e->key_len,
		.value_len = e->value_len,
		/* Pairs with the release of the version in sm_store_in_place(). */
		.version = atomic64_read_acquire(&e->version) &
			   ~SM_VERSION_BUSY,
		.expires = e->flags & SM_ENTRY_EXPIRES ? *sm_entry_expires(e) :
							 0,
	};
}

/**
 * shardmap_view_value() - Copy a value that is shown.
 * @view: entry shown by a scan or by shardmap_find_rcu()
 * @buf: buffer of view->value_len bytes
 *
 * Context: Where @view is valid.
 */
void shardmap_view_value(const struct shardmap_view *view, void *buf)
{
	value_copy(buf, view->value, view->value_len);
}
SHARDMAP_EXPORT(shardmap_view_value);
