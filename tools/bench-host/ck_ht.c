// SPDX-License-Identifier: GPL-2.0-only
/*
 * ck_ht of Concurrency Kit: open addressing, any number of readers, one writer at a time.
 * Keys and values of 8 bytes stand in the table itself, longer ones in a node.
 */
#include <ck_ht.h>
#include <stdlib.h>

#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>

#include "payload.h"
#include "peers.h"

/* As small as it gets: it grows by itself. */
#define CAPACITY_MIN 64

/* Before what the table allocates, and of a size that leaves its alignment. */
#define HEADER_ROOM 64

struct node {
	struct rcu_head rcu;
	u8 data[] __aligned(8);
};

struct map {
	ck_ht_t table;
	spinlock_t lock;
	const struct bench_payload *payload;
};

static void *table_malloc(size_t size)
{
	void *p = malloc(HEADER_ROOM + size);

	return p ? p + HEADER_ROOM : NULL;
}

static void table_free_rcu(struct rcu_head *head)
{
	free(head);
}

/* Readers may still be in a table that has grown. */
static void table_free(void *p, size_t size, bool defer)
{
	struct rcu_head *head = p - HEADER_ROOM;

	if (defer)
		call_rcu(head, table_free_rcu);
	else
		free(head);
}

static struct ck_malloc table_allocator = {
	.malloc = table_malloc,
	.free = table_free,
};

static void hash_of(ck_ht_hash_t *hash, const void *key, size_t len,
		    uint64_t seed)
{
	hash->value = len == 8 ? peer_hash(key, 8) : peer_hash(key, len);
}

static bool is_direct(const struct map *map)
{
	return map->payload->key_len == 8 && map->payload->value_len == 8;
}

static void free_rcu(struct rcu_head *head)
{
	free(container_of(head, struct node, rcu));
}

static void *ck_create(const struct bench_payload *payload)
{
	struct map *map = calloc(1, sizeof(*map));

	if (!map)
		return ERR_PTR(-ENOMEM);
	map->payload = payload;
	spin_lock_init(&map->lock);
	if (!ck_ht_init(&map->table,
			is_direct(map) ? CK_HT_MODE_DIRECT :
					 CK_HT_MODE_BYTESTRING,
			hash_of, &table_allocator, CAPACITY_MIN, 0)) {
		free(map);
		return ERR_PTR(-ENOMEM);
	}
	return map;
}

static void ck_destroy(void *arg)
{
	ck_ht_iterator_t iterator = CK_HT_ITERATOR_INITIALIZER;
	struct map *map = arg;
	ck_ht_entry_t *entry;

	while (!is_direct(map) && ck_ht_next(&map->table, &iterator, &entry))
		free(ck_ht_entry_value(entry));
	ck_ht_destroy(&map->table);
	rcu_barrier();
	free(map);
}

/* What a lookup or a removal asks for. */
static void ask(struct map *map, ck_ht_hash_t *hash, ck_ht_entry_t *entry,
		const void *key)
{
	if (is_direct(map)) {
		ck_ht_entry_key_set_direct(entry, peer_word(key));
		ck_ht_hash_direct(hash, &map->table, peer_word(key));
	} else {
		ck_ht_entry_key_set(entry, key, map->payload->key_len);
		ck_ht_hash(hash, &map->table, key, map->payload->key_len);
	}
}

static bool ck_get(void *arg, const void *key, void *value)
{
	struct map *map = arg;
	ck_ht_entry_t entry;
	ck_ht_hash_t hash;
	struct node *node;
	bool found;

	ask(map, &hash, &entry, key);
	rcu_read_lock();
	found = ck_ht_get_spmc(&map->table, hash, &entry);
	if (found && is_direct(map)) {
		*(u64 *)value = ck_ht_entry_value_direct(&entry);
	} else if (found) {
		node = ck_ht_entry_value(&entry);
		bench_copy_value(map->payload, value,
				 node->data + map->payload->key_len);
	}
	rcu_read_unlock();
	return found;
}

static struct node *make(const struct map *map, const void *key,
			 const void *value)
{
	struct node *node = malloc(sizeof(*node) + map->payload->key_len +
				   map->payload->value_len);

	if (!node)
		return NULL;
	bench_copy_key(map->payload, node->data, key);
	bench_copy_value(map->payload, node->data + map->payload->key_len,
			 value);
	return node;
}

static int ck_put(void *arg, const void *key, const void *value)
{
	struct node *node = NULL;
	struct map *map = arg;
	ck_ht_entry_t entry;
	ck_ht_hash_t hash;
	bool stored;

	ask(map, &hash, &entry, key);
	if (is_direct(map)) {
		ck_ht_entry_set_direct(&entry, hash, peer_word(key),
				       peer_word(value));
	} else {
		node = make(map, key, value);
		if (!node)
			return -ENOMEM;
		ck_ht_entry_set(&entry, hash, node->data, map->payload->key_len,
				node);
	}
	spin_lock(&map->lock);
	stored = ck_ht_set_spmc(&map->table, hash, &entry);
	spin_unlock(&map->lock);
	if (!stored) {
		free(node);
		return -ENOMEM;
	}
	/* Now it is what was there before. */
	if (node && !ck_ht_entry_empty(&entry)) {
		node = ck_ht_entry_value(&entry);
		call_rcu(&node->rcu, free_rcu);
	}
	return 0;
}

static bool ck_del(void *arg, const void *key)
{
	struct map *map = arg;
	ck_ht_entry_t entry;
	ck_ht_hash_t hash;
	struct node *node;
	bool removed;

	ask(map, &hash, &entry, key);
	spin_lock(&map->lock);
	removed = ck_ht_remove_spmc(&map->table, hash, &entry);
	spin_unlock(&map->lock);
	if (removed && !is_direct(map)) {
		node = ck_ht_entry_value(&entry);
		call_rcu(&node->rcu, free_rcu);
	}
	return removed;
}

const struct bench_backend bench_ck_ht = {
	.name = "ck_ht",
	.create = ck_create,
	.destroy = ck_destroy,
	.get = ck_get,
	.put = ck_put,
	.del = ck_del,
};
