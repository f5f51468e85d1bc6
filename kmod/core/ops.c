// SPDX-License-Identifier: GPL-2.0-only
/* The functions that change a single key. */
#include <linux/export.h>

#include "compat.h"
#include "run.h"

/**
 * shardmap_execute() - Carry out a request.
 * @map: the table
 * @req: the request
 * @gfp: allocation flags; if they allow blocking an update may wait for an RCU grace
 *	period when too much memory waits for one
 *
 * What all the functions for single operations are made of, with all that they can
 * do.  Of a request that fails only @req->err is set, and at -ENOBUFS @req->out_len.
 *
 * Context: Process or softirq context, as @gfp allows; SHARDMAP_DO_GET any context.
 * Takes and releases a shard lock, but SHARDMAP_DO_GET the RCU lock only.
 * Return: 0; -ENOENT, -EEXIST, -ESTALE or -ENOBUFS, as the verb and its flags say;
 * -EINVAL if there is no such verb, the key is empty, key or value is shorter than an
 * inline table's, a time to live is asked of an inline table, or a number is added to a
 * value that is not 8 bytes long; -EMSGSIZE if key or value is longer than the table
 * allows; -EROFS if the table is frozen; -ENOSPC if it is full; -EDQUOT if its quota is;
 * -ENOMEM.
 */
int shardmap_execute(struct shardmap *map, struct shardmap_request *req,
		     gfp_t gfp)
{
	if (unlikely(req->verb >= SHARDMAP_VERBS))
		req->err = -EINVAL;
	else if (req->verb == SHARDMAP_DO_GET)
		req->err = sm_get_request(map, req);
	else
		req->err = sm_update_run(map, req, req->verb, gfp);
	return req->err;
}
SHARDMAP_EXPORT(shardmap_execute);

static void set_result(struct shardmap_result *result,
		       const struct shardmap_request *req)
{
	if (!result)
		return;
	result->version = req->version;
	result->inserted = req->flags & SHARDMAP_REQ_INSERTED;
}

/**
 * shardmap_put() - Store a value under a key.
 * @map: the table
 * @key: the key
 * @key_len: its length in bytes, at least 1
 * @value: the value
 * @value_len: its length in bytes
 * @mode: whether the key may, must or must not be there
 * @gfp: allocation flags, as for shardmap_execute()
 * @result: what was done, or NULL
 *
 * A reader sees the old value or the new one, never a mixture or none.  A value of 8
 * bytes takes the place of another without an allocation.
 *
 * Context: Process or softirq context, as @gfp allows.  Takes and releases a
 * shard lock.
 * Return: 0; -EEXIST or -ENOENT by @mode; -EINVAL if the key is empty, or if key
 * or value is shorter than an inline table's; -EMSGSIZE if key or value is longer
 * than the table allows; -EROFS if it is frozen; -ENOSPC if it is full; -EDQUOT;
 * -ENOMEM.
 */
int shardmap_put(struct shardmap *map, const void *key, u32 key_len,
		 const void *value, u32 value_len, enum shardmap_put_mode mode,
		 gfp_t gfp, struct shardmap_result *result)
{
	struct shardmap_request req = {
		.verb = SHARDMAP_DO_PUT,
		.flags = mode == SHARDMAP_PUT_NOEXIST ? SHARDMAP_REQ_NOEXIST :
			 mode == SHARDMAP_PUT_EXIST   ? SHARDMAP_REQ_EXIST :
							0,
		.key = key,
		.key_len = key_len,
		.value = value,
		.value_len = value_len,
	};
	int err = sm_update_run(map, &req, SHARDMAP_DO_PUT, gfp);

	if (!err)
		set_result(result, &req);
	return err;
}
SHARDMAP_EXPORT(shardmap_put);

