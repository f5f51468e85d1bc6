// SPDX-License-Identifier: GPL-2.0-only
/*
 * WATCH, and reading what it gathers.
 *
 * A ring of bytes holds records just as read() returns them; at its end they go on
 * at its beginning.  Writers of the table append under @lock, inside their shard's
 * lock.  One reader at a time, by @reading, copies from the other end without @lock
 * and moves @tail only when the records stand in the user's memory: a bad address
 * loses nothing, and of several readers each record goes to one.  As with a pipe,
 * a reader waits for another one that faults pages in, also with O_NONBLOCK; writers
 * wait for neither.
 *
 * What finds no room is counted in @lost, and so is whatever comes until a record
 * of type LOST fits before it.  A ring that becomes empty gets that record at once:
 * so an empty ring means that there is nothing to tell.
 */
#include <linux/align.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include "chardev.h"

#define RING_BYTES (64U << 10)

#define READABLE (EPOLLIN | EPOLLRDNORM)

/**
 * struct smdev_watch - what one descriptor has been told and not yet read
 * @watcher: how the table knows it
 * @wait: who waits for records
 * @ring: the records
 * @size: its bytes, a power of two
 * @lock: inside a shard's lock, and taken with bottom halves disabled
 * @head: where the next record goes; under @lock, and read with @reading alone
 * @tail: where the oldest one is; written under both locks, read under either
 * @lost: changes not recorded since the last record; under @lock
 * @reading: held by a reader; outside @lock
 *
 * Positions count bytes modulo 2^32.
 */
struct smdev_watch {
	struct shardmap_watcher watcher;
	wait_queue_head_t *wait;
	u8 *ring;
	u32 size;
	spinlock_t lock;
	u32 head;
	u32 tail;
	u64 lost;
	struct mutex reading;
};

static void *ring_at(const struct smdev_watch *w, u32 pos)
{
	return w->ring + (pos & (w->size - 1));
}

static void ring_put(struct smdev_watch *w, u32 pos, const void *data, u32 len)
{
	u32 first = min(len, w->size - (pos & (w->size - 1)));

	memcpy(ring_at(w, pos), data, first);
	memcpy(w->ring, data + first, len - first);
}

static void append(struct smdev_watch *w, u32 op, const void *key, u32 key_len,
		   u64 version)
{
	struct shardmap_change change = {
		.record_len = ALIGN(sizeof(change) + key_len, 8),
		.op = op,
		.key_len = key_len,
		.version = version,
	};
	u32 pos = w->head, end = pos + change.record_len;

	lockdep_assert_held(&w->lock);
	/* No byte of the padding may be left as it was. */
	memset(ring_at(w, end - 8), 0, 8);
	ring_put(w, pos, &change, sizeof(change));
	ring_put(w, pos + sizeof(change), key, key_len);
	/* Pairs with the acquire in read_once(): the record is complete. */
	smp_store_release(&w->head, end);
}

static void append_lost(struct smdev_watch *w)
{
	append(w, SHARDMAP_CHANGE_LOST, NULL, 0, w->lost);
	w->lost = 0;
}

static void record(struct smdev_watch *w, const struct shardmap_event *event)
{
	u32 need = ALIGN(sizeof(struct shardmap_change) + event->key_len, 8);

	lockdep_assert_held(&w->lock);
	if (w->lost)
		need += sizeof(struct shardmap_change);
	if (need > w->size - (w->head - w->tail)) {
		w->lost++;
		return;
	}
	if (w->lost)
		append_lost(w);
	append(w, event->kind, event->key, event->key_len, event->version);
}

/*
 * Waking takes time under a shard's lock, so it is done only when the ring was
 * empty.  Whoever waits, edge-triggered or not, has found it empty before.
 */
