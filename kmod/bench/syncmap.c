// SPDX-License-Identifier: GPL-2.0-only
/*
 * A read-mostly map in two halves, as the comments of Go's sync.Map (before 1.24)
 * describe it: an immutable index for readers without a lock, and a dirty index
 * under a mutex that has all keys and takes the new ones.  A lookup that had to
 * ask the dirty half is a miss; after as many misses as the dirty half has keys
 * it becomes the read half.
 *
 * Both halves point to the same items, so storing to a key that the read half has
 * is one exchange of a pointer.  An item that was deleted before a dirty half was
 * made is marked EXPUNGED: it is not in that half.
 */
#include <linux/err.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "plain.h"

#define INITIAL_BITS 6

struct value {
	struct rcu_head rcu;
	u8 data[] __aligned(8);
};

struct item {
	struct value __rcu *value;
	struct rcu_head rcu;
	u32 hash;
	u8 key[BENCH_KEY_MAX] __aligned(8);
};

struct link {
	struct hlist_node node;
	struct item *item;
};

/**
 * struct half - an index of items
 * @amended: the dirty half has keys that this read half lacks
 * @bits: log2 of the number of heads
 * @count: number of keys
 * @heads: the buckets
 */
struct half {
	bool amended;
	unsigned int bits;
	unsigned long count;
	struct hlist_head *heads;
};

struct syncmap {
	struct half __rcu *read;
	struct mutex lock;
	struct half *dirty;
	unsigned long misses;
	const struct bench_payload *payload;
	u32 seed;
};

#define EXPUNGED ((struct value *)1UL)

static bool is_live(const struct value *v)
{
	return v && v != EXPUNGED;
}

static struct item *half_find(const struct syncmap *m, const struct half *half,
			      const void *key, u32 hash)
{
	struct link *link;

	if (!half)
		return NULL;
	hlist_for_each_entry(link, &half->heads[hash >> (32 - half->bits)],
			     node)
		if (link->item->hash == hash &&
		    !memcmp(link->item->key, key, m->payload->key_len))
			return link->item;
	return NULL;
}

static struct half *half_alloc(unsigned int bits)
{
	struct half *half = kzalloc(sizeof(*half), GFP_KERNEL);

	if (!half)
		return NULL;
	half->bits = bits;
	half->heads = plain_heads_alloc(bits, GFP_KERNEL);
	if (!half->heads) {
		kfree(half);
		return NULL;
	}
	return half;
}

/* Free links and heads, and what @drop says of the items. */
static void half_free(struct half *half, bool (*drop)(struct item *item))
{
	struct hlist_node *next;
	struct link *link;
	unsigned long i;

	if (!half)
		return;
	for (i = 0; i < 1UL << half->bits; i++) {
		hlist_for_each_entry_safe(link, next, &half->heads[i], node) {
			if (drop(link->item))
				kfree(link->item);
			kfree(link);
		}
		if (!(i & 1023))
			cond_resched();
	}
	kvfree(half->heads);
	kfree(half);
}

static int half_insert(struct half *half, struct item *item)
{
	struct link *link = kmalloc(sizeof(*link), GFP_KERNEL), *moved;
	unsigned int bits = half->bits + 1;
	struct hlist_head *heads;
	struct hlist_node *next;
	unsigned long i;

	if (!link)
		return -ENOMEM;
	link->item = item;
	hlist_add_head(&link->node,
		       &half->heads[item->hash >> (32 - half->bits)]);
	if (++half->count <= (3UL << half->bits) / 4)
		return 0;
	heads = plain_heads_alloc(bits, GFP_KERNEL);
	if (!heads)
		return 0;
	for (i = 0; i < 1UL << half->bits; i++)
		hlist_for_each_entry_safe(moved, next, &half->heads[i], node)
			hlist_add_head(
				&moved->node,
				&heads[moved->item->hash >> (32 - bits)]);
	kvfree(half->heads);
	half->heads = heads;
	half->bits = bits;
	return 0;
}

static void half_remove(struct half *half, struct item *item)
{
	struct link *link;

	hlist_for_each_entry(
		link, &half->heads[item->hash >> (32 - half->bits)], node) {
		if (link->item == item) {
			hlist_del(&link->node);
			kfree(link);
			half->count--;
			return;
		}
	}
}

