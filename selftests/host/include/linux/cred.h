/* SPDX-License-Identifier: GPL-2.0-only */
/* Who calls; a test says it. */
#ifndef _HOST_LINUX_CRED_H
#define _HOST_LINUX_CRED_H

#include <linux/uidgid.h>

#define current_fsuid() ((kuid_t){ host_caller.uid })
#define current_fsgid() ((kgid_t){ host_caller.gid })
#define in_group_p(group) ((group).val == host_caller.gid)

#endif /* _HOST_LINUX_CRED_H */