static void changed(struct shardmap_watcher *watcher,
		    const struct shardmap_event *event)
{
	struct smdev_watch *w =
		container_of(watcher, struct smdev_watch, watcher);
	bool was_empty;

	spin_lock(&w->lock);
	was_empty = w->head == w->tail;
	record(w, event);
	spin_unlock(&w->lock);
	/*
	 * The barrier in wq_has_sleeper(), between @head and the queue, pairs with
	 * those in poll_wait() and wait_event_interruptible(), between the queue
	 * and has_changes().
	 */
	if (was_empty && wq_has_sleeper(w->wait))
		wake_up_interruptible_poll(w->wait, READABLE);
}

/*
 * Under the lock, as both ends must be of one moment: an old @head beside a new @tail
 * would look like an empty ring, and nobody wakes who sleeps beside a full one.
 */
static bool has_changes(struct smdev_watch *w)
{
	bool has;

	spin_lock_bh(&w->lock);
	has = w->head != w->tail;
	spin_unlock_bh(&w->lock);
	return has;
}

/* Bytes of as many records from @tail on as lie within @max bytes. */
static u32 whole_records(const struct smdev_watch *w, u32 max)
{
	u32 len = 0;

	while (len < max) {
		const struct shardmap_change *c = ring_at(w, w->tail + len);

		/* Of a record at the ring's end only this surely stands together. */
		if (c->record_len > max - len)
			break;
		len += c->record_len;
	}
	return len;
}

/* Returns how many bytes surely arrived. */
static u32 copy_out(const struct smdev_watch *w, char __user *buf, u32 len)
{
	u32 first = min(len, w->size - (w->tail & (w->size - 1)));
	u32 left = copy_to_user(buf, ring_at(w, w->tail), first);

	if (left)
		return first - left;
	return len - copy_to_user(buf + first, w->ring, len - first);
}

static void consume(struct smdev_watch *w, u32 len)
{
	lockdep_assert_held(&w->reading);
	spin_lock_bh(&w->lock);
	w->tail += len;
	if (w->head == w->tail && w->lost)
		append_lost(w);
	spin_unlock_bh(&w->lock);
}

/* Returns the bytes read, 0 if there is nothing to read, or an errno. */
static ssize_t read_once(struct smdev_watch *w, char __user *buf, u32 count)
{
	u32 there, len;

	lockdep_assert_held(&w->reading);
	/* Pairs with the release in append(). */
	there = smp_load_acquire(&w->head) - w->tail;
	if (!there)
		return 0;
	len = whole_records(w, min(count, there));
	if (!len)
		return -EINVAL;
	len = whole_records(w, copy_out(w, buf, len));
	if (!len)
		return -EFAULT;
	consume(w, len);
	return len;
}

/* Until the ring is empty or the buffer full; a ring's worth is enough. */
static ssize_t read_changes(struct smdev_watch *w, char __user *buf,
			    size_t count)
{
	u32 done = 0, max = min_t(size_t, count, w->size);
	ssize_t ret;

	ret = mutex_lock_interruptible(&w->reading);
	if (ret)
		return -ERESTARTSYS;
	do {
		ret = read_once(w, buf + done, max - done);
		if (ret > 0)
			done += ret;
	} while (ret > 0 && done < max);
	mutex_unlock(&w->reading);
	return done ?: ret;
}

/**
 * smdev_watch_read() - read() of a table's descriptor
 * @file: the descriptor
 * @buf: where records go
 * @count: room there
 * @pos: not used
 *
 * Context: Process context.
 * Return: The bytes read; -EINVAL if the descriptor does not watch or the next record
 * does not fit; -EAGAIN if there is none and the descriptor does not wait; -EFAULT;
 * -ERESTARTSYS after a signal.
 */
ssize_t smdev_watch_read(struct file *file, char __user *buf, size_t count,
			 loff_t *pos)
{
	struct smdev_handle *handle = file->private_data;
	/* Pairs with cmpxchg() in smdev_watch_begin(). */
	struct smdev_watch *w = smp_load_acquire(&handle->watch);
	ssize_t ret;

	if (!w || count < sizeof(struct shardmap_change))
		return -EINVAL;
	while (!(ret = read_changes(w, buf, count))) {
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		ret = wait_event_interruptible(handle->wait, has_changes(w));
		if (ret)
			return ret;
	}
	return ret;
}

