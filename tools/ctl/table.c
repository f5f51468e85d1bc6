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

int find_table(struct ctl *ctl)
{
	int table;

	if (ctl->holder)
		return fetch_table(ctl);
	table = tool_inherited_fd(ctl->fd);
	if (table == -ENOENT) {
		fprintf(stderr,
			"%s: which table? Give --fd N or --table PID:FD, or "
			"use: shardmapctl run -- COMMAND...\n",
			ctl->name);
		exit(TOOL_EXIT_USAGE);
	}
	if (table < 0)
		output_error(ctl, "SHARDMAP_FD", table);
	return table < 0 ? -1 : table;
}

int create_table(struct ctl *ctl, const struct shardmap_create *create)
{
	int device = shardmap_open_device();
	int table;

	if (device < 0) {
		output_error(ctl, "open " SHARDMAP_DEVICE_PATH, device);
		return -1;
	}
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
};

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
	case ARGP_KEY_ARG:
		argp_error(state,
			   "unexpected argument '%s'; tables have no names",
			   arg);
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
		{ "detach", 'd', NULL, 0, "hold the table in the background" },
		{}
	};
	static const struct argp_child children[] = {
		{ .argp = &ctl_argp }, { .argp = &tool_create_argp }, {}
	};
	static const struct argp argp = {
		.options = options,
		.parser = parse_create,
		.doc = "Makes a table and holds it until killed, for the table lives as "
		       "long as somebody has it open.  Prints PID:FD, by which --table "
		       "finds it.",
		.children = children,
	};
	struct create_args args = { .ctl = ctl };
	int table;
	pid_t pid;

	ctl_parse(ctl, &argp, 0, argc, argv, &args);
	table = create_table(ctl, &args.create);
	if (table < 0)
		return TOOL_EXIT_FAILED;
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
	FIGURE(resizes),
#undef FIGURE
};

static uint64_t figure(const struct shardmap_info *info, size_t i)
{
	const char *at = (const char *)info + figures[i].offset;

	return figures[i].is_u32 ? *(const __u32 *)at : *(const __u64 *)at;
}

enum tool_exit table_show(struct ctl *ctl, int argc, char **argv)
{
	struct shardmap_info info;
	const char *hash, *kind;
	json_t *object;
	int table, err;

	ctl_parse_none(ctl, argc, argv,
		       "Prints limits and figures of a table.");
	table = find_table(ctl);
	if (table < 0)
		return TOOL_EXIT_FAILED;
	err = shardmap_info(table, &info);
	if (err)
		return output_error(ctl, "SHARDMAP_IOC_INFO", err);

	hash = info.flags & SHARDMAP_CREATE_FAST_HASH ? "fast" : "siphash";
	kind = info.flags & SHARDMAP_CREATE_INLINE ? "inline" : "tagged";
	if (ctl->json) {
		object = json_pack("{s:s, s:s}", "hash", hash, "kind", kind);
		for (size_t i = 0; i < ARRAY_SIZE(figures); i++)
			json_object_set_new(object, figures[i].name,
					    json_integer(figure(&info, i)));
		output_json(object);
		return TOOL_EXIT_OK;
	}
	printf("%-15s %s\n", "hash", hash);
	printf("%-15s %s\n", "kind", kind);
	for (size_t i = 0; i < ARRAY_SIZE(figures); i++)
		printf("%-15s %" PRIu64 "\n", figures[i].name,
		       figure(&info, i));
	return TOOL_EXIT_OK;
}

enum tool_exit table_clear(struct ctl *ctl, int argc, char **argv)
{
	uint64_t removed;
	int table, err;

	ctl_parse_none(ctl, argc, argv, "Removes all entries of a table.");
	table = find_table(ctl);
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
