// SPDX-License-Identifier: GPL-2.0-only
/* Elements, and the pipe that they go through when they have left the table. */
#include <linux/mm.h>
#include <linux/rcupdate.h>

#include "torture.h"

/**
 * enum element_state - where an element is
 * @FREE: nobody has its value
 * @NEW: its value is about to be stored
 * @STORED: its value was stored, and nobody knows of it being gone
 * @GONE: its value has left the table
 */
enum element_state { FREE, NEW, STORED, GONE };

#define STATE_BITS 2
#define WORD_BITS (SMT_ELEMENT_BITS + SMT_SERIAL_BITS)

static s64 state_of(u64 serial, enum element_state state)
{
	return serial << STATE_BITS | state;
}

static u64 word_check(u64 word, u64 key)
{
	return smt_mix(key ^ (word & GENMASK_ULL(WORD_BITS - 1, 0))) >>
	       WORD_BITS;
}

static u64 word_serial(u64 word)
{
	return word >> SMT_ELEMENT_BITS & GENMASK_ULL(SMT_SERIAL_BITS - 1, 0);
}

static struct smt_element *word_element(struct smt_pool *pool, u64 word)
{
	return &pool->element[word & (SMT_ELEMENTS - 1)];
}

KUNIT_DEFINE_ACTION_WRAPPER(free_action, kvfree, const void *);

/**
 * smt_pool_create() - Make a pool that the end of the case frees.
 * @test: the case, aborted if that fails
 *
 * Return: The pool, all of its elements free.
 */
struct smt_pool *smt_pool_create(struct kunit *test)
{
	struct smt_pool *pool = kvzalloc(sizeof(*pool), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, pool);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, free_action, pool));
	spin_lock_init(&pool->lock);
	INIT_LIST_HEAD(&pool->free);
	INIT_LIST_HEAD(&pool->piped);
	INIT_LIST_HEAD(&pool->parked);
	for (i = 0; i < SMT_ELEMENTS; i++)
		list_add_tail(&pool->element[i].link, &pool->free);
	pool->nr_free = SMT_ELEMENTS;
	return pool;
}

/**
 * smt_element_new() - Take a free element.
 * @pool: the pool
 * @key: the key that its value will have
 *
 * Return: The element, which the caller either stores or gives back, or NULL if there
 * is none.
 */
struct smt_element *smt_element_new(struct smt_pool *pool, u64 key)
{
	struct smt_element *e;

	spin_lock_bh(&pool->lock);
	e = list_first_entry_or_null(&pool->free, struct smt_element, link);
	if (e) {
		list_del(&e->link);
		pool->nr_free--;
		/*
		 * Plainly: it is for the table to order this before the lookup of
		 * who finds the value, and for RCU to order it behind those who
		 * found the value before.
		 */
		e->serial = word_serial((e->serial + 1) << SMT_ELEMENT_BITS);
		e->key = key;
		atomic64_set(&e->state, state_of(e->serial, NEW));
		WRITE_ONCE(e->pipe, 0);
	}
	spin_unlock_bh(&pool->lock);
	return e;
}

/**
 * smt_element_word() - What to store for an element.
 * @pool: the pool
 * @e: the element, one's own from smt_element_new()
 *
 * Return: The word that stands for it.
 */
u64 smt_element_word(const struct smt_pool *pool, const struct smt_element *e)
{
	u64 word = (e - pool->element) | e->serial << SMT_ELEMENT_BITS;

	return word | word_check(word, e->key) << WORD_BITS;
}

static void set_free(struct smt_pool *pool, struct smt_element *e)
{
	lockdep_assert_held(&pool->lock);
	atomic64_set(&e->state, state_of(e->serial, FREE));
	list_add(&e->link, &pool->free);
	pool->nr_free++;
}

/**
 * smt_element_unused() - Give back an element whose value was not stored.
 * @pool: the pool
 * @e: the element
 */
void smt_element_unused(struct smt_pool *pool, struct smt_element *e)
{
	spin_lock_bh(&pool->lock);
	set_free(pool, e);
	spin_unlock_bh(&pool->lock);
}

static bool change_state(struct smt_element *e, u64 serial,
			 enum element_state from, enum element_state to)
{
	s64 old = state_of(serial, from);

	return atomic64_cmpxchg(&e->state, old, state_of(serial, to)) == old;
}

/**
 * smt_element_stored() - An element's value has been stored.
 * @pool: the pool
 * @word: the value; somebody may know already that it is gone
 */
void smt_element_stored(struct smt_pool *pool, u64 word)
{
	change_state(word_element(pool, word), word_serial(word), NEW, STORED);
}

