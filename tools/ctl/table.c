// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shardmapctl.h"

/* Takes a copy of another process's descriptor: /proc/PID/fd cannot open these. */
static int fetch_table(struct ctl *ctl)
{
	int pid, fd, used = 0, pidfd, table;

	if (sscanf(ctl->holder, "%d:%d%n", &pid, &fd, &used) != 2 ||
	    ctl->holder[used] || pid <= 0 || fd < 0) {
		fprintf(stderr, "shardmapctl: --table: '%s' is not PID:FD\n",
			ctl->holder);
		exit(TOOL_EXIT_USAGE);
	}
	pidfd = syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0) {
		output_error(ctl, "pidfd_open", -errno);
		return -1;
	}
	table = syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	if (table < 0)
		output_error(ctl, "pidfd_getfd", -errno);
	close(pidfd);
	return table;
}

int find_table(struct ctl *ctl, unsigned int access)
{
	int table;

	if (ctl->table_name)
		return open_named(ctl, access);
	if (ctl->holder)
		return fetch_table(ctl);
	table = tool_inherited_fd(ctl->fd);
	if (table == -ENOENT) {
		fprintf(stderr,
			"%s: which table? Give --name NAME, --fd N or --table "
			"PID:FD, or use: shardmapctl run -- COMMAND...\n",
			ctl->name);
		exit(TOOL_EXIT_USAGE);
	}
	if (table < 0)
		output_error(ctl, "SHARDMAP_FD", table);
	return table < 0 ? -1 : table;
}

int create_table(struct ctl *ctl, const struct shardmap_create *create)
{
	int device = open_device(ctl);
	int table;

	if (device < 0)
		return -1;
	table = shardmap_create_table(device, create);
	if (table < 0)
		output_error(ctl, "SHARDMAP_IOC_CREATE", table);
	close(device);
	return table < 0 ? -1 : table;
}

struct create_args {
	struct ctl *ctl;
	struct shardmap_create create;
	bool detach;
	bool has_mode;
};

/* Octal, as chmod(1) has it; read and write only. */
static unsigned int parse_mode(struct argp_state *state, const char *text)
{
	unsigned long mode;
	char *end;

	mode = strtoul(text, &end, 8);
	if (!*text || *end || mode & ~0666UL)
		argp_error(state, "--mode: '%s' is not octal, 0 to 0666", text);
	return mode;
}

static error_t parse_create(int key, char *arg, struct argp_state *state)
{
	struct create_args *args = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = args->ctl;
		state->child_inputs[1] = &args->create;
		return 0;
	case 'd':
		args->detach = true;
		return 0;
	case 'm':
		args->create.mode = parse_mode(state, arg);
		args->has_mode = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state,
			   "unexpected argument '%s'; for a name: --name NAME",
			   arg);
		return 0;
	case ARGP_KEY_END:
		if (!args->ctl->table_name && args->has_mode)
			argp_error(state, "--mode goes with --name only");
		if (args->ctl->table_name && args->detach)
			argp_error(state, "a table with a name needs nobody "
					  "to hold it; leave --detach away");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static void print_holder(const struct ctl *ctl, pid_t pid, int table)
{
	if (ctl->json)
		output_json(
			json_pack("{s:i, s:i}", "pid", (int)pid, "fd", table));
	else
		printf("%d:%d\n", (int)pid, table);
	fflush(stdout);
}

static void print_name(const struct ctl *ctl)
{
	if (ctl->json)
		output_json(json_pack("{s:s}", "name", ctl->table_name));
	else
		printf("%s\n", ctl->table_name);
}

static _Noreturn void hold(void)
{
	/* Yama lets a process be traced by its ancestors only, unless it agrees. */
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	for (;;)
		pause();
}

/* Leaves nothing of the caller's behind that somebody may wait for. */
static _Noreturn void hold_detached(int table)
{
	setsid();
	signal(SIGHUP, SIG_IGN);
	if (chdir("/"))
		_exit(TOOL_EXIT_FAILED);
	for (int fd = 0; fd < 3; fd++)
		if (fd != table)
			close(fd);
	hold();
}