/**
 * smdev_watch_poll() - poll() of a table's descriptor
 * @file: the descriptor
 * @pt: who asks
 *
 * One that does not watch yet may be waited for, too.
 *
 * Context: Process context.
 * Return: EPOLLIN and EPOLLRDNORM if there is a record to read, else 0.
 */
__poll_t smdev_watch_poll(struct file *file, poll_table *pt)
{
	struct smdev_handle *handle = file->private_data;
	struct smdev_watch *w;

	/* Its barrier pairs with that of wq_has_sleeper() in changed(). */
	poll_wait(file, &handle->wait, pt);
	/* Pairs with cmpxchg() in smdev_watch_begin(). */
	w = smp_load_acquire(&handle->watch);
	return w && has_changes(w) ? READABLE : 0;
}

static struct smdev_watch *watch_create(u32 size)
{
	struct smdev_watch *w = kzalloc(sizeof(*w), SMDEV_GFP);

	if (!w)
		return NULL;
	/* Only what append() wrote is read. */
	w->ring = kvmalloc(size, SMDEV_GFP);
	if (!w->ring) {
		kfree(w);
		return NULL;
	}
	w->size = size;
	w->watcher.changed = changed;
	spin_lock_init(&w->lock);
	mutex_init(&w->reading);
	return w;
}

static void watch_free(struct smdev_watch *w)
{
	mutex_destroy(&w->reading);
	kvfree(w->ring);
	kfree(w);
}

/**
 * smdev_watch_begin() - SHARDMAP_IOC_WATCH
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an errno as <uapi/linux/shardmap.h> says.
 */
long smdev_watch_begin(struct smdev_cmd *cmd)
{
	const struct shardmap_watch *arg = cmd->arg;
	struct smdev_handle *handle = cmd->handle;
	u32 size = arg->ring_bytes ?: RING_BYTES;
	struct smdev_watch *w;

	BUILD_BUG_ON((int)SHARDMAP_CHANGE_INSERT != SHARDMAP_EVENT_INSERT);
	BUILD_BUG_ON((int)SHARDMAP_CHANGE_UPDATE != SHARDMAP_EVENT_UPDATE);
	BUILD_BUG_ON((int)SHARDMAP_CHANGE_DELETE != SHARDMAP_EVENT_DELETE);
	BUILD_BUG_ON((int)SHARDMAP_CHANGE_EXPIRE != SHARDMAP_EVENT_EXPIRE);
	BUILD_BUG_ON((int)SHARDMAP_CHANGE_EVICT != SHARDMAP_EVENT_EVICT);
	/* An empty ring has room for any record. */
	BUILD_BUG_ON(SHARDMAP_WATCH_BYTES_MIN <
		     sizeof(struct shardmap_change) + SHARDMAP_KEY_LEN_MAX);

	if (arg->flags || arg->reserved || !is_power_of_2(size) ||
	    size < SHARDMAP_WATCH_BYTES_MIN || size > SHARDMAP_WATCH_BYTES_MAX)
		return -EINVAL;
	w = watch_create(size);
	if (!w)
		return -ENOMEM;
	w->wait = &handle->wait;
	/*
	 * Complete before others find it: pairs with the acquires in
	 * smdev_watch_read() and smdev_watch_poll().
	 */
	if (cmpxchg(&handle->watch, NULL, w)) {
		watch_free(w);
		return -EBUSY;
	}
	shardmap_watch(handle->table->map, &w->watcher);
	return 0;
}

/**
 * smdev_watch_end() - End watching with the descriptor.
 * @handle: the descriptor, which nobody uses any more
 *
 * Context: Process context.
 */
void smdev_watch_end(struct smdev_handle *handle)
{
	struct smdev_watch *w = handle->watch;

	if (!w)
		return;
	shardmap_unwatch(handle->table->map, &w->watcher);
	watch_free(w);
}
