// SPDX-License-Identifier: GPL-2.0-only
/*
 * Times to live.
 *
 * Readers and writers take an entry whose time is over for one that is not there, so
 * that it is never seen late.  Its memory is taken back by a work, which goes through
 * the shards that may have such entries: each knows a time before which none of its
 * entries ends.  The work lets others run for many times as long as it has run itself.
 */
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "hold.h"
#include "internal.h"
#include "line.h"

/* Buckets that are looked at under one hold of the lock, and entries removed. */
#define EXPIRE_STEP 16U
#define OVER_MAX 64U

/* Shortest time between two runs of the work, and how many times its own, in ns. */
#define EXPIRE_PAUSE_MIN (100 * NSEC_PER_MSEC)
#define EXPIRE_PAUSE_FACTOR 20U

/**
 * sm_now() - The clock that times to live are measured by.
 *
 * In NMI context, where the exact clock cannot be read, it may be off by the
 * correction of one clock tick.
 *
 * Context: Any context.
 * Return: CLOCK_BOOTTIME in ns.
 */
u64 sm_now(void)
{
	return in_nmi() ? ktime_get_boot_fast_ns() : ktime_get_boottime_ns();
}

/**
 * sm_expiry() - When does a time to live that begins now end?
 * @ttl: the time, in ns
 *
 * Context: Any context.
 * Return: CLOCK_BOOTTIME in ns, SM_NEVER at the latest.
 */
u64 sm_expiry(u64 ttl)
{
	u64 now = sm_now();

	return ttl < SM_NEVER - now ? now + ttl : SM_NEVER;
}

/**
 * struct over - entries whose time is over, and when the next one's is
 * @map: the table
 * @now: the time
 * @next: when the first of the others ends
 * @nr: how many were taken out
 * @entry: the entries
 */
struct over {
	struct shardmap *map;
	u64 now;
	u64 next;
	unsigned int nr;
	struct sm_entry *entry[OVER_MAX];
};

static void take_if_over(struct sm_shard *shard, struct sm_line *line,
			 unsigned int slot, void *arg)
{
	const struct sm_entry *e = sm_slot_locked(shard, line, slot);
	struct over *over = arg;
	u64 end;

	if (!(e->flags & SM_ENTRY_EXPIRES))
		return;
	end = *sm_entry_expires(e);
	if (end <= over->now && over->nr < OVER_MAX)
		over->entry[over->nr++] = sm_tagged_remove(
			over->map, shard, line, slot, SHARDMAP_EVENT_EXPIRE);
	else
		over->next = min(over->next, end);
}

/*
 * Look at buckets from @hash on, and move @hash to where to go on.  Returns true at
 * the end of the shard; @finished as in sm_shard_array().
 */
static bool expire_locked(struct sm_shard *shard, u64 *hash, struct over *over,
			  struct sm_array **finished)
{
	struct shardmap *map = over->map;
	u64 shard_end = sm_shard_last(map, *hash);
	unsigned int step;

	lockdep_assert_held(&shard->lock);
	*finished = NULL;
	for (step = 0; step < EXPIRE_STEP && over->nr < OVER_MAX / 2; step++) {
		struct sm_array *emptied, *array;
		u64 end;

		array = sm_shard_array(map, shard, *hash, &emptied);
		if (emptied)
			*finished = emptied;
		sm_visit_bucket(shard, sm_root_bucket(map, array->root, *hash),
				take_if_over, over);
		end = sm_bucket_last(map, array->bits, *hash);
		if (end == shard_end)
			return true;
		*hash = end + 1;
	}
	return false;
}

/* Returns 1 at the end of the shard, 0 if not, or -ENOMEM. */
static int expire_step(struct sm_shard *shard, u64 *hash, struct over *over)
{
	struct shardmap *map = over->map;
	struct sm_array *finished;
	bool done;
	int err;

	sm_limbo_throttle(map);
	err = sm_limbo_reserve(map, OVER_MAX, map->gfp);
	if (err)
		return err;
	over->nr = 0;
	sm_shard_lock(shard);
	done = expire_locked(shard, hash, over, &finished);
	/* Entries stored meanwhile, behind us too, have lowered it again. */
	if (done)
		WRITE_ONCE(shard->expire_at, min(shard->expire_at, over->next));
	sm_shard_leave(map, shard, over->entry, over->nr, finished);
	return done;
}

