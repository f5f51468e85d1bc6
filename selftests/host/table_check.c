// SPDX-License-Identifier: GPL-2.0-only
/* Every entry is where its hash says, every tag is true, every count adds up. */
#include "table_check.h"

#include "core/inline.h"
#include "core/internal.h"
#include "core/line.h"

struct sums {
	unsigned long entries;
	unsigned long bytes;
	unsigned long overflow;
	unsigned long moved;
	u64 version;
};

static unsigned int slot_tag(const struct sm_line *line, unsigned int slot)
{
	return line->tags >> (8 * slot) & 0xff;
}

static const char *check_entry(const struct shardmap *map,
			       const struct sm_entry *e, u64 first, u64 last,
			       unsigned int tag)
{
	if (!e || sm_slot_kind(e))
		return "a tag without an entry";
	if (e->hash < first || e->hash > last)
		return "an entry in the wrong bucket";
	if (sm_tag(e->hash) != tag)
		return "an entry with a wrong tag";
	if (sm_hash(map, e->data, e->key_len) != e->hash)
		return "an entry with a wrong hash";
	return NULL;
}

static const char *check_line(const struct shardmap *map,
			      const struct sm_line *line, u64 first, u64 last,
			      struct sums *sums)
{
	const char *wrong;
	unsigned int i;

	for (i = 0; i < SM_SLOTS; i++) {
		const struct sm_entry *e = line->slot[i];
		bool link = i == SM_LAST_SLOT && (line->tags & SM_LINK);

		if (!slot_tag(line, i)) {
			if (link ? sm_slot_kind(e) != SM_PTR_LINK : e != NULL)
				return "a slot that is not free or the link";
			continue;
		}
		wrong = link ? "a tag at the link" :
			       check_entry(map, e, first, last,
					   slot_tag(line, i));
		if (wrong)
			return wrong;
		sums->entries++;
		sums->bytes += sm_entry_bytes(e);
		if ((u64)atomic64_read(&e->version) > sums->version ||
		    !atomic64_read(&e->version))
			return "a version that was not given out";
	}
	return NULL;
}

static const char *check_cells(const struct shardmap *map,
			       const struct sm_inline_line *line, u64 first,
			       u64 last, struct sums *sums)
{
	u32 cells = sm_inline_cells(line->used);

	if ((line->used & SM_CELL_OVERFLOW) && (line->used & BIT(SM_LAST_CELL)))
		return "a key in the cell of the link";
	for (; cells; cells &= cells - 1) {
		unsigned int cell = __ffs(cells);
		u64 hash = sm_hash(map, &line->key[cell], map->max_key_len);
		u64 version = atomic64_read(&line->version[cell]);

		if (hash < first || hash > last)
			return "a key in the wrong bucket";
		if (!version || version > sums->version)
			return "a version that was not given out";
		sums->entries++;
	}
	return NULL;
}

static const char *check_inline_bucket(const struct shardmap *map,
				       const struct sm_shard *shard,
				       const struct sm_array *array,
				       const struct sm_inline_line *line,
				       u64 first, u64 last, struct sums *sums)
{
	const char *wrong;

	if (line->used & SM_CELL_MOVED) {
		if (array->next != shard->next)
			return "a moved bucket that leads elsewhere";
		sums->moved++;
		return NULL;
	}
	for (;;) {
		wrong = check_cells(map, line, first, last, sums);
		if (wrong)
			return wrong;
		line = sm_inline_link_locked(array, line);
		if (!line)
			return NULL;
		sums->overflow++;
	}
}

static const char *check_bucket(const struct shardmap *map,
				const struct sm_shard *shard,
				const struct sm_line *line, u64 first, u64 last,
				struct sums *sums)
{
	const char *wrong;

	if (line->tags & SM_MOVED) {
		if (sm_slot_next(line->slot[0]) != shard->next)
			return "a moved bucket that leads elsewhere";
		sums->moved++;
		return NULL;
	}
	for (;;) {
		wrong = check_line(map, line, first, last, sums);
		if (wrong)
			return wrong;
		if (!(line->tags & SM_LINK))
			return NULL;
		line = sm_slot_link(line->slot[SM_LAST_SLOT]);
		sums->overflow++;
	}
}

