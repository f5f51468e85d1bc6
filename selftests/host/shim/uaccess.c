// SPDX-License-Identifier: GPL-2.0-only
/* Accesses to the memory of users, each of which is checked and may fail. */
#include <errno.h>
#include <string.h>

#include <linux/kernel.h>

#include "host.h"
#include "user.h"

#ifdef __has_feature
#if __has_feature(memory_sanitizer)
#include <sanitizer/msan_interface.h>
#define check_initialized(p, n) __msan_check_mem_is_initialized(p, n)
#endif
#endif
#ifndef check_initialized
#define check_initialized(p, n) ((void)0)
#endif

/* Half of what a CPU has, as with x86. */
#define USER_MAX (1ULL << 47)

#define RANGES_MAX 8U

unsigned char host_user_memory[HOST_USER_BYTES];

static enum host_user_mode pages[HOST_USER_PAGES];
static enum host_user_mode opened;
static unsigned long fail_passing, change_passing;
static unsigned int change_mask;
static unsigned int nr_ranges;
static struct {
	unsigned long begin;
	unsigned long end;
} ranges[RANGES_MAX];

void host_user_reset(void)
{
	unsigned int page;

	for (page = 0; page < HOST_USER_PAGES; page++)
		pages[page] = HOST_USER_WRITE;
	memset(host_user_memory, 0, sizeof(host_user_memory));
	opened = HOST_USER_NONE;
	fail_passing = 0;
	change_passing = 0;
	nr_ranges = 0;
}

void host_user_page(unsigned int page, enum host_user_mode most)
{
	pages[page] = most;
}

void host_user_fail_after(unsigned int passing)
{
	fail_passing = passing + 1;
}

void host_user_change_after(unsigned int passing, unsigned int mask)
{
	change_passing = passing + 1;
	change_mask = mask;
}

void host_user_allow(unsigned long address, size_t len)
{
	if (nr_ranges == RANGES_MAX)
		host_bug("more ranges than user.h has room for");
	ranges[nr_ranges].begin = address;
	ranges[nr_ranges++].end = address + len;
}

void host_user_disallow(void)
{
	nr_ranges = 0;
	fail_passing = 0;
	change_passing = 0;
}

void host_user_check_closed(void)
{
	if (opened != HOST_USER_NONE)
		host_bug("user memory is left open");
}

bool host_access_ok(unsigned long address, size_t len)
{
	return len <= USER_MAX && address <= USER_MAX - len;
}

/* Bytes from @address on that can be accessed, up to @len. */
static size_t reachable(unsigned long address, size_t len,
			enum host_user_mode mode)
{
	size_t at = address - HOST_USER_BASE, end;

	if (address < HOST_USER_BASE || at >= HOST_USER_BYTES)
		return 0;
	for (end = at; end < at + len && end < HOST_USER_BYTES;
	     end = ALIGN(end + 1, HOST_USER_PAGE))
		if (pages[end / HOST_USER_PAGE] < mode)
			break;
	return min(end - at, len);
}

static void check_range(unsigned long address, size_t len)
{
	unsigned int i;

	if (!nr_ranges || !len)
		return;
	for (i = 0; i < nr_ranges; i++)
		if (address >= ranges[i].begin &&
		    address + len <= ranges[i].end)
			return;
	host_bug("a write beside what the caller gave");
}

/* Another thread of the caller writes to what was just read. */
static void change(unsigned char *user, size_t len)
{
	for (; len >= sizeof(change_mask); len -= sizeof(change_mask)) {
		user[change_mask % sizeof(change_mask)] ^= change_mask >> 8;
		user += sizeof(change_mask);
	}
}

/* Returns how many bytes are left. */
static size_t copy(unsigned long address, void *kernel, size_t len,
		   enum host_user_mode mode)
{
	size_t n = reachable(address, len, mode);
	unsigned char *user;

	if (fail_passing && !--fail_passing)
		n = 0;
	if (mode == HOST_USER_WRITE)
		check_initialized(kernel, len);
	if (!n)
		return len;
	user = host_user_memory + (address - HOST_USER_BASE);
	if (mode == HOST_USER_WRITE) {
		check_range(address, n);
		memcpy(user, kernel, n);
		return len - n;
	}
	memcpy(kernel, user, n);
	if (change_passing && !--change_passing)
		change(user, n);
	return len - n;
}

static void begin_copy(const char *what)
{
	host_might_sleep(what);
	host_user_check_closed();
}

/* What could not be read is zero. */
unsigned long host_copy_from_user(void *to, unsigned long from, size_t len)
{
	size_t left;

	begin_copy("copy_from_user()");
	left = host_access_ok(from, len) ? copy(from, to, len, HOST_USER_READ) :
					   len;
	memset(to + len - left, 0, left);
	return left;
}

unsigned long host_copy_to_user(unsigned long to, const void *from, size_t len)
{
	begin_copy("copy_to_user()");
	return host_access_ok(to, len) ?
		       copy(to, (void *)from, len, HOST_USER_WRITE) :
		       len;
}

unsigned long host_fault_in_writeable(unsigned long address, size_t len)
{
	begin_copy("fault_in_safe_writeable()");
	if (!host_access_ok(address, len))
		return len;
	return len - reachable(address, len, HOST_USER_WRITE);
}

bool host_user_begin(unsigned long address, size_t len,
		     enum host_user_mode mode)
{
	host_user_check_closed();
	if (!host_access_ok(address, len))
		return false;
	opened = mode;
	return true;
}

void host_user_end(enum host_user_mode mode)
{
	if (opened != mode)
		host_bug("user memory is closed that was not opened");
	opened = HOST_USER_NONE;
}

unsigned long host_unsafe_get(void *to, unsigned long from, size_t len)
{
	if (opened != HOST_USER_READ)
		host_bug("unsafe_get_user() without user_read_access_begin()");
	return copy(from, to, len, HOST_USER_READ);
}

unsigned long host_unsafe_put(unsigned long to, const void *from, size_t len)
{
	if (opened != HOST_USER_WRITE)
		host_bug("unsafe_put_user() without user_write_access_begin()");
	return copy(to, (void *)from, len, HOST_USER_WRITE);
}

/* Returns 1 if all is zero, 0 if not, or -EFAULT. */
int host_user_is_zero(unsigned long address, size_t len)
{
	unsigned char byte;

	begin_copy("copy_struct_from_user()");
	for (; len; len--, address++) {
		if (!host_access_ok(address, 1) ||
		    copy(address, &byte, 1, HOST_USER_READ))
			return -EFAULT;
		if (byte)
			return 0;
	}
	return 1;
}
