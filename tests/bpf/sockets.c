// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sockets of a network namespace of its own, as sock_diag shows them: nothing is lost by asking for
 * both families at once, and a listener that is closed is that one.
 */
#include "kernel/sockets.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "util/address.h"
#include "util/cleanup.h"

#define PORT 7001
#define MPTCP 262

static void setup(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	_cleanup_close_ int fd = -1;

	if (geteuid())
		cr_skip_test("needs root");
	cr_assert_eq(unshare(CLONE_NEWNET), 0);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	cr_assert_eq(ioctl(fd, SIOCSIFFLAGS, &lo), 0);
}

TestSuite(sockets, .init = setup);

enum { V6_ONLY = 1, SHARED = 2 };

/* Bound, and if it is a stream listening; -1 where the kernel lacks the protocol. */
static int open_socket(const char *address, int type, int protocol, uint16_t port, int how)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	bool is_v6 = strchr(address, ':');
	int fd = socket(is_v6 ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC, protocol), one = 1, no = 0;

	if (fd < 0)
		return -1;
	(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, how & V6_ONLY ? &one : &no, sizeof(one));
	if (how & SHARED)
		cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)), 0);
	(void)inet_pton(AF_INET6, address, &v6.sin6_addr);
	(void)inet_pton(AF_INET, address, &v4.sin_addr);
	cr_assert_eq(bind(fd, is_v6 ? (void *)&v6 : (void *)&v4, is_v6 ? sizeof(v6) : sizeof(v4)), 0,
		     "%s %u: %s", address, port, strerror(errno));
	if (type == SOCK_STREAM)
		cr_assert_eq(listen(fd, 16), 0);
	return fd;
}

/* Whether a connection to it is taken up. */
static bool accepts(const char *address, uint16_t port)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	bool is_v6 = strchr(address, ':');
	_cleanup_close_ int fd = socket(is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)inet_pton(AF_INET6, address, &v6.sin6_addr);
	(void)inet_pton(AF_INET, address, &v4.sin_addr);
	return !connect(fd, is_v6 ? (void *)&v6 : (void *)&v4, is_v6 ? sizeof(v6) : sizeof(v4));
}

static int close_at(const char *address, uint16_t port)
{
	uint8_t local[16];

	cr_assert_eq(address_parse(address, local), 0);
	return sockets_close_listener(IPPROTO_TCP, strchr(address, ':') ? 6 : 4, local, port, 0);
}

struct seen {
	struct socket_entry list[64];
	size_t count;
};

static int note(const struct socket_entry *s, void *data)
{
	struct seen *seen = data;

	if (seen->count < 64)
		seen->list[seen->count++] = *s;
	return 0;
}

static const struct socket_entry *find(const struct seen *seen, const char *address, uint16_t port)
{
	char text[ADDRESS_TEXT];

	for (size_t i = 0; i < seen->count; i++)
		if (seen->list[i].local_port == port &&
		    !strcmp(address_print(seen->list[i].local, text), address))
			return &seen->list[i];
	return NULL;
}

Test(sockets, listeners_of_both_families_are_seen_once_each)
{
	struct seen seen = { .count = 0 };

	(void)open_socket("127.0.0.1", SOCK_STREAM, 0, PORT, 0);
	(void)open_socket("::1", SOCK_STREAM, 0, PORT, V6_ONLY);
	(void)open_socket("::", SOCK_STREAM, 0, PORT + 1, 0);
	(void)open_socket("::ffff:127.0.0.1", SOCK_STREAM, 0, PORT + 2, 0);
	(void)open_socket("0.0.0.0", SOCK_DGRAM, 0, PORT, 0);
	cr_assert_eq(sockets_each(IPPROTO_TCP, 1u << SOCKET_LISTEN, note, &seen), 0);
	cr_assert_eq(seen.count, 4);
	cr_assert_eq(find(&seen, "127.0.0.1", PORT)->family, 4);
	cr_assert_eq(find(&seen, "::1", PORT)->family, 6);
	cr_assert(find(&seen, "::1", PORT)->v6_only);
	cr_assert_not(find(&seen, "::", PORT + 1)->v6_only);
	cr_assert_eq(find(&seen, "127.0.0.1", PORT + 2)->family, 4);
	cr_assert_eq(find(&seen, "127.0.0.1", PORT + 2)->domain, AF_INET6);
}

Test(sockets, connections_are_seen_from_both_ends)
{
	struct seen seen = { .count = 0 };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(PORT),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int client = socket(AF_INET, SOCK_STREAM, 0);

	(void)open_socket("::", SOCK_STREAM, 0, PORT, 0);
	cr_assert_eq(connect(client, (void *)&to, sizeof(to)), 0);
	cr_assert_eq(sockets_each(IPPROTO_TCP, 1u << SOCKET_ESTABLISHED, note, &seen), 0);
	cr_assert_eq(seen.count, 2);
	cr_assert_eq(seen.list[0].family, 4);
	cr_assert_eq(seen.list[1].family, 4);
	cr_assert_eq(seen.list[0].local_port, seen.list[1].remote_port);
}

