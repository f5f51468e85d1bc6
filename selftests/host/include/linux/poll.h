/* SPDX-License-Identifier: GPL-2.0-only */
/* Waiting for events: nobody sleeps here, only the answer counts. */
#ifndef _HOST_LINUX_POLL_H
#define _HOST_LINUX_POLL_H

#include <linux/fs.h>
#include <linux/wait.h>
#include <sys/epoll.h>

static inline void poll_wait(struct file *file, wait_queue_head_t *wq,
			     poll_table *pt)
{
}

#endif /* _HOST_LINUX_POLL_H */
