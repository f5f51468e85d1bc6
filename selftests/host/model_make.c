// SPDX-License-Identifier: GPL-2.0-only
/* Configs and ops: made from a seed, printed, and read back. */
#include <stdio.h>
#include <string.h>

#include <linux/kernel.h>

#include "model.h"

static const char *const op_names[NR_OPS] = {
	[OP_PUT] = "put",
	[OP_GET] = "get",
	[OP_GET_MANY] = "get_many",
	[OP_GET_OR_PUT] = "get_or_put",
	[OP_DELETE] = "delete",
	[OP_ADD] = "add",
	[OP_REQUEST] = "request",
	[OP_UPDATE] = "update",
	[OP_ALL] = "all",
	[OP_FIND] = "find",
	[OP_NEXT] = "next",
	[OP_DRAIN] = "drain",
	[OP_RESERVE] = "reserve",
	[OP_SCAN] = "scan",
	[OP_SCAN_CHANGE] = "scan_change",
	[OP_CLEAR] = "clear",
	[OP_BAD_LENGTH] = "bad_length",
	[OP_WORK] = "work",
	[OP_RCU] = "rcu",
	[OP_TIME] = "time",
	[OP_STATS] = "stats",
	[OP_CHECK] = "check",
};

static const char *const key_style_names[NR_KEY_STYLES] = {
	[KEYS_SHORT] = "short",
	[KEYS_ANY] = "any",
	[KEYS_CROWDED] = "crowded",
	[KEYS_EQUAL] = "equal",
};

