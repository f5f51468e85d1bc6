// SPDX-License-Identifier: GPL-2.0-only
/* Commands that go through a whole table: SCAN and CLEAR. */
#include <linux/align.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "chardev.h"

/* Records are gathered in kernel memory of at most this size per call. */
#define BOUNCE_MAX (256U << 10)

/**
 * struct bounce - records on their way to the caller
 * @buf: the records
 * @size: room in @buf, in bytes
 * @used: bytes of records so far
 * @records: how many
 * @needed: bytes of the record that did not fit
 * @prefix: what keys must begin with
 * @prefix_len: its length in bytes
 */
struct bounce {
	u8 *buf;
	u32 size;
	u32 used;
	u32 records;
	u32 needed;
	const u8 *prefix;
	u32 prefix_len;
};

/* Called under RCU for each entry; -ENOBUFS stops before one that does not fit. */
static int emit(const struct shardmap_view *view, void *arg)
{
	struct bounce *b = arg;
	u32 value_at = sizeof(struct shardmap_record) + ALIGN(view->key_len, 8);
	u32 len = ALIGN(value_at + view->value_len, 8);
	struct shardmap_record *record = (void *)(b->buf + b->used);
	u8 *start = b->buf + b->used;

	if (view->key_len < b->prefix_len ||
	    memcmp(view->key, b->prefix, b->prefix_len))
		return 0;
	if (len > b->size - b->used) {
		b->needed = len;
		return -ENOBUFS;
	}
	*record = (struct shardmap_record){
		.record_len = len,
		.key_len = view->key_len,
		.value_len = view->value_len,
		.version = view->version,
		.expires = view->expires,
	};
	/* No byte of the padding may be left as it was. */
	memset(start + value_at - 8, 0, 8);
	memset(start + len - 8, 0, 8);
	memcpy(record + 1, view->key, view->key_len);
	shardmap_view_value(view, start + value_at);
	b->used += len;
	b->records++;
	return 0;
}

/* Gather records until the buffer is full, the pass ends or a signal comes. */
static int gather(struct shardmap *map, struct shardmap_scan *scan,
		  struct bounce *b)
{
	struct shardmap_position pos = {
		.hash = scan->cursor.hash,
		.tie = scan->cursor.tie,
	};
	int err;

	do {
		err = shardmap_scan(map, &pos, emit, b);
		cond_resched();
	} while (!err && !signal_pending(current));
	if (err == -ENOBUFS && !b->records)
		return err;
	scan->cursor.hash = pos.hash;
	scan->cursor.tie = pos.tie;
	scan->done = err == 1;
	return 0;
}

/*
 * Remove the entries that were gathered, as long as they are the very ones.  At the
 * first that is not the pass goes on behind the one before it, so that the next call
 * returns what is there then.  Fails only if nothing was removed.
 */
static int drain(struct shardmap *map, struct shardmap_scan *scan,
		 struct bounce *b, struct shardmap_cursor from)
{
	struct shardmap_position pos = { .hash = from.hash, .tie = from.tie };
	u32 off = 0, records = 0;
	int err = 0;

	while (off < b->used) {
		const struct shardmap_record *record = (void *)(b->buf + off);
		struct shardmap_request req = {
			.verb = SHARDMAP_DO_DELETE,
			.flags = SHARDMAP_REQ_IF_VERSION,
			.key = record + 1,
			.key_len = record->key_len,
			.version = record->version,
		};

		err = shardmap_execute(map, &req, SMDEV_GFP);
		if (err)
			break;
		shardmap_position_after(map, req.key, req.key_len, &pos);
		off += record->record_len;
		records++;
		cond_resched();
	}
	if (err && err != -ENOENT && err != -ESTALE && !off)
		return err;
	if (off == b->used)
		return 0;
	b->used = off;
	b->records = records;
	scan->cursor.hash = pos.hash;
	scan->cursor.tie = pos.tie;
	scan->done = 0;
	return 0;
}

static int copy_records(const struct shardmap_scan *scan,
			const struct bounce *b)
{
	return copy_to_user(u64_to_user_ptr(scan->buf), b->buf, b->used) ?
		       -EFAULT :
		       0;
}

/* Gather, copy out, and only then remove: what cannot be copied stays. */
static int scan_step(struct smdev_cmd *cmd, struct bounce *b)
{
	struct shardmap_scan *scan = cmd->arg;
	const struct shardmap_cursor from = scan->cursor;
	struct shardmap *map = cmd->table->map;
	bool drains = scan->flags & SHARDMAP_SCAN_DRAIN;
	int err;

	/*
	 * The reply must not fail when entries are gone.  Now it has the caller's
	 * cursor still, which a drain that fails must not move.
	 */
	err = drains ? smdev_reply(cmd) : 0;
	if (err)
		return err;
	err = gather(map, scan, b);
	if (err) {
		scan->buf_len = b->needed;
		return err;
	}
	err = copy_records(scan, b);
	if (!err && drains)
		err = drain(map, scan, b, from);
	return err;
}

static int scan_check(const struct smdev_cmd *cmd)
{
	const struct shardmap_scan *scan = cmd->arg;

	if (scan->flags & ~SHARDMAP_SCAN_DRAIN || scan->reserved ||
	    scan->buf_len > SHARDMAP_SCAN_BYTES_MAX ||
	    scan->prefix_len > SHARDMAP_KEY_LEN_MAX ||
	    (scan->prefix && !scan->prefix_len))
		return -EINVAL;
	if (!(scan->flags & SHARDMAP_SCAN_DRAIN))
		return 0;
	if (!(cmd->access & SHARDMAP_WRITE))
		return -EACCES;
	return shardmap_is_frozen(cmd->table->map) ? -EROFS : 0;
}

/**
 * smdev_scan() - SHARDMAP_IOC_SCAN
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an errno as <uapi/linux/shardmap.h> says.
 */
long smdev_scan(struct smdev_cmd *cmd)
{
	struct shardmap_scan *scan = cmd->arg;
	struct bounce b = {};
	int err;

	err = scan_check(cmd);
	if (err)
		return err;
	b.size = min(scan->buf_len, BOUNCE_MAX);
	b.prefix_len = scan->prefix_len;
	b.buf = kvmalloc(ALIGN(b.size, 8) + max(b.prefix_len, 1U), SMDEV_GFP);
	if (!b.buf)
		return -ENOMEM;
	b.prefix = b.buf + ALIGN(b.size, 8);
	if (copy_from_user((u8 *)b.prefix, u64_to_user_ptr(scan->prefix),
			   b.prefix_len))
		err = -EFAULT;
	if (!err)
		err = scan_step(cmd, &b);
	kvfree(b.buf);
	if (err && err != -ENOBUFS)
		return err;
	scan->used = b.used;
	scan->records = b.records;
	return smdev_reply(cmd) ?: err;
}

/**
 * smdev_clear() - SHARDMAP_IOC_CLEAR
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an errno as <uapi/linux/shardmap.h> says.
 */
long smdev_clear(struct smdev_cmd *cmd)
{
	struct shardmap_clear *clear = cmd->arg;
	struct shardmap_position pos = {};
	int err;

	if (clear->flags)
		return -EINVAL;
	clear->removed = 0;
	err = smdev_reply(cmd);
	if (err)
		return err;
	do {
		err = shardmap_clear_step(cmd->table->map, &pos,
					  &clear->removed);
		cond_resched();
		if (!err && fatal_signal_pending(current))
			err = -EINTR;
	} while (!err);
	return smdev_reply(cmd) ?: min(err, 0);
}
