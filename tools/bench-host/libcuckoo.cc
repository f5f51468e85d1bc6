// SPDX-License-Identifier: GPL-2.0-only
/* libcuckoo: entries stand in the table, two buckets of four for each key, spinlocks. */
#include <libcuckoo/cuckoohash_map.hh>

#include "peer.hh"

template <typename Key, typename Value> class Cuckoo {
    public:
	bool get(const Key &key, Value &value)
	{
		return map.find(key, value);
	}

	void put(const Key &key, const Value &value)
	{
		map.insert_or_assign(key, value);
	}

	bool del(const Key &key)
	{
		return map.erase(key);
	}

    private:
	/* As small as it gets, it grows by itself. */
	libcuckoo::cuckoohash_map<Key, Value, PeerHash<Key> > map{ 0 };
};

const struct bench_backend bench_libcuckoo = {
	.name = "libcuckoo",
	.create = Peer<Cuckoo>::create,
	.destroy = Peer<Cuckoo>::destroy,
	.get = Peer<Cuckoo>::get,
	.put = Peer<Cuckoo>::put,
	.del = Peer<Cuckoo>::del,
};
