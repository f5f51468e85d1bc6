/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers of users and groups. */
#ifndef _HOST_LINUX_UIDGID_H
#define _HOST_LINUX_UIDGID_H

#include <linux/types.h>

#include "../../shim/caller.h"

typedef struct {
	unsigned int val;
} kuid_t;

typedef struct {
	unsigned int val;
} kgid_t;

#define uid_eq(a, b) ((a).val == (b).val)
#define __kuid_val(uid) ((uid).val)

#endif /* _HOST_LINUX_UIDGID_H */
