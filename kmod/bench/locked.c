// SPDX-License-Identifier: GPL-2.0-only
/* Operations of a plain map under its rwlock. */
#include <linux/lockdep.h>
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

/*
 * Double the heads; allocated outside the lock, as it must not be slept under.
 * Who set growing is alone here, so nobody else changes the number.
 */
static void grow(struct locked *l, unsigned int bits)
{
	struct hlist_head *heads = plain_heads_alloc(bits, GFP_KERNEL);

	write_lock(&l->lock);
	if (heads)
		heads = plain_rehash(&l->map, heads, bits);
	l->growing = false;
	write_unlock(&l->lock);
	kvfree(heads);
}

/* Returns 0, or the bits to which the caller, and nobody else, has to grow. */
static unsigned int insert_locked(struct locked *l, struct plain_node *node)
{
	lockdep_assert_held_write(&l->lock);
	plain_insert(&l->map, node);
	if (!plain_wants_growth(&l->map) || l->growing)
		return 0;
	l->growing = true;
	return l->map.bits + 1;
}

/* When memory is short: wait for it, then look again. */
static int put_slowly(struct locked *l, const void *key, u32 hash,
		      const void *value)
{
	struct plain_node *node;
	unsigned int bits = 0;

	node = plain_node_alloc(&l->map, key, hash, value, GFP_KERNEL);
	if (!node)
		return -ENOMEM;
	write_lock(&l->lock);
	if (!plain_update(&l->map, key, hash, value)) {
		bits = insert_locked(l, node);
		node = NULL;
	}
	write_unlock(&l->lock);
	if (node)
		kmem_cache_free(l->map.cache, node);
	if (bits)
		grow(l, bits);
	return 0;
}

int locked_put(struct locked *l, const void *key, u32 hash, const void *value)
{
	unsigned int bits = 0;
	bool done;

	write_lock(&l->lock);
	done = plain_update(&l->map, key, hash, value);
	if (!done) {
		/* That nearly always works, and saves a second look. */
		struct plain_node *node = plain_node_alloc(
			&l->map, key, hash, value, GFP_NOWAIT | __GFP_NOWARN);

		if (node)
			bits = insert_locked(l, node);
		done = node;
	}
	write_unlock(&l->lock);
	if (!done)
		return put_slowly(l, key, hash, value);
	if (bits)
		grow(l, bits);
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

u64 locked_bytes(struct locked *l)
{
	u64 bytes;

	read_lock(&l->lock);
	bytes = plain_bytes(&l->map);
	read_unlock(&l->lock);
	return bytes;
}