/**
 * smt_element_gone() - An element's value has left the table.
 * @pool: the pool
 * @word: the value; others may have found out, too
 */
void smt_element_gone(struct smt_pool *pool, u64 word)
{
	struct smt_element *e = word_element(pool, word);
	u64 serial = word_serial(word);

	if (!change_state(e, serial, STORED, GONE) &&
	    !change_state(e, serial, NEW, GONE))
		return;
	spin_lock_bh(&pool->lock);
	WRITE_ONCE(e->pipe, 1);
	e->cookie = start_poll_synchronize_rcu();
	list_add_tail(&e->link, &pool->piped);
	spin_unlock_bh(&pool->lock);
}

/**
 * smt_element_stored_word() - The value of an element that was stored.
 * @pool: the pool
 * @e: the element
 * @key: out: the value's key
 *
 * Context: RCU read-side critical section, in which the element stays what it is.
 * Return: The value, or 0 if the element's was not stored or is known to be gone.
 */
u64 smt_element_stored_word(const struct smt_pool *pool, struct smt_element *e,
			    u64 *key)
{
	s64 state = atomic64_read_acquire(&e->state);

	/* Pairs with the cmpxchg in change_state(), which follows the serial. */
	if (!state || state != state_of(state >> STATE_BITS, STORED))
		return 0;
	*key = e->key;
	return smt_element_word(pool, e);
}

/**
 * smt_word_good() - Does a word stand for an element, stored under a key?
 * @word: the word
 * @key: the key
 *
 * Return: true if it does.
 */
bool smt_word_good(u64 word, u64 key)
{
	return word >> WORD_BITS == word_check(word, key);
}

/**
 * smt_element_check() - Is an element that was found what it must be?
 * @pool: the pool
 * @word: the value found
 * @key: its key
 *
 * Context: RCU read-side critical section, in which the value was found.
 * Return: NULL, or what is wrong.
 */
const char *smt_element_check(struct smt_pool *pool, u64 word, u64 key)
{
	const struct smt_element *e = word_element(pool, word);
	unsigned int pipe = READ_ONCE(e->pipe);

	if (e->serial != word_serial(word) || e->key != key)
		return "an element was seen that had become another";
	atomic64_inc(&pool->seen[min(pipe, SMT_PIPE_LEN)]);
	if (pipe > 1 && !pool->parks)
		return "an element was seen after a grace period";
	return NULL;
}

static void next_step(struct smt_pool *pool, struct smt_element *e)
{
	lockdep_assert_held(&pool->lock);
	WRITE_ONCE(e->pipe, e->pipe + 1);
	if (e->pipe < SMT_PIPE_LEN) {
		e->cookie = start_poll_synchronize_rcu();
		list_move_tail(&e->link, &pool->piped);
	} else if (pool->parks) {
		list_move(&e->link, &pool->parked);
	} else {
		list_del(&e->link);
		set_free(pool, e);
	}
}

/**
 * smt_pool_age() - Move elements whose grace period is over along the pipe.
 * @pool: the pool
 * @steps: most steps
 */
void smt_pool_age(struct smt_pool *pool, unsigned int steps)
{
	struct smt_element *e;

	spin_lock_bh(&pool->lock);
	while (steps--) {
		e = list_first_entry_or_null(&pool->piped, struct smt_element,
					     link);
		if (!e ||
		    !(pool->hasty || poll_state_synchronize_rcu(e->cookie)))
			break;
		next_step(pool, e);
	}
	spin_unlock_bh(&pool->lock);
}

/**
 * smt_pool_drain() - Have all elements that left the table be free.
 * @pool: the pool, of a table that nobody uses
 */
void smt_pool_drain(struct smt_pool *pool)
{
	struct smt_element *e, *next;
	unsigned int i;

	for (i = 0; i < SMT_PIPE_LEN; i++) {
		synchronize_rcu();
		smt_pool_age(pool, SMT_ELEMENTS);
	}
	spin_lock_bh(&pool->lock);
	list_for_each_entry_safe(e, next, &pool->parked, link) {
		list_del(&e->link);
		set_free(pool, e);
	}
	spin_unlock_bh(&pool->lock);
}

/**
 * smt_pool_too_old() - How often an element was seen after a grace period.
 * @pool: the pool
 *
 * Return: The number.
 */
u64 smt_pool_too_old(const struct smt_pool *pool)
{
	u64 sum = 0;
	unsigned int i;

	for (i = 2; i <= SMT_PIPE_LEN; i++)
		sum += atomic64_read(&pool->seen[i]);
	return sum;
}
