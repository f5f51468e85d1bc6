/* SPDX-License-Identifier: GPL-2.0-only */
/* The host's user memory fails by itself; see shim/uaccess.c. */
#ifndef _HOST_LINUX_FAULT_INJECT_USERCOPY_H
#define _HOST_LINUX_FAULT_INJECT_USERCOPY_H

#define should_fail_usercopy() false

#endif /* _HOST_LINUX_FAULT_INJECT_USERCOPY_H */
