/* SPDX-License-Identifier: GPL-2.0-only */
/* Passing descriptors to other processes. */
#ifndef _SHARDMAP_SELFTEST_PASS_FD_H
#define _SHARDMAP_SELFTEST_PASS_FD_H

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* Room for one descriptor in a control message. */
union fd_control {
	struct cmsghdr align;
	char space[CMSG_SPACE(sizeof(int))];
};

/* A descriptor over a UNIX socket. */
static inline int send_fd(int sock, int fd)
{
	union fd_control control = {};
	struct iovec iov = { "x", 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	return sendmsg(sock, &msg, 0) == 1 ? 0 : -errno;
}

static inline int receive_fd(int sock)
{
	union fd_control control;
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg;
	int fd;

	if (recvmsg(sock, &msg, 0) != 1)
		return -errno;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (!cmsg || cmsg->cmsg_type != SCM_RIGHTS)
		return -ENOMSG;
	memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
	return fd;
}

#endif /* _SHARDMAP_SELFTEST_PASS_FD_H */
