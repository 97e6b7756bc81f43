/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Moving between cgroups, and passing sockets from one to another, for the programs that try what
 * becomes of a socket's identity on the way.
 */
#ifndef PG_TEST_CGROUP_H
#define PG_TEST_CGROUP_H

#include <fcntl.h>
#include <limits.h>
#include <sys/wait.h>

#include "lib/attack.h"

/* Moves the whole process. */
static inline int join(const char *cgroup)
{
	char path[PATH_MAX + 16];
	int fd, r;

	(void)snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = errno_of(write(fd, "0", 1));
	close(fd);
	return r;
}

union control {
	struct cmsghdr head;
	char bytes[CMSG_SPACE(sizeof(int))];
};

static inline int pass_fd(int way, int fd)
{
	struct iovec byte = { .iov_base = "", .iov_len = 1 };
	union control control = { .head = { .cmsg_len = CMSG_LEN(sizeof(int)),
					    .cmsg_level = SOL_SOCKET,
					    .cmsg_type = SCM_RIGHTS } };
	struct msghdr message = { .msg_iov = &byte,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control.bytes) };

	memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	return errno_of(sendmsg(way, &message, 0));
}

static inline int take_fd(int way)
{
	char byte;
	struct iovec bytes = { .iov_base = &byte, .iov_len = 1 };
	union control control = { 0 };
	struct msghdr message = { .msg_iov = &bytes,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control.bytes) };
	int fd;

	if (recvmsg(way, &message, 0) <= 0 || control.head.cmsg_type != SCM_RIGHTS)
		return -EPROTO;
	memcpy(&fd, CMSG_DATA(&control.head), sizeof(fd));
	return fd;
}

/* A socket that a process of that cgroup makes and passes to us with SCM_RIGHTS. */
static inline int socket_from(const char *cgroup, int family, int type)
{
	int way[2], fd;
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, way))
		return -errno;
	child = fork();
	if (child == 0)
		_exit(join(cgroup) || pass_fd(way[1], make_socket(family, type, 0)) ? 1 : 0);
	close(way[1]);
	fd = take_fd(way[0]);
	close(way[0]);
	(void)waitpid(child, NULL, 0);	/* what it made has come, or not */
	return fd;
}

#endif
