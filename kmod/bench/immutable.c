// SPDX-License-Identifier: GPL-2.0-only
/*
 * An immutable map behind an RCU pointer, copied at every write; and the variant
 * of many such maps, where a write copies one of them.
 *
 * A map is one sorted-by-nothing open table: an array of slots at half load, which
 * is copied with one memcpy().
 */
#include <linux/err.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "plain.h"

#define INITIAL_BITS 3
#define NR_SHARDS 4096U

/**
 * struct table - an immutable map, once published
 * @rcu: frees it after a grace period
 * @bits: log2 of the number of slots
 * @count: slots in use
 * @slots: each a hash, 0 if free, then key and value
 */
struct table {
	struct rcu_head rcu;
	unsigned int bits;
	unsigned int count;
	u8 slots[] __aligned(8);
};

struct shard {
	struct mutex lock;
	struct table __rcu *table;
};

struct immutable {
	const struct bench_payload *payload;
	size_t slot_len;
	u32 seed;
	unsigned int shard_bits;
	struct shard shards[];
};

/* Never 0, which marks a free slot. */
static u32 hash_of(const struct immutable *m, const void *key)
{
	return bench_hash(m->payload, key, m->seed) | 1;
}

/* The top bits choose the shard, those below them the slot. */
static struct shard *shard_of(struct immutable *m, u32 hash)
{
	return &m->shards[((u64)hash << m->shard_bits) >> 32];
}

static u8 *slot_at(const struct immutable *m, const struct table *t,
		   unsigned int i)
{
	return (u8 *)t->slots + i * m->slot_len;
}

static u32 slot_hash(const u8 *slot)
{
	return *(const u32 *)slot;
}

/* The slot of a key, or the free one where it would go. */
static u8 *find(const struct immutable *m, const struct table *t,
		const void *key, u32 hash)
{
	unsigned int mask = (1U << t->bits) - 1;
	unsigned int i = ((hash << m->shard_bits) >> (32 - t->bits)) & mask;

	for (;; i = (i + 1) & mask) {
		u8 *slot = slot_at(m, t, i);

		if (!slot_hash(slot))
			return slot;
		if (slot_hash(slot) == hash &&
		    !memcmp(slot + 8, key, m->payload->key_len))
			return slot;
	}
}

static struct table *table_alloc(const struct immutable *m, unsigned int bits)
{
	struct table *t =
		kvzalloc(sizeof(*t) + (m->slot_len << bits), GFP_KERNEL);

	if (t)
		t->bits = bits;
	return t;
}

static void store(const struct immutable *m, struct table *t, const void *key,
		  u32 hash, const void *value)
{
	u8 *slot = find(m, t, key, hash);

	if (!slot_hash(slot)) {
		*(u32 *)slot = hash;
		memcpy(slot + 8, key, m->payload->key_len);
		t->count++;
	}
	memcpy(slot + 8 + m->payload->key_len, value, m->payload->value_len);
}

/* A copy without the slot @skip, of twice the size if it would be half full. */
static struct table *copy(const struct immutable *m, const struct table *old,
			  const u8 *skip)
{
	bool grow = 2 * (old->count + 1) > 1U << old->bits;
	struct table *new = table_alloc(m, old->bits + grow);
	unsigned int i;

	if (!new)
		return NULL;
	if (!grow && !skip) {
		memcpy(new->slots, old->slots, m->slot_len << old->bits);
		new->count = old->count;
		return new;
	}
	for (i = 0; i < 1U << old->bits; i++) {
		const u8 *slot = slot_at(m, old, i);

		if (slot_hash(slot) && slot != skip)
			store(m, new, slot + 8, slot_hash(slot),
			      slot + 8 + m->payload->key_len);
	}
	return new;
}

static bool immutable_get(void *arg, const void *key, void *value)
{
	struct immutable *m = arg;
	u32 hash = hash_of(m, key);
	const u8 *slot;
	bool found;

	rcu_read_lock();
	slot = find(m, rcu_dereference(shard_of(m, hash)->table), key, hash);
	found = slot_hash(slot);
	if (found)
		memcpy(value, slot + 8 + m->payload->key_len,
		       m->payload->value_len);
	rcu_read_unlock();
	return found;
}

static void replace(struct shard *shard, struct table *old, struct table *new)
{
	/* Pairs with rcu_dereference() in immutable_get(). */
	rcu_assign_pointer(shard->table, new);
	mutex_unlock(&shard->lock);
	kvfree_rcu(old, rcu);
}

static struct table *table_locked(struct shard *shard)
{
	return rcu_dereference_protected(shard->table,
					 lockdep_is_held(&shard->lock));
}

static int immutable_put(void *arg, const void *key, const void *value)
{
	struct immutable *m = arg;
	u32 hash = hash_of(m, key);
	struct shard *shard = shard_of(m, hash);
	struct table *old, *new;

	mutex_lock(&shard->lock);
	old = table_locked(shard);
	new = copy(m, old, NULL);
	if (!new) {
		mutex_unlock(&shard->lock);
		return -ENOMEM;
	}
	store(m, new, key, hash, value);
	replace(shard, old, new);
	return 0;
}

static bool immutable_del(void *arg, const void *key)
{
	struct immutable *m = arg;
	u32 hash = hash_of(m, key);
	struct shard *shard = shard_of(m, hash);
	struct table *old, *new;
	const u8 *slot;

	mutex_lock(&shard->lock);
	old = table_locked(shard);
	slot = find(m, old, key, hash);
	new = slot_hash(slot) ? copy(m, old, slot) : NULL;
	if (!new) {
		mutex_unlock(&shard->lock);
		return false;
	}
	replace(shard, old, new);
	return true;
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
	m->payload = payload;
	m->slot_len = 8 + payload->key_len + payload->value_len;
	m->seed = get_random_u32();
	m->shard_bits = ilog2(nr);
	for (i = 0; i < nr; i++) {
		struct table *t = table_alloc(m, INITIAL_BITS);

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
		bytes += sizeof(struct shard) + sizeof(struct table) +
			 (m->slot_len
			  << rcu_dereference(m->shards[i].table)->bits);
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
