/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One shard, for Spin: readers without a lock, an updater, the resize work that splits a
 * bucket, and the freeing of what was taken out.  Blocks are named after the functions of
 * kmod/core that they stand for.
 *
 * A line has two slots, so that three keys need an overflow line.  The old array has one
 * bucket, line 0 with overflow line 3, the next one has lines 1 and 2.  Each store to
 * memory that readers can reach is a step of its own, and so is each load by a reader.
 * Steps are in the order that releases and acquires promise; where the code promises none,
 * either order is taken.  Not here: other CPUs' view of a store without a release, which
 * the herd7 tests in Documentation/litmus are for.
 *
 * A preprocessor symbol plants one mistake, which Spin must then find:
 *
 *   PLANT_TAGS_BEFORE_NEXT    mark_moved(): the mark before the pointer
 *   PLANT_TAGS_BEFORE_LINK    sm_add_overflow(): the flag before the link
 *   PLANT_SLOT_BEFORE_ENTRY   sm_publish_entry(), sm_tagged_replace(): the pointer before
 *                             what it points to
 *   PLANT_ROOT_BEFORE_MOVES   finish_if_moved(): readers are sent to the next array early
 *   PLANT_NO_GRACE_PERIOD     batch_submit(): entries are freed at once
 *   PLANT_NO_GRACE_ARRAY      sm_array_retire(): the old array is freed at once
 */

#ifndef READERS
#define READERS 1
#endif
#ifndef LOOKUPS
#define LOOKUPS 1
#endif
#ifndef UPDATES
#define UPDATES 2
#endif

/* STABLE is there from beginning to end; the others come and go. */
#define STABLE 0
#define FLICKER 1
#define FILLER 2
#define KEYS 3

/* Two keys have the same tag, and the third goes to the higher bucket. */
#define TAG(key) ((key) == FLICKER -> 2 : 1)
#define NEXT_LINE(key) ((key) == FLICKER -> 2 : 1)

#define LINES 4
#define OVERFLOW 3
#define LAST 1

/* The tag word: two bits for each slot, and flags. */
#define TAG_OF(word, s) (((word) >> (2 * (s))) & 3)
#define LINK 16
#define MOVED 32

/* What a slot has: nothing, an entry, or with its low bits... */
#define NULL 0
#define TO_LINK 16
#define TO_NEXT 32

#define ENTRIES 6
#define FREE 0
#define FILLED 1
#define RAW 2
#define WAITS 3
#define DYING 4

#define SLOT(line, s) slot[(line) * 2 + (s)]

byte tags[LINES];
byte slot[8];
bool line_freed[LINES];
bool root_is_next, next_begun, moved, lock;

/* Entries 1 to ENTRIES. */
byte state[7];
byte key_of[7];
byte version_of[7];

/* RCU: readers in a section, and those that the grace period under way waits for. */
bool in_section[READERS];
bool waited_for[READERS];

/* What is true beside the table: how often each key began or ended to change. */
byte changes[KEYS];
bool there[KEYS];
byte version[KEYS];
byte versions;

#define LOCK atomic { !lock -> lock = true }
#define UNLOCK lock = false

/* Entries whose pointers no reader had yet; RAW is what is not written yet. */
inline entry_alloc(e, k)
{
	d_step {
		e = 1;
		do
		:: state[e] != FREE -> e++
		:: else -> break
		od;
		assert(e <= ENTRIES);
		key_of[e] = k;
		versions++;
		version_of[e] = versions;
#ifdef PLANT_SLOT_BEFORE_ENTRY
		state[e] = RAW
#else
		state[e] = FILLED
#endif
	}
}

inline entry_complete(e)
{
#ifdef PLANT_SLOT_BEFORE_ENTRY
	state[e] = FILLED
#else
	skip
#endif
}

/* After a grace period, see reclaim(). */
inline sm_limbo_add(e)
{
#ifdef PLANT_NO_GRACE_PERIOD
	state[e] = FREE
#else
	state[e] = WAITS
#endif
}

