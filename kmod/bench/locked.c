// SPDX-License-Identifier: GPL-2.0-only
/* Operations of a plain map under its rwlock. */
#include <linux/mm.h>

#include "locked.h"

int locked_init(struct locked *l, const struct bench_payload *payload,
		struct kmem_cache *cache, unsigned int bits)
{
	rwlock_init(&l->lock);
	return plain_init(&l->map, payload, cache, bits);
}

bool locked_get(struct locked *l, const void *key, u32 hash, void *value)
{
	bool found;

	read_lock(&l->lock);
	found = plain_get(&l->map, key, hash, value);
	read_unlock(&l->lock);
	return found;
}

/* Double the heads; allocated outside the lock, as it must not be slept under. */
static void grow(struct locked *l)
{
	unsigned int bits = READ_ONCE(l->map.bits) + 1;
	struct hlist_head *heads = plain_heads_alloc(bits, GFP_KERNEL);

	if (!heads)
		return;
	write_lock(&l->lock);
	if (l->map.bits + 1 == bits)
		heads = plain_rehash(&l->map, heads, bits);
	write_unlock(&l->lock);
	kvfree(heads);
}

int locked_put(struct locked *l, const void *key, u32 hash, const void *value)
{
	struct plain_node *node;
	bool wants_growth;

	write_lock(&l->lock);
	if (plain_update(&l->map, key, hash, value)) {
		write_unlock(&l->lock);
		return 0;
	}
	write_unlock(&l->lock);

	node = plain_node_alloc(&l->map, key, hash, value, GFP_KERNEL);
	if (!node)
		return -ENOMEM;
	write_lock(&l->lock);
	if (!plain_update(&l->map, key, hash, value)) {
		plain_insert(&l->map, node);
		node = NULL;
	}
	wants_growth = plain_wants_growth(&l->map);
	write_unlock(&l->lock);
	if (node)
		kmem_cache_free(l->map.cache, node);
	if (wants_growth)
		grow(l);
	return 0;
}

bool locked_del(struct locked *l, const void *key, u32 hash)
{
	struct plain_node *node;

	write_lock(&l->lock);
	node = plain_take(&l->map, key, hash);
	write_unlock(&l->lock);
	if (node)
		kmem_cache_free(l->map.cache, node);
	return node;
}
