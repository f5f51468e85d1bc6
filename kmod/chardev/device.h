/* SPDX-License-Identifier: GPL-2.0-only */
/* What the module's init and exit need of the device. */
#ifndef _SHARDMAP_CHARDEV_DEVICE_H
#define _SHARDMAP_CHARDEV_DEVICE_H

int smdev_init(void);
void smdev_exit(void);

#endif /* _SHARDMAP_CHARDEV_DEVICE_H */
