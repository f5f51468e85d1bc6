// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations on the table, and the values that they carry.
 */
#include <errno.h>
#include <string.h>

#include "lin.h"
#include "random.h"
#include "stress.h"

/* Number, then padding made from it: both the length and every byte can be checked. */
static unsigned int build_long(uint64_t number, unsigned char *value)
{
	unsigned int spread = LIN_LONG_MAX - LIN_LONG_MIN + 1;
	unsigned int len = LIN_LONG_MIN + mix64(number) % spread;
	uint64_t word = number, state = number;

	for (unsigned int i = 0; i < len; i += sizeof(word)) {
		unsigned int n = len - i;

		memcpy(value + i, &word, n < sizeof(word) ? n : sizeof(word));
		word = random_u64(&state);
	}
	return len;
}

static unsigned int build(struct lin_value value, unsigned char *bytes)
{
	if (value.form == LIN_LONG)
		return build_long(value.number, bytes);
	memcpy(bytes, &value.number, sizeof(value.number));
	return sizeof(value.number);
}

static struct lin_value parse(struct lin_caller *caller, unsigned int len)
{
	struct lin_value value = { .form = LIN_WORD };

	if (len < sizeof(value.number) || len > LIN_LONG_MAX)
		return (struct lin_value){ .form = LIN_TORN };
	memcpy(&value.number, caller->out, sizeof(value.number));
	if (len == sizeof(value.number))
		return value;
	value.form = LIN_LONG;
	if (build_long(value.number, caller->scratch) != len ||
	    memcmp(caller->scratch, caller->out, len))
		value.form = LIN_TORN;
	return value;
}

static void take_results(struct lin_caller *caller, struct lin_op *op,
			 const struct shardmap_op *arg)
{
	const struct lin_model *model = &lin_models[op->kind];

	op->inserted = arg->flags & SHARDMAP_INSERTED;
	op->version = arg->version;
	if (op->status)
		return;
	if (model->opcode == SHARDMAP_OP_ADD)
		op->found = (struct lin_value){ arg->old, LIN_WORD };
	else if (model->fetches && !op->inserted)
		op->found = parse(caller, arg->out_len);
}

static void give_arguments(struct lin_caller *caller, const struct lin_op *op,
			   struct shardmap_op *arg)
{
	const struct lin_model *model = &lin_models[op->kind];

	if (model->stores) {
		arg->value = (uintptr_t)caller->value;
		arg->value_len = build(op->store, caller->value);
	}
	if (model->fetches) {
		arg->out = (uintptr_t)caller->out;
		arg->out_len = sizeof(caller->out);
	}
	if (model->flags & SHARDMAP_IF_VALUE) {
		arg->expected = (uintptr_t)caller->expected;
		arg->expected_len = build(op->expect, caller->expected);
	}
	if (model->flags & SHARDMAP_IF_VERSION)
		arg->version = op->expect_version;
	if (model->opcode == SHARDMAP_OP_ADD) {
		arg->delta = op->delta;
		if (model->flags & SHARDMAP_CREATE)
			arg->initial = op->store.number;
	}
}

void lin_call(struct lin_caller *caller, uint64_t key, struct lin_op *op)
{
	const struct lin_model *model = &lin_models[op->kind];
	struct shardmap_op arg = {
		.flags = model->flags,
		.key = (uintptr_t)&key,
		.key_len = sizeof(key),
	};

	give_arguments(caller, op, &arg);
	op->invoke = now_ns();
	/* A call that failed has had no effect, which is what is checked here. */
	do
		op->status =
			shardmap_execute(caller->table, model->opcode, &arg);
	while (op->status == -ENOMEM && caller->persists);
	op->response = now_ns();
	take_results(caller, op, &arg);
}

bool lin_is_known(struct lin_caller *caller, enum lin_kind kind)
{
	struct lin_op op = { .kind = kind,
			     .store = { 1, LIN_WORD },
			     .expect = { 1, LIN_WORD },
			     .expect_version = 1 };
	struct lin_op delete = { .kind = LIN_DELETE };
	uint64_t key = UINT64_MAX;

	lin_call(caller, key, &op);
	lin_call(caller, key, &delete);
	return op.status != -EINVAL && op.status != -ENOTTY;
}

/* What is recorded is what an addition would have told. */
void lin_call_lost_update(struct lin_caller *caller, uint64_t key,
			  struct lin_op *op)
{
	struct lin_op get = { .kind = LIN_GET };
	struct lin_op put = { .kind = LIN_PUT_EXIST };

	lin_call(caller, key, &get);
	if (get.status || get.found.form != LIN_WORD) {
		/* Nothing to add to: left to the real one */
		lin_call(caller, key, op);
		return;
	}
	put.store =
		(struct lin_value){ get.found.number + op->delta, LIN_WORD };
	lin_call(caller, key, &put);
	op->found = get.found;
	op->version = put.version;
	op->status = put.status;
	op->invoke = get.invoke;
	op->response = put.response;
}
