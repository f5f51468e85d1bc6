/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The write side.
 *
 * An update goes through these steps, of which only those in the middle hold the
 * shard's lock:
 *
 *	supply	what may fail for want of memory, before the lock is taken
 *	find	the key's place in its bucket
 *	decide	what is to be done, from the request and what is there: decide.h
 *	plan	what that needs: if it was not supplied the update begins anew
 *	hold	what it takes of the table's limits
 *	apply	cannot fail
 *	end	drop the lock, and only then copy out and free
 *
 * Finding, planning and applying are those of tagged lines (tagged.h) or of inline
 * lines (inline_update.h); the rest is common (run.h), and so is doing all this for
 * several keys at one moment (multi.c).
 */
#ifndef _SHARDMAP_CORE_UPDATE_H
#define _SHARDMAP_CORE_UPDATE_H

#include <linux/minmax.h>

#include "internal.h"

/* The verb of shardmap_update(), whose request is within a struct sm_call. */
#define SM_DO_UPDATE SHARDMAP_VERBS

/**
 * struct sm_call - the request of shardmap_update()
 * @req: the request
 * @fn: decides
 * @arg: passed to @fn
 */
struct sm_call {
	struct shardmap_request req;
	shardmap_update_fn fn;
	void *arg;
};

/**
 * struct sm_state - what a key has, as its update finds it
 * @there: it has an entry whose time is not over
 * @value_len: length of the value in bytes
 * @value: the value, valid until the update ends
 * @version: its version
 * @expires: when its time ends, 0 if never
 * @number: copy of a value that may change in place
 */
struct sm_state {
	bool there;
	u32 value_len;
	const void *value;
	u64 version;
	u64 expires;
	u64 number;
};

/* What an update does to its key. */
enum sm_effect {
	SM_EFFECT_NONE,
	SM_EFFECT_STORE,
	SM_EFFECT_REMOVE,
};

/* What an update must be supplied with before it begins anew. */
enum sm_need {
	SM_NEED_NOTHING,
	SM_NEED_ENTRY, /* to store */
	SM_NEED_LIMBO, /* a place for an entry taken out */
	SM_NEED_LINE, /* a spare line, for a full bucket */
	SM_NEED_ROOM, /* under the table's limits */
};

/**
 * struct sm_update - an update under way
 * @map: the table
 * @req: what is asked for
 * @hash: hash of the key
 * @gfp: allocation flags of the caller
 * @shard: shard of the key, locked
 * @array: array of the key's bucket
 * @finished: array taken out
 * @state: what the key has
 * @effect: what is done
 * @need: what is missing
 * @reserve: the limbo must have a place
 * @in_place: it will need none, and no entry, in all likelihood
 * @swept: entries whose time was over have been removed to make room for it
 * @entries: how many entries come, or leave if negative
 * @bytes: memory that comes, or leaves if negative
 * @version: version after it, 0 if no entry is left
 * @expires: when the time of the entry stored ends, 0 if never
 * @slot: slot or cell of the key, else a free one, else one too many
 * @line: line of @slot
 * @entry: entry of the key, also one whose time is over, or NULL
 * @fresh: entry to store, or NULL
 * @old: entry taken out
 * @cells: inline table: line of @slot
 * @key_word: inline table: the key
 * @value_word: inline table: the value to store
 */
struct sm_update {
	struct shardmap *map;
	struct shardmap_request *req;
	u64 hash;
	gfp_t gfp;
	struct sm_shard *shard;
	struct sm_array *array;
	struct sm_array *finished;
	struct sm_state state;
	enum sm_effect effect;
	enum sm_need need;
	bool reserve;
	bool in_place;
	bool swept;
	long entries;
	long bytes;
	u64 version;
	u64 expires;
	unsigned int slot;
	union {
		struct {
			struct sm_line *line;
			struct sm_entry *entry;
			struct sm_entry *fresh;
			struct sm_entry *old;
		};
		struct {
			struct sm_inline_line *cells;
			u64 key_word;
			u64 value_word;
		};
	};
};

/* Length of the value that an update may store. */
static __always_inline u32 sm_stored_len(const struct shardmap_request *req,
					 unsigned int verb)
{
	return verb == SHARDMAP_DO_ADD ? sizeof(u64) : req->value_len;
}

/* tagged.c */
struct sm_entry *sm_fresh_entry(const struct sm_update *u);
struct sm_line *sm_add_overflow(struct sm_shard *shard, struct sm_line *line);

/* update.c */
int sm_make_room(struct sm_update *updates, unsigned int nr);
int sm_update_supply(struct sm_update *u);

#endif /* _SHARDMAP_CORE_UPDATE_H */
