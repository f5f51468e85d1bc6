// SPDX-License-Identifier: GPL-2.0-only
/* TBB's concurrent_hash_map: chains, a lock with readers per bucket and per entry. */
#include <utility>

#include <tbb/concurrent_hash_map.h>

#include "peer.hh"

template <typename Key> struct Compare {
	size_t hash(const Key &key) const
	{
		return PeerHash<Key>()(key);
	}

	bool equal(const Key &a, const Key &b) const
	{
		return a == b;
	}
};

template <typename Key, typename Value> class Tbb {
	/* Its own allocator would be another one than that of all others. */
	using Map = tbb::concurrent_hash_map<
		Key, Value, Compare<Key>,
		std::allocator<std::pair<const Key, Value> > >;

    public:
	bool get(const Key &key, Value &value)
	{
		typename Map::const_accessor found;

		if (!map.find(found, key))
			return false;
		value = found->second;
		return true;
	}

	void put(const Key &key, const Value &value)
	{
		typename Map::accessor found;

		if (!map.insert(found, { key, value }))
			found->second = value;
	}

	bool del(const Key &key)
	{
		return map.erase(key);
	}

    private:
	Map map;
};

const struct bench_backend bench_tbb = {
	.name = "tbb",
	.create = Peer<Tbb>::create,
	.destroy = Peer<Tbb>::destroy,
	.get = Peer<Tbb>::get,
	.put = Peer<Tbb>::put,
	.del = Peer<Tbb>::del,
};
