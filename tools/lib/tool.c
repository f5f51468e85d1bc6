// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

#ifndef SHARDMAP_VERSION
#define SHARDMAP_VERSION "unknown"
#endif

void tool_init(void)
{
	argp_err_exit_status = TOOL_EXIT_USAGE;
	argp_program_version = "shardmap tools " SHARDMAP_VERSION;
}

/* NULL for a call means all the others. */
static const struct {
	const char *call;
	int err;
	const char *hint;
} hints[] = {
	{ "open " SHARDMAP_DEVICE_PATH, -ENOENT,
	  "is the module loaded? try: modprobe shardmap, or insmod shardmap.ko" },
	{ "open " SHARDMAP_DEVICE_PATH, -ENXIO,
	  "the device file is left over; try: modprobe shardmap" },
	{ "open " SHARDMAP_DEVICE_PATH, -EACCES,
	  "ask for access to it: try: ls -l " SHARDMAP_DEVICE_PATH },
	{ "open " SHARDMAP_DEVICE_PATH, -EPERM,
	  "ask for access to it: try: ls -l " SHARDMAP_DEVICE_PATH },
	{ "pidfd_open", -ESRCH,
	  "no such process; is the table's holder still alive?" },
	{ "pidfd_getfd", -EPERM,
	  "needs the right to trace that process: be its user, or root" },
	{ "pidfd_getfd", -EBADF, "that process has no such descriptor" },
	{ "SHARDMAP_IOC_CREATE", -EINVAL,
	  "a limit or the name is out of range; see: shardmapctl device info" },
	{ "SHARDMAP_IOC_CREATE", -EEXIST,
	  "there is a table of this name; see: shardmapctl table list" },
	{ "SHARDMAP_IOC_CREATE", -EDQUOT,
	  "your user has as many tables as are allowed; see: shardmapctl device info" },
	{ "SHARDMAP_IOC_OPEN", -ENOENT,
	  "there is no table of this name; see: shardmapctl table list" },
	{ "SHARDMAP_IOC_OPEN", -EACCES,
	  "the table's mode does not let you; see: shardmapctl table list" },
	{ "SHARDMAP_IOC_UNLINK", -ENOENT,
	  "there is no table of this name; see: shardmapctl table list" },
	{ NULL, -EPERM,
	  "only the table's owner may do this; see: shardmapctl "
	  "table list" },
	{ NULL, -EROFS, "the table is frozen; no one can change it any more" },
	{ NULL, -ESTALE,
	  "the entry has another version or value by now; see: "
	  "shardmapctl entry get --json" },
	{ NULL, -EDQUOT,
	  "your user's tables take as many bytes as are allowed; see: "
	  "shardmapctl device info" },
	{ NULL, -ENOTTY,
	  "the descriptor is no table of shardmap, or the module is older than this tool" },
	{ NULL, -EBADF,
	  "no such descriptor is open; see --fd and SHARDMAP_FD" },
	{ NULL, -E2BIG,
	  "the module is older than this tool; load a newer one" },
	{ NULL, -EACCES, "the descriptor is not open for this kind of access" },
	{ NULL, -EMSGSIZE,
	  "key or value is longer than the table allows; see: shardmapctl table show" },
	{ NULL, -ENOENT, "the table holds no such key" },
	{ NULL, -EEXIST, "the table holds the key already" },
	{ NULL, -ENOSPC, "the table is full; see: shardmapctl table show" },
	{ NULL, -ENOMEM, "the kernel is short of memory" },
};

const char *tool_hint(const char *call, int err)
{
	for (size_t i = 0; i < ARRAY_SIZE(hints); i++) {
		if (hints[i].err != err)
			continue;
		if (hints[i].call ? !strcmp(hints[i].call, call) :
				    !strncmp(call, "SHARDMAP_IOC_", 13))
			return hints[i].hint;
	}
	return NULL;
}

void tool_error(const char *call, int err)
{
	const char *hint = tool_hint(call, err);
	const char *name = strerrorname_np(-err);

	fprintf(stderr, "%s: %s: %s (%s)%s%s\n", program_invocation_short_name,
		call, name ? name : "unknown error", strerror(-err),
		hint ? "; " : "", hint ? hint : "");
}

int tool_parse_u64(const char *text, uint64_t *number)
{
	static const char suffixes[] = "KMG";
	const char *suffix;
	unsigned int shift;
	char *end;

	/* strtoull() would accept a sign and wrap around. */
	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	*number = strtoull(text, &end, 0);
	if (errno)
		return -errno;
	if (!*end)
		return 0;
	suffix = strchr(suffixes, *end & ~0x20);
	if (!suffix || !*suffix || end[1])
		return -EINVAL;
	shift = 10 * (suffix - suffixes + 1);
	if (*number > UINT64_MAX >> shift)
		return -ERANGE;
	*number <<= shift;
	return 0;
}

uint64_t tool_arg_u64(const struct argp_state *state, const char *what,
		      const char *text, uint64_t min, uint64_t max)
{
	uint64_t number = 0;

	if (tool_parse_u64(text, &number))
		argp_error(state, "%s: '%s' is not a number", what, text);
	else if (number < min || number > max)
		argp_error(state, "%s: %s is not within %llu to %llu", what,
			   text, (unsigned long long)min,
			   (unsigned long long)max);
	return number;
}

double tool_arg_seconds(const struct argp_state *state, const char *what,
			const char *text)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end || !(seconds > 0 && seconds < 1e9))
		argp_error(state, "%s: '%s' is not a number of seconds", what,
			   text);
	return seconds;
}

