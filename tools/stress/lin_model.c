// SPDX-License-Identifier: GPL-2.0-only
/*
 * What each operation does to one key, one after another.
 *
 * A value of 8 bytes is changed in place, and a lookup may return a version older
 * than it; so only the versions of long values are compared.
 */
#include <errno.h>

#include "lin.h"

static bool is_there(const struct lin_state *state)
{
	return state->value.form != LIN_ABSENT;
}

static bool finds(const struct lin_op *op, const struct lin_state *state)
{
	return !op->status && !op->inserted &&
	       lin_same(op->found, state->value) &&
	       (op->found.form != LIN_LONG || op->version == state->version);
}

static bool leave(const struct lin_op *op, struct lin_state *state,
		  struct lin_value value)
{
	if (op->status || !op->version || op->inserted == is_there(state))
		return false;
	state->value = value;
	state->version = op->version;
	return true;
}

static bool fails(const struct lin_op *op, int status)
{
	return op->status == status && !op->inserted;
}

static bool step_get(const struct lin_op *op, struct lin_state *state)
{
	return is_there(state) ? finds(op, state) : fails(op, -ENOENT);
}

static bool step_put(const struct lin_op *op, struct lin_state *state)
{
	return leave(op, state, op->store);
}

static bool step_put_noexist(const struct lin_op *op, struct lin_state *state)
{
	return is_there(state) ? fails(op, -EEXIST) :
				 leave(op, state, op->store);
}

static bool step_put_exist(const struct lin_op *op, struct lin_state *state)
{
	return is_there(state) ? leave(op, state, op->store) :
				 fails(op, -ENOENT);
}

static bool step_get_or_put(const struct lin_op *op, struct lin_state *state)
{
	return is_there(state) ? finds(op, state) : leave(op, state, op->store);
}

static bool add_to(const struct lin_op *op, struct lin_state *state,
		   struct lin_value before)
{
	struct lin_value after = { before.number + op->delta, LIN_WORD };

	if (before.form != LIN_WORD)
		return fails(op, -EINVAL);
	return lin_same(op->found, before) && leave(op, state, after);
}

static bool step_add(const struct lin_op *op, struct lin_state *state)
{
	return is_there(state) ? add_to(op, state, state->value) :
				 fails(op, -ENOENT);
}

static bool step_add_create(const struct lin_op *op, struct lin_state *state)
{
	return add_to(op, state, is_there(state) ? state->value : op->store);
}

static bool removes(const struct lin_op *op, struct lin_state *state)
{
	*state = (struct lin_state){};
	return !op->status && !op->inserted;
}

static bool step_delete(const struct lin_op *op, struct lin_state *state)
{
	return is_there(state) ? removes(op, state) : fails(op, -ENOENT);
}

/* What it found is of form LIN_ABSENT if the key is new. */
static bool step_swap(const struct lin_op *op, struct lin_state *state)
{
	return lin_same(op->found, state->value) && leave(op, state, op->store);
}

static bool step_take(const struct lin_op *op, struct lin_state *state)
{
	if (!is_there(state))
		return fails(op, -ENOENT);
	return lin_same(op->found, state->value) &&
	       op->version == state->version && removes(op, state);
}

static bool meets_value(const struct lin_op *op, const struct lin_state *state)
{
	return lin_same(op->expect, state->value);
}

static bool meets_version(const struct lin_op *op,
			  const struct lin_state *state)
{
	return op->expect_version == state->version;
}

static bool step_cas_value(const struct lin_op *op, struct lin_state *state)
{
	if (!is_there(state))
		return fails(op, -ENOENT);
	return meets_value(op, state) ? leave(op, state, op->store) :
					fails(op, -ESTALE);
}

static bool step_cas_version(const struct lin_op *op, struct lin_state *state)
{
	if (!is_there(state))
		return fails(op, -ENOENT);
	return meets_version(op, state) ? leave(op, state, op->store) :
					  fails(op, -ESTALE);
}

static bool step_delete_value(const struct lin_op *op, struct lin_state *state)
{
	if (!is_there(state))
		return fails(op, -ENOENT);
	return meets_value(op, state) ? removes(op, state) : fails(op, -ESTALE);
}

static bool step_delete_version(const struct lin_op *op,
				struct lin_state *state)
{
	if (!is_there(state))
		return fails(op, -ENOENT);
	return meets_version(op, state) ? removes(op, state) :
					  fails(op, -ESTALE);
}

const struct lin_model lin_models[LIN_KIND_NR] = {
	[LIN_GET] = { "get", SHARDMAP_OP_GET, .fetches = true, .reads = true,
		      .weight = 30, .step = step_get },
	[LIN_PUT] = { "put", SHARDMAP_OP_PUT, .stores = true, .weight = 12,
		      .step = step_put },
	[LIN_PUT_NOEXIST] = { "put_noexist", SHARDMAP_OP_PUT, SHARDMAP_NOEXIST,
			      .stores = true, .weight = 8,
			      .step = step_put_noexist },
	[LIN_PUT_EXIST] = { "put_exist", SHARDMAP_OP_PUT, SHARDMAP_EXIST,
			    .stores = true, .weight = 6,
			    .step = step_put_exist },
	[LIN_GET_OR_PUT] = { "get_or_put", SHARDMAP_OP_GET_OR_PUT,
			     .stores = true, .fetches = true, .weight = 10,
			     .step = step_get_or_put },
	[LIN_ADD] = { "add", SHARDMAP_OP_ADD, .weight = 12, .step = step_add },
	[LIN_ADD_CREATE] = { "add_create", SHARDMAP_OP_ADD, SHARDMAP_CREATE,
			     .weight = 10, .step = step_add_create },
	[LIN_DELETE] = { "delete", SHARDMAP_OP_DELETE, .weight = 12,
			 .step = step_delete },
	[LIN_SWAP] = { "swap", SHARDMAP_OP_PUT, SHARDMAP_SWAP, .stores = true,
		       .fetches = true, .weight = 8, .step = step_swap },
	[LIN_TAKE] = { "take", SHARDMAP_OP_TAKE, .fetches = true, .weight = 8,
		       .step = step_take },
	[LIN_CAS_VALUE] = { "cas_value", SHARDMAP_OP_CAS, SHARDMAP_IF_VALUE,
			    .stores = true, .weight = 10,
			    .step = step_cas_value },
	[LIN_CAS_VERSION] = { "cas_version", SHARDMAP_OP_CAS,
			      SHARDMAP_IF_VERSION, .stores = true, .weight = 10,
			      .step = step_cas_version },
	[LIN_DELETE_VALUE] = { "delete_value", SHARDMAP_OP_DELETE,
			       SHARDMAP_IF_VALUE, .weight = 4,
			       .step = step_delete_value },
	[LIN_DELETE_VERSION] = { "delete_version", SHARDMAP_OP_DELETE,
				 SHARDMAP_IF_VERSION, .weight = 4,
				 .step = step_delete_version },
};

struct lin_value lin_left(const struct lin_op *op)
{
	const struct lin_model *model = &lin_models[op->kind];
	struct lin_value none = { .form = LIN_ABSENT };

	if (op->status)
		return none;
	if (op->kind == LIN_ADD || op->kind == LIN_ADD_CREATE)
		return (struct lin_value){ op->found.number + op->delta,
					   LIN_WORD };
	if (op->kind == LIN_GET_OR_PUT && !op->inserted)
		return none;
	return model->stores ? op->store : none;
}

bool lin_is_read(const struct lin_op *op)
{
	return op->status || lin_models[op->kind].reads ||
	       (op->kind == LIN_GET_OR_PUT && !op->inserted);
}
