/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copies of a few words from and to users.  The calls and checks around
 * copy_from_user() cost more than such a copy, and the time of a command with one
 * small key is made of them.  Lengths are those of the code or were checked: there
 * is no hardened usercopy here.
 */
#ifndef _SHARDMAP_CHARDEV_USER_H
#define _SHARDMAP_CHARDEV_USER_H

#include <linux/kernel.h>
#include <linux/types.h>
#include <linux/uaccess.h>

/* Longer copies are those of uaccess.h. */
#define SMDEV_SMALL 128U

/*
 * The structure of an operation, between user_read_access_begin() and its end, with
 * no loop.  What is only written back is left out.
 */
#define smdev_unsafe_get_op(op, uop, label)                                 \
	do {                                                                \
		struct shardmap_op *__op = (op);                            \
		const struct shardmap_op __user *__uop = (uop);             \
                                                                            \
		unsafe_get_user(__op->size, &__uop->size, label);           \
		unsafe_get_user(__op->flags, &__uop->flags, label);         \
		unsafe_get_user(__op->key, &__uop->key, label);             \
		unsafe_get_user(__op->key_len, &__uop->key_len, label);     \
		unsafe_get_user(__op->value_len, &__uop->value_len, label); \
		unsafe_get_user(__op->value, &__uop->value, label);         \
		unsafe_get_user(__op->out, &__uop->out, label);             \
		unsafe_get_user(__op->out_len, &__uop->out_len, label);     \
		unsafe_get_user(__op->reserved, &__uop->reserved, label);   \
		unsafe_get_user(__op->delta, &__uop->delta, label);         \
		unsafe_get_user(__op->initial, &__uop->initial, label);     \
	} while (0)

/* Bytes, between user_read_access_begin() and its end; @to at a multiple of 8 */
#define smdev_unsafe_get(to, from, len, label)                              \
	do {                                                                \
		const u8 __user *__from = (from);                           \
		size_t __len = (len);                                       \
		u8 *__to = (to);                                            \
                                                                            \
		for (; __len >= sizeof(u64); __len -= sizeof(u64)) {        \
			unsafe_get_user(*(u64 *)__to,                       \
					(const u64 __user *)__from, label); \
			__from += sizeof(u64);                              \
			__to += sizeof(u64);                                \
		}                                                           \
		for (; __len; __len--)                                      \
			unsafe_get_user(*__to++, __from++, label);          \
	} while (0)

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
	if (!user_read_access_begin(from, size))
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
	if (!user_write_access_begin(to, size))
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

#endif /* _SHARDMAP_CHARDEV_USER_H */
