// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <unistd.h>

#include <shardmap_ops.h>

#include "shardmapctl.h"

static const char *const opcodes[SHARDMAP_OP_NR] = {
#define WORD(name, word, ...) [SHARDMAP_OP_##name] = #word,
	SHARDMAP_OPS(WORD)
#undef WORD
};

static void print_json(const struct shardmap_device_info *info)
{
	json_t *names = json_array();

	for (unsigned int i = 0; i < 64; i++)
		if (info->opcodes >> i & 1)
			json_array_append_new(names,
					      i < SHARDMAP_OP_NR ?
						      json_string(opcodes[i]) :
						      json_integer(i));
	output_json(json_pack(
		"{s:o, s:b, s:b, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
		"opcodes", names, "fast_hash",
		!!(info->create_flags & SHARDMAP_CREATE_FAST_HASH), "inline",
		!!(info->create_flags & SHARDMAP_CREATE_INLINE), "evict",
		!!(info->create_flags & SHARDMAP_CREATE_EVICT), "max_key_len",
		(json_int_t)info->max_key_len, "max_value_len",
		(json_int_t)info->max_value_len, "max_shards",
		(json_int_t)info->max_shards, "max_batch_ops",
		(json_int_t)info->max_batch_ops, "tables",
		(json_int_t)info->tables, "max_atomic_ops",
		(json_int_t)info->max_atomic_ops, "max_name_len",
		(json_int_t)info->max_name_len, "user_tables",
		(json_int_t)info->user_tables, "user_max_tables",
		(json_int_t)info->user_max_tables, "user_bytes",
		(json_int_t)info->user_bytes, "user_max_bytes",
		(json_int_t)info->user_max_bytes));
}

static void print_quota(const char *what, uint64_t used, uint64_t most)
{
	printf("%-16s %" PRIu64, what, used);
	if (most)
		printf(" of %" PRIu64, most);
	putchar('\n');
}

static void print_text(const struct shardmap_device_info *info)
{
	printf("operations      ");
	for (unsigned int i = 0; i < 64; i++) {
		if (!(info->opcodes >> i & 1))
			continue;
		if (i < SHARDMAP_OP_NR)
			printf(" %s", opcodes[i]);
		else
			printf(" %u", i);
	}
	printf("\nhashes           siphash%s\n",
	       info->create_flags & SHARDMAP_CREATE_FAST_HASH ? " fast" : "");
	printf("kinds            tagged%s\n",
	       info->create_flags & SHARDMAP_CREATE_INLINE ? " inline" : "");
	printf("when full        refuse%s\n",
	       info->create_flags & SHARDMAP_CREATE_EVICT ? " evict" : "");
	printf("max key length   %u\n", info->max_key_len);
	printf("max value length %u\n", info->max_value_len);
	printf("max shards       %u\n", info->max_shards);
	printf("max batch        %u\n", info->max_batch_ops);
	printf("max atomic batch %u\n", info->max_atomic_ops);
	printf("max name length  %u\n", info->max_name_len);
	printf("tables alive     %" PRIu64 "\n", (uint64_t)info->tables);
	print_quota("user's tables", info->user_tables, info->user_max_tables);
	print_quota("user's bytes", info->user_bytes, info->user_max_bytes);
}

enum tool_exit device_info(struct ctl *ctl, int argc, char **argv)
{
	struct shardmap_device_info info;
	int device, err;

	ctl_parse_none(ctl, argc, argv,
		       "Prints the limits of the loaded module.");
	device = shardmap_open_device();
	if (device < 0)
		return output_error(ctl, "open " SHARDMAP_DEVICE_PATH, device);
	err = shardmap_device_info(device, &info);
	close(device);
	if (err)
		return output_error(ctl, "SHARDMAP_IOC_DEVICE_INFO", err);
	if (ctl->json)
		print_json(&info);
	else
		print_text(&info);
	return TOOL_EXIT_OK;
}
