// SPDX-License-Identifier: GPL-2.0-only
/* Netlink requests and attributes; see nl.h. Lengths come from the kernel and are checked all the same. */
#include "kernel/nl.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/cleanup.h"

#define ANSWER_BYTES (256 * 1024)

static int nl_error(const struct nlmsghdr *m)
{
	const struct nlmsgerr *e = NLMSG_DATA(m);

	return m->nlmsg_len < NLMSG_LENGTH(sizeof(*e)) ? -EPROTO : e->error;
}

/* One datagram of answers. Return: 1 done, 0 more to come, or -errno. */
static int walk(const char *buffer, ssize_t size, nl_answer_fn answer, void *data)
{
	const struct nlmsghdr *m = (const void *)buffer;

	for (; NLMSG_OK(m, size); m = NLMSG_NEXT(m, size)) {
		int r;

		if (m->nlmsg_type == NLMSG_DONE)
			return 1;
		if (m->nlmsg_type == NLMSG_ERROR) {
			r = nl_error(m);
			return r ? r : 1;
		}
		r = answer(m, data);
		if (r < 0)
			return r;
		if (!(m->nlmsg_flags & NLM_F_MULTI))
			return 1;
	}
	return 0;
}

int nl_dump(int protocol, struct nlmsghdr *request, int dump, nl_answer_fn answer, void *data)
{
	_cleanup_close_ int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	_cleanup_free_ char *buffer = malloc(ANSWER_BYTES);
	int r = 0;

	if (fd < 0)
		return -errno;
	if (!buffer)
		return -ENOMEM;
	request->nlmsg_flags = NLM_F_REQUEST | (dump ? NLM_F_DUMP : 0);
	if (send(fd, request, request->nlmsg_len, 0) < 0)
		return -errno;
	while (!r) {
		ssize_t n = recv(fd, buffer, ANSWER_BYTES, 0);

		if (n < 0 && errno == EINTR)
			continue;
		r = n < 0 ? -errno : walk(buffer, n, answer, data);
	}
	return r < 0 ? r : 0;
}

const struct nlattr *nl_find(const void *from, size_t length, uint16_t type)
{
	const char *at = from;

	while (length >= NLA_HDRLEN) {
		const struct nlattr *a = (const void *)at;
		size_t step = NLA_ALIGN(a->nla_len);

		if (a->nla_len < NLA_HDRLEN || a->nla_len > length)
			return NULL;
		if ((a->nla_type & NLA_TYPE_MASK) == type)
			return a;
		if (step >= length)
			return NULL;
		at += step;
		length -= step;
	}
	return NULL;
}

uint64_t nl_u64(const struct nlattr *a)
{
	uint64_t n = 0;

	if (a && nl_size(a) == sizeof(n))
		memcpy(&n, nl_data(a), sizeof(n));
	return n;
}

uint32_t nl_u32(const struct nlattr *a)
{
	uint32_t n = 0;

	if (a && nl_size(a) == sizeof(n))
		memcpy(&n, nl_data(a), sizeof(n));
	return n;
}

uint8_t nl_u8(const struct nlattr *a)
{
	return a && nl_size(a) == 1 ? *(const uint8_t *)nl_data(a) : 0;
}
