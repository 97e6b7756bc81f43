// SPDX-License-Identifier: GPL-2.0-only
/*
 * sock_diag(7): dumps of sockets, and SOCK_DESTROY; see sockets.h.
 *
 * A dump of TCP walks the whole table of connections, megabytes of it on a large machine, whatever the
 * family that is asked for. Only the older request, TCPDIAG_GETSOCK, answers for both families in one
 * walk; SOCK_DIAG_BY_FAMILY has no handler for AF_UNSPEC (net/core/sock_diag.c) and answers ENOENT.
 */
#include "kernel/sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "kernel/nl.h"
#include "util/address.h"
#include "util/cleanup.h"

#define SOCKET_CGROUP 21 /* INET_DIAG_CGROUP_ID, of Linux 5.8, which older headers lack */
#define MPTCP 262 /* IPPROTO_MPTCP, which older headers lack */
/* Members of one SO_REUSEPORT group are found by the hash of a remote end: so many ends are tried. */
#define MOST_TRIES 4096

struct walk {
	uint8_t protocol;
	socket_fn fn;
	void *data;
	bool began; /* at least one answer has come */
};

static void copy_address(uint8_t to[16], uint8_t domain, const __be32 from[4])
{
	if (domain == AF_INET6)
		memcpy(to, from, 16);
	else
		address_from_v4(to, from);
}

static const struct nlattr *attribute(const struct nlmsghdr *m, uint16_t type)
{
	const char *attributes = (const char *)NLMSG_DATA(m) + sizeof(struct inet_diag_msg);

	return nl_find(attributes, m->nlmsg_len - NLMSG_LENGTH(sizeof(struct inet_diag_msg)), type);
}

static int one_socket(const struct nlmsghdr *m, void *data)
{
	const struct inet_diag_msg *d = NLMSG_DATA(m);
	struct walk *w = data;
	struct socket_entry s;

	w->began = true;
	if (m->nlmsg_len < NLMSG_LENGTH(sizeof(*d)))
		return 0;
	s = (struct socket_entry){
		.protocol = w->protocol,
		.domain = d->idiag_family,
		.v6_only = d->idiag_family == AF_INET6 && nl_u8(attribute(m, INET_DIAG_SKV6ONLY)),
		.state = d->idiag_state,
		.local_port = ntohs(d->id.idiag_sport),
		.remote_port = ntohs(d->id.idiag_dport),
		.uid = d->idiag_uid,
		.device = d->id.idiag_if,
		.inode = d->idiag_inode,
		.cgroup = nl_u64(attribute(m, SOCKET_CGROUP)),
		.cookie = { d->id.idiag_cookie[0], d->id.idiag_cookie[1] },
	};
	copy_address(s.local, d->idiag_family, d->id.idiag_src);
	copy_address(s.remote, d->idiag_family, d->id.idiag_dst);
	s.family = address_is_v4(s.local) || address_is_v4(s.remote) ? 4 : 6;
	return w->fn(&s, w->data);
}

/* Both families in one walk, of TCP alone. */
static int dump_tcp(uint32_t states, struct walk *w)
{
	struct {
		struct nlmsghdr h;
		struct inet_diag_req q;
	} request = {
		.h = { .nlmsg_len = sizeof(request), .nlmsg_type = TCPDIAG_GETSOCK },
		.q = { .idiag_states = states },
	};

	return nl_dump(NETLINK_SOCK_DIAG, &request.h, 1, one_socket, w);
}

static int dump_family(uint8_t domain, uint32_t states, struct walk *w)
{
	struct {
		struct nlmsghdr h;
		struct inet_diag_req_v2 q;
	} request = {
		.h = { .nlmsg_len = sizeof(request), .nlmsg_type = SOCK_DIAG_BY_FAMILY },
		.q = { .sdiag_family = domain,
		       .sdiag_protocol = w->protocol,
		       .idiag_states = states },
	};

	return nl_dump(NETLINK_SOCK_DIAG, &request.h, 1, one_socket, w);
}

int sockets_each(uint8_t protocol, uint32_t states, socket_fn fn, void *data)
{
	struct walk w = { .protocol = protocol, .fn = fn, .data = data };
	int r;

	if (protocol == IPPROTO_TCP) {
		r = dump_tcp(states, &w);
		if (w.began || (r != -ENOENT && r != -EOPNOTSUPP && r != -EINVAL))
			return r;
	}
	r = dump_family(AF_INET, states, &w);
	if (r)
		return r;
	r = dump_family(AF_INET6, states, &w);
	return r == -ENOENT ? 0 : r; /* no IPv6 */
}

static int keep_socket(const struct socket_entry *s, void *data)
{
	*(struct socket_entry *)data = *s;
	return 0;
}

static void copy_to_id(__be32 to[4], uint8_t domain, const uint8_t from[16])
{
	if (domain == AF_INET6)
		memcpy(to, from, 16);
	else
		memcpy(to, from + 12, 4);
}

