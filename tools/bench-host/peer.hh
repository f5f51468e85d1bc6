/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a map in C++, made for one size of keys and values each, to a backend.  The class
 * Map<Key, Value> has get(), put() and del().
 */
#ifndef _BENCH_HOST_PEER_HH
#define _BENCH_HOST_PEER_HH

#include <cstdint>
#include <cstring>
#include <memory>
#include <new>

#include "peers.h"

template <unsigned int Words> struct Bytes {
	uint64_t word[Words];

	bool operator==(const Bytes &other) const
	{
		return !memcmp(word, other.word, sizeof(word));
	}
};

template <typename Key> struct PeerHash {
	size_t operator()(const Key &key) const
	{
		return peer_hash(&key, sizeof(key));
	}
};

template <template <typename, typename> class Map> class Peer {
    public:
	static void *create(const struct bench_payload *payload)
	{
		return new Peer(payload->key_len == 8);
	}

	static void destroy(void *map)
	{
		delete static_cast<Peer *>(map);
	}

	static bool get(void *map, const void *key, void *value)
	{
		Peer *peer = static_cast<Peer *>(map);

		if (peer->small)
			return get_of(*peer->small, key, value);
		return get_of(*peer->large, key, value);
	}

	/* Out of memory they throw, and nobody catches that: the program ends. */
	static int put(void *map, const void *key, const void *value)
	{
		Peer *peer = static_cast<Peer *>(map);

		if (peer->small)
			put_of(*peer->small, key, value);
		else
			put_of(*peer->large, key, value);
		return 0;
	}

	static bool del(void *map, const void *key)
	{
		Peer *peer = static_cast<Peer *>(map);

		if (peer->small)
			return del_of(*peer->small, key);
		return del_of(*peer->large, key);
	}

    private:
	explicit Peer(bool is_small)
	{
		if (is_small)
			small = std::make_unique<Map<Bytes<1>, Bytes<1> > >();
		else
			large = std::make_unique<Map<Bytes<2>, Bytes<8> > >();
	}

	template <typename Key, typename Value>
	static bool get_of(Map<Key, Value> &map, const void *key, void *value)
	{
		return map.get(*static_cast<const Key *>(key),
			       *static_cast<Value *>(value));
	}

	template <typename Key, typename Value>
	static void put_of(Map<Key, Value> &map, const void *key,
			   const void *value)
	{
		map.put(*static_cast<const Key *>(key),
			*static_cast<const Value *>(value));
	}

	template <typename Key, typename Value>
	static bool del_of(Map<Key, Value> &map, const void *key)
	{
		return map.del(*static_cast<const Key *>(key));
	}

	std::unique_ptr<Map<Bytes<1>, Bytes<1> > > small;
	std::unique_ptr<Map<Bytes<2>, Bytes<8> > > large;
};

#endif /* _BENCH_HOST_PEER_HH */
