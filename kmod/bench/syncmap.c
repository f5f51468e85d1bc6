// SPDX-License-Identifier: GPL-2.0-only
/*
 * A read-mostly map in two halves, as the comments of Go's sync.Map (before 1.24)
 * describe it: an immutable index for readers without a lock, and a dirty index
 * under a mutex that has all keys and takes the new ones.  A lookup that had to
 * ask the dirty half is a miss; after as many misses as the dirty half has keys
 * it becomes the read half.
 *
 * Both halves point to the same entries, so storing to a key that the read half
 * has is one exchange of a pointer.  An entry that was deleted before a dirty half
 * was made is EXPUNGED: it is not in that half, and goes with the read half.
 *
 * What Go leaves to its garbage collector waits for a grace period here: values
 * by themselves, expunged entries together with the read half.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

#include "flat.h"

struct value {
	struct rcu_head rcu;
	u8 data[] __aligned(8);
};

struct entry {
	struct value __rcu *value;
};

/**
 * struct half - an index of entries
 * @amended: the dirty half has keys that this read half lacks
 * @index: the data of a slot is a pointer to an entry; its mark is set while the
 *	entry is expunged, and only looked at by who has the mutex or the half
 * @map: the map
 * @free: frees the half when it was the read half
 */
struct half {
	bool amended;
	struct flat *index;
	struct syncmap *map;
	struct rcu_work free;
};

/**
 * struct syncmap - the map
 * @read: the half for all
 * @kind: of the indexes
 * @seed: secret of the hash
 * @lock: for all below, and what is not an entry's value
 * @dirty: the half for who has the lock, or NULL
 * @misses: lookups in the dirty half since it was made
 * @entries: where entries come from
 * @values: where values come from
 * @frees: runs what frees halves
 */
struct syncmap {
	struct half __rcu *read;
	struct flat_kind kind;
	u32 seed;
	struct mutex lock;
	struct half *dirty;
	unsigned long misses;
	struct kmem_cache *entries;
	struct kmem_cache *values;
	struct workqueue_struct *frees;
};

#define EXPUNGED ((struct value *)1UL)

static bool is_live(const struct value *v)
{
	return v && v != EXPUNGED;
}

static bool is_expunged(struct entry *entry)
{
	return rcu_access_pointer(entry->value) == EXPUNGED;
}

static struct entry **slot_entry(const struct syncmap *m,
				 struct flat_slot *slot)
{
	return flat_data(&m->kind, slot);
}

static struct flat_slot *half_find(const struct syncmap *m,
				   const struct half *half, const void *key,
				   u32 hash)
{
	struct flat_slot *slot = flat_find(&m->kind, half->index, key, hash);

	return slot->hash ? slot : NULL;
}

static struct half *read_locked(struct syncmap *m)
{
	return rcu_dereference_protected(m->read, lockdep_is_held(&m->lock));
}

/* Free a half, and its entries: all, or those that are in no other half. */
static void half_free(struct syncmap *m, struct half *half, bool all)
{
	unsigned int i;

	for (i = 0; i <= flat_mask(half->index); i++) {
		struct flat_slot *slot = flat_slot(&m->kind, half->index, i);
		struct entry *entry;

		if (!(i & 1023))
			cond_resched();
		if (!slot->hash || !(all || slot->mark))
			continue;
		entry = *slot_entry(m, slot);
		if (is_live(rcu_access_pointer(entry->value)))
			kfree(rcu_access_pointer(entry->value));
		kmem_cache_free(m->entries, entry);
	}
	kvfree(half->index);
	kfree(half);
}

static void half_free_work(struct work_struct *work)
{
	struct half *half = container_of(to_rcu_work(work), struct half, free);

	half_free(half->map, half, false);
}

static struct half *half_alloc(struct syncmap *m, unsigned int bits)
{
	struct half *half = kzalloc(sizeof(*half), GFP_KERNEL);

	if (!half)
		return NULL;
	half->map = m;
	half->index = flat_alloc(&m->kind, bits);
	if (!half->index) {
		kfree(half);
		return NULL;
	}
	INIT_RCU_WORK(&half->free, half_free_work);
	return half;
}