static const char *check_array(const struct shardmap *map,
			       const struct sm_shard *shard,
			       const struct sm_array *array, struct sums *sums)
{
	u64 span = U64_MAX >> (map->shard_bits + array->bits);
	u64 shard_first =
		(u64)(shard - map->shards) * ((U64_MAX >> map->shard_bits) + 1);
	unsigned long i;

	if ((unsigned long)array->lines & (SM_ARRAY_ALIGN - 1))
		return "an array that is not aligned";
	for (i = 0; i < 1UL << array->bits; i++) {
		u64 first = shard_first + i * (span + 1);
		const char *wrong;

		wrong = sm_is_inline(map) ?
				check_inline_bucket(map, shard, array,
						    sm_inline_lines(array) + i,
						    first, first + span, sums) :
				check_bucket(map, shard, &array->lines[i],
					     first, first + span, sums);
		if (wrong)
			return wrong;
	}
	return NULL;
}

static unsigned long array_bytes(const struct shardmap *map,
				 const struct sm_array *array)
{
	unsigned long link = sm_is_inline(map) ? sizeof(void *) : 0;

	return sizeof(*array) + ((sm_line_bytes(map) + link) << array->bits);
}

static const char *check_sums(const struct shardmap *map,
			      const struct sm_shard *shard,
			      const struct sums *sums)
{
	unsigned long bytes = array_bytes(map, shard->array);
	const struct sm_line *line;
	unsigned int spares = 0;

	for (line = shard->spare; line; line = (void *)line->slot[0])
		spares++;
	bytes += (sums->overflow + spares) * sm_line_bytes(map);
	if (shard->next)
		bytes += array_bytes(map, shard->next);
	if (sums->entries != shard->count)
		return "a shard's count";
	if (sums->bytes != shard->bytes)
		return "a shard's bytes";
	if (sums->overflow != shard->overflow)
		return "a shard's number of overflow lines";
	if (spares != shard->spares)
		return "a shard's number of spares";
	if (bytes != shard->index_bytes)
		return "a shard's index bytes";
	if (shard->next && sums->moved != shard->moved)
		return "a shard's number of moved buckets";
	if (!shard->next && sums->moved)
		return "a moved bucket without a resize";
	if (map->root[shard - map->shards] != shard->array->root)
		return "a shard's root";
	return NULL;
}

const char *table_check(struct shardmap *map)
{
	unsigned long entries = 0, bytes = 0, index = 0;
	const char *wrong;
	unsigned int i;

	for (i = 0; i < sm_nr_shards(map); i++) {
		struct sm_shard *shard = &map->shards[i];
		struct sums sums = { .version = shard->version };

		wrong = check_array(map, shard, shard->array, &sums);
		if (!wrong && shard->next) {
			unsigned long moved = sums.moved;

			wrong = check_array(map, shard, shard->next, &sums);
			if (sums.moved != moved)
				return "a moved bucket in the next array";
		}
		if (!wrong)
			wrong = check_sums(map, shard, &sums);
		if (wrong)
			return wrong;
		entries += sums.entries;
		bytes += sums.bytes;
		index += shard->index_bytes;
	}
	if (map->max_entries &&
	    (u64)atomic64_read(&map->entries_held) != entries)
		return "the number of entries held against the limit";
	if (map->max_bytes && (u64)atomic64_read(&map->bytes_held) != bytes)
		return "the number of bytes held against the limit";
	if (map->quota && shardmap_quota_bytes(map->quota) != bytes + index)
		return "the number of bytes held against the quota";
	return NULL;
}

const char *table_check_settled(struct shardmap *map)
{
	unsigned int i;

	for (i = 0; i < sm_nr_shards(map); i++) {
		const struct sm_shard *shard = &map->shards[i];

		if (shard->next)
			return "a resize that does not end";
		if (shard->count > shard->array->grow_at)
			return "a shard that did not grow";
		if (shard->array->bits < map->reserved_bits)
			return "a shard without what was reserved";
		if (shard->count < shard->array->shrink_at &&
		    shard->array->bits > map->reserved_bits)
			return "a shard that did not shrink";
	}
	if (sm_limbo_bytes(map))
		return "removed entries that are not freed";
	return table_check(map);
}