enum {
	OPT_SHARDS = 0x1000,
	OPT_MAX_ENTRIES,
	OPT_MAX_BYTES,
	OPT_MAX_KEY_LEN,
	OPT_MAX_VALUE_LEN,
	OPT_FAST_HASH,
	OPT_INLINE,
	OPT_EVICT,
};

static const struct argp_option create_options[] = {
	{ .doc = "A new table:", .group = 10 },
	{ "shards", OPT_SHARDS, "N", 0, "number of shards, a power of two" },
	{ "max-entries", OPT_MAX_ENTRIES, "N", 0,
	  "most entries (none: no limit)" },
	{ "max-bytes", OPT_MAX_BYTES, "N", 0,
	  "most bytes of memory for entries (none: no limit)" },
	{ "max-key-len", OPT_MAX_KEY_LEN, "BYTES", 0, "longest key" },
	{ "max-value-len", OPT_MAX_VALUE_LEN, "BYTES", 0, "longest value" },
	{ "fast-hash", OPT_FAST_HASH, NULL, 0,
	  "hash with the fast keyed function; only if all writers are trusted" },
	{ "inline", OPT_INLINE, NULL, 0,
	  "for keys and values of one length each, up to 8 bytes: faster; takes "
	  "--max-key-len and --max-value-len (8)" },
	{ "evict", OPT_EVICT, NULL, 0,
	  "when full, remove entries not used lately rather than refuse new ones; "
	  "takes --max-entries or --max-bytes" },
	{}
};

/* An inline table has one length of key and one of value: 8 by default. */
static void check_inline(struct argp_state *state,
			 struct shardmap_create *create)
{
	if (!(create->flags & SHARDMAP_CREATE_INLINE))
		return;
	if (!create->max_key_len)
		create->max_key_len = SHARDMAP_INLINE_LEN_MAX;
	if (!create->max_value_len)
		create->max_value_len = SHARDMAP_INLINE_LEN_MAX;
	if (create->max_key_len > SHARDMAP_INLINE_LEN_MAX)
		argp_error(state, "--inline: keys are at most %u bytes long",
			   SHARDMAP_INLINE_LEN_MAX);
	if (create->max_value_len > SHARDMAP_INLINE_LEN_MAX)
		argp_error(state, "--inline: values are at most %u bytes long",
			   SHARDMAP_INLINE_LEN_MAX);
	if (create->max_bytes)
		argp_error(state, "--inline: entries have no memory of their "
				  "own; use --max-entries, not --max-bytes");
}

static void check_evict(struct argp_state *state,
			const struct shardmap_create *create)
{
	if (!(create->flags & SHARDMAP_CREATE_EVICT))
		return;
	if (!create->max_entries && !create->max_bytes)
		argp_error(state,
			   "--evict: needs --max-entries or --max-bytes");
	if (create->flags & SHARDMAP_CREATE_INLINE)
		argp_error(state, "--evict does not go with --inline");
}

static error_t parse_create(int key, char *arg, struct argp_state *state)
{
	struct shardmap_create *create = state->input;

	switch (key) {
	case OPT_SHARDS:
		create->nr_shards = tool_arg_u64(state, "--shards", arg, 1,
						 SHARDMAP_SHARDS_MAX);
		if (create->nr_shards & (create->nr_shards - 1))
			argp_error(state, "--shards: %s is not a power of two",
				   arg);
		return 0;
	case OPT_MAX_ENTRIES:
		create->max_entries = tool_arg_u64(state, "--max-entries", arg,
						   1, UINT64_MAX);
		return 0;
	case OPT_MAX_BYTES:
		create->max_bytes =
			tool_arg_u64(state, "--max-bytes", arg, 1, UINT64_MAX);
		return 0;
	case OPT_MAX_KEY_LEN:
		create->max_key_len = tool_arg_u64(state, "--max-key-len", arg,
						   1, SHARDMAP_KEY_LEN_MAX);
		return 0;
	case OPT_MAX_VALUE_LEN:
		create->max_value_len = tool_arg_u64(state, "--max-value-len",
						     arg, 1,
						     SHARDMAP_VALUE_LEN_MAX);
		return 0;
	case OPT_FAST_HASH:
		create->flags |= SHARDMAP_CREATE_FAST_HASH;
		return 0;
	case OPT_INLINE:
		create->flags |= SHARDMAP_CREATE_INLINE;
		return 0;
	case OPT_EVICT:
		create->flags |= SHARDMAP_CREATE_EVICT;
		return 0;
	case ARGP_KEY_END:
		check_inline(state, create);
		check_evict(state, create);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

const struct argp tool_create_argp = {
	.options = create_options,
	.parser = parse_create,
};

int tool_inherited_fd(int fd)
{
	const char *text = getenv("SHARDMAP_FD");
	uint64_t number;

	if (fd >= 0)
		return fd;
	if (!text || !*text)
		return -ENOENT;
	if (tool_parse_u64(text, &number) || number > INT32_MAX)
		return -EBADF;
	return number;
}

int tool_new_table(const struct shardmap_create *create)
{
	int device = shardmap_open_device(), table;

	if (device < 0) {
		tool_error("open " SHARDMAP_DEVICE_PATH, device);
		return device;
	}
	table = shardmap_create_table(device, create);
	if (table < 0)
		tool_error("SHARDMAP_IOC_CREATE", table);
	close(device);
	return table;
}

int tool_open_table(int fd, const struct shardmap_create *create)
{
	struct shardmap_info info;
	int table, err;

	table = tool_inherited_fd(fd);
	if (table == -ENOENT)
		return tool_new_table(create);
	err = table < 0 ? table : shardmap_info(table, &info);
	if (err)
		tool_error("SHARDMAP_IOC_INFO", err);
	return err ? err : table;
}