u64 next_random(u64 *state)
{
	u64 z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static unsigned int pick(u64 *state, unsigned int n)
{
	return next_random(state) % n;
}

void config_make(struct config *c, u64 seed, bool faults)
{
	static const unsigned int key_counts[] = { 4, 20, 100, 700, 3000 };
	u64 state = seed;

	*c = (struct config){ .seed = seed, .faults = faults };
	c->keys = pick(&state, NR_KEY_STYLES);
	c->nr_keys = key_counts[pick(&state, faults ? 3 : 5)];
	if (c->keys == KEYS_EQUAL && c->nr_keys > 100)
		c->nr_keys = 100;
	c->params.nr_shards = 1U << pick(&state, 4);
	if (c->keys == KEYS_EQUAL || pick(&state, 2))
		c->params.flags |= SHARDMAP_FAST_HASH;
	if (!pick(&state, 3))
		c->params.flags |= SHARDMAP_ACCOUNT;
	if (!pick(&state, 4))
		c->params.max_entries = 1 + pick(&state, c->nr_keys);
	if (!pick(&state, 4))
		c->params.max_bytes = 1 + pick(&state, c->nr_keys * 100);
	if (!pick(&state, 4))
		c->params.max_value_len = 1 + pick(&state, 300);
	if (c->keys == KEYS_ANY && !pick(&state, 2))
		c->params.max_key_len = 16 + pick(&state, 50);
	if ((c->keys == KEYS_SHORT || c->keys == KEYS_CROWDED) &&
	    pick(&state, 2)) {
		c->params.flags |= SHARDMAP_INLINE;
		c->params.max_bytes = 0;
		c->params.max_key_len =
			c->keys == KEYS_SHORT ? 4 + pick(&state, 5) : 8;
		c->params.max_value_len = pick(&state, 2) ? 8 :
							    1 + pick(&state, 8);
	} else {
		if (c->params.max_entries | c->params.max_bytes &&
		    pick(&state, 2))
			c->params.flags |= SHARDMAP_EVICT;
		c->ttl = !pick(&state, 3);
	}
	if (!pick(&state, 5))
		c->quota = c->params.nr_shards * 512 +
			   pick(&state, c->nr_keys * 200);
}

static unsigned int pick_len(u64 *state, const struct config *c)
{
	unsigned int n = pick(state, 1000);

	if (c->params.flags & SHARDMAP_INLINE)
		return c->params.max_value_len + (n < 20) - (n > 980);
	/* Numbers and short values mostly, a few that kvmalloc() must give. */
	if (n < 400)
		return 8;
	if (n < 900)
		return pick(state, 64);
	if (n < 980)
		return pick(state, 400);
	if (n < 998 || c->faults)
		return c->params.max_value_len ?
			       c->params.max_value_len + n % 2 :
			       pick(state, 3000);
	return n == 999 ? SHARDMAP_MAX_VALUE_LEN : pick(state, 20000);
}

/* Per mille of each kind while the table fills, empties, and neither. */
static const unsigned short weights[3][NR_OPS] = {
	{
		[OP_PUT] = 280,	      [OP_GET_MANY] = 10,  [OP_GET] = 60,
		[OP_GET_OR_PUT] = 70, [OP_DELETE] = 30,	   [OP_ADD] = 60,
		[OP_REQUEST] = 150,   [OP_UPDATE] = 30,	   [OP_ALL] = 50,
		[OP_FIND] = 15,	      [OP_NEXT] = 8,	   [OP_DRAIN] = 0,
		[OP_RESERVE] = 2,     [OP_SCAN] = 50,	   [OP_SCAN_CHANGE] = 2,
		[OP_CLEAR] = 0,	      [OP_BAD_LENGTH] = 5, [OP_WORK] = 120,
		[OP_RCU] = 20,	      [OP_TIME] = 30,	   [OP_STATS] = 7,
		[OP_CHECK] = 1,
	},
	{
		[OP_PUT] = 30,	       [OP_GET_MANY] = 10,
		[OP_GET] = 50,	       [OP_GET_OR_PUT] = 20,
		[OP_DELETE] = 430,     [OP_ADD] = 30,
		[OP_REQUEST] = 100,    [OP_UPDATE] = 30,
		[OP_ALL] = 40,	       [OP_FIND] = 15,
		[OP_NEXT] = 8,	       [OP_DRAIN] = 2,
		[OP_RESERVE] = 2,      [OP_SCAN] = 50,
		[OP_SCAN_CHANGE] = 20, [OP_CLEAR] = 2,
		[OP_BAD_LENGTH] = 1,   [OP_WORK] = 120,
		[OP_RCU] = 20,	       [OP_TIME] = 13,
		[OP_STATS] = 6,	       [OP_CHECK] = 1,
	},
	{
		[OP_PUT] = 130,	      [OP_GET_MANY] = 10,  [OP_GET] = 80,
		[OP_GET_OR_PUT] = 40, [OP_DELETE] = 110,   [OP_ADD] = 80,
		[OP_REQUEST] = 230,   [OP_UPDATE] = 50,	   [OP_ALL] = 60,
		[OP_FIND] = 20,	      [OP_NEXT] = 8,	   [OP_DRAIN] = 1,
		[OP_RESERVE] = 3,     [OP_SCAN] = 40,	   [OP_SCAN_CHANGE] = 8,
		[OP_CLEAR] = 1,	      [OP_BAD_LENGTH] = 2, [OP_WORK] = 80,
		[OP_RCU] = 15,	      [OP_TIME] = 22,	   [OP_STATS] = 9,
		[OP_CHECK] = 1,
	},
};

static enum op_kind pick_kind(u64 *state, const unsigned short *weight)
{
	unsigned int n = pick(state, 1000);
	unsigned int kind;

	for (kind = 0; kind < OP_CHECK && n >= weight[kind]; kind++)
		n -= weight[kind];
	return kind;
}

void ops_make(const struct config *c, struct op *ops, unsigned int nr)
{
	u64 state = ~c->seed;
	unsigned int i, left = 0, phase = 0;
	/* Mostly idle workers leave resizes half done for long. */
	unsigned int lazy = pick(&state, 4);

	for (i = 0; i < nr; i++) {
		struct op *op = &ops[i];

		if (!left--) {
			phase = phase == 0 ? 1 + pick(&state, 2) : 0;
			left = pick(&state, 4 * c->nr_keys + 20);
		}
		op->kind = pick_kind(&state, weights[phase]);
		if (op->kind == OP_WORK && lazy && pick(&state, 1 << 2 * lazy))
			op->kind = OP_GET;
		op->key = pick(&state, c->nr_keys);
		op->len = pick_len(&state, c);
		op->seed = next_random(&state);
		op->how = pick(&state, 3) | (pick(&state, 2) ? HOW_ATOMIC : 0);
		if (!pick(&state, 100))
			op->how |= HOW_FAULTS;
		/* A worker that fails may leave things undone for good. */
		if (op->kind == OP_WORK && c->seed % 4)
			op->how &= ~HOW_FAULTS;
	}
}

void config_print(const struct config *c)
{
	printf("# run: seed %llu%s: %u keys (%s), %u shards, flags %u, limits %llu %llu %u %u, ttl %d, quota %llu\n",
	       (unsigned long long)c->seed, c->faults ? " faults" : "",
	       c->nr_keys, key_style_names[c->keys], c->params.nr_shards,
	       c->params.flags, (unsigned long long)c->params.max_entries,
	       (unsigned long long)c->params.max_bytes, c->params.max_key_len,
	       c->params.max_value_len, c->ttl, (unsigned long long)c->quota);
}

void op_print(const struct op *op)
{
	printf("%s %u %u %llu %u\n", op_names[op->kind], op->key, op->len,
	       (unsigned long long)op->seed, op->how);
}

bool op_parse(const char *line, struct op *op)
{
	unsigned long long seed;
	char name[16];
	unsigned int i;

	if (sscanf(line, "%15s %u %u %llu %u", name, &op->key, &op->len, &seed,
		   &op->how) != 5)
		return false;
	op->seed = seed;
	for (i = 0; i < NR_OPS; i++) {
		op->kind = i;
		if (!strcmp(name, op_names[i]))
			return true;
	}
	return false;
}
