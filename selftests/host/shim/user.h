/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The memory of the user who calls: pages at addresses that mean nothing to the
 * program itself, so that an access which does not go through the shims crashes.
 * Some pages are missing, some cannot be written.
 */
#ifndef _HOST_SHIM_USER_H
#define _HOST_SHIM_USER_H

#include <stdbool.h>
#include <stddef.h>

#define HOST_USER_BASE 0x100000UL
#define HOST_USER_PAGE 4096UL
#define HOST_USER_PAGES 12U
#define HOST_USER_BYTES (HOST_USER_PAGES * HOST_USER_PAGE)

enum host_user_mode {
	HOST_USER_NONE,
	HOST_USER_READ,
	HOST_USER_WRITE,
};

extern unsigned char host_user_memory[HOST_USER_BYTES];

/* What tests control.  host_user_reset() takes everything back and clears the memory. */
void host_user_reset(void);
void host_user_page(unsigned int page, enum host_user_mode most);

/* The access after @passing others fails, as if the page had just been taken away. */
void host_user_fail_after(unsigned int passing);

/* After the read that comes after @passing others, what was read is another. */
void host_user_change_after(unsigned int passing, unsigned int mask);

/*
 * Only these may be written; anything else ends the program.  Without one, all may.
 * host_user_disallow() forgets them.
 */
void host_user_allow(unsigned long address, size_t len);
void host_user_disallow(void);

/* Is everything closed that was opened?  Else the program ends. */
void host_user_check_closed(void);

/* uaccess.c, for uaccess.h: those that copy return how many bytes are left */
bool host_access_ok(unsigned long address, size_t len);
unsigned long host_copy_from_user(void *to, unsigned long from, size_t len);
unsigned long host_copy_to_user(unsigned long to, const void *from, size_t len);
unsigned long host_fault_in_writeable(unsigned long address, size_t len);
bool host_user_begin(unsigned long address, size_t len,
		     enum host_user_mode mode);
void host_user_end(enum host_user_mode mode);
unsigned long host_unsafe_get(void *to, unsigned long from, size_t len);
unsigned long host_unsafe_put(unsigned long to, const void *from, size_t len);
int host_user_is_zero(unsigned long address, size_t len);

#endif /* _HOST_SHIM_USER_H */