inline fill(to, e)
{
	if
	:: TAG_OF(tags[to], 0) == 0 ->
		SLOT(to, 0) = e;
		tags[to] = tags[to] | TAG(key_of[e])
	:: else ->
		assert(TAG_OF(tags[to], 1) == 0);
		SLOT(to, 1) = e;
		tags[to] = tags[to] | (TAG(key_of[e]) << 2)
	fi
}

/* No reader can reach the next array's bucket yet. */
inline distribute()
{
	d_step {
		if
		:: TAG_OF(tags[0], 0) -> fill(NEXT_LINE(key_of[SLOT(0, 0)]), SLOT(0, 0))
		:: else
		fi;
		if
		:: TAG_OF(tags[0], 1) -> fill(NEXT_LINE(key_of[SLOT(0, 1)]), SLOT(0, 1))
		:: else
		fi;
		if
		:: (tags[0] & LINK) && TAG_OF(tags[OVERFLOW], 0) ->
			fill(NEXT_LINE(key_of[SLOT(OVERFLOW, 0)]), SLOT(OVERFLOW, 0))
		:: else
		fi;
		if
		:: (tags[0] & LINK) && TAG_OF(tags[OVERFLOW], 1) ->
			fill(NEXT_LINE(key_of[SLOT(OVERFLOW, 1)]), SLOT(OVERFLOW, 1))
		:: else
		fi
	}
}

inline mark_moved()
{
#ifdef PLANT_TAGS_BEFORE_NEXT
	tags[0] = MOVED | (tags[0] & LINK);
	SLOT(0, 0) = TO_NEXT;
#else
	SLOT(0, 0) = TO_NEXT;
	tags[0] = MOVED | (tags[0] & LINK);
#endif
	moved = true
}

/* move() and split(); under the lock. */
inline sm_shard_array()
{
	if
	:: atomic { next_begun && !moved -> distribute() };
		mark_moved()
	:: else
	fi
}

/* With the only bucket moved; the old array goes after a grace period. */
inline finish_if_moved()
{
	atomic {
		if
		:: moved && !root_is_next -> root_is_next = true
		:: else
		fi
	}
}

/* Returns the place of a key, or the first free one, as sm_tagged_place(). */
inline sm_tagged_place(k, line, s, e, at)
{
	d_step {
		at = (moved -> NEXT_LINE(k) : 0);
		e = NULL;
		s = 2;
		line = at;
		do
		:: true ->
			if
			:: TAG_OF(tags[at], 0) == TAG(k) && key_of[SLOT(at, 0)] == k ->
				line = at; s = 0; e = SLOT(at, 0); break
			:: TAG_OF(tags[at], 1) == TAG(k) && !(tags[at] & LINK) &&
			   key_of[SLOT(at, 1)] == k ->
				line = at; s = 1; e = SLOT(at, 1); break
			:: else
			fi;
			if
			:: s == 2 && TAG_OF(tags[at], 0) == 0 -> line = at; s = 0
			:: s == 2 && TAG_OF(tags[at], 0) && TAG_OF(tags[at], 1) == 0 &&
			   !(tags[at] & LINK) -> line = at; s = 1
			:: else
			fi;
			if
			:: tags[at] & LINK -> at = SLOT(at, LAST) - TO_LINK
			:: else -> break
			fi
		od;
		at = 0
	}
}

/* The entry of the last slot moves to the overflow line, which nobody can reach yet. */
inline sm_add_overflow()
{
	d_step {
		assert(!(tags[0] & LINK));
		SLOT(OVERFLOW, 0) = SLOT(0, LAST);
		tags[OVERFLOW] = TAG(key_of[SLOT(0, LAST)])
	};
#ifdef PLANT_TAGS_BEFORE_LINK
	tags[0] = (tags[0] & 3) | LINK;
	SLOT(0, LAST) = TO_LINK + OVERFLOW
#else
	SLOT(0, LAST) = TO_LINK + OVERFLOW;
	tags[0] = (tags[0] & 3) | LINK
#endif
}