/**
 * shardmap_get_or_put() - Store a value unless the key is there.
 * @map: the table
 * @key: the key
 * @key_len: its length in bytes, at least 1
 * @value: the value to store
 * @value_len: its length in bytes
 * @found: buffer for the value that is there; unchanged but for its length and
 *	version if @value was stored
 * @gfp: allocation flags
 * @result: what was done
 *
 * Context: Process or softirq context, as @gfp allows.  Takes and releases a
 * shard lock.
 * Return: 0, with @result->inserted telling which; -ENOBUFS if the value that is
 * there does not fit, with its length in @found; -EINVAL, -EMSGSIZE, -EROFS, -ENOSPC,
 * -EDQUOT or -ENOMEM as for shardmap_put().
 */
int shardmap_get_or_put(struct shardmap *map, const void *key, u32 key_len,
			const void *value, u32 value_len,
			struct shardmap_value *found, gfp_t gfp,
			struct shardmap_result *result)
{
	struct shardmap_request req = {
		.verb = SHARDMAP_DO_GET_OR_PUT,
		.key = key,
		.key_len = key_len,
		.value = value,
		.value_len = value_len,
		.out = found->buf,
		.out_len = found->len,
	};
	int err = sm_update_run(map, &req, SHARDMAP_DO_GET_OR_PUT, gfp);

	if (!err || err == -ENOBUFS)
		found->len = req.out_len;
	if (err)
		return err;
	found->version = req.version;
	set_result(result, &req);
	return 0;
}
SHARDMAP_EXPORT(shardmap_get_or_put);

/**
 * shardmap_delete() - Remove a key.
 * @map: the table
 * @key: the key
 * @key_len: its length in bytes, at least 1
 * @gfp: allocation flags, for the bookkeeping of the deferred free
 *
 * Context: Process or softirq context, as @gfp allows.  Takes and releases a
 * shard lock.
 * Return: 0; -ENOENT if there is no such key; -EINVAL if it is empty, or shorter
 * than an inline table's; -EMSGSIZE if it is longer than the table allows; -EROFS if
 * the table is frozen; -ENOMEM, but not in an inline table.
 */
int shardmap_delete(struct shardmap *map, const void *key, u32 key_len,
		    gfp_t gfp)
{
	struct shardmap_request req = {
		.verb = SHARDMAP_DO_DELETE,
		.key = key,
		.key_len = key_len,
	};

	return sm_update_run(map, &req, SHARDMAP_DO_DELETE, gfp);
}
SHARDMAP_EXPORT(shardmap_delete);

/**
 * shardmap_take() - Remove a key and copy out the value that it had.
 * @map: the table
 * @key: the key
 * @key_len: its length in bytes, at least 1
 * @taken: buffer for the value; its version is the one it had
 * @gfp: allocation flags
 *
 * Context: Process or softirq context, as @gfp allows.  Takes and releases a
 * shard lock.
 * Return: 0; -ENOBUFS if the value does not fit, with its length in @taken and nothing
 * removed; otherwise as shardmap_delete().
 */
int shardmap_take(struct shardmap *map, const void *key, u32 key_len,
		  struct shardmap_value *taken, gfp_t gfp)
{
	struct shardmap_request req = {
		.verb = SHARDMAP_DO_TAKE,
		.key = key,
		.key_len = key_len,
		.out = taken->buf,
		.out_len = taken->len,
	};
	int err = sm_update_run(map, &req, SHARDMAP_DO_TAKE, gfp);

	if (!err || err == -ENOBUFS)
		taken->len = req.out_len;
	if (!err)
		taken->version = req.version;
	return err;
}
SHARDMAP_EXPORT(shardmap_take);

