// SPDX-License-Identifier: GPL-2.0-only
/* What updates of tagged lines do now and then; tagged.h has the rest. */
#include <linux/string.h>

#include "compat.h"
#include "line.h"
#include "tagged.h"
#include "update.h"

/**
 * sm_fresh_entry() - Make the entry that an update may store.
 * @u: the update
 *
 * Context: Any context that the update's flags allow, no shard lock held.
 * Return: The entry, or NULL.
 */
struct sm_entry *sm_fresh_entry(const struct sm_update *u)
{
	const struct shardmap_request *req = u->req;
	struct mem_cgroup *before;
	unsigned int flags = 0;
	struct sm_entry *e;
	size_t pad;

	if (req->ttl)
		flags |= SM_ENTRY_EXPIRES;
	if (u->map->flags & SHARDMAP_EVICT)
		flags |= SM_ENTRY_TRACKED;
	before = sm_charge_begin(u->map);
	e = sm_entry_alloc(req->key_len, sm_stored_len(req, req->verb), flags,
			   u->gfp);
	sm_charge_end(u->map, before);
	if (!e)
		return NULL;
	pad = sm_value_offset(req->key_len) - req->key_len;
	e->hash = u->hash;
	memcpy(e->data, req->key, req->key_len);
	memset(e->data + req->key_len, 0, pad);
	if (req->verb == SHARDMAP_DO_ADD)
		*(u64 *)sm_entry_value(e) = req->initial + req->delta;
	else if (req->verb != SM_DO_UPDATE)
		memcpy(sm_entry_value(e), req->value, req->value_len);
	if (req->ttl)
		*sm_entry_expires(e) = sm_expiry(req->ttl);
	return e;
}

/**
 * sm_add_overflow() - Hang an overflow line behind a full line.
 * @shard: the shard, which has a spare line
 * @line: the line
 *
 * The entry of the last slot moves to it; a reader with the tag word of before finds
 * the link in that slot.  Pairs with sm_slot_rcu() and sm_load_tags() in
 * sm_find_from() and gather_line().
 *
 * Context: Shard lock held.
 * Return: The overflow line, with its first slot taken.
 */
struct sm_line *sm_add_overflow(struct sm_shard *shard, struct sm_line *line)
{
	struct sm_entry *last = sm_slot_locked(shard, line, SM_LAST_SLOT);
	struct sm_line *over = sm_spare_take(shard);

	over->tags = sm_tag(last->hash);
	RCU_INIT_POINTER(over->slot[0], last);
	rcu_assign_pointer(line->slot[SM_LAST_SLOT],
			   (struct sm_entry *)((unsigned long)over |
					       SM_PTR_LINK));
	sm_publish_tags(line, (line->tags & ~(0xffUL << (8 * SM_LAST_SLOT))) |
				      SM_LINK);
	return over;
}

/**
 * sm_tagged_remove() - Take an entry out that no update asked for.
 * @map: the table
 * @shard: the entry's shard
 * @line: its line
 * @slot: its slot
 * @kind: why
 *
 * Context: Shard lock held.
 * Return: The entry, for sm_limbo_add() after unlocking.
 */
struct sm_entry *sm_tagged_remove(struct shardmap *map, struct sm_shard *shard,
				  struct sm_line *line, unsigned int slot,
				  enum shardmap_event_kind kind)
{
	struct sm_entry *e = sm_slot_locked(shard, line, slot);

	lockdep_assert_held(&shard->lock);
	sm_remove_slot(line, slot);
	sm_forget(map, shard, 1, sm_entry_bytes(e));
	if (kind == SHARDMAP_EVENT_EVICT)
		WRITE_ONCE(shard->evicted, shard->evicted + 1);
	else
		WRITE_ONCE(shard->expired, shard->expired + 1);
	sm_notify(map, kind, e->data, e->key_len, atomic64_read(&e->version));
	return e;
}
