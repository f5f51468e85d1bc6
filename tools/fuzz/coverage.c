// SPDX-License-Identifier: GPL-2.0-only
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "fuzz.h"

#define FOLDER "/sys/kernel/debug/shardmap_coverage/"

static int count_fd, door_fd;

void coverage_init(void)
{
	count_fd = open(FOLDER "count", O_RDONLY | O_CLOEXEC);
	door_fd = open(FOLDER "door", O_WRONLY | O_CLOEXEC);
	if (count_fd < 0 || door_fd < 0)
		err(TOOL_EXIT_FAILED, "%s; this needs shardmap_door.ko",
		    FOLDER);
}

/* How many places of the module have been reached since it was loaded? */
unsigned int coverage_count(void)
{
	char text[16] = "";

	if (pread(count_fd, text, sizeof(text) - 1, 0) <= 0)
		err(TOOL_EXIT_FAILED, "cannot read the coverage");
	return atoi(text);
}

long coverage_visit(const void *bytes, size_t len)
{
	return write(door_fd, bytes, len) < 0 ? -errno : 0;
}