inline sm_publish_entry(line, s, e)
{
	SLOT(line, s) = e;
	entry_complete(e);
	tags[line] = tags[line] | (TAG(key_of[e]) << (2 * s))
}

/* Nothing orders the two: a store after a release may be seen before it. */
inline sm_remove_slot(line, s)
{
	if
	:: tags[line] = tags[line] & (63 ^ (3 << (2 * s)));
	   SLOT(line, s) = NULL
	:: SLOT(line, s) = NULL;
	   tags[line] = tags[line] & (63 ^ (3 << (2 * s)))
	fi
}

/* From here on a reader may see either, and to the end of the critical section. */
inline change_begins(k)
{
	changes[k]++
}

inline unlock_and_change_ends(k, is_there, v)
{
	d_step {
		changes[k]++;
		there[k] = is_there;
		version[k] = v;
		lock = false
	}
}

/* One update of one key: a put, or a delete of a key that may go. */
inline sm_update_locked(k, line, s, e, fresh, at)
{
	sm_shard_array();
	finish_if_moved();
	atomic {
		sm_tagged_place(k, line, s, e, at);
		change_begins(k);
		if
		:: entry_alloc(fresh, k)
		:: e != NULL && k != STABLE
		fi
	};
	if
	:: e != NULL && fresh != NULL ->
		/* sm_tagged_replace() */
		SLOT(line, s) = fresh;
		entry_complete(fresh);
		unlock_and_change_ends(k, true, version_of[fresh])
	:: e != NULL && fresh == NULL ->
		sm_remove_slot(line, s);
		unlock_and_change_ends(k, false, 0)
	:: e == NULL ->
		if
		:: s == 2 ->
			sm_add_overflow();
			line = OVERFLOW;
			s = 1
		:: else
		fi;
		sm_publish_entry(line, s, fresh);
		unlock_and_change_ends(k, true, version_of[fresh])
	fi
}

proctype updater()
{
	byte n, k, line, s, e, fresh, at;

	do
	:: n < UPDATES ->
		n++;
		atomic {
			!lock -> lock = true;
			if
			:: k = STABLE
			:: k = FLICKER
			:: k = FILLER
			fi
		};
		sm_update_locked(k, line, s, e, fresh, at);
		/* sm_shard_leave() */
		if
		:: e != NULL -> sm_limbo_add(e)
		:: else
		fi;
		d_step { line = 0; s = 0; e = 0; fresh = 0; k = 0 }
	:: else -> break
	od;
	skip
}

/* resize_begin() and resize_sweep() of sm_resize_work(). */
proctype resizer()
{
	atomic {
		!lock -> next_begun = true;
#ifdef PLANT_ROOT_BEFORE_MOVES
		root_is_next = true
#endif
	};
	LOCK;
	sm_shard_array();
	finish_if_moved();
	UNLOCK;
	skip
}

inline synchronize_rcu(i)
{
	d_step {
		i = 0;
		do
		:: i < READERS -> waited_for[i] = in_section[i]; i++
		:: else -> break
		od;
		i = 0
	};
	do
	:: i < READERS -> !waited_for[i]; i++
	:: else -> break
	od;
	i = 0
}

/* Batches, and arrays by sm_array_retire(): each its grace period, then the free. */
proctype reclaim()
{
	byte i, e;
	bool array_freed;

end:	do
	:: atomic {
		state[1] == WAITS || state[2] == WAITS || state[3] == WAITS ||
		state[4] == WAITS || state[5] == WAITS || state[6] == WAITS ->
		for (e : 1 .. ENTRIES) {
			if
			:: state[e] == WAITS -> state[e] = DYING
			:: else
			fi
		};
		e = 0
	   };
	   synchronize_rcu(i);
	   d_step {
		for (e : 1 .. ENTRIES) {
			if
			:: state[e] == DYING -> state[e] = FREE
			:: else
			fi
		};
		e = 0
	   }
	:: root_is_next && moved && !array_freed ->
#ifndef PLANT_NO_GRACE_ARRAY
	   synchronize_rcu(i);
#endif
	   d_step {
		line_freed[0] = true;
		line_freed[OVERFLOW] = true;
		array_freed = true
	   }
	od
}

