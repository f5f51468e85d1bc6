/* SPDX-License-Identifier: GPL-2.0-only */
/* There are no modules. */
#ifndef _HOST_LINUX_EXPORT_H
#define _HOST_LINUX_EXPORT_H

#include <linux/kernel.h>

#define EXPORT_SYMBOL_NS_GPL(sym, ns) \
	_Static_assert(sizeof(&sym), "exported symbols are declared")

#endif /* _HOST_LINUX_EXPORT_H */
