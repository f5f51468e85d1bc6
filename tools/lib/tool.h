/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tools share beyond libshardmap: exit codes, errors, numbers, and the
 * options that choose or make a table.  Not part of the library.
 */
#ifndef SHARDMAP_TOOL_H
#define SHARDMAP_TOOL_H

#include <argp.h>

#include "libshardmap.h"

#define TOOL_SCHEMA 1 /* of all JSON output */

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

enum tool_exit {
	TOOL_EXIT_OK = 0,
	TOOL_EXIT_FAILED = 1,
	TOOL_EXIT_USAGE = 2,
	TOOL_EXIT_VERIFY = 3,
	TOOL_EXIT_KLOG = 4,
};

/* Call first in main(): exit code of usage errors, --version. */
void tool_init(void);

/* Text of an errno's next step, or NULL.  @call: what failed. */
const char *tool_hint(const char *call, int err);

/* Prints "program: call: ENAME (text); hint" for a negative errno. */
void tool_error(const char *call, int err);

/* Decimal, 0x or octal, with K, M or G (powers of 1024). */
int tool_parse_u64(const char *text, uint64_t *number);

/* The same inside an argp parser: a bad or too high number is a usage error. */
uint64_t tool_arg_u64(const struct argp_state *state, const char *what,
		      const char *text, uint64_t min, uint64_t max);

/* A number of seconds, above 0 */
double tool_arg_seconds(const struct argp_state *state, const char *what,
			const char *text);

/* Options of a new table; the parser's input is a struct shardmap_create. */
extern const struct argp tool_create_argp;

/* The descriptor that @fd (or, if negative, $SHARDMAP_FD) names, or -ENOENT. */
int tool_inherited_fd(int fd);

/* Both return a descriptor, or a negative errno after printing the error. */
int tool_new_table(const struct shardmap_create *create);
/* The inherited table, or else a new one */
int tool_open_table(int fd, const struct shardmap_create *create);

#endif /* SHARDMAP_TOOL_H */
