// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tables with names.
 */
#include <errno.h>
#include <string.h>

#include "internal.h"

int shardmap_create_named(int device, const char *name, unsigned int mode,
			  const struct shardmap_create *params)
{
	struct shardmap_create create = {};

	if (params)
		create = *params;
	create.mode = mode;
	create.name = pointer(name);
	create.name_len = clamp_len(strlen(name));
	return shardmap_create_table(device, &create);
}

int shardmap_open_table(int device, const char *name, unsigned int access)
{
	struct shardmap_open open = {
		.size = sizeof(open),
		.access = access,
		.name = pointer(name),
		.name_len = clamp_len(strlen(name)),
	};

	return command(device, SHARDMAP_IOC_OPEN, &open);
}

int shardmap_unlink_table(int device, const char *name)
{
	struct shardmap_unlink unlink = {
		.size = sizeof(unlink),
		.name = pointer(name),
		.name_len = clamp_len(strlen(name)),
	};

	return command(device, SHARDMAP_IOC_UNLINK, &unlink);
}

/* Just the first record is looked at: its table is where the next call goes on. */
int shardmap_list_next(int device, struct shardmap_listed *table)
{
	struct {
		struct shardmap_list_record record;
		char name[SHARDMAP_NAME_LEN_MAX + 1];
	} buf;
	struct shardmap_list list = {
		.size = sizeof(list),
		.after = table->id,
		.buf = pointer(&buf),
		.buf_len = sizeof(buf),
	};
	int err = command(device, SHARDMAP_IOC_LIST, &list);

	if (err)
		return err;
	if (!list.records)
		return list.done ? 0 : -EPROTO;
	if (list.used < sizeof(buf.record) ||
	    buf.record.name_len > list.used - sizeof(buf.record) ||
	    buf.record.name_len > SHARDMAP_NAME_LEN_MAX ||
	    buf.record.id <= table->id)
		return -EPROTO;
	*table = (struct shardmap_listed){
		.id = buf.record.id,
		.mode = buf.record.mode,
		.uid = buf.record.uid,
		.gid = buf.record.gid,
		.descriptors = buf.record.descriptors,
	};
	memcpy(table->name, buf.name, buf.record.name_len);
	return 1;
}
