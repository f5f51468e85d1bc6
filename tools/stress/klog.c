// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reports in the kernel log since the start.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "stress.h"

#define SHOWN 10 /* reports printed, at most */

static const char *const signs[] = {
	"BUG:",
	"WARNING:",
	"Oops",
	"general protection fault",
	"Kernel panic",
	"KASAN:",
	"KCSAN:",
	"UBSAN:",
	"kmemleak:",
	"rcu: INFO:",
	"INFO: task",
	"INFO: lockdep",
	"INFO: rcu",
	"INFO: trying to register",
	"possible circular locking",
	"possible recursive locking",
	"possible irq lock inversion",
	"inconsistent lock state",
	"suspicious RCU usage",
	"held lock freed",
	"bad unlock balance",
	"Invalid wait context",
	"blocked for more than",
	"soft lockup",
	"hard LOCKUP",
	"list_add corruption",
	"list_del corruption",
	"refcount_t:",
	"ODEBUG:",
	"stack-protector:",
	"Unable to handle kernel",
};

int klog_open(struct klog *klog, enum klog_mode mode)
{
	*klog = (struct klog){ .fd = -1 };
	if (mode == KLOG_OFF)
		return 0;
	klog->fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (klog->fd < 0)
		return mode == KLOG_ON ? -errno : 0;
	if (lseek(klog->fd, 0, SEEK_END) < 0) {
		int err = -errno;

		close(klog->fd);
		klog->fd = -1;
		return mode == KLOG_ON ? err : 0;
	}
	return 0;
}

static bool is_report(const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(signs); i++)
		if (strstr(text, signs[i]))
			return true;
	return false;
}

/* A record is "priority,sequence,time,flags;text\n" and lines of details. */
static void check_record(struct klog *klog, char *record)
{
	char *text = strchr(record, ';');

	if (!text || !is_report(text))
		return;
	text[1 + strcspn(text + 1, "\n")] = '\0';
	if (++klog->reports <= SHOWN)
		fprintf(stderr, "kernel log: %s\n", text + 1);
}

void klog_check(struct klog *klog)
{
	char record[8193];
	ssize_t len;

	if (klog->fd < 0)
		return;
	for (;;) {
		len = read(klog->fd, record, sizeof(record) - 1);
		if (len > 0) {
			record[len] = '\0';
			check_record(klog, record);
		} else if (len < 0 && errno == EPIPE) {
			klog->lost++;
		} else if (len == 0 || errno != EINTR) {
			break;
		}
	}
	close(klog->fd);
}
