// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libshardmap.h"
#include "machine.h"
#include "memory.h"

#define LOOK_US 100

int memory_drop_caches(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
	int err = 0;

	sync();
	if (fd < 0 || write(fd, "3", 1) != 1)
		err = -errno;
	if (fd >= 0)
		close(fd);
	return err;
}

int memory_read(struct memory *memory)
{
	FILE *file = fopen("/proc/meminfo", "re");
	char line[128], name[64];
	long kb;

	if (!file)
		return -errno;
	*memory = (struct memory){};
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%63[^:]: %ld", name, &kb) != 2)
			continue;
		if (!strcmp(name, "SUnreclaim"))
			memory->slab = kb;
		else if (!strcmp(name, "Percpu"))
			memory->percpu = kb;
		else if (!strcmp(name, "VmallocUsed"))
			memory->vmalloc = kb;
	}
	fclose(file);
	return 0;
}

int memory_wait_empty(int table, uint64_t index_bytes, uint64_t *left_over)
{
	uint64_t deadline = now_ns() + MEMORY_BACK_NS;
	struct shardmap_info info;

	for (;;) {
		int err = shardmap_info(table, &info);

		if (err)
			return err;
		*left_over = 0;
		if (!info.entries && !info.entry_bytes &&
		    !info.deferred_bytes && info.index_bytes <= index_bytes)
			return 0;
		*left_over = info.entries + info.entry_bytes +
			     info.deferred_bytes + info.index_bytes;
		if (now_ns() > deadline)
			return 0;
		usleep(LOOK_US);
	}
}
