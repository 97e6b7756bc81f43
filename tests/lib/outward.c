// SPDX-License-Identifier: GPL-2.0-only
/*
 * outward OWN4 OWN6 PEER4 PEER6: the ways by which a process reaches another machine, and those by
 * which it could send what is not its own. PEER answers on port 7, and on 7007, which the guarded
 * policy allows. See lib/attack_case.h.
 */
#include <netinet/tcp.h>

#include "lib/attack_case.h"

#define ECHO_PORT 7
#define ALLOWED_ECHO_PORT 7007
#define PORT_RANGE (CLOSED_PORT << 16 | CLOSED_PORT)
#define TEXT "hello\n"

static int answered(int fd)
{
	char buffer[64];
	ssize_t n = recv(fd, buffer, sizeof(buffer), 0);

	return n > 0 ? 0 : n ? -errno : -ECONNRESET;
}

static int talk(int fd)
{
	return send(fd, TEXT, sizeof(TEXT), MSG_NOSIGNAL) < 0 ? -errno : answered(fd);
}

static int connect_to(const struct attack *a, const struct plan *plan, struct address to)
{
	int fd = case_socket(a, plan);

	if (fd < 0)
		return fd;
	if (connect(fd, sockaddr_of(&to), to.length))
		return done(fd, -errno);
	return done(fd, talk(fd));
}

static int out_connect(const struct attack *a, const struct plan *plan)
{
	return connect_to(a, plan, address_of(plan->family, plan->peer, ECHO_PORT));
}

static int out_connect_mapped(const struct attack *a, const struct plan *plan)
{
	return connect_to(a, plan, mapped(plan->peer4, ECHO_PORT));
}

static int out_connect_uring(const struct attack *a, const struct plan *plan)
{
	struct address to = address_of(plan->family, plan->peer, ECHO_PORT);
	int fd = case_socket(a, plan), r;

	if (fd < 0)
		return fd;
	r = uring(IORING_OP_CONNECT, fd, &to.storage, 0, to.length);
	return done(fd, r ? r : talk(fd));
}

/* The connect is put off until there is something to send, and sends it along. */
static int out_fastopen_connect(const struct attack *a, const struct plan *plan)
{
	struct address to = address_of(plan->family, plan->peer, ECHO_PORT);
	int fd = case_socket(a, plan), r;

	if (fd < 0)
		return fd;
	r = set_option(fd, SOL_TCP, TCP_FASTOPEN_CONNECT, 1);
	if (!r)
		r = errno_of(connect(fd, sockaddr_of(&to), to.length));
	return done(fd, r ? r : talk(fd));
}

/* A socket that is connected where it may, and then elsewhere. */
static int out_connect_again(const struct attack *a, const struct plan *plan)
{
	struct address allowed = address_of(plan->family, plan->peer, ALLOWED_ECHO_PORT);
	struct address to = address_of(plan->family, plan->peer, ECHO_PORT);
	struct sockaddr nowhere = { .sa_family = AF_UNSPEC };
	int fd = case_socket(a, plan), r;

	if (fd < 0)
		return fd;
	r = errno_of(connect(fd, sockaddr_of(&allowed), allowed.length));
	if (!r && talk(fd))
		r = -EPROTO;	/* what is allowed must work, or the case shows nothing */
	if (!r)
		r = errno_of(connect(fd, &nowhere, sizeof(nowhere)));
	if (!r)
		r = errno_of(connect(fd, sockaddr_of(&to), to.length));
	return done(fd, r ? r : talk(fd));
}

static int send_to(const struct attack *a, const struct plan *plan, struct address to, int flags)
{
	int fd = case_socket(a, plan);

	if (fd < 0)
		return fd;
	if (sendto(fd, TEXT, sizeof(TEXT), flags | MSG_NOSIGNAL, sockaddr_of(&to), to.length) < 0)
		return done(fd, -errno);
	return done(fd, answered(fd));
}

static int out_sendto(const struct attack *a, const struct plan *plan)
{
	return send_to(a, plan, address_of(plan->family, plan->peer, ECHO_PORT), 0);
}

static int out_sendto_mapped(const struct attack *a, const struct plan *plan)
{
	return send_to(a, plan, mapped(plan->peer4, ECHO_PORT), 0);
}

