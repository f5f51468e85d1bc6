/* SPDX-License-Identifier: GPL-2.0-only */
/* The descriptors of the caller, as tests reach them. */
#ifndef _HOST_SHIM_FILE_H
#define _HOST_SHIM_FILE_H

/* Few, so that tests run out of them. */
#define HOST_FILES 8U

struct file;

struct file *host_file(unsigned int fd);
void host_close(unsigned int fd);
long host_device_ioctl(unsigned int number, unsigned long arg);

#endif /* _HOST_SHIM_FILE_H */
