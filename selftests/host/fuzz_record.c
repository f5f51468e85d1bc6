// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>

#include <linux/kernel.h>
#include <uapi/linux/shardmap.h>

#include "fuzz_record.h"

/* Some more often than others. */
static const unsigned int numbers[] = {
	SHARDMAP_IOC_GET,	  SHARDMAP_IOC_PUT,    SHARDMAP_IOC_DELETE,
	SHARDMAP_IOC_GET_OR_PUT,  SHARDMAP_IOC_ADD,    SHARDMAP_IOC_CAS,
	SHARDMAP_IOC_TAKE,	  SHARDMAP_IOC_BATCH,  SHARDMAP_IOC_BATCH,
	SHARDMAP_IOC_SCAN,	  SHARDMAP_IOC_CLEAR,  SHARDMAP_IOC_INFO,
	SHARDMAP_IOC_HANDLE,	  SHARDMAP_IOC_FREEZE, SHARDMAP_IOC_RESERVE,
	SHARDMAP_IOC_WATCH,	  SHARDMAP_IOC_CREATE, SHARDMAP_IOC_OPEN,
	SHARDMAP_IOC_UNLINK,	  SHARDMAP_IOC_LIST,   SHARDMAP_IOC_PUT,
	SHARDMAP_IOC_DEVICE_INFO,
};

/* Returns the bytes that a record takes up, 0 if there is none. */
size_t record_decode(struct record *r, const unsigned char *data, size_t size)
{
	size_t rest = size - RECORD_HEAD;

	if (size < RECORD_HEAD)
		return 0;
	*r = (struct record){
		data[0],
		data[1],
		data[2],
		data[3],
		data[4],
		data[5] % (EDITS_MAX + 1),
		data + RECORD_HEAD,
	};
	if (r->nr_edits > rest / EDIT_BYTES)
		r->nr_edits = rest / EDIT_BYTES;
	return RECORD_HEAD + r->nr_edits * EDIT_BYTES;
}

/* Returns the number of a command, or 0 if the record is another call. */
unsigned int record_number(const struct record *r)
{
	unsigned int n = r->call % 32;

	return n < ARRAY_SIZE(numbers) ? numbers[n] : 0;
}

/* A number like that of a command, or none at all. */
unsigned int record_bad_number(const struct record *r)
{
	return numbers[r->x % ARRAY_SIZE(numbers)];
}

/* Most numbers of the device are below those of tables. */
bool record_on_device(const struct record *r)
{
	return _IOC_NR(record_number(r)) < _IOC_NR(SHARDMAP_IOC_INFO);
}

/* All that <uapi/linux/shardmap.h> has, and those of descriptors in general. */
bool record_is_errno(long err)
{
	static const int errnos[] = {
		ENOTTY, E2BIG,	EINVAL, EFAULT, EMSGSIZE, EACCES,    EPERM,
		EROFS,	ENOENT, EEXIST, ESTALE, ENOBUFS,  ENOSPC,    EDQUOT,
		EBUSY,	EAGAIN, ENOMEM, EINTR,	EMFILE,	  ECANCELED, ENFILE,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(errnos); i++)
		if (err == -errnos[i])
			return true;
	return false;
}
