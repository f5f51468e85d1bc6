/* SPDX-License-Identifier: GPL-2.0-only */
/* Speculation is of no interest here. */
#ifndef _HOST_LINUX_NOSPEC_H
#define _HOST_LINUX_NOSPEC_H

#define array_index_nospec(index, size) (index)

#endif /* _HOST_LINUX_NOSPEC_H */
