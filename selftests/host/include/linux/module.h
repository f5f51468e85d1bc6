/* SPDX-License-Identifier: GPL-2.0-only */
/* Parameters, which a test reaches through host_param_NAME. */
#ifndef _HOST_LINUX_MODULE_H
#define _HOST_LINUX_MODULE_H

#include <linux/export.h>

#define THIS_MODULE NULL

#define module_param(name, type, perm)                    \
	extern __typeof__(name) *const host_param_##name; \
	__typeof__(name) *const host_param_##name = &name
#define MODULE_PARM_DESC(name, text) \
	_Static_assert(sizeof(text), "parameters are described")

#endif /* _HOST_LINUX_MODULE_H */
