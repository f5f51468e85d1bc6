/* SPDX-License-Identifier: GPL-2.0-only */
/* The memory cgroup that is charged: none. */
#ifndef _HOST_LINUX_SCHED_MM_H
#define _HOST_LINUX_SCHED_MM_H

#include <linux/memcontrol.h>

static inline struct mem_cgroup *set_active_memcg(struct mem_cgroup *memcg)
{
	return memcg;
}

#endif /* _HOST_LINUX_SCHED_MM_H */
