// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"

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