int sockets_find(uint8_t protocol, const uint8_t local[16], uint16_t port, uint32_t device,
		 struct socket_entry *ret)
{
	struct walk w = { .protocol = protocol, .fn = keep_socket, .data = ret };
	uint8_t domain = address_is_v4(local) ? AF_INET : AF_INET6;
	struct {
		struct nlmsghdr h;
		struct inet_diag_req_v2 q;
	} request = {
		.h = { .nlmsg_len = sizeof(request), .nlmsg_type = SOCK_DIAG_BY_FAMILY },
		.q = { .sdiag_family = domain,
		       .sdiag_protocol = protocol,
		       .idiag_states = ~0u,
		       .id = { .idiag_sport = htons(port),
			       .idiag_if = device,
			       .idiag_cookie = { INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE } } },
	};
	int r;

	copy_to_id(request.q.id.idiag_src, domain, local);
	/* Of UDP source and target are "swapped for historical reasons" (udp_dump_one()): the same both ways. */
	if (protocol == IPPROTO_UDP) {
		copy_to_id(request.q.id.idiag_dst, domain, local);
		request.q.id.idiag_dport = request.q.id.idiag_sport;
	}
	r = nl_dump(NETLINK_SOCK_DIAG, &request.h, 0, one_socket, &w);
	return r ? r : w.began ? 0 : -ENOENT;
}

struct listeners {
	uint8_t family;
	const uint8_t *local;
	uint16_t port;
	uint64_t cookie;
	struct socket_entry *list;
	size_t count;
};

static int add_listener(const struct socket_entry *s, void *data)
{
	struct listeners *l = data;
	struct socket_entry *grown;
	uint64_t cookie = s->cookie[0] | (uint64_t)s->cookie[1] << 32;

	if (l->cookie && cookie != l->cookie)
		return 0;
	if (s->local_port != l->port || s->family != l->family || memcmp(s->local, l->local, 16))
		return 0;
	grown = reallocarray(l->list, l->count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	l->list = grown;
	l->list[l->count++] = *s;
	return 0;
}

/* The answer to the request that was sent last: a destroy says nothing but how it went. */
static int read_verdict(int fd)
{
	union {
		struct nlmsghdr h;
		char room[1024];
	} answer;
	ssize_t n;

	do
		n = recv(fd, &answer, sizeof(answer), 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (n < (ssize_t)NLMSG_LENGTH(sizeof(struct nlmsgerr)) ||
	    answer.h.nlmsg_type != NLMSG_ERROR)
		return -EPROTO;
	return ((const struct nlmsgerr *)NLMSG_DATA(&answer.h))->error;
}

/* Of a listener @remote_port is tried; of a connection it is its own, and so is the address. */
static int try_destroy(int fd, const struct socket_entry *s, uint16_t remote_port)
{
	struct {
		struct nlmsghdr h;
		struct inet_diag_req_v2 q;
	} request = {
		.h = { .nlmsg_len = sizeof(request),
		       .nlmsg_type = SOCK_DESTROY,
		       .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
		.q = { .sdiag_family = s->domain,
		       .sdiag_protocol = s->protocol,
		       .idiag_states = 1u << s->state,
		       .id = { .idiag_sport = htons(s->local_port),
			       .idiag_dport = htons(remote_port),
			       .idiag_if = s->device,
			       .idiag_cookie = { s->cookie[0], s->cookie[1] } } },
	};

	copy_to_id(request.q.id.idiag_src, s->domain, s->local);
	if (s->state != SOCKET_LISTEN)
		copy_to_id(request.q.id.idiag_dst, s->domain, s->remote);
	if (send(fd, &request, sizeof(request), 0) < 0)
		return -errno;
	return read_verdict(fd);
}

/*
 * Return: 1 closed, 0 it is gone, or -errno. The kernel looks up one socket of that address, by the remote
 * end that is named, and says -ENOENT if its cookie is another one (-ESTALE in some versions). An MPTCP
 * listener is -EINVAL to kernels that keep their hands off it (net/mptcp/protocol.c, from 6.6).
 */
static int destroy(int fd, const struct socket_entry *s)
{
	int r = -ENOENT;

	for (unsigned i = 0; (r == -ENOENT || r == -ESTALE) && i < MOST_TRIES; i++)
		r = try_destroy(fd, s, i);
	return !r ? 1 : r == -ENOENT || r == -ESTALE ? 0 : r == -EINVAL ? -EOPNOTSUPP : r;
}

int sockets_close(const struct socket_entry *s)
{
	_cleanup_close_ int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	int r = fd < 0 ? -errno : try_destroy(fd, s, s->remote_port);

	return !r ? 1 : r == -ENOENT || r == -ESTALE ? 0 : r;
}

static void listeners_free(struct listeners *l)
{
	free(l->list);
}

int sockets_close_listener(uint16_t protocol, uint8_t family, const uint8_t local[16],
			   uint16_t port, uint64_t cookie)
{
	_cleanup_(listeners_free) struct listeners l = { family, local, port, cookie, NULL, 0 };
	_cleanup_close_ int fd = -1;
	int closed = 0, failed = 0, r;

	if (protocol != IPPROTO_TCP && protocol != MPTCP)
		return -EOPNOTSUPP;
	r = sockets_each(IPPROTO_TCP, 1u << SOCKET_LISTEN, add_listener, &l);
	if (r || !l.count)
		return r;
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	if (fd < 0)
		return -errno;
	for (size_t i = 0; i < l.count; i++) {
		r = destroy(fd, &l.list[i]);
		if (r < 0)
			failed = r;
		else
			closed += r;
	}
	return failed ? failed : closed;
}