enum tool_exit table_create(struct ctl *ctl, int argc, char **argv)
{
	static const struct argp_option options[] = {
		{ "detach", 'd', NULL, 0,
		  "hold a table without a name in the background" },
		{ "mode", 'm', "MODE", 0,
		  "who may open a table with a name (0600)" },
		{}
	};
	static const struct argp_child children[] = {
		{ .argp = &ctl_argp }, { .argp = &tool_create_argp }, {}
	};
	static const struct argp argp = {
		.options = options,
		.parser = parse_create,
		.doc = "Makes a table.  With --name it lives until it is unlinked.  "
		       "Without, it lives as long as somebody has it open: the command "
		       "holds it until killed, and prints PID:FD, by which --table "
		       "finds it.",
		.children = children,
	};
	struct create_args args = { .ctl = ctl };
	int table;
	pid_t pid;

	ctl_parse(ctl, &argp, 0, argc, argv, &args);
	if (ctl->table_name) {
		args.create.name = (uintptr_t)ctl->table_name;
		args.create.name_len = strlen(ctl->table_name);
		if (!args.has_mode)
			args.create.mode = 0600;
	}
	table = create_table(ctl, &args.create);
	if (table < 0)
		return TOOL_EXIT_FAILED;
	if (ctl->table_name) {
		print_name(ctl);
		return TOOL_EXIT_OK;
	}
	if (!args.detach) {
		print_holder(ctl, getpid(), table);
		hold();
	}
	pid = fork();
	if (pid < 0)
		return output_error(ctl, "fork", -errno);
	if (!pid)
		hold_detached(table);
	print_holder(ctl, pid, table);
	return TOOL_EXIT_OK;
}

/* One name for a figure in text and JSON */
static const struct {
	const char *name;
	size_t offset;
	bool is_u32;
} figures[] = {
#define FIGURE(member)                                                   \
	{                                                                \
#member, offsetof(struct shardmap_info, member),         \
			sizeof(((struct shardmap_info *)0)->member) == 4 \
	}
	FIGURE(id),	     FIGURE(nr_shards),
	FIGURE(max_key_len), FIGURE(max_value_len),
	FIGURE(max_entries), FIGURE(max_bytes),
	FIGURE(entries),     FIGURE(entry_bytes),
	FIGURE(index_bytes), FIGURE(deferred_bytes),
	FIGURE(buckets),     FIGURE(overflow_lines),
	FIGURE(resizes),     FIGURE(evicted),
	FIGURE(expired),     FIGURE(descriptors),
	FIGURE(uid),	     FIGURE(gid),
#undef FIGURE
};

static uint64_t figure(const struct shardmap_info *info, size_t i)
{
	const char *at = (const char *)info + figures[i].offset;

	return figures[i].is_u32 ? *(const __u32 *)at : *(const __u64 *)at;
}

static const char *access_text(unsigned int access)
{
	static const char *const texts[] = { "none", "read", "write",
					     "read write" };

	return texts[access & 3];
}

static void show_json(const struct shardmap_info *info, const char *hash,
		      const char *kind)
{
	json_t *object = json_pack("{s:s, s:s, s:b, s:b, s:b, s:s, s:i}",
				   "hash", hash, "kind", kind, "evict",
				   !!(info->flags & SHARDMAP_CREATE_EVICT),
				   "frozen", !!(info->state & SHARDMAP_FROZEN),
				   "named", !!(info->state & SHARDMAP_NAMED),
				   "access", access_text(info->access), "mode",
				   (int)info->mode);

	for (size_t i = 0; i < ARRAY_SIZE(figures); i++)
		json_object_set_new(object, figures[i].name,
				    json_integer(figure(info, i)));
	if (info->name[0])
		json_object_set_new(object, "name",
				    json_string((const char *)info->name));
	output_json(object);
}

