/* SPDX-License-Identifier: GPL-2.0-only */
/* Are the maps right, before they are compared? */
#ifndef _BENCH_HOST_CHECK_H
#define _BENCH_HOST_CHECK_H

int check_all(void);

#endif /* _BENCH_HOST_CHECK_H */
