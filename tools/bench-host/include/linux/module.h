/* SPDX-License-Identifier: GPL-2.0-only */
/* A module is a program; its parameters are arguments, see main.c. */
#ifndef _BENCH_HOST_LINUX_MODULE_H
#define _BENCH_HOST_LINUX_MODULE_H

#include <linux/kernel.h>
#include <linux/printk.h>

enum host_param_type { HOST_PARAM_uint, HOST_PARAM_charp };

/* main.c */
void host_param_add(const char *name, enum host_param_type type, void *value);
void host_param_describe(const char *name, const char *text);
extern int (*const host_module_init)(void);

#define module_param(name, type, perm)                              \
	__attribute__((constructor)) static void param_##name(void) \
	{                                                           \
		host_param_add(#name, HOST_PARAM_##type, &(name));  \
	}
#define MODULE_PARM_DESC(name, text)                                   \
	__attribute__((constructor)) static void describe_##name(void) \
	{                                                              \
		host_param_describe(#name, text);                      \
	}

#define __init
#define __exit __attribute__((unused))
#define module_init(fn) int (*const host_module_init)(void) = fn
#define module_exit(fn) _Static_assert(sizeof(&fn), "there is an exit")

#define MODULE_DESCRIPTION(text) _Static_assert(sizeof(text), "a description")
#define MODULE_LICENSE(text) _Static_assert(sizeof(text), "a license")
#define MODULE_IMPORT_NS(ns) _Static_assert(1, #ns)

#endif /* _BENCH_HOST_LINUX_MODULE_H */