static void show_text(const struct shardmap_info *info, const char *hash,
		      const char *kind)
{
	if (info->name[0])
		printf("%-15s %.64s%s\n", "name", (const char *)info->name,
		       info->state & SHARDMAP_NAMED ? "" : " (unlinked)");
	printf("%-15s %04o\n", "mode", info->mode);
	printf("%-15s %s\n", "access", access_text(info->access));
	printf("%-15s %s\n", "state",
	       info->state & SHARDMAP_FROZEN ? "frozen" : "live");
	printf("%-15s %s\n", "hash", hash);
	printf("%-15s %s\n", "kind", kind);
	printf("%-15s %s\n", "when full",
	       info->flags & SHARDMAP_CREATE_EVICT ? "evict" : "refuse");
	for (size_t i = 0; i < ARRAY_SIZE(figures); i++)
		printf("%-15s %" PRIu64 "\n", figures[i].name, figure(info, i));
}

enum tool_exit table_show(struct ctl *ctl, int argc, char **argv)
{
	struct shardmap_info info;
	const char *hash, *kind;
	int table, err;

	ctl_parse_none(ctl, argc, argv,
		       "Prints limits, state and figures of a table.");
	table = find_table(ctl, SHARDMAP_READ);
	if (table < 0)
		return TOOL_EXIT_FAILED;
	err = shardmap_info(table, &info);
	if (err)
		return output_error(ctl, "SHARDMAP_IOC_INFO", err);

	hash = info.flags & SHARDMAP_CREATE_FAST_HASH ? "fast" : "siphash";
	kind = info.flags & SHARDMAP_CREATE_INLINE ? "inline" : "tagged";
	if (ctl->json)
		show_json(&info, hash, kind);
	else
		show_text(&info, hash, kind);
	return TOOL_EXIT_OK;
}

enum tool_exit table_clear(struct ctl *ctl, int argc, char **argv)
{
	uint64_t removed;
	int table, err;

	ctl_parse_none(ctl, argc, argv, "Removes all entries of a table.");
	table = find_table(ctl, SHARDMAP_WRITE);
	if (table < 0)
		return TOOL_EXIT_FAILED;
	err = shardmap_clear(table, &removed);
	if (err)
		return output_error(ctl, "SHARDMAP_IOC_CLEAR", err);
	if (ctl->json)
		output_json(json_pack("{s:I}", "removed", (json_int_t)removed));
	else
		printf("%" PRIu64 " entries removed\n", removed);
	return TOOL_EXIT_OK;
}

enum tool_exit table_freeze(struct ctl *ctl, int argc, char **argv)
{
	int table, err;

	ctl_parse_none(
		ctl, argc, argv,
		"Lets a table never change again.  It cannot be undone.");
	table = find_table(ctl, SHARDMAP_WRITE);
	if (table < 0)
		return TOOL_EXIT_FAILED;
	err = shardmap_freeze(table);
	if (err)
		return output_error(ctl, "SHARDMAP_IOC_FREEZE", err);
	if (ctl->json)
		output_json(json_object());
	return TOOL_EXIT_OK;
}

struct reserve_args {
	struct ctl *ctl;
	uint64_t entries;
	bool given;
};

static error_t parse_reserve(int key, char *arg, struct argp_state *state)
{
	struct reserve_args *args = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = args->ctl;
		return 0;
	case ARGP_KEY_ARG:
		if (args->given)
			argp_error(state, "unexpected argument '%s'", arg);
		args->entries = tool_arg_u64(state, "ENTRIES", arg, 0,
					     SHARDMAP_RESERVE_MAX);
		args->given = true;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_usage(state);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

enum tool_exit table_reserve(struct ctl *ctl, int argc, char **argv)
{
	static const struct argp_child children[] = { { .argp = &ctl_argp },
						      {} };
	static const struct argp argp = {
		.parser = parse_reserve,
		.args_doc = "ENTRIES",
		.doc = "Makes room for so many entries now, so that the table need not "
		       "grow later; 0 takes that back.",
		.children = children,
	};
	struct reserve_args args = { .ctl = ctl };
	int table, err;

	ctl_parse(ctl, &argp, 0, argc, argv, &args);
	table = find_table(ctl, SHARDMAP_WRITE);
	if (table < 0)
		return TOOL_EXIT_FAILED;
	err = shardmap_reserve(table, args.entries);
	if (err)
		return output_error(ctl, "SHARDMAP_IOC_RESERVE", err);
	if (ctl->json)
		output_json(json_object());
	return TOOL_EXIT_OK;
}
