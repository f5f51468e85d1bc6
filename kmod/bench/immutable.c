// SPDX-License-Identifier: GPL-2.0-only
/*
 * An immutable map behind an RCU pointer, copied at every write; and the variant
 * of many such maps, where a write copies one of them.
 */
#include <linux/err.h>
#include <linux/lockdep.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/overflow.h>
#include <linux/random.h>
#include <linux/rcupdate.h>

#include "flat.h"

#define NR_SHARDS 4096U

struct shard {
	struct mutex lock;
	struct flat __rcu *table;
};

struct immutable {
	struct flat_kind kind;
	u32 seed;
	unsigned int shard_bits;
	struct shard shards[];
};

/* The top bits choose the shard, those below them the slot. */
static struct shard *shard_of(struct immutable *m, u32 hash)
{
	return &m->shards[((u64)hash << m->shard_bits) >> 32];
}

static bool immutable_get(void *arg, const void *key, void *value)
{
	struct immutable *m = arg;
	u32 hash = flat_hash(&m->kind, key, m->seed);
	struct flat_slot *slot;
	bool found;

	rcu_read_lock();
	/* Pairs with rcu_assign_pointer() in replace(). */
	slot = flat_find(&m->kind, rcu_dereference(shard_of(m, hash)->table),
			 key, hash);
	found = slot->hash;
	if (found)
		bench_copy_value(m->kind.payload, value,
				 flat_data(&m->kind, slot));
	rcu_read_unlock();
	return found;
}

static struct flat *table_locked(struct shard *shard)
{
	return rcu_dereference_protected(shard->table,
					 lockdep_is_held(&shard->lock));
}

static void replace_locked(struct shard *shard, struct flat *new)
{
	struct flat *old = table_locked(shard);

	lockdep_assert_held(&shard->lock);
	/* Pairs with rcu_dereference() in immutable_get(). */
	rcu_assign_pointer(shard->table, new);
	kvfree_rcu(old, rcu);
}

static int immutable_put(void *arg, const void *key, const void *value)
{
	struct immutable *m = arg;
	u32 hash = flat_hash(&m->kind, key, m->seed);
	struct shard *shard = shard_of(m, hash);
	struct flat *old, *new;
	struct flat_slot *slot;
	unsigned int count;

	mutex_lock(&shard->lock);
	old = table_locked(shard);
	slot = flat_find(&m->kind, old, key, hash);
	count = old->count + !slot->hash;
	new = flat_copy(&m->kind, old, flat_bits_for(count, old->bits));
	if (!new) {
		mutex_unlock(&shard->lock);
		return -ENOMEM;
	}
	slot = count > old->count ? flat_add(&m->kind, new, key, hash) :
				    flat_find(&m->kind, new, key, hash);
	bench_copy_value(m->kind.payload, flat_data(&m->kind, slot), value);
	replace_locked(shard, new);
	mutex_unlock(&shard->lock);
	return 0;
}

/* A copy without a key that is there; smaller when it would be nearly empty. */
static struct flat *copy_without(const struct immutable *m,
				 const struct flat *old, const void *key,
				 u32 hash)
{
	struct flat *new = flat_copy(&m->kind, old, old->bits), *smaller;

	if (!new)
		return NULL;
	flat_remove(&m->kind, new, flat_find(&m->kind, new, key, hash));
	if (new->bits == FLAT_MIN_BITS || new->count > flat_mask(new) / 6)
		return new;
	smaller = flat_copy(&m->kind, new, new->bits - 1);
	if (!smaller)
		return new;
	kvfree(new);
	return smaller;
}

static bool immutable_del(void *arg, const void *key)
{
	struct immutable *m = arg;
	u32 hash = flat_hash(&m->kind, key, m->seed);
	struct shard *shard = shard_of(m, hash);
	struct flat *old, *new = NULL;

	mutex_lock(&shard->lock);
	old = table_locked(shard);
	if (flat_find(&m->kind, old, key, hash)->hash)
		new = copy_without(m, old, key, hash);
	if (new)
		replace_locked(shard, new);
	mutex_unlock(&shard->lock);
	return new;
}

static void immutable_destroy(void *arg)
{
	struct immutable *m = arg;
	unsigned int i;

	for (i = 0; i < 1U << m->shard_bits; i++)
		kvfree(rcu_access_pointer(m->shards[i].table));
	kvfree(m);
}

static void *create(const struct bench_payload *payload, unsigned int nr)
{
	struct immutable *m = kvzalloc(struct_size(m, shards, nr), GFP_KERNEL);
	unsigned int i;

	if (!m)
		return ERR_PTR(-ENOMEM);
	m->seed = get_random_u32();
	m->shard_bits = ilog2(nr);
	flat_init_kind(&m->kind, payload, payload->value_len, m->shard_bits);
	for (i = 0; i < nr; i++) {
		struct flat *t = flat_alloc(&m->kind, FLAT_MIN_BITS);

		mutex_init(&m->shards[i].lock);
		RCU_INIT_POINTER(m->shards[i].table, t);
		if (!t) {
			immutable_destroy(m);
			return ERR_PTR(-ENOMEM);
		}
	}
	return m;
}

static void *immutable_create(const struct bench_payload *payload)
{
	return create(payload, 1);
}

static void *immutable_sharded_create(const struct bench_payload *payload)
{
	return create(payload, NR_SHARDS);
}

static u64 immutable_bytes(void *arg)
{
	struct immutable *m = arg;
	u64 bytes = 0;
	unsigned int i;

	rcu_read_lock();
	for (i = 0; i < 1U << m->shard_bits; i++)
		bytes += sizeof(struct shard) +
			 flat_bytes(&m->kind,
				    rcu_dereference(m->shards[i].table));
	rcu_read_unlock();
	return bytes;
}

/* A write copies the whole map: more entries than this take minutes to store. */
#define IMMUTABLE_MAX 10000

const struct bench_backend bench_immutable = {
	.name = "immutable",
	.create = immutable_create,
	.destroy = immutable_destroy,
	.get = immutable_get,
	.put = immutable_put,
	.del = immutable_del,
	.bytes = immutable_bytes,
	.max_entries = IMMUTABLE_MAX,
};

const struct bench_backend bench_immutable_sharded = {
	.name = "immutable-sharded",
	.create = immutable_sharded_create,
	.destroy = immutable_destroy,
	.get = immutable_get,
	.put = immutable_put,
	.del = immutable_del,
	.bytes = immutable_bytes,
};
