/* SPDX-License-Identifier: GPL-2.0-only */
/* The C library's. */
#ifndef _HOST_LINUX_CTYPE_H
#define _HOST_LINUX_CTYPE_H

#include <ctype.h>

#endif /* _HOST_LINUX_CTYPE_H */
