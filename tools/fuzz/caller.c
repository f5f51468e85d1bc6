// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who makes the calls.  A fresh caller is user 0 without any rights, as on the host: the
 * limits of users hold for it.  What it may do it keeps in reserve.
 */
#include <err.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fuzz.h"

static struct __user_cap_data_struct permitted[2];
static bool is_capable = true;
/* There are no other users in a namespace that nobody has mapped any into. */
static bool has_left;

static int set_effective(bool all)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = { permitted[0], permitted[1] };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(data); i++)
		data[i].effective = all ? data[i].permitted : 0;
	return syscall(SYS_capset, &header, data);
}

static void read_permitted(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};

	if (syscall(SYS_capget, &header, permitted))
		err(TOOL_EXIT_FAILED, "capget");
}

static void set_capable(bool capable)
{
	if (set_effective(capable))
		err(TOOL_EXIT_FAILED, "capset");
	is_capable = capable;
}

/* Without the C library, which would tell other threads. */
static void set_ids(unsigned int uid, unsigned int gid)
{
	if (syscall(SYS_setresgid, -1, gid, -1) ||
	    syscall(SYS_setresuid, -1, uid, -1))
		err(TOOL_EXIT_FAILED, "setresuid");
}

void caller_init(void)
{
	if (geteuid())
		errx(TOOL_EXIT_FAILED, "this is for root in a virtual machine");
	if (syscall(SYS_setgroups, 0, NULL))
		err(TOOL_EXIT_FAILED, "setgroups");
	read_permitted();
}

void caller_become(unsigned int uid, unsigned int gid, bool capable)
{
	set_capable(true);
	if (!has_left)
		set_ids(uid, gid);
	/* Another user's effective ones go by themselves. */
	set_capable(capable);
}

void caller_reset(void)
{
	set_capable(true);
	set_ids(0, 0);
	set_capable(true);
}

void caller_raise(void)
{
	if (!is_capable && set_effective(true))
		err(TOOL_EXIT_FAILED, "capset");
}

void caller_lower(void)
{
	if (!is_capable && set_effective(false))
		err(TOOL_EXIT_FAILED, "capset");
}

/* A namespace gives its maker all rights in it, and no way back. */
void caller_leave(void)
{
	set_capable(true);
	if (unshare(CLONE_NEWUSER))
		err(TOOL_EXIT_FAILED, "unshare");
	read_permitted();
	is_capable = true;
	has_left = true;
}