/* When is the shard due?  If it is now, a run through it begins. */
static u64 shard_due(struct sm_shard *shard, u64 now)
{
	u64 due;

	sm_shard_lock_bh(shard);
	due = shard->expire_at;
	if (due <= now)
		WRITE_ONCE(shard->expire_at, SM_NEVER);
	sm_shard_unlock_bh(shard);
	return due;
}

static void expire_shard(struct shardmap *map, unsigned int index, u64 now)
{
	u64 hash = sm_shard_begin(map, index);
	struct sm_shard *shard = &map->shards[index];
	struct over over = { .map = map, .now = now, .next = SM_NEVER };
	int ret;

	do {
		ret = expire_step(shard, &hash, &over);
		cond_resched();
	} while (!ret);
	if (ret < 0) {
		/* It stays due. */
		sm_shard_lock_bh(shard);
		WRITE_ONCE(shard->expire_at, now);
		sm_shard_unlock_bh(shard);
	}
}

/* Go through the shards that are due; @next is when one will be. */
static void expire(struct shardmap *map, u64 *next)
{
	u64 now = sm_now(), due;
	unsigned int i;

	*next = SM_NEVER;
	for (i = 0; i < sm_nr_shards(map); i++) {
		due = shard_due(&map->shards[i], now);
		if (due <= now) {
			expire_shard(map, i, now);
			due = READ_ONCE(map->shards[i].expire_at);
		}
		*next = min(*next, due);
	}
}

/**
 * sm_expire() - Take back the memory of entries whose time is over, now.
 * @map: the table
 *
 * Context: Process context.  May sleep.  Takes and releases shard locks.
 * Return: false if the table has never had such an entry.
 */
bool sm_expire(struct shardmap *map)
{
	u64 next;

	if (!READ_ONCE(map->expires))
		return false;
	mutex_lock(&map->expire_lock);
	expire(map, &next);
	mutex_unlock(&map->expire_lock);
	sm_expire_arm(map, next);
	return true;
}

static unsigned long pause_jiffies(u64 ns)
{
	return nsecs_to_jiffies64(min_t(u64, ns, 3600ULL * NSEC_PER_SEC)) + 1;
}

/**
 * sm_expire_arm() - Have entries removed when their time is over.
 * @map: the table
 * @at: when, in ns of CLOCK_BOOTTIME, or SM_NEVER
 *
 * Context: Process or softirq context, not under a shard lock.
 */
void sm_expire_arm(struct shardmap *map, u64 at)
{
	s64 due = atomic64_read(&map->expire_due);
	u64 now, begin;

	if (!READ_ONCE(map->expires))
		WRITE_ONCE(map->expires, true);
	do {
		if (at >= (u64)due)
			return;
	} while (!atomic64_try_cmpxchg(&map->expire_due, &due, at));
	for (;;) {
		begin = max_t(u64, at, atomic64_read(&map->expire_not_before));
		now = sm_now();
		mod_delayed_work(sm_wq, &map->expire_work,
				 pause_jiffies(begin > now ? begin - now : 0));
		/* Who is to be served earlier may have set the timer before. */
		due = atomic64_read(&map->expire_due);
		if (at <= (u64)due)
			return;
		at = due;
	}
}

/**
 * sm_expire_work() - Take back the memory of entries whose time is over.
 * @work: expire_work of a table
 *
 * Context: Process context (workqueue).
 */
void sm_expire_work(struct work_struct *work)
{
	struct shardmap *map = container_of(to_delayed_work(work),
					    struct shardmap, expire_work);
	struct mem_cgroup *before = sm_charge_begin(map);
	u64 begin = sm_now(), pause, next;

	/*
	 * Before the shards are asked: who stores an entry after its shard was asked
	 * finds nothing armed and arms.  The shard's lock orders the two.
	 */
	atomic64_set(&map->expire_due, SM_NEVER);
	mutex_lock(&map->expire_lock);
	expire(map, &next);
	mutex_unlock(&map->expire_lock);
	pause = max(EXPIRE_PAUSE_FACTOR * (sm_now() - begin),
		    (u64)EXPIRE_PAUSE_MIN);
	atomic64_set(&map->expire_not_before, sm_now() + pause);
	sm_expire_arm(map, next);
	sm_charge_end(map, before);
}
