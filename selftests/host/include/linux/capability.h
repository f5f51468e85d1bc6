/* SPDX-License-Identifier: GPL-2.0-only */
/* What the caller may; a test says it. */
#ifndef _HOST_LINUX_CAPABILITY_H
#define _HOST_LINUX_CAPABILITY_H

#include <linux/user_namespace.h>

#define CAP_DAC_OVERRIDE 1
#define CAP_FOWNER 3
#define CAP_SYS_RESOURCE 24

#define capable(cap) ((void)(cap), host_caller.capable)
#define ns_capable(ns, cap) ((void)(ns), capable(cap))

#endif /* _HOST_LINUX_CAPABILITY_H */
