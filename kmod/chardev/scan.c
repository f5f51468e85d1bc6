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
 */
struct bounce {
	u8 *buf;
	u32 size;
	u32 used;
	u32 records;
	u32 needed;
};

/* Called under RCU for each entry; -ENOBUFS stops before one that does not fit. */
static int emit(const struct shardmap_view *view, void *arg)
{
	struct bounce *b = arg;
	u32 value_at = sizeof(struct shardmap_record) + ALIGN(view->key_len, 8);
	u32 len = ALIGN(value_at + view->value_len, 8);
	struct shardmap_record *record = (void *)(b->buf + b->used);
	u8 *start = b->buf + b->used;

	if (len > b->size - b->used) {
		b->needed = len;
		return -ENOBUFS;
	}
	*record = (struct shardmap_record){
		.record_len = len,
		.key_len = view->key_len,
		.value_len = view->value_len,
		.version = view->version,
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

	if (scan->flags & SHARDMAP_SCAN_DRAIN &&
	    !(cmd->access & SHARDMAP_WRITE))
		return -EACCES;
	if (scan->flags || scan->buf_len > SHARDMAP_SCAN_BYTES_MAX)
		return -EINVAL;
	b.size = min(scan->buf_len, BOUNCE_MAX);
	b.buf = kvmalloc(max(b.size, 1U), GFP_KERNEL_ACCOUNT);
	if (!b.buf)
		return -ENOMEM;
	err = gather(cmd->table->map, scan, &b);
	if (err) {
		scan->buf_len = b.needed;
	} else if (copy_to_user(u64_to_user_ptr(scan->buf), b.buf, b.used)) {
		kvfree(b.buf);
		return -EFAULT;
	}
	scan->used = b.used;
	scan->records = b.records;
	kvfree(b.buf);
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