/**
 * shardmap_add() - Add to an 8-byte number, modulo 2^64.
 * @map: the table
 * @key: the key
 * @key_len: its length in bytes, at least 1
 * @delta: what to add
 * @initial: what a key starts from that is not there, or NULL to require it
 * @gfp: allocation flags, used for a new key only
 * @result: the numbers before and after, or NULL
 *
 * Numbers are in the machine's byte order.  No memory is allocated for a key that
 * is there.
 *
 * Context: Process or softirq context, as @gfp allows.  Takes and releases a
 * shard lock.
 * Return: 0; -ENOENT if there is no such key and no @initial; -EINVAL if the
 * value is not 8 bytes long or the key is empty; -EMSGSIZE, -EROFS, -ENOSPC, -EDQUOT or
 * -ENOMEM.
 */
int shardmap_add(struct shardmap *map, const void *key, u32 key_len, u64 delta,
		 const u64 *initial, gfp_t gfp, struct shardmap_result *result)
{
	struct shardmap_request req = {
		.verb = SHARDMAP_DO_ADD,
		.flags = initial ? SHARDMAP_REQ_CREATE : 0,
		.key = key,
		.key_len = key_len,
		.delta = delta,
		.initial = initial ? *initial : 0,
	};
	int err = sm_update_run(map, &req, SHARDMAP_DO_ADD, gfp);

	if (err)
		return err;
	set_result(result, &req);
	if (result) {
		result->old = req.old;
		result->new = req.old + delta;
	}
	return 0;
}
SHARDMAP_EXPORT(shardmap_add);

/**
 * shardmap_cas() - Store a value if the entry has the expected version.
 * @map: the table
 * @key: the key
 * @key_len: its length in bytes, at least 1
 * @version: version that the entry must have
 * @value: the value to store
 * @value_len: its length in bytes
 * @gfp: allocation flags
 * @result: what was done, or NULL
 *
 * To compare the value instead use shardmap_execute().
 *
 * Context: Process or softirq context, as @gfp allows.  Takes and releases a
 * shard lock.
 * Return: 0; -ENOENT if there is no such key; -ESTALE if it has another version;
 * -EINVAL, -EMSGSIZE, -EROFS, -ENOSPC, -EDQUOT or -ENOMEM as for shardmap_put().
 */
int shardmap_cas(struct shardmap *map, const void *key, u32 key_len,
		 u64 version, const void *value, u32 value_len, gfp_t gfp,
		 struct shardmap_result *result)
{
	struct shardmap_request req = {
		.verb = SHARDMAP_DO_CAS,
		.flags = SHARDMAP_REQ_IF_VERSION,
		.key = key,
		.key_len = key_len,
		.value = value,
		.value_len = value_len,
		.version = version,
	};
	int err = sm_update_run(map, &req, SHARDMAP_DO_CAS, gfp);

	if (!err)
		set_result(result, &req);
	return err;
}
SHARDMAP_EXPORT(shardmap_cas);

/**
 * shardmap_update() - Have a function decide what becomes of a key, with it locked.
 * @map: the table
 * @key: the key
 * @key_len: its length in bytes, at least 1
 * @value_len: length in bytes of the value that @fn may write
 * @fn: decides
 * @arg: passed to @fn
 * @gfp: allocation flags
 * @result: what was done, or NULL
 *
 * Context: Process or softirq context, as @gfp allows.  Takes and releases a
 * shard lock, and calls @fn under it.
 * Return: 0; what @fn returned, if that is negative; -EINVAL, -EMSGSIZE, -EROFS,
 * -ENOSPC, -EDQUOT or -ENOMEM as for shardmap_put().
 */
int shardmap_update(struct shardmap *map, const void *key, u32 key_len,
		    u32 value_len, shardmap_update_fn fn, void *arg, gfp_t gfp,
		    struct shardmap_result *result)
{
	struct sm_call call = {
		.req = {
			.verb = SM_DO_UPDATE,
			.key = key,
			.key_len = key_len,
			.value_len = value_len,
		},
		.fn = fn,
		.arg = arg,
	};
	int err = sm_update_run(map, &call.req, SM_DO_UPDATE, gfp);

	if (!err)
		set_result(result, &call.req);
	return err;
}
SHARDMAP_EXPORT(shardmap_update);
