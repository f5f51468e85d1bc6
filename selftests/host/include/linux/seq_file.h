/* SPDX-License-Identifier: GPL-2.0-only */
/* Text for /proc, in a buffer that a test gives. */
#ifndef _HOST_LINUX_SEQ_FILE_H
#define _HOST_LINUX_SEQ_FILE_H

#include <linux/types.h>

struct seq_file {
	char buf[512];
	size_t used;
};

__attribute__((format(printf, 2, 3))) void seq_printf(struct seq_file *m,
						      const char *format, ...);

#endif /* _HOST_LINUX_SEQ_FILE_H */
