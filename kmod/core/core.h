/* SPDX-License-Identifier: GPL-2.0-only */
/* What the module's init and exit need of the table. */
#ifndef _SHARDMAP_CORE_CORE_H
#define _SHARDMAP_CORE_CORE_H

int sm_core_init(void);
void sm_core_exit(void);

#endif /* _SHARDMAP_CORE_CORE_H */