/* As IPv4's own, on a socket of IPv6. */
static int out_connect_ipv4(const struct attack *a, const struct plan *plan)
{
	return connect_to(a, plan, address_of(AF_INET, plan->peer4, ECHO_PORT));
}

static int out_sendto_ipv4(const struct attack *a, const struct plan *plan)
{
	return send_to(a, plan, address_of(AF_INET, plan->peer4, ECHO_PORT), 0);
}

static int out_sendto_unspecified(const struct attack *a, const struct plan *plan)
{
	return send_to(a, plan, unspecified(address_of(AF_INET, plan->peer4, ECHO_PORT)), 0);
}

static int out_fastopen(const struct attack *a, const struct plan *plan)
{
	return send_to(a, plan, address_of(plan->family, plan->peer, ECHO_PORT), MSG_FASTOPEN);
}

static int out_sendto_connected(const struct attack *a, const struct plan *plan)
{
	struct address allowed = address_of(plan->family, plan->peer, ALLOWED_ECHO_PORT);
	struct address to = address_of(plan->family, plan->peer, ECHO_PORT);
	int fd = case_socket(a, plan);

	if (fd < 0)
		return fd;
	if (connect(fd, sockaddr_of(&allowed), allowed.length) || talk(fd))
		return done(fd, -EPROTO);
	return done(fd, errno_of(sendto(fd, TEXT, sizeof(TEXT), 0, sockaddr_of(&to), to.length)));
}

/* The ways to send a struct msghdr. */
static long by_sendmsg(int fd, struct msghdr *message)
{
	return errno_of(sendmsg(fd, message, 0));
}

static long by_sendmmsg(int fd, struct msghdr *message)
{
	struct mmsghdr several[2] = { { .msg_hdr = *message }, { .msg_hdr = *message } };

	return errno_of(sendmmsg(fd, several, 2, 0));
}

static long by_uring(int fd, struct msghdr *message)
{
	int r = uring(IORING_OP_SENDMSG, fd, message, 1, 0);

	return r < 0 ? r : 0;
}

static long by_uring_zerocopy(int fd, struct msghdr *message)
{
	int r = uring(IORING_OP_SENDMSG_ZC, fd, message, 1, 0);

	return r == -EINVAL ? -ENOSYS : r < 0 ? r : 0;
}

static int send_message(const struct attack *a, const struct plan *plan,
			long (*way)(int fd, struct msghdr *message))
{
	struct address to = address_of(plan->family, plan->peer, ECHO_PORT);
	struct iovec text = { .iov_base = TEXT, .iov_len = sizeof(TEXT) };
	struct msghdr message = {
		.msg_name = &to.storage, .msg_namelen = to.length, .msg_iov = &text, .msg_iovlen = 1
	};
	int fd = case_socket(a, plan), r;

	if (fd < 0)
		return fd;
	r = way(fd, &message);
	return done(fd, r ? r : answered(fd));
}

static int out_sendmsg(const struct attack *a, const struct plan *plan)
{
	return send_message(a, plan, by_sendmsg);
}

static int out_sendmmsg(const struct attack *a, const struct plan *plan)
{
	return send_message(a, plan, by_sendmmsg);
}

static int out_uring_sendmsg(const struct attack *a, const struct plan *plan)
{
	return send_message(a, plan, by_uring);
}

static int out_uring_zerocopy(const struct attack *a, const struct plan *plan)
{
	return send_message(a, plan, by_uring_zerocopy);
}

static int raw_socket(const struct attack *a, const struct plan *plan)
{
	int fd = make_socket(plan->family, SOCK_RAW, a->protocol);

	return fd < 0 ? fd : done(fd, 0);
}

/* ICMP sockets are for everybody; with its own IP header one can say anything. */
static int raw_hdrincl(const struct attack *a, const struct plan *plan)
{
	bool six = plan->family == AF_INET6;
	int fd = make_socket(plan->family, SOCK_RAW, six ? IPPROTO_ICMPV6 : IPPROTO_ICMP);

	(void)a;
	if (fd < 0)
		return fd;
	return done(fd, six ? set_option(fd, SOL_IPV6, IPV6_HDRINCL, 1)
			    : set_option(fd, SOL_IP, IP_HDRINCL, 1));
}

