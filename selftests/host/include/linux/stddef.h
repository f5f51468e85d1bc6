/* SPDX-License-Identifier: GPL-2.0-only */
/* Places in structures. */
#ifndef _HOST_LINUX_STDDEF_H
#define _HOST_LINUX_STDDEF_H

#include <stddef.h>

#define offsetofend(type, member) \
	(offsetof(type, member) + sizeof(((type *)0)->member))

#endif /* _HOST_LINUX_STDDEF_H */