/* A reader's loads: what was freed must not be touched. */
#define load_tags(word, line) \
	atomic { assert(!line_freed[line]); word = tags[line] }
#define load_slot(p, line, s) \
	atomic { assert(!line_freed[line]); p = SLOT(line, s) }

/* Returns the entry in @e, NULL if there is none. */
inline sm_find_from(k, line, word, s, p, e)
{
	line = (root_is_next -> NEXT_LINE(k) : 0);
	e = NULL;
next_line:
	load_tags(word, line);
	s = 0;
	do
	:: s < 2 && TAG_OF(word, s) == TAG(k) ->
		load_slot(p, line, s);
		if
		:: p == NULL -> s++
		:: p != NULL && p < TO_LINK ->
			/* sm_entry_is() */
			atomic {
				assert(state[p] != FREE && state[p] != RAW);
				if
				:: key_of[p] == k -> e = p; goto found
				:: else -> s++
				fi
			}
		:: p >= TO_LINK && p < TO_NEXT -> line = p - TO_LINK; goto next_line
		:: p == TO_NEXT -> line = NEXT_LINE(k); goto next_line
		fi
	:: s < 2 && TAG_OF(word, s) != TAG(k) -> s++
	:: s == 2 -> break
	od;
	if
	:: word & MOVED ->
		load_slot(p, line, 0);
		assert(p == TO_NEXT);
		line = NEXT_LINE(k);
		goto next_line
	:: !(word & MOVED) && (word & LINK) ->
		load_slot(p, line, LAST);
		assert(p >= TO_LINK && p < TO_NEXT);
		line = p - TO_LINK;
		goto next_line
	:: else
	fi;
found:	skip
}

/* shardmap_get(), and what guarantees.rst says of it. */
proctype reader(byte me)
{
	byte n, k, line, word, s, p, e, began, old;
	bool was_there;

again:	if
	:: n == LOOKUPS -> goto done
	:: n < LOOKUPS -> n++
	fi;
	if
	:: k = STABLE
	:: k = FLICKER
	fi;
	atomic {
		in_section[me] = true;
		began = changes[k];
		was_there = there[k];
		old = version[k]
	};
	sm_find_from(k, line, word, s, p, e);
	atomic {
		/* Copying: it must still be there. */
		assert(e == NULL || (state[e] != FREE && state[e] != RAW));
		/* A key that stays is found, and no older than when the call began. */
		assert(k != STABLE || e != NULL);
		assert(k != STABLE || version_of[e] >= old);
		/* Where nothing changed, the answer is what is there. */
		assert(began % 2 || changes[k] != began || (e != NULL) == was_there);
		assert(e == NULL || began % 2 || changes[k] != began ||
		       version_of[e] == old);
		in_section[me] = false;
		waited_for[me] = false;
		line = 0; word = 0; s = 0; p = 0; e = 0;
		began = 0; old = 0; was_there = false
	};
	goto again;
done:	skip
}

init
{
	byte i;

	atomic {
		/* Two keys, so that the line is full. */
		state[1] = FILLED; key_of[1] = STABLE; version_of[1] = 1;
		state[2] = FILLED; key_of[2] = FLICKER; version_of[2] = 2;
		SLOT(0, 0) = 2;
		SLOT(0, 1) = 1;
		tags[0] = TAG(FLICKER) | (TAG(STABLE) << 2);
		there[STABLE] = true; version[STABLE] = 1;
		there[FLICKER] = true; version[FLICKER] = 2;
		versions = 2;
		for (i : 0 .. READERS - 1) {
			run reader(i)
		};
		i = 0;
		run updater();
		run resizer();
		run reclaim()
	}
}
