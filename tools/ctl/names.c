// SPDX-License-Identifier: GPL-2.0-only
/* Tables with names. */
#include <inttypes.h>
#include <unistd.h>

#include "shardmapctl.h"

int open_device(const struct ctl *ctl)
{
	int device = shardmap_open_device();

	if (device < 0)
		output_error(ctl, "open " SHARDMAP_DEVICE_PATH, device);
	return device < 0 ? -1 : device;
}

int open_named(const struct ctl *ctl, unsigned int access)
{
	int device = open_device(ctl), table;

	if (device < 0)
		return -1;
	table = shardmap_open_table(device, ctl->table_name, access);
	close(device);
	if (table < 0)
		output_error(ctl, "SHARDMAP_IOC_OPEN", table);
	return table < 0 ? -1 : table;
}

static void print_listed(const struct ctl *ctl,
			 const struct shardmap_listed *table)
{
	if (ctl->json)
		output_json(json_pack(
			"{s:s%, s:I, s:i, s:i, s:i, s:i}", "name", table->name,
			strnlen(table->name, sizeof(table->name)), "id",
			(json_int_t)table->id, "mode", (int)table->mode, "uid",
			(int)table->uid, "gid", (int)table->gid, "descriptors",
			(int)table->descriptors));
	else
		printf("%" PRIu64 "\t%04o\t%u\t%u\t%u\t%s\n", table->id,
		       table->mode, table->uid, table->gid, table->descriptors,
		       table->name);
}

enum tool_exit table_list(struct ctl *ctl, int argc, char **argv)
{
	struct shardmap_listed table = {};
	int device, ret;

	ctl_parse_none(
		ctl, argc, argv,
		"Prints the named tables, a line each: number, mode, owner, "
		"group, open descriptors, name; with --json one object a line.");
	device = open_device(ctl);
	if (device < 0)
		return TOOL_EXIT_FAILED;
	while ((ret = shardmap_list_next(device, &table)) > 0)
		print_listed(ctl, &table);
	close(device);
	return ret ? output_error(ctl, "SHARDMAP_IOC_LIST", ret) : TOOL_EXIT_OK;
}

enum tool_exit table_unlink(struct ctl *ctl, int argc, char **argv)
{
	int device, err;

	ctl_parse_none(
		ctl, argc, argv,
		"Takes the name of a table (--name) away.  The table lives on "
		"for as long as somebody has it open.");
	ctl_need_name(ctl);
	device = open_device(ctl);
	if (device < 0)
		return TOOL_EXIT_FAILED;
	err = shardmap_unlink_table(device, ctl->table_name);
	close(device);
	if (err)
		return output_error(ctl, "SHARDMAP_IOC_UNLINK", err);
	if (ctl->json)
		output_json(json_object());
	return TOOL_EXIT_OK;
}
