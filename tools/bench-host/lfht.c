// SPDX-License-Identifier: GPL-2.0-only
/*
 * cds_lfht of liburcu: split-ordered lists.  Values of 8 bytes change in place, as
 * shardmap's do; longer ones with their node.
 *
 * It is resized by a thread, as it does by itself: at each power of two of entries, to as
 * many buckets.  With its own flag for that it may stop growing for ever: it notes that a
 * resize has begun after it has told its worker, which may be done by then.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>

#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/rcupdate.h>
#include <urcu/rculfhash.h>

#include "payload.h"
#include "peers.h"

/* Inserts that a thread counts before all threads know. */
#define COUNTED 1024U
#define BUCKETS_MIN COUNTED

struct node {
	struct cds_lfht_node link;
	struct rcu_head rcu;
	u8 data[] __aligned(8);
};

struct map {
	struct cds_lfht *table;
	const struct bench_payload *payload;
	pthread_t resizer;
	sem_t wanted;
	bool ending;
	unsigned long count;
};

static u64 hash_of(const struct map *map, const void *key)
{
	return map->payload->key_len == 8 ? peer_hash(key, 8) :
					    peer_hash(key, 16);
}

static int match8(struct cds_lfht_node *link, const void *key)
{
	return !memcmp(container_of(link, struct node, link)->data, key, 8);
}

static int match16(struct cds_lfht_node *link, const void *key)
{
	return !memcmp(container_of(link, struct node, link)->data, key, 16);
}

static cds_lfht_match_fct match_of(const struct map *map)
{
	return map->payload->key_len == 8 ? match8 : match16;
}

static void *value_of(const struct map *map, struct node *node)
{
	return node->data + map->payload->key_len;
}

static bool in_place(const struct map *map)
{
	return map->payload->value_len == sizeof(u64);
}

static void free_rcu(struct rcu_head *head)
{
	free(container_of(head, struct node, rcu));
}

static struct node *find(const struct map *map, const void *key, u64 hash)
{
	struct cds_lfht_iter iter;
	struct cds_lfht_node *link;

	cds_lfht_lookup(map->table, hash, match_of(map), key, &iter);
	link = cds_lfht_iter_get_node(&iter);
	return link ? container_of(link, struct node, link) : NULL;
}

static void *resizer_fn(void *arg)
{
	struct map *map = arg;

	host_thread_enter();
	for (;;) {
		host_sleep();
		while (sem_wait(&map->wanted))
			;
		host_wake();
		if (READ_ONCE(map->ending))
			break;
		cds_lfht_resize(map->table,
				roundup_pow_of_two(READ_ONCE(map->count)));
	}
	host_thread_exit();
	return NULL;
}

static void count_insert(struct map *map)
{
	static __thread unsigned int inserted;
	unsigned long count;

	if (++inserted % COUNTED)
		return;
	count = __atomic_add_fetch(&map->count, COUNTED, __ATOMIC_RELAXED);
	if (is_power_of_2(count))
		sem_post(&map->wanted);
}

static void *lfht_create(const struct bench_payload *payload)
{
	struct map *map = calloc(1, sizeof(*map));

	if (!map)
		return ERR_PTR(-ENOMEM);
	map->payload = payload;
	map->table = cds_lfht_new_flavor(BUCKETS_MIN, BUCKETS_MIN, 0, 0,
					 &rcu_flavor, NULL);
	sem_init(&map->wanted, 0, 0);
	if (!map->table || pthread_create(&map->resizer, NULL, resizer_fn, map))
		host_bug("cds_lfht: no memory or no thread");
	return map;
}

static void lfht_destroy(void *arg)
{
	struct map *map = arg;
	struct cds_lfht_iter iter;
	struct cds_lfht_node *link;

	WRITE_ONCE(map->ending, true);
	sem_post(&map->wanted);
	host_sleep();
	pthread_join(map->resizer, NULL);
	host_wake();
	cds_lfht_for_each(map->table, &iter, link)
	{
		if (!cds_lfht_del(map->table, link))
			call_rcu(&container_of(link, struct node, link)->rcu,
				 free_rcu);
	}
	if (cds_lfht_destroy(map->table, NULL))
		host_bug("cds_lfht: entries are left");
	rcu_barrier();
	free(map);
}

static bool lfht_get(void *arg, const void *key, void *value)
{
	struct map *map = arg;
	struct node *node;

	rcu_read_lock();
	node = find(map, key, hash_of(map, key));
	if (node && in_place(map))
		*(u64 *)value = READ_ONCE(*(u64 *)value_of(map, node));
	else if (node)
		bench_copy_value(map->payload, value, value_of(map, node));
	rcu_read_unlock();
	return node;
}

static struct node *make(const struct map *map, const void *key,
			 const void *value)
{
	struct node *node = malloc(sizeof(*node) + map->payload->key_len +
				   map->payload->value_len);

	if (!node)
		return NULL;
	cds_lfht_node_init(&node->link);
	bench_copy_key(map->payload, node->data, key);
	bench_copy_value(map->payload, value_of(map, node), value);
	return node;
}

static void store_in_place(const struct map *map, struct node *node,
			   const void *value)
{
	WRITE_ONCE(*(u64 *)value_of(map, node), peer_word(value));
}

static int put_in_place(struct map *map, const void *key, u64 hash,
			const void *value)
{
	struct node *there = find(map, key, hash), *node;
	struct cds_lfht_node *link;

	if (there) {
		store_in_place(map, there, value);
		return 0;
	}
	node = make(map, key, value);
	if (!node)
		return -ENOMEM;
	link = cds_lfht_add_unique(map->table, hash, match_of(map), key,
				   &node->link);
	if (link == &node->link) {
		count_insert(map);
	} else {
		store_in_place(map, container_of(link, struct node, link),
			       value);
		free(node);
	}
	return 0;
}

static int put_node(struct map *map, const void *key, u64 hash,
		    const void *value)
{
	struct node *node = make(map, key, value);
	struct cds_lfht_node *old;

	if (!node)
		return -ENOMEM;
	old = cds_lfht_add_replace(map->table, hash, match_of(map), key,
				   &node->link);
	if (old)
		call_rcu(&container_of(old, struct node, link)->rcu, free_rcu);
	else
		count_insert(map);
	return 0;
}

static int lfht_put(void *arg, const void *key, const void *value)
{
	struct map *map = arg;
	u64 hash = hash_of(map, key);
	int err;

	rcu_read_lock();
	if (in_place(map))
		err = put_in_place(map, key, hash, value);
	else
		err = put_node(map, key, hash, value);
	rcu_read_unlock();
	return err;
}

static bool lfht_del(void *arg, const void *key)
{
	struct map *map = arg;
	struct node *node;
	bool removed;

	rcu_read_lock();
	node = find(map, key, hash_of(map, key));
	removed = node && !cds_lfht_del(map->table, &node->link);
	rcu_read_unlock();
	if (removed)
		call_rcu(&node->rcu, free_rcu);
	return removed;
}

const struct bench_backend bench_lfht = {
	.name = "cds_lfht",
	.create = lfht_create,
	.destroy = lfht_destroy,
	.get = lfht_get,
	.put = lfht_put,
	.del = lfht_del,
};
