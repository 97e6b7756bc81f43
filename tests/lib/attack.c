// SPDX-License-Identifier: GPL-2.0-only
/*
 * attack OWN4 OWN6 PEER4 PEER6: the ways by which a process takes a port or makes a raw socket that
 * could do without. See lib/attack_case.h.
 */
#include "lib/attack_case.h"

#define VICTIM_PORT 81		/* somebody else listens there, with SO_REUSEPORT */

static int bind_to(const struct attack *a, const struct plan *plan, struct address to)
{
	int fd = case_socket(a, plan);

	return fd < 0 ? fd : done(fd, errno_of(bind(fd, sockaddr_of(&to), to.length)));
}

static int bind_any(const struct attack *a, const struct plan *plan)
{
	return bind_to(a, plan, address_of(plan->family, "", CLOSED_PORT));
}

static int bind_own(const struct attack *a, const struct plan *plan)
{
	return bind_to(a, plan, address_of(plan->family, plan->own, CLOSED_PORT));
}

static int bind_loopback(const struct attack *a, const struct plan *plan)
{
	const char *text = plan->family == AF_INET ? "127.0.0.1" : "::1";

	return bind_to(a, plan, address_of(plan->family, text, CLOSED_PORT));
}

/* An address that this machine does not have. */
static int bind_foreign(const struct attack *a, const struct plan *plan)
{
	const char *text = plan->family == AF_INET ? "198.51.100.9" : "2001:db8::9";

	return bind_to(a, plan, address_of(plan->family, text, CLOSED_PORT));
}

static int bind_mapped(const struct attack *a, const struct plan *plan)
{
	return bind_to(a, plan, mapped(plan->own4, CLOSED_PORT));
}

static int bind_dual(const struct attack *a, const struct plan *plan)
{
	return bind_to(a, plan, mapped("0.0.0.0", CLOSED_PORT));
}

static int bind_beside(const struct attack *a, const struct plan *plan)
{
	return bind_to(a, plan, address_of(plan->family, "", VICTIM_PORT));
}

static int bind_low(const struct attack *a, const struct plan *plan)
{
	return bind_to(a, plan, address_of(plan->family, "", 111));
}

static int bind_device(const struct attack *a, const struct plan *plan)
{
	struct address to = address_of(plan->family, "", CLOSED_PORT);
	int fd = case_socket(a, plan), r;

	if (fd < 0)
		return fd;
	r = errno_of(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
	return done(fd, r ? r : errno_of(bind(fd, sockaddr_of(&to), to.length)));
}

static int bind_uring(const struct attack *a, const struct plan *plan)
{
	struct address to = address_of(plan->family, "", CLOSED_PORT);
	int fd = case_socket(a, plan);

	return fd < 0 ? fd : done(fd, uring(URING_BIND, fd, &to.storage, 0, to.length));
}

static int bind_unspecified(const struct attack *a, const struct plan *plan)
{
	return bind_to(a, plan, unspecified(address_of(plan->family, "", CLOSED_PORT)));
}

static int raw_socket(const struct attack *a, const struct plan *plan)
{
	int fd = make_socket(plan->family, SOCK_RAW, a->protocol);

	return fd < 0 ? fd : done(fd, 0);
}

static const struct attack attacks[] = {
	{ "bind", "bind TCP", bind_any, TCP, NO_OPTION, BOTH },
	{ "bind", "bind UDP", bind_any, UDP, NO_OPTION, BOTH },
	{ "bind", "bind UDP-Lite", bind_any, UDPLITE, NO_OPTION, BOTH },
	{ "bind", "bind MPTCP", bind_any, MPTCP, NO_OPTION, BOTH },
	{ "bind", "bind TCP to one address", bind_own, TCP, NO_OPTION, BOTH },
	{ "bind", "bind TCP to a loopback address", bind_loopback, TCP, NO_OPTION, BOTH },
	{ "bind", "bind TCP to a privileged port", bind_low, TCP, NO_OPTION, BOTH },
	{ "bind", "bind TCP to a v4-mapped address", bind_mapped, TCP, NO_OPTION, 6 },
	{ "bind", "bind UDP to a v4-mapped address", bind_mapped, UDP, NO_OPTION, 6 },
	{ "bind", "bind MPTCP to a v4-mapped address", bind_mapped, MPTCP, NO_OPTION, 6 },
	{ "bind", "bind TCP to ::ffff:0.0.0.0", bind_dual, TCP, NO_OPTION, 6 },
	{ "bind", "bind TCP with IP_FREEBIND", bind_foreign, TCP, SOL_IP, IP_FREEBIND, 1, BOTH },
	{ "bind", "bind UDP with IP_TRANSPARENT",
	  bind_foreign, UDP, SOL_IP, IP_TRANSPARENT, 1, BOTH },
	{ "bind", "bind TCP with SO_REUSEPORT beside a listener",
	  bind_beside, TCP, SOL_SOCKET, SO_REUSEPORT, 1, BOTH },
	{ "bind", "bind TCP with SO_BINDTODEVICE", bind_device, TCP, NO_OPTION, BOTH },
	{ "bind", "bind TCP with IP_BIND_ADDRESS_NO_PORT",
	  bind_own, TCP, SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1, BOTH },
	{ "bind", "bind TCP with an address of no family", bind_unspecified, TCP, NO_OPTION, 4 },
	{ "bind", "bind TCP by io_uring", bind_uring, TCP, NO_OPTION, BOTH },
	{ "bind", "bind UDP by io_uring", bind_uring, UDP, NO_OPTION, BOTH },
	{ "socket", "raw socket for TCP", raw_socket, 0, IPPROTO_TCP, NO_OPTION, BOTH },
	{ "socket", "raw socket for UDP", raw_socket, 0, IPPROTO_UDP, NO_OPTION, BOTH },
	{ "socket", "raw socket for UDP-Lite", raw_socket, 0, IPPROTO_UDPLITE, NO_OPTION, BOTH },
	{ "socket", "raw socket for SCTP", raw_socket, 0, IPPROTO_SCTP, NO_OPTION, BOTH },
	{ "socket", "raw socket for DCCP", raw_socket, 0, IPPROTO_DCCP, NO_OPTION, BOTH },
	{ "socket", "raw socket for GRE", raw_socket, 0, IPPROTO_GRE, NO_OPTION, BOTH },
	{ "socket", "raw socket for IPIP", raw_socket, 0, IPPROTO_IPIP, NO_OPTION, BOTH },
	{ "socket", "raw socket for MPTCP, whose packets say TCP",
	  raw_socket, 0, IPPROTO_MPTCP, NO_OPTION, BOTH },
	{ "socket", "raw socket for an unused protocol", raw_socket, 0, 253, NO_OPTION, BOTH },
};

int main(int argc, char **argv)
{
	if (argc != 5) {
		fprintf(stderr, "usage: attack OWN4 OWN6 PEER4 PEER6\n");
		return 64;
	}
	run_table(attacks, sizeof(attacks) / sizeof(*attacks), argv + 1);
	return 0;
}