/* Room for one more key in a half that readers do not know. */
static int half_reserve(struct syncmap *m, struct half *half)
{
	struct flat *old = half->index, *new;
	unsigned int bits = flat_bits_for(old->count + 1, old->bits);

	if (bits == old->bits)
		return 0;
	new = flat_copy(&m->kind, old, bits);
	if (!new)
		return -ENOMEM;
	half->index = new;
	kvfree(old);
	return 0;
}

static void half_add(struct syncmap *m, struct half *half, const void *key,
		     u32 hash, struct entry *entry)
{
	*slot_entry(m, flat_add(&m->kind, half->index, key, hash)) = entry;
}

/* A lookup had to ask the dirty half; after enough of these it is the read half. */
static void missed(struct syncmap *m)
{
	struct half *old = read_locked(m);

	lockdep_assert_held(&m->lock);
	if (!m->dirty || ++m->misses < m->dirty->index->count)
		return;
	/* Pairs with rcu_dereference() in syncmap_get() and others. */
	rcu_assign_pointer(m->read, m->dirty);
	m->dirty = NULL;
	m->misses = 0;
	/* Which entries go with it is marked: those expunged from now on stay. */
	queue_rcu_work(m->frees, &old->free);
}

/* Expunge an entry that was deleted; false if it is live. */
static bool expunge(struct entry *entry)
{
	struct value *old = (__force struct value *)cmpxchg(
		&entry->value, (struct value __rcu *)NULL,
		(__force struct value __rcu *)EXPUNGED);

	return !is_live(old);
}

/* Make a dirty half of what is live in the read half. */
static int make_dirty(struct syncmap *m)
{
	struct half *read = read_locked(m), *dirty;
	unsigned int i;

	lockdep_assert_held(&m->lock);
	if (m->dirty)
		return 0;
	dirty = half_alloc(m, flat_bits_for(read->index->count, FLAT_MIN_BITS));
	if (!dirty)
		return -ENOMEM;
	for (i = 0; i <= flat_mask(read->index); i++) {
		struct flat_slot *slot = flat_slot(&m->kind, read->index, i);

		if (!(i & 1023))
			cond_resched();
		if (!slot->hash)
			continue;
		if (expunge(*slot_entry(m, slot)))
			slot->mark = true;
		else
			half_add(m, dirty, slot->bytes, slot->hash,
				 *slot_entry(m, slot));
	}
	m->dirty = dirty;
	/* Pairs with READ_ONCE() in is_final(). */
	WRITE_ONCE(read->amended, true);
	return 0;
}

/* Does what the read half tells of a key need no look at the dirty half? */
static bool is_final(const struct half *read, const struct flat_slot *slot)
{
	return slot || !READ_ONCE(read->amended);
}

static bool copy_value(const struct syncmap *m, struct flat_slot *slot,
		       void *buf)
{
	struct value *v;

	if (!slot)
		return false;
	/* Pairs with cmpxchg() in try_store(). */
	v = rcu_dereference((*slot_entry(m, slot))->value);
	if (!is_live(v))
		return false;
	bench_copy_value(m->kind.payload, buf, v->data);
	return true;
}

static bool get_locked(struct syncmap *m, const void *key, u32 hash,
		       void *value)
{
	struct half *read = read_locked(m);
	struct flat_slot *slot = half_find(m, read, key, hash);
	bool found;

	rcu_read_lock();
	if (is_final(read, slot)) {
		found = copy_value(m, slot, value);
	} else {
		found = copy_value(m, half_find(m, m->dirty, key, hash), value);
		missed(m);
	}
	rcu_read_unlock();
	return found;
}

static bool syncmap_get(void *arg, const void *key, void *value)
{
	struct syncmap *m = arg;
	u32 hash = flat_hash(&m->kind, key, m->seed);
	struct flat_slot *slot;
	struct half *read;
	bool found, final;

	rcu_read_lock();
	/* Pairs with rcu_assign_pointer() in missed(). */
	read = rcu_dereference(m->read);
	slot = half_find(m, read, key, hash);
	found = copy_value(m, slot, value);
	final = is_final(read, slot);
	rcu_read_unlock();
	if (final)
		return found;

	mutex_lock(&m->lock);
	found = get_locked(m, key, hash, value);
	mutex_unlock(&m->lock);
	return found;
}

