/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the attacking programs share: addresses, one io_uring request at a time, and how a result is
 * told. A case is a line on stdout, its columns parted by tabs:
 *
 *   HOOK  FAMILY  NAME  open|refused|unsupported  WHY
 *
 * An attack returns 0 when it got through, else -errno; -ETIMEDOUT is told as `silent`.
 */
#ifndef PG_TEST_ATTACK_H
#define PG_TEST_ATTACK_H

#include <arpa/inet.h>
#include <errno.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#define SILENCE_MS 300
#define URING_BIND 56		/* IORING_OP_BIND, IORING_OP_LISTEN: Linux 6.11 */
#define URING_LISTEN 57
#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#define OPTION_LOCAL_PORT_RANGE 51	/* IP_LOCAL_PORT_RANGE, Linux 6.3 */

struct address {
	struct sockaddr_storage storage;
	socklen_t length;
};

static inline struct sockaddr *sockaddr_of(struct address *a)
{
	return (struct sockaddr *)&a->storage;
}

/* @text: an address of the family that it looks like; "" is any address of @family. */
static inline struct address address_of(int family, const char *text, uint16_t port)
{
	struct address a = { .length = sizeof(struct sockaddr_in) };
	struct sockaddr_in *four = (struct sockaddr_in *)&a.storage;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&a.storage;

	a.storage.ss_family = strchr(text, ':') ? AF_INET6 : *text ? AF_INET : family;
	if (a.storage.ss_family == AF_INET) {
		four->sin_port = htons(port);
		(void)inet_pton(AF_INET, text, &four->sin_addr);	/* "" leaves 0.0.0.0 */
		return a;
	}
	a.length = sizeof(*six);
	six->sin6_port = htons(port);
	(void)inet_pton(AF_INET6, text, &six->sin6_addr);
	return a;
}

/* No call on a socket of ours may wait for longer than silence is waited for. */
static inline int make_socket(int family, int type, int protocol)
{
	struct timeval limit = { .tv_usec = SILENCE_MS * 1000 };
	int fd = socket(family, type, protocol);

	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	return fd;
}

static inline int errno_of(long r)
{
	return r < 0 ? -errno : 0;
}

static inline int set_option(int fd, int level, int name, int value)
{
	return errno_of(setsockopt(fd, level, name, &value, sizeof(value)));
}

static inline uint16_t port_of(int fd)
{
	struct address a = { .length = sizeof(a.storage) };

	if (getsockname(fd, sockaddr_of(&a), &a.length))
		return 0;
	/* sin6_port lies there too */
	return ntohs(((struct sockaddr_in *)&a.storage)->sin_port);
}

/* Puts @request into a ring of @ring_fd and waits for what becomes of it. */
static inline int uring_ask(int ring_fd, const struct io_uring_params *params,
			    const struct io_uring_sqe *request)
{
	size_t size = params->cq_off.cqes + params->cq_entries * sizeof(struct io_uring_cqe);
	int flags = PROT_READ | PROT_WRITE;
	char *ring = mmap(NULL, size, flags, MAP_SHARED, ring_fd, IORING_OFF_SQ_RING);
	struct io_uring_sqe *entries = mmap(NULL, params->sq_entries * sizeof(*entries), flags,
					    MAP_SHARED, ring_fd, IORING_OFF_SQES);

	if (ring == MAP_FAILED || entries == MAP_FAILED)
		return -errno;
	entries[0] = *request;
	((uint32_t *)(ring + params->sq_off.array))[0] = 0;
	__atomic_store_n((uint32_t *)(ring + params->sq_off.tail), 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring_fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		return -errno;
	return ((struct io_uring_cqe *)(ring + params->cq_off.cqes))[0].res;
}

/* Return: what the request's system call would have returned; -ENOSYS without io_uring. */
static inline int uring(int opcode, int fd, const void *addr, uint32_t len, uint64_t off)
{
	struct io_uring_sqe request = { .opcode = opcode, .fd = fd, .len = len, .off = off };
	struct io_uring_params params = { 0 };
	int ring_fd = syscall(SYS_io_uring_setup, 2, &params), r;

	if (ring_fd < 0)
		return -ENOSYS;
	request.addr = (uintptr_t)addr;
	r = uring_ask(ring_fd, &params, &request);
	close(ring_fd);
	if (r == -EINVAL && opcode >= URING_BIND)
		return -ENOSYS;
	return r;
}

static inline bool is_unsupported(int error)
{
	return error == ENOPROTOOPT || error == EPROTONOSUPPORT || error == ESOCKTNOSUPPORT ||
	       error == EAFNOSUPPORT || error == ENOSYS || error == EOPNOTSUPP;
}

static inline void tell(const char *hook, int family, const char *name, int r)
{
	const char *outcome = !r ? "open" : is_unsupported(-r) ? "unsupported" : "refused";

	printf("%s\t%d\t%s\t%s\t%s\n", hook, family == AF_INET ? 4 : 6, name, outcome,
	       !r ? "-" : r == -ETIMEDOUT || r == -EAGAIN ? "silent" : strerrorname_np(-r));
}

#endif