static struct half *read_locked(struct syncmap *m)
{
	return rcu_dereference_protected(m->read, lockdep_is_held(&m->lock));
}

static bool is_expunged(struct item *item)
{
	return rcu_access_pointer(item->value) == EXPUNGED;
}

/* The dirty half becomes the read half; the lock is dropped to wait for readers. */
static void promote_and_unlock(struct syncmap *m)
{
	struct half *old = read_locked(m);

	rcu_assign_pointer(m->read, m->dirty);
	m->dirty = NULL;
	m->misses = 0;
	mutex_unlock(&m->lock);
	synchronize_rcu();
	half_free(old, is_expunged);
}

static void missed_and_unlock(struct syncmap *m)
{
	if (m->dirty && ++m->misses >= m->dirty->count)
		promote_and_unlock(m);
	else
		mutex_unlock(&m->lock);
}

static bool drop_none(struct item *item)
{
	return false;
}

/*
 * Copy what is live in the read half; what is not becomes EXPUNGED.  It stays so
 * if memory runs out: an expunged item is as good as a deleted one.
 */
static int make_dirty(struct syncmap *m)
{
	struct half *read = read_locked(m);
	struct half *dirty;
	struct link *link;
	unsigned long i;

	if (m->dirty)
		return 0;
	dirty = half_alloc(read->bits);
	if (!dirty)
		return -ENOMEM;
	for (i = 0; i < 1UL << read->bits; i++) {
		hlist_for_each_entry(link, &read->heads[i], node) {
			struct item *item = link->item;

			if (!cmpxchg(&item->value, (struct value __rcu *)NULL,
				     (struct value __rcu *)EXPUNGED) ||
			    is_expunged(item))
				continue;
			if (half_insert(dirty, item)) {
				half_free(dirty, drop_none);
				return -ENOMEM;
			}
		}
		if (!(i & 1023))
			cond_resched();
	}
	m->dirty = dirty;
	WRITE_ONCE(read->amended, true);
	return 0;
}

static bool copy_value(const struct syncmap *m, struct item *item, void *buf)
{
	struct value *v;

	if (!item)
		return false;
	v = rcu_dereference(item->value);
	if (!is_live(v))
		return false;
	memcpy(buf, v->data, m->payload->value_len);
	return true;
}

static bool syncmap_get(void *arg, const void *key, void *value)
{
	struct syncmap *m = arg;
	u32 hash = bench_hash(m->payload, key, m->seed);
	struct half *read;
	struct item *item;
	bool found;

	rcu_read_lock();
	read = rcu_dereference(m->read);
	item = half_find(m, read, key, hash);
	found = copy_value(m, item, value);
	if (item || !READ_ONCE(read->amended)) {
		rcu_read_unlock();
		return found;
	}
	rcu_read_unlock();

	mutex_lock(&m->lock);
	rcu_read_lock();
	item = half_find(m, read_locked(m), key, hash);
	if (item || !read_locked(m)->amended) {
		found = copy_value(m, item, value);
		rcu_read_unlock();
		mutex_unlock(&m->lock);
		return found;
	}
	found = copy_value(m, half_find(m, m->dirty, key, hash), value);
	rcu_read_unlock();
	missed_and_unlock(m);
	return found;
}

/* Exchange the value of an item that is not expunged. */
static bool try_store(struct item *item, struct value *new)
{
	struct value *old = (__force struct value *)READ_ONCE(item->value);
	struct value *seen;

	for (;;) {
		if (old == EXPUNGED)
			return false;
		/* A full barrier: pairs with rcu_dereference() in copy_value(). */
		seen = (__force struct value *)cmpxchg(
			&item->value, (__force struct value __rcu *)old,
			(__force struct value __rcu *)new);
		if (seen == old)
			break;
		old = seen;
	}
	if (old)
		kfree_rcu(old, rcu);
	return true;
}

static struct item *item_make(const struct syncmap *m, const void *key,
			      u32 hash)
{
	struct item *item = kmalloc(sizeof(*item), GFP_KERNEL);

	if (item) {
		item->hash = hash;
		memcpy(item->key, key, m->payload->key_len);
		RCU_INIT_POINTER(item->value, NULL);
	}
	return item;
}

static int insert_dirty(struct syncmap *m, const void *key, u32 hash,
			struct value *v)
{
	struct item *item = item_make(m, key, hash);
	int err;