/* Exchange the value of an entry that is not expunged. */
static bool try_store(struct entry *entry, struct value *new)
{
	struct value *old = rcu_access_pointer(entry->value), *seen;

	for (;;) {
		if (old == EXPUNGED)
			return false;
		/* A full barrier: pairs with rcu_dereference() in copy_value(). */
		seen = (__force struct value *)cmpxchg(
			&entry->value, (__force struct value __rcu *)old,
			(__force struct value __rcu *)new);
		if (seen == old)
			break;
		old = seen;
	}
	if (old)
		sm_kfree_rcu(old, rcu);
	return true;
}

/* A key that neither half has. */
static int add_key(struct syncmap *m, const void *key, u32 hash,
		   struct value *v)
{
	int err = make_dirty(m) ?: half_reserve(m, m->dirty);
	struct entry *entry;

	if (err)
		return err;
	entry = kmem_cache_alloc(m->entries, GFP_KERNEL);
	if (!entry)
		return -ENOMEM;
	RCU_INIT_POINTER(entry->value, v);
	half_add(m, m->dirty, key, hash, entry);
	return 0;
}

/* A key that the read half has, and the dirty half does not. */
static int revive(struct syncmap *m, struct flat_slot *slot, struct value *v)
{
	struct entry *entry = *slot_entry(m, slot);
	int err = make_dirty(m) ?: half_reserve(m, m->dirty);

	if (err)
		return err;
	half_add(m, m->dirty, slot->bytes, slot->hash, entry);
	slot->mark = false;
	/* Pairs with rcu_dereference() in copy_value(). */
	rcu_assign_pointer(entry->value, v);
	return 0;
}

static int store_locked(struct syncmap *m, const void *key, u32 hash,
			struct value *v)
{
	struct flat_slot *slot = half_find(m, read_locked(m), key, hash);

	if (slot && is_expunged(*slot_entry(m, slot)))
		return revive(m, slot, v);
	if (!slot && m->dirty)
		slot = half_find(m, m->dirty, key, hash);
	if (!slot)
		return add_key(m, key, hash, v);
	/* Expunging takes the lock, so this succeeds. */
	try_store(*slot_entry(m, slot), v);
	return 0;
}

static int syncmap_put(void *arg, const void *key, const void *value)
{
	struct syncmap *m = arg;
	u32 hash = flat_hash(&m->kind, key, m->seed);
	struct flat_slot *slot;
	struct value *v;
	bool stored;
	int err;

	v = kmem_cache_alloc(m->values, GFP_KERNEL);
	if (!v)
		return -ENOMEM;
	bench_copy_value(m->kind.payload, v->data, value);
	rcu_read_lock();
	/* Pairs with rcu_assign_pointer() in missed(). */
	slot = half_find(m, rcu_dereference(m->read), key, hash);
	stored = slot && try_store(*slot_entry(m, slot), v);
	rcu_read_unlock();
	if (stored)
		return 0;
	mutex_lock(&m->lock);
	err = store_locked(m, key, hash, v);
	mutex_unlock(&m->lock);
	if (err)
		kmem_cache_free(m->values, v);
	return err;
}

static bool delete_value(struct entry *entry)
{
	struct value *old = rcu_access_pointer(entry->value), *seen;

	for (;;) {
		if (!is_live(old))
			return false;
		seen = (__force struct value *)cmpxchg(
			&entry->value, (__force struct value __rcu *)old,
			(struct value __rcu *)NULL);
		if (seen == old)
			break;
		old = seen;
	}
	sm_kfree_rcu(old, rcu);
	return true;
}

static bool del_locked(struct syncmap *m, const void *key, u32 hash)
{
	struct half *read = read_locked(m);
	struct flat_slot *slot = half_find(m, read, key, hash);
	bool found = false;
	struct entry *entry;

	if (is_final(read, slot))
		return slot && delete_value(*slot_entry(m, slot));
	slot = half_find(m, m->dirty, key, hash);
	if (slot) {
		entry = *slot_entry(m, slot);
		flat_remove(&m->kind, m->dirty->index, slot);
		found = delete_value(entry);
		/* Only the dirty half, under the lock, ever led to it. */
		kmem_cache_free(m->entries, entry);
	}
	missed(m);
	return found;
}