static int raw_hdrincl_by_raw(const struct attack *a, const struct plan *plan)
{
	int fd = make_socket(plan->family, SOCK_RAW, IPPROTO_ICMPV6);

	(void)a;
	return fd < 0 ? fd : done(fd, set_option(fd, SOL_RAW, IPV6_HDRINCL, 1));
}

static const struct attack attacks[] = {
	{ "connect", "connect TCP", out_connect, TCP, NO_OPTION, BOTH },
	{ "connect", "connect MPTCP", out_connect, MPTCP, NO_OPTION, BOTH },
	{ "connect", "connect UDP", out_connect, UDP, NO_OPTION, BOTH },
	{ "connect", "connect UDP-Lite", out_connect, UDPLITE, NO_OPTION, BOTH },
	{ "connect", "connect TCP to a v4-mapped address",
	  out_connect_mapped, TCP, NO_OPTION, 6 },
	{ "connect", "connect UDP to a v4-mapped address",
	  out_connect_mapped, UDP, NO_OPTION, 6 },
	{ "connect", "connect UDP to an IPv4 address, IPv6 socket",
	  out_connect_ipv4, UDP, NO_OPTION, 6 },
	{ "connect", "connect TCP by io_uring", out_connect_uring, TCP, NO_OPTION, BOTH },
	{ "connect", "connect UDP by io_uring", out_connect_uring, UDP, NO_OPTION, BOTH },
	{ "connect", "connect TCP by MSG_FASTOPEN", out_fastopen, TCP, NO_OPTION, BOTH },
	{ "connect", "connect MPTCP by MSG_FASTOPEN", out_fastopen, MPTCP, NO_OPTION, BOTH },
	{ "connect", "connect TCP by TCP_FASTOPEN_CONNECT",
	  out_fastopen_connect, TCP, NO_OPTION, BOTH },
	{ "connect", "connect TCP again after AF_UNSPEC",
	  out_connect_again, TCP, NO_OPTION, BOTH },
	{ "connect", "connect UDP again after AF_UNSPEC",
	  out_connect_again, UDP, NO_OPTION, BOTH },
	{ "connect", "connect TCP from within IP_LOCAL_PORT_RANGE",
	  out_connect, TCP, SOL_IP, OPTION_LOCAL_PORT_RANGE, PORT_RANGE, BOTH },
	{ "send", "sendto", out_sendto, UDP, NO_OPTION, BOTH },
	{ "send", "sendto on UDP-Lite", out_sendto, UDPLITE, NO_OPTION, BOTH },
	{ "send", "sendto a v4-mapped address", out_sendto_mapped, UDP, NO_OPTION, 6 },
	{ "send", "sendto an IPv4 address, IPv6 socket", out_sendto_ipv4, UDP, NO_OPTION, 6 },
	{ "send", "sendto an address of no family", out_sendto_unspecified, UDP, NO_OPTION, 4 },
	{ "send", "sendto on a socket connected elsewhere",
	  out_sendto_connected, UDP, NO_OPTION, BOTH },
	{ "send", "sendmsg", out_sendmsg, UDP, NO_OPTION, BOTH },
	{ "send", "sendmmsg", out_sendmmsg, UDP, NO_OPTION, BOTH },
	{ "send", "sendmsg by io_uring", out_uring_sendmsg, UDP, NO_OPTION, BOTH },
	{ "send", "sendmsg by io_uring without a copy",
	  out_uring_zerocopy, UDP, NO_OPTION, BOTH },
	{ "socket", "raw socket that writes its own IP header",
	  raw_socket, 0, IPPROTO_RAW, NO_OPTION, BOTH },
	{ "socket", "IPV6_HDRINCL on an ICMPv6 socket, by SOL_RAW", raw_hdrincl_by_raw, 0, 0, NO_OPTION,
	  6 },
	{ "socket", "IP_HDRINCL on an ICMP socket", raw_hdrincl, 0, 0, NO_OPTION, BOTH },
};

int main(int argc, char **argv)
{
	if (argc != 5) {
		fprintf(stderr, "usage: outward OWN4 OWN6 PEER4 PEER6\n");
		return 64;
	}
	run_table(attacks, sizeof(attacks) / sizeof(*attacks), argv + 1);
	return 0;
}
