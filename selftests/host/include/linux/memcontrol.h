/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory cgroups: there are none. */
#ifndef _HOST_LINUX_MEMCONTROL_H
#define _HOST_LINUX_MEMCONTROL_H

struct mem_cgroup;

#define get_mem_cgroup_from_mm(mm) NULL
#define mem_cgroup_put(memcg) ((void)(memcg))

#endif /* _HOST_LINUX_MEMCONTROL_H */
