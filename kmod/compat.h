/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The only file that looks at kernel versions.  It offers the newest kernel's
 * interface on older ones, so that the other files read as plain new code.
 * Each entry says which kernels need it; it goes when the floor passes them.
 */
#ifndef _SHARDMAP_COMPAT_H
#define _SHARDMAP_COMPAT_H

#include <linux/export.h>
#include <linux/rcupdate.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "shardmap needs Linux 6.1 or newer"
#endif

/* < 6.12: <linux/unaligned.h> was <asm/unaligned.h>. */
#if __has_include(<linux/unaligned.h>)
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

/* < 6.9: REPEAT_BYTE() was in <linux/kernel.h>. */
#if __has_include(<linux/wordpart.h>)
#include <linux/wordpart.h>
#else
#include <linux/kernel.h>
#endif

/* < 6.3: callbacks are never lazy, so call_rcu() is the hurried one. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
#define call_rcu_hurry(head, func) call_rcu(head, func)
#endif

/* < 6.13: symbol namespaces are identifiers, later string literals. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
#define SHARDMAP_EXPORT(sym) EXPORT_SYMBOL_NS_GPL(sym, SHARDMAP)
#define SHARDMAP_IMPORT_NS MODULE_IMPORT_NS(SHARDMAP)
#else
#define SHARDMAP_EXPORT(sym) EXPORT_SYMBOL_NS_GPL(sym, "SHARDMAP")
#define SHARDMAP_IMPORT_NS MODULE_IMPORT_NS("SHARDMAP")
#endif

#endif /* _SHARDMAP_COMPAT_H */
