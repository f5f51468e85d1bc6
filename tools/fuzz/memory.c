// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory of the host's ioctl fuzzer, for a real kernel: the same pages stand at
 * their address as the kernel shall find them, missing or read only, and in
 * host_user_memory to be filled.
 */
#include <err.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "shim/user.h"

#define RANGES_MAX 8U

unsigned char host_user_memory[HOST_USER_BYTES]
	__attribute__((aligned(HOST_USER_PAGE)));

static unsigned char before[HOST_USER_BYTES];
static enum host_user_mode pages[HOST_USER_PAGES];
static unsigned int nr_ranges;
static struct {
	unsigned long begin;
	unsigned long end;
} ranges[RANGES_MAX];

static void map_at(void *address, int fd)
{
	if (mmap(address, HOST_USER_BYTES, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED, fd, 0) != address)
		err(TOOL_EXIT_FAILED, "mmap");
}

void memory_init(void)
{
	int fd = memfd_create("caller", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, HOST_USER_BYTES))
		err(TOOL_EXIT_FAILED, "memfd_create");
	map_at(host_user_memory, fd);
	map_at((void *)HOST_USER_BASE, fd);
	close(fd);
}

void host_user_page(unsigned int page, enum host_user_mode most)
{
	static const int protections[] = {
		[HOST_USER_NONE] = PROT_NONE,
		[HOST_USER_READ] = PROT_READ,
		[HOST_USER_WRITE] = PROT_READ | PROT_WRITE,
	};

	if (pages[page] == most)
		return;
	if (mprotect((void *)(HOST_USER_BASE + page * HOST_USER_PAGE),
		     HOST_USER_PAGE, protections[most]))
		err(TOOL_EXIT_FAILED, "mprotect");
	pages[page] = most;
}

void host_user_reset(void)
{
	unsigned int page;

	for (page = 0; page < HOST_USER_PAGES; page++)
		host_user_page(page, HOST_USER_WRITE);
	memset(host_user_memory, 0, sizeof(host_user_memory));
	nr_ranges = 0;
}

void host_user_allow(unsigned long address, size_t len)
{
	if (nr_ranges == RANGES_MAX)
		errx(TOOL_EXIT_FAILED, "more ranges than there is room for");
	ranges[nr_ranges].begin = address;
	ranges[nr_ranges++].end = address + len;
}

void host_user_disallow(void)
{
	nr_ranges = 0;
}

void memory_watch(void)
{
	memcpy(before, host_user_memory, sizeof(before));
}

static bool may_be_written(unsigned long address)
{
	unsigned int i;

	for (i = 0; i < nr_ranges; i++)
		if (address >= ranges[i].begin && address < ranges[i].end)
			return true;
	return false;
}

bool memory_is_kept(void)
{
	size_t i;

	if (!memcmp(before, host_user_memory, sizeof(before)))
		return true;
	for (i = 0; i < sizeof(before); i++)
		if (before[i] != host_user_memory[i] &&
		    !may_be_written(HOST_USER_BASE + i))
			return false;
	return true;
}