static bool syncmap_del(void *arg, const void *key)
{
	struct syncmap *m = arg;
	u32 hash = flat_hash(&m->kind, key, m->seed);
	struct flat_slot *slot;
	struct half *read;
	bool found, final;

	rcu_read_lock();
	/* Pairs with rcu_assign_pointer() in missed(). */
	read = rcu_dereference(m->read);
	slot = half_find(m, read, key, hash);
	found = slot && delete_value(*slot_entry(m, slot));
	final = is_final(read, slot);
	rcu_read_unlock();
	if (final)
		return found;
	mutex_lock(&m->lock);
	found = del_locked(m, key, hash);
	mutex_unlock(&m->lock);
	return found;
}

/* Halves that are no longer in use, and what readers could see, are freed. */
static void syncmap_settle(void *arg)
{
	struct syncmap *m = arg;

	rcu_barrier();
	flush_workqueue(m->frees);
}

static u64 syncmap_bytes(void *arg)
{
	struct syncmap *m = arg;
	u64 bytes, values = 0, entries;
	struct half *read, *all;
	unsigned int i;

	mutex_lock(&m->lock);
	read = read_locked(m);
	all = m->dirty ?: read;
	bytes = flat_bytes(&m->kind, read->index);
	entries = all->index->count;
	if (m->dirty)
		bytes += flat_bytes(&m->kind, m->dirty->index);
	for (i = 0; m->dirty && i <= flat_mask(read->index); i++)
		entries += flat_slot(&m->kind, read->index, i)->mark;
	for (i = 0; i <= flat_mask(all->index); i++) {
		struct flat_slot *slot = flat_slot(&m->kind, all->index, i);

		if (slot->hash)
			values += is_live(rcu_access_pointer(
				(*slot_entry(m, slot))->value));
	}
	mutex_unlock(&m->lock);
	return bytes + entries * kmem_cache_size(m->entries) +
	       values * kmem_cache_size(m->values);
}

static void syncmap_destroy(void *arg)
{
	struct syncmap *m = arg;
	struct half *read = rcu_access_pointer(m->read);

	if (m->frees)
		syncmap_settle(m);
	/* All that is not expunged is in the dirty half if there is one. */
	if (read)
		half_free(m, read, !m->dirty);
	if (m->dirty)
		half_free(m, m->dirty, true);
	if (m->frees)
		destroy_workqueue(m->frees);
	kmem_cache_destroy(m->entries);
	kmem_cache_destroy(m->values);
	kfree(m);
}

static void *syncmap_create(const struct bench_payload *payload)
{
	struct syncmap *m = kzalloc(sizeof(*m), GFP_KERNEL);
	struct half *read;

	if (!m)
		return ERR_PTR(-ENOMEM);
	mutex_init(&m->lock);
	flat_init_kind(&m->kind, payload, sizeof(struct entry *), 0);
	m->seed = get_random_u32();
	m->entries = bench_cache("shardmap_bench_syncmap_entry",
				 sizeof(struct entry));
	m->values = bench_cache("shardmap_bench_syncmap_value",
				sizeof(struct value) + payload->value_len);
	m->frees = alloc_workqueue("shardmap_bench_syncmap", WQ_UNBOUND, 0);
	read = half_alloc(m, FLAT_MIN_BITS);
	RCU_INIT_POINTER(m->read, read);
	if (!m->entries || !m->values || !m->frees || !read) {
		syncmap_destroy(m);
		return ERR_PTR(-ENOMEM);
	}
	return m;
}

const struct bench_backend bench_syncmap = {
	.name = "syncmap",
	.create = syncmap_create,
	.destroy = syncmap_destroy,
	.get = syncmap_get,
	.put = syncmap_put,
	.del = syncmap_del,
	.bytes = syncmap_bytes,
	.settle = syncmap_settle,
};
