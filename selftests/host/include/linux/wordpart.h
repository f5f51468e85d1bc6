/* SPDX-License-Identifier: GPL-2.0-only */
/* A byte in every byte of a word. */
#ifndef _HOST_LINUX_WORDPART_H
#define _HOST_LINUX_WORDPART_H

#define REPEAT_BYTE(x) ((~0UL / 0xff) * (x))

#endif /* _HOST_LINUX_WORDPART_H */
