/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory whose page faults never end.
 *
 * Of a userfaultfd nobody reads what faults there are; a FUSE server answers all but
 * READ.  Either tells when somebody waits, and lets nobody go but who is killed.
 */
#ifndef _SHARDMAP_SELFTEST_STALL_H
#define _SHARDMAP_SELFTEST_STALL_H

#include <linux/fuse.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "selftest.h"

/**
 * struct stall - where to stall
 * @absent: whoever reads or writes it waits
 * @frozen: whoever writes it waits, from stall_freeze() on
 * @event: readable when somebody waits
 */
struct stall {
	char *absent;
	char *frozen;
	int event;
};

static inline int uffd_register(int uffd, void *page, __u64 mode)
{
	struct uffdio_register reg = {
		.range = { .start = to_u64(page), .len = PAGE },
		.mode = mode,
	};

	return ioctl(uffd, UFFDIO_REGISTER, &reg) ? -errno : 0;
}

/* For the calling process.  Root is let wait in the kernel, too. */
static inline int stall_with_uffd(struct stall *s)
{
	struct uffdio_api api = {
		.api = UFFD_API,
		.features = UFFD_FEATURE_PAGEFAULT_FLAG_WP,
	};

	s->absent = guarded_pages(1);
	s->frozen = guarded_pages(1);
	s->event = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (s->event < 0 || ioctl(s->event, UFFDIO_API, &api))
		return -errno;
	return uffd_register(s->event, s->absent, UFFDIO_REGISTER_MODE_MISSING) ?:
		       uffd_register(s->event, s->frozen,
				     UFFDIO_REGISTER_MODE_WP);
}

/* Put something into @frozen; from here on it can be read only. */
static inline int stall_freeze(struct stall *s, const void *data, size_t len)
{
	struct uffdio_writeprotect wp = {
		.range = { .start = to_u64(s->frozen), .len = PAGE },
		.mode = UFFDIO_WRITEPROTECT_MODE_WP,
	};

	memcpy(s->frozen, data, len);
	return ioctl(s->event, UFFDIO_WRITEPROTECT, &wp) ? -errno : 0;
}

/* Returns whether somebody came to wait within a time. */
static inline bool stall_seen(int event, int timeout_ms)
{
	struct pollfd poll_fd = { .fd = event, .events = POLLIN };

	return poll(&poll_fd, 1, timeout_ms) == 1 && poll_fd.revents & POLLIN;
}

/* Less than what the kernel calls a soft lockup, which ends the test. */
enum { TOO_LONG_MS = 10000 };

static inline bool is_gone(pid_t pid, int *status, unsigned int ms)
{
	__u64 deadline = now_ms() + ms;
	pid_t got;

	while (!(got = waitpid(pid, status, WNOHANG)) && now_ms() < deadline)
		usleep(1000);
	return got == pid;
}

/* A file system that is one file */

#define FUSE_PAGES 1024U

/**
 * struct fuse_file - a file whose contents never come
 * @path: where it is mounted
 * @fd: the file
 * @event: readable when somebody waits for a page of it
 * @server: the process that does not answer
 */
struct fuse_file {
	char path[32];
	int fd;
	int event;
	pid_t server;
};

static inline void fuse_answer(int conn, __u64 unique, int err,
			       const void *data, size_t len)
{
	char buf[256];
	struct fuse_out_header *out = (void *)buf;

	*out = (struct fuse_out_header){
		.len = sizeof(*out) + len,
		.error = err,
		.unique = unique,
	};
	memcpy(out + 1, data, len);
	if (write(conn, buf, out->len) != (ssize_t)out->len)
		_exit(KSFT_FAIL);
}

/*
 * Pages are read ahead, one at a time, so that who waits for one waits for its lock
 * and can be killed: a request that a server has taken is waited for to its end.
 */
static inline void fuse_answer_init(int conn, __u64 unique)
{
	const struct fuse_init_out init = {
		.major = FUSE_KERNEL_VERSION,
		.minor = 31,
		.max_readahead = PAGE,
		.flags = FUSE_ASYNC_READ,
		.max_background = FUSE_PAGES,
		.congestion_threshold = FUSE_PAGES,
		.max_write = PAGE,
	};

	fuse_answer(conn, unique, 0, &init, sizeof(init));
}

static inline void fuse_answer_attr(int conn, __u64 unique)
{
	const struct fuse_attr_out attr = {
		.attr_valid = 1000000,
		.attr = {
			.ino = FUSE_ROOT_ID,
			.size = FUSE_PAGES * PAGE,
			.mode = S_IFREG | 0600,
			.nlink = 1,
			.blksize = PAGE,
		},
	};

	fuse_answer(conn, unique, 0, &attr, sizeof(attr));
}

static inline void fuse_serve(int conn, int event)
{
	static const struct fuse_open_out opened = { .open_flags =
							     FOPEN_KEEP_CACHE };
	static char buf[FUSE_MIN_READ_BUFFER + PAGE];
	const struct fuse_in_header *in = (void *)buf;
	__u64 one = 1;

	while (read(conn, buf, sizeof(buf)) > 0) {
		switch (in->opcode) {
		case FUSE_INIT:
			fuse_answer_init(conn, in->unique);
			break;
		case FUSE_GETATTR:
			fuse_answer_attr(conn, in->unique);
			break;
		case FUSE_OPEN:
			fuse_answer(conn, in->unique, 0, &opened,
				    sizeof(opened));
			break;
		case FUSE_READ:
			if (write(event, &one, sizeof(one)) != sizeof(one))
				_exit(KSFT_FAIL);
			break;
		case FUSE_FORGET:
		case FUSE_BATCH_FORGET:
		case FUSE_INTERRUPT:
			break;
		default:
			fuse_answer(conn, in->unique, -ENOSYS, NULL, 0);
		}
	}
}

static inline int fuse_mount(struct fuse_file *f)
{
	char options[64];
	struct stat st;
	int conn, fd;

	strcpy(f->path, "/tmp/stall-XXXXXX");
	fd = mkstemp(f->path);
	conn = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (fd < 0 || conn < 0)
		return -errno;
	close(fd);
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=%o,user_id=0,group_id=0", conn, S_IFREG);
	if (mount("stall", f->path, "fuse", 0, options))
		return -errno;
	f->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	f->server = fork();
	if (!f->server) {
		fuse_serve(conn, f->event);
		_exit(0);
	}
	close(conn);
	f->fd = open(f->path, O_RDWR | O_CLOEXEC);
	/* The kernel asks for the file's size now, or takes it for empty. */
	return f->event < 0 || f->server < 0 || fstat(f->fd, &st) ? -errno : 0;
}

static inline void fuse_unmount(struct fuse_file *f)
{
	/* With its end all that is asked of it fails. */
	kill(f->server, SIGKILL);
	waitpid(f->server, NULL, 0);
	close(f->fd);
	close(f->event);
	umount2(f->path, MNT_DETACH);
	unlink(f->path);
}

/* Of each page somebody waits once. */
static inline int stall_with_fuse(struct stall *s, const struct fuse_file *f,
				  unsigned int page)
{
	__u64 waits;

	while (read(f->event, &waits, sizeof(waits)) > 0)
		;
	s->event = f->event;
	s->absent = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, f->fd,
			 (off_t)page * PAGE);
	return s->absent == MAP_FAILED ? -errno : 0;
}

#endif /* _SHARDMAP_SELFTEST_STALL_H */
