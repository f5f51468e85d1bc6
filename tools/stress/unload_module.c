// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "unload.h"

int unload_load(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0 || syscall(SYS_finit_module, fd, "", 0))
		err = -errno;
	if (fd >= 0)
		close(fd);
	return err;
}

int unload_remove(void)
{
	return syscall(SYS_delete_module, "shardmap", O_NONBLOCK) ? -errno : 0;
}

int unload_refs(void)
{
	FILE *file = fopen("/sys/module/shardmap/refcnt", "re");
	int refs;

	if (!file)
		return -errno;
	if (fscanf(file, "%d", &refs) != 1)
		refs = -EIO;
	fclose(file);
	return refs;
}

int unload_count_caches(uint64_t *nr)
{
	DIR *dir = opendir("/sys/kernel/slab");
	struct dirent *entry;

	if (!dir)
		return -errno;
	*nr = 0;
	while ((entry = readdir(dir)))
		*nr += !strncmp(entry->d_name, "shardmap", strlen("shardmap"));
	closedir(dir);
	return 0;
}