Test(sockets, udp_and_udplite_of_both_families_are_seen)
{
	static const int protocols[] = { IPPROTO_UDP, IPPROTO_UDPLITE };

	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
		struct seen seen = { .count = 0 };

		if (open_socket("127.0.0.1", SOCK_DGRAM, protocols[i], PORT, 0) < 0)
			continue;
		(void)open_socket("::", SOCK_DGRAM, protocols[i], PORT, V6_ONLY);
		cr_assert_eq(sockets_each(protocols[i], 1u << SOCKET_CLOSE, note, &seen), 0);
		cr_assert_eq(seen.count, 2);
		cr_assert_eq(find(&seen, "127.0.0.1", PORT)->family, 4);
		cr_assert_eq(find(&seen, "::", PORT)->family, 6);
	}
}

Test(sockets, a_listener_is_closed_and_its_neighbours_are_not)
{
	int fd = open_socket("127.0.0.1", SOCK_STREAM, 0, PORT, 0);

	(void)open_socket("127.0.0.2", SOCK_STREAM, 0, PORT, 0);
	(void)open_socket("127.0.0.1", SOCK_STREAM, 0, PORT + 1, 0);
	(void)open_socket("::1", SOCK_STREAM, 0, PORT, V6_ONLY);
	cr_assert(accepts("127.0.0.1", PORT));
	cr_assert_eq(close_at("127.0.0.1", PORT), 1);
	cr_assert_not(accepts("127.0.0.1", PORT));
	cr_assert_eq(accept(fd, NULL, NULL), -1);
	cr_assert_eq(errno, EINVAL);
	cr_assert(accepts("127.0.0.2", PORT));
	cr_assert(accepts("127.0.0.1", PORT + 1));
	cr_assert(accepts("::1", PORT));
	cr_assert_eq(close_at("127.0.0.1", PORT), 0);
}

Test(sockets, wildcards_of_each_family_are_addresses_of_their_own)
{
	(void)open_socket("0.0.0.0", SOCK_STREAM, 0, PORT, 0);
	(void)open_socket("::", SOCK_STREAM, 0, PORT, V6_ONLY);
	cr_assert_eq(close_at("0.0.0.0", PORT), 1);
	cr_assert_not(accepts("127.0.0.1", PORT));
	cr_assert(accepts("::1", PORT));
	cr_assert_eq(close_at("::", PORT), 1);
	cr_assert_not(accepts("::1", PORT));
}

Test(sockets, one_socket_of_both_families)
{
	(void)open_socket("::", SOCK_STREAM, 0, PORT, 0);
	cr_assert_eq(close_at("0.0.0.0", PORT), 0);
	cr_assert(accepts("127.0.0.1", PORT));
	cr_assert_eq(close_at("::", PORT), 1);
	cr_assert_not(accepts("127.0.0.1", PORT));
}

Test(sockets, an_ipv6_socket_at_an_ipv4_address)
{
	(void)open_socket("::ffff:127.0.0.1", SOCK_STREAM, 0, PORT, 0);
	cr_assert(accepts("127.0.0.1", PORT));
	cr_assert_eq(close_at("127.0.0.1", PORT), 1);
	cr_assert_not(accepts("127.0.0.1", PORT));
}

Test(sockets, all_that_share_a_port)
{
	for (int i = 0; i < 8; i++)
		(void)open_socket("127.0.0.1", SOCK_STREAM, 0, PORT, SHARED);
	cr_assert(accepts("127.0.0.1", PORT));
	cr_assert_eq(close_at("127.0.0.1", PORT), 8);
	cr_assert_not(accepts("127.0.0.1", PORT));
}

/* Kernels before 6.6 close it, later ones refuse; what is said must be so. */
Test(sockets, an_mptcp_listener_is_closed_or_said_not_to_be)
{
	int r;

	if (open_socket("127.0.0.1", SOCK_STREAM, MPTCP, PORT, 0) < 0)
		cr_skip_test("no MPTCP here");
	cr_assert(accepts("127.0.0.1", PORT));
	r = close_at("127.0.0.1", PORT);
	cr_assert(r == 1 || r == -EOPNOTSUPP, "%d", r);
	cr_assert_eq(accepts("127.0.0.1", PORT), r != 1);
}

Test(sockets, what_does_not_listen_is_left_alone)
{
	uint8_t local[16];

	(void)open_socket("127.0.0.1", SOCK_DGRAM, 0, PORT, 0);
	cr_assert_eq(close_at("127.0.0.1", PORT), 0);
	cr_assert_eq(address_parse("127.0.0.1", local), 0);
	cr_assert_eq(sockets_close_listener(IPPROTO_UDP, 4, local, PORT, 0), -EOPNOTSUPP);
}
