// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>

#include <jansson.h>

#include "lin.h"

static double share(const struct lin_result *result, uint64_t part)
{
	return result->ops ? (double)part / result->ops : 0;
}

static void print_text(const struct lin_options *options,
		       const struct lin_result *result)
{
	printf("%u threads, %u keys, seed %" PRIu64 ": %" PRIu64
	       " operations in %" PRIu64
	       " rounds and %.1f s, of which %.1f s of "
	       "checks\n",
	       options->threads, options->keys, options->seed, result->ops,
	       result->rounds, result->seconds, result->check_seconds);
	for (unsigned int kind = 0; kind < LIN_KIND_NR; kind++)
		if (result->by_kind[kind])
			printf("  %-14s %12" PRIu64 "\n", lin_models[kind].name,
			       result->by_kind[kind]);
	printf("%.1f %% overlapped another on the same key, %.1f %% with neither "
	       "preempted; %" PRIu64 " resizes, by %" PRIu64
	       " operations on other keys\n",
	       100 * share(result, result->overlapped),
	       100 * share(result, result->overlapped_quick), result->resizes,
	       result->churn_ops);
	if (options->faults.on)
		printf("faults injected: %" PRIu64 "\n", result->injected);
	if (result->violations)
		printf("violations on %u keys\n", result->violations);
	else
		puts("linearizable");
}

static json_t *by_kind(const struct lin_result *result)
{
	json_t *object = json_object();

	for (unsigned int kind = 0; kind < LIN_KIND_NR; kind++)
		if (result->by_kind[kind])
			json_object_set_new(
				object, lin_models[kind].name,
				json_integer(result->by_kind[kind]));
	return object;
}

static int print_json(const struct lin_options *options,
		      const struct lin_result *result)
{
	bool is_inline = options->create.flags & SHARDMAP_CREATE_INLINE;
	json_t *root = json_pack(
		"{s:i, s:I, s:b, s:i, s:i, s:I, s:I, s:I, s:f, s:f, s:f, s:f, "
		"s:I, s:I, s:i, s:o}",
		"schema", TOOL_SCHEMA, "seed", (json_int_t)options->seed,
		"inline", is_inline, "threads", options->threads, "keys",
		options->keys, "ops", (json_int_t)result->ops, "rounds",
		(json_int_t)result->rounds, "churn_ops",
		(json_int_t)result->churn_ops, "seconds", result->seconds,
		"check_seconds", result->check_seconds, "overlap",
		share(result, result->overlapped), "overlap_quick",
		share(result, result->overlapped_quick), "resizes",
		(json_int_t)result->resizes, "injected",
		(json_int_t)result->injected, "violations", result->violations,
		"by_operation", by_kind(result));
	int err = root ? json_dumpf(root, stdout, JSON_INDENT(1)) : -1;

	json_decref(root);
	putchar('\n');
	return err ? -ENOMEM : 0;
}

int lin_report(const struct lin_options *options,
	       const struct lin_result *result)
{
	int err = 0;

	if (options->json)
		err = print_json(options, result);
	else
		print_text(options, result);
	if (fflush(stdout))
		err = -errno;
	return err;
}