	if (!item)
		return -ENOMEM;
	RCU_INIT_POINTER(item->value, v);
	err = make_dirty(m) ?: half_insert(m->dirty, item);
	if (err)
		kfree(item);
	return err;
}

static int store_locked(struct syncmap *m, const void *key, u32 hash,
			struct value *v)
{
	struct item *item = half_find(m, read_locked(m), key, hash);
	int err;

	lockdep_assert_held(&m->lock);
	if (item && is_expunged(item)) {
		err = make_dirty(m) ?: half_insert(m->dirty, item);
		if (err)
			return err;
		rcu_assign_pointer(item->value, v);
		return 0;
	}
	if (!item)
		item = half_find(m, m->dirty, key, hash);
	if (!item)
		return insert_dirty(m, key, hash, v);
	try_store(item, v);
	return 0;
}

static int syncmap_put(void *arg, const void *key, const void *value)
{
	struct syncmap *m = arg;
	u32 hash = bench_hash(m->payload, key, m->seed);
	struct value *v;
	struct item *item;
	bool stored;
	int err;

	v = kmalloc(struct_size(v, data, m->payload->value_len), GFP_KERNEL);
	if (!v)
		return -ENOMEM;
	memcpy(v->data, value, m->payload->value_len);
	rcu_read_lock();
	item = half_find(m, rcu_dereference(m->read), key, hash);
	stored = item && try_store(item, v);
	rcu_read_unlock();
	if (stored)
		return 0;
	mutex_lock(&m->lock);
	err = store_locked(m, key, hash, v);
	mutex_unlock(&m->lock);
	if (err)
		kfree(v);
	return err;
}

static bool delete_value(struct item *item)
{
	struct value *old = (__force struct value *)READ_ONCE(item->value);
	struct value *seen;

	for (;;) {
		if (!is_live(old))
			return false;
		seen = (__force struct value *)cmpxchg(
			&item->value, (__force struct value __rcu *)old,
			(struct value __rcu *)NULL);
		if (seen == old)
			break;
		old = seen;
	}
	kfree_rcu(old, rcu);
	return true;
}

static bool syncmap_del(void *arg, const void *key)
{
	struct syncmap *m = arg;
	u32 hash = bench_hash(m->payload, key, m->seed);
	struct half *read;
	struct item *item;
	bool amended, found;

	rcu_read_lock();
	read = rcu_dereference(m->read);
	item = half_find(m, read, key, hash);
	amended = READ_ONCE(read->amended);
	found = item && delete_value(item);
	rcu_read_unlock();
	if (item || !amended)
		return found;

	mutex_lock(&m->lock);
	item = half_find(m, read_locked(m), key, hash);
	if (item) {
		found = delete_value(item);
		mutex_unlock(&m->lock);
		return found;
	}
	item = half_find(m, m->dirty, key, hash);
	if (item) {
		half_remove(m->dirty, item);
		found = delete_value(item);
		/* Only the dirty half, under the lock, ever led to it. */
		kfree(item);
	}
	missed_and_unlock(m);
	return found;
}

static bool drop_all(struct item *item)
{
	struct value *v = rcu_access_pointer(item->value);

	if (is_live(v))
		kfree(v);
	return true;
}

static void syncmap_destroy(void *arg)
{
	struct syncmap *m = arg;
	struct half *read = rcu_access_pointer(m->read);

	if (m->dirty) {
		/* All live items are in the dirty half. */
		half_free(read, is_expunged);
		half_free(m->dirty, drop_all);
	} else {
		half_free(read, drop_all);
	}
	kfree(m);
}

static void *syncmap_create(const struct bench_payload *payload)
{
	struct syncmap *m = kzalloc(sizeof(*m), GFP_KERNEL);
	struct half *read = half_alloc(INITIAL_BITS);

	if (!m || !read) {
		kfree(m);
		half_free(read, drop_all);
		return ERR_PTR(-ENOMEM);
	}
	mutex_init(&m->lock);
	m->payload = payload;
	m->seed = get_random_u32();
	RCU_INIT_POINTER(m->read, read);
	return m;
}

const struct bench_backend bench_syncmap = {
	.name = "syncmap",
	.create = syncmap_create,
	.destroy = syncmap_destroy,
	.get = syncmap_get,
	.put = syncmap_put,
	.del = syncmap_del,
};
