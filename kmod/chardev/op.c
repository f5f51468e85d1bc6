// SPDX-License-Identifier: GPL-2.0-only
/*
 * What each operation accepts, by the tables of <uapi/shardmap_ops.h>.  What it means
 * is the table's business: verbs and flags have the same numbers there.
 */
#include <linux/kernel.h>
#include <linux/nospec.h>
#include <uapi/shardmap_ops.h>

#include "chardev.h"

/**
 * struct op_rule - what an operation accepts
 * @access: enum shardmap_access that it needs
 * @takes: enum shardmap_takes
 * @flags: flags that it knows
 * @one_of: of these it needs one
 */
struct op_rule {
	u32 access;
	u32 takes;
	u32 flags;
	u32 one_of;
};

#define OP_RULE(_name, _word, _access, _takes, _flags, _one_of, _errnos) \
	[SHARDMAP_OP_##_name] = {                                        \
		.access = _access,                                       \
		.takes = _takes,                                         \
		.flags = _flags,                                         \
		.one_of = _one_of,                                       \
	},

static const struct op_rule op_rules[SHARDMAP_OP_NR] = { SHARDMAP_OPS(
	OP_RULE) };

/**
 * struct flag_rule - what a flag changes
 * @flag: the flag
 * @access: what the operation needs besides
 * @takes: what it takes besides
 * @excludes: flags that it does not go with
 */
struct flag_rule {
	u32 flag;
	u32 access;
	u32 takes;
	u32 excludes;
};

#define FLAG_RULE(_name, _access, _takes, _excludes, _errnos) \
	{                                                     \
		.flag = SHARDMAP_##_name,                     \
		.access = _access,                            \
		.takes = _takes,                              \
		.excludes = _excludes,                        \
	},

static const struct flag_rule flag_rules[] = { SHARDMAP_OP_FLAGS(FLAG_RULE) };

static void __maybe_unused build_check_numbers(void)
{
	BUILD_BUG_ON(SHARDMAP_DO_GET != (int)SHARDMAP_OP_GET);
	BUILD_BUG_ON(SHARDMAP_DO_PUT != (int)SHARDMAP_OP_PUT);
	BUILD_BUG_ON(SHARDMAP_DO_DELETE != (int)SHARDMAP_OP_DELETE);
	BUILD_BUG_ON(SHARDMAP_DO_GET_OR_PUT != (int)SHARDMAP_OP_GET_OR_PUT);
	BUILD_BUG_ON(SHARDMAP_DO_ADD != (int)SHARDMAP_OP_ADD);
	BUILD_BUG_ON(SHARDMAP_DO_CAS != (int)SHARDMAP_OP_CAS);
	BUILD_BUG_ON(SHARDMAP_DO_TAKE != (int)SHARDMAP_OP_TAKE);
	BUILD_BUG_ON(SHARDMAP_VERBS != (int)SHARDMAP_OP_NR);
	BUILD_BUG_ON(SHARDMAP_REQ_NOEXIST != SHARDMAP_NOEXIST);
	BUILD_BUG_ON(SHARDMAP_REQ_EXIST != SHARDMAP_EXIST);
	BUILD_BUG_ON(SHARDMAP_REQ_CREATE != SHARDMAP_CREATE);
	BUILD_BUG_ON(SHARDMAP_REQ_SWAP != SHARDMAP_SWAP);
	BUILD_BUG_ON(SHARDMAP_REQ_IF_VERSION != SHARDMAP_IF_VERSION);
	BUILD_BUG_ON(SHARDMAP_REQ_IF_VALUE != SHARDMAP_IF_VALUE);
	BUILD_BUG_ON(SHARDMAP_REQ_IF_CHANGED != SHARDMAP_IF_CHANGED);
	BUILD_BUG_ON(SHARDMAP_REQ_NO_TOUCH != SHARDMAP_NO_TOUCH);
	BUILD_BUG_ON(SHARDMAP_REQ_UNCHANGED != SHARDMAP_UNCHANGED);
	BUILD_BUG_ON(SHARDMAP_REQ_INSERTED != SHARDMAP_INSERTED);
}

static const struct op_rule *find_rule(u32 opcode)
{
	if (opcode >= SHARDMAP_OP_NR)
		return NULL;
	return &op_rules[array_index_nospec(opcode, SHARDMAP_OP_NR)];
}

/* What the flags of an operation change; -EINVAL if they do not go together. */
static int add_flags(u32 flags, u32 *takes, u32 *access)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(flag_rules); i++) {
		const struct flag_rule *rule = &flag_rules[i];

		if (!(flags & rule->flag))
			continue;
		if (flags & rule->excludes)
			return -EINVAL;
		*takes |= rule->takes;
		*access |= rule->access;
	}
	return 0;
}

/* Which members did the caller give, as far as the request itself tells? */
static u32 given(const struct shardmap_request *req)
{
	return (req->value_len ? SHARDMAP_TAKES_VALUE : 0) |
	       (req->out_len ? SHARDMAP_TAKES_OUT : 0) |
	       (req->expected_len ? SHARDMAP_TAKES_EXPECTED : 0) |
	       (req->delta ? SHARDMAP_TAKES_DELTA : 0) |
	       (req->initial ? SHARDMAP_TAKES_INITIAL : 0) |
	       (req->ttl ? SHARDMAP_TAKES_TTL : 0);
}

/**
 * smdev_op_check() - Refuse what an operation does not accept.
 * @req: the operation, with the lengths that the caller gave; its pointers are not
 *	looked at
 * @places: SHARDMAP_TAKES_VALUE and so on for what the caller gave a place of
 * @access: enum shardmap_access of the descriptor
 *
 * Context: Any context.
 * Return: 0; -EINVAL; -EACCES if the descriptor is not for this operation.
 */
int smdev_op_check(const struct shardmap_request *req, u32 places, u32 access)
{
	const struct op_rule *rule = find_rule(req->verb);
	u32 takes, needs;

	if (!rule || req->flags & ~rule->flags || !req->key_len)
		return -EINVAL;
	if (rule->one_of && !(req->flags & rule->one_of))
		return -EINVAL;
	takes = rule->takes;
	needs = rule->access;
	if (req->flags && add_flags(req->flags, &takes, &needs))
		return -EINVAL;
	if ((places | given(req)) & ~takes)
		return -EINVAL;
	return needs & ~access ? -EACCES : 0;
}

/**
 * smdev_op_updates() - May an operation change the table?
 * @opcode: enum shardmap_opcode, or anything
 *
 * Context: Any context.
 * Return: true if it may.
 */
bool smdev_op_updates(u32 opcode)
{
	const struct op_rule *rule = find_rule(opcode);

	return rule && rule->access & SHARDMAP_WRITE;
}
