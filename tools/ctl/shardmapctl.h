/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * shardmapctl OBJECT COMMAND: one file per object.
 */
#ifndef SHARDMAPCTL_H
#define SHARDMAPCTL_H

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "tool.h"

/* Options that every command takes */
struct ctl {
	bool json;
	int fd; /* --fd, or -1 */
	const char *holder; /* --table PID:FD, or NULL */
	const char *table_name; /* --name NAME, or NULL */
	char *name; /* of the command, for its help */
};

struct bytes {
	unsigned char *data;
	size_t len;
};

enum format { FORMAT_AUTO, FORMAT_TEXT, FORMAT_HEX, FORMAT_U64, FORMAT_RAW };

/* Commands: argv[0] is the command's name.  They return the exit status. */
typedef enum tool_exit (*command_fn)(struct ctl *ctl, int argc, char **argv);

enum tool_exit device_info(struct ctl *ctl, int argc, char **argv);
enum tool_exit table_create(struct ctl *ctl, int argc, char **argv);
enum tool_exit table_show(struct ctl *ctl, int argc, char **argv);
enum tool_exit table_clear(struct ctl *ctl, int argc, char **argv);
enum tool_exit table_freeze(struct ctl *ctl, int argc, char **argv);
enum tool_exit table_reserve(struct ctl *ctl, int argc, char **argv);
enum tool_exit table_list(struct ctl *ctl, int argc, char **argv);
enum tool_exit table_unlink(struct ctl *ctl, int argc, char **argv);
enum tool_exit entry_get(struct ctl *ctl, int argc, char **argv);
enum tool_exit entry_put(struct ctl *ctl, int argc, char **argv);
enum tool_exit entry_swap(struct ctl *ctl, int argc, char **argv);
enum tool_exit entry_cas(struct ctl *ctl, int argc, char **argv);
enum tool_exit entry_take(struct ctl *ctl, int argc, char **argv);
enum tool_exit entry_delete(struct ctl *ctl, int argc, char **argv);
enum tool_exit entry_add(struct ctl *ctl, int argc, char **argv);
enum tool_exit entry_get_or_put(struct ctl *ctl, int argc, char **argv);
enum tool_exit entry_scan(struct ctl *ctl, int argc, char **argv);
enum tool_exit run(struct ctl *ctl, int argc, char **argv);

/*
 * main.c: ctl_argp parses the common options into a struct ctl; a command's
 * argp has it as first child.  ctl_parse() exits on usage errors.
 */
extern const struct argp ctl_argp;
void ctl_parse(struct ctl *ctl, const struct argp *argp, unsigned int flags,
	       int argc, char **argv, void *input);
/* For commands without options or arguments of their own */
void ctl_parse_none(struct ctl *ctl, int argc, char **argv, const char *doc);

/* For commands that cannot do without --name */
void ctl_need_name(const struct ctl *ctl);

/*
 * These return a descriptor, or -1 after complaining.
 * table.c: the table to work on; by name it is opened for @access.
 */
int find_table(struct ctl *ctl, unsigned int access);
int create_table(struct ctl *ctl, const struct shardmap_create *create);
/* names.c */
int open_device(const struct ctl *ctl);
int open_named(const struct ctl *ctl, unsigned int access);

/* format.c */
/* Reads "hex:", "u64:", "file:", "text:" or plain text; complains on failure. */
int bytes_parse(const char *text, struct bytes *bytes);
void bytes_print(const unsigned char *data, size_t len, enum format format,
		 FILE *to);
bool bytes_are_text(const unsigned char *data, size_t len);
enum format format_parse(const struct argp_state *state, const char *name);

/* output.c: each puts out one JSON object, and takes its reference. */
void output_json(json_t *object);
/* Complains, also in JSON; returns TOOL_EXIT_FAILED */
enum tool_exit output_error(const struct ctl *ctl, const char *call, int err);
/* Adds NAME (if it is text), NAME_hex, and NAME_u64 (if it is 8 bytes long). */
void output_bytes(json_t *object, const char *name, const unsigned char *data,
		  size_t len);
json_t *output_u64(uint64_t number);

#endif /* SHARDMAPCTL_H */
