/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copies of a few words from and to users.  The calls and checks around
 * copy_from_user() cost more than such a copy, and the time of a command with one
 * small key is made of them.  Lengths are those of the code or were checked: there
 * is no hardened usercopy here.
 */
#ifndef _SHARDMAP_CHARDEV_USER_H
#define _SHARDMAP_CHARDEV_USER_H

#include <linux/fault-inject-usercopy.h>
#include <linux/kernel.h>
#include <linux/pagemap.h>
#include <linux/types.h>
#include <linux/uaccess.h>

/* Longer copies are those of uaccess.h. */
#define SMDEV_SMALL 128U

/**
 * smdev_read_begin() - Open user memory to read from it.
 * @from: where
 * @size: how many bytes
 *
 * Fault injection has it fail, as it has copy_from_user() fail.
 *
 * Context: Process context.
 * Return: true if it is open, until user_read_access_end().
 */
static __always_inline __must_check bool
smdev_read_begin(const void __user *from, size_t size)
{
	return !should_fail_usercopy() && user_read_access_begin(from, size);
}

/**
 * smdev_write_begin() - Open user memory to write to it.
 * @to: where
 * @size: how many bytes
 *
 * Fault injection has it fail, as it has copy_to_user() fail.
 *
 * Context: Process context.
 * Return: true if it is open, until user_write_access_end().
 */
static __always_inline __must_check bool smdev_write_begin(void __user *to,
							   size_t size)
{
	return !should_fail_usercopy() && user_write_access_begin(to, size);
}

/**
 * smdev_get_words() - Copy in a structure of 64-bit words.
 * @to: where to
 * @from: where from
 * @size: its size in bytes, a multiple of 8
 *
 * Context: Process context.
 * Return: 0 or -EFAULT.
 */
static __always_inline int smdev_get_words(void *to, const void __user *from,
					   size_t size)
{
	const u64 __user *ufrom = from;
	u64 *words = to;
	size_t i;

	might_fault();
	if (!smdev_read_begin(from, size))
		return -EFAULT;
	for (i = 0; i < size / sizeof(u64); i++)
		unsafe_get_user(words[i], ufrom + i, fault);
	user_read_access_end();
	return 0;
fault:
	user_read_access_end();
	return -EFAULT;
}

/**
 * smdev_put_words() - Copy out a structure of 64-bit words.
 * @to: where to
 * @from: where from
 * @size: its size in bytes, a multiple of 8
 *
 * Context: Process context.
 * Return: 0 or -EFAULT.
 */
static __always_inline int smdev_put_words(void __user *to, const void *from,
					   size_t size)
{
	const u64 *words = from;
	u64 __user *uto = to;
	size_t i;

	might_fault();
	if (!smdev_write_begin(to, size))
		return -EFAULT;
	for (i = 0; i < size / sizeof(u64); i++)
		unsafe_put_user(words[i], uto + i, fault);
	user_write_access_end();
	return 0;
fault:
	user_write_access_end();
	return -EFAULT;
}

/**
 * smdev_copy_in() - Copy in bytes, quickly if they are few.
 * @to: where to, at a multiple of 8
 * @from: where from
 * @len: how many
 *
 * Context: Process context.
 * Return: 0 or -EFAULT.
 */
static __always_inline int smdev_copy_in(void *to, const void __user *from,
					 size_t len)
{
	if (len % sizeof(u64) || len > SMDEV_SMALL)
		return copy_from_user(to, from, len) ? -EFAULT : 0;
	return len ? smdev_get_words(to, from, len) : 0;
}

/**
 * smdev_copy_out() - Copy out bytes, quickly if they are few.
 * @to: where to
 * @from: where from, at a multiple of 8
 * @len: how many
 *
 * Context: Process context.
 * Return: 0 or -EFAULT.
 */
static __always_inline int smdev_copy_out(void __user *to, const void *from,
					  size_t len)
{
	if (len % sizeof(u64) || len > SMDEV_SMALL)
		return copy_to_user(to, from, len) ? -EFAULT : 0;
	return len ? smdev_put_words(to, from, len) : 0;
}

/**
 * smdev_probe() - Can what will be copied out be written?
 * @to: where to
 * @len: how many bytes
 *
 * The first question is not part of the second where addresses have tags: arm64
 * takes the tag off before it looks for the page, a copy does not.
 *
 * Context: Process context.
 * Return: 0 or -EFAULT.
 */
static inline int smdev_probe(void __user *to, size_t len)
{
	if (len && (!access_ok(to, len) || fault_in_safe_writeable(to, len)))
		return -EFAULT;
	return 0;
}

#endif /* _SHARDMAP_CHARDEV_USER_H */
